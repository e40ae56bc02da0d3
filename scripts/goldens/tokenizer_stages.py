"""Writes the goldens of single stages: what each normalizer, each pre-tokenizer and the models make of tricky lines, on their own.

    pip install tokenizers==0.22.1
    python scripts/goldens/tokenizer_stages.py

Around a normalizer stands a model that spells every character in bytes, so that ids and offsets show text and alignment; after a
pre-tokenizer a model that knows no word, so that each piece is one unknown token. Fixtures/stages.json holds the lines once and, for
each case, the tokenizer.json and for each line a hash of ids and offsets.
"""

import base64
import json
import random
import struct

from hard_lines import END, FIXTURES, FNV, byte_offsets, lines
from tokenizers import Tokenizer

MARKS = [*range(0x300, 0x370), 0x345, 0x5B0, 0x5BC, 0x64B, 0x651, 0x93C, 0x94D, 0x3099, 0x309A, 0x302A, 0x1D165, 0xF71, 0xF72, 0xE38, 0xE48]
STARTERS = [
    0x61, 0x41, 0xE9, 0x130, 0x1E9E, 0x3A3, 0x1E69, 0x212B, 0x1100, 0x1161, 0x11A8, 0x11A7, 0xAC00, 0xAC01, 0xD7A3, 0x915, 0x9C7, 0x9BE, 0xBC6, 0xBBE,
    0x304B, 0xFF76, 0xFB01, 0xFDFA, 0x3392, 0x2F800, 0xF900, 0x1D15E, 0x958, 0xFB1D, 0x2ADC, 0x344, 0x1F82, 0x110A5, 0x115B9, 0x115AF,
]
JOINED = [
    0x61, 0x0D, 0x0A, 0xA9, 0xAE, 0x203C, 0x200D, 0x200C, 0xFE0F, 0x20E3, 0x301, 0x915, 0x937, 0x94D, 0x93E, 0x1F468, 0x1F3FB, 0x1F1FA, 0x1F1F8, 0x600,
    0x661, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xAC01, 0xE33, 0xE01, 0x0, 0xAD, 0x200B, 0x30, 0x260E, 0x1780, 0x17D2, 0x16D63,
]


def tricky(count=150):
    rng = random.Random(12)
    out = ["", " ", "the thethe theft", "  a \u3000", "i" + "\u0301\u0323" * 60, "x\u0323\u0301" * 5, "\u0301\u0300a", "\r\n\r", "กขกขก xyab", "ÀÉÎ ß İI", "a,b;-c! «d»_e…"]
    while len(out) < count:
        pool = rng.choice([MARKS + STARTERS, JOINED, MARKS + STARTERS + JOINED])
        out.append("".join(chr(rng.choice(pool)) for _ in range(rng.randint(1, 12))))
    return out + [line for line in lines(300) if len(line) < 60][:100]


def charsmap(rules):
    """A `precompiled_charsmap`: the length of a double array of Darts, the array, the replacements."""
    trie, replacements = {}, b""
    for old, new in rules.items():
        node = trie
        for byte in old.encode():
            node = node.setdefault(byte, {})
        node[0] = len(replacements)
        replacements += new.encode() + b"\0"
    units, taken = {0: 0}, {0}

    def place(index, node):
        base = next(b for b in range(1, 1 << 20) if not any(b ^ byte in taken for byte in node))
        taken.update(base ^ byte for byte in node)
        units[index] |= (index ^ base) << 10 | (0 in node) << 8
        for byte, child in node.items():
            units[base ^ byte] = byte if byte else child | 1 << 31
        for byte, child in sorted(node.items()):
            if byte:
                place(base ^ byte, child)

    place(0, trie)
    array = [units.get(i, 1 << 31) for i in range((max(units) | 255) + 1)]
    data = struct.pack(f"<{len(array)}I", *array)
    return base64.b64encode(struct.pack("<I", len(data)) + data + replacements).decode()


def precompiled(rules):
    return {"type": "Precompiled", "precompiled_charsmap": charsmap(rules)}


def bert(**settings):
    return {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False} | settings


