"""Prefix and prompt tuning against peft: forward, loss, gradients, a generation with a cache, and training (README: golden.py).

The model is that of the golden `llama_gqa_tied`; prompts of true lengths are run one by one, so that nothing depends on padding.
"""

import peft
import torch

import golden

MODEL = "llama_gqa_tied"
PROMPTS, LENGTHS = [7, 5, 11, 4], [12, 9, 17, 14]
STEPS, RATE = 20, 5e-2
CASES = {
    "prefix_tuning": lambda: peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
    "prefix_tuning_network": lambda: peft.PrefixTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=3, prefix_projection=True, encoder_hidden_size=10),
    "prompt_tuning": lambda: peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
}


def tuned(name, dtype, seed=11):
    torch.manual_seed(seed)
    model = peft.get_peft_model(golden.load_model(MODEL, torch.float32), CASES[name]())
    return model.to(dtype).eval()


def parameters_of(model):
    return {key.removeprefix("prompt_encoder.default."): value for key, value in model.named_parameters()
            if value.requires_grad}


def logits_of(model, ids):
    """The scores of the text's own rows."""
    logits = model(input_ids=ids[None], attention_mask=torch.ones_like(ids)[None]).logits[0]
    return logits[-len(ids):]


def loss_of(model, ids):
    """Mean cross entropy of all response tokens."""
    total, count = 0, 0
    for row, prompt in zip(ids, PROMPTS):
        logits = logits_of(model, row)[prompt - 1:-1]
        total = total + torch.nn.functional.cross_entropy(logits, row[prompt:], reduction="sum")
        count += len(row) - prompt
    return total / count


def continued(model, ids):
    """Greedy, each step from the whole text: peft's own `generate` leaves the prefix out with this transformers."""
    for _ in range(8):
        ids = torch.cat([ids, logits_of(model, ids)[-1].argmax()[None]])
    return ids


def case_of(name, ids):
    def case(dtype):
        model = tuned(name, dtype)
        found = {}
        with torch.no_grad():
            for index, row in enumerate(ids):
                found[f"logits.{index}"] = logits_of(model, row)
            found["generated"] = continued(model, ids[0])
        loss = loss_of(model, ids)
        loss.backward()
        found["loss"] = loss.detach()[None]
        for key, value in parameters_of(model).items():
            found[f"gradients.{key}"] = value.grad.clone()
        optimizer = torch.optim.AdamW(parameters_of(model).values(), lr=RATE, weight_decay=0.0)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = loss_of(model, ids)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        found["losses"] = torch.stack(losses)
        assert losses[-1] < losses[0]
        return found
    return case


def main():
    ids = golden.random_ids(210, LENGTHS)
    for name in CASES:
        start = {key: value.detach().clone() for key, value in parameters_of(tuned(name, torch.float32)).items()}
        golden.write(
            name, case_of(name, ids),
            facts={"script": "scripts/goldens/virtual_tokens.py", "model": MODEL, "peft": peft.__version__,
                   "prompts": PROMPTS, "lengths": LENGTHS,
                   "optimizer": {"name": "AdamW", "lr": RATE, "weight_decay": 0.0, "steps": STEPS, "rows": "all each step"},
                   "shapes": "logits.i [n, vocab] of row i alone; generated: greedy continuation of row 0; loss [1]: mean over all "
                             "response tokens; gradients and start.* by peft's names; losses [steps]"},
            inputs={f"ids.{row}": sequence for row, sequence in enumerate(ids)} |
                   {f"start.{key}": value for key, value in start.items()})


if __name__ == "__main__":
    main()
