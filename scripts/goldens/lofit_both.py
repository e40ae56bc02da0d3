"""LoFiT with scales and offsets at once: (1 + A) z + v on chosen heads, the formula of fc2869/lo-fit `modeling_llama.py`.

The repository trains the one or the other; both is the same line of it with neither at zero. README: golden.py, tapped.py.
"""

import torch

import tapped

MODEL, HEADS, WIDTH = "llama_gqa_tied", 4, 8
CHOSEN = {0: [0, 1, 2, 3], 1: [1, 3], 2: [2]}


def edit_of(component, p):
    heads = next(chosen for chosen in CHOSEN.values() if len(chosen) == len(p["scale"]))

    def edit(z, _):
        found = []
        for head, z_i in enumerate(z.split(WIDTH, dim=-1)):
            if head in heads:
                row = heads.index(head)
                z_i = (1 + p["scale"][row]) * z_i + p["bias"][row]
            found.append(z_i)
        return torch.cat(found, dim=-1)

    return edit


def main():
    site = "head_attention_value_output"
    shapes = {f"{layer}.{site}.{part}": (len(heads), WIDTH) for layer, heads in CHOSEN.items() for part in ["scale", "bias"]}
    given = tapped.named("value", tapped.noise(shapes, 480)) | tapped.named(
        "start", tapped.noise(shapes, 481, deviation=1e-3))
    locations = ";".join(f"{layer}.{site}[{','.join(map(str, heads))}]@all" for layer, heads in CHOSEN.items())
    tapped.write(
        "lofit_both", lambda dtype, values, _: tapped.Hooked(tapped.load(MODEL, dtype), values, edit_of), given,
        script="lofit_both.py", model=MODEL, method="lofit", settings={"part": "both", "deviation": 0.001},
        locations=locations, rate=1e-2)


if __name__ == "__main__":
    main()
