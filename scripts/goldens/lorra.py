"""Low-rank representation adaptation against its formula (arXiv 2310.01405, algorithm 1; RepE's lorra_finetune) with peft's LoRA.

The loss is written out on transformers' hidden states: the mean over layers and response tokens of the L2 norm of
h_lora(x) - (h(x) + alpha (h(x+) - h(x-))), with the adapter switched off for the targets. README: golden.py.
"""

import peft
import torch

import golden

# Not the last layer: transformers lists its state after the final norm.
MODEL, LAYERS, ALPHA, TOKENS = "llama_gqa_tied", [0, 1], 5.0, 3
PROMPTS = [([4, 9, 7], [6, 12, 33], [6, 15, 33]), ([8, 2 + 3, 40, 41], [50, 51], [60, 61, 62, 63, 64])]
RESPONSES = [[21, 22], [31, 32, 33, 34, 35]]
STEPS, RATE = 20, 1e-2


def model_of(dtype):
    torch.manual_seed(13)
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=6, target_modules=["q_proj", "v_proj"],
                             layers_to_transform=LAYERS)
    model = peft.get_peft_model(golden.load_model(MODEL, torch.float32), config)
    source = torch.Generator().manual_seed(5)
    for key, value in model.named_parameters():
        if "lora_B" in key:
            value.data.copy_(0.1 * torch.randn(value.shape, generator=source))
    return model.to(dtype).eval()


def states(model, prompt, response):
    ids = torch.tensor([prompt + response])
    hidden = model(input_ids=ids, output_hidden_states=True).hidden_states
    count = min(TOKENS, len(response))
    return torch.stack([hidden[layer + 1][0, len(prompt):len(prompt) + count] for layer in LAYERS])


def loss_of(model):
    total, terms = 0, 0
    for (plain, positive, negative), response in zip(PROMPTS, RESPONSES):
        with torch.no_grad(), model.disable_adapter():
            target = states(model, plain, response) + ALPHA * (
                states(model, positive, response) - states(model, negative, response))
        distance = torch.linalg.vector_norm(states(model, plain, response) - target, dim=-1)
        total, terms = total + distance.sum(), terms + distance.numel()
    return total / terms


def lora_of(model):
    """Our names of the trained tensors."""
    sites = {"q_proj": "query", "v_proj": "value"}
    found = {}
    for key, value in model.named_parameters():
        if value.requires_grad:
            parts = key.split(".")
            found[f"{parts[parts.index('layers') + 1]}.{sites[parts[-4]]}.{parts[-3][-1]}"] = value
    return found


def case(dtype):
    model = model_of(dtype)
    loss = loss_of(model)
    loss.backward()
    found = {"loss": loss.detach()[None]}
    for key, value in lora_of(model).items():
        found[f"gradients.{key}"] = value.grad.clone()
    optimizer = torch.optim.AdamW(lora_of(model).values(), lr=RATE, weight_decay=0.0)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    assert losses[-1] < losses[0]
    return found | {"losses": torch.stack(losses)}


def main():
    start = {f"start.{key}": value.detach().clone() for key, value in lora_of(model_of(torch.float32)).items()}
    golden.write(
        "lorra", case,
        facts={"script": "scripts/goldens/lorra.py", "model": MODEL, "peft": peft.__version__, "layers": LAYERS, "alpha": ALPHA,
               "tokens": TOKENS, "prompts": PROMPTS, "responses": RESPONSES, "settings": {"rank": 3, "alpha": 6},
               "optimizer": {"name": "AdamW", "lr": RATE, "weight_decay": 0.0, "steps": STEPS},
               "shapes": "start.* and gradients.* by our names: A [r, in], B [out, r]; loss [1]; losses [steps]"},
        inputs=start)


if __name__ == "__main__":
    main()
