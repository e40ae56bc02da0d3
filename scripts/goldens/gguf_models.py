"""Whole models in GGUF as llama.cpp's Q4_K_M mixes them, tokenizers included, and the reference's logits.

    venv/bin/pip install torch==2.11.0 transformers==4.57.3 tokenizers==0.22.1 gguf==0.19.0 safetensors numpy
    venv/bin/python scripts/goldens/gguf_models.py

writes Tests/Goldens/gguf_qwen2_q4_k_m and gguf_gemma3_q4_k_m: model.gguf, golden.safetensors, golden.json. The reference is
transformers in float32, eager attention, on the weights as the gguf package dequantises them. The types follow llama.cpp's
mix: Q4_K for most, Q6_K for the output and for attn_v and ffn_down of some layers, F32 for vectors, and where rows are no
multiple of 256 (as in Gemma 3 1B) Q5_0 for Q4_K and Q8_0 for Q6_K. Any valid bits are a valid file, so the quantiser below
is the simplest there is.

golden.json has beside the tolerances: the configuration of transformers; for every tensor by its Hugging Face name its shape
and a checksum of the dequantised values, the sum over i of (bits of element i) * (2 i + 1) modulo 2^64; texts and their
ids by the tokenizers library, from the pipeline that the published tokenizers of the kind have.
"""

import inspect

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as T
from gguf import MODEL_ARCH as A
from gguf import quants
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

import golden

LENGTHS = [12, 1, 40]
TEXTS = ["the other thing", " in the end, he said:\n\n  then 1234 things", "naïve 東京 🎈\tx", "THE END", "a", "   three  spaces"]
WORDS = ("the", "then", "other", "thing", "things", "in", "end", "he", "said", "she", "her", "an", "and")


def q6_k(x):
    """[n, 256] float32 to [n, 210] bytes."""
    n = len(x)
    parts = x.reshape(n, 16, 16)
    scale = np.abs(parts).max(-1) / 31
    d = np.maximum(scale.max(-1, keepdims=True) / 127, 1e-8).astype(np.float16)
    scales = np.clip(np.rint(scale / d.astype(np.float32)), 1, 127).astype(np.int8)
    step = d.astype(np.float32)[:, :, None] * scales[:, :, None]
    q = (np.clip(np.rint(parts / step), -32, 31) + 32).astype(np.uint8).reshape(n, 2, 4, 32)
    low, high = q & 15, q >> 4
    nibbles = np.stack([low[:, :, 0] | low[:, :, 2] << 4, low[:, :, 1] | low[:, :, 3] << 4], axis=2)
    pairs = high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6
    return np.concatenate(
        [nibbles.reshape(n, 128), pairs.reshape(n, 64), scales.view(np.uint8), d.view(np.uint8)], axis=1)


def q4_k(x):
    """[n, 256] float32 to [n, 144] bytes."""
    n = len(x)
    parts = x.reshape(n, 8, 32)
    lowest = np.maximum(0, -parts.min(-1))
    scale = (parts.max(-1) + lowest) / 15
    d = np.maximum(scale.max(-1, keepdims=True) / 63, 1e-7).astype(np.float16)
    dmin = np.maximum(lowest.max(-1, keepdims=True) / 63, 1e-7).astype(np.float16)
    s = np.clip(np.rint(scale / d.astype(np.float32)), 1, 63).astype(np.uint8)
    m = np.clip(np.rint(lowest / dmin.astype(np.float32)), 0, 63).astype(np.uint8)
    step, offset = d.astype(np.float32) * s, dmin.astype(np.float32) * m
    q = np.clip(np.rint((parts + offset[:, :, None]) / step[:, :, None]), 0, 15).astype(np.uint8)
    packed = np.concatenate(
        [s[:, :4] | s[:, 4:] >> 4 << 6, m[:, :4] | m[:, 4:] >> 4 << 6, s[:, 4:] & 15 | (m[:, 4:] & 15) << 4], axis=1)
    runs = q.reshape(n, 4, 2, 32)
    return np.concatenate(
        [d.view(np.uint8), dmin.view(np.uint8), packed, (runs[:, :, 0] | runs[:, :, 1] << 4).reshape(n, 128)], axis=1)


def quantised(weights, type):
    rows = weights.shape[0]
    if type in (T.Q4_K, T.Q6_K):
        pack = q4_k if type == T.Q4_K else q6_k
        stored = pack(np.ascontiguousarray(weights).reshape(-1, 256)).reshape(rows, -1)
    else:
        stored = quants.quantize(weights, type)
    values = quants.dequantize(stored, type)
    assert np.abs(values - weights).mean() < 0.1 * np.abs(weights).mean(), f"{type.name} is packed wrongly"
    return stored, values


def type_of(stored, layer, layers, shape, tied):
    """llama.cpp's choice for Q4_K_M."""
    if len(shape) == 1:
        return T.F32
    more = layer is not None and (
        layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2)
    fine = stored == "output.weight" or tied and stored == "token_embd.weight" or (
        more and (".attn_v." in stored or ".ffn_down." in stored))
    if shape[-1] % 256:
        return T.Q8_0 if fine else T.Q5_0
    return T.Q6_K if fine else T.Q4_K


def checksum(values):
    bits = np.ascontiguousarray(values, dtype=np.float32).reshape(-1).view(np.uint32).astype(np.uint64)
    weights = 2 * np.arange(bits.size, dtype=np.uint64) + 1
    return f"{int((bits * weights).sum(dtype=np.uint64)):016x}"


