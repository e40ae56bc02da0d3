"""Writes small tokenizers of encoders with the exact stages of well-known ones, and goldens of ten thousand hard lines for each.

    pip install tokenizers==0.22.1 sentencepiece==0.2.1 protobuf==7.36.2
    python scripts/goldens/encoder_tokenizers.py [NAME ...]

WordPiece (BERT) and Unigram (T5, XLM-R, ALBERT). The replacement rules of SentencePiece's nmt_nfkc take 240 KB; here stands a small
choice of them, compiled by SentencePiece as the real ones are. See hard_lines.py for the form of the goldens.
"""

import base64
import copy
import json
import os
import sys
import tempfile
import unicodedata

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # training with threads is not reproducible

from hard_lines import training_lines, write_golden
from tokenizer_parity import document, sequence, token
from tokenizers import Tokenizer, models, trainers

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert_template(cls, sep, pair_type=1):
    """`[CLS] A [SEP] B [SEP]`; `cls` and `sep` are pairs of a token and its id."""

    def special(token, type):
        return {"SpecialToken": {"id": token[0], "type_id": type}}

    def text(name, type):
        return {"Sequence": {"id": name, "type_id": type}}

    single = [special(cls, 0), text("A", 0), special(sep, 0)]
    specials = {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in (cls, sep)}
    pair = single + [text("B", pair_type), special(sep, pair_type)]
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": specials}


