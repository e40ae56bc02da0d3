"""Compares the ids of `reft tokenize` with those of Hugging Face `tokenizers` on thousands of hard lines.

    pip install tokenizers==0.22.1 gguf
    python scripts/parity/tokenizer.py --reft .build/release/reft --model MODEL [--lines 12000] [--first 500000] [TEXT ...]

MODEL is a folder with a tokenizer.json, or a .gguf file: its library counterpart is then built here from the file's metadata. TEXT are
files whose lines are compared too. Exits with 1 where any id differs.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "goldens"))
import tokenizer_parity as kinds  # noqa: E402
from hard_lines import lines  # noqa: E402

NFC = {"type": "NFC"}


def splits(*patterns):
    return kinds.sequence("pretokenizers", *map(kinds.split, patterns), kinds.byte_level(use_regex=False))


DIGITS = kinds.sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, kinds.byte_level())
# llama.cpp's names of pre-tokenizers: normalizer, pre-tokenizer, whether merges are ignored for whole tokens.
PRE_TOKENIZERS = {
    "gpt-2": (None, kinds.byte_level(), False),
    "phi-2": (None, kinds.byte_level(), False),
    "smollm": (None, DIGITS, False),
    "starcoder": (None, DIGITS, False),
    "refact": (None, DIGITS, False),
    "llama-bpe": (None, splits(kinds.LLAMA3), True),
    "qwen2": (NFC, splits(kinds.QWEN2), False),
    "tekken": (None, splits(kinds.TEKKEN), True),
    "gpt-4o": (None, splits(kinds.O200K), False),
    "deepseek-v3": (None, splits(r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", kinds.DEEPSEEK3), False),
}


def from_gguf(path):
    import gguf

    fields = gguf.GGUFReader(path).fields

    def value(key, default=None):
        field = fields.get("tokenizer.ggml." + key)
        return default if field is None else field.contents()

    tokens, types = value("tokens"), value("token_type")
    if value("model") == "gpt2":
        if value("pre") not in PRE_TOKENIZERS:
            sys.exit(f"'{value('pre')}' is not among the pre-tokenizers that this script knows: {', '.join(PRE_TOKENIZERS)}")
        normalizer, pre_tokenizer, ignore_merges = PRE_TOKENIZERS[value("pre")]
        model = {
            "type": "BPE", "vocab": {token: id for id, token in enumerate(tokens)}, "merges": value("merges"),
            "ignore_merges": ignore_merges,
        }
        stages = {"normalizer": normalizer}
    elif value("model") == "llama":
        # Runs of spaces among the user-defined tokens were spelled with U+2581 before the conversion to GGUF.
        tokens = ["▁" * len(token) if type == 4 and not token.strip(" ") else token for token, type in zip(tokens, types)]
        pieces = list(zip(tokens, value("scores"), types))
        model = kinds.sentencepiece_bpe(pieces, tokens[value("unknown_token_id", 0)])
        prepend = [{"type": "Prepend", "prepend": "▁"}] if value("add_space_prefix", True) else []
        pre_tokenizer = None
        stages = {"normalizer": kinds.sequence("normalizers", *prepend, kinds.SPACES)}
    else:
        sys.exit(f"this script knows GGUF tokenizers of kind gpt2 and llama, not '{value('model')}'")
    added = kinds.added_pieces([(token, 0, type) for token, type in zip(tokens, types)])
    return Tokenizer.from_str(json.dumps(kinds.document(model, pre_tokenizer, added, **stages)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reft", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--lines", type=int, default=12000)
    parser.add_argument("--first", type=int, default=500_000, help="number of the first generated line")
    parser.add_argument("texts", nargs="*")
    options = parser.parse_args()

    model = pathlib.Path(options.model)
    reference = from_gguf(model) if model.suffix == ".gguf" else Tokenizer.from_file(str(model / "tokenizer.json"))
    reference.no_padding()
    reference.no_truncation()
    texts = lines(options.lines, options.first)
    for path in options.texts:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        texts += text.splitlines() + [text]

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
        file.flush()
        command = [options.reft, "tokenize", "--model", str(model), "--input", file.name, "--no-special"]
        output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")[:-1]
    if len(output) != len(texts):
        sys.exit(f"{len(texts)} lines in, {len(output)} lines out")

    tokens = different = 0
    for text, line in zip(texts, output):
        expected, got = reference.encode(text, add_special_tokens=False).ids, json.loads(line)["ids"]
        tokens += len(expected)
        if expected != got:
            different += 1
            if different <= 10:
                print(f"{text[:200]!r}\n  expected {expected[:60]}\n  got      {got[:60]}")
    print(f"{len(texts)} lines, {tokens} tokens, {different} lines differ")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
