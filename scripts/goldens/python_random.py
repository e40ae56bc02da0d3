"""Writes Tests/TasksTests/Fixtures/python_random.json: samples drawn by CPython's random, for PythonRandom.swift."""

import json
import pathlib
import random
import sys

cases = []
for seed in [0, 1, 42, -42, 2**31, 2**32, 2**32 + 7, 2**53 - 1]:
    for count, k in [(1, 1), (10, 0), (10, 10), (21, 5), (22, 5), (85, 6), (86, 6), (100, 30), (1000, 300), (3151, 300)]:
        sample = random.Random(seed).sample(range(count), k)
        cases.append({"seed": seed, "count": count, "k": k, "sample": sample if k <= 30 else sample[:12] + sample[-4:]})

folder = pathlib.Path(__file__).resolve().parents[2] / "Tests/TasksTests/Fixtures"
folder.mkdir(parents=True, exist_ok=True)
text = {"python": sys.version.split()[0], "cases": cases}
(folder / "python_random.json").write_text(json.dumps(text) + "\n")
