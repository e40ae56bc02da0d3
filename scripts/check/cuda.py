#!/usr/bin/env python3
"""Looks whether the engine's CUDA part has every function that the shim finds by name (Sources/CTorchShim/graphs.cpp).

    cuda.py [libtorch_cuda.so]

No GPU is needed. Without the CUDA part (make setup-cuda) there is nothing to look at.
"""

import ctypes
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    library = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".engine/torch/lib/libtorch_cuda.so")
    if not library.exists():
        return print("check: no CUDA part here, nothing to look at")
    names = re.findall(r'engine_function<[^"]*\("(\w+)"\)', (ROOT / "Sources/CTorchShim/graphs.cpp").read_text())
    assert names, "graphs.cpp looks nothing up"
    loaded = ctypes.CDLL(str(library))
    missing = [name for name in names if not hasattr(loaded, name)]
    if missing:
        sys.exit(f"check: {library} lacks {', '.join(missing)}: it is of another version than the headers")
    print(f"check: {len(names)} functions of the CUDA part are there")


if __name__ == "__main__":
    main()
