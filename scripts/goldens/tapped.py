"""What the goldens of methods share: a method on a tiny model, as torch hooks or on the model's own weights (README: golden.py).

A subject is a model with the parameters of one method in it, named as our adapter files name them (`0.mlp_output.scale`).
`write` runs it at given values, large enough to see (logits of three rows, loss and every gradient), and trains it from its
start: twenty steps of torch's AdamW at one learning rate. Whole tensors are written, under

    value.NAME, start.NAME      given parameters (`start` only where the start is not that of the method itself)
    logits.i, loss, penalty, gradient.NAME      at those values; row i run alone, the loss of the first four rows; the penalty
                                is in the gradients and in `losses`, not in `loss`
    losses [20], final.NAME     of the training run
"""

import contextlib

import torch
import transformers

import golden
from loreft import batch_of

STEPS, BATCH = 20, 4
PROMPTS = [4, 9, 6, 12, 5, 7, 10, 4, 8, 11, 6, 5]
LENGTHS = [9, 13, 7, 20, 11, 8, 16, 10, 9, 18, 14, 6]

# Where the activation of a component leaves a Llama: a module, and whether it is what goes in or what comes out.
LLAMA = {
    "attention_input": ("input_layernorm", "out"), "mlp_input": ("post_attention_layernorm", "out"),
    "query": ("self_attn.q_proj", "out"), "key": ("self_attn.k_proj", "out"), "value": ("self_attn.v_proj", "out"),
    "head_attention_value_output": ("self_attn.o_proj", "in"), "attention_output": ("self_attn.o_proj", "out"),
    "mlp_gate": ("mlp.gate_proj", "out"), "mlp_up": ("mlp.up_proj", "out"), "mlp_output": ("mlp.down_proj", "out"),
}


def load(name, dtype):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        golden.FOLDER / name, torch_dtype=torch.float32, attn_implementation="eager")
    return model.to(dtype).eval().requires_grad_(False)


class Hooked:
    """`edit(component, parameters)` gives `f(activation, input)`; parameters are those of one site, by their short names."""

    def __init__(self, model, values, edit, penalty=None):
        self.model, self.edit, self.penalty = model, edit, penalty
        self.leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
        self.sites = [(int(layer), component) for layer, component in dict.fromkeys(
            tuple(name.split(".")[:2]) for name in values)]

    def at(self, layer, component):
        prefix = f"{layer}.{component}."
        return {name.removeprefix(prefix): leaf for name, leaf in self.leaves.items() if name.startswith(prefix)}

    @contextlib.contextmanager
    def acting(self):
        handles = []
        for layer, component in self.sites:
            path, side = LLAMA[component]
            module = self.model.get_submodule(f"model.layers.{layer}.{path}")
            change = self.edit(component, self.at(layer, component))
            if side == "out":
                handles.append(module.register_forward_hook(lambda _, x, y, change=change: change(y, x[0])))
            else:
                handles.append(module.register_forward_pre_hook(lambda _, x, change=change: (change(x[0], None),)))
        yield
        for handle in handles:
            handle.remove()

    def parameters(self):
        return list(self.leaves.values())

    def gradients(self):
        return {name: leaf.grad for name, leaf in self.leaves.items()}

    def final(self):
        return {name: leaf.detach() for name, leaf in self.leaves.items()}


class Own:
    """The model's own weights, trained as torch trains them. `place(name)` gives a parameter's name, the part of it that our
    tensor of this name is an offset to (a slice of the last dimension, or all) and whether that lies transposed."""

    def __init__(self, model, values, place):
        self.model, self.penalty = model, None
        weights = dict(model.named_parameters())
        self.views = {}
        for name in values:
            key, part, turned = place(name)
            self.views[name] = (weights[key], part, turned)
        self.old = {name: self.part(weight, *rest).clone() for name, (weight, *rest) in self.views.items()}
        with torch.no_grad():
            for name, (weight, *rest) in self.views.items():
                self.part(weight, *rest).add_(values[name])
                weight.requires_grad_()

    @staticmethod
    def part(tensor, part, turned):
        tensor = tensor.detach()
        tensor = tensor if part is None else tensor[..., part]
        return tensor.T if turned else tensor

    def acting(self):
        return contextlib.nullcontext()

    def parameters(self):
        return list({id(weight): weight for weight, *_ in self.views.values()}.values())

    def gradients(self):
        return {name: self.part(weight.grad, *rest) for name, (weight, *rest) in self.views.items()}

    def final(self):
        return {name: self.part(weight, *rest) - self.old[name] for name, (weight, *rest) in self.views.items()}


