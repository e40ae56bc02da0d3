#!/usr/bin/env python3
"""Folders written by `reft merge` from every tiny checkpoint load in transformers and compute what the adapter does there.

    scripts/parity/merged_architectures.py --reft .build/release/reft [NAME ...]

A LoFiT of random offsets on all heads is folded into each checkpoint of scripts/goldens/architectures.py and llama.py. What
is expected is the reference's own: the unmerged checkpoint in transformers, with the offsets added before the attention's
output projection. No weight of the merged folder may be missing, and none left over that was not left over before.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import save_file

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(SCRIPTS / "goldens"))
import architectures  # noqa: E402
import golden  # noqa: E402

LIMIT = 1e-5  # of the largest logit; measured 1e-6
TOKENIZER = SCRIPTS.parent / "Tests" / "CommandTests" / "Fixtures" / "tiny"
SITE = "head_attention_value_output"
FAMILIES = {
    "llama_gqa_tied": architectures.LLAMA, "llama_mha_bias": architectures.LLAMA,
    **{name: variant.family for name, variant in architectures.VARIANTS.items()}}


def load(folder):
    """The model of a folder as the class that its config.json names, and the tensors that it has no use for."""
    kind = getattr(transformers, json.loads((folder / "config.json").read_text())["architectures"][0])
    model, report = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"], report
    return model.eval(), set(report["unexpected_keys"])


def adapter(folder, facts, offsets):
    shape = {key: facts[key] for key in [
        "layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocabulary", "context_length"]}
    folder.mkdir()
    save_file({f"{layer}.{SITE}.bias": value for layer, value in enumerate(offsets)}, folder / "adapter.safetensors")
    (folder / "adapter.json").write_text(json.dumps({
        "format": "swift-reft adapter", "schema": 1, "method": "lofit", "settings": {"part": "bias", "deviation": 0.001},
        "locations": f"all.{SITE}@all", "positions": "exact", "parameters": sum(value.numel() for value in offsets),
        "dtype": "float32", "seed": 0, "training": {}, "metrics": {},
        "base": {"source": "model", "model_type": facts["model_type"], "shape": shape, "fingerprint": facts["fingerprint"]},
    }))


def compared(reft, name, place):
    """The largest difference, its limit, and how far the adapter moves the logits."""
    family = FAMILIES[name]
    (place / "model").mkdir()
    for file in [golden.FOLDER / name / "config.json", golden.FOLDER / name / "model.safetensors",
                 TOKENIZER / "tokenizer.json", TOKENIZER / "tokenizer_config.json"]:
        shutil.copy(file, place / "model")

    def run(*arguments):
        done = subprocess.run([reft, *arguments], cwd=place, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    facts = json.loads(run("inspect", "model", "--json"))
    source = torch.Generator().manual_seed(7)
    offsets = [0.4 * torch.randn(facts["heads"], facts["head_dim"], generator=source) for _ in range(facts["layers"])]
    adapter(place / "adapter", facts, offsets)
    run("merge", "--model", "model", "--adapter", "adapter", "--output", "merged")

    plain, unread = load(place / "model")
    merged, unread_now = load(place / "merged")
    assert unread_now <= unread, f"transformers leaves out {sorted(unread_now - unread)}"
    ids, = golden.random_ids(5, [48])
    with torch.no_grad():
        before = architectures.scores(plain, ids)
        for block, value in zip(plain.get_submodule(family.blocks), offsets, strict=True):
            block.get_submodule(family.attention_output).register_forward_pre_hook(
                lambda _, inputs, value=value: (inputs[0] + value.flatten(),))
        expected, got = architectures.scores(plain, ids), architectures.scores(merged, ids)
    return (got - expected).abs().max().item(), LIMIT * expected.abs().max().item(), (before - expected).abs().max().item()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reft", required=True, type=pathlib.Path)
    arguments.add_argument("names", nargs="*", default=list(FAMILIES), metavar="NAME")
    arguments = arguments.parse_args()
    failures = 0
    for name in arguments.names:
        with tempfile.TemporaryDirectory() as place:
            try:
                gap, limit, moved = compared(arguments.reft.resolve(), name, pathlib.Path(place))
                is_right = gap <= limit and moved > 1000 * limit
                print(f"{name}: differs by {gap:.1e} (limit {limit:.1e}); the adapter moves it by {moved:.1e}"
                      + ("" if is_right else "  WRONG"))
            except Exception as problem:  # whatever transformers says of a folder that it cannot read
                is_right = False
                print(f"{name}: WRONG: {type(problem).__name__}: {str(problem).strip()}")
        failures += not is_right
    print(f"{len(arguments.names) - failures} of {len(arguments.names)} load and compute what the adapter does")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
