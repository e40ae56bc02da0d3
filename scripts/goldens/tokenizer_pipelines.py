"""Writes the tokenizer goldens: small vocabularies trained here, and what Hugging Face `tokenizers` makes of hard lines.

    pip install tokenizers==0.22.1
    python scripts/goldens/tokenizer_pipelines.py Tests/TokenizationTests/Fixtures

A file holds one model and several pipelines around it. A line is {text, ids, offsets, decoded, skipped}: offsets are flat
pairs of UTF-8 byte positions; `decoded` and `skipped` (without special tokens) are left out where they equal the text.
"""

import json
import pathlib
import random
import sys
import unicodedata

from hard_text import FIXED, WORDS, lines
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>"]


def corpus():
    """Sentences, numbers, code and other scripts, written by the generator of hard lines and by drawing words."""
    rng = random.Random(7)
    for _ in range(4000):
        yield " ".join(rng.choice(WORDS) for _ in range(rng.randint(4, 14))) + rng.choice([".", "?", "!", "\n", ""])
    yield from FIXED * 4
    yield from lines(1500, seed=11)


def trained(pre_tokenizer, size, byte_fallback=False, alphabet=()):
    model = models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True) if byte_fallback else models.BPE()
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] if byte_fallback else SPECIALS
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, show_progress=False, initial_alphabet=list(alphabet),
        **({"limit_alphabet": 130} if byte_fallback else {}),
    )
    # In a vocabulary of characters, unlike one of bytes, a composed and a decomposed `é` would be two names that JSON readers
    # may take for one.
    texts = (unicodedata.normalize("NFC", text) for text in corpus()) if byte_fallback else corpus()
    tokenizer.train_from_iterator(texts, trainer)
    return json.loads(tokenizer.to_str())["model"]


def added(id, content, special=True, **flags):
    token = {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special}
    return token | flags


def extra_tokens(vocab, *tokens):
    """Added tokens with the id that the vocabulary has for them, or else the next one after it."""
    out, next_id = [], len(vocab)
    for content, flags in tokens:
        id = vocab.get(content)
        if id is None:
            id, next_id = next_id, next_id + 1
        out.append(added(id, content, **flags))
    return out


def byte_level(**settings):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | settings


def special(token, id):
    return {"id": token, "ids": [id], "tokens": [token]}