def loss_of(subject, ids, rows):
    with subject.acting():
        return subject.model(**batch_of([ids[row] for row in rows], [PROMPTS[row] for row in rows])).loss


def train(subject, ids, rate):
    optimizer = torch.optim.AdamW(subject.parameters(), lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    losses = []
    for step in range(STEPS):
        loss = loss_of(subject, ids, [(step * BATCH + i) % len(ids) for i in range(BATCH)])
        if subject.penalty:
            loss = loss + subject.penalty(subject)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    assert sum(losses[-3:]) < sum(losses[:3]), losses
    return torch.stack(losses)


def case(subject_of, given, ids, rate, unsettled):
    """`subject_of(dtype, values, seed)`; the seed of whatever the method draws, or none where it does not draw."""
    def take(what, dtype):
        return {key.removeprefix(what): value.to(dtype) for key, value in given.items() if key.startswith(what)}

    def run(dtype):
        found = {}
        values = take("value.", dtype)
        subject = subject_of(dtype, values, None)
        for row in range(3):
            with torch.no_grad(), subject.acting():
                found[f"logits.{row}"] = subject.model(ids[row][None]).logits[0]
        subject = subject_of(dtype, values, 11)
        loss = loss_of(subject, ids, range(BATCH))
        found["loss"] = loss.detach().reshape(1)
        if subject.penalty:
            penalty = subject.penalty(subject)
            found["penalty"] = penalty.detach().reshape(1)
            loss = loss + penalty
        loss.backward()
        found |= {f"gradient.{name}": gradient.clone() for name, gradient in subject.gradients().items()}
        subject = subject_of(dtype, take("start.", dtype), 12)
        found["losses"] = train(subject, ids, rate)
        return found | {f"final.{name}": value for name, value in subject.final().items() if not unsettled(name)}

    return run


def write(name, subject_of, given, *, script, model, method, settings, locations, rate, start_is_own=False,
          unsettled=lambda name: False):
    """`given` holds `value.NAME` and `start.NAME`; the start is not written where the method makes it by itself.

    A parameter on which the loss does not depend is `unsettled`: AdamW moves it as rounding alone says.
    """
    ids = golden.random_ids(201, LENGTHS)
    def together(key):
        """Gradients of a kind: a gate that was drawn shut has next to none, and so no tolerance of its own."""
        return "gradient." + key.split(".")[-1] if key.startswith("gradient.") else key

    golden.write(
        name, case(subject_of, given, ids, rate, unsettled),
        facts={"script": f"scripts/goldens/{script}", "model": model, "method": method, "settings": settings,
               "locations": locations, "prompts": PROMPTS, "steps": STEPS, "batch": BATCH, "rate": rate,
               "shapes": "scripts/goldens/tapped.py"},
        inputs={f"ids.{row}": sequence for row, sequence in enumerate(ids)} |
               {key: value for key, value in given.items() if not (start_is_own and key.startswith("start."))},
        together=together)


def noise(shapes, seed, deviation=0.3, around=None):
    """Values by name, from their shapes; `around` gives what a name's values lie around, zero if it says nothing."""
    source = torch.Generator().manual_seed(seed)
    centre = around or (lambda name: 0.0)
    return {name: centre(name) + deviation * torch.randn(shape, generator=source) for name, shape in shapes.items()}


def named(prefix, values):
    return {f"{prefix}.{name}": value for name, value in values.items()}
