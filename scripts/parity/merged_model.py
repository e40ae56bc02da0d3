#!/usr/bin/env python3
"""A folder written by `reft merge`: loads in transformers, and gives the log-probabilities of the adapter on its base.

    scripts/parity/merged_model.py --reft .build/release/reft --model M.gguf --adapter A --merged FOLDER
"""

import argparse
import json
import subprocess
import sys
import tempfile

import torch
import transformers

from smollm2_logprobs import LIMIT, LINES, prepared, token_logprobs


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["reft", "model", "adapter", "merged"]:
        arguments.add_argument(f"--{name}", required=True)
    arguments = arguments.parse_args()

    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.merged).backend_tokenizer
    model, report = transformers.AutoModelForCausalLM.from_pretrained(
        arguments.merged, torch_dtype=torch.float32, output_loading_info=True)
    print({key: value for key, value in report.items() if value} or "every weight was loaded, and no other")
    expected = [token_logprobs(model, *prepared(tokenizer, *line)) for line in LINES]

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"prompt": prompt, "completion": completion}) + "\n" for prompt, completion in LINES)
        file.flush()
        output = subprocess.run(
            [arguments.reft, "score", "--model", arguments.model, "--adapter", arguments.adapter, "--input", file.name],
            check=True, text=True, stdout=subprocess.PIPE).stdout
    got = [json.loads(line)["token_logprobs"] for line in output.splitlines()]
    gap = max(abs(a - b) for left, right in zip(got, expected, strict=True) for a, b in zip(left, right, strict=True))
    print(f"largest difference of a token's log-probability: {gap:.2g} (limit {LIMIT:g})")
    sys.exit(gap > LIMIT or any(report.values()))


if __name__ == "__main__":
    main()
