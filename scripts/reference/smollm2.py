"""SmolLM2-135M-Instruct for the reference libraries, out of the very GGUF file that reft reads.

    pip install torch==2.11.0 transformers==4.45.1 gguf numpy==1.26.4
"""

import pathlib
import subprocess

import gguf
import numpy
import torch
import transformers
from gguf.quants import dequantize
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

CONTROL = 3  # tokenizer.ggml.token_type of tokens that are matched whole in the text

NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def path():
    """The file that `make setup` leaves in the cache."""
    script = pathlib.Path(__file__).resolve().parents[1] / "setup" / "model.sh"
    return subprocess.run([script], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def name_of(tensor):
    if tensor == "token_embd.weight":
        return "model.embed_tokens.weight"
    if tensor == "output_norm.weight":
        return "model.norm.weight"
    _, block, part, kind = tensor.split(".")
    return f"model.layers.{block}.{NAMES[part]}.{kind}"


def unpermuted(weight, heads):
    """Rows as transformers has them: GGUF interleaves the two halves of every rotary head."""
    return weight.reshape(heads, weight.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def load_model(file=None):
    """A float32 LlamaForCausalLM with the dequantised weights."""
    reader = gguf.GGUFReader(file or path())
    fact = lambda key: reader.fields[f"llama.{key}"].contents()
    heads, key_heads = fact("attention.head_count"), fact("attention.head_count_kv")
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=fact("vocab_size"), hidden_size=fact("embedding_length"), intermediate_size=fact("feed_forward_length"),
        num_hidden_layers=fact("block_count"), num_attention_heads=heads, num_key_value_heads=key_heads,
        max_position_embeddings=fact("context_length"), rope_theta=fact("rope.freq_base"),
        rms_norm_eps=fact("attention.layer_norm_rms_epsilon"), tie_word_embeddings=True, bos_token_id=1, eos_token_id=2,
        pad_token_id=2))
    weights = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type)
        if ".attn_q." in tensor.name:
            weight = unpermuted(weight, heads)
        if ".attn_k." in tensor.name:
            weight = unpermuted(weight, key_heads)
        weights[name_of(tensor.name)] = torch.from_numpy(numpy.array(weight, dtype=numpy.float32))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) == {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model.eval()


def load_tokenizer(file=None):
    """The tokenizer as its tokenizer.json has it: single digits, then byte-level BPE; no BOS, no EOS."""
    reader = gguf.GGUFReader(file or path())
    fact = lambda key: reader.fields[f"tokenizer.ggml.{key}"].contents()
    assert fact("pre") == "smollm"
    tokens = fact("tokens")
    merges = [tuple(merge.split(" ")) for merge in fact("merges")]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)
                                  for token, kind in zip(tokens, fact("token_type")) if kind == CONTROL])
    return tokenizer
