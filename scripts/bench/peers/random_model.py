#!/usr/bin/env python3
"""Writes a Llama of random weights as transformers reads it: for speed and memory, not for what it says.

    random_model.py SHAPE DTYPE DEVICE FOLDER
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file

SHAPES = {
    "llama-3-8b": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
                   "num_key_value_heads": 8, "vocab_size": 128256, "rope_theta": 500000.0, "max_position_embeddings": 8192},
    "llama-3.2-1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
                     "num_key_value_heads": 8, "vocab_size": 128256, "rope_theta": 500000.0, "max_position_embeddings": 8192},
    "tiny": {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4,
             "num_key_value_heads": 2, "vocab_size": 1024, "rope_theta": 10000.0, "max_position_embeddings": 1024},
}


def tensors(config, dtype, device):
    """The tensors of the embedding, of each block, and of the head: one file each."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    narrow = width // config["num_attention_heads"] * config["num_key_value_heads"]
    source = torch.Generator(device).manual_seed(1)
    matrix = lambda *shape: (torch.randn(shape, generator=source, device=device) * 0.02).to(dtype).cpu()
    ones = lambda: torch.ones(width, dtype=dtype)
    yield {"model.embed_tokens.weight": matrix(config["vocab_size"], width)}
    for layer in range(config["num_hidden_layers"]):
        block = {"self_attn.q_proj": matrix(width, width), "self_attn.k_proj": matrix(narrow, width), "self_attn.v_proj": matrix(narrow, width),
                 "self_attn.o_proj": matrix(width, width), "mlp.gate_proj": matrix(inner, width), "mlp.up_proj": matrix(inner, width),
                 "mlp.down_proj": matrix(width, inner), "input_layernorm": ones(), "post_attention_layernorm": ones()}
        yield {f"model.layers.{layer}.{name}.weight": tensor for name, tensor in block.items()}
    yield {"model.norm.weight": ones(), "lm_head.weight": matrix(config["vocab_size"], width)}


def tokenizer(vocabulary):
    """Bytes, and ids that nothing becomes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]
    tokens = ["<unk>", "<s>", "</s>", *alphabet]
    tokens += [f"t{i}" for i in range(len(tokens), vocabulary)]
    plain = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
               for i in range(3)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None, "pre_tokenizer": plain,
            "post_processor": None, "decoder": plain,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "vocab": {token: i for i, token in enumerate(tokens)}, "merges": []}}


def main():
    shape, kind, device, folder = sys.argv[1:4] + [pathlib.Path(sys.argv[4])]
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "rms_norm_eps": 1e-5, "tie_word_embeddings": False,
              "attention_bias": False, "mlp_bias": False, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": kind, **SHAPES[shape]}
    places, size = {}, 0
    for number, part in enumerate(tensors(config, getattr(torch, kind), device)):
        name = f"model-{number:03}.safetensors"
        save_file(part, partial / name, metadata={"format": "pt"})
        places |= {key: name for key in part}
        size += sum(tensor.nbytes for tensor in part.values())
        print(f"random_model: {size / 1e9:.1f} GB", end="\r", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    (partial / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": places}))
    (partial / "tokenizer.json").write_text(json.dumps(tokenizer(config["vocab_size"])))
    (partial / "config.json").write_text(json.dumps(config))
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


if __name__ == "__main__":
    main()
