#!/usr/bin/env python3
"""How fast `reft tokenize` turns text into ids: MB of UTF-8 a second of one core, reading and printing included.

    scripts/measure/tokenizing.py --reft .build/release/reft --model MODEL TEXT ...

The lines of the texts are repeated to 20 MB. What the command needs for a twentieth of them is subtracted, so that opening the
tokenizer does not count. The best of three pairs counts.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

MEGABYTES = 20


def cpu_seconds(command):
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["reft", "model"]:
        arguments.add_argument(f"--{name}", required=True)
    arguments.add_argument("texts", nargs="+")
    arguments = arguments.parse_args()

    for path in arguments.texts:
        lines = [line for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
        with tempfile.TemporaryDirectory() as folder:
            files = {}
            for size in [MEGABYTES, MEGABYTES / 20]:
                written, index = 0, 0
                files[size] = (f"{folder}/{size}.jsonl", 0)
                with open(files[size][0], "w", encoding="utf-8") as file:
                    while written < size * 1e6:
                        line = lines[index % len(lines)]
                        file.write(json.dumps({"text": line}, ensure_ascii=False) + "\n")
                        written, index = written + len(line.encode()), index + 1
                files[size] = (files[size][0], written)
            command = lambda size: [arguments.reft, "tokenize", "--model", arguments.model, "--input", files[size][0]]
            much, little = files[MEGABYTES][1], files[MEGABYTES / 20][1]
            seconds = min(cpu_seconds(command(MEGABYTES)) - cpu_seconds(command(MEGABYTES / 20)) for _ in range(3))
            print(f"{pathlib.Path(path).name}: {(much - little) / 1e6 / seconds:.1f} MB/s")


if __name__ == "__main__":
    main()
