#!/usr/bin/env python3
"""Texts to ids by Hugging Face `tokenizers`, one at a time."""

import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import serving  # noqa: E402
import tokenizers  # noqa: E402


def main():
    job = serving.job()
    tokenizer = tokenizers.Tokenizer.from_file(job["model"] + "/tokenizer.json")
    texts, limit = job["texts"], int(job["megabytes"] * 1e6)
    sizes = [len(text.encode()) for text in texts]

    def work(_):
        done = tokens = at = 0
        while done < limit:
            tokens += len(tokenizer.encode(texts[at % len(texts)]).ids)
            done += sizes[at % len(texts)]
            at += 1
        return {"bytes": done, "tokens": tokens}

    serving.serve(work)


if __name__ == "__main__":
    main()
