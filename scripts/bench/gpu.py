"""The cases on a GPU: our side and the peers' on one device, in bfloat16, with random weights of a published shape."""

import json
import random
import subprocess
import sys

import results
import sides
import suite as suites

LENGTHS = (64, 120)  # tokens of an example: what CLUTRR's stories have, but for the longest
# What a device may differ from the CPU's float32, as a part of the largest number. In bfloat16 the CPU itself differs by 0.28.
BOUNDS = {"float32": 1e-3, "bfloat16": 0.5}


class GPU(suites.Suite):
    """A suite whose sides all compute on the device."""

    def __init__(self, suite, shape, device, dtype="bfloat16"):
        self.__dict__.update(vars(suite))
        self.small, self.shape, self.place, self._examples = suite.folder, shape, {"device": device, "dtype": dtype}, {}
        with self.ours("machine") as side:  # which says so where there is no such device
            self.reached = side.round()
        self.folder = suite.folder.parent / f"random-{shape}-{dtype}"
        if not (self.folder / "config.json").exists():
            script = suites.HERE / "peers/random_model.py"
            done = subprocess.run([self.python, script, shape, dtype, device, self.folder], stdout=sys.stderr)
            if done.returncode:
                raise sides.Failed(f"{script.name} ended with {done.returncode}: random weights of {shape} were not written")
        self.model = str(self.folder)
        self.config = json.loads((self.folder / "config.json").read_text())

    def ours(self, work, **job):
        return super().ours(work, **{**self.place, **job})

    def peer(self, script, **job):
        return super().peer(script, **{**self.place, **job})

    def examples(self, limit, epochs=1):
        if (limit, epochs) not in self._examples:
            source = random.Random(42)
            rows = [[source.randrange(3, self.config["vocab_size"]) for _ in range(source.randint(*LENGTHS))] for _ in range(limit)]
            examples = [{"tokens": row, "prompt": len(row) - 2} for row in rows]
            with self.ours("examples", examples=examples, epochs=epochs, order_seed=42) as side:
                self._examples[limit, epochs] = {**side.ready, "name": f"random tokens, {LENGTHS[0]} to {LENGTHS[1]} an example"}
        return self._examples[limit, epochs]

    def described(self):
        """The device, and what it reaches."""
        name = subprocess.run([self.python, "-c", "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU: the CPU')"],
                              text=True, stdout=subprocess.PIPE).stdout.strip()
        return {"name": name, "shape": self.shape, **self.place, **self.reached}


def check(suite, case):
    """The device against the CPU with SmolLM2: what is computed, gradients, decoding in recorded steps. There is no row of it."""
    device, found = suite.place["device"], {}
    for dtype, bound in BOUNDS.items():
        with suite.ours("device", model=str(suite.small), device=device, dtype=dtype) as side:
            found[dtype] = answer = side.round()
        # The same numbers in other batches: what a device makes of rows, not what its type does to them.
        near = {name: min(bound, 0.1) for name in ("one_by_one", "steps", "edited_steps")}
        wrong = {name: value for name, value in answer.items()
                 if not isinstance(value, (str, bool)) and not (isinstance(value, float) and value <= near.get(name, bound))}
        if wrong or not all(name in answer for name in ("logits", "path", *near)):
            raise sides.Failed(f"{dtype} on {device} differs from float32 on the CPU: {wrong or sorted(answer)}")
        for steps in ("", "edited_"):
            if device != "cpu" and not answer[steps + "recorded"]:
                raise sides.Failed(f"steps were not recorded in {dtype}: {answer[steps + 'why_not_recorded']}")
    for dtype, answer in found.items():
        print(f"\n{case}: {dtype}: " + ", ".join(f"{name} {value:.1e}" for name, value in answer.items() if isinstance(value, float)), file=sys.stderr)
    if device != "cpu":
        results.save(suites.ROOT / "bench" / "gpu.json", {"device": suite.described(), "gaps": found})
