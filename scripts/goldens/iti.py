"""Inference-time intervention against the formulas of likenneth/honest_llama stated plainly (README: golden.py, probes.py).

Heads' outputs z before o_proj at the last token of labelled texts; a logistic regression a head; the heads whose probes are
best on the validation texts; mean(true) - mean(false) over train and validation, made a unit vector; sigma, the population
deviation of the projections. Then z + alpha sigma theta, at every position and at the last token of each step.
The model is that of the golden `llama_gqa_tied`: four query heads a layer, two key heads.
"""

import warnings

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

import golden

MODEL, LAYERS, HEADS, WIDTH = "llama_gqa_tied", 3, 4, 8
TOP, ALPHA, TEXTS, PROMPT = 5, 6.0, 72, 6


def heads_of(model, ids):
    """[layers, heads, width] at the last token, from the input of o_proj."""
    kept = {}
    handles = [block.self_attn.o_proj.register_forward_pre_hook(
        lambda _, inputs, layer=layer: kept.__setitem__(layer, inputs[0][0, -1].unflatten(-1, (HEADS, WIDTH))))
        for layer, block in enumerate(model.model.layers)]
    with torch.no_grad():
        model(ids[None])
    for handle in handles:
        handle.remove()
    return torch.stack([kept[layer] for layer in range(LAYERS)])


def edited(model, ids, offsets, rows):
    """Logits with offsets [layers, heads, width] added at these positions."""
    def hook_of(layer):
        def hook(_, inputs):
            z = inputs[0].clone()
            z[0, rows] += offsets[layer].flatten()
            return (z,)
        return hook

    handles = [block.self_attn.o_proj.register_forward_pre_hook(hook_of(layer))
               for layer, block in enumerate(model.model.layers)]
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
    for handle in handles:
        handle.remove()
    return logits


def case(ids, labels, train, validation):
    labels = labels.numpy().astype(bool)
    developed = np.sort(np.concatenate([train.numpy(), validation.numpy()]))

    def run(dtype):
        model = golden.load_model(MODEL, dtype)
        z = torch.stack([heads_of(model, text) for text in ids])
        rows = z.double().numpy()
        accuracy = np.zeros((LAYERS, HEADS))
        theta, sigma, leaking, weights = (np.zeros((LAYERS, HEADS) + shape) for shape in [(WIDTH,), (), (), (WIDTH,)])
        for layer in range(LAYERS):
            for head in range(HEADS):
                x = rows[:, layer, head]
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    probe = LogisticRegression(solver="newton-cholesky", tol=1e-14, max_iter=1000).fit(
                        x[train], labels[train])
                accuracy[layer, head] = probe.score(x[validation], labels[validation])
                known, answers = x[developed], labels[developed]
                direction = known[answers].mean(0) - known[~answers].mean(0)
                direction /= np.linalg.norm(direction)
                theta[layer, head] = direction
                sigma[layer, head] = np.std(known @ direction)
                leaking[layer, head] = np.std(x @ direction)
                weights[layer, head] = probe.coef_[0] / np.linalg.norm(probe.coef_[0])
        flat = accuracy.flatten()
        order = sorted(range(len(flat)), key=lambda i: (flat[i], i), reverse=True)
        chosen = torch.zeros(LAYERS, HEADS, 1, dtype=dtype)
        for i in order[:TOP]:
            chosen[i // HEADS, i % HEADS] = 1
        offsets = chosen * torch.tensor(ALPHA * sigma[..., None] * theta, dtype=dtype)
        text = ids[0]
        return {
            "activations": z, "accuracy": torch.tensor(accuracy).float().to(dtype),
            "ranking": torch.tensor([[i // HEADS, i % HEADS] for i in order]),
            "theta": torch.tensor(theta, dtype=dtype), "sigma": torch.tensor(sigma, dtype=dtype),
            "sigma.leaking": torch.tensor(leaking, dtype=dtype), "probe_weight": torch.tensor(weights, dtype=dtype),
            "offsets": offsets,
            "logits.all": edited(model, text, offsets, list(range(len(text)))),
            # The last prompt token, and every token that was generated: the last of each forward pass.
            "logits.last": edited(model, text, offsets, list(range(PROMPT - 1, len(text)))),
            "folded": torch.stack([block.self_attn.o_proj.weight.detach() @ offsets[layer].flatten()
                                   for layer, block in enumerate(model.model.layers)]),
        }

    return run


def main():
    source = torch.Generator().manual_seed(77)
    lengths = [12] + torch.randint(4, 14, (TEXTS - 1,), generator=source).tolist()
    ids = golden.random_ids(501, lengths)
    # A text is true where its last token is of the upper half, with some mistakes.
    labels = torch.tensor([int(text[-1] > 48) for text in ids])
    flips = torch.rand(TEXTS, generator=source) < 0.1
    labels = torch.where(flips, 1 - labels, labels)
    order = torch.randperm(TEXTS, generator=source)
    train, validation, test = order[:40].sort().values, order[40:52].sort().values, order[52:].sort().values
    golden.write(
        "iti", case(ids, labels, train, validation),
        facts={"script": "scripts/goldens/iti.py", "model": MODEL, "top": TOP, "alpha": ALPHA, "prompt": PROMPT,
               "shapes": "activations [texts, layers, heads, width]; accuracy, sigma [layers, heads]; ranking [layers * heads, 2]"},
        inputs={**{f"ids.{i}": text for i, text in enumerate(ids)}, "labels": labels, "train": train,
                "validation": validation, "test": test})


if __name__ == "__main__":
    main()
