"""BitFit (arXiv 2106.10199) against torch itself: the biases of the model's own modules, and nothing else, are trained.

Our tensors are offsets to what the biases are, by the site at which a bias adds: `gradient.NAME` is that of the bias (of the
part of a fused one that the site has), `final.NAME` is how far training moved it. README: golden.py and tapped.py.
"""

import tapped

WIDTH = 32


def gpt2(name):
    layer, component, _ = name.split(".")
    path, part = {
        "attention_input": ("ln_1", None), "query": ("attn.c_attn", slice(0, WIDTH)),
        "key": ("attn.c_attn", slice(WIDTH, 2 * WIDTH)), "value": ("attn.c_attn", slice(2 * WIDTH, 3 * WIDTH)),
        "attention_output": ("attn.c_proj", None), "mlp_input": ("ln_2", None), "mlp_up": ("mlp.c_fc", None),
        "mlp_output": ("mlp.c_proj", None)}[component]
    return f"transformer.h.{layer}.{path}.bias", part, False


def bert(name):
    layer, component, _ = name.split(".")
    if component == "block_input":
        return "bert.embeddings.LayerNorm.bias", None, False
    path = {
        "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
        "attention_output": "attention.output.dense", "mlp_input": "attention.output.LayerNorm", "mlp_up": "intermediate.dense",
        "mlp_output": "output.dense", "block_output": "output.LayerNorm"}[component]
    return f"bert.encoder.layer.{layer}.{path}.bias", None, False


def llama(name):
    layer, component, _ = name.split(".")
    return f"model.layers.{layer}.{tapped.LLAMA[component][0]}.bias", None, False


def of_keys(name):
    """Without rotation a bias of the keys adds the same to all scores of a query, which a softmax does not see."""
    return name.endswith("key.offset")


def write(name, model, place, widths, seed, first={}, unsettled=lambda name: False):
    """`widths` are those of both layers, `first` those of the first alone."""
    shapes = {f"0.{component}.offset": (width,) for component, width in first.items()} | {
        f"{layer}.{component}.offset": (width,) for layer in range(2) for component, width in widths.items()}
    locations = [f"0.{component}@all" for component in first] + [f"all.{component}@all" for component in widths]
    start = tapped.noise(shapes, seed, deviation=0)
    given = tapped.named("value", tapped.noise(shapes, seed)) | tapped.named("start", start)
    tapped.write(
        name, lambda dtype, values, _: tapped.Own(tapped.load(model, dtype), values, place), given, script="bitfit.py",
        model=model, method="bitfit", settings={}, locations=";".join(locations), rate=1e-2, start_is_own=True, unsettled=unsettled)


def main():
    write("bitfit_gpt2", "gpt2", gpt2, {
        "attention_input": 32, "query": 32, "key": 32, "value": 32, "attention_output": 32, "mlp_input": 32, "mlp_up": 128,
        "mlp_output": 32}, 450,
        unsettled=of_keys)
    write("bitfit_bert", "bert", bert, {
        "query": 32, "key": 32, "value": 32, "attention_output": 32, "mlp_input": 32, "mlp_up": 48, "mlp_output": 32,
        "block_output": 32}, 455, first={"block_input": 32}, unsettled=of_keys)
    write("bitfit_llama", "llama_mha_bias", llama, {
        "query": 48, "key": 48, "value": 48, "attention_output": 32, "mlp_gate": 56, "mlp_up": 56, "mlp_output": 32}, 460)


if __name__ == "__main__":
    main()
