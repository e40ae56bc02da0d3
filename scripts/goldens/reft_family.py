"""The relatives of LoReFT against pyreft's classes, and ReFT-r1 against axbench's formulas (README: golden.py).

For each class of pyreft 0.1.0: logits, loss and every gradient of a tied and of an untied design, and twenty updates of
the tied one. Subspaces are the class of pyreft's composition notebook, restated here because the package lacks it. ReFT-r1
is restated from axbench (commit e9b8cd4): `TopKReLUIntervention`, `TopKReLUSubspaceIntervention`, `calculate_l1_losses`,
`set_decoder_norm_to_unit_norm`, `remove_gradient_parallel_to_decoder_directions`, in their order of calls.

The model, the rows and the positions are those of loreft.py, and so is the completion of orthonormal columns.
"""

import re

import pyreft
import torch
import transformers

import golden
import loreft

RANK, STEPS, RATE = loreft.RANK, 20, 5e-3
TIED = [(0, "f2+l2"), (1, "f2+l2"), (2, "f2+l2")]
UNTIED = [(0, "f2"), (2, "f2"), (0, "l2"), (2, "l2")]

CLASSES = {
    "direft": dict(cls=pyreft.NodireftIntervention, add_bias=False, activation="gelu"),
    "noreft": dict(cls=pyreft.NoreftIntervention, add_bias=True, activation="silu"),
    "noreft_plain": dict(cls=pyreft.NoreftIntervention, add_bias=False, activation="relu"),
    "consreft": dict(cls=pyreft.ConsreftIntervention, activation=None),
    "lobireft": dict(cls=pyreft.LobireftIntervention, activation=None),
    "direft_orthonormal": dict(cls=pyreft.DireftIntervention, activation="tanh"),
}
METHODS = {"noreft_plain": "noreft"}


# MARK: pyreft's classes

def reft_model(kind, edits, activation, dtype):
    torch.manual_seed(11)
    model = golden.load_model(loreft.MODEL, torch.float32)
    options = {key: value for key, value in kind.items() if key == "add_bias"}
    representations = [
        {"layer": layer, "component": "block_output", "low_rank_dimension": RANK,
         "intervention": kind["cls"](
             embed_dim=model.config.hidden_size, low_rank_dimension=RANK, dtype=torch.float32, act_fn=activation,
             dropout=0.0, **options)}
        for layer, _ in edits]
    reft = pyreft.get_reft_model(model, pyreft.ReftConfig(representations=representations))
    reft.model.to(dtype)
    found = [edit[0] if isinstance(edit, (tuple, list)) else edit for edit in reft.interventions.values()]
    for edit in found:
        if hasattr(edit, "rotate_layer"):
            loreft.complete(loreft.base_of(edit))
        edit.to(dtype)
    return reft, found


def parameters_of(edit):
    """Our names of a class's trainable tensors."""
    source = edit.learned_source
    found = {"bias": source} if isinstance(source, torch.nn.Parameter) else {"weight": source.weight, "bias": source.bias}
    if hasattr(edit, "proj_layer"):
        found["projection"] = edit.proj_layer.weight
        if edit.proj_layer.bias is not None:
            found["projection_bias"] = edit.proj_layer.bias
    else:
        found["coordinates"] = loreft.original_of(edit)
    return found


def starting(edits):
    """What an adapter is restored from: every parameter, or the base where it is in coordinates."""
    found = {}
    for index, edit in enumerate(edits):
        for name, value in parameters_of(edit).items():
            value = edit.rotate_layer.weight if name == "coordinates" else value
            found[f"edits.{index}.{'base' if name == 'coordinates' else name}"] = value.detach().clone()
    return found


def final(edits):
    return {key.replace("base", "rotation").replace("edits", "final"): value for key, value in starting(edits).items()}


def family_case(kind, edits, activation, ids, steps):
    design = {"edits": edits}

    def case(dtype):
        found = {}
        reft, parts = reft_model(kind, edits, activation, dtype)
        for row, (sequence, prompt) in enumerate(zip(ids, loreft.PROMPTS)):
            found[f"logits.{row}"] = loreft.pyreft_forward(reft, design, [sequence], [prompt]).logits[0].detach()
        output = loreft.pyreft_forward(reft, design, ids, loreft.PROMPTS)
        output.loss.backward()
        found["loss"] = output.loss.detach().reshape(1)
        for index, part in enumerate(parts):
            for name, value in parameters_of(part).items():
                found[f"gradients.{index}.{name}"] = value.grad.clone()
                value.grad = None
        if steps:
            found["losses"] = train(
                [value for part in parts for value in parameters_of(part).values()],
                lambda step: loreft.pyreft_forward(reft, design, ids, loreft.PROMPTS).loss, steps)
            found |= final(parts)
        return found

    return case


