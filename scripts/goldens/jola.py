"""JoLA (arXiv 2502.01179) against the formulas of wenlai-lavine/jola `modeling_llama.py` and `trainers.py`, stated plainly.

z_i becomes (1 + g_m m_i) z_i + g_a a_i with one gate of each kind a head. A gate is hard concrete (Louizos et al., arXiv
1712.01312): in training sigmoid((logit(u) + phi) / temperature), u uniform, in inference sigmoid(phi), stretched to
(low, high) and cut to 0...1. The penalty is the probability that a gate is not zero, summed over gates.
u is drawn in the order of layers, for the scales' gates first. README: golden.py, tapped.py.
"""

import math

import torch

import tapped

MODEL, LAYERS, HEADS, WIDTH = "llama_gqa_tied", 3, 4, 8
TEMPERATURE, LOW, HIGH, EPSILON = 0.33, -0.1, 1.1, 1e-6
WEIGHTS = {"scale_gate": 0.02, "bias_gate": 0.05}
SITE = "head_attention_value_output"


def gates(phi, source):
    if source is None:
        concrete = torch.sigmoid(phi)
    else:
        # Drawn in float32 in both runs.
        u = (EPSILON + (1 - 2 * EPSILON) * torch.rand(phi.shape, generator=source)).to(phi.dtype)
        concrete = torch.sigmoid((torch.log(u) - torch.log(1 - u) + phi) / TEMPERATURE)
    return torch.clamp(concrete * (HIGH - LOW) + LOW, 0, 1)


def edit_of(source):
    def edit(component, p):
        scale_gate, bias_gate = gates(p["scale_gate"], source), gates(p["bias_gate"], source)

        def change(z, _):
            z = z.unflatten(-1, (HEADS, WIDTH))
            z = (1 + scale_gate[:, None] * p["scale"]) * z + bias_gate[:, None] * p["bias"]
            return z.flatten(-2)

        return change
    return edit


def penalty(subject):
    total = 0
    for name, phi in subject.leaves.items():
        if name.endswith("_gate"):
            is_open = torch.sigmoid(phi - TEMPERATURE * math.log(-LOW / HIGH))
            total = total + WEIGHTS[name.split(".")[2]] * is_open.clamp(EPSILON, 1 - EPSILON).sum()
    return total


def subject(dtype, values, seed):
    source = None if seed is None else torch.Generator().manual_seed(seed)
    return tapped.Hooked(tapped.load(MODEL, dtype), values, edit_of(source), penalty)


def main():
    shapes = {}
    for layer in range(LAYERS):
        for kind in ["scale", "bias"]:
            shapes |= {f"{layer}.{SITE}.{kind}": (HEADS, WIDTH), f"{layer}.{SITE}.{kind}_gate": (HEADS,)}
    values = tapped.noise(shapes, 490)
    start = {name: 3 * value if name.endswith("gate") else 0.1 * value for name, value in tapped.noise(shapes, 491).items()}
    tapped.write(
        "jola", subject, tapped.named("value", values) | tapped.named("start", start), script="jola.py", model=MODEL,
        method="jola", settings={"scale_penalty": WEIGHTS["scale_gate"], "bias_penalty": WEIGHTS["bias_gate"]},
        locations=f"all.{SITE}@all", rate=1e-2)


if __name__ == "__main__":
    main()
