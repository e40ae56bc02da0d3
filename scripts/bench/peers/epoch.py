#!/usr/bin/env python3
"""A whole process for one epoch of LoReFT by pyreft: tokenizing, updates, saving. epoch.py JOB.json"""

import json
import pathlib

import serving
import torch
import transformers

import clutrr
import train


def main():
    job = serving.job()
    torch.manual_seed(42)
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
    rows = []
    for pair in json.loads(pathlib.Path(job["texts"]).read_text()):
        whole = tokenizer(pair["prompt"] + pair["response"], return_offsets_mapping=True)
        prompt = sum(start < len(pair["prompt"]) for start, _ in whole.offset_mapping)
        rows.append((whole.input_ids + [clutrr.EOS], prompt))
    model = serving.load_model(job)
    loss_of, parameters = train.loreft(model, job)
    batches = [[rows[i] for i in order[start:start + job["batch"]]] for order in job["orders"]
               for start in range(0, len(order), job["batch"])]
    optimizer = torch.optim.AdamW(parameters, lr=job["rate"], weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, int(0.1 * len(batches)), len(batches))
    model.train()
    for chosen in batches:
        loss = loss_of(chosen)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        loss.item()
    torch.save([part.detach() for part in parameters], job["output"])


if __name__ == "__main__":
    main()
