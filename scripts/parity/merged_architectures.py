#!/usr/bin/env python3
"""Folders written by `reft merge` from every tiny checkpoint load in transformers and compute what the adapter does there.

    scripts/parity/merged_architectures.py --reft .build/release/reft [--method lora] [NAME ...]

A LoFiT of random offsets on all heads, a LoRA on queries, values and the network's last projection, and a RED on the network's output are
folded into each checkpoint of scripts/goldens/architectures.py and llama.py. What is expected is the reference's own: the unmerged
checkpoint in transformers, with the edit as a hook. No weight of the merged folder may be missing, and none left over that was not
left over before. Where no checkpoint can carry a bias that RED needs, the fold must be refused.
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
RANK = 2
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


def lofit(facts, draw):
    """Offsets before the attention's output projection."""
    offsets = [0.4 * draw(facts["heads"], facts["head_dim"]) for _ in range(facts["layers"])]
    tensors = {f"{layer}.head_attention_value_output.bias": value for layer, value in enumerate(offsets)}

    def edit(layer, block, family, config):
        block.get_submodule(family.attention_output).register_forward_pre_hook(
            lambda _, inputs: (inputs[0] + offsets[layer].flatten(),))
    return {"part": "bias"}, "all.head_attention_value_output@all", tensors, edit


def red(facts, draw):
    """A scale and an offset of the network's last projection."""
    pairs = [(1 + 0.2 * draw(facts["hidden"]), 0.3 * draw(facts["hidden"])) for _ in range(facts["layers"])]
    tensors = {f"{layer}.mlp_output.{key}": value for layer, pair in enumerate(pairs)
               for key, value in zip(["scale", "bias"], pair)}

    def edit(layer, block, family, config):
        scale, bias = pairs[layer]
        block.get_submodule(family.mlp_output).register_forward_hook(lambda _, inputs, output: output * scale + bias)
    return {}, "all.mlp_output@all", tensors, edit


def lora(facts, draw):
    """Low-rank changes of queries, values and the network's last projection; scaling 1."""
    width = {"query": facts["heads"] * facts["head_dim"], "value": facts["kv_heads"] * facts["head_dim"],
             "mlp_output": facts["hidden"]}
    inputs = {"query": facts["hidden"], "value": facts["hidden"], "mlp_output": facts["intermediate"]}
    maps = {(layer, site): (draw(RANK, inputs[site]) / inputs[site] ** 0.5, 0.4 * draw(width[site], RANK))
            for layer in range(facts["layers"]) for site in width}
    tensors = {f"{layer}.{site}.{key}": value for (layer, site), pair in maps.items() for key, value in zip("AB", pair)}

    def edit(layer, block, family, config):
        def change(site, x):
            A, B = maps[layer, site]
            return x @ A.T @ B.T

        def fused(_, inputs, output):
            query, key, value = family.fused(output[0], config)
            parts = [query + change("query", inputs[0][0]), key, value + change("value", inputs[0][0])]
            if family.fused is architectures.head_by_head:
                parts = [part.unflatten(-1, (config.num_attention_heads, -1)) for part in parts]
                return torch.stack(parts, dim=-2).flatten(-3)[None]
            return torch.cat(parts, dim=-1)[None]

        if family.fused:
            block.get_submodule(family.projections[0]).register_forward_hook(fused)
        else:
            for site, projection in [("query", family.projections[0]), ("value", family.projections[2])]:
                block.get_submodule(projection).register_forward_hook(
                    lambda _, inputs, output, site=site: output + change(site, inputs[0]))
        block.get_submodule(family.mlp_output).register_forward_hook(
            lambda _, inputs, output: output + change("mlp_output", inputs[0]))
    return {"rank": RANK, "alpha": RANK}, "all.query@all;all.value@all;all.mlp_output@all", tensors, edit


METHODS = {"lofit": lofit, "lora": lora, "red": red}


def write(folder, facts, method, settings, locations, tensors):
    shape = {key: facts[key] for key in [
        "layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocabulary", "context_length"]}
    folder.mkdir()
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "adapter.safetensors")
    (folder / "adapter.json").write_text(json.dumps({
        "format": "swift-reft adapter", "schema": 1, "method": method, "settings": settings, "locations": locations,
        "positions": "exact", "parameters": sum(value.numel() for value in tensors.values()),
        "dtype": "float32", "seed": 0, "training": {}, "metrics": {},
        "base": {"source": "model", "model_type": facts["model_type"], "shape": shape, "fingerprint": facts["fingerprint"]},
    }))


def compared(reft, name, method, place):
    """The largest difference, its limit, and how far the adapter moves the logits; nothing where the fold was refused."""
    family = FAMILIES[name]
    (place / "model").mkdir()
    for file in [golden.FOLDER / name / "config.json", golden.FOLDER / name / "model.safetensors",
                 TOKENIZER / "tokenizer.json", TOKENIZER / "tokenizer_config.json"]:
        shutil.copy(file, place / "model")

    def run(*arguments):
        return subprocess.run([reft, *arguments], cwd=place, text=True, capture_output=True)

    facts = json.loads(run("inspect", "model", "--json").stdout)
    source = torch.Generator().manual_seed(7)
    settings, locations, tensors, edit = METHODS[method](facts, lambda *shape: torch.randn(shape, generator=source))
    write(place / "adapter", facts, method, settings, locations, tensors)
    done = run("merge", "--model", "model", "--adapter", "adapter", "--output", "merged")
    if done.returncode and "can carry a bias" in done.stderr:
        assert method == "red" and not (place / "merged").exists(), done.stderr
        return None
    assert done.returncode == 0, done.stderr

    plain, unread = load(place / "model")
    merged, unread_now = load(place / "merged")
    assert unread_now <= unread, f"transformers leaves out {sorted(unread_now - unread)}"
    ids, = golden.random_ids(5, [48])
    with torch.no_grad():
        before = architectures.scores(plain, ids)
        text = getattr(plain.config, "text_config", plain.config)
        for layer, block in enumerate(plain.get_submodule(family.blocks)):
            edit(layer, block, family, text)
        expected, got = architectures.scores(plain, ids), architectures.scores(merged, ids)
    return (got - expected).abs().max().item(), LIMIT * expected.abs().max().item(), (before - expected).abs().max().item()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reft", required=True, type=pathlib.Path)
    arguments.add_argument("--method", choices=METHODS, action="append")
    arguments.add_argument("names", nargs="*", default=list(FAMILIES), metavar="NAME")
    arguments = arguments.parse_args()
    failures = 0
    for method in arguments.method or METHODS:
        right, refused, largest = 0, 0, 0.0
        for name in arguments.names:
            with tempfile.TemporaryDirectory() as place:
                try:
                    result = compared(arguments.reft.resolve(), name, method, pathlib.Path(place))
                    if result is None:
                        print(f"{method}, {name}: refused, as no checkpoint can carry it")
                        refused += 1
                        continue
                    gap, limit, moved = result
                    is_right = gap <= limit and moved > 1000 * limit
                    print(f"{method}, {name}: differs by {gap:.1e} (limit {limit:.1e}); the adapter moves it by {moved:.1e}"
                          + ("" if is_right else "  WRONG"))
                    largest = max(largest, gap)
                except Exception as problem:  # whatever transformers says of a folder that it cannot read
                    is_right = False
                    print(f"{method}, {name}: WRONG: {type(problem).__name__}: {str(problem).strip()}")
            right, failures = right + is_right, failures + (not is_right)
        print(f"{method}: {right} of {len(arguments.names)} load and compute what the adapter does, at most {largest:.1e} off; "
              f"{refused} refused")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
