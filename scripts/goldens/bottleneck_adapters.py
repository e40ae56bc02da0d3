"""Bottleneck adapters against the formulas of LLM-Adapters `peft/tuners/bottleneck.py`, stated plainly (README: golden.py).

Series (`output_adapter`; Houlsby et al., Pfeiffer et al.): y + s U act(D y) behind attention and network. Parallel
(`parallel_adapter`; He et al.): f(x) + s U act(D x) beside a projection. LLM-Adapters has no biases; Houlsby et al. have.
"""

import torch

import tapped

MODEL, LAYERS, WIDTH, WIDE, NARROW = "llama_gqa_tied", 3, 32, 56, 5
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


def shapes(sites, biases):
    found = {}
    for layer in range(LAYERS):
        for component, (inputs, outputs) in sites.items():
            found[f"{layer}.{component}.down"] = (NARROW, inputs)
            if biases:
                found[f"{layer}.{component}.down_bias"] = (NARROW,)
            found[f"{layer}.{component}.up"] = (outputs, NARROW)
            if biases:
                found[f"{layer}.{component}.up_bias"] = (outputs,)
    return found


def bottleneck(p, x, activation, scaling):
    narrow = torch.nn.functional.linear(x, p["down"], p.get("down_bias"))
    return scaling * torch.nn.functional.linear(ACTIVATIONS[activation](narrow), p["up"], p.get("up_bias"))


def series(activation, scaling):
    return lambda component, p: lambda y, x: y + bottleneck(p, y, activation, scaling)


def parallel(activation, scaling):
    return lambda component, p: lambda y, x: y + bottleneck(p, x, activation, scaling)


def write(name, method, edit, sites, seed, biases=False, activation="tanh", scaling=1.0):
    all_shapes = shapes(sites, biases)
    given = tapped.named("value", tapped.noise(all_shapes, seed)) | tapped.named(
        "start", tapped.noise(all_shapes, seed + 1, deviation=0.1))
    tapped.write(
        name, lambda dtype, values, _: tapped.Hooked(tapped.load(MODEL, dtype), values, edit(activation, scaling)), given,
        script="bottleneck_adapters.py", model=MODEL, method=method,
        settings={"bottleneck": NARROW, "activation": activation, "scaling": scaling, "biases": biases},
        locations=";".join(f"all.{component}@all" for component in sites), rate=5e-3)


def main():
    behind = {"attention_output": (WIDTH, WIDTH), "mlp_output": (WIDTH, WIDTH)}
    write("series_adapter", "series_adapter", series, behind, 410)
    write("series_adapter_biases", "series_adapter", series, {"mlp_output": (WIDTH, WIDTH)}, 420, biases=True,
          activation="relu", scaling=0.5)
    write("parallel_adapter", "parallel_adapter", parallel, {"mlp_up": (WIDTH, WIDE), "mlp_output": (WIDE, WIDTH)}, 430)
    write("parallel_adapter_biases", "parallel_adapter", parallel, {"attention_output": (WIDTH, WIDTH)}, 440, biases=True,
          activation="relu", scaling=0.5)


if __name__ == "__main__":
    main()
