"""The two sides of a case as processes: one line in is a round, one line of JSON out is its result."""

import json
import os
import pathlib
import subprocess
import tempfile
import time


class Failed(Exception):
    """A side that ended before its time."""


class Side:
    """A process that holds everything it needs, and blocks between rounds."""

    def __init__(self, command, job, scratch, environment=None):
        handle, path = tempfile.mkstemp(suffix=".json", dir=scratch)
        with os.fdopen(handle, "w") as file:
            json.dump(job, file)
        self.log = pathlib.Path(path).with_suffix(".log")
        self.command = [*map(str, command), path]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True,
            env={**os.environ, **(environment or {})})
        self.ready = self._answer()

    def round(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            tail = "\n".join(self.log.read_text().splitlines()[-12:])
            raise Failed(f"{' '.join(self.command[:3])} ended with {self.process.returncode}:\n{tail}")
        return json.loads(line)

    def peak_memory(self):
        """MB resident at most so far, pages of mapped files included."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def timed(command, **settings):
    """Seconds of a whole process, and what it printed."""
    started = time.perf_counter()
    done = subprocess.run([*map(str, command)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))[:300]} ended with {done.returncode}:\n{done.stderr[-1500:]}")
    return seconds, done.stdout
