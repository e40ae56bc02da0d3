"""Every architecture against transformers: logits, hidden states, every component and a gradient of tiny random models.

    venv/bin/pip install torch==2.11.0 transformers==4.57.3 safetensors numpy
    venv/bin/python scripts/goldens/architectures.py [NAME ...]    # all, or these alone

A checkpoint is stored as published ones are: keys of config.json that the library has only lately begun to write are
taken out, tensors are named as the Hub's files name them, and some carry tensors that nobody reads. What is written is
always what the library computes from the stored folder. Attention is the library's eager one.

golden.json holds beside the tolerances `controls`: changes of config.json (a merge: objects are merged, all else is
replaced) under which the reference itself gives other logits, by at least a hundred tolerances. A model that reads the
changed folder and still passes has not read the key.
"""

import copy
import dataclasses
import json
import pathlib
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file

import golden

LENGTHS = [12, 1, 23, 48]  # the last is longer than every window and every original context
LONG, TAIL = 600, 4
TENSORS = {
    "ids.i": "[n] token ids; token_type_ids.i the segments, where not all are 0",
    "logits.i": "[n, vocab] scores of sequence i, run alone",
    "long.ids, long.logits": f"[{LONG}] token ids, [{TAIL}, vocab] scores of the last of them; models without a table of "
                             "positions",
    "hidden": "[n, hidden] what the vocabulary matrix reads: after the final norm (BERT: after the last block); "
              "hidden.i where a model has no vocabulary matrix",
    "blocks.l.input": "[n, hidden] input of the block",
    "blocks.l.query, key, value": "[n, heads * head_dim] output of the projection, bias included, before any norm of "
                                  "heads and before rotation; a fused projection's own rows, heads in order",
    "blocks.l.head_output": "[n, heads * head_dim] input of the attention's output projection",
    "blocks.l.attention_output": "[n, hidden] output of that projection, before any norm and before the residual sum",
    "blocks.l.attention_input, mlp_input": "[n, hidden] what the attention's and the network's first projections read",
    "blocks.l.mlp_gate, mlp_up": "[n, intermediate] output of the network's first projections, gated networks have two; a "
                                 "fused one's own rows",
    "blocks.l.mlp_activation": "[n, intermediate] input of the feed-forward network's last projection",
    "blocks.l.mlp_output": "[n, hidden] output of that projection, before any norm and before the residual sum",
    "blocks.l.output": "[n, hidden] output of the block (BERT: after its last norm)",
    "grad.0.output": "[n, hidden] gradient of the summed cross entropy of logits.0 and targets.0 with respect to "
                     "blocks.0.output",
}


def halves(x, config):
    return x.chunk(3, dim=-1)


def head_by_head(x, config):
    """GPT-NeoX keeps query, key and value of a head together."""
    return [part.flatten(1) for part in x.unflatten(-1, (config.num_attention_heads, -1)).chunk(3, dim=-1)]


def grouped(x, config):
    """Phi-3: all queries, then the fewer keys, then the values."""
    width = config.hidden_size // config.num_attention_heads
    keys = config.num_key_value_heads * width
    return x.split([config.num_attention_heads * width, keys, keys], dim=-1)


@dataclasses.dataclass
class Family:
    """Where a model class keeps what: paths of modules, those of a block relative to it."""
    model: type
    config: type
    blocks: str = "model.layers"
    hidden: str = "model.norm"
    projections: tuple = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    fused: object = None  # splits the output of the one projection
    attention_output: str = "self_attn.o_proj"
    network: tuple = ("mlp.gate_proj", "mlp.up_proj")  # one map: no gate, or both in one
    mlp_output: str = "mlp.down_proj"
    norm_offset: float = 1.0
    settings: dict = dataclasses.field(default_factory=dict)


DECODER = dict(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=97, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, pad_token_id=0)
NEOX = dict(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, vocab_size=97,
    max_position_embeddings=64, bos_token_id=1, eos_token_id=2)
ENCODER = dict(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, vocab_size=97,
    max_position_embeddings=66)
SIGHT = dict(  # as small as a vision tower can be: nothing here reads it
    hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=8, patch_size=4)


def encoder(model, config, blocks):
    return Family(
        model, config, blocks=f"{blocks}.layer", hidden=blocks,
        projections=("attention.self.query", "attention.self.key", "attention.self.value"),
        attention_output="attention.output.dense", network=("intermediate.dense",), mlp_output="output.dense",
        settings=ENCODER)


