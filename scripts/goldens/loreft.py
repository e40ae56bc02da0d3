"""LoReFT against pyreft: forward, loss and gradients of four designs, and training trajectories (README: golden.py).

The model is that of the golden `llama_gqa_tied`. Every prompt is long enough that pyreft edits the positions of the paper:
no truncated slots, no sink tokens; batches are padded on the right and positions are given to pyreft row by row.
"""

import pyreft
import pyvene
import torch
import transformers

import golden

MODEL, RANK = "llama_gqa_tied", 3
IGNORED = -100

# One entry an intervention: (layer, positions). Two for a layer mean an untied design: prefix and suffix apart.
DESIGNS = {
    "loreft_tied": dict(edits=[(0, "f2+l2"), (1, "f2+l2"), (2, "f2+l2")], activation=None),
    "loreft_untied": dict(edits=[(0, "f2"), (1, "f2"), (2, "f2"), (0, "l2"), (1, "l2"), (2, "l2")], activation=None),
    "loreft_relu": dict(edits=[(0, "f2+l2"), (1, "f2+l2"), (2, "f2+l2")], activation="relu"),
    "loreft_one": dict(edits=[(1, "l1")], activation=None),
}
PROMPTS, LENGTHS = [7, 5, 11, 4], [12, 9, 17, 14]
STEPS, BATCH, WARMUP, RATE = 50, 4, 5, 2e-3


def positions(spec, prompt):
    """The paper's positions of `f<p>+l<s>` in a prompt, 0-based and sorted."""
    chosen = set()
    for part in spec.split("+"):
        count = int(part[1:])
        chosen |= set(range(count)) if part[0] == "f" else set(range(prompt - count, prompt))
    assert len(chosen) == sum(int(part[1:]) for part in spec.split("+"))
    return sorted(chosen)


def batch_of(ids, prompts):
    """Padded rows, their mask, and labels on the response alone."""
    width = max(len(row) for row in ids)
    tokens = torch.zeros(len(ids), width, dtype=torch.long)
    labels = torch.full((len(ids), width), IGNORED)
    mask = torch.zeros(len(ids), width, dtype=torch.long)
    for row, (sequence, prompt) in enumerate(zip(ids, prompts)):
        tokens[row, :len(sequence)] = sequence
        mask[row, :len(sequence)] = 1
        labels[row, prompt:len(sequence)] = sequence[prompt:]
    return {"input_ids": tokens, "attention_mask": mask, "labels": labels}


# MARK: pyreft

def pyreft_model(design, dtype, seed=7):
    torch.manual_seed(seed)
    model = golden.load_model(MODEL, torch.float32)
    representations = [
        {"layer": layer, "component": "block_output", "low_rank_dimension": RANK,
         "intervention": pyreft.LoreftIntervention(
             embed_dim=model.config.hidden_size, low_rank_dimension=RANK, dtype=torch.float32,
             act_fn=design["activation"], dropout=0.0)}
        for layer, _ in design["edits"]]
    reft = pyreft.get_reft_model(model, pyreft.ReftConfig(representations=representations))
    reft.model.to(dtype)
    edits = list(reft.interventions.values())
    edits = [edit[0] if isinstance(edit, (tuple, list)) else edit for edit in edits]
    for edit in edits:
        complete(base_of(edit))
        edit.to(dtype)
    return reft, edits


@torch.no_grad()
def complete(base):
    """Replaces the random columns that torch completes a base with by those of the QR factorisation of its first r.

    Any orthonormal completion is as good a draw as torch's own; this one is known to whoever holds the d x r columns.
    """
    Q, upper = torch.linalg.qr(base[:, :RANK], mode="complete")
    Q[:, :RANK] *= upper.diagonal().sign()
    torch.testing.assert_close(Q[:, :RANK], base[:, :RANK])
    base.copy_(Q)


def pyreft_forward(reft, design, ids, prompts):
    where = [[positions(spec, prompt) for prompt in prompts] for _, spec in design["edits"]]
    _, output = reft(batch_of(ids, prompts), unit_locations={"sources->base": (None, where)})
    return output


def original_of(edit):
    return edit.rotate_layer.parametrizations.weight.original


def base_of(edit):
    return edit.rotate_layer.parametrizations.weight[0].base


