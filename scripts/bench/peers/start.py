#!/usr/bin/env python3
"""What a user of pyreft waits for: the imports, the model, one token. start.py FOLDER PROMPT"""

import sys

import pyreft  # noqa: F401
import torch
import transformers


def main():
    folder, prompt = sys.argv[1:]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    with torch.no_grad():
        output = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=1, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    print(tokenizer.decode(output[0, ids.shape[1]:]))


if __name__ == "__main__":
    main()
