"""Writes small tokenizers with the exact stages of well-known ones, and goldens of ten thousand hard lines for each.

    pip install tokenizers==0.22.1 sentencepiece==0.2.1 protobuf==7.36.2
    python scripts/goldens/tokenizer_parity.py [NAME ...]

Vocabularies are trained on generated lines. What each tokenizer stands for is said by its function; see hard_lines.py for the form
of the goldens.
"""

import copy
import json
import os
import sys
import tempfile

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # training with threads is not reproducible

from hard_lines import training_lines, write_golden
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE, END = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
AFTER = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN = rf"{BEFORE}{UPPER}*{LOWER}+|{BEFORE}{UPPER}+{LOWER}*|\p{{N}}" + AFTER
O200K = rf"{BEFORE}{UPPER}*{LOWER}+{END}|{BEFORE}{UPPER}+{LOWER}*{END}|\p{{N}}{{1,3}}" + AFTER
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
DEEPSEEK3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)


def token(id, content, special=True, **flags):
    token = {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special}
    return token | flags


def byte_level(**settings):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | settings


def split(pattern, behavior="Isolated", kind="Regex", invert=False):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


def template(before, after=()):
    """`before` and `after` are pairs of a token and its id."""

    def special(token):
        return {"SpecialToken": {"id": token[0], "type_id": 0}}

    def text(name):
        return [*map(special, before), {"Sequence": {"id": name, "type_id": 0}}, *map(special, after)]

    specials = {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in (*before, *after)}
    return {"type": "TemplateProcessing", "single": text("A"), "pair": text("A") + text("B"), "special_tokens": specials}


def document(model, pre_tokenizer, added, **stages):
    stages = {"normalizer": None, "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": byte_level(add_prefix_space=True)} | stages
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added} | stages | {"model": model}


def byte_level_model(pre_tokenizer, specials=(), size=1600, text_merges=False, **settings):
    """A byte-level BPE trained behind a pre-tokenizer; `specials` take the first ids."""
    bare = document(json.loads(Tokenizer(models.BPE()).to_str())["model"], pre_tokenizer, [])
    tokenizer = Tokenizer.from_str(json.dumps(bare))
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
    )
    tokenizer.train_from_iterator(training_lines(), trainer)
    model = json.loads(tokenizer.to_str())["model"] | settings
    if text_merges:  # as files from before tokenizers 0.20 have them
        model["merges"] = [" ".join(merge) for merge in model["merges"]]
    return model


def gpt2():
    """GPT-2."""
    pre = byte_level()
    model = byte_level_model(pre, text_merges=True)
    return document(model, pre, [token(len(model["vocab"]), "<|endoftext|>")], post_processor=byte_level(add_prefix_space=True, trim_offsets=False))


def smollm2():
    """SmolLM2, and StarCoder's stages."""
    pre = sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, byte_level())
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return document(byte_level_model(pre, specials), pre, [token(i, text) for i, text in enumerate(specials)])


def llama3():
    """Llama 3: a fifth of the merges is missing, so that `ignore_merges` matters as it does there."""
    pre = sequence("pretokenizers", split(LLAMA3), byte_level(use_regex=False))
    model = byte_level_model(pre, size=1900, ignore_merges=True)
    model["merges"] = [merge for i, merge in enumerate(model["merges"]) if i % 5 != 3]
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    names += [f"<|reserved_special_token_{i}|>" for i in range(250)]
    first = len(model["vocab"])
    added = [token(first + i, name) for i, name in enumerate(names)]
    post = sequence("processors", byte_level(add_prefix_space=True, trim_offsets=False), template([(names[0], first)]))
    return document(model, pre, added, post_processor=post)


def qwen2():
    """Qwen 2, 2.5 and 3."""
    plain = byte_level(trim_offsets=False, use_regex=False)
    pre = sequence("pretokenizers", split(QWEN2), plain)
    model = byte_level_model(pre)
    first = len(model["vocab"])
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    added = [token(first + i, name) for i, name in enumerate(names)] + [token(first + 3, "<tool>", special=False)]
    return document(model, pre, added, normalizer={"type": "NFC"}, post_processor=plain, decoder=plain)


def tekken():
    """Mistral-Nemo and its kin."""
    pre = sequence("pretokenizers", split(TEKKEN), byte_level(use_regex=False))
    names = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "<pad>"]
    model = byte_level_model(pre, names, ignore_merges=True)
    return document(model, pre, [token(i, name) for i, name in enumerate(names)], post_processor=template([("<s>", 1)]))


def o200k():
    """GPT-4o's pattern, as gpt-oss and Phi-4-mini have it."""
    pre = sequence("pretokenizers", split(O200K), byte_level(use_regex=False))
    model = byte_level_model(pre)
    return document(model, pre, [token(len(model["vocab"]), "<|endoftext|>")])


def cl100k():
    """GPT-4's pattern with its possessive quantifiers; Split removes what is between the matches, which is nothing."""
    pre = sequence("pretokenizers", split(CL100K, "Removed", invert=True), byte_level(use_regex=False))
    model = byte_level_model(pre)
    added = [token(len(model["vocab"]) + i, name) for i, name in enumerate(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])]
    return document(model, pre, added)


