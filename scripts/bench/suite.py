"""What every case needs: the programs, the model on both sides, the data, and a word on progress."""

import json
import os
import pathlib
import subprocess
import sys
import time

import sides

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
CLUTRR = "CLUTRR stories (fc2869/lo-fit)"


class Suite:
    def __init__(self, scratch, rounds=None, whole=False, questions=None, programs=None):
        self.scratch = pathlib.Path(scratch)
        self.rounds_wanted, self.whole, self.questions = rounds, whole, questions
        programs = pathlib.Path(programs or ROOT / ".build/release")
        self.reft, self.bench = programs / "reft", programs / "reft-bench"
        self.model = self._printed("scripts/setup/model.sh")
        self.python = self._printed("scripts/setup/peers.sh")
        self.folder = pathlib.Path(self.model).parents[1] / "peers" / "SmolLM2-135M-Instruct-f32"
        if not (self.folder / "model.safetensors").exists():
            subprocess.run([self.python, HERE / "peers/write_model.py", self.model, self.folder], check=True,
                           stdout=sys.stderr)
        self.config = json.loads((self.folder / "config.json").read_text())
        self.data = pathlib.Path(os.environ.get("REFT_DATA") or ROOT.parent / "shared" / "data")
        self._examples = {}
        self._gpu, self.gpu_choice = None, {}
        self.meter = lambda *_: None

    def on_gpu(self):
        """The same on a GPU, made when the first case asks for it."""
        import gpu

        if self._gpu is None:
            self._gpu = gpu.GPU(self, **self.gpu_choice)
        self._gpu.meter = self.meter
        return self._gpu

    def _printed(self, script):
        return subprocess.run([ROOT / script], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()

    def rounds(self, usual):
        return self.rounds_wanted or usual

    def ours(self, work, **job):
        return sides.Side([self.bench], {"work": work, "model": self.model, **job}, self.scratch)

    def peer(self, script, **job):
        return sides.Side([self.python, HERE / "peers" / script], {"model": str(self.folder), **job}, self.scratch)

    def alternate(self, rounds, ours, peer, between=lambda: None):
        """Both sides' rounds by turns, the one that begins changing too; `ours` and `peer` take the number of the round."""
        mine, theirs = [], []
        for number in range(rounds):
            self.meter(number, rounds)
            turns = [(ours, mine), (peer, theirs)]
            for side, kept in turns if number % 2 == 0 else reversed(turns):
                kept.append(side(number))
            between()
        self.meter(rounds, rounds)
        return mine, theirs

    def has_clutrr(self):
        return (self.data / "lofit" / "clutrr" / "train.json").exists()

    def examples(self, limit, epochs=1):
        """Token ids of both sides, the orders in which our trainer takes them, and what the data are."""
        key = (limit, epochs)
        if key not in self._examples:
            clutrr = self.data / "lofit" / "clutrr" / "train.json"
            task, path, name = "clutrr", clutrr, CLUTRR
            if not self.has_clutrr():
                task, name = "kinship", "kinship puzzles (`reft data`), for CLUTRR is not at hand"
                path = self.scratch / "kinship" / "train.jsonl"
                if not path.exists():
                    sides.timed([self.reft, "data", "kinship", "--seed", 1, "--train", 300, "--validation", 10, "--test", 10,
                                 "--output", path.parent])
            with self.ours("examples", task=task, path=str(path), limit=limit, seed=42, epochs=epochs, order_seed=42) as side:
                self._examples[key] = {**side.ready, "name": name, "task": task, "path": str(path)}
        return self._examples[key]

    def matrices(self):
        """Inputs and outputs of the matrices of a block; queries, keys and values are one product, for they lie side by side."""
        width, inner = self.config["hidden_size"], self.config["intermediate_size"]
        head = width // self.config["num_attention_heads"]
        narrow = head * self.config["num_key_value_heads"]
        return [[width, width + 2 * narrow], [width, width], [width, inner], [width, inner], [inner, width]]

    def weights_in_blocks(self):
        """Entries of all matrices in the blocks, without embedding and vocabulary."""
        return self.config["num_hidden_layers"] * sum(i * o for i, o in self.matrices())


class Meter:
    """Progress and time left, on standard error."""

    def __init__(self, cases, expected):
        self.cases, self.expected = cases, expected
        self.started, self.name = {}, None

    def begin(self, name):
        self.name, self.started[name] = name, time.monotonic()
        self.update(0, 1)

    def update(self, done, rounds):
        place = self.cases.index(self.name)
        spent = time.monotonic() - self.started[self.name]
        left = max(0, self.expected[self.name] - spent) + sum(self.expected[name] for name in self.cases[place + 1:])
        minutes = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        text = f"[{place + 1}/{len(self.cases)}] {self.name}: round {min(done + 1, rounds)} of {rounds}, about {minutes} left"
        end = "\r" if sys.stderr.isatty() else "\n"
        print(text.ljust(78), end=end, file=sys.stderr, flush=True)
