#!/usr/bin/env python3
"""CLUTRR by LoFiT, both stages stated plainly in PyTorch, SmolLM2-135M, float32. Prints one line of JSON a stage.

    scripts/reference/clutrr_lofit.py --data FOLDER           (train.json and test.json of lo-fit's clutrr folder)
"""

import argparse
import json

import torch

import clutrr
import smollm2


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--rates", type=float, nargs=2, default=[5e-3, 2e-2])
    arguments.add_argument("--l1", type=float, default=5e-3)
    arguments.add_argument("--heads", type=int, default=27)
    arguments.add_argument("--seed", type=int, default=42)
    arguments.add_argument("--tests", type=int, default=None, help="only so many test stories")
    arguments = arguments.parse_args()

    tokenizer, model = smollm2.load_tokenizer(), smollm2.load_model().requires_grad_(False)
    tests = clutrr.test_records(arguments.data)[:arguments.tests]
    rows = [clutrr.encoded(tokenizer, record) for record in clutrr.training_records(arguments.data)]
    shape = (model.config.num_hidden_layers, model.config.num_attention_heads, model.config.head_dim)
    edit = {}  # what the hooks apply now: z -> (1 + scale) z + bias, each [layers, heads, head_dim]

    def hook_of(layer):
        def hook(_, inputs):
            z = inputs[0].unflatten(-1, shape[1:])
            z = (1 + edit["scale"][layer]) * z if "scale" in edit else z + edit["bias"][layer]
            return (z.flatten(-2),)
        return hook

    for layer, block in enumerate(model.model.layers):
        block.self_attn.o_proj.register_forward_pre_hook(hook_of(layer))

    def generate(ids, mask, _):
        return model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=clutrr.NEW_TOKENS, do_sample=False,
                              eos_token_id=clutrr.EOS, pad_token_id=clutrr.EOS)

    def report(stage, parameters, losses, seconds, rate, **more):
        accuracy, right = clutrr.exact_match(tokenizer, tests, generate)
        print(json.dumps({
            "method": stage, "parameters": parameters, "accuracy": round(accuracy, 4),
            "accuracy_first_150": round(sum(i < 150 for i in right) / min(150, len(tests)), 4), "seconds": seconds,
            "tokens_per_second": rate, "epoch_losses": losses, "tests": len(tests), **more}), flush=True)

    torch.manual_seed(arguments.seed)
    scale = (1e-3 * torch.randn(shape)).requires_grad_()
    edit["scale"] = scale

    def stage_1(chosen):
        loss = model(**clutrr.padded(chosen)).loss
        return loss + arguments.l1 * scale.abs().sum(), loss.item()

    trained = clutrr.train(rows, [scale], stage_1, arguments.rates[0], seed=arguments.seed)
    scores = scale.detach().norm(dim=-1).flatten().tolist()
    order = sorted(range(len(scores)), key=lambda i: (scores[i], i), reverse=True)
    heads = [[i // shape[1], i % shape[1]] for i in order[:arguments.heads]]
    report("LoFiT stage 1", scale.numel(), *trained, heads=heads)

    del edit["scale"]
    torch.manual_seed(arguments.seed)
    bias = (1e-3 * torch.randn(len(heads), shape[2])).requires_grad_()
    layers, columns = torch.tensor(heads).T

    def spread():
        return torch.zeros(shape).index_put((layers, columns), bias)

    def stage_2(chosen):
        edit["bias"] = spread()
        loss = model(**clutrr.padded(chosen)).loss
        return loss, loss.item()

    trained = clutrr.train(rows, [bias], stage_2, arguments.rates[1], seed=arguments.seed)
    edit["bias"] = spread().detach()
    report("LoFiT stage 2", bias.numel(), *trained)


if __name__ == "__main__":
    main()
