#!/usr/bin/env python3
"""Float32 matrix products as torch runs them, with and without MKL's question about the processor's maker answered with yes.

    scripts/parity/matrix_speed.py        (a venv with torch; a C compiler)
"""

import os
import subprocess
import sys
import tempfile
import time

SHAPES = [(2048, 2048, 2048), (300, 576, 1536), (750, 576, 1536)]


def measure():
    import torch
    torch.set_num_threads(2)
    for n, k, m in SHAPES:
        a, b = torch.randn(n, k), torch.randn(k, m)
        a @ b
        best = min(timed(lambda: a @ b) for _ in range(20))
        print(f"  {n} x {k} x {m}: {2 * n * k * m / best / 1e9:.0f} GFLOP/s")


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
