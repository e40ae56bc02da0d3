#!/usr/bin/env python3
"""Sentence embeddings of `reft embed` on STS-B: their rank correlation with people's judgements, and the reference's.

    scripts/parity/sentence_embeddings.py --reft .build/release/reft --model "$(scripts/setup/model.sh minilm)" \\
        --data STS-B/sts-test.csv [--reference]

With --reference (needs torch==2.11.0 and transformers==4.57.3) the embeddings are also compared number by number.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time

LIMIT = 1e-5  # of a number of a vector of length one; float32 rounding through six layers


def pairs(path):
    """(score, first, second) of each line; fields are separated by tabs, and some lines have sources behind."""
    for line in open(path, encoding="utf-8"):
        fields = line.rstrip("\n").split("\t")
        yield float(fields[4]), fields[5], fields[6]


def ranks(values):
    """Average ranks, equals sharing theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for index in order[start:end + 1]:
            result[index] = (start + end) / 2
        start = end + 1
    return result


def spearman(a, b):
    a, b = ranks(a), ranks(b)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return covariance / (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5


def embedded(reft, model, sentences):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"text": sentence}) + "\n" for sentence in sentences)
        file.flush()
        output = subprocess.run([reft, "embed", "--model", model, "--input", file.name], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
    return [json.loads(line)["embedding"] for line in output.splitlines()]


def reference(model, sentences):
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    encoder = transformers.AutoModel.from_pretrained(model, torch_dtype=torch.float32).eval()
    vectors = []
    with torch.no_grad():
        for sentence in sentences:
            mean = encoder(torch.tensor([tokenizer(sentence)["input_ids"]])).last_hidden_state[0].mean(0)
            vectors.append((mean / mean.norm()).tolist())
    return vectors


def correlation(scores, vectors):
    """Vectors of each pair stand one behind the other, of length one."""
    cosines = [sum(x * y for x, y in zip(a, b)) for a, b in zip(vectors[::2], vectors[1::2])]
    return spearman(scores, cosines)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["reft", "model", "data"]:
        arguments.add_argument(f"--{name}", required=True)
    arguments.add_argument("--reference", action="store_true")
    arguments = arguments.parse_args()

    lines = list(pairs(arguments.data))
    scores = [score for score, _, _ in lines]
    sentences = [sentence for _, *both in lines for sentence in both]
    started = time.monotonic()
    ours = embedded(arguments.reft, arguments.model, sentences)
    print(f"{len(lines)} pairs, {time.monotonic() - started:.1f} s")
    print(f"rank correlation with the judgements (Spearman): {correlation(scores, ours):.4f}")
    if arguments.reference:
        theirs = reference(arguments.model, sentences)
        gap = max(abs(x - y) for a, b in zip(ours, theirs, strict=True) for x, y in zip(a, b, strict=True))
        print(f"of the reference's embeddings: {correlation(scores, theirs):.4f}")
        print(f"largest difference of a number: {gap:.2g} (limit {LIMIT:g})")
        sys.exit(gap > LIMIT)


if __name__ == "__main__":
    main()