T = transformers
LLAMA = Family(T.LlamaForCausalLM, T.LlamaConfig, settings=DECODER)
MISTRAL = Family(T.MistralForCausalLM, T.MistralConfig, settings=DECODER)
QWEN2 = Family(T.Qwen2ForCausalLM, T.Qwen2Config, settings=DECODER)
QWEN3 = Family(T.Qwen3ForCausalLM, T.Qwen3Config, settings=DECODER)
GEMMA = Family(T.GemmaForCausalLM, T.GemmaConfig, norm_offset=0, settings=DECODER)
GEMMA2 = Family(T.Gemma2ForCausalLM, T.Gemma2Config, norm_offset=0, settings=DECODER)
GEMMA3 = Family(T.Gemma3ForCausalLM, T.Gemma3TextConfig, norm_offset=0, settings=DECODER)
GEMMA3_SIGHTED = Family(
    T.Gemma3ForConditionalGeneration, T.Gemma3Config, norm_offset=0,
    blocks="model.language_model.layers", hidden="model.language_model.norm")
SMOLLM3 = Family(T.SmolLM3ForCausalLM, T.SmolLM3Config, settings=DECODER)
PHI3 = Family(
    T.Phi3ForCausalLM, T.Phi3Config, projections=("self_attn.qkv_proj",), fused=grouped,
    network=("mlp.gate_up_proj",), settings=DECODER)
GPT2 = Family(
    T.GPT2LMHeadModel, T.GPT2Config, blocks="transformer.h", hidden="transformer.ln_f", projections=("attn.c_attn",),
    fused=halves, attention_output="attn.c_proj", network=("mlp.c_fc",), mlp_output="mlp.c_proj",
    settings=dict(n_embd=32, n_layer=2, n_head=4, vocab_size=97, n_positions=64, bos_token_id=1, eos_token_id=2))
GPT_NEOX = Family(
    T.GPTNeoXForCausalLM, T.GPTNeoXConfig, blocks="gpt_neox.layers", hidden="gpt_neox.final_layer_norm",
    projections=("attention.query_key_value",), fused=head_by_head, attention_output="attention.dense",
    network=("mlp.dense_h_to_4h",), mlp_output="mlp.dense_4h_to_h", settings=NEOX)
BERT = encoder(T.BertForMaskedLM, T.BertConfig, "bert.encoder")
BERT_HEADLESS = encoder(T.BertModel, T.BertConfig, "encoder")
ROBERTA = encoder(T.RobertaForMaskedLM, T.RobertaConfig, "roberta.encoder")


@dataclasses.dataclass
class Variant:
    family: Family
    settings: dict = dataclasses.field(default_factory=dict)
    controls: list = dataclasses.field(default_factory=list)  # changes of config.json that must show
    unwritten: tuple = ()  # keys that published files of this kind lack
    lengths: list = dataclasses.field(default_factory=lambda: LENGTHS)
    like: str = None  # another variant's weights under other names: logits alone are stored
    rename: object = None  # tensor name -> the name in the file
    unread: object = None  # tensors that published files also hold
    segments: bool = False


def prefixless(name):
    return name.removeprefix("transformer.")


def masks_of_gpt2():
    return {f"h.{layer}.attn.bias": torch.ones(64, 64).tril()[None, None] for layer in range(2)}


def masks_of_gpt_neox():
    found = {}
    for layer in range(2):
        path = f"gpt_neox.layers.{layer}.attention."
        found[path + "bias"] = torch.ones(1, 1, 64, 64, dtype=torch.bool).tril()
        found[path + "masked_bias"] = torch.tensor(-1e9)
        found[path + "rotary_emb.inv_freq"] = torch.ones(4, dtype=torch.float16)
    return found


def first_names_of_bert(name):
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def heads_of_pretraining():
    return {
        "bert.pooler.dense.weight": torch.ones(32, 32), "bert.pooler.dense.bias": torch.ones(32),
        "cls.seq_relationship.weight": torch.ones(2, 32), "cls.seq_relationship.bias": torch.ones(2),
        "bert.embeddings.position_ids": torch.arange(66)[None],
    }


