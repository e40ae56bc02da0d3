"""Writes the tables of Sources/Tokenization/Unicode that normalizers and pre-tokenizers need: traits of scalars, lower case,
decompositions, classes of grapheme clusters. All are asked of Hugging Face `tokenizers` itself, scalar by scalar, because its
parts are built with different versions of Unicode; only the classes behind grapheme clusters come from `uniseg` (Unicode 16),
and those that the library lets one see are checked against it.

    pip install tokenizers==0.22.1 uniseg==0.10.1
    python scripts/generate/unicode_tables.py Sources/Tokenization/Unicode
"""

import pathlib
import struct
import sys

import tokenizers
from tokenizers import normalizers, pre_tokenizers
from uniseg.derived import indic_conjunct_break
from uniseg.emoji import extended_pictographic
from uniseg.graphemecluster import grapheme_cluster_break

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
CHUNK = 4096
BAR = "\u2603"  # A starter without case that nothing combines with and nothing decomposes to.


def each(normalizer):
    """What the normalizer makes of each scalar."""
    out = {}
    others = [c for c in SCALARS if c != ord(BAR)]
    for at in range(0, len(others), CHUNK):
        chunk = others[at : at + CHUNK]
        parts = normalizer.normalize_str(BAR.join(map(chr, chunk))).split(BAR)
        assert len(parts) == len(chunk), hex(chunk[0])
        out.update(zip(chunk, parts))
    out[ord(BAR)] = normalizer.normalize_str(BAR)
    return out


def vanishing(normalizer):
    return [c for c, text in sorted(each(normalizer).items()) if not text]


def removed(pre):
    """The scalars that a pre-tokenizer takes for separators and removes."""
    out = []
    for at in range(0, len(SCALARS), CHUNK):
        chunk = SCALARS[at : at + CHUNK]
        kept = set()
        for _, (start, end) in pre.pre_tokenize_str("".join(map(chr, chunk))):
            kept.update(range(start, end))
        out += [c for i, c in enumerate(chunk) if i not in kept]
    return out


def words():
    r"""`\w` of the Rust crate regex: what stays together with a letter."""
    pre, out = pre_tokenizers.Whitespace(), []
    for at in range(0, len(SCALARS), CHUNK):
        chunk = SCALARS[at : at + CHUNK]
        pieces = {piece for _, piece in pre.pre_tokenize_str("".join(" a" + chr(c) for c in chunk))}
        out += [c for i, c in enumerate(chunk) if (3 * i + 1, 3 * i + 3) in pieces]
    return out


NFC, NFD, NFKD = normalizers.NFC(), normalizers.NFD(), normalizers.NFKD()


def combining_classes():
    """The canonical combining class of each scalar that the library reorders, found by where it sorts it."""
    import unicodedata

    # For each class a mark that the library knows: it sorts it before the iota subscript, the only mark of the last class.
    marks = {240: "\u0345"}
    for c in range(0x300, 0x1E000):
        k = unicodedata.combining(chr(c))
        if k and k not in marks and NFD.normalize_str("a\u0345" + chr(c)) == "a" + chr(c) + "\u0345":
            marks[k] = chr(c)

    def sorts_before(c, mark):
        return NFD.normalize_str("a" + mark + chr(c)) == "a" + chr(c) + mark

    def sorts_after(c, mark):
        return NFD.normalize_str("a" + chr(c) + mark) == "a" + mark + chr(c)

    alone = each(NFD)
    first = each_pair("\u0345", "", alone)
    second = each_pair("", marks[1], alone)
    out = {}
    for c in sorted(first | second):
        level = (k for k, mark in marks.items() if mark == chr(c) or not sorts_before(c, mark) and not sorts_after(c, mark))
        out[c] = next(level)
    return out


def each_pair(before, after, alone):
    """The scalars that NFD moves when they stand behind, or before, a mark."""
    out = set()
    others = [c for c in SCALARS if alone[c] == chr(c) and c != ord(BAR)]
    for at in range(0, len(others), CHUNK):
        chunk = others[at : at + CHUNK]
        text = BAR.join("a" + before + chr(c) + after for c in chunk)
        for c, part in zip(chunk, NFD.normalize_str(text).split(BAR)):
            if part != "a" + before + chr(c) + after:
                out.add(c)
    return out


def is_hangul(c):
    return 0xAC00 <= c < 0xAC00 + 11172


