#!/usr/bin/env python3
"""Training by the peers: LoReFT by pyreft, LoRA by peft, LoFiT and RED stated plainly in PyTorch on transformers.

AdamW, linear schedule, clipping at 1, rows padded to the longest of their batch, the loss that transformers computes from
`labels`. A round takes `steps` updates of the orders that our trainer takes, and goes on where the last one ended.
"""

import serving
import torch
import transformers

import clutrr


def padded(rows, model):
    return {name: tensor.to(model.device) for name, tensor in clutrr.padded(rows).items()}


def loreft(model, job):
    """pyreft's LoReFT at the first and last positions of the prompt, on the output of every layer."""
    import pyreft

    layers, count, rank = model.config.num_hidden_layers, job["positions"], job["rank"]
    edited = range(layers)[-job.get("layers", layers):]
    reft = pyreft.get_reft_model(model, pyreft.ReftConfig(representations=[
        {"layer": layer, "component": "block_output", "low_rank_dimension": rank,
         "intervention": pyreft.LoreftIntervention(
             embed_dim=model.config.hidden_size, low_rank_dimension=rank, dtype=model.dtype)} for layer in edited]))
    reft.set_device(model.device)

    def loss(rows):
        positions = [[*range(count), *range(prompt - count, prompt)] for _, prompt in rows]
        _, output = reft(padded(rows, model), unit_locations={"sources->base": (None, [positions] * len(edited))})
        return output.loss

    parts = [part for edit in reft.interventions.values()
             for part in (edit[0] if isinstance(edit, (tuple, list)) else edit).parameters() if part.requires_grad]
    return loss, parts


def lora(model, job):
    """peft's LoRA on queries and values."""
    import peft

    model = peft.get_peft_model(model, peft.LoraConfig(
        task_type="CAUSAL_LM", r=job["rank"], lora_alpha=job["alpha"], target_modules=["q_proj", "v_proj"]))
    return (lambda rows: model(**padded(rows, model)).loss), [part for part in model.parameters() if part.requires_grad]


def lofit(model, job):
    """Scales of all heads (stage 1), or offsets on some (stage 2): hooks before the output projection."""
    shape = (model.config.num_hidden_layers, model.config.num_attention_heads, model.config.head_dim)
    model.requires_grad_(False)
    heads, edit = job.get("heads"), {}

    def hook_of(layer):
        def hook(_, inputs):
            z = inputs[0].unflatten(-1, shape[1:])
            z = (1 + edit["scale"][layer]) * z if "scale" in edit else z + edit["bias"][layer]
            return (z.flatten(-2),)
        return hook

    for layer, block in enumerate(model.model.layers):
        if heads is None or any(layer == chosen for chosen, _ in heads):
            block.self_attn.o_proj.register_forward_pre_hook(hook_of(layer))
    if heads is None:
        scale = edit["scale"] = (1e-3 * torch.randn(shape)).requires_grad_()
        return (lambda rows: model(**padded(rows, model)).loss + job["l1"] * scale.abs().sum()), [scale]
    layers, columns = torch.tensor(heads).T
    bias = (1e-3 * torch.randn(len(heads), shape[2])).requires_grad_()

    def loss(rows):
        edit["bias"] = torch.zeros(shape).index_put((layers, columns), bias)
        return model(**padded(rows, model)).loss

    return loss, [bias]


def red(model, _):
    """RED: a scale and an offset for each entry of every network's output."""
    model.requires_grad_(False)
    parts = []
    for block in model.model.layers:
        scale = torch.ones(model.config.hidden_size, requires_grad=True)
        bias = torch.zeros(model.config.hidden_size, requires_grad=True)
        parts += [scale, bias]
        block.mlp.register_forward_hook(lambda _, __, output, scale=scale, bias=bias: output * scale + bias)
    return (lambda rows: model(**padded(rows, model)).loss), parts


METHODS = {"loreft": loreft, "lora": lora, "lofit": lofit, "red": red}


def main():
    job = serving.job()
    torch.manual_seed(42)
    model = serving.load_model(job)
    loss_of, parameters = METHODS[job["method"]](model, job)
    rows = [(example["tokens"], example["prompt"]) for example in job["examples"]]
    batch = job["batch"]
    batches = [[rows[i] for i in order[start:start + batch]] for order in job["orders"]
               for start in range(0, len(order), batch)]
    optimizer = torch.optim.AdamW(parameters, lr=job["rate"], weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, int(0.1 * len(batches)), len(batches))
    waiting = iter(batches)
    model.train()

    def work(request):
        losses, padded = [], 0
        for _ in range(request["steps"]):
            chosen = next(waiting)
            padded += len(chosen) * max(len(ids) for ids, _ in chosen)
            loss = loss_of(chosen)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        peak = torch.cuda.max_memory_allocated() if model.device.type == "cuda" else 0
        return {"losses": losses, "padded": padded, "device_peak": peak}

    serving.serve(work, parameters=sum(part.numel() for part in parameters))


if __name__ == "__main__":
    main()
