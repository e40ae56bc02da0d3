"""Full fine-tuning of one layer's projections against torch itself: their weights and biases require gradients.

Our tensors are offsets to the weights: `gradient.NAME` is that of the weight, `final.NAME` is how far training moved it.
README: golden.py and tapped.py.
"""

import torch

import tapped

MODEL, LAYER, WIDTH, HEADS, WIDE = "llama_mha_bias", 1, 32, 48, 56
SITES = {"query": (HEADS, WIDTH), "key": (HEADS, WIDTH), "value": (HEADS, WIDTH), "attention_output": (WIDTH, HEADS),
         "mlp_gate": (WIDE, WIDTH), "mlp_up": (WIDE, WIDTH), "mlp_output": (WIDTH, WIDE)}


def place(name):
    layer, component, kind = name.split(".")
    return f"model.layers.{layer}.{tapped.LLAMA[component][0]}.{kind}", None, False


def main():
    shapes = {}
    for component, shape in SITES.items():
        shapes |= {f"{LAYER}.{component}.weight": shape, f"{LAYER}.{component}.bias": shape[:1]}
    values = tapped.noise(shapes, 470, deviation=0.1)
    start = {name: torch.zeros(shape) for name, shape in shapes.items()}
    tapped.write(
        "full", lambda dtype, values, _: tapped.Own(tapped.load(MODEL, dtype), values, place),
        tapped.named("value", values) | tapped.named("start", start), script="full.py", model=MODEL, method="full",
        settings={}, locations=";".join(f"{LAYER}.{component}@all" for component in SITES), rate=2e-3, start_is_own=True)


if __name__ == "__main__":
    main()