# MARK: the same, stated plainly

def loreft(h, R, W, b, activation):
    """h + R (sigma(W h + b) - R^T h), with R [d, r] and h [.., d]."""
    return h + (activation(h @ W.T + b) - h @ R) @ R.T


def plain_forward(model, design, ids, prompts, parameters, record=None):
    """The forward pass with edits as hooks; `parameters` lists (R, W, b). Records what leaves each block."""
    activation = torch.relu if design["activation"] == "relu" else (lambda x: x)

    def hook_of(layer):
        def hook(_, __, output):
            h = output[0]
            for (place, spec), (R, W, b) in zip(design["edits"], parameters):
                if place == layer:
                    chosen = torch.zeros(h.shape[:2], dtype=torch.bool)
                    for row, prompt in enumerate(prompts):
                        chosen[row, positions(spec, prompt)] = True
                    h = torch.where(chosen[:, :, None], loreft(h, R, W, b, activation), h)
            if record is not None:
                record[f"blocks.{layer}.output"] = h[0].detach()
            return (h, *output[1:])
        return hook

    handles = [block.register_forward_hook(hook_of(layer)) for layer, block in enumerate(model.model.layers)]
    output = model(**batch_of(ids, prompts))
    for handle in handles:
        handle.remove()
    return output


def householder(original, base):
    """torch's orthogonal parametrisation with its defaults, in full: base H_1 .. H_r, first r columns, signs of the diagonal."""
    below = original.tril(-1)
    Q = torch.eye(original.shape[0], dtype=original.dtype)
    for k in range(original.shape[1]):
        v = below[:, k] + torch.eye(original.shape[0], dtype=original.dtype)[k]
        Q = Q - 2 / (v @ v) * (Q @ v)[:, None] * v[None, :]
    return base @ (Q[:, :original.shape[1]] * original.diagonal().int())


def snapshot(edits):
    found = {}
    for index, edit in enumerate(edits):
        found[f"edits.{index}.R"] = edit.rotate_layer.weight.detach().clone()
        found[f"edits.{index}.W"] = edit.learned_source.weight.detach().clone()
        found[f"edits.{index}.b"] = edit.learned_source.bias.detach().clone()
    return found


# MARK: forward, loss, gradients

def forward_case(design, ids):
    def case(dtype):
        found = {}
        reft, edits = pyreft_model(design, dtype)
        for row, (sequence, prompt) in enumerate(zip(ids, PROMPTS)):
            found[f"logits.{row}"] = pyreft_forward(reft, design, [sequence], [prompt]).logits[0].detach()
        output = pyreft_forward(reft, design, ids, PROMPTS)
        output.loss.backward()
        found["loss"] = output.loss.detach().reshape(1)
        for index, edit in enumerate(edits):
            found[f"gradients.{index}.W"] = edit.learned_source.weight.grad
            found[f"gradients.{index}.b"] = edit.learned_source.bias.grad
            found[f"gradients.{index}.original"] = original_of(edit).grad

        # R as a free matrix: its Euclidean gradient, which pyreft never forms.
        model = golden.load_model(MODEL, dtype).requires_grad_(False)
        leaves = [tuple(part.requires_grad_() for part in
                        (start[f"edits.{i}.R"], start[f"edits.{i}.W"], start[f"edits.{i}.b"]))
                  for start in [snapshot(edits)] for i in range(len(edits))]
        plain = plain_forward(model, design, ids, PROMPTS, leaves)
        plain.loss.backward()
        torch.testing.assert_close(plain.loss, output.loss)
        for index, (R, W, b) in enumerate(leaves):
            torch.testing.assert_close(W.grad, found[f"gradients.{index}.W"], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(b.grad, found[f"gradients.{index}.b"], rtol=1e-4, atol=1e-5)
            found[f"gradients.{index}.R"] = R.grad
        with torch.no_grad():
            alone = plain_forward(model, design, ids[:1], PROMPTS[:1], leaves, record=found).logits[0]
        torch.testing.assert_close(alone, found["logits.0"], rtol=1e-4, atol=1e-5)
        return found

    return case


# MARK: trajectories

def train(parameters, forward, ids, prompts):
    """Losses and gradient norms."""
    optimizer = torch.optim.AdamW(parameters, lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    losses, norms = [], []
    for step in range(STEPS):
        rows = [(step * BATCH + i) % len(ids) for i in range(BATCH)]
        loss = forward([ids[row] for row in rows], [prompts[row] for row in rows])
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, 1.0).detach())
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
    return torch.stack(losses), torch.stack(norms)


