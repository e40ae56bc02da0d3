#!/usr/bin/env python3
"""Fetches packages of packages.lock into a folder: fetch.py FOLDER NAME...

pip does the download, so its settings (index, proxy, certificates) are the user's own. A file counts only when its size
and SHA-256 are those of packages.lock; it is moved into FOLDER after the check, so what lies there under its final name
is whole. A second run finds it and fetches nothing. Prints the path of each file on standard output.
"""

import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

LOCK = pathlib.Path(__file__).with_name("packages.lock")
NO_NETWORK = ("NewConnectionError", "ConnectionError", "name resolution", "ConnectTimeout", "Read timed out", "ProxyError")


def give_up(message):
    sys.exit(f"setup: {message}")


def locked(name):
    """The entry of a package for this machine."""
    machine = f"{platform.system().lower()}-{platform.machine()}"
    entries = [line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    for entry in entries:
        if entry[0] == name and entry[2] in (machine, "any"):
            return {"name": name, "version": entry[1], "bytes": int(entry[3]), "sha256": entry[4], "file": entry[5]}
    give_up(f"{name} is not pinned for {machine} yet (linux-x86_64 is); "
            "unpack libtorch 2.11.0 yourself and name its folder in REFT_LIBTORCH")


def is_right(path, package):
    if not path.is_file() or path.stat().st_size != package["bytes"]:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == package["sha256"]


def pip_command(package, folder):
    # The wheel is named by hash and by the tags of its own file name, so any python3 fetches the same one.
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{package['name']}=={package['version']} --hash=sha256:{package['sha256']}\n")
    python, abi, platforms = package["file"][: -len(".whl")].split("-")[-3:]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--disable-pip-version-check",
               "--progress-bar", "off", "--require-hashes", "--only-binary=:all:", "--dest", str(folder / "whole"),
               "--requirement", str(requirement)]
    if platforms != "any":
        command += [f"--platform={tag}" for tag in platforms.split(".")]
        command += [f"--abi={abi}", "--python-version=311", "--implementation=cp"]
    return command


def show_progress(process, package, folder):
    """Says how far pip has come, by the size of the file it writes: rewritten in place, or a line now and then."""
    terminal = sys.stderr.isatty()
    started, total = time.monotonic(), package["bytes"] / 1e6
    next_line = started + 2
    while process.poll() is None:
        time.sleep(0.2)
        now = time.monotonic()
        if not terminal and now < next_line:
            continue
        next_line = now + 2
        sizes = []
        for path in folder.rglob("*.whl"):
            try:
                sizes.append(path.stat().st_size)
            except FileNotFoundError:  # pip moved it meanwhile
                pass
        done = max(sizes, default=0) / 1e6
        rate = done / (now - started)
        left = f"{(total - done) / rate:.0f} s left" if rate > 0 else "waiting for the first byte"
        line = f"  {package['name']}: {done:.1f} of {total:.1f} MB ({done / total:.0%}), {rate:.1f} MB/s, {left}"
        print(f"\r{line:<79}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)
    if terminal:
        print("\r" + " " * 79 + "\r", end="", file=sys.stderr)
    return time.monotonic() - started


def download(package, destination):
    partial = destination.parent / f"{package['name']}.partial.{os.getpid()}"
    (partial / "pip").mkdir(parents=True)
    try:
        print(f"fetching {package['name']} {package['version']} ({package['bytes'] / 1e6:.1f} MB)", file=sys.stderr)
        with tempfile.TemporaryFile("w+") as log:  # not in the cache: its disk may be the one that is full
            process = subprocess.Popen(
                pip_command(package, partial), stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(partial / "pip"), "PIP_RETRIES": os.environ.get("PIP_RETRIES", "2")})
            try:
                seconds = show_progress(process, package, partial)
            finally:
                process.kill()
                process.wait()
            log.seek(0)
            said = log.read()
        if process.returncode != 0:
            if any(sign in said for sign in NO_NETWORK):
                give_up(f"cannot reach the package index for {package['name']}; check the network and pip's settings "
                        "(python3 -m pip config list), then run the same command again")
            if "No space left" in said:
                give_up(f"the disk of {destination.parent} is full; make room or set REFT_CACHE to another disk")
            errors = [line for line in said.splitlines() if "ERROR" in line] or said.splitlines()[-1:]
            give_up(f"pip could not fetch {package['name']} {package['version']}: {' '.join(errors[:1])} "
                    "(run the same command again; a partial download is never used)")
        fetched = partial / "whole" / package["file"]
        if not is_right(fetched, package):
            give_up(f"{package['file']} is not the file of packages.lock (size or SHA-256 differs) and was thrown away; "
                    "run the same command again, and see which index pip uses (python3 -m pip config list)")
        os.replace(fetched, destination)
        print(f"  {package['name']}: checked, {seconds:.0f} s", file=sys.stderr)
    except OSError as error:
        give_up(f"cannot write to {destination.parent}: {error.strerror}; "
                "make room or set REFT_CACHE to another folder")
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for package in [locked(name) for name in sys.argv[2:]]:
        destination = folder / package["file"]
        if not is_right(destination, package):
            destination.unlink(missing_ok=True)
            download(package, destination)
        print(destination)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        give_up("stopped; run the same command again to go on")
