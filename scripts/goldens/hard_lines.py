"""Lines of text that are hard on tokenizers, and the goldens that hold every kind of tokenizer against them.

How to add a tokenizer to the parity tests, which run 10,000 lines through each:
 1. In a script beside this one (tokenizer_parity.py shows it) make its tokenizer.json: at most 150 KB, the exact stages of the
    real one, a small vocabulary trained on `training_lines()`.
 2. Call `write_golden(name, document)`. It leaves Tests/TokenizationTests/Fixtures/parity/NAME/tokenizer.json and golden.json: for
    each block of 100 lines hashes of the reference's ids, offsets and decoded texts, and some lines in full.
 3. That is all: HardLineTests.swift finds the folder. A failure names tokenizer, block and stage; to see what is expected:
        python scripts/goldens/hard_lines.py NAME BLOCK
The lines come from a generator written twice, here and in Tests/TokenizationTests/HardLines.swift, over one table,
Fixtures/hard_lines.json. Change one and you change both, and make every golden anew; their hash tells when they differ.
"""

import json
import pathlib
import sys

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "TokenizationTests" / "Fixtures"
TABLE = json.loads((FIXTURES / "hard_lines.json").read_text(encoding="utf-8"))
COUNT, BLOCK = 10_000, 100
MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def below(self, limit):
        return (self.next() >> 33) % limit

    def pick(self, items):
        return items[self.below(len(items))]


def word(rng):
    text = rng.pick(TABLE["words"])
    case = rng.below(8)
    if case == 0:
        return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)
    if case == 1:
        return text + rng.pick(TABLE["punctuation"])
    if case == 2:
        return text + rng.pick(TABLE["contractions"])
    return text


def scalar(rng):
    first, last = rng.pick(TABLE["ranges"])
    return chr(first + rng.below(last - first + 1))


def digits(rng):
    length = 1 + rng.below(40 if rng.below(8) == 0 else 7)
    separator = rng.pick(["", "", "", ",", ".", " "])
    text = ""
    for i in range(length):
        if i > 0 and i % 3 == 0:
            text += separator
        text += chr(48 + rng.below(10))
    return text


def run(rng, items):
    """One thing again and again, a few times or very often."""
    item = rng.pick(items)
    return item * (1 + rng.below(120 if rng.below(12) == 0 else 9))


def damaged(rng):
    """UTF-8 with a byte changed, or left out, or with any bytes behind it; what is invalid becomes U+FFFD."""
    text = bytearray(rng.pick(rng.pick(TABLE["scripts"])).encode())
    kind = rng.below(3)
    if kind == 0:
        place = rng.below(len(text))
        text[place] = rng.below(256)
    elif kind == 1:
        del text[rng.below(len(text))]
    else:
        for _ in range(1 + rng.below(5)):
            text.append(rng.below(256))
    return text.decode("utf-8", errors="replace")


def several(rng, most, atom):
    return "".join(atom(rng) for _ in range(1 + rng.below(most)))


def atom(rng):
    kind = rng.below(24)
    if kind < 6:
        return word(rng)
    if kind < 9:
        return rng.pick(rng.pick(TABLE["scripts"]))
    if kind < 11:
        return rng.pick(TABLE["code"])
    if kind == 11:
        return several(rng, 3, lambda rng: rng.pick(TABLE["emoji"]))
    if kind == 12:
        return run(rng, TABLE["spaces"])
    if kind < 15:
        return digits(rng)
    if kind == 15:
        return damaged(rng)
    if kind == 16:
        return several(rng, 6, lambda rng: rng.pick(TABLE["punctuation"]))
    if kind == 17:
        return rng.pick(TABLE["contractions"])
    if kind == 18:
        return rng.pick(TABLE["specials"])
    if kind == 19:
        return run(rng, TABLE["runs"])
    if kind == 20:
        return several(rng, 4, lambda rng: chr(rng.below(32)))
    if kind == 21:
        first, last = rng.pick(TABLE["ranges"])
        return several(rng, 8, lambda rng: chr(first + rng.below(last - first + 1)))
    if kind == 22:
        return several(rng, 6, scalar)
    return word(rng) + word(rng)


def line(number):
    """Each line depends on its number alone."""
    rng = SplitMix64(number)
    glue = rng.pick(["", " ", " ", " ", " ", "  ", "\n", "\n    "])
    count = 0 if rng.below(100) == 0 else 1 + rng.below(8)
    text = ""
    for i in range(count):
        text += (glue if i > 0 else "") + atom(rng)
    return text


