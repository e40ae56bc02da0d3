#!/usr/bin/env python3
"""Goldens for the GGUF reader, made by the reference package: pip install gguf==0.19.0 safetensors==0.8.0 numpy

  python3 scripts/goldens/gguf_types.py

writes into Tests/CheckpointsTests/Fixtures:
  types.gguf           one tensor of each type, and one metadata value of each type
  types.safetensors    the same tensors as float32, by gguf.quants.dequantize
  llama.gguf           a tiny random llama: rows of q and k permuted as convert_hf_to_gguf.py does
  llama.safetensors    the same model by its Hugging Face names, q and k in the original order
"""
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import quants
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).parents[2] / "Tests/CheckpointsTests/Fixtures"
BLOCK = [T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0]
# The package does not quantise to these; every sequence of bytes is a valid block. Where the half-precision scales lie:
K_BLOCK = {T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}


def types():
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(OUT / "types.gguf", "golden")
    writer.add_uint8("value.uint8", 200)
    writer.add_int8("value.int8", -100)
    writer.add_uint16("value.uint16", 60000)
    writer.add_int16("value.int16", -30000)
    writer.add_uint32("value.uint32", 4000000000)
    writer.add_int32("value.int32", -2000000000)
    writer.add_uint64("value.uint64", 2**64 - 1)
    writer.add_int64("value.int64", -(2**63))
    writer.add_float32("value.float32", 1e-5)
    writer.add_float64("value.float64", 1e-300)
    writer.add_bool("value.bool", True)
    writer.add_string("value.string", "naïve 🎈")
    writer.add_array("value.strings", ["a", "", "ü"])
    writer.add_array("value.integers", [3, -1, 2])
    expected = {}
    for type in [T.F32, T.F16, T.BF16, T.F64, *BLOCK]:
        values = random.normal(0, 0.7, (5, 96)).astype(np.float32)
        values[0, :4] = [0, -0.0, 1e-7, 65504]  # half precision: a subnormal, the largest
        values[1, :32] = 0  # a block of zeros
        values[2, :32] = 3.5  # a block without spread
        if type == T.F64:
            stored = values.astype(np.float64)
            writer.add_tensor("F64", stored)
            expected["F64"] = stored.astype(np.float32)
            continue
        stored = quants.quantize(values, type)
        if type in (T.F16, T.F32):
            writer.add_tensor(type.name, stored)
        else:
            writer.add_tensor(type.name, stored, raw_dtype=type)
        expected[type.name] = quants.dequantize(stored, type).astype(np.float32)
    # Blocks of arbitrary bytes: every nibble, scales that are subnormal, negative, infinite.
    for type in BLOCK:
        size = gguf.GGML_QUANT_SIZES[type][1]
        raw = random.integers(0, 256, (3, 4 * size), dtype=np.uint8)
        writer.add_tensor(f"{type.name}.bytes", raw, raw_dtype=type)
        expected[f"{type.name}.bytes"] = quants.dequantize(raw, type).astype(np.float32)
    random = np.random.default_rng(3)
    for type, scales in K_BLOCK.items():
        size = gguf.GGML_QUANT_SIZES[type][1]
        raw = random.integers(0, 256, (3, 2 * size), dtype=np.uint8)
        writer.add_tensor(f"{type.name}.bytes", raw, raw_dtype=type)
        expected[f"{type.name}.bytes"] = quants.dequantize(raw, type).astype(np.float32)
        raw = random.integers(0, 256, (3, 2 * size), dtype=np.uint8)
        for place in scales:  # scales as models have them
            halves = random.normal(0, 0.01, 6).astype(np.float16).view(np.uint8).reshape(3, 2, 2)
            raw.reshape(3, 2, size)[:, :, place:place + 2] = halves
        writer.add_tensor(type.name, raw, raw_dtype=type)
        expected[type.name] = quants.dequantize(raw, type).astype(np.float32)
    # Every half-precision number there is.
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(256, 256)
    writer.add_tensor("F16.all", halves)
    expected["F16.all"] = halves.astype(np.float32)
    for name, dtype in [("I8", np.int8), ("I16", np.int16), ("I32", np.int32), ("I64", np.int64)]:
        writer.add_tensor(name, np.array([[-1, 2, np.iinfo(dtype).max], [0, 7, np.iinfo(dtype).min]], dtype=dtype))
    finish(writer)
    save_file(expected, OUT / "types.safetensors")


def permute(weights, heads):
    """convert_hf_to_gguf.py, LlamaModel.permute"""
    shape = weights.shape
    return weights.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def llama():
    random = np.random.default_rng(2)
    hidden, heads, key_heads, size, wide, layers, vocabulary = 64, 4, 2, 16, 96, 2, 12
    writer = gguf.GGUFWriter(OUT / "llama.gguf", "llama")
    writer.add_block_count(layers)
    writer.add_context_length(128)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(wide)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_rope_freq_base(50000.0)
    writer.add_rope_dimension_count(size)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(["<s>", "</s>", *"abcdef", "ab", "cd", "abcd", "ef"])
    writer.add_token_types([3, 3] + [1] * 10)
    writer.add_token_merges(["a b", "c d", "ab cd", "e f"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    expected = {}

    def add(name, theirs, shape, type=T.F32, heads=None):
        values = random.normal(0, 0.3, shape).astype(np.float32)
        if type in (T.F32, T.F16):
            stored = quants.quantize(values, type)
            expected[theirs] = quants.dequantize(stored, type).astype(np.float32)
            writer.add_tensor(name, permute(stored, heads) if heads else stored)
        else:
            # Rows are quantised one by one, so permuting before or after comes to the same.
            expected[theirs] = quants.dequantize(quants.quantize(values, type), type)
            writer.add_tensor(name, quants.quantize(permute(values, heads) if heads else values, type), raw_dtype=type)

    add("token_embd.weight", "model.embed_tokens.weight", (vocabulary, hidden), T.Q8_0)
    add("output_norm.weight", "model.norm.weight", (hidden,))
    for l, type in enumerate([T.Q4_1, T.F32]):
        ours, theirs = f"blk.{l}.", f"model.layers.{l}."
        add(ours + "attn_norm.weight", theirs + "input_layernorm.weight", (hidden,))
        add(ours + "attn_q.weight", theirs + "self_attn.q_proj.weight", (heads * size, hidden), type, heads)
        add(ours + "attn_k.weight", theirs + "self_attn.k_proj.weight", (key_heads * size, hidden), type, key_heads)
        add(ours + "attn_v.weight", theirs + "self_attn.v_proj.weight", (key_heads * size, hidden), type)
        add(ours + "attn_output.weight", theirs + "self_attn.o_proj.weight", (hidden, heads * size), type)
        if l == 1:
            add(ours + "attn_q.bias", theirs + "self_attn.q_proj.bias", (heads * size,), heads=heads)
            add(ours + "attn_k.bias", theirs + "self_attn.k_proj.bias", (key_heads * size,), heads=key_heads)
        add(ours + "ffn_norm.weight", theirs + "post_attention_layernorm.weight", (hidden,))
        add(ours + "ffn_gate.weight", theirs + "mlp.gate_proj.weight", (wide, hidden), type)
        add(ours + "ffn_up.weight", theirs + "mlp.up_proj.weight", (wide, hidden), type)
        add(ours + "ffn_down.weight", theirs + "mlp.down_proj.weight", (hidden, wide), T.F16)
    finish(writer)
    save_file(expected, OUT / "llama.safetensors")


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


types()
llama()
