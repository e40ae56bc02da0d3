#!/usr/bin/env python3
"""Loading by transformers: a folder of safetensors, or a GGUF file, which it dequantises; then one forward pass."""

import pathlib

import serving
import torch
import transformers


def main():
    job = serving.job()

    @torch.no_grad()
    def work(_):
        if "gguf" in job:
            path = pathlib.Path(job["gguf"])
            model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, torch_dtype=torch.float32)
        else:
            model = serving.load_model(job)
        model(torch.tensor([[1]]))
        return {}

    serving.serve(work)


if __name__ == "__main__":
    main()
