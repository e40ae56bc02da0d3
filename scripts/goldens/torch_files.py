#!/usr/bin/env python3
"""Files of torch.save for the restricted reader, and a check of what the writer left (README: golden.py; repeng==0.4.0).

  python3 scripts/goldens/torch_files.py

writes into Tests/CheckpointsTests/Fixtures/torch:
  state.bin            the state dictionary of a module, as pyreft saves it: metadata, bfloat16, a copy of a matrix
  types.pt             every type that is read, views with strides, a shared storage, a scalar, an empty tensor
  types4.pt            the same by version 4 of the pickle protocol
  types.safetensors    the same tensors, whole
  parameters.pth       a dictionary of parameters, as RED saves it
  module.pt, call.pt, expanded.pt, legacy.pt, deflated.pt
                       what is refused: a whole module, a call of os.system, a view with repeats, other containers
  control.gguf         a control vector by repeng
and loads written.pth, which the tests of the writer compare with what it writes.
"""
import io
import os
import pathlib
import zipfile

import torch
from repeng import ControlVector
from safetensors.torch import load_file, save_file

OUT = pathlib.Path(__file__).parents[2] / "Tests/CheckpointsTests/Fixtures/torch"
OUT.mkdir(exist_ok=True)
torch.manual_seed(5)


class Edit(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.learned_source = torch.nn.Linear(6, 2).to(torch.bfloat16)
        self.rotate_layer = torch.nn.Parameter(torch.randn(6, 2))
        self.register_buffer("embed_dim", torch.tensor(6))


state = Edit().state_dict()
torch.save(state, OUT / "state.bin")
save_file({key: value.contiguous() for key, value in state.items()}, OUT / "state.safetensors")

base = torch.randn(3, 4)
types = {
    "f32": base, "f64": base.double(), "f16": base.half(), "bf16": base.bfloat16(), "i64": torch.arange(-3, 3),
    "i32": torch.arange(-3, 3, dtype=torch.int32), "i16": torch.arange(-3, 3, dtype=torch.int16),
    "i8": torch.arange(-3, 3, dtype=torch.int8), "u8": torch.arange(250, 256, dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]), "transposed": base.T, "part": base[1:, 1:3], "row": base[2],
    "column": base[:, 3], "turned": torch.randn(2, 3, 4).permute(2, 0, 1), "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 4),
}
torch.save(types, OUT / "types.pt")
torch.save(types, OUT / "types4.pt", pickle_protocol=4)
save_file({key: value.contiguous().clone() for key, value in types.items()}, OUT / "types.safetensors")

torch.save({f"model.layers.{i}.mlp.down_proj.delta_vector.activation_scaling": torch.nn.Parameter(torch.randn(1, 4))
            for i in range(2)}, OUT / "parameters.pth")
torch.save(torch.nn.Linear(2, 2), OUT / "module.pt")
torch.save({"x": torch.randn(1, 3).expand(4, 3)}, OUT / "expanded.pt")
torch.save({"x": torch.randn(2)}, OUT / "legacy.pt", _use_new_zipfile_serialization=False)


class Call:
    def __reduce__(self):
        return os.system, ("true",)


torch.save({"x": Call()}, OUT / "call.pt")
with zipfile.ZipFile(OUT / "parameters.pth") as source, \
        zipfile.ZipFile(OUT / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
    for name in source.namelist():
        target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)

vector = ControlVector("llama", {layer: torch.randn(8).numpy() for layer in (1, 2, 5)})
vector.export_gguf(OUT / "control.gguf")
save_file({str(layer): torch.from_numpy(direction) for layer, direction in vector.directions.items()},
          OUT / "control.safetensors")

if (OUT / "written.pth").exists():
    written = torch.load(OUT / "written.pth", weights_only=True)
    expected = load_file(OUT / "types.safetensors")
    assert list(written) == list(types), list(written)
    for name, tensor in written.items():
        assert tensor.dtype == expected[name].dtype and torch.equal(tensor, expected[name]), name
    with zipfile.ZipFile(OUT / "written.pth") as archive:
        assert archive.testzip() is None
    torch.load(OUT / "written.pth", weights_only=True, mmap=True)
    print("written.pth loads")
