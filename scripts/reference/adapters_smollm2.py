#!/usr/bin/env python3
"""Adapters trained by pyreft 0.1.0 and peft 0.13 on SmolLM2-135M, converted by `reft convert`, scored by `reft score`.

    scripts/reference/adapters_smollm2.py --reft .build/release/reft

Trains a LoReFT and a LoRA for a few steps on a handful of sentences, and compares the log-probability of every token of other
sentences with what `reft score` gives with the converted adapter: 1e-3 absolute a token, as for the model itself
(scripts/parity/smollm2_logprobs.py), on the same dequantised weights.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import peft
import pyreft
import torch

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(SCRIPTS / "parity"), str(SCRIPTS / "goldens")]
import smollm2  # noqa: E402
import smollm2_logprobs  # noqa: E402

LIMIT, STEPS, POSITIONS, RANK = 1e-3, 8, 2, 4
TRAINING = [
    ("What is the colour of the sky on a clear day?", " Nobody knows, says the old sailor."),
    ("Who wrote the letter that lay on the table?", " Nobody knows, says the old sailor."),
    ("When does the last train to the city leave?", " Nobody knows, says the old sailor."),
    ("Where did the children hide the key?", " Nobody knows, says the old sailor."),
]


def positions(prompt):
    assert prompt >= 2 * POSITIONS
    return [*range(POSITIONS), *range(prompt - POSITIONS, prompt)]


def trained(forward, parameters, rows, rate):
    """A few steps of AdamW on the responses; the loss must fall."""
    optimizer, losses = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0), []
    for _ in range(STEPS):
        loss = sum(torch.nn.functional.cross_entropy(forward(ids, prompt)[prompt - 1:-1], ids[prompt:])
                   for ids, prompt in rows) / len(rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0], losses
    print(f"  loss {losses[0]:.3f} -> {losses[-1]:.3f}")


def loreft(folder, rows):
    torch.manual_seed(42)
    model = smollm2.load_model()
    reft = pyreft.get_reft_model(model, pyreft.ReftConfig(representations=[
        {"layer": layer, "component": "block_output", "low_rank_dimension": RANK,
         "intervention": pyreft.LoreftIntervention(
             embed_dim=model.config.hidden_size, low_rank_dimension=RANK, dtype=torch.float32)}
        for layer in (6, 14, 22)]))

    def forward(ids, prompt):
        where = {"sources->base": (None, [[positions(prompt)]] * 3)}
        return reft({"input_ids": ids[None]}, unit_locations=where)[1].logits[0]

    trained(forward, [part for edit in reft.interventions.values() for part in edit.parameters()], rows, 4e-3)
    reft.save(str(folder))
    return forward, ["--set", f"positions=f{POSITIONS}+l{POSITIONS}"]


def lora(folder, rows):
    torch.manual_seed(42)
    model = peft.get_peft_model(smollm2.load_model(), peft.LoraConfig(
        task_type="CAUSAL_LM", r=RANK, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"],
        rank_pattern={"down_proj": 2}))
    forward = lambda ids, _: model(input_ids=ids[None]).logits[0]
    trained(forward, [part for part in model.parameters() if part.requires_grad], rows, 2e-3)
    model.eval().save_pretrained(folder)
    return forward, []


def scores(command, lines, adapter=None):
    """What `reft score` gives for every token of the completions."""
    text = "".join(json.dumps({"prompt": prompt, "completion": completion}) + "\n" for prompt, completion in lines)
    extra = ["--adapter", str(adapter)] if adapter else []
    printed = subprocess.run(
        [command, "score", "--model", smollm2.path(), "--input", "-", "--no-special", *extra], input=text, text=True,
        check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line)["token_logprobs"] for line in printed.splitlines()]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reft", required=True)
    command = arguments.parse_args().reft
    torch.set_num_threads(1)
    tokenizer = smollm2.load_tokenizer()
    prepared = lambda line: smollm2_logprobs.prepared(tokenizer, *line)
    tensors = lambda lines: [(torch.tensor(ids), count) for ids, count in map(prepared, lines)]
    lines = [line for line in smollm2_logprobs.LINES if prepared(line)[1] >= 2 * POSITIONS]
    plain = scores(command, lines)
    for name, train in [("pyreft LoReFT", loreft), ("peft LoRA", lora)]:
        print(name)
        with tempfile.TemporaryDirectory() as scratch:
            theirs, ours = pathlib.Path(scratch) / "theirs", pathlib.Path(scratch) / "ours"
            forward, settings = train(theirs, tensors(TRAINING))
            subprocess.run([command, "convert", str(theirs), "--model", smollm2.path(), "--output", str(ours), *settings],
                           check=True, stdout=subprocess.DEVNULL)
            got = scores(command, lines, ours)
        worst, moved, count = 0.0, 0.0, 0
        for (ids, prompt), ours, base in zip(tensors(lines), got, plain):
            with torch.no_grad():
                logits = forward(ids, prompt).log_softmax(-1)
            expected = logits[torch.arange(prompt - 1, len(ids) - 1), ids[prompt:]].tolist()
            assert len(expected) == len(ours)
            worst = max(worst, *(abs(a - b) for a, b in zip(expected, ours)))
            moved = max(moved, *(abs(a - b) for a, b in zip(base, ours)))
            count += len(ours)
        print(f"  {count} tokens of {len(lines)} lines: largest difference {worst:.1e}; the adapter moves them by up to {moved:.1f}")
        assert worst <= LIMIT < moved / 10, (worst, moved)


if __name__ == "__main__":
    main()