WHOLE, WINDOW = "full_attention", "sliding_attention"
GEMMA3_SETTINGS = dict(
    head_dim=12, query_pre_attn_scalar=20, num_hidden_layers=3, sliding_window=5, sliding_window_pattern=2,
    rope_theta=1000.0, rope_local_base_freq=50.0, rope_scaling={"rope_type": "linear", "factor": 4.0})
GEMMA3_CONTROLS = [
    {"sliding_window": 64}, {"sliding_window_pattern": 3}, {"rope_theta": 50.0}, {"rope_local_base_freq": 1000.0},
    {"rope_scaling": None}, {"rope_scaling": {"factor": 2.0}}, {"query_pre_attn_scalar": 12}, {"rms_norm_eps": 0.1}]
LONGROPE = {"type": "longrope", "short_factor": [1.0, 1.2, 1.5, 2.0], "long_factor": [1.3, 2.5, 6.0, 11.0]}
LONGROPE_6 = {
    "type": "longrope", "short_factor": [1.0, 1.1, 1.2, 1.4, 1.7, 2.0], "long_factor": [1.2, 1.8, 2.5, 4.0, 6.0, 9.0]}

VARIANTS = {
    "llama3_rope": Variant(
        LLAMA,
        dict(num_attention_heads=2, num_key_value_heads=1, rope_theta=500.0, tie_word_embeddings=True, rope_scaling={
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32}),
        [{"rope_scaling": None}, {"rope_scaling": {"factor": 2.0}}, {"rope_scaling": {"low_freq_factor": 2.0}},
         {"rope_scaling": {"high_freq_factor": 2.0}}, {"rope_scaling": {"original_max_position_embeddings": 64}}]),
    "llama_linear_rope": Variant(
        LLAMA, dict(rope_scaling={"type": "linear", "factor": 4.0}),
        [{"rope_scaling": None}, {"rope_scaling": {"factor": 2.0}}]),
    "llama_yarn": Variant(
        LLAMA,
        dict(num_attention_heads=2, num_key_value_heads=1, rope_theta=100.0, rope_scaling={
            "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}),
        [{"rope_scaling": None}, {"rope_scaling": {"factor": 2.0}}, {"rope_scaling": {"attention_factor": 1.0}},
         {"rope_scaling": {"beta_slow": 4.0}}, {"rope_scaling": {"original_max_position_embeddings": 64}}]),
    "mistral": Variant(
        MISTRAL, dict(head_dim=12, sliding_window=None, rope_theta=1e6),
        [{"rope_theta": 100.0}, {"sliding_window": 5}, {"rms_norm_eps": 0.1}]),
    "mistral_window": Variant(
        MISTRAL, dict(sliding_window=5), [{"sliding_window": None}, {"sliding_window": 6}, {"sliding_window": 4}]),
    "qwen2": Variant(
        QWEN2, dict(tie_word_embeddings=True, rope_theta=1e6),
        [{"rope_theta": 100.0}, {"rms_norm_eps": 0.1}], unwritten=("layer_types",)),
    "qwen2_window": Variant(
        QWEN2, dict(use_sliding_window=True, max_window_layers=1, sliding_window=5),
        [{"use_sliding_window": False}, {"max_window_layers": 0}, {"max_window_layers": 2}, {"sliding_window": 6}],
        unwritten=("layer_types",)),
    "qwen3": Variant(
        QWEN3, dict(head_dim=12, tie_word_embeddings=True, rope_theta=1e6),
        [{"rope_theta": 100.0}, {"rms_norm_eps": 0.1}], unwritten=("layer_types",)),
    "gemma": Variant(
        GEMMA, dict(num_attention_heads=2, num_key_value_heads=1, head_dim=16, hidden_act="gelu_pytorch_tanh"),
        [{"model_type": "llama", "hidden_act": "silu", "tie_word_embeddings": True}, {"rope_theta": 100.0},
         {"rms_norm_eps": 0.1}]),
    "gemma2": Variant(
        GEMMA2, dict(head_dim=12, query_pre_attn_scalar=20, sliding_window=5, attn_logit_softcapping=5.0,
                     final_logit_softcapping=3.0),
        [{"attn_logit_softcapping": None}, {"attn_logit_softcapping": 3.0}, {"final_logit_softcapping": None},
         {"sliding_window": 64}, {"sliding_window": 6}, {"query_pre_attn_scalar": 12}],
        unwritten=("layer_types",)),
    "gemma3_text": Variant(
        GEMMA3, GEMMA3_SETTINGS, GEMMA3_CONTROLS, unwritten=("layer_types", "_sliding_window_pattern")),
    "gemma3": Variant(
        GEMMA3_SIGHTED,
        dict(text_config={**DECODER, **GEMMA3_SETTINGS}, vision_config=SIGHT, mm_tokens_per_image=1),
        [{"text_config": change} for change in GEMMA3_CONTROLS[:5]],
        unwritten=("text_config.layer_types", "text_config._sliding_window_pattern")),
    "gpt2": Variant(
        GPT2, {},
        [{"layer_norm_epsilon": 0.1}, {"activation_function": "relu"}, {"scale_attn_by_inverse_layer_idx": True},
         {"scale_attn_weights": False}]),
    "gpt2_prefixless": Variant(GPT2, like="gpt2", rename=prefixless, unread=masks_of_gpt2),
    "gpt_neox": Variant(
        GPT_NEOX, dict(rotary_pct=0.25),
        [{"use_parallel_residual": False}, {"rotary_pct": 0.5}, {"rotary_emb_base": 10}, {"layer_norm_eps": 0.1}],
        unwritten=("partial_rotary_factor", "rope_theta")),
    "gpt_neox_sequential": Variant(
        GPT_NEOX, dict(num_attention_heads=4, rotary_pct=1.0, rotary_emb_base=500, use_parallel_residual=False),
        [{"use_parallel_residual": True}, {"rotary_pct": 0.5}, {"hidden_act": "relu"}],
        unwritten=("partial_rotary_factor", "rope_theta"), unread=masks_of_gpt_neox),
    "phi3": Variant(
        PHI3, dict(sliding_window=None), [{"sliding_window": 5}, {"rope_theta": 100.0}, {"rms_norm_eps": 0.1}],
        unwritten=("partial_rotary_factor",)),
    "phi3_longrope": Variant(
        PHI3, dict(sliding_window=62, original_max_position_embeddings=8, rope_scaling=LONGROPE),
        [{"rope_scaling": None}, {"rope_scaling": {"long_factor": LONGROPE["short_factor"]}},
         {"original_max_position_embeddings": 64}, {"max_position_embeddings": 512}, {"sliding_window": 5}],
        unwritten=("partial_rotary_factor",), lengths=[12, 7, 23, 48]),
    "phi3_partial_rotary": Variant(
        PHI3, dict(num_attention_heads=2, num_key_value_heads=1, partial_rotary_factor=0.75, tie_word_embeddings=True,
                   sliding_window=None, original_max_position_embeddings=32, rope_scaling=LONGROPE_6),
        [{"rope_scaling": None}, {"rope_scaling": {"long_factor": LONGROPE_6["short_factor"]}},
         {"rope_scaling": None, "partial_rotary_factor": 1.0}]),
    "smollm3": Variant(
        SMOLLM3, dict(num_hidden_layers=3, no_rope_layers=[1, 0, 1], attention_bias=True, use_sliding_window=True,
                      sliding_window=5, layer_types=[WHOLE, WINDOW, WINDOW], tie_word_embeddings=True, rope_theta=1e4),
        [{"layer_types": [WHOLE, WHOLE, WHOLE]}, {"layer_types": [WHOLE, WINDOW, WHOLE]}, {"sliding_window": 6},
         {"no_rope_layers": [1, 1, 1]}, {"no_rope_layers": [0, 0, 1]}, {"rope_theta": 100.0}]),
    "bert": Variant(
        BERT, {}, [{"layer_norm_eps": 0.1}, {"hidden_act": "relu"}], segments=True),
    "bert_published": Variant(BERT, like="bert", rename=first_names_of_bert, unread=heads_of_pretraining),
    "bert_headless": Variant(
        BERT_HEADLESS, {}, [{"layer_norm_eps": 0.1}, {"hidden_act": "gelu_new"}], segments=True,
        unread=lambda: {"embeddings.position_ids": torch.arange(66)[None]}),
    "roberta": Variant(
        ROBERTA, dict(type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5),
        [{"pad_token_id": 0}, {"layer_norm_eps": 0.1}, {"hidden_act": "relu"}]),
}


def merged(old, change):
    """`change` laid over `old`: objects are merged, all else is replaced."""
    if not (isinstance(old, dict) and isinstance(change, dict)):
        return change
    return {**old, **{key: merged(old.get(key), value) for key, value in change.items()}}


def remove(settings, path):
    *parents, key = path.split(".")
    for parent in parents:
        settings = settings[parent]
    settings.pop(key, None)


def store(variant, name, seed):
    """The checkpoint of a variant, in the layout of published ones."""
    family, settings = variant.family, variant.settings
    if variant.like:
        seed, settings = list(VARIANTS).index(variant.like), VARIANTS[variant.like].settings
    model = golden.randomise(family.model(family.config(**{**family.settings, **settings})), seed, family.norm_offset)
    if issubclass(family.model, T.GPT2LMHeadModel):
        with torch.no_grad():  # its matrices are transposed: [in, out]
            for block in model.transformer.h:
                for layer in [block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj]:
                    layer.weight.mul_((layer.weight.shape[1] / layer.weight.shape[0]) ** 0.5)
    golden.save_model(model, name)
    folder = golden.FOLDER / name
    config = json.loads((folder / "config.json").read_text())
    for path in variant.unwritten:
        remove(config, path)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if variant.rename or variant.unread:
        tensors = load_file(folder / "model.safetensors")
        if variant.rename:
            tensors = {variant.rename(key): tensor for key, tensor in tensors.items()}
        if variant.unread:
            tensors.update(variant.unread())
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def load(variant, folder, kind=None):
    model, report = (kind or variant.family.model).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"], (folder, report)
    return model.eval()


def in_float64(model):
    """The weights, and a configuration that asks for float64; the model itself is built inside `float64_everywhere`."""
    weights = {key: value.to(torch.float64) for key, value in model.state_dict().items()}
    config = copy.deepcopy(model.config)
    for part in [config, *(getattr(config, key) for key in config.sub_configs)]:
        part.dtype = torch.float64
    return weights, config


def scores(model, ids, segments=None):
    keywords = {} if segments is None else {"token_type_ids": segments[None]}
    output = model(ids[None], **keywords)
    return output.logits[0] if hasattr(output, "logits") else output.last_hidden_state[0]


def with_hooks(family, model, found):
    """Hooks that keep every component of every block; returns what removes them."""
    handles = []

    def before(module, keep):
        handles.append(module.register_forward_pre_hook(lambda _, inputs: keep(inputs[0][0])))

    def after(module, keep):
        def hook(_, inputs, output):
            keep((output[0] if isinstance(output, tuple) else getattr(output, "last_hidden_state", output))[0])
        handles.append(module.register_forward_hook(hook))

    def keep(key):
        def record(value):
            assert key not in found, f"{key} was computed twice"
            found[key] = value.detach().clone()
        return record

    for index, block in enumerate(model.get_submodule(family.blocks)):
        path = f"blocks.{index}."
        before(block, keep(path + "input"))
        kinds = ["query", "key", "value"]
        if family.fused:
            def keep_parts(value, path=path):
                for kind, part in zip(kinds, family.fused(value, model.config), strict=True):
                    keep(path + kind)(part)
            after(block.get_submodule(family.projections[0]), keep_parts)
        else:
            for kind, projection in zip(kinds, family.projections, strict=True):
                after(block.get_submodule(projection), keep(path + kind))
        before(block.get_submodule(family.attention_output), keep(path + "head_output"))
        after(block.get_submodule(family.attention_output), keep(path + "attention_output"))
        before(block.get_submodule(family.projections[0]), keep(path + "attention_input"))
        before(block.get_submodule(family.network[0]), keep(path + "mlp_input"))
        if family.network == ("mlp.gate_up_proj",):
            def keep_halves(value, path=path):
                for kind, part in zip(["mlp_gate", "mlp_up"], value.chunk(2, dim=-1), strict=True):
                    keep(path + kind)(part)
            after(block.get_submodule(family.network[0]), keep_halves)
        else:
            for kind, projection in zip(["mlp_gate", "mlp_up"][-len(family.network):], family.network, strict=True):
                after(block.get_submodule(projection), keep(path + kind))
        before(block.get_submodule(family.mlp_output), keep(path + "mlp_activation"))
        after(block.get_submodule(family.mlp_output), keep(path + "mlp_output"))
        after(block, keep(path + "output"))
    after(model.get_submodule(family.hidden), keep("hidden"))
    return handles


def run(variant, model, inputs):
    """What golden.safetensors holds beside its inputs; everything inside is of sequence 0."""
    family, found = variant.family, {}
    headless = model.get_output_embeddings() is None
    name = "hidden" if headless else "logits"
    if not variant.like:
        handles = with_hooks(family, model, found)
        leaf = []

        def branch(_, inputs, output):
            value = output[0] if isinstance(output, tuple) else output
            value.retain_grad()
            leaf.append(value)

        handles.append(model.get_submodule(family.blocks)[0].register_forward_hook(branch))
        result = scores(model, inputs["ids.0"])
        for handle in handles:
            handle.remove()
        if not headless:
            torch.nn.functional.cross_entropy(result, inputs["targets.0"], reduction="sum").backward()
            found["grad.0.output"] = leaf[0].grad[0].clone()
    with torch.no_grad():
        for index in range(sum(key.startswith("ids.") for key in inputs)):
            found[f"{name}.{index}"] = scores(model, inputs[f"ids.{index}"], inputs.get(f"token_type_ids.{index}"))
        if "long.ids" in inputs:
            found["long.logits"] = scores(model, inputs["long.ids"])[-TAIL:]
    return found


def inputs_of(variant, seed):
    source = list(VARIANTS).index(variant.like) if variant.like else seed
    sequences = golden.random_ids(1000 + source, variant.lengths)
    inputs = {f"ids.{index}": sequence for index, sequence in enumerate(sequences)}
    if not variant.like and variant.family is not BERT_HEADLESS:
        inputs["targets.0"], = golden.random_ids(2000 + source, variant.lengths[:1])
    if not variant.like and variant.family not in [GPT2, BERT, BERT_HEADLESS, ROBERTA]:
        inputs["long.ids"], = golden.random_ids(4000 + source, [LONG])
    if variant.segments:
        inputs["ids.4"], = golden.random_ids(3000 + source, [16])
        inputs["token_type_ids.4"] = (torch.arange(16) >= 9).long()
    return inputs


def control(variant, folder, change, inputs, expected):
    """How far the reference's own numbers for sequence 3 move when config.json is changed."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        config = merged(json.loads((folder / "config.json").read_text()), change)
        (place / "config.json").write_text(json.dumps(config))
        (place / "model.safetensors").symlink_to(folder / "model.safetensors")
        model = load(variant, place, T.AutoModelForCausalLM if "model_type" in change else None)
        with torch.no_grad():
            return (scores(model, inputs["ids.3"]) - expected).abs().max().item()


def main():
    for seed, (name, variant) in enumerate(VARIANTS.items()):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        store(variant, name, seed)
        folder = golden.FOLDER / name
        inputs = inputs_of(variant, seed)
        single = load(variant, folder)
        weights, config = in_float64(single)

        def case(dtype):
            if dtype == golden.FLOAT32:
                return run(variant, single, inputs)
            double = variant.family.model(config).eval()
            double.load_state_dict(weights)
            return run(variant, double, inputs)

        with torch.no_grad():
            expected = scores(single, inputs["ids.3"])
            if variant.segments:
                plain = scores(single, inputs["ids.4"])
                both = scores(single, inputs["ids.4"], inputs["token_type_ids.4"])
                assert (plain - both).abs().max() > 0.1, "the segments do not show"
        tensor = "hidden.3" if variant.family is BERT_HEADLESS else "logits.3"
        controls = [
            {"change": change, "tensor": tensor, "difference": control(variant, folder, change, inputs, expected)}
            for change in variant.controls]
        facts = {
            "script": "scripts/goldens/architectures.py", "lengths": variant.lengths, "shapes": TENSORS,
            "controls": [{**entry, "difference": float(f"{entry['difference']:.2g}")} for entry in controls]}
        if variant.like:
            facts = {**facts, "like": variant.like}
        tolerances = golden.write(
            name, case, facts, inputs, golden.float64_everywhere, together=lambda key: key.rstrip("0123456789"))
        for entry in controls:
            assert entry["difference"] > 100 * tolerances[tensor], (name, entry, tolerances[tensor])
        size = sum(file.stat().st_size for file in folder.iterdir())
        assert size < 300 * 1024, f"{name}: {size} bytes"


if __name__ == "__main__":
    main()
