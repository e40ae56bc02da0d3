"""Control vectors by repeng; steering vectors, RED and mlx-lm adapters by their layouts and formulas; and their logits.

The model is that of the golden `llama_gqa_tied` (README: golden.py; repeng==0.4.0). RED's code, activation-steering and mlx-lm are
no packages that run here: their files are written as their sources describe, and their formulas stand below as hooks.
"""

import contextlib
import json
import shutil

import repeng
import torch
from safetensors.torch import save_file

import golden

OUT = golden.FOLDER / "foreign_vectors"
PROMPTS, LENGTHS = [7, 5, 11], [12, 9, 17]
WIDTH, LAYERS, STRENGTH = 32, 3, 1.5
source = torch.Generator().manual_seed(37)
normal = lambda *shape: torch.randn(*shape, generator=source)

DIRECTIONS = {layer: 0.6 * normal(WIDTH) for layer in (1, 2)}
SCALES = [1 + 0.3 * normal(1, WIDTH) for _ in range(LAYERS)]
BIASES = [0.3 * normal(1, WIDTH) for _ in range(LAYERS)]
# The last two layers; names of modules and their inputs and outputs.
MODULES = {"self_attn.q_proj": (32, 32), "mlp.down_proj": (56, 32)}
RANK, SCALE = 2, 2.5
LOW = {(layer, name): (0.4 * normal(inputs, RANK), 0.4 * normal(RANK, outputs), 1 + 0.2 * normal(outputs))
       for layer in (1, 2) for name, (inputs, outputs) in MODULES.items()}


def control(model, dtype):
    controlled = repeng.ControlModel(model, list(DIRECTIONS))
    vector = repeng.ControlVector("llama", {layer: direction.numpy() for layer, direction in DIRECTIONS.items()})
    controlled.set_control(vector, STRENGTH)
    return controlled


def hooked(model, hooks):
    handles = [module.register_forward_hook(hook) for module, hook in hooks]
    return model, handles


def red(model, dtype):
    return hooked(model, [
        (block.mlp.down_proj, lambda _, __, y, s=s.to(dtype), b=b.to(dtype): y * s + b)
        for block, s, b in zip(model.model.layers, SCALES, BIASES)])[0]


def mlx(is_dora):
    def changed(model, dtype):
        def hook(a, b, m):
            def run(module, inputs, y):
                z = (inputs[0] @ a) @ b
                if not is_dora:
                    return y + SCALE * z
                adapted = module.weight + SCALE * b.T @ a.T
                return (m / adapted.norm(dim=1)) * (y + SCALE * z)
            return run

        return hooked(model, [
            (model.get_submodule(f"model.layers.{layer}.{name}"), hook(*(x.to(dtype) for x in parts)))
            for (layer, name), parts in LOW.items()])[0]

    return changed


CASES = {"control": control, "red": red, "mlx_lora": mlx(False), "mlx_dora": mlx(True)}


def main():
    ids = golden.random_ids(47, LENGTHS)

    def case(dtype):
        found = {}
        with torch.no_grad():
            for name, change in CASES.items():
                model = change(golden.load_model("llama_gqa_tied", dtype), dtype)
                for row, sequence in enumerate(ids):
                    found[f"{name}.{row}"] = model(input_ids=sequence[None]).logits[0]
        return found

    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    repeng.ControlVector("llama", {layer: direction.numpy() for layer, direction in DIRECTIONS.items()}).export_gguf(
        OUT / "control.gguf")
    (OUT / "steering.svec").write_text(json.dumps({
        "model_type": "llama", "directions": {str(layer): d.tolist() for layer, d in DIRECTIONS.items()},
        "explained_variances": {str(layer): 0.5 for layer in DIRECTIONS}}))
    (OUT / "red").mkdir()
    torch.save({f"model.layers.{layer}.mlp.down_proj.delta_vector.activation_{kind}": torch.nn.Parameter(values[layer])
                for layer in range(LAYERS) for kind, values in [("scaling", SCALES), ("bias", BIASES)]},
               OUT / "red" / "delta_vector.pth")
    for kind in ("lora", "dora"):
        (OUT / f"mlx_{kind}").mkdir()
        (OUT / f"mlx_{kind}" / "adapter_config.json").write_text(json.dumps({
            "fine_tune_type": kind, "num_layers": 2, "seed": 0, "lora_parameters": {
                "rank": RANK, "scale": SCALE, "dropout": 0.0, "keys": list(MODULES)}}, indent=4))
        tensors = {}
        for (layer, name), (a, b, m) in LOW.items():
            path = f"model.layers.{layer}.{name}"
            tensors |= {f"{path}.lora_a": a, f"{path}.lora_b": b, **({f"{path}.m": m} if kind == "dora" else {})}
        save_file(tensors, OUT / f"mlx_{kind}" / "adapters.safetensors")
    golden.write("foreign_vectors", case, {"prompts": PROMPTS}, {f"ids.{row}": value for row, value in enumerate(ids)},
                 together=lambda key: key.split(".")[0])


if __name__ == "__main__":
    main()