def trajectory_case(ids, prompts):
    design = DESIGNS["loreft_tied"]

    def plain_losses(dtype):
        """The same run by the plain statement of the edit and of torch's parametrisation."""
        _, edits = pyreft_model(design, dtype)
        model = golden.load_model(MODEL, dtype).requires_grad_(False)
        start = snapshot(edits)
        W = [start[f"edits.{i}.W"].requires_grad_() for i in range(len(edits))]
        b = [start[f"edits.{i}.b"].requires_grad_() for i in range(len(edits))]
        turned = [original_of(edit).detach().clone().requires_grad_() for edit in edits]
        columns = lambda: [householder(original, base_of(edit)) for original, edit in zip(turned, edits)]
        losses, _ = train(
            [*turned, *W, *b], lambda i, p: plain_forward(model, design, i, p, list(zip(columns(), W, b))).loss, ids, prompts)
        return losses

    def case(dtype):
        reft, edits = pyreft_model(design, dtype)
        parameters = [part for edit in edits for part in edit.parameters()]
        losses, norms = train(parameters, lambda i, p: pyreft_forward(reft, design, i, p).loss, ids, prompts)
        torch.testing.assert_close(plain_losses(dtype), losses, rtol=2e-5, atol=0)
        return {"losses": losses, "gradient_norms": norms} | {f"final.{key}": value for key, value in snapshot(edits).items()}

    return case


FACTS = {"script": "scripts/goldens/loreft.py", "model": MODEL, "rank": RANK, "pyreft": "0.1.0",
         "pyvene": pyvene.__version__ if hasattr(pyvene, "__version__") else "0.1.8"}
SHAPES = ("edits.i.R [d, r] with orthonormal columns, edits.i.base [d, d], edits.i.W [r, d], edits.i.b [r]; logits.i [n, vocab] of "
          "row i run alone; blocks.l.output [n, d] of row 0 after the edit; loss [1]: mean over all response tokens of the batch of all rows; "
          "gradients of it: gradients.i.original is that of pyreft's Householder coordinates, gradients.i.R [d, r] the Euclidean one")


def starting(edits):
    found = snapshot(edits)
    for index, edit in enumerate(edits):
        found[f"edits.{index}.base"] = base_of(edit).detach().clone()
    return found


def main():
    ids = golden.random_ids(200, LENGTHS)
    for name, design in DESIGNS.items():
        golden.write(
            name, forward_case(design, ids),
            facts={**FACTS, "edits": [{"layer": layer, "positions": spec} for layer, spec in design["edits"]],
                   "activation": design["activation"] or "linear", "prompts": PROMPTS, "lengths": LENGTHS, "shapes": SHAPES},
            inputs={f"ids.{row}": sequence for row, sequence in enumerate(ids)} |
                   starting(pyreft_model(design, torch.float32)[1]))

    prompts = [4, 9, 6, 12, 5, 7, 10, 4, 8, 11, 6, 5]
    lengths = [9, 13, 7, 20, 11, 8, 16, 10, 9, 18, 14, 6]
    ids = golden.random_ids(201, lengths)
    design = DESIGNS["loreft_tied"]
    golden.write(
        "loreft_training", trajectory_case(ids, prompts),
        facts={**FACTS, "edits": [{"layer": layer, "positions": spec} for layer, spec in design["edits"]],
               "activation": "linear", "prompts": prompts, "lengths": lengths,
               "steps": STEPS, "batch": BATCH, "rows": "step s takes rows (s * batch + i) % count, i < batch",
               "optimizer": {"name": "AdamW", "lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0,
                             "schedule": "linear", "warmup": WARMUP, "clip": 1.0},
               "shapes": "losses [steps], gradient_norms [steps] (before clipping), final.edits.i.R [d, r], W [r, d], b [r]"},
        inputs={f"ids.{row}": sequence for row, sequence in enumerate(ids)} | starting(pyreft_model(design, torch.float32)[1]))


if __name__ == "__main__":
    main()
