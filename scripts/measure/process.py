"""Runs a command and says what it took: seconds, and memory at its peak.

On Linux memory is read from /proc while the command runs (VmHWM: resident at most, pages of mapped files included; RssAnon:
the private part, which no file backs). The rusage of a child also counts what the parent held when it was forked, so it
serves only where there is no /proc.
"""

import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
import time


@dataclasses.dataclass
class Run:
    output: str
    seconds: float
    peak: float  # MB
    private: float  # MB; 0 where the system does not tell


def run(command, quiet=True):
    """The command's output and what it took; an error where it fails."""
    status = None
    peak = private = 0.0
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL if quiet else None, text=True)
        status = pathlib.Path(f"/proc/{process.pid}/status")
        while True:
            pid, code, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            try:
                facts = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                peak = max(peak, int(facts["VmHWM"].split()[0]) / 1024)
                private = max(private, int(facts["RssAnon"].split()[0]) / 1024)
            except (OSError, KeyError, ValueError):
                pass
            time.sleep(0.002)
        seconds = time.monotonic() - started
        assert code == 0, f"{command} failed"
        output.seek(0)
        if peak == 0:
            peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
        return Run(output.read(), seconds, peak, private)