def train(parameters, loss_of, steps, rate=RATE, clip=1.0, before_step=lambda: None, report=None):
    """`steps` updates of AdamW under a linear schedule without warmup; the losses. `report` names what is written of a loss."""
    optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, steps)
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(step)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        before_step()
        optimizer.step()
        schedule.step()
        losses.append(loss.detach() if report is None else report())
    losses = torch.stack(losses)
    assert losses[-2:].sum() < losses[:2].sum(), losses
    return losses


# MARK: subspaces

PARTS = {"first": [0, 1], "second": [2]}
SETS = [["first"], ["second"], ["first", "second"], []]


class SubspaceLoreft(pyreft.LoreftIntervention):
    """The notebook's class: h + sum over the chosen k of (W h + b - R h)_k R_k, a list of indices for each row."""

    def forward(self, base, source=None, subspaces=None):
        R = self.rotate_layer.weight  # [d, r]
        difference = self.act_fn(self.learned_source(base)) - base @ R
        rows = [difference[row][:, chosen] @ R[:, chosen].T for row, chosen in enumerate(subspaces)]
        return self.dropout((base + torch.stack(rows)).to(base.dtype))


def subspace_case(ids):
    kind, design = {"cls": SubspaceLoreft}, {"edits": TIED}

    def forward(reft, rows, names):
        chosen = sorted(index for name in names for index in PARTS[name])
        where = [[loreft.positions(spec, loreft.PROMPTS[row]) for row in rows] for _, spec in TIED]
        _, output = reft(
            loreft.batch_of([ids[row] for row in rows], [loreft.PROMPTS[row] for row in rows]),
            unit_locations={"sources->base": (None, where)}, subspaces=[[chosen] * len(rows)] * len(TIED))
        return output

    def case(dtype):
        found = {}
        reft, parts = reft_model(kind, TIED, None, dtype)
        for number, names in enumerate(SETS):
            for row in range(2):
                found[f"logits.{number}.{row}"] = forward(reft, [row], names).logits[0].detach()
        loss = forward(reft, range(4), SETS[0]).loss
        loss.backward()
        found["loss"] = loss.detach().reshape(1)
        for index, part in enumerate(parts):
            for name, value in parameters_of(part).items():
                found[f"gradients.{index}.{name}"] = value.grad.clone()
        # The notebook's training: one ability in the first part, another in the second; here updates take turns.
        found["losses"] = train(
            [value for part in parts for value in parameters_of(part).values()],
            lambda step: forward(reft, [0, 1] if step % 2 == 0 else [2, 3], SETS[step % 2]).loss, STEPS)
        return found | final(parts)

    return case


# MARK: ReFT-r1

# The gradients are clipped to far less than axbench's 1, so that it shows when.
LAYER, TOP, L1, R1_RATE, R1_CLIP = 1, 3, 0.2, 0.02, 0.02


def r1_start():
    model = golden.load_model(loreft.MODEL, torch.float32)
    source = torch.Generator().manual_seed(5)
    return 0.01 + 0.05 * torch.randn(model.config.hidden_size, generator=source)


def r1_case(ids, form):
    def forward(model, v, sequence, mean_of=None):
        """Logits and latents of one row; every position but the first is edited."""
        latents = []

        def hook(_, __, output):
            h = output[0]
            latent = torch.relu(h[0, 1:] @ v)
            latents.append(latent)
            top = latent.topk(min(TOP, len(latent))).values.mean()
            removed = latent[:, None] * v if form == "clamping" else 0
            return (torch.cat([h[:, :1], h[:, 1:] - removed + top * v], dim=1), *output[1:])

        handle = model.model.layers[LAYER].register_forward_hook(hook)
        logits = model(sequence[None]).logits[0]
        handle.remove()
        return logits, latents[0]

    def objective(model, v, share):
        """Cross entropy of the response tokens, and axbench's sparsity term: the mean over the rows of the batch."""
        losses, count, sparsity = [], 0, []
        for sequence, prompt in zip(ids, loreft.PROMPTS):
            logits, latent = forward(model, v, sequence)
            losses.append(torch.nn.functional.cross_entropy(logits[prompt - 1:-1], sequence[prompt:], reduction="sum"))
            count += len(sequence) - prompt
            others = latent.scatter(0, latent.topk(TOP).indices, 0)
            sparsity.append(others.mean())
        return sum(losses) / count, share * L1 * torch.stack(sparsity).mean()

    def case(dtype):
        found = {}
        model = golden.load_model(loreft.MODEL, dtype).requires_grad_(False)
        v = torch.nn.Parameter(r1_start().to(dtype))
        for row, sequence in enumerate(ids):
            found[f"logits.{row}"] = forward(model, v, sequence)[0].detach()
        for row, sequence in enumerate(ids):
            plain = model(sequence[None], output_hidden_states=True).hidden_states[LAYER + 1][0]
            found[f"scores.{row}"] = torch.relu(plain @ v).detach()
        loss, sparsity = objective(model, v, 0.5)
        (loss + sparsity).backward()
        found["loss"], found["sparsity"] = loss.detach().reshape(1), sparsity.detach().reshape(1)
        found["gradient"] = v.grad.clone()
        v.grad = None
        kept = []

        def loss_of(step):
            loss, sparsity = objective(model, v, step / STEPS)
            kept[:] = [loss.detach()]
            return loss + sparsity

        @torch.no_grad()
        def before_step():
            v.data /= v.data.norm() + torch.finfo(torch.float32).eps
            v.grad -= (v.grad @ v.data) * v.data

        found["losses"] = train([v], loss_of, STEPS, R1_RATE, R1_CLIP, before_step, report=lambda: kept[0])
        found["final"] = v.detach().clone()
        return found

    return case


