#!/usr/bin/env python3
"""Time and peak memory of loading one model from each kind of file, as a table.

    scripts/measure/loading.py --reft .build/release/reft --work FOLDER

SmolLM2-135M (134.5 million weights, 538 MB in float32) as the GGUF of the set-up (Q4_1), and as Hugging Face folders in
float32, bfloat16 and float16, which are made from it in FOLDER (needs numpy==1.26.4 and gguf). What a process needs that
loads no model is measured beside it: the engine alone. Peak memory counts pages of mapped files, which the system drops when it
needs room; the private part does not. The best of five runs counts.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import sys

import process

RUNS = 5


def best(command):
    runs = [process.run(command) for _ in range(RUNS)]
    return [min(values) for values in zip(*[(run.seconds, run.peak, run.private) for run in runs])]


def folders(gguf_path, work):
    """Hugging Face folders of the same weights in three types."""
    import numpy
    from gguf import GGUFReader
    from gguf.quants import dequantize

    sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "reference"))
    import smollm2

    reader = GGUFReader(gguf_path)
    fact = lambda key: reader.fields[f"llama.{key}"].contents()
    heads, key_heads = fact("attention.head_count"), fact("attention.head_count_kv")
    configuration = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": fact("vocab_size"),
        "hidden_size": fact("embedding_length"), "intermediate_size": fact("feed_forward_length"),
        "num_hidden_layers": fact("block_count"), "num_attention_heads": heads, "num_key_value_heads": key_heads,
        "max_position_embeddings": fact("context_length"), "rope_theta": fact("rope.freq_base"),
        "rms_norm_eps": fact("attention.layer_norm_rms_epsilon"), "tie_word_embeddings": True, "hidden_act": "silu"}
    weights = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        if ".attn_q." in tensor.name:
            weight = smollm2.unpermuted(weight, heads)
        if ".attn_k." in tensor.name:
            weight = smollm2.unpermuted(weight, key_heads)
        weights[smollm2.name_of(tensor.name)] = numpy.ascontiguousarray(weight)
    for kind in ["F32", "BF16", "F16"]:
        folder = pathlib.Path(work) / f"smollm2-{kind.lower()}"
        if not (folder / "model.safetensors").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "config.json").write_text(json.dumps({**configuration, "torch_dtype": "float32"}))
            write(folder / "model.safetensors", weights, kind)
        yield kind, folder


def write(path, weights, kind):
    import numpy

    def data(weight):
        if kind == "F32":
            return weight.tobytes()
        if kind == "F16":
            return weight.astype(numpy.float16).tobytes()
        bits = weight.view(numpy.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16).tobytes()

    width = 4 if kind == "F32" else 2
    header, offset = {}, 0
    for name, weight in weights.items():
        header[name] = {"dtype": kind, "shape": list(weight.shape), "data_offsets": [offset, offset + weight.size * width]}
        offset += weight.size * width
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for weight in weights.values():
            file.write(data(weight))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["reft", "work"]:
        arguments.add_argument(f"--{name}", required=True)
    arguments = arguments.parse_args()
    script = pathlib.Path(__file__).resolve().parents[1] / "setup" / "model.sh"
    model = subprocess.run([script], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()

    files = [("GGUF Q4_1", model)] + [(f"safetensors {kind}", str(folder)) for kind, folder in folders(model, arguments.work)]
    size = lambda path: sum(f.stat().st_size for f in ([p for p in pathlib.Path(path).iterdir()]
                                                      if pathlib.Path(path).is_dir() else [pathlib.Path(path)])) / 1e6
    empty = best([arguments.reft, "--version"])
    print("| file | on disk | load | peak memory | of it private |\n|---|---|---|---|---|")
    print(f"| none (the engine alone) | | {empty[0]:.2f} s | {empty[1]:.0f} MB | {empty[2]:.0f} MB |")
    for name, path in files:
        seconds, peak, private = best([arguments.reft, "inspect", "--load", path])
        print(f"| {name} | {size(path):.0f} MB | {max(0, seconds - empty[0]):.2f} s | {peak:.0f} MB | {private:.0f} MB |")


if __name__ == "__main__":
    main()
