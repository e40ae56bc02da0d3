"""LoRA, DoRA, (IA)3 and VeRA against peft: forward, loss, every gradient, and a training run (README: golden.py).

Beside the set of golden.py: `pip install --no-deps peft==0.13.2`.

The base is a tiny Llama of the goldens; batches are padded on the right. The adapter starts at random numbers, not at peft's
initialisation, where half of the gradients are zero. Tensors are named as swift-reft names them: site, then letter of the paper.
"""

import re

import peft
import torch
import transformers

import golden
from loreft import batch_of

PROMPTS, LENGTHS = [4, 9, 6, 12, 5, 7, 10, 4], [9, 13, 7, 20, 11, 8, 16, 10]
ROWS, STEPS, BATCH, RATE = 2, 20, 4, 3e-3

SITES = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "o_proj": "attention_output",
         "gate_proj": "mlp_gate", "up_proj": "mlp_up", "down_proj": "mlp_output"}
LETTERS = {"lora_A": "A", "lora_B": "B", "lora_magnitude_vector": "magnitude", "ia3_l": "scale",
           "vera_lambda_d": "d", "vera_lambda_b": "b"}
LINEAR = list(SITES)


def settings(**more):
    return dict(task_type="CAUSAL_LM", **more)


# What peft is told, and the same in our words.
CASES = {
    "lora": dict(
        base="llama_gqa_tied", method="lora", config=lambda: peft.LoraConfig(
            **settings(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
        settings={"rank": 4, "alpha": 8}),
    "lora_patterns": dict(
        base="llama_gqa_tied", method="lora", config=lambda: peft.LoraConfig(
            **settings(r=3, lora_alpha=6, use_rslora=True, target_modules=LINEAR,
                       rank_pattern={"q_proj": 2, "layers.1.mlp.down_proj": 5},
                       alpha_pattern={"v_proj": 4, "layers.[12].mlp.up_proj": 9.5})),
        settings={"rank": 3, "alpha": 6, "rslora": True, "rank_pattern": {"query": 2, "1.mlp_output": 5},
                  "alpha_pattern": {"value": 4, "1..2.mlp_up": 9.5}}),
    "dora": dict(
        base="llama_gqa_tied", method="dora", config=lambda: peft.LoraConfig(
            **settings(r=3, lora_alpha=6, use_dora=True, target_modules=LINEAR)),
        settings={"rank": 3, "alpha": 6}),
    "dora_bias": dict(
        base="llama_mha_bias", method="dora", config=lambda: peft.LoraConfig(
            **settings(r=4, lora_alpha=4, use_dora=True, target_modules=["q_proj", "o_proj"])),
        settings={"rank": 4, "alpha": 4}),
    "ia3": dict(
        base="llama_gqa_tied", method="ia3", config=lambda: peft.IA3Config(
            **settings(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"])),
        settings={}),
    "vera": dict(
        base="llama_gqa_tied", method="vera", config=lambda: peft.VeraConfig(
            **settings(r=6, target_modules=["q_proj", "v_proj", "down_proj"], projection_prng_key=5, d_initial=0.1)),
        settings={"rank": 6, "projection_prng_key": 5}),
}


def place_of(name):
    """`...layers.1.mlp.down_proj.lora_A.default.weight` is `1.mlp_output.A`; the input of down_proj is scaled by (IA)3."""
    layer, projection, kind = re.search(r"layers\.(\d+)\.\w+\.(\w+)\.(\w+)\.default", name).groups()
    site = "mlp_activation" if kind == "ia3_l" and projection == "down_proj" else SITES[projection]
    return f"{layer}.{site}.{LETTERS[kind]}"


def peft_model(case, dtype):
    base = golden.load_model(case["base"], torch.float32)
    model = peft.get_peft_model(base, case["config"]())
    source = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                noise = torch.randn(parameter.shape, generator=source)
                letter = place_of(name).rsplit(".", 1)[1]
                # A, B and d around zero; magnitudes and scales around where they start.
                parameter.copy_(0.15 * noise if letter in "ABdb" else parameter * (1 + 0.2 * noise))
    model = model.to(dtype).eval()
    trained = {place_of(name): parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    return model, trained


def shaped(parameters):
    """peft keeps the scales of (IA)3 as a row or a column."""
    return {name: value.flatten() if name.endswith(".scale") else value for name, value in parameters.items()}


def case_of(case, ids):
    def run(dtype):
        model, trained = peft_model(case, dtype)
        found = {}
        with torch.no_grad():
            for row in range(ROWS):
                found[f"logits.{row}"] = model(**batch_of([ids[row]], [PROMPTS[row]])).logits[0]
        loss = model(**batch_of(ids[:BATCH], PROMPTS[:BATCH])).loss
        loss.backward()
        found["loss"] = loss.detach().reshape(1)
        found |= shaped({f"gradients.{name}": p.grad.clone() for name, p in trained.items()})

        optimizer = torch.optim.AdamW(trained.values(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
        schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, STEPS)
        losses = []
        for step in range(STEPS):
            rows = [(step * BATCH + i) % len(ids) for i in range(BATCH)]
            loss = model(**batch_of([ids[row] for row in rows], [PROMPTS[row] for row in rows])).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        found["losses"] = torch.stack(losses)
        assert losses[-1] < losses[0]
        return found

    return run


def main():
    ids = golden.random_ids(210, LENGTHS)
    for name, case in CASES.items():
        model, trained = peft_model(case, torch.float32)
        inputs = {f"ids.{row}": sequence for row, sequence in enumerate(ids)}
        inputs |= shaped({f"start.{key}": value for key, value in trained.items()})
        if case["method"] == "vera":
            inputs |= {"shared.A": model.base_model.vera_A["default"], "shared.B": model.base_model.vera_B["default"]}
        golden.write(
            name, case_of(case, ids),
            facts={"script": "scripts/goldens/lora.py", "peft": peft.__version__, "model": case["base"],
                   "method": case["method"], "settings": case["settings"], "prompts": PROMPTS, "lengths": LENGTHS,
                   "rows": ROWS, "steps": STEPS, "batch": BATCH,
                   "step": "step s takes rows (s * batch + i) % count, i < batch",
                   "optimizer": {"name": "AdamW", "lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0,
                                 "schedule": "linear", "warmup": 0, "clip": 1.0},
                   "shapes": "start.<site>.<letter>: A [r, in], B [out, r], magnitude [out], scale [width], d [r], b [out]; "
                             "logits.i [n, vocab] of row i alone; loss [1] of the first batch, mean over its response tokens; "
                             "gradients.<site>.<letter> of it; losses [steps]"},
            inputs=inputs)


if __name__ == "__main__":
    main()
