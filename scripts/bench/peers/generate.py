#!/usr/bin/env python3
"""Greedy generation by transformers: prompts padded on the left, its own cache, nothing ends a text early."""

import serving
import torch


def main():
    job = serving.job()
    model = serving.load_model(job)
    model.generation_config.eos_token_id = None
    prompts, new = job["prompts"], job["new_tokens"]
    width = max(map(len, prompts))
    tokens, mask = torch.zeros((len(prompts), width), dtype=torch.long), torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        tokens[row, width - len(prompt):] = torch.tensor(prompt)
        mask[row, width - len(prompt):] = 1
    tokens, mask = tokens.to(model.device), mask.to(model.device)

    @torch.no_grad()
    def work(_):
        output = model.generate(input_ids=tokens, attention_mask=mask, max_new_tokens=new, do_sample=False, pad_token_id=0)
        return {"tokens": output[:, width:].tolist()}

    serving.serve(work)


if __name__ == "__main__":
    main()
