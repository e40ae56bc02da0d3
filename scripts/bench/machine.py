"""What the numbers were measured on."""

import os
import pathlib
import platform
import subprocess


def cpu():
    facts = {}
    path = pathlib.Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    flags = facts.get("flags", facts.get("Features", "")).split()
    shown = [name for name in ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve") if name in flags]
    return facts.get("model name", platform.processor() or platform.machine()), shown


def memory():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def system():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines() if pathlib.Path("/etc/os-release").exists() else []:
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"') + f", kernel {platform.release()}"
    return platform.platform()


def compiler():
    said = subprocess.run(["swift", "--version"], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return said.split("Swift version ")[1].split()[0] if "Swift version " in said else "unknown"


def described(root):
    """The machine and the programs, without what only a measurement tells."""
    model, flags = cpu()
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.strip()
    return {
        "processor": model, "cores": len(os.sched_getaffinity(0)), "instructions": flags, "memory_gb": round(memory(), 1),
        "system": system(), "swift": compiler(), "revision": revision}
