#!/usr/bin/env python3
"""CLUTRR by pyreft 0.1.0: LoReFT r8 at f7+l7 of every layer, SmolLM2-135M, float32. Prints one line of JSON.

    scripts/reference/clutrr_pyreft.py --data FOLDER          (train.json and test.json of lo-fit's clutrr folder)
"""

import argparse
import json
import time

import pyreft
import torch

import clutrr
import smollm2


def positions(prompt, count=7):
    assert prompt >= 2 * count
    return [*range(count), *range(prompt - count, prompt)]


@torch.no_grad()
def complete(base, rank):
    """Replaces the random columns that torch completes a base with by those of the QR factorisation of its first ones."""
    Q, upper = torch.linalg.qr(base[:, :rank], mode="complete")
    Q[:, :rank] *= upper.diagonal().sign()
    base.copy_(Q)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--rank", type=int, default=8)
    arguments.add_argument("--rate", type=float, default=2e-3)
    arguments.add_argument("--seed", type=int, default=42)
    arguments.add_argument("--tests", type=int, default=None, help="only so many test stories")
    arguments.add_argument("--complete", action="store_true", help="complete the base of R by its QR factorisation, as reft does")
    arguments.add_argument("--base", action="store_true", help="evaluate the untouched model and stop")
    arguments = arguments.parse_args()

    tokenizer, model = smollm2.load_tokenizer(), smollm2.load_model()
    tests = clutrr.test_records(arguments.data)[:arguments.tests]
    settings = dict(max_new_tokens=clutrr.NEW_TOKENS, do_sample=False, eos_token_id=clutrr.EOS, pad_token_id=clutrr.EOS)
    if arguments.base:
        accuracy, _ = clutrr.exact_match(
            tokenizer, tests, lambda ids, mask, _: model.generate(input_ids=ids, attention_mask=mask, **settings))
        print(json.dumps({"method": "base", "parameters": 0, "accuracy": round(accuracy, 4)}))
        return

    torch.manual_seed(arguments.seed)
    layers = model.config.num_hidden_layers
    reft = pyreft.get_reft_model(model, pyreft.ReftConfig(representations=[
        {"layer": layer, "component": "block_output", "low_rank_dimension": arguments.rank,
         "intervention": pyreft.LoreftIntervention(
             embed_dim=model.config.hidden_size, low_rank_dimension=arguments.rank, dtype=torch.float32)}
        for layer in range(layers)]))
    if arguments.complete:
        for edit in reft.interventions.values():
            complete((edit[0] if isinstance(edit, (tuple, list)) else edit).rotate_layer.parametrizations.weight[0].base, arguments.rank)
    parameters = [part for part in reft.parameters() if part.requires_grad]
    if not parameters:
        parameters = [part for edit in reft.interventions.values() for part in edit.parameters()]
    locations = lambda prompts: {"sources->base": (None, [[positions(p) for p in prompts]] * layers)}

    def loss_of(rows):
        _, output = reft(clutrr.padded(rows), unit_locations=locations([prompt for _, prompt in rows]))
        return output.loss, output.loss.item()

    rows = [clutrr.encoded(tokenizer, record) for record in clutrr.training_records(arguments.data)]
    losses, seconds, rate = clutrr.train(rows, parameters, loss_of, arguments.rate, seed=arguments.seed)

    def generate(ids, mask, prompts):
        shifted = [[[position + ids.shape[1] - p for position in positions(p)] for p in prompts]] * layers
        _, output = reft.generate({"input_ids": ids, "attention_mask": mask}, unit_locations={"sources->base": (None, shifted)},
                                  intervene_on_prompt=True, **settings)
        return output

    started = time.monotonic()
    accuracy, right = clutrr.exact_match(tokenizer, tests, generate)
    print(json.dumps({
        "method": "pyreft LoReFT", "parameters": sum(part.numel() for part in parameters), "accuracy": round(accuracy, 4),
        "accuracy_first_150": round(sum(i < 150 for i in right) / min(150, len(tests)), 4), "seconds": seconds,
        "tokens_per_second": rate, "epoch_losses": losses, "tests": len(tests),
        "evaluation_seconds": round(time.monotonic() - started, 1)}))


if __name__ == "__main__":
    main()
