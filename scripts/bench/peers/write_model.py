#!/usr/bin/env python3
"""Writes SmolLM2-135M-Instruct as transformers reads it, float32 safetensors and tokenizer, out of the GGUF file that reft reads.

    write_model.py MODEL.gguf FOLDER
"""

import pathlib
import shutil
import sys

import serving  # noqa: F401  (puts scripts/reference on the path)
import smollm2
import transformers


def main():
    source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    smollm2.load_model(source).save_pretrained(partial)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=smollm2.load_tokenizer(source), eos_token="<|im_end|>", pad_token="<|im_end|>"
    ).save_pretrained(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


if __name__ == "__main__":
    main()