def decompositions(normalizer, beyond=None):
    """{scalar: its decomposition}, of those only that differ from `beyond`; Hangul is left to arithmetic."""
    out = {}
    for c, text in sorted(each(normalizer).items()):
        if text != chr(c) and not is_hangul(c) and (beyond is None or beyond.get(c) != text):
            out[c] = text
    return out


def ranges(scalars):
    out = []
    for c in scalars:
        if out and c == out[-1][1] + 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def deltas(scalars):
    """For each range how many scalars lie between it and the one before, and how many more than one it holds."""
    out, last = [], -1
    for first, end in ranges(scalars):
        out += [first - last - 1, end - first]
        last = end
    return out


def literal(name, doc, numbers, element="UInt32"):
    lines, line = [], "   "
    for number in numbers:
        word = f" {number},"
        if len(line) + len(word) > 120:
            lines.append(line)
            line = "   "
        line += word
    lines.append(line)
    return f"  /// {doc}\n  static let {name}: [{element}] = [\n" + "\n".join(lines) + "\n  ]\n"


def source(name, doc, *literals):
    return (
        f"// Generated by scripts/generate/unicode_tables.py with tokenizers {tokenizers.__version__}. Do not edit.\n"
        f"// swift-format-ignore-file\n\n/// {doc}\nenum {name} {{\n" + "\n".join(literals) + "}\n"
    )


def traits():
    def bert(**settings):
        off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
        return normalizers.BertNormalizer(**(off | settings))

    spaces = removed(pre_tokenizers.WhitespaceSplit())
    cleaned = each(bert(clean_text=True))
    assert [c for c in SCALARS if cleaned[c] == " "] == [c for c in spaces if cleaned[c]]
    assert all(cleaned[c] in ("", " ", chr(c)) for c in SCALARS)
    return source(
        "ScalarTraitRanges",
        "Ranges of scalars by what they are to normalizers and pre-tokenizers: in turn how many scalars lie before a range, and how\n"
        "/// many more than one it holds.",
        literal("whiteSpace", "Rust's `char::is_whitespace`.", deltas(spaces)),
        literal("cleaned", "What BERT's cleaning removes: U+FFFD and the category Other of an old Unicode.", deltas([c for c in SCALARS if not cleaned[c]])),
        literal("nonspacingMarks", "What BERT's stripping of accents removes after NFD.", deltas(vanishing(bert(strip_accents=True)))),
        literal("combiningMarks", "What StripAccents removes.", deltas(vanishing(normalizers.StripAccents()))),
        literal("punctuation", "What Punctuation and BertPreTokenizer isolate.", deltas(removed(pre_tokenizers.Punctuation("removed")))),
        literal("words", r"`\w` of the Rust crate regex.", deltas(words())),
    )