def merges_for(words, start):
    """Merges that build every word from its letters, front to back, and the pieces that they make."""
    merges, pieces = [], []
    for word in words:
        symbols = [start, *word]
        while len(symbols) > 1:
            # Merges that are there already come first, by rank, as in the real thing.
            pairs = list(zip(symbols, symbols[1:]))
            known = [pair for pair in merges if pair in pairs]
            pair = known[0] if known else pairs[0]
            if not known:
                merges.append(pair)
                pieces.append("".join(pair))
            at = pairs.index(pair)
            symbols[at:at + 2] = ["".join(pair)]
    return merges, pieces


def qwen2_tokenizer(writer):
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges, pieces = merges_for(WORDS, "Ġ")
    pieces = list(dict.fromkeys(pieces))
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokens = letters + pieces + special
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 3) + [3] * 3)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
        "'\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
            r"\s+(?!\S)|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, len(tokens)


def gemma3_tokenizer(writer):
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = ["▁", *sorted(set("".join(WORDS)))]
    merges, pieces = merges_for(WORDS, "▁")
    runs = ["▁▁", "▁▁▁"]
    pieces = runs + list(dict.fromkeys(pieces))
    merges = [("▁", "▁"), ("▁▁", "▁"), ("▁", "▁▁")] + merges
    tokens = special + raw + pieces + letters
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    # A piece's score is minus its rank, as SentencePiece's BPE trainer writes them; letters come last.
    rank = {piece: i for i, piece in enumerate(pieces + letters)}
    writer.add_token_scores([-float(rank[token]) if token in rank else 0.0 for token in tokens])
    writer.add_token_types([3, 3, 3, 2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 262))
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    tokenizer = Tokenizer(models.BPE(
        {token: i for i, token in enumerate(tokens)}, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer, len(tokens)


def qwen2_metadata(w, c):
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_rope_freq_base(c.rope_theta)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)


def gemma3_metadata(w, c):
    qwen2_metadata(w, c)
    w.add_key_length(c.head_dim)
    w.add_value_length(c.head_dim)
    w.add_sliding_window(c.sliding_window)
    w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    w.add_rope_scaling_factor(c.rope_scaling["factor"])


def qwen2_config(vocabulary):
    return transformers.Qwen2Config(
        hidden_size=256, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=vocabulary, max_position_embeddings=128, rope_theta=1e6, rms_norm_eps=1e-6, tie_word_embeddings=False)


def gemma3_config(vocabulary):
    """Six layers, because the sixth is the first that sees beyond its window."""
    return transformers.Gemma3TextConfig(
        hidden_size=256, intermediate_size=64, num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=32,
        vocab_size=vocabulary, max_position_embeddings=128, rope_theta=1e6, rms_norm_eps=1e-6, query_pre_attn_scalar=32,
        sliding_window=8, rope_scaling=dict(rope_type="linear", factor=8.0), tie_word_embeddings=False)


MODELS = {
    "gguf_qwen2_q4_k_m": (
        A.QWEN2, transformers.Qwen2ForCausalLM, qwen2_config, qwen2_metadata, qwen2_tokenizer, 1.0),
    "gguf_gemma3_q4_k_m": (
        A.GEMMA3, transformers.Gemma3ForCausalLM, gemma3_config, gemma3_metadata, gemma3_tokenizer, 0.0),
}


def make(name, seed):
    architecture, model_class, config_of, metadata, tokenizer_of, norm_offset = MODELS[name]
    folder = golden.FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "model.gguf", gguf.MODEL_ARCH_NAMES[architecture])
    tokenizer, vocabulary = tokenizer_of(writer)
    config = config_of(vocabulary)
    config.architectures = [model_class.__name__]
    config._attn_implementation = "eager"
    metadata(writer, config)
    model = golden.randomise(model_class(config), seed, norm_offset)
    translate = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    weights, described = {}, {}
    for key, value in model.state_dict().items():
        stored = translate.get_name(key, try_suffixes=(".weight", ".bias"))
        layer = int(stored.split(".")[1]) if stored.startswith("blk.") else None
        kind = type_of(stored, layer, config.num_hidden_layers, value.shape, config.tie_word_embeddings)
        value = value.numpy()
        if architecture == A.GEMMA3 and key.endswith("norm.weight"):
            writer.add_tensor(stored, value + 1)
            value = (value + 1) - 1
        elif kind == T.F32:
            writer.add_tensor(stored, value)
        else:
            packed, value = quantised(value, kind)
            writer.add_tensor(stored, packed, raw_dtype=kind)
        weights[key] = torch.from_numpy(value.copy())
        described[key] = {"type": kind.name, "shape": list(value.shape), "checksum": checksum(value)}
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ids = golden.random_ids(100 + seed, LENGTHS, vocabulary)

    def case(dtype):
        reference = model_class(config).to(dtype).eval()
        reference.load_state_dict({key: value.to(dtype) for key, value in weights.items()})
        with torch.no_grad():
            return {f"logits.{i}": reference(sequence[None]).logits[0] for i, sequence in enumerate(ids)}

    golden.write(
        name, case, float64=golden.float64_everywhere, inputs={f"ids.{i}": sequence for i, sequence in enumerate(ids)},
        facts={"script": "scripts/goldens/gguf_models.py", "lengths": LENGTHS,
               "shapes": "logits.i [n, vocab] of sequence i, run alone; ids.i [n]",
               "config": {"model_type": config.model_type, **{
                   key: getattr(config, key) for key in inspect.signature(type(config).__init__).parameters
                   if key not in ("self", "kwargs")}},
               "weights": described,
               "texts": [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in TEXTS]})


for seed, name in enumerate(MODELS):
    make(name, seed)