def template(bos, bos_id, eos=None, eos_id=None):
    single = [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    specials = {bos: special(bos, bos_id)}
    if eos:
        single.append({"SpecialToken": {"id": eos, "type_id": 0}})
        specials[eos] = special(eos, eos_id)
    return {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": specials}


def split(regex, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_level_pipelines(vocab):
    specials = [added(i, s) for i, s in enumerate(SPECIALS)]
    fancy = specials + extra_tokens(
        vocab,
        ("grand", dict(special=False, normalized=True)),
        ("[L]", dict(lstrip=True)),
        ("[R]", dict(rstrip=True)),
        ("[LR]", dict(lstrip=True, rstrip=True)),
        ("the", dict(special=False, single_word=True)),
        ("grandmother", dict(special=False)),
        ("é", dict(special=False, normalized=True)),
        ("é ", dict(special=False)),
    )
    smollm = sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, byte_level())
    return {
        "smollm": dict(added_tokens=specials, pre_tokenizer=smollm),
        "gpt2": dict(added_tokens=specials, pre_tokenizer=byte_level(add_prefix_space=True), post_processor=byte_level(add_prefix_space=True)),
        "trimmed": dict(
            added_tokens=fancy,
            pre_tokenizer=byte_level(),
            post_processor=sequence("processors", byte_level(), template("<|im_start|>", 1, "<|im_end|>", 2)),
        ),
        "trimmed with prefix": dict(added_tokens=fancy, pre_tokenizer=byte_level(add_prefix_space=True), post_processor=byte_level()),
        "split": dict(
            added_tokens=[],
            pre_tokenizer=sequence("pretokenizers", split(r"\p{N}"), split(GPT2), byte_level(use_regex=False)),
            post_processor=template("<|endoftext|>", 0),
        ),
        "removed": dict(added_tokens=[], pre_tokenizer=sequence("pretokenizers", split(r"\s+", "Removed"), byte_level())),
        "inverted": dict(added_tokens=[], pre_tokenizer=sequence("pretokenizers", split(r"\p{N}+", "Removed", True), byte_level(use_regex=False))),
        "merged with previous": dict(
            added_tokens=[], pre_tokenizer=sequence("pretokenizers", split(r"\s+", "MergedWithPrevious"), byte_level(use_regex=False))
        ),
        "merged with next": dict(
            added_tokens=[], pre_tokenizer=sequence("pretokenizers", split(r"\p{N}", "MergedWithNext"), byte_level(use_regex=False))
        ),
        "contiguous": dict(
            added_tokens=[],
            pre_tokenizer=sequence("pretokenizers", {"type": "Digits", "individual_digits": False}, split(r"\p{N}", "Contiguous"), byte_level()),
        ),
        "whole": dict(added_tokens=specials, pre_tokenizer=byte_level(use_regex=False), ignore_merges=True),
    }


def sentencepiece_pipelines(vocab):
    specials = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")]
    fancy = specials + extra_tokens(
        vocab, ("the", dict(special=False, normalized=True)), ("[L]", dict(lstrip=True, rstrip=True))
    )
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    llama = dict(
        normalizer=sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, spaces),
        decoder=sequence(
            "decoders",
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ),
        post_processor=template("<s>", 1),
    )

    def metaspace(scheme, split):
        stage = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
        return dict(added_tokens=fancy, pre_tokenizer=stage, decoder=stage)

    return {
        "llama": dict(added_tokens=specials, **llama),
        "llama with added tokens": dict(added_tokens=fancy, **llama),
        "llama without byte fallback": dict(added_tokens=specials, **llama, byte_fallback=False),
        "llama without fused unknowns": dict(added_tokens=specials, **llama, byte_fallback=False, fuse_unk=False),
        "metaspace always": metaspace("always", True),
        "metaspace first": metaspace("first", True),
        "metaspace never": metaspace("never", False),
        "no decoder": dict(added_tokens=specials, normalizer=llama["normalizer"], decoder=None),
        "stripped": dict(  # At the start alone: at the stop the library panics on tokens that are all stripped.
            added_tokens=specials,
            normalizer=spaces,
            decoder=sequence(
                "decoders", {"type": "Strip", "content": "▁", "start": 1, "stop": 0}, {"type": "Fuse"}, {"type": "Strip", "content": "a", "start": 2, "stop": 0}
            ),
        ),
    }


def expected(tokenizer, text):
    encoding = tokenizer.encode(text)
    at = [0]
    for character in text:
        at.append(at[-1] + len(character.encode()))
    line = {"text": text, "ids": encoding.ids, "offsets": [at[end] for pair in encoding.offsets for end in pair]}
    for key, skip in (("decoded", False), ("skipped", True)):
        decoded = tokenizer.decode(encoding.ids, skip_special_tokens=skip)
        if decoded != text:
            line[key] = decoded
    return line


def write(path, model, pipelines, texts):
    cases = []
    for seed, (name, stages) in enumerate(pipelines.items()):
        stages = {"normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": byte_level()} | stages
        changes = {key: stages.pop(key) for key in ("ignore_merges", "byte_fallback", "fuse_unk") if key in stages}
        document = {"version": "1.0", "truncation": None, "padding": None} | stages | {"model": model | changes}
        tokenizer = Tokenizer.from_str(json.dumps(document))
        cases.append({"name": name, "stages": stages, "model": changes, "lines": [expected(tokenizer, text) for text in texts(seed)]})
    model = model | {"merges": [" ".join(merge) if not isinstance(merge, str) else merge for merge in model["merges"]]}
    text = "{\n\"model\": " + json.dumps(model, ensure_ascii=False, separators=(",", ":")) + ",\n\"cases\": [\n"
    text += ",\n".join(
        json.dumps({k: v for k, v in case.items() if k != "lines"}, ensure_ascii=False)[:-1]
        + ', "lines": [\n'
        + ",\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in case["lines"])
        + "\n]}"
        for case in cases
    )
    path.write_text(text + "\n]\n}\n")


def texts(seed):
    """The first pipelines see every fixed line, all see a sample of their own."""
    extra = ["[L] a", "a [L] b", "a  [R]  b", " [LR] ", "x [LR] [LR] y", "the other", "then the", "bathe the_the", "grandmother grand", "é é", "  é x", "\u3000[L]\u3000[R]\u3000"]
    drawn = lines(len(FIXED) + 60, seed=100 + seed)[len(FIXED) :]
    fixed = FIXED if seed == 0 else random.Random(seed).sample(FIXED, 25)
    return fixed + extra + (drawn if seed == 0 else drawn[:15])


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    model = trained(pre_tokenizers.ByteLevel(add_prefix_space=False), 2000, alphabet=pre_tokenizers.ByteLevel.alphabet())
    write(folder / "byte_level.json", model, byte_level_pipelines(model["vocab"]), texts)
    model = trained(pre_tokenizers.Metaspace(), 800, byte_fallback=True)
    write(folder / "sentencepiece.json", model, sentencepiece_pipelines(model["vocab"]), texts)
