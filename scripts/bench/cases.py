"""The cases by name: what each measures, what it should reach, and how long a run of it takes as a rule."""

import dataclasses
import typing

import generating
import gpu
import loading
import scoring
import starting
import training


@dataclasses.dataclass(frozen=True)
class Case:
    run: typing.Callable  # suite, case name -> row
    what: str
    seconds: float  # a guess, until a run has shown it
    target: float | None = None
    by_itself: bool = True  # whether `make bench` runs it without being asked by name


def train(method, batch, steps, rounds, **more):
    return lambda suite, case: training.step(suite, case, method, batch, steps, rounds, **more)


FIXED = {
    "train-loreft-b8": Case(
        train("loreft", 8, 3, 12, peak=True), "updates of LoReFT r4, f5+l5, on the output of all 30 layers, batch 8", 330, 2.4),
    "train-lora-b8": Case(train("lora", 8, 3, 4), "updates of LoRA r8 on queries and values, batch 8", 120, 1.8),
    "train-lofit": Case(
        lambda suite, case: training.run(suite, case, examples=16, epochs=5, rounds=5),
        "a whole run of 5 epochs of LoFiT stage 2, offsets on 27 of 270 heads, batch 8", 340, 2.5),
    "score-truthfulqa": Case(
        lambda suite, case: scoring.truthfulqa(suite, case, rounds=3, sample=20),
        "817 questions of TruthfulQA, 6,209 answers behind a 6-shot primer; the peer does one forward pass an answer", 240, 18),
    "generate-b16": Case(
        lambda suite, case: generating.greedy(suite, case, 16, 64, rounds=3), "greedy, 16 prompts side by side, 64 tokens each",
        70, 2.5),
    "generate-b1": Case(
        lambda suite, case: generating.greedy(suite, case, 1, 64, rounds=5), "greedy, one prompt, 64 tokens", 40, 1.4),
    "start": Case(lambda suite, case: starting.start(suite, case, rounds=5), "a cold process to its first token", 60, 6),
    "memory-train": Case(
        lambda suite, case: training.memory(suite, case, "loreft", 8, 2, rounds=2),
        "peak memory of LoReFT training, batch 8, loading included", 120, 1 / 0.45),
}

METHODS = {
    "loreft": ("loreft", "updates of LoReFT r4, f5+l5, on all layers"), "lora": ("lora", "updates of LoRA r8 on queries and values"),
    "lofit1": ("lofit-scale", "updates of LoFiT stage 1, scales on all heads"),
    "lofit2": ("lofit-bias", "updates of LoFiT stage 2, offsets on 27 of 270 heads"),
    "red": ("red", "updates of RED, scale and offset of every network's output"),
}
UPDATES = {1: 8, 8: 2, 32: 1}  # a round

def on_gpu(run):
    return lambda suite, case: run(suite.on_gpu(), case)


# On a GPU, in bfloat16, with random weights in the shape of Llama 3 8B; the first of them holds the device to the CPU.
GPU = {
    "gpu-check": Case(on_gpu(gpu.check), "the device held to the CPU with SmolLM2: logits, gradients, packed rows, recorded steps", 60,
                      by_itself=False),
    "gpu-train-loreft-b8": Case(
        on_gpu(lambda suite, case: training.step(suite, case, "loreft", 8, 10, 5, limit=128, peak=True)),
        "updates of LoReFT r4, f5+l5, on the output of all layers, batch 8", 120, by_itself=False),
    "gpu-train-lora-b8": Case(
        on_gpu(lambda suite, case: training.step(suite, case, "lora", 8, 10, 5, limit=128, peak=True)),
        "updates of LoRA r8 on queries and values, batch 8", 120, by_itself=False),
    "gpu-generate-b16": Case(
        on_gpu(lambda suite, case: generating.greedy(suite, case, 16, 64, rounds=3)), "greedy, 16 prompts side by side, 64 tokens each", 60,
        by_itself=False),
    "gpu-generate-b1": Case(
        on_gpu(lambda suite, case: generating.greedy(suite, case, 1, 64, rounds=3)), "greedy, one prompt, 64 tokens", 40, by_itself=False),
    "gpu-graphs-b1": Case(
        on_gpu(lambda suite, case: generating.recorded(suite, case, 1, 64, rounds=3)), "greedy, one prompt, steps recorded as CUDA graphs", 30,
        by_itself=False),
}

CASES = {
    **FIXED,
    **GPU,
    **{f"train-{name}-b{batch}": Case(
        train(method, batch, UPDATES[batch], 2 if batch > 1 else 3), f"{what}, batch {batch}", {1: 35, 8: 50, 32: 70}[batch],
        by_itself=name in ("loreft", "lora") or batch == 8)
       for name, (method, what) in METHODS.items() for batch in UPDATES if f"train-{name}-b{batch}" not in FIXED},
    "epoch": Case(
        lambda suite, case: training.epoch(suite, case, examples=32, rounds=2),
        "a whole process for one epoch of LoReFT, batch 8: start, loading, tokenizing, 4 updates, saving", 80),
    "generate-b64": Case(
        lambda suite, case: generating.greedy(suite, case, 64, 32, rounds=2), "greedy, 64 prompts, 32 tokens each", 80),
    "generate-b1-loreft": Case(
        lambda suite, case: generating.overhead(suite, case, 1, 64, 7, **training.settings("loreft")[0]),
        "greedy, one prompt, with LoReFT r4, f5+l5, on all layers: what the adapter costs", 30, 0.99),
    "generate-b16-loreft": Case(
        lambda suite, case: generating.overhead(suite, case, 16, 64, 3, **training.settings("loreft")[0]),
        "the same with 16 prompts side by side", 40, 0.99),
    "generate-b1-lofit-folded": Case(
        lambda suite, case: generating.folded(suite, case, 1, 64, 7), "greedy, one prompt, LoFiT folded by `reft merge`", 40, 1),
    **{f"generate-b{count}-{form}": Case(
        lambda suite, case, count=count, form=form: generating.weights(suite, case, count, 64, rounds, form),
        f"greedy, {text}, matrices {kept}", 50)
       for count, text, rounds in ((1, "one prompt", 5), (16, "16 prompts side by side", 3))
       for form, kept in (("stored", "as the file has them (Q4_1) against floats"), ("int8", "rounded to 8 bits against floats"))},
    "load-safetensors": Case(
        lambda suite, case: loading.load(suite, case, "safetensors", rounds=5), "538 MB of float32 safetensors to a model", 30),
    "load-gguf": Case(lambda suite, case: loading.load(suite, case, "gguf", rounds=1), "98 MB of GGUF (Q4_1) to a model", 60),
    "tokenize": Case(lambda suite, case: loading.tokenize(suite, case, rounds=3), "text to ids on one thread", 30),
    "memory-generate": Case(
        lambda suite, case: generating.memory(suite, case, 16, 32, rounds=2),
        "peak memory of greedy generation, 16 prompts, 32 tokens each, loading included", 50),
}
