"""Llama against transformers: logits, block outputs and head outputs of tiny random models (README: golden.py)."""

import torch

import golden

VARIANTS = {
    "llama_gqa_tied": dict(num_key_value_heads=2, tie_word_embeddings=True),
    "llama_mha_bias": dict(
        num_key_value_heads=4, tie_word_embeddings=False, attention_bias=True, mlp_bias=True, head_dim=12,
        rope_theta=500000.0, num_hidden_layers=2),
}
LENGTHS = [12, 1, 23]


def run(model, ids):
    """Logits of each sequence, run alone; what happens inside for the first one."""
    found = {}

    def keep(key, first_of_tuple):
        def hook(_, inputs, output=None):
            value = inputs[0] if output is None else (output[0] if first_of_tuple else output)
            found[key] = value[0].detach().clone()
        return hook

    handles = []
    for index, block in enumerate(model.model.layers):
        handles.append(block.register_forward_hook(keep(f"blocks.{index}.output", True)))
        handles.append(block.self_attn.o_proj.register_forward_pre_hook(keep(f"blocks.{index}.head_output", False)))
        handles.append(block.self_attn.register_forward_hook(keep(f"blocks.{index}.attention_output", True)))
        handles.append(block.mlp.register_forward_hook(keep(f"blocks.{index}.mlp_output", False)))
    handles.append(model.model.norm.register_forward_hook(keep("hidden", False)))
    with torch.no_grad():
        found["logits.0"] = model(ids[0][None]).logits[0]
        for handle in handles:
            handle.remove()
        for index, sequence in list(enumerate(ids))[1:]:
            found[f"logits.{index}"] = model(sequence[None]).logits[0]
    return found


for seed, (name, settings) in enumerate(VARIANTS.items()):
    golden.save_model(golden.random_llama(seed, **settings), name)
    ids = golden.random_ids(100 + seed, LENGTHS)
    golden.write(
        name, lambda dtype: run(golden.load_model(name, dtype), ids),
        facts={"script": "scripts/goldens/llama.py", "lengths": LENGTHS,
               "shapes": "logits.i [n, vocab]; blocks.l.output [n, hidden]; blocks.l.head_output [n, heads * head_dim] "
                         "(the input of o_proj); hidden [n, hidden] (after the final norm); ids.i [n]"},
        inputs={f"ids.{index}": sequence for index, sequence in enumerate(ids)})
