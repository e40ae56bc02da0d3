#!/usr/bin/env python3
"""Loads what `reft convert` writes in pyreft, peft and repeng, and compares logits (README of scripts/goldens: golden.py).

  python3 scripts/parity/foreign_adapters.py .build/debug/reft

Every adapter of the goldens goes through our format and back into its own; the library then loads it and must compute the
golden's logits. For RED, which is no package, the vectors are compared instead.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "goldens"))

import peft
import pyreft
import repeng
import torch

import foreign_peft
import foreign_pyreft
import foreign_vectors
import golden
import loreft

MODEL = golden.FOLDER / "llama_gqa_tied"
worst = 0.0


def convert(command, adapter, target, folder, *settings):
    """Theirs to ours and back to theirs."""
    ours, back = folder / "ours", folder / "back"
    common = ["--model", str(MODEL)]
    given = [word for setting in settings for word in ("--set", setting)]
    subprocess.run([command, "convert", str(adapter), *common, "--output", str(ours), *given], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([command, "convert", str(ours), *common, "--to", target, "--output", str(back)], check=True,
                   stdout=subprocess.DEVNULL)
    return back


def compare(name, got, expected, tolerance):
    global worst
    gap = (got - expected).abs().max().item()
    worst = max(worst, gap / tolerance)
    print(f"{name:40} difference {gap:.1e}, tolerance {tolerance:.1e}")
    assert gap <= tolerance, name


def check(name, kind, run):
    """`run(ids, row)` gives the logits of one sequence."""
    tensors = golden.load_golden(kind)
    tolerances = json.loads((golden.FOLDER / kind / "golden.json").read_text())["tolerances"]
    rows = [key for key in tensors if key.startswith("ids.")]
    for row in range(len(rows)):
        with torch.no_grad():
            compare(f"{kind} {name} {row}", run(tensors[f"ids.{row}"], row), tensors[f"{name}.{row}"],
                    tolerances[f"{name}.{row}"])


def pyreft_case(command, name, case):
    with tempfile.TemporaryDirectory() as folder:
        positions = "f2|l2" if name == "loreft_untied" else "f2+l2"
        back = convert(command, golden.FOLDER / "foreign_pyreft" / name, "pyreft", pathlib.Path(folder),
                       f"positions={positions}")
        # pyreft rebuilds the learned source in bfloat16: its classes are told otherwise while it loads.
        kind, linear = case["type"], torch.nn.Linear.to
        torch.nn.Linear.to = lambda self, *_, **__: self
        try:
            if "add_bias" in case:
                first = kind.__init__
                kind.__init__ = lambda self, **options: first(self, **{"add_bias": name == "noreft", **options})
            reft = pyreft.ReftModel.load(str(back), golden.load_model("llama_gqa_tied", torch.float32))
        finally:
            torch.nn.Linear.to = linear
            if "add_bias" in case:
                kind.__init__ = first
    assert len(reft.interventions) == len(case["edits"])
    ids = golden.load_golden("foreign_pyreft")
    ids = [ids[f"ids.{row}"] for row in range(3)]
    with torch.no_grad():
        rows = foreign_pyreft.logits(reft, case, ids, torch.float32)
    check(name, "foreign_pyreft", lambda _, row: rows[row])


def peft_case(command, name):
    with tempfile.TemporaryDirectory() as folder:
        back = convert(command, golden.FOLDER / "foreign_peft" / name, "peft", pathlib.Path(folder))
        model = peft.PeftModel.from_pretrained(golden.load_model("llama_gqa_tied", torch.float32), str(back)).eval()
    check(name, "foreign_peft", lambda ids, _: model(input_ids=ids[None]).logits[0][-len(ids):])


def control_case(command):
    with tempfile.TemporaryDirectory() as folder:
        back = convert(command, golden.FOLDER / "foreign_vectors" / "control.gguf", "control-vector", pathlib.Path(folder))
        vector = repeng.ControlVector.import_gguf(str(back))
        directions = {layer: direction.copy() for layer, direction in vector.directions.items()}
    model = repeng.ControlModel(golden.load_model("llama_gqa_tied", torch.float32), list(directions))
    model.set_control(repeng.ControlVector("llama", directions), foreign_vectors.STRENGTH)
    check("control", "foreign_vectors", lambda ids, _: model(input_ids=ids[None]).logits[0])


def red_case(command):
    theirs = golden.FOLDER / "foreign_vectors" / "red"
    with tempfile.TemporaryDirectory() as folder:
        back = convert(command, theirs, "red", pathlib.Path(folder))
        written = torch.load(back / "delta_vector.pth", weights_only=True)
    for name, tensor in torch.load(theirs / "delta_vector.pth", weights_only=True).items():
        assert torch.equal(written.pop(name), tensor), name
    assert not written


def main():
    command = sys.argv[1]
    for name, case in foreign_pyreft.CASES.items():
        if name not in ("loreft_relu",):  # pyreft does not remember the function
            pyreft_case(command, name, case)
    for name in foreign_peft.CASES:
        peft_case(command, name)
    control_case(command)
    red_case(command)
    print(f"all equal; the largest difference is {worst:.2f} of its tolerance")


if __name__ == "__main__":
    main()