def normalizers():
    grow = {"a": "", "b": "xyz", "e\u0301": "", "ก": "กกก", "©": "(c)", "क": "k", "\r": "", "0": "", "가": "ga", "t": "", "\u200d": "", " ": "", "f": "ff"}
    twice = precompiled({"a": "bcd", "b": "", "d": "\u0301", "e": "x", "ก": "กกก", "\u0301": "", "k": "kk"})
    sequence = [twice, {"type": "NFC"}, precompiled({"b": "", "c": "", "\u0301": "y", "x": "z"}), {"type": "Lowercase"}, {"type": "Prepend", "prepend": "▁"}]
    cases = {name: {"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel")}
    cases["Strip left"] = {"type": "Strip", "strip_left": True, "strip_right": False}
    cases["Strip"] = {"type": "Strip", "strip_left": True, "strip_right": True}
    for key in ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"):
        cases["BERT " + key] = bert(**{key: True})
    cases["BERT"] = bert(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    cases["Precompiled"] = precompiled(grow)
    for scalar in "©क☎aष\u0600\r가ᄀ":
        cases[f"clusters of U+{ord(scalar):04X}"] = precompiled({scalar: "Z"})
    cases["Sequence"] = {"type": "Sequence", "normalizers": sequence}
    return cases


def pre_tokenizers():
    cases = {name: {"type": name} for name in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")}
    cases |= {"CharDelimiterSplit": {"type": "CharDelimiterSplit", "delimiter": "\u0301"}}
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        cases["Punctuation " + behavior] = {"type": "Punctuation", "behavior": behavior}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
    cases["pre-tokenizers in sequence"] = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Contiguous"}, metaspace]}
    return cases


BYTES = {"<unk>": 0} | {f"<0x{byte:02X}>": byte + 1 for byte in range(256)}
SPELLING = {"type": "BPE", "unk_token": "<unk>", "fuse_unk": False, "byte_fallback": True, "vocab": BYTES, "merges": []}
IGNORANT = {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {"<unk>": 0}}


def models():
    scores = {"the": -2.5, "th": -1.25, "e": -1.25, "h": -1.0, "t": -0.25, "thethe": -5.0, "กข": -30.0, "ขก": -2.0, "ab": -9.5, "xy": -40.0, " ": -1.5}
    pieces = [["<unk>", 0.0]] + [[f"<0x{byte:02X}>", -3.0] for byte in range(256) if byte != 0xE1] + [[text, score] for text, score in scores.items()]
    words = ["<unk>", "the", "##e", "t", "##h", "a", "##", "", "##กก", "ก", "##ก", "##the", "##ft", "##f", "##a"]
    vocab = {word: id for id, word in enumerate(words)}
    word_piece = IGNORANT | {"vocab": vocab, "max_input_chars_per_word": 12}
    pre = {"type": "WhitespaceSplit"}
    return {
        "Unigram": dict(model={"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": pieces}),
        "Unigram with byte fallback": dict(model={"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab": pieces}, decoder={"type": "ByteFallback"}),
        "WordPiece": dict(model=word_piece, pre_tokenizer=pre, decoder={"type": "WordPiece", "prefix": "##", "cleanup": False}),
        "WordPiece without a prefix": dict(model=word_piece | {"continuing_subword_prefix": ""}, pre_tokenizer=pre),
    }


def hashes(document, texts):
    tokenizer = Tokenizer.from_str(json.dumps(document))
    out = []
    for text in texts:
        encoding, fnv = tokenizer.encode(text), FNV()
        for number in [*encoding.ids, END, *byte_offsets(text, encoding)]:
            fnv.add(number)
        out.append(fnv.text()[8:])
    return " ".join(out)


if __name__ == "__main__":
    texts, cases = tricky(), []
    stages = [(name, dict(normalizer=stage, model=SPELLING)) for name, stage in normalizers().items()]
    stages += [(name, dict(pre_tokenizer=stage, model=IGNORANT)) for name, stage in pre_tokenizers().items()]
    for name, chosen in stages + list(models().items()):
        document = {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None} | chosen
        golden = hashes(document, texts)
        if chosen["model"] is SPELLING:
            del document["model"]
        cases.append({"name": name, "document": document, "hashes": golden})
    path = FIXTURES / "stages.json"
    body = [f'"spelling": {json.dumps(SPELLING)}', '"lines": [\n' + ",\n".join(json.dumps(text) for text in texts) + "\n]"]
    body.append('"cases": [\n' + ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases) + "\n]")
    path.write_text("{\n" + ",\n".join(body) + "\n}\n", encoding="utf-8")
    print(f"{len(cases)} cases of {len(texts)} lines, {path.stat().st_size >> 10} KiB")
