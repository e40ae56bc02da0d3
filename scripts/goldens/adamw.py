"""AdamW against torch, and the learning-rate schedules of transformers (README: golden.py)."""

import torch
import transformers

import golden

STEPS, SCHEDULE_STEPS, WARMUP, RATE = 10, 20, 4, 2e-3
SETTINGS = dict(lr=0.05, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)
SHAPES = {"a": (3, 5), "b": (7,)}
CLIP = 0.5
SCHEDULES = {
    "linear": transformers.get_linear_schedule_with_warmup,
    "cosine": transformers.get_cosine_schedule_with_warmup,
    "constant": lambda optimizer, warmup, _: transformers.get_constant_schedule_with_warmup(optimizer, warmup),
}


def case(given):
    def run(dtype):
        found = {}
        for name, clipped in [("plain", False), ("clipped", True)]:
            weights = {key: given[f"start.{key}"].to(dtype, copy=True).requires_grad_() for key in SHAPES}
            optimizer = torch.optim.AdamW(weights.values(), **SETTINGS)
            norms = []
            for step in range(STEPS):
                for key, weight in weights.items():
                    weight.grad = given[f"gradients.{key}"][step].to(dtype, copy=True)
                if clipped:
                    norms.append(torch.nn.utils.clip_grad_norm_(weights.values(), CLIP))
                optimizer.step()
                for key, weight in weights.items():
                    found.setdefault(f"{name}.{key}", []).append(weight.detach().clone())
            for key, weight in weights.items():
                found[f"{name}.{key}"] = torch.stack(found[f"{name}.{key}"])
                found[f"{name}.{key}.exp_avg"] = optimizer.state[weight]["exp_avg"].clone()
                found[f"{name}.{key}.exp_avg_sq"] = optimizer.state[weight]["exp_avg_sq"].clone()
            if clipped:
                found["clipped.norms"] = torch.stack(norms)
        for name, make in SCHEDULES.items():
            for warmup in (0, WARMUP):
                optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
                schedule = make(optimizer, warmup, SCHEDULE_STEPS)
                rates = []
                for _ in range(SCHEDULE_STEPS):
                    rates.append(schedule.get_last_lr()[0])
                    optimizer.step()
                    schedule.step()
                found[f"schedules.{name}.{warmup}"] = torch.tensor(rates, dtype=dtype)
        return found

    return run


def main():
    source = torch.Generator().manual_seed(400)
    given = {f"start.{key}": torch.randn(shape, generator=source) for key, shape in SHAPES.items()}
    given |= {f"gradients.{key}": torch.randn((STEPS, *shape), generator=source) for key, shape in SHAPES.items()}
    golden.write(
        "adamw", case(given),
        facts={"script": "scripts/goldens/adamw.py", "steps": STEPS, "optimizer": {"name": "AdamW", **SETTINGS}, "clip": CLIP,
               "schedule_steps": SCHEDULE_STEPS, "warmups": [0, WARMUP], "rate": RATE,
               "shapes": "start.x, gradients.x [steps, ..]: given; plain.x, clipped.x [steps, ..]: the weight after each step (clipped: the norm "
                         "of all gradients together is clipped first, clipped.norms before it); x.exp_avg, x.exp_avg_sq at the end; "
                         "schedules.name.warmup [schedule_steps]: the rate that step s uses"},
        inputs=given)


if __name__ == "__main__":
    main()
