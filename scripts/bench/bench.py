#!/usr/bin/env python3
"""Measures reft against its peers on this machine: make bench, or make bench CASES="train-loreft-b8 start".

Each case runs our side and the peer's by turns on the same inputs, after a warm-up, several rounds. Rows go to
bench/results.json, which keeps the rows of cases that are not run now, and to docs/benchmarks.md. The names that begin with
growth- (make bench-growth: all of them) measure how time and memory grow; their data go to bench/growth.json, their plots to
docs/images. Those that begin with gpu- (gpu: all of them) need an NVIDIA GPU and `make setup-cuda`. profile-train and profile-generate (both: profile) tell where our time goes, in bench/profile.json.
"""

import argparse
import datetime
import sys
import tempfile
import time

import cases
import growth
import machine
import page
import profiling
import results
import sides
import suite as suites

PLACE = suites.ROOT / "bench"


def measured_machine(suite):
    """The machine with what it reaches, measured now; versions of the peers."""
    with suite.ours("machine") as side:
        rounds = [side.round() for _ in range(3)]
        threads = side.ready["threads"]
    _, versions = sides.timed([suite.python, "-c", "import platform, torch, transformers, importlib.metadata as m; print('Python '"
                               " + platform.python_version(), *[n + ' ' + m.version(n) for n in ('torch', 'transformers', 'pyreft',"
                               " 'pyvene', 'peft')], sep=', ')"])
    return {**machine.described(suites.ROOT), "threads": threads, "sgemm_gflops": max(r["gflops"] for r in rounds),
            "read_gbs": max(r["read_gbs"] for r in rounds), "peers": versions.strip(),
            "date": datetime.date.today().isoformat()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", help="names; all but those of --list with a star where none is given")
    arguments.add_argument("--rounds", type=int, help="rounds of every case, instead of its own number")
    arguments.add_argument("--whole", action="store_true", help="score-truthfulqa: the peer does every answer too (an hour)")
    arguments.add_argument("--questions", type=int, help="score-truthfulqa: only about so many questions")
    arguments.add_argument("--programs", help="the folder of reft and reft-bench, instead of .build/release")
    arguments.add_argument("--gpu-shape", default="llama-3-8b", help="gpu-*: the shape of the random weights (llama-3-8b, llama-3.2-1b, tiny)")
    arguments.add_argument("--gpu-device", default="cuda", help="gpu-*: cuda, cuda:1, or cpu to try the cases out")
    arguments.add_argument("--list", action="store_true", help="print the names of the cases")
    arguments.add_argument("--page", action="store_true", help="only write docs/benchmarks.md from bench/ again")
    arguments = arguments.parse_args()

    if arguments.list:
        for name, case in cases.CASES.items():
            print(f"{name:26}{' ' if case.by_itself else '*'} {case.what}")
        for name in growth.NAMES:
            print(f"{name:26}* {growth.TITLES[name]}")
        for name in profiling.NAMES:
            print(f"{name:26}* {profiling.TITLES[name]}")
        return
    if arguments.page:
        return page.write(suites.ROOT)
    names = arguments.cases or [name for name, case in cases.CASES.items() if case.by_itself]
    groups = {"growth": growth.NAMES, "profile": profiling.NAMES, "gpu": list(cases.GPU)}
    names = [one for name in names for one in groups.get(name, [name])]
    every = [*cases.CASES, *growth.NAMES, *profiling.NAMES]
    unknown = [name for name in names if name not in every]
    if unknown:
        sys.exit(f"bench: there is no case {', '.join(unknown)}; known are {', '.join(every)}, growth, profile and gpu")
    known = {row["case"]: row for row in results.load(PLACE / "results.json")}
    guess = lambda name: cases.CASES[name].seconds if name in cases.CASES else growth.SECONDS if name in growth.NAMES else profiling.SECONDS
    expected = {name: known.get(name, {}).get("seconds") or guess(name) for name in names}
    with tempfile.TemporaryDirectory() as scratch:
        suite = suites.Suite(scratch, arguments.rounds, arguments.whole, arguments.questions, arguments.programs)
        suite.gpu_choice = {"shape": arguments.gpu_shape, "device": arguments.gpu_device}
        shown, failed = measure(suite, names, expected)
    if shown:
        print(results.table(shown))
    page.write(suites.ROOT)
    if failed:
        sys.exit(f"bench: failed: {', '.join(failed)}")


def measure(suite, names, expected):
    """Runs the cases; what each gives is kept at once. The rows, and the names of the cases that failed."""
    meter = suites.Meter(names, expected)
    suite.meter = meter.update
    # Cases of a GPU that are tried out on the CPU leave no numbers.
    trials = cases.GPU if suite.gpu_choice["device"] == "cpu" else ()
    now = measured_machine(suite)
    PLACE.mkdir(exist_ok=True)
    shown, failed = [], []
    for name in names:
        meter.begin(name)
        started = time.monotonic()
        try:
            row = None
            if name in growth.NAMES:
                growth.run(suite, name, PLACE / "growth.json", suites.ROOT / "docs" / "images")
            elif name in profiling.NAMES:
                profiling.run(suite, name, PLACE / "profile.json")
            else:
                row = cases.CASES[name].run(suite, name)
        except sides.Failed as problem:
            print(f"\nbench: {name}: {problem}", file=sys.stderr)
            failed.append(name)
            continue
        if name not in trials:
            results.save(PLACE / "machine.json", now)
        if row is None:
            continue
        row |= {"seconds": round(time.monotonic() - started, 1), "processor": now["processor"], "revision": now["revision"]}
        shown.append(row)
        if name in trials:
            continue
        results.save(PLACE / "results.json", results.merged(results.load(PLACE / "results.json"), [row], list(cases.CASES)))
    print(file=sys.stderr)
    return shown, failed


if __name__ == "__main__":
    main()
