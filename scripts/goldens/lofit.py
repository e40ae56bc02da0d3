"""LoFiT, both stages, against the formulas of fc2869/lo-fit stated plainly (README: golden.py).

Every head's output z, before o_proj and at every position, becomes (1 + A) z + v. Stage 1 trains A on every head with an L1
penalty and ranks heads by the norm of A; stage 2 starts again from the untouched model and trains v on the heads on top.
The model is that of the golden `llama_gqa_tied`: four query heads a layer, two key heads.
"""

import torch
import transformers

import golden
from loreft import batch_of

MODEL, LAYERS, HEADS, WIDTH = "llama_gqa_tied", 3, 4, 8
TOP, STEPS, BATCH = 4, 20, 4
STAGE_1 = dict(lr=5e-3, l1=5e-3)
STAGE_2 = dict(lr=2e-2, l1=0.0)
PROMPTS = [4, 9, 6, 12, 5, 7, 10, 4, 8, 11, 6, 5]
LENGTHS = [9, 13, 7, 20, 11, 8, 16, 10, 9, 18, 14, 6]


def forward(model, ids, prompts, scale=None, bias=None):
    """`scale` and `bias` are [layers, heads, head_dim]."""
    def hook_of(layer):
        def hook(_, inputs):
            z = inputs[0].unflatten(-1, (HEADS, WIDTH))
            if scale is not None:
                z = (1 + scale[layer]) * z
            if bias is not None:
                z = z + bias[layer]
            return (z.flatten(-2),)
        return hook

    handles = [block.self_attn.o_proj.register_forward_pre_hook(hook_of(layer))
               for layer, block in enumerate(model.model.layers)]
    output = model(**batch_of(ids, prompts))
    for handle in handles:
        handle.remove()
    return output


def ranked(scale):
    """Heads (layer, head) by the norm of their scales, highest first; of equals the later one comes first."""
    scores = scale.detach().float().norm(dim=-1).flatten()
    order = sorted(range(len(scores)), key=lambda i: (scores[i].item(), i), reverse=True)
    return torch.tensor([[i // HEADS, i % HEADS] for i in order]), scores.reshape(LAYERS, HEADS)


def only(bias, heads):
    """Zero wherever the head is not among the chosen."""
    chosen = torch.zeros(LAYERS, HEADS, 1, dtype=bias.dtype)
    for layer, head in heads:
        chosen[layer, head] = 1
    return bias * chosen


def train(model, ids, prompts, parameter, lr, l1, edit):
    optimizer = torch.optim.AdamW([parameter], lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, STEPS)
    losses, task_losses = [], []
    for step in range(STEPS):
        rows = [(step * BATCH + i) % len(ids) for i in range(BATCH)]
        task_loss = forward(model, [ids[r] for r in rows], [prompts[r] for r in rows], **edit(parameter)).loss
        loss = task_loss + l1 * parameter.abs().sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([parameter], 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
        task_losses.append(task_loss.detach())
    return torch.stack(losses), torch.stack(task_losses)


def case(given, ids):
    def run(dtype):
        found = {}
        model = golden.load_model(MODEL, dtype).requires_grad_(False)
        heads = [tuple(pair) for pair in given["heads"].tolist()]
        edits = {"stage_1": lambda x: {"scale": x}, "stage_2": lambda x: {"bias": only(x, heads)}}
        for stage, settings in [("stage_1", STAGE_1), ("stage_2", STAGE_2)]:
            # One forward and backward with an edit that is large enough to see.
            value = given[f"{stage}.value"].to(dtype, copy=True).requires_grad_()
            for row in range(3):
                with torch.no_grad():
                    found[f"{stage}.logits.{row}"] = forward(model, [ids[row]], [PROMPTS[row]], **edits[stage](value)).logits[0]
            task_loss = forward(model, ids[:BATCH], PROMPTS[:BATCH], **edits[stage](value)).loss
            loss = task_loss + settings["l1"] * value.abs().sum()
            loss.backward()
            found |= {f"{stage}.task_loss": task_loss.detach().reshape(1), f"{stage}.loss": loss.detach().reshape(1),
                      f"{stage}.gradient": value.grad}
            # The training run, from the small start of the reference.
            trained = given[f"{stage}.start"].to(dtype, copy=True).requires_grad_()
            losses, task_losses = train(model, ids, PROMPTS, trained, edit=edits[stage], **settings)
            found |= {f"{stage}.losses": losses, f"{stage}.task_losses": task_losses, f"{stage}.final": trained.detach()}
            if stage == "stage_1":
                found[f"{stage}.ranking"], found[f"{stage}.scores"] = ranked(trained)
                assert heads == [tuple(pair) for pair in found[f"{stage}.ranking"].tolist()[:TOP]]
            else:
                # What `merge` folds in: (W_o v), a bias of o_proj.
                found[f"{stage}.folded"] = torch.stack([
                    block.self_attn.o_proj.weight @ only(trained, heads)[layer].flatten()
                    for layer, block in enumerate(model.model.layers)]).detach()
        return found

    return run


def main():
    ids = golden.random_ids(201, LENGTHS)
    source = torch.Generator().manual_seed(300)
    shape = (LAYERS, HEADS, WIDTH)
    given = {"stage_1.value": 0.3 * torch.randn(shape, generator=source),
             "stage_1.start": 1e-3 * torch.randn(shape, generator=source),
             "stage_2.value": 0.3 * torch.randn(shape, generator=source),
             "stage_2.start": 1e-3 * torch.randn(shape, generator=source)}
    first = given["stage_1.start"].clone().requires_grad_()
    train(golden.load_model(MODEL, torch.float32).requires_grad_(False), ids, PROMPTS, first, edit=lambda x: {"scale": x}, **STAGE_1)
    given["heads"] = ranked(first)[0][:TOP]
    for stage in ("stage_2.value", "stage_2.start"):
        given[stage] = only(given[stage], given["heads"].tolist())
    golden.write(
        "lofit", case(given, ids),
        facts={"script": "scripts/goldens/lofit.py", "model": MODEL, "prompts": PROMPTS, "lengths": LENGTHS, "steps": STEPS,
               "batch": BATCH, "rows": "step s takes rows (s * batch + i) % count, i < batch; the single loss takes rows 0..<batch",
               "stage_1": STAGE_1, "stage_2": {**STAGE_2, "heads": TOP},
               "optimizer": {"name": "AdamW", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "schedule": "linear",
                             "warmup": 0, "clip": 1.0},
               "shapes": "value, start, gradient, final [layers, heads, head_dim]; logits.i [n, vocab] of row i run alone; losses, "
                         "task_losses [steps] (with and without the L1 term); ranking [layers * heads, 2]; scores [layers, heads]; heads "
                         "[K, 2]: the heads of stage 2; folded [layers, hidden]: W_o v, the bias of o_proj that stage 2 amounts to"},
        inputs={**{f"ids.{row}": sequence for row, sequence in enumerate(ids)}, **given})


if __name__ == "__main__":
    main()
