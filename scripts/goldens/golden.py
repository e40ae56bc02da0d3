"""What every golden script shares: tiny models, the float32 and the float64 run, and the files.

A case is a function `case(dtype) -> {name: tensor}` that runs the reference. It is run in float32, which makes the expected
tensors, and in float64, which says how far rounding alone moves the reference; the tolerance of a tensor is four times the
largest gap between the two (or one unit in the last place of its largest entry, if the gap is smaller: a lucky scalar),
measured and never guessed. A case named `x` leaves `Tests/Goldens/x/golden.safetensors`
and `golden.json`.

One run can be lucky in a tensor, and a processor with other vector instructions sums in another order. With
`REFT_MEASURE_AGAIN=1` a script writes no tensor: it raises tolerances to what the reference gives on this processor, where
that is more (`ATEN_CPU_CAPABILITY=default`: on one without vector instructions; with the library of
scripts/parity/matrix_speed.py preloaded: with AVX-512 on AMD's). Those of full, jola, parallel_adapter_biases and lora_patterns are
measured with AVX-512, AVX2 and neither, those of reft_family with AVX-512 and AVX2.

    python3 -m venv venv
    venv/bin/pip install torch==2.11.0 transformers==4.45.1 safetensors numpy==1.26.4
    venv/bin/pip install --no-deps pyreft==0.1.0 pyvene==0.1.8     # and what their imports then ask for
    venv/bin/python scripts/goldens/llama.py                       # and so on, one script a subject

`architectures.py` needs a later transformers, which it names.
"""

import contextlib
import json
import os
import pathlib

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.utils._python_dispatch import TorchDispatchMode
from transformers.models.llama import modeling_llama

FLOAT32 = torch.float32
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens"

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


@contextlib.contextmanager
def true_float64():
    """transformers computes norms and rotary angles in float32 whatever the model's dtype is; here in float64."""
    norm, rotary = modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward

    def norm64(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))

    def rotary64(self, x, position_ids):
        width = self.config.head_dim
        frequencies = self.config.rope_theta ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        angles = position_ids[:, :, None].double() * frequencies
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos(), angles.sin()

    modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward = norm64, rotary64
    try:
        yield
    finally:
        modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward = norm, rotary


class NoFloat32(TorchDispatchMode):
    """Stops at the first operation that computes in float32."""

    def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
        result = operation(*arguments, **(keywords or {}))
        for value in result if isinstance(result, (tuple, list)) else [result]:
            assert getattr(value, "dtype", None) is not FLOAT32, f"{operation} computes in float32"
        return result


@contextlib.contextmanager
def float64_everywhere():
    """Whatever a model asks of float32 happens in float64: casts, buffers and parameters of models built here."""
    short, cast, default = torch.float, torch.Tensor.float, torch.get_default_dtype()
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    try:
        with NoFloat32():
            yield
    finally:
        torch.set_default_dtype(default)
        torch.float32, torch.float, torch.Tensor.float = FLOAT32, short, cast


def in_both_precisions(case, float64=true_float64):
    """The case's tensors in float32, and in float64 (a tensor that is not floating point must be equal in both)."""
    single = case(torch.float32)
    with float64():
        double = case(torch.float64)
    return single, double


def write(name, case, facts=None, inputs=None, float64=true_float64, together=lambda key: key):
    """Runs a case twice and writes its golden. `inputs` are tensors that are given, not computed: no tolerance.

    Tensors with the same `together(key)` have the largest of their tolerances: a tensor of one row can be lucky.
    """
    single, double = in_both_precisions(case, float64)
    tolerances = {}
    for key, value in single.items():
        if value.is_floating_point():
            gap = (value.double() - double[key]).abs().max().item()
            last_place = torch.finfo(torch.float32).eps * value.abs().max().item()
            tolerances[key] = three_digits_up(4 * max(gap, last_place))
        else:
            assert torch.equal(value, double[key]), f"{name}: {key} depends on rounding; choose another seed"
    tolerances = {
        key: max(other for name, other in tolerances.items() if together(name) == together(key)) for key in tolerances}
    folder = FOLDER / name
    if os.environ.get("REFT_MEASURE_AGAIN"):
        return raise_tolerances(folder / "golden.json", tolerances)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {**(inputs or {}), **single}
    save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, folder / "golden.safetensors")
    described = {
        "reference": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        **(facts or {}),
        "tolerances": tolerances,
    }
    (folder / "golden.json").write_text(json.dumps(described, indent=2) + "\n")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name}: {len(tensors)} tensors, {size / 1024:.0f} KiB, tolerances up to {max(tolerances.values()):.1e}")
    return tolerances


def three_digits_up(x):
    """x in three digits and not below it: one unit in the last place is itself within the tolerance that it gives."""
    near = float(f"{x:.3g}")
    return near if near >= x else float(f"{x * 1.005:.3g}")


def raise_tolerances(file, measured):
    """Takes what was measured on another processor where it is more; all else stays as it is."""
    described = json.loads(file.read_text())
    before = described["tolerances"]
    assert before.keys() == measured.keys(), f"{file}: other tensors than the script's"
    described["tolerances"] = {key: max(value, measured[key]) for key, value in before.items()}
    file.write_text(json.dumps(described, indent=2) + "\n")
    factor = max(described["tolerances"][key] / value for key, value in before.items())
    print(f"{file.parent.name}: tolerances grow at most {factor:.2f} times")
    return described["tolerances"]


def random_llama(seed, **settings):
    """A Llama with weights large enough that every part of it shows in the logits."""
    settings = {"hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 3, "num_attention_heads": 4,
                "vocab_size": 97, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "torch_dtype": "float32",
                "bos_token_id": 1, "eos_token_id": 2, **settings}
    return randomise(transformers.LlamaForCausalLM(transformers.LlamaConfig(**settings)), seed)


def randomise(model, seed, norm_offset=1.0):
    """Fills every parameter; `norm_offset` is what the weights of norms, the only vectors beside biases, lie around."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=source)
            if key.endswith("bias"):
                weight.copy_(0.3 * noise)
            elif weight.dim() == 1:
                weight.copy_(norm_offset + 0.2 * noise)
            else:
                weight.copy_(1.2 * noise / weight.shape[-1] ** 0.5)
    return model


def save_model(model, name):
    folder = FOLDER / name
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "generation_config.json").unlink(missing_ok=True)


def load_model(name, dtype):
    """The saved model; float64 starts from the very same float32 weights."""
    model = transformers.LlamaForCausalLM.from_pretrained(FOLDER / name, torch_dtype=torch.float32)
    return model.to(dtype).eval()


def load_golden(name):
    return load_file(FOLDER / name / "golden.safetensors")


def random_ids(seed, lengths, vocabulary=97):
    source = torch.Generator().manual_seed(seed)
    return [torch.randint(3, vocabulary, (length,), generator=source) for length in lengths]