def deepseek3():
    """DeepSeek V3 and R1."""
    pre = sequence(
        "pretokenizers", split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"), split(DEEPSEEK3), byte_level(use_regex=False)
    )
    names = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"]
    model = byte_level_model(pre, names)
    post = template([(names[0], 0)])
    return document(model, pre, [token(0, names[0], normalized=True), token(1, names[1], normalized=True)], post_processor=post)


def roberta():
    """RoBERTa."""
    pre = byte_level()
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    model = byte_level_model(pre, names, continuing_subword_prefix="", end_of_word_suffix="")
    added = [token(i, name, normalized=True, lstrip=name == "<mask>") for i, name in enumerate(names)]
    post = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False}
    return document(model, pre, added, post_processor=post)


def sentencepiece_model(**settings):
    """A SentencePiece model of kind BPE: its pieces as (text, score, type)."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line for text in training_lines() for line in text.split("\n") if line and "\0" not in line),
            model_prefix=folder + "/m", model_type="bpe", byte_fallback=True, character_coverage=0.98, num_threads=1,
            normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, split_digits=True,
            minloglevel=2, max_sentence_length=100_000, **settings,
        )
        proto = sentencepiece_model_pb2.ModelProto()
        with open(folder + "/m.model", "rb") as file:
            proto.ParseFromString(file.read())
    return [(piece.piece, piece.score, piece.type) for piece in proto.pieces]


def sentencepiece_bpe(pieces, unk):
    """The BPE that transformers makes of such a model (`generate_merges` in convert_slow_tokenizer.py)."""
    vocab = {text: id for id, (text, _, _) in enumerate(pieces)}
    merges = []
    for text, score, _ in pieces:
        local = [(text[:i], text[i:], score) for i in range(1, len(text)) if text[:i] in vocab and text[i:] in vocab]
        merges += sorted(local, key=lambda merge: (vocab[merge[0]], vocab[merge[1]]))
    merges.sort(key=lambda merge: (merge[2], len(merge[0]), len(merge[1])), reverse=True)
    model = models.BPE(vocab=vocab, merges=[merge[:2] for merge in merges], unk_token=unk, fuse_unk=True, byte_fallback=True)
    return json.loads(Tokenizer(model).to_str())["model"]


def added_pieces(pieces):
    return [token(id, text, special=type != 4) for id, (text, _, type) in enumerate(pieces) if type in (2, 3, 4)]


SPACES = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
SPACES_BACK = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}


def llama2():
    """Llama 2 as transformers converts it: spaces by normalizers."""
    pieces = sentencepiece_model(vocab_size=2800, user_defined_symbols=["[INST]", "<tool>"])
    normalizer = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, SPACES)
    decoder = sequence(
        "decoders", SPACES_BACK, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    )
    made = document(
        sentencepiece_bpe(pieces, "<unk>"), None, added_pieces(pieces), normalizer=normalizer, post_processor=template([("<s>", 1)]), decoder=decoder
    )
    return made, gguf(pieces, "llama")


def mistral():
    """Mistral 7B v0.3 and newer conversions of Llama 2: spaces by Metaspace before the first piece alone."""
    pieces = sentencepiece_model(vocab_size=2800)
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    decoder = sequence(
        "decoders", SPACES_BACK, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    )
    return document(sentencepiece_bpe(pieces, "<unk>"), metaspace, added_pieces(pieces), post_processor=template([("<s>", 1)]), decoder=decoder)


def gemma():
    """Gemma 1 to 3."""
    symbols = ["<start_of_turn>", "<end_of_turn>", "\n\n", "▁▁", "▁▁▁▁", "<unused1>", "<mask>"]
    pieces = sentencepiece_model(
        vocab_size=2800, add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
        user_defined_symbols=symbols,
    )
    made = document(
        sentencepiece_bpe(pieces, "<unk>"), split(" ", "MergedWithPrevious", "String"), added_pieces(pieces), normalizer=SPACES,
        post_processor=template([("<bos>", 2)]), decoder=sequence("decoders", SPACES_BACK, {"type": "ByteFallback"}, {"type": "Fuse"}),
    )
    return made, gguf(pieces, "llama", add_space_prefix=False)


def gguf(pieces, model, **flags):
    """What GGUF files say of a SentencePiece model besides its tokens: scores, types and flags."""
    return {"gguf": {"model": model, "scores": [score for _, score, _ in pieces], "types": [type for _, _, type in pieces]} | flags}


KINDS = [gpt2, smollm2, llama3, qwen2, tekken, o200k, cl100k, deepseek3, roberta, llama2, mistral, gemma]

if __name__ == "__main__":
    chosen = sys.argv[1:]
    for kind in KINDS:
        if not chosen or kind.__name__ in chosen:
            made = kind()
            made, facts = made if isinstance(made, tuple) else (made, {})
            write_golden(kind.__name__, copy.deepcopy(made), **facts)
