#!/usr/bin/env python3
"""What the logits processors of transformers do to one row of scores: writes Tests/Goldens/sampling.json (README: golden.py)."""

import json

import torch
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

import golden

SEEN = [1, 4, 4, 17]


def main():
    torch.manual_seed(7)
    logits = torch.randn(1, 40) * 2
    seen = torch.tensor([SEEN])
    cases = {
        "repetition_penalty 1.3": RepetitionPenaltyLogitsProcessor(1.3),
        "temperature 0.7": TemperatureLogitsWarper(0.7),
        "top_k 5": TopKLogitsWarper(5),
        "top_p 0.8": TopPLogitsWarper(0.8),
        "top_p 0.05": TopPLogitsWarper(0.05),
    }

    def row(scores):
        return [None if value == float("-inf") else value for value in scores[0].tolist()]

    results = {name: row(process(seen, logits.clone())) for name, process in cases.items()}
    path = golden.FOLDER / "sampling.json"
    lines = ",\n".join(f'  {json.dumps(name)}: {json.dumps(values)}' for name, values in results.items())
    path.write_text(
        f'{{\n  "script": "scripts/goldens/sampling.py",\n  "seen": {SEEN},\n  "logits": {json.dumps(row(logits))},\n{lines}\n}}\n')


if __name__ == "__main__":
    main()