def lines(count=COUNT, first=0):
    return [line(first + i) for i in range(count)]


def training_lines(count=6000):
    """Lines that no test sees, to train vocabularies on."""
    return lines(count, first=1_000_000)


class FNV:
    """FNV-1a with 64 bits over integers, each taken as one digit."""

    def __init__(self):
        self.hash = 0xCBF29CE484222325

    def add(self, value):
        self.hash = ((self.hash ^ (value & MASK)) * 0x100000001B3) & MASK

    def text(self):
        return f"{self.hash:016x}"


END = MASK  # after each line


def hash_of_texts(texts):
    fnv = FNV()
    for text in texts:
        for byte in text.encode():
            fnv.add(byte)
        fnv.add(END)
    return fnv.text()


def hash_of_numbers(lists):
    fnv = FNV()
    for numbers in lists:
        for number in numbers:
            fnv.add(number)
        fnv.add(END)
    return fnv.text()


def byte_offsets(text, encoding):
    """The offsets of tokens in UTF-8 bytes, first and end in turn."""
    at = [0]
    for character in text:
        at.append(at[-1] + len(character.encode()))
    return [at[end] for pair in encoding.offsets for end in pair]


def expected(tokenizer, texts):
    out = []
    for text, encoding in zip(texts, tokenizer.encode_batch(texts)):
        out.append(
            {
                "text": text,
                "ids": encoding.ids,
                "offsets": byte_offsets(text, encoding),
                "decoded": tokenizer.decode(encoding.ids, skip_special_tokens=False),
                "skipped": tokenizer.decode(encoding.ids, skip_special_tokens=True),
            }
        )
    return out


def write_golden(name, document, **facts):
    """Writes tokenizer.json and golden.json of one tokenizer. `document` is the tokenizer.json as a dictionary."""
    import tokenizers

    folder = FIXTURES / "parity" / name
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    tokenizer = tokenizers.Tokenizer.from_str(text)

    all = expected(tokenizer, lines())
    blocks = []
    for first in range(0, COUNT, BLOCK):
        block = all[first : first + BLOCK]
        blocks.append(
            {
                "ids": hash_of_numbers(line["ids"] for line in block),
                "offsets": hash_of_numbers(line["offsets"] for line in block),
                "decoded": hash_of_texts(line["decoded"] for line in block),
                "skipped": hash_of_texts(line["skipped"] for line in block),
            }
        )
    samples = [
        {"line": i, "ids": all[i]["ids"], "offsets": all[i]["offsets"]}
        for i in range(0, COUNT, COUNT // 50)
        if len(all[i]["ids"]) < 80
    ]
    golden = {
        "reference": "tokenizers " + tokenizers.__version__,
        **facts,
        "roundTrips": sum(line["skipped"] == line["text"] for line in all),
        "tokens": sum(len(line["ids"]) for line in all),
    }
    body = json.dumps(golden, ensure_ascii=False)[:-1]
    for key, values in (("blocks", blocks), ("samples", samples)):
        body += f',\n"{key}": [\n' + ",\n".join(json.dumps(v, separators=(",", ":")) for v in values) + "\n]"
    (folder / "golden.json").write_text(body + "\n}\n", encoding="utf-8")
    size = (folder / "tokenizer.json").stat().st_size
    assert size < 150_000, f"{name}: a tokenizer.json of {size} bytes is too large for the repository"
    print(f"{name}: {size >> 10} KiB, {golden['tokens']} tokens, {golden['roundTrips']} of {COUNT} lines come back as they were")


def write_line_hashes():
    """The hashes by which HardLines.swift is held against this file."""
    all = lines()
    hashes = [hash_of_texts(all[first : first + BLOCK]) for first in range(0, COUNT, BLOCK)]
    (FIXTURES / "hard_lines_hashes.json").write_text(json.dumps(hashes, indent=0) + "\n")
    size = sum(len(line.encode()) for line in all)
    print(f"{COUNT} lines, {size} bytes")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(FIXTURES / "parity" / sys.argv[1] / "tokenizer.json"))
        first = int(sys.argv[2]) * BLOCK
        for number, values in enumerate(expected(tokenizer, lines(BLOCK, first)), first):
            print(json.dumps({"line": number} | values, ensure_ascii=False))
    else:
        write_line_hashes()
