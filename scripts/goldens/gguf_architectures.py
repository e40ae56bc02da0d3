#!/usr/bin/env python3
"""Goldens for GGUF architectures: tiny models of every kind that is read, as convert_hf_to_gguf.py would write them.

  pip install torch==2.11.0 transformers==4.57.3 gguf==0.19.0 numpy
  python3 scripts/goldens/gguf_architectures.py

writes into Tests/CheckpointsTests/Fixtures/architectures:
  x.gguf   a model, its tensors named by the gguf package's own map and put into the form in which the converter puts them
  x.json   {"config": config.json of transformers, "tensors": {Hugging Face name: shape}}

The values are no random numbers: element i of the k-th tensor (by name) is 1000 k + i, so that the expected tensors need no
file of their own. A Gemma norm w lies as 1 + w, which is exact for these.
"""
import json
import pathlib
import shutil

import gguf
import numpy as np
import torch
import transformers
from gguf import MODEL_ARCH as A

OUT = pathlib.Path(__file__).parents[2] / "Tests/CheckpointsTests/Fixtures/architectures"
SIZES = dict(hidden_size=16, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             vocab_size=10, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
LAYERS = SIZES["num_hidden_layers"]


def permuted(weights, heads):
    """The halves of every head interleaved: the first row of the first half, the first of the second, and so on."""
    rows = weights.shape[0]
    order = np.arange(rows).reshape(heads, 2, rows // heads // 2).transpose(0, 2, 1).reshape(-1)
    return weights[order]


def parts_apart(weights, heads):
    """All queries, all keys, all values."""
    rows = weights.shape[0]
    order = np.arange(rows).reshape(heads, 3, rows // heads // 3).transpose(1, 0, 2).reshape(-1)
    return weights[order]


def llama_form(name, weights, config):
    if "q_proj" in name:
        return permuted(weights, config.num_attention_heads)
    if "k_proj" in name:
        return permuted(weights, config.num_key_value_heads)
    return weights


def gemma_form(name, weights, config):
    return weights + 1 if name.endswith("norm.weight") else weights


def gpt2_form(name, weights, config):
    return weights.T if name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")) else weights


def neox_form(name, weights, config):
    return parts_apart(weights, config.num_attention_heads) if "query_key_value" in name else weights


def llama3_factors(config):
    """The factors that the converter writes for rope type llama3, computed in float32 as it does."""
    scaling = config.rope_scaling
    frequencies = 1.0 / (config.rope_theta ** (torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim))
    result = []
    for wavelength in 2 * np.pi / frequencies:
        if wavelength < 8192 / scaling["high_freq_factor"]:
            result.append(1.0)
        elif wavelength > 8192 / scaling["low_freq_factor"]:
            result.append(scaling["factor"])
        else:
            smooth = (8192 / wavelength - scaling["low_freq_factor"]) / (
                scaling["high_freq_factor"] - scaling["low_freq_factor"])
            result.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array([float(factor) for factor in result], dtype=np.float32)


def common(w, c):
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_head_count(c.num_attention_heads)


def decoder(w, c):
    common(w, c)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_freq_base(c.rope_theta)


def llama(w, c):
    decoder(w, c)
    w.add_vocab_size(c.vocab_size)
    w.add_rope_dimension_count(getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads)


def llama31(w, c):
    llama(w, c)
    w.add_key_length(c.head_dim)
    w.add_value_length(c.head_dim)
    w.add_tensor("rope_freqs.weight", llama3_factors(c))


def llama_linear(w, c):
    llama(w, c)
    w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    w.add_rope_scaling_factor(c.rope_scaling["factor"])


def mistral(w, c):
    llama(w, c)
    w.add_sliding_window(c.sliding_window)


def qwen2(w, c):
    decoder(w, c)
    w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    w.add_rope_scaling_factor(c.rope_scaling["factor"])
    w.add_rope_scaling_orig_ctx_len(c.rope_scaling["original_max_position_embeddings"])


def with_head_size(w, c):
    decoder(w, c)
    w.add_key_length(c.head_dim)
    w.add_value_length(c.head_dim)


def gemma(w, c):
    common(w, c)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_key_length(c.head_dim)
    w.add_value_length(c.head_dim)


def gemma2(w, c):
    gemma(w, c)
    w.add_attn_logit_softcapping(c.attn_logit_softcapping)
    w.add_final_logit_softcapping(c.final_logit_softcapping)
    w.add_sliding_window(c.sliding_window)


def gemma3(w, c):
    gemma(w, c)
    w.add_rope_freq_base(c.rope_theta)
    w.add_sliding_window(c.sliding_window)
    w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    w.add_rope_scaling_factor(c.rope_scaling["factor"])


def phi3(w, c):
    decoder(w, c)
    w.add_rope_scaling_orig_ctx_len(c.original_max_position_embeddings)
    w.add_rope_dimension_count(int(c.partial_rotary_factor * c.hidden_size) // c.num_attention_heads)
    w.add_sliding_window(c.sliding_window or 0)
    if c.rope_scaling:
        scale = c.max_position_embeddings / c.original_max_position_embeddings
        w.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(scale) / np.log(c.original_max_position_embeddings))))
        w.add_tensor("rope_factors_long.weight", np.array(c.rope_scaling["long_factor"], dtype=np.float32))
        w.add_tensor("rope_factors_short.weight", np.array(c.rope_scaling["short_factor"], dtype=np.float32))


def gpt2(w, c):
    w.add_context_length(c.n_positions)
    w.add_embedding_length(c.n_embd)
    w.add_feed_forward_length(4 * c.n_embd)
    w.add_block_count(c.n_layer)
    w.add_head_count(c.n_head)
    w.add_layer_norm_eps(c.layer_norm_epsilon)


def neox(w, c):
    common(w, c)
    w.add_rope_dimension_count(int(c.rotary_pct * (c.hidden_size // c.num_attention_heads)))
    w.add_parallel_residual(c.use_parallel_residual)
    w.add_layer_norm_eps(c.layer_norm_eps)


def bert(w, c):
    common(w, c)
    w.add_layer_norm_eps(c.layer_norm_eps)
    w.add_causal_attention(False)
    w.add_token_type_count(c.type_vocab_size)


SU = dict(type="longrope", short_factor=[1.0, 1.05, 1.3], long_factor=[1.0, 4.25, 17.9])
NO_KEY_HEADS = {key: value for key, value in SIZES.items() if key != "num_key_value_heads"}
# name: (GGUF architecture, configuration, class, form, metadata)
CASES = {
    "llama": (A.LLAMA, transformers.LlamaConfig(**SIZES, rope_theta=50000.0, attention_bias=True, mlp_bias=True),
              "LlamaForCausalLM", llama_form, llama),
    "llama31": (A.LLAMA, transformers.LlamaConfig(
        **SIZES, rope_theta=500000.0, head_dim=24, tie_word_embeddings=True, rope_scaling=dict(
            rope_type="llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=8192)), "LlamaForCausalLM", llama_form, llama31),
    "llama_linear": (A.LLAMA, transformers.LlamaConfig(**SIZES, rope_scaling=dict(rope_type="linear", factor=2.5)),
                     "LlamaForCausalLM", llama_form, llama_linear),
    "mistral": (A.LLAMA, transformers.MistralConfig(**SIZES, sliding_window=8), "MistralForCausalLM", llama_form, mistral),
    "smollm3": (A.SMOLLM3, transformers.SmolLM3Config(**SIZES, rope_theta=5e6, tie_word_embeddings=True),
                "SmolLM3ForCausalLM", llama_form, llama),
    "qwen2": (A.QWEN2, transformers.Qwen2Config(**SIZES, rope_theta=1e6, rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=16)),
        "Qwen2ForCausalLM", None, qwen2),
    "qwen3": (A.QWEN3, transformers.Qwen3Config(**SIZES, head_dim=6, rope_theta=1e6, tie_word_embeddings=True),
              "Qwen3ForCausalLM", None, with_head_size),
    "gemma": (A.GEMMA, transformers.GemmaConfig(**SIZES, head_dim=6), "GemmaForCausalLM", gemma_form, gemma),
    "gemma2": (A.GEMMA2, transformers.Gemma2Config(
        **SIZES, head_dim=6, query_pre_attn_scalar=6, sliding_window=8, attn_logit_softcapping=40.0,
        final_logit_softcapping=20.0), "Gemma2ForCausalLM", gemma_form, gemma2),
    "gemma3": (A.GEMMA3, transformers.Gemma3TextConfig(
        **{**SIZES, "num_hidden_layers": 7}, head_dim=6, query_pre_attn_scalar=6, sliding_window=8,
        rope_scaling=dict(rope_type="linear", factor=8.0)), "Gemma3ForCausalLM", gemma_form, gemma3),
    "phi3": (A.PHI3, transformers.Phi3Config(**SIZES, sliding_window=7, original_max_position_embeddings=64),
             "Phi3ForCausalLM", None, phi3),
    "phi3_long": (A.PHI3, transformers.Phi3Config(
        **{**SIZES, "hidden_size": 32}, original_max_position_embeddings=16, partial_rotary_factor=0.75,
        rope_scaling=dict(SU), tie_word_embeddings=True), "Phi3ForCausalLM", None, phi3),
    "gpt2": (A.GPT2, transformers.GPT2Config(
        n_embd=16, n_layer=2, n_head=4, n_positions=64, vocab_size=10, bos_token_id=1, eos_token_id=2, pad_token_id=0),
        "GPT2LMHeadModel", gpt2_form, gpt2),
    "gptneox": (A.GPTNEOX, transformers.GPTNeoXConfig(
        **{**NO_KEY_HEADS, "hidden_size": 32}, rotary_pct=0.5, use_parallel_residual=False),
        "GPTNeoXForCausalLM", neox_form, neox),
    "bert": (A.BERT, transformers.BertConfig(**NO_KEY_HEADS), "BertModel", None, bert),
}


def write(case):
    architecture, config, class_name, form, metadata = CASES[case]
    config.architectures = [class_name]
    model = getattr(transformers, class_name)(config)
    names = sorted(model.state_dict())
    if config.tie_word_embeddings:
        names = [name for name in names if name not in ("lm_head.weight", "embed_out.weight")]
    names = [name for name in names if not name.startswith("pooler.") and not name.endswith("position_ids")]
    shapes = {name: list(model.state_dict()[name].shape) for name in names}
    writer = gguf.GGUFWriter(OUT / f"{case}.gguf", gguf.MODEL_ARCH_NAMES[architecture])
    metadata(writer, config)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{i}" for i in range(config.vocab_size)])
    writer.add_bos_token_id(config.bos_token_id or 1)
    writer.add_eos_token_id(config.eos_token_id or 2)
    writer.add_pad_token_id(config.pad_token_id)
    layers = getattr(config, "num_hidden_layers", LAYERS)
    translate = gguf.get_tensor_name_map(architecture, layers)
    for k, (name, shape) in enumerate(shapes.items()):
        weights = (1000 * k + np.arange(np.prod(shape))).reshape(shape).astype(np.float32)
        if form:
            weights = form(name, weights, config)
        stored = translate.get_name(name, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(stored, np.ascontiguousarray(weights))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    described = {"config": config.to_dict(), "tensors": shapes}
    (OUT / f"{case}.json").write_text(json.dumps(described, indent=1) + "\n")


shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir(parents=True)
for case in CASES:
    write(case)
print(f"{len(CASES)} architectures, {sum(file.stat().st_size for file in OUT.iterdir()) / 1024:.0f} KiB")
