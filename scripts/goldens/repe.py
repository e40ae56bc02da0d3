"""Representation engineering against the formulas of its repository stated plainly (README: golden.py, probes.py).

Reading: outputs of blocks at the last token of pairs; PCA of the recentred differences, signs by the labels; scores over a
text. Control: addition, piecewise addition, projection, each with and without the norm kept; contrast vectors of a positive and
a negative prompt at every step. And the condition of conditional steering (IBM/activation-steering): cosine of the mean hidden
state and tanh of its projection. The last block's output is taken from the block: hidden_states[-1] has the final norm on it.
The model is that of the golden `llama_gqa_tied`.
"""

import numpy as np
import torch
from sklearn.decomposition import PCA

import golden

MODEL, LAYERS, PAIRS = "llama_gqa_tied", 3, 21  # an odd number of pairs: no tie of signs
CONTROLLED, COEFFICIENT, ALPHA, STEPS = [0, 2], 1.7, 0.6, 6
CONTRASTED = [1, 2]


def run_blocks(model, ids, edits=None):
    """Outputs of every block [layers, n, d] and logits; `edits` maps a layer to a function of its output."""
    kept = {}

    def hook_of(layer):
        def hook(_, inputs, output):
            h = output[0] if isinstance(output, tuple) else output
            if edits and layer in edits:
                h = edits[layer](h)
            kept[layer] = h[0]
            return (h,) + tuple(output[1:]) if isinstance(output, tuple) else h
        return hook

    handles = [block.register_forward_hook(hook_of(layer)) for layer, block in enumerate(model.model.layers)]
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
    for handle in handles:
        handle.remove()
    return torch.stack([kept[layer] for layer in range(LAYERS)]), logits


def operated(h, c, operator, keeps_norm):
    if operator == "add":
        y = h + c
    elif operator == "piecewise":
        y = h + c * torch.sign((h * c).sum(-1, keepdim=True))
    else:
        y = h - ((h * c).sum(-1, keepdim=True) / (c * c).sum()) * c
    return y / y.norm(dim=-1, keepdim=True) * h.norm(dim=-1, keepdim=True) if keeps_norm else y


def contrast(model, prompts, start):
    """Greedy steps without a cache: three runs a step, c = alpha (h+ - h-) added to the base run's last tokens."""
    base, positive, negative = [prompt.tolist() for prompt in prompts]
    found = []
    for step in range(STEPS):
        up, _ = run_blocks(model, torch.tensor(positive))
        down, _ = run_blocks(model, torch.tensor(negative))
        count = step + 1  # the last prompt token, and every token generated since

        def edit(layer):
            def add(h):
                h = h.clone()
                h[0, -count:] += ALPHA * (up[layer, -count:] - down[layer, -count:])
                return h
            return add

        _, logits = run_blocks(model, torch.tensor(base), {layer: edit(layer) for layer in CONTRASTED})
        found.append(logits[-1])
        token = start[step].item()
        for text in (base, positive, negative):
            text.append(token)
    return torch.stack(found)


def case(ids, text, prompts, condition, tokens):
    def run(dtype):
        model = golden.load_model(MODEL, dtype)
        hidden = torch.stack([run_blocks(model, row)[0][:, -1] for row in ids])  # [texts, layers, d]
        found = {"hidden": hidden}
        directions, scores, signs = [], [], []
        blocks, _ = run_blocks(model, text)
        for layer in range(LAYERS):
            rows = hidden[:, layer].double().numpy()
            differences = rows[::2] - rows[1::2]
            mean = differences.mean(0)
            direction = PCA(1).fit(differences - mean).components_[0]
            projected = (rows - mean) @ direction
            pairs = projected.reshape(-1, 2)
            lowest, highest = np.mean(pairs.argmin(1) == 0), np.mean(pairs.argmax(1) == 0)
            sign = np.sign(highest - lowest)
            assert sign != 0
            directions.append(sign * direction)
            # A score is counted from the mean of the differences, as the reference has it.
            scores.append((blocks[layer].double().numpy() - mean) @ direction * sign)
        directions = torch.tensor(np.stack(directions), dtype=dtype)
        found |= {"directions": directions, "scores": torch.tensor(np.stack(scores), dtype=dtype),
                  "means": torch.stack([(hidden[::2, layer] - hidden[1::2, layer]).mean(0) for layer in range(LAYERS)])}
        for operator in ("add", "piecewise", "projection"):
            for keeps_norm in (False, True):
                edits = {layer: lambda h, c=COEFFICIENT * directions[layer]: operated(h, c, operator, keeps_norm)
                         for layer in CONTROLLED}
                found[f"logits.{operator}.{keeps_norm}"] = run_blocks(model, text, edits)[1]
        found["contrast"] = contrast(model, prompts, tokens)
        similarities = []
        c = condition.to(dtype)
        for row in ids:
            h = run_blocks(model, row)[0][1]
            each = []
            for state in (h.mean(0), h[-1]):
                for squash in (torch.tanh, lambda x: x):
                    y = squash(torch.outer(c, c) / (c @ c) @ state)
                    each.append(state @ y / (state.norm() * y.norm()))
            similarities.append(torch.stack(each))
        found["similarities"] = torch.stack(similarities)  # mean tanh, mean, last tanh, last
        return found

    return run


def main():
    source = torch.Generator().manual_seed(91)
    lengths = torch.randint(3, 12, (2 * PAIRS,), generator=source).tolist()
    ids = golden.random_ids(601, lengths)
    text = golden.random_ids(602, [14])[0]
    prompts = golden.random_ids(603, [7, 9, 8])
    condition = torch.randn(32, generator=source)
    # The tokens that follow, whatever the logits say: a near tie must not decide a golden.
    tokens = golden.random_ids(604, [STEPS])[0]
    golden.write(
        "repe", case(ids, text, prompts, condition, tokens),
        facts={"script": "scripts/goldens/repe.py", "model": MODEL, "controlled": CONTROLLED, "coefficient": COEFFICIENT,
               "contrasted": CONTRASTED, "alpha": ALPHA, "steps": STEPS, "condition_layer": 1,
               "shapes": "hidden [texts, layers, d], texts 2i positive and 2i + 1 negative; directions [layers, d]; scores "
                         "[layers, tokens]; contrast [steps, vocab]; similarities [texts, 4]: mean tanh, mean, last tanh, last"},
        inputs={**{f"ids.{i}": row for i, row in enumerate(ids)}, "text": text, "prompt.base": prompts[0],
                "prompt.positive": prompts[1], "prompt.negative": prompts[2], "condition": condition, "tokens": tokens})


if __name__ == "__main__":
    main()