def word_piece(normalizer, post_processor, size=2000):
    pre = {"type": "BertPreTokenizer"}
    decoder = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    bare = json.loads(Tokenizer(models.WordPiece(unk_token="[UNK]")).to_str())["model"]
    tokenizer = Tokenizer.from_str(json.dumps(document(bare, pre, [], normalizer=normalizer)))
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=BERT, show_progress=False, limit_alphabet=400)
    tokenizer.train_from_iterator(training_lines(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    added = [token(i, name) for i, name in enumerate(BERT)]
    return document(model, pre, added, normalizer=normalizer, post_processor=post_processor, decoder=decoder)


def bert_normalizer(**settings):
    return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True} | settings


def bert_uncased():
    """BERT base uncased, and most sentence encoders (MiniLM, BGE, E5, GTE)."""
    return word_piece(bert_normalizer(), bert_template(("[CLS]", 2), ("[SEP]", 3)))


def bert_cased():
    """BERT multilingual cased."""
    return word_piece(bert_normalizer(lowercase=False), {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})


def rules():
    """A choice of the rules of nmt_nfkc: NFKC, some by several characters, controls that vanish, spaces that become one."""
    singles = [c for first, last in ((0xA0, 0x100), (0x2000, 0x2070), (0x2100, 0x2140), (0x3300, 0x3358), (0xFB00, 0xFB50), (0xFDF0, 0xFE00), (0xFF00, 0xFFF0)) for c in range(first, last)]
    out = {chr(c): unicodedata.normalize("NFKC", chr(c)) for c in singles}
    for text in ["が", "ガ", "é", "ñ", "Å", "й", "각", "ữ", "ﾊﾟ", "각"]:
        decomposed = unicodedata.normalize("NFKD", text)
        for cut in range(2, len(decomposed) + 1):
            out[decomposed[:cut]] = unicodedata.normalize("NFKC", decomposed[:cut])
    out |= {chr(c): "" for c in [*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F, 0xAD]}
    out |= {chr(c): " " for c in [0x09, 0x0A, 0x0C, 0x0D, 0xA0, 0x1680, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x3000, 0xFEFF, 0xFFFD]}
    return {old: new for old, new in out.items() if old != new}


def sentencepiece_unigram(**settings):
    """A SentencePiece model of kind Unigram: its pieces as (text, score) and its compiled rules in base64."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/rules.tsv", "w", encoding="utf-8") as file:
            for old, new in sorted(rules().items()):
                file.write("\t".join(" ".join(f"{ord(c):X}" for c in text) for text in (old, new)) + "\n")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line for text in training_lines() for line in text.split("\n") if line and "\0" not in line),
            model_prefix=folder + "/m", model_type="unigram", character_coverage=0.98, num_threads=1,
            normalization_rule_tsv=folder + "/rules.tsv", minloglevel=2, max_sentence_length=100_000, hard_vocab_limit=False, **settings,
        )
        proto = sentencepiece_model_pb2.ModelProto()
        with open(folder + "/m.model", "rb") as file:
            proto.ParseFromString(file.read())
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    return [[piece.piece, piece.score] for piece in proto.pieces], charsmap


def unigram(pieces, unk, byte_fallback=False):
    return {"type": "Unigram", "unk_id": unk, "vocab": pieces, "byte_fallback": byte_fallback}


def precompiled(charsmap):
    return {"type": "Precompiled", "precompiled_charsmap": charsmap}


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def metaspace(scheme="always", split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def t5():
    """T5 and its kin, as transformers converts them."""
    pieces, charsmap = sentencepiece_unigram(vocab_size=2700, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    pieces += [[f"<extra_id_{i}>", 0.0] for i in range(99, -1, -1)]
    added = [token(i, name) for i, name in enumerate(["<pad>", "</s>", "<unk>"])]
    added += [token(i, text) for i, (text, _) in enumerate(pieces) if text.startswith("<extra_id_")]
    normalizer = sequence("normalizers", precompiled(charsmap), {"type": "Strip", "strip_left": False, "strip_right": True}, replace(" {2,}", "▁", "Regex"))
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    post = {
        "type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, end],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, end, {"Sequence": {"id": "B", "type_id": 0}}, end],
        "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
    }
    return document(unigram(pieces, 2), metaspace(), added, normalizer=normalizer, post_processor=post, decoder=metaspace())


def xlm_roberta():
    """XLM-RoBERTa and multilingual E5: the pieces moved by the four of fairseq."""
    pieces, charsmap = sentencepiece_unigram(vocab_size=2700)
    pieces = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]] + pieces[3:] + [["<mask>", 0.0]]
    added = [token(i, name) for i, name in enumerate(["<s>", "<pad>", "</s>", "<unk>"])] + [token(len(pieces) - 1, "<mask>", lstrip=True)]
    post = bert_template(("<s>", 0), ("</s>", 2))
    post["pair"] = post["single"] + [{"SpecialToken": {"id": "</s>", "type_id": 0}}] + post["pair"][3:]
    for piece in post["pair"]:
        next(iter(piece.values()))["type_id"] = 0
    pre = sequence("pretokenizers", {"type": "WhitespaceSplit"}, metaspace())
    return document(unigram(pieces, 3), pre, added, normalizer=precompiled(charsmap), post_processor=post, decoder=metaspace())


def albert():
    """ALBERT v2."""
    pieces, charsmap = sentencepiece_unigram(vocab_size=2700, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, user_defined_symbols=BERT[2:])
    added = [token(i, text, lstrip=text == "[MASK]") for i, (text, _) in enumerate(pieces) if text in ("<pad>", "<unk>", *BERT)]
    normalizer = sequence(
        "normalizers", replace("``", '"'), replace("''", '"'), {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, precompiled(charsmap),
        replace(" {2,}", " ", "Regex"),
    )
    ids = {text: i for i, (text, _) in enumerate(pieces)}
    post = bert_template(("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"]))
    return document(unigram(pieces, 1), metaspace(), added, normalizer=normalizer, post_processor=post, decoder=metaspace())


KINDS = [bert_uncased, bert_cased, t5, xlm_roberta, albert]

if __name__ == "__main__":
    chosen = sys.argv[1:]
    for kind in KINDS:
        if not chosen or kind.__name__ in chosen:
            write_golden(kind.__name__, copy.deepcopy(kind()))
