#!/usr/bin/env python3
"""Greedy continuations of stories260K by transformers, without a cache of ours in sight (README: golden.py).

    scripts/goldens/stories.py FOLDER      writes Tests/Goldens/stories260k_greedy.json; FOLDER in Hugging Face layout
"""

import json
import sys

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

import golden

PROMPTS = ["Once upon a time", "Lily and Ben went to the park. They saw", "The dog was sad because"]
NEW_TOKENS = 48


def main():
    folder = sys.argv[1]
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    model = LlamaForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()
    rows = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt).ids
        with torch.no_grad():
            out = model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=NEW_TOKENS, eos_token_id=2, pad_token_id=0)
            penalised = model.generate(
                torch.tensor([ids]), do_sample=False, max_new_tokens=NEW_TOKENS, eos_token_id=2, pad_token_id=0,
                repetition_penalty=1.3)
        whole = tokenizer.decode(out[0].tolist())
        rows.append({
            "prompt": prompt, "ids": ids, "generated": out[0, len(ids):].tolist(),
            "text": whole[len(tokenizer.decode(ids)):], "penalised": penalised[0, len(ids):].tolist(),
        })
    text = ",\n    ".join(json.dumps(row) for row in rows)
    path = golden.FOLDER / "stories260k_greedy.json"
    path.write_text(f'{{\n  "script": "scripts/goldens/stories.py",\n  "repetition_penalty": 1.3,\n  "rows": [\n    {text}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