# MARK: files

FACTS = {"script": "scripts/goldens/reft_family.py", "model": loreft.MODEL, "pyreft": "0.1.0", "rank": RANK}
SHAPES = ("edits.i.base, rotation [d, r] with orthonormal columns; weight, projection [r, d]; bias, projection_bias [r]; logits.i "
          "[n, vocab] of row i run alone; loss [1]: mean over all response tokens of the batch of all rows; losses [steps] of "
          "updates on that batch, and what they leave")
OPTIMIZER = {"name": "AdamW", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "schedule": "linear", "warmup": 0,
             "clip": 1.0}


def kind_of(key):
    """Tensors of one kind share a tolerance, whatever row or edit they are of: a small one can be lucky.

    What training leaves is one kind: Adam moves all parameters by steps of one size, and their rounding with them.
    """
    return "final" if key.startswith("final") else re.sub(r"\.\d+", "", key)


def main():
    ids = golden.random_ids(200, loreft.LENGTHS)
    rows = {f"ids.{row}": sequence for row, sequence in enumerate(ids)}
    shared = {"prompts": loreft.PROMPTS, "lengths": loreft.LENGTHS, "shapes": SHAPES}
    for name, kind in CLASSES.items():
        for design, edits, activation in [("tied", TIED, None), ("untied", UNTIED, kind["activation"])]:
            if name == "noreft_plain" and design == "untied":
                continue
            steps = STEPS if design == "tied" else 0
            described = {"method": METHODS.get(name, name), "class": kind["cls"].__name__,
                         "edits": [{"layer": layer, "positions": spec} for layer, spec in edits],
                         "activation": activation or "linear", "steps": steps, "optimizer": {**OPTIMIZER, "lr": RATE}}
            golden.write(
                f"{name}_{design}", family_case(kind, edits, activation, ids, steps), facts={**FACTS, **described, **shared},
                inputs=rows | starting(reft_model(kind, edits, activation, torch.float32)[1]), together=kind_of)

    golden.write(
        "loreft_subspaces", subspace_case(ids),
        facts={**FACTS, "method": "loreft", "edits": [{"layer": layer, "positions": spec} for layer, spec in TIED],
               "activation": "linear", "subspaces": {name: len(indices) for name, indices in PARTS.items()}, "sets": SETS,
               "steps": STEPS, "rows": "step s trains rows 0 and 1 in set 0 when s is even, rows 2 and 3 in set 1 when odd",
               "optimizer": {**OPTIMIZER, "lr": RATE}, **shared},
        inputs=rows | starting(reft_model({"cls": SubspaceLoreft}, TIED, None, torch.float32)[1]), together=kind_of)

    for form in ["addition", "clamping"]:
        golden.write(
            f"reft_r1_{form}", r1_case(ids, form),
            facts={"script": FACTS["script"], "model": loreft.MODEL, "axbench": "e9b8cd4", "method": "reft_r1", "layer": LAYER,
                   "k": TOP, "l1": L1, "steps": STEPS, "optimizer": {**OPTIMIZER, "lr": R1_RATE, "clip": R1_CLIP}, "prompts": loreft.PROMPTS,
                   "lengths": loreft.LENGTHS,
                   "shapes": "direction [d]; logits.i [n, vocab] with every token but the first edited; scores.i [n] of the "
                             "model without the edit; loss, sparsity [1] half way through training (the latter with its "
                             "weight, the mean over the rows) and the gradient [d] of their sum; losses [steps] without the "
                             "sparsity term, and the final direction"},
            inputs=rows | {"direction": r1_start()}, together=kind_of)


if __name__ == "__main__":
    main()
