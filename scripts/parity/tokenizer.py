"""Compares the ids of `reft tokenize` with those of Hugging Face `tokenizers` on thousands of hard lines.

    pip install tokenizers==0.22.1 gguf
    python scripts/parity/tokenizer.py --reft .build/release/reft --model MODEL [--lines 12000] [--seed 1] [TEXT ...]

MODEL is a folder with a tokenizer.json, or a .gguf file with a byte-level tokenizer: its library counterpart is then built
here from the file's tokens and merges. TEXT are files whose lines are compared too. Exits with 1 where any id differs.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "goldens"))
from hard_text import lines  # noqa: E402

# llama.cpp's names of pre-tokenizers that isolate digits, and of those that do not.
ISOLATED, PLAIN = {"smollm", "starcoder", "refact"}, {"gpt-2", "phi-2"}


def from_gguf(path):
    import gguf

    fields = gguf.GGUFReader(path).fields

    def value(key):
        return fields["tokenizer.ggml." + key].contents()

    pre = value("pre")
    assert value("model") == "gpt2" and pre in ISOLATED | PLAIN, (value("model"), pre)
    vocab = {token: id for id, token in enumerate(value("tokens"))}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in value("merges")]))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, byte_level]) if pre in ISOLATED else byte_level
    tokenizer.decoder = decoders.ByteLevel()
    for token, kind in zip(value("tokens"), value("token_type")):
        if kind in (2, 3, 4):
            tokenizer.add_tokens([AddedToken(token, special=kind != 4, normalized=False)])
    return tokenizer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reft", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--lines", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("texts", nargs="*")
    options = parser.parse_args()

    model = pathlib.Path(options.model)
    reference = from_gguf(model) if model.suffix == ".gguf" else Tokenizer.from_file(str(model / "tokenizer.json"))
    texts = lines(options.lines, options.seed)
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
