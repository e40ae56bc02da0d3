#!/usr/bin/env python3
"""Goldens for the safetensors and npy readers and writers, made by the references: pip install safetensors==0.8.0 numpy

  python3 scripts/goldens/safetensors_files.py

writes into Tests/CheckpointsTests/Fixtures:
  dtypes.safetensors   every type that is read, an empty tensor, a scalar, names to be escaped, one line of metadata
  heads.npy            an int64 array [27, 2]; doubles.npy, floats.npy, integers.npy: the other types
"""
import pathlib
import struct

import numpy as np
from safetensors import TensorSpec, serialize_file

OUT = pathlib.Path(__file__).parents[2] / "Tests/CheckpointsTests/Fixtures"


buffers = []


def entry(dtype, shape, data):
    buffers.append(np.frombuffer(data or b"\0", dtype=np.uint8))  # kept alive until the file is written
    return TensorSpec(dtype=dtype, shape=shape, data_ptr=buffers[-1].ctypes.data, data_len=len(data))


def numbers(dtype, values):
    array = np.array(values, dtype=dtype)
    return list(array.shape), array.tobytes()


values = [[1, -2, 3], [0, 5, 127]]
tensors = {
    "f64": entry("float64", *numbers("<f8", [[0.1, -2.5], [1e300, 0]])),
    "f32": entry("float32", *numbers("<f4", [0.1, -2.5, 3e38, 0])),
    "f16": entry("float16", *numbers("<f2", [0.1, -2.5, 65504, 6e-8])),
    "bf16": entry("bfloat16", [3], b"".join(struct.pack("<f", x)[2:] for x in (1.0, -2.5, 3e38))),
    "i64": entry("int64", *numbers("<i8", values)),
    "i32": entry("int32", *numbers("<i4", values)),
    "i16": entry("int16", *numbers("<i2", values)),
    "i8": entry("int8", *numbers("<i1", values)),
    "u64": entry("uint64", *numbers("<u8", [[1, 254, 3], [0, 5, 2**63 - 1]])),
    "u64 beyond": entry("uint64", *numbers("<u8", [2**64 - 1])),
    "u32": entry("uint32", *numbers("<u4", [[1, 254, 3], [0, 5, 2**32 - 1]])),
    "u16": entry("uint16", *numbers("<u2", [[1, 254, 3], [0, 5, 65535]])),
    "u8": entry("uint8", *numbers("<u1", [[1, 254, 3], [0, 5, 255]])),
    "bool": entry("bool", *numbers("?", [True, False, True])),
    "empty": entry("float32", [0, 4], b""),
    "scalar": entry("float32", [], struct.pack("<f", 7.5)),
    'quote " and ünïcode 🎈': entry("float32", [1], struct.pack("<f", 1)),
}
serialize_file(tensors, OUT / "dtypes.safetensors", {"format": "pt"})

random = np.random.default_rng(3)
np.save(OUT / "heads.npy", np.stack([random.integers(0, 30, 27), random.integers(0, 9, 27)], axis=1))
np.save(OUT / "doubles.npy", np.array([0.1, -1e300, 5.0]))
np.save(OUT / "floats.npy", np.array([[[0.1, 2.5]]], dtype=np.float32))
np.save(OUT / "integers.npy", np.array(-7, dtype=np.int32))