def lower_case():
    """Runs of [gap, length - 1, step, difference]: every `step`-th scalar of a run has its lower case so far away."""
    runs, long = [], []
    for c, text in sorted(each(normalizers.Lowercase()).items()):
        if text == chr(c):
            continue
        if len(text) > 1:
            long += [c, len(text)] + [ord(d) for d in text]
            continue
        difference = ord(text) - c
        last = runs[-1] if runs else None
        if last and last[3] == difference and (last[1] == last[0] or c - last[1] == last[2]) and c - last[1] in (1, 2):
            last[2], last[1] = c - last[1], c
        else:
            runs.append([c, c, 1, difference])
    flat = []
    for first, end, step, difference in runs:
        flat += [first, (end - first) // step, step, difference]
    return source(
        "LowerCaseRuns",
        "Rust's `char::to_lowercase`.",
        literal("runs", "First scalar, how many more, the step between them, and how far away the lower case is.", flat, "Int32"),
        literal("long", "A scalar, the length of its lower case, and that, where it is more than one scalar.", long),
    )


def records(decomposed):
    """Runs of single scalars one step apart as [gap, 0, count, target]; others as [gap, length, scalars...]."""
    out, items = [], sorted(decomposed.items())
    at, last = 0, 0
    while at < len(items):
        c, text = items[at]
        run = 1
        while (
            len(text) == 1 and at + run < len(items) and items[at + run][0] == c + run and items[at + run][1] == chr(ord(text) + run)
        ):
            run += 1
        if run > 2:
            out += [c - last, 0, run, ord(text)]
        else:
            run = 1
            out += [c - last, len(text)] + [ord(d) for d in text]
        at, last = at + run, c
    return out


def normal_forms():
    canonical = decompositions(NFD)
    compatible = decompositions(NFKD, canonical)
    classes = combining_classes()
    pairs, last, others = [], 0, {}
    for c, text in canonical.items():
        head = NFC.normalize_str(text[:-1])
        if len(text) > 1 and len(head) == 1 and NFC.normalize_str(head + text[-1]) == chr(c):
            pairs += [c - last, ord(head), ord(text[-1])]
            last = c
        else:
            others[c] = text
    by_class = {}
    for c, k in classes.items():
        by_class.setdefault(k, []).append(c)
    class_list = []
    for k, scalars in sorted(by_class.items()):
        for first, last in ranges(scalars):
            class_list += [k, first, last - first]
    return source(
        "DecompositionTables",
        "The decompositions and combining classes of the Unicode that the normal forms of `tokenizers` are built with.",
        literal("pairs", "Characters that compose: how far after the one before, the part before the last mark, the last mark.", pairs),
        literal("canonical", "The other canonical decompositions: how far after the one before, a length, that many scalars; for length 0 a run: its count and\n  /// its first target.", records(others)),
        literal("compatible", "Compatibility decompositions in full, in the same form.", records(compatible)),
        literal("classes", "Combining classes: the class, the first scalar and how many more.", class_list),
    )


def charsmap(key, value):
    """A `precompiled_charsmap` with one rule: the length of a double array, the array, the replacement."""
    units, node = {0: 0}, 0
    for at, byte in enumerate(list(key.encode()) + [0]):
        base = 256 * (at + 1)
        units[node] |= (node ^ base) << 10 | (byte == 0) << 8
        node = base ^ byte
        units[node] = byte if byte else 1 << 31
    array = [units.get(i, 1 << 31) for i in range(256 * (len(key.encode()) + 2))]
    data = struct.pack(f"<{len(array)}I", *array)
    return struct.pack("<I", len(data)) + data + value.encode() + b"\0"


def graphemes():
    names = {"CONTROL": [], "EXTEND": [], "PACINGMARK": [], "PREPEND": [], "L": [], "V": [], "T": [], "LV": [], "LVT": [], "ZWJ": [], "CR": [], "LF": [], "REGIONAL_INDICATOR": []}
    for c in SCALARS:
        name = str(grapheme_cluster_break(chr(c)))
        if name in names:
            names[name].append(c)
    # The library replaces a whole cluster of less than six bytes by what its first scalars become: so a scalar that sticks to
    # the letter before it vanishes.
    swallowed = []
    rule = normalizers.Precompiled(charsmap("a", "b"))
    for at in range(0, len(SCALARS), CHUNK):
        chunk = [c for c in SCALARS[at : at + CHUNK] if c != ord(BAR)]
        parts = rule.normalize_str(BAR.join("a" + chr(c) for c in chunk)).split(BAR)
        swallowed += [c for c, part in zip(chunk, parts) if part == "b"]
    assert swallowed == sorted(names["EXTEND"] + names["ZWJ"] + names["PACINGMARK"])
    assert names["ZWJ"] == [0x200D] and names["LV"] == list(range(0xAC00, 0xD7A4, 28)) and len(names["LVT"]) == 399 * 27
    conjunct = {"CONSONANT": [], "LINKER": []}
    for c in SCALARS:
        name = str(indic_conjunct_break(chr(c)))
        if name in conjunct:
            conjunct[name].append(c)
    return source(
        "GraphemeRanges",
        "The classes of UAX #29 (Unicode 16), in the form of `ScalarTraitRanges`.",
        literal("controls", "Control", deltas(names["CONTROL"])),
        literal("extenders", "Extend", deltas(names["EXTEND"])),
        literal("spacingMarks", "SpacingMark", deltas(names["PACINGMARK"])),
        literal("prepended", "Prepend", deltas(names["PREPEND"])),
        literal("leadingJamo", "L", deltas(names["L"])),
        literal("vowelJamo", "V", deltas(names["V"])),
        literal("trailingJamo", "T", deltas(names["T"])),
        literal("pictographs", "Extended_Pictographic", deltas([c for c in SCALARS if extended_pictographic(chr(c))])),
        literal("conjunctConsonants", "Indic_Conjunct_Break=Consonant", deltas(conjunct["CONSONANT"])),
        literal("conjunctLinkers", "Indic_Conjunct_Break=Linker", deltas(conjunct["LINKER"])),
    )


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    (folder / "ScalarTraitRanges.swift").write_text(traits())
    (folder / "LowerCaseRuns.swift").write_text(lower_case())
    (folder / "DecompositionTables.swift").write_text(normal_forms())
    (folder / "GraphemeRanges.swift").write_text(graphemes())
