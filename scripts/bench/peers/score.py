#!/usr/bin/env python3
"""Scores of answers as honest_llama's `utils.py` computes them: one forward pass over prompt and answer for each of them."""

import serving
import torch
import transformers


def main():
    job = serving.job()
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
    model = serving.load_model(job)

    @torch.no_grad()
    def work(request):
        scores = []
        for pair in request["pairs"]:
            before = tokenizer(pair["prompt"], return_tensors="pt").input_ids.shape[-1]
            ids = tokenizer(pair["prompt"] + pair["completion"], return_tensors="pt").input_ids
            logs = model(ids)[0].squeeze(0).log_softmax(-1)[before - 1:-1, :]
            scores.append(logs[range(logs.shape[0]), ids[0, before:]].sum().item())
        return {"scores": scores}

    serving.serve(work)


if __name__ == "__main__":
    main()
