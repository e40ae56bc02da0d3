#!/usr/bin/env python3
"""Float32 matrix products as torch runs them, with and without MKL's question about the processor's maker answered with yes; and beside
them MKL's products with a right side that was laid out beforehand, and the memory which that asks for.

    scripts/parity/matrix_speed.py        (a venv with torch; a C compiler)
"""

import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SHAPES = [(2048, 2048, 2048), (105, 576, 1536), (300, 576, 1536), (750, 576, 1536), (838, 576, 1536)]
ROW_MAJOR, PLAIN, PACKED, RIGHT = 101, 111, 151, 162  # names of cblas


def measure():
    import torch
    torch.set_num_threads(2)
    for n, k, m in SHAPES:
        a, b = torch.randn(n, k), torch.randn(k, m)
        a @ b
        best = min(timed(lambda: a @ b) for _ in range(20))
        again, size = packed(torch, a, b)
        print(f"  {n} x {k} x {m}: {2 * n * k * m / best / 1e9:.0f} GFLOP/s; "
              f"laid out beforehand {2 * n * k * m / again / 1e9:.0f}, in {size / (4 * k * m):.1f} times the memory")


def packed(torch, a, b):
    """Seconds of `a @ b` with b laid out beforehand, and bytes of that."""
    mkl = ctypes.CDLL(str(pathlib.Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
    mkl.cblas_sgemm_pack_get_size.restype = ctypes.c_size_t
    (n, k), m = a.shape, b.shape[1]
    at = lambda tensor: ctypes.c_void_p(tensor.data_ptr())
    size = mkl.cblas_sgemm_pack_get_size(RIGHT, n, m, k)
    laid_out, c = torch.empty(size // 4 + 1), torch.empty(n, m)
    mkl.cblas_sgemm_pack(ROW_MAJOR, RIGHT, PLAIN, n, m, k, ctypes.c_float(1), at(b), m, at(laid_out))
    product = lambda: mkl.cblas_sgemm_compute(ROW_MAJOR, PLAIN, PACKED, n, m, k, at(a), k, at(laid_out), m, ctypes.c_float(0), at(c), m)
    product()
    assert torch.allclose(c, a @ b, rtol=1e-3, atol=1e-3)
    return min(timed(product) for _ in range(20)), size


def timed(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def main():
    if "--measure" in sys.argv:
        return measure()
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "maker.so")
        source = "int mkl_serv_intel_cpu_true(void) { return 1; }"
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=source.encode(), check=True)
        for name, extra in [("as it is", {}), ("answered with yes", {"LD_PRELOAD": library})]:
            print(name)
            sys.stdout.flush()
            subprocess.run([sys.executable, __file__, "--measure"], env={**os.environ, **extra}, check=True)


if __name__ == "__main__":
    main()
