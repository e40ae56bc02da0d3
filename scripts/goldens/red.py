"""RED against the formula of mlwu22/RED `model.py` (ActivationLayer, layer_type "all"): y s + b behind each down_proj.

README: golden.py and tapped.py.
"""

import torch

import tapped

MODEL, LAYERS, WIDTH = "llama_gqa_tied", 3, 32
SHAPES = {f"{layer}.mlp_output.{name}": (WIDTH,) for layer in range(LAYERS) for name in ["scale", "bias"]}


def is_scale(name):
    return 1.0 if name.endswith("scale") else 0.0


def edit(component, p):
    return lambda y, x: y * p["scale"] + p["bias"]


def main():
    start = {name: torch.full(shape, is_scale(name)) for name, shape in SHAPES.items()}
    given = tapped.named("value", tapped.noise(SHAPES, 400, around=is_scale)) | tapped.named("start", start)
    tapped.write(
        "red", lambda dtype, values, seed: tapped.Hooked(tapped.load(MODEL, dtype), values, edit), given,
        script="red.py", model=MODEL, method="red", settings={}, locations="all.mlp_output@all", rate=2e-2, start_is_own=True)


if __name__ == "__main__":
    main()
