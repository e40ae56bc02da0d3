"""docs/benchmarks.md from what lies in bench/: every number in it was measured."""

import json

import cases
import results
from results import number

TOP = """# Benchmarks

Written by `make bench`; nothing here is typed by hand. `make bench CASES="train-loreft-b8 start"` measures some cases again and
keeps the rows of the others, `scripts/bench/bench.py --list` names them all.

Each case runs our side and the peer's by turns in one go: the same inputs, the same weights (SmolLM2-135M-Instruct, float32, out
of one GGUF file), all cores, a warm-up first, one side blocked while the other works. Shown are medians of the rounds with the
smallest and the largest. The ratio is the median of the ratios within the rounds, with theirs, for it holds when the machine's speed
drifts: **above 1 ours is better**, whatever the direction of the unit. Machines differ by a factor of two from one to the next, and a
busy neighbour moves every absolute number: only ratios say something.
"""


def read(path):
    return json.loads(path.read_text()) if path.exists() else None


def describe(machine):
    yield "\n## Machine\n"
    yield f"- {machine['processor']}, {machine['cores']} cores ({', '.join(machine['instructions'])}), " \
          f"{number(machine['memory_gb'])} GB of memory; {machine['system']}"
    yield f"- measured in the run of {machine['date']}: {number(machine['sgemm_gflops'])} GFLOP/s in float32 products of " \
          f"2048 x 2048 on {machine['threads']} threads, {number(machine['read_gbs'])} GB/s read from memory"
    yield f"- ours: revision {machine['revision']}, Swift {machine['swift']}, libtorch 2.11.0, release build"
    yield f"- peers: {machine['peers']}"


def rows_of(rows, with_target):
    head = ["case", "what", "peer", "ours", "peer's", "unit", "ratio", *(["target"] if with_target else []), "rounds", "measured"]
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---:" if name in ("ours", "peer's", "ratio", "target", "rounds") else "---" for name in head) + "|"
    for row in rows:
        case = cases.CASES.get(row["case"])
        _, ours, peer, unit, ratio, rounds = results.cells(row)
        cells = [f"`{row['case']}`", case.what if case else "", row.get("peer_name", ""), ours, peer, unit, f"**{ratio.split()[0]}** "
                 + ratio.split(" ", 1)[1]]
        if with_target:
            target = case.target if case else None
            cells.append(f"{target:.2g}{' ✓' if row['ratio'] >= target else ''}" if target else "")
        yield "| " + " | ".join([*cells, rounds, row["date"]]) + " |"


def notes(rows):
    """What must be known about single rows."""
    by_case = {row["case"]: row for row in rows}
    for row in rows:
        for note in row.get("notes", []):
            yield f"- `{row['case']}`: {note}"
    fallback = sorted({row["data"] for row in rows if "not at hand" in row.get("data", "")})
    if fallback:
        yield f"- The examples of training and generation are {fallback[0]}."
    padded = by_case.get("train-loreft-b8")
    if padded and padded.get("true_tokens"):
        yield (f"- True tokens are those that are no padding, on both sides: in `train-loreft-b8` {padded['true_tokens']:,} of them, "
               f"{padded['padded_tokens']:,} with the padding that the peer computes too.")
    for row in rows:
        if row.get("first_losses"):
            ours, theirs = row["first_losses"]
            yield f"- `{row['case']}`: the first loss, with the model as it is, is {ours:.4f} on our side and {theirs:.4f} on the peer's."


def share(rows):
    row = next((row for row in rows if row.get("peak") and row["case"] in cases.FIXED), None)
    if row is None:
        return
    peak = row["peak"]
    yield "\n## Share of the machine's peak\n"
    yield (
        f"One true token of a LoReFT update needs {peak['gflop_per_token']:.3f} GFLOP: two operations for each of the "
        f"{peak['gflop_per_token'] * 1e3 / 4:.1f} million entries of the blocks' matrices forward, and as many backward for the gradients "
        "of their inputs (the weights are frozen). Attention scores, norms, the vocabulary rows of the few labels and the edit itself "
        "are not counted, and no padding is.\n")
    yield from shares([row], "GFLOP/s", 1, "sgemm 2048^3")


def shares(rows, unit, scale, product):
    """Useful work of both sides against the products that the machine reaches."""
    yield f"| | {unit} of useful work | share of the peak |\n|---|---:|---:|"
    for row in rows:
        peak = row["peak"]
        yield f"| {product}, measured between the rounds of `{row['case']}` | {number(peak['sgemm_gflops'] / scale)} | 100% |"
        yield f"| ours | {number(peak['ours_gflops'] / scale)} | {peak['ours_share']:.0%} |"
        yield f"| {row['peer_name']} | {number(peak['peer_share'] * peak['sgemm_gflops'] / scale)} | {peak['peer_share']:.0%} |"


def gpu(rows, found):
    """The cases on a GPU."""
    yield "\n## On a GPU\n"
    if found is None:
        yield "- the device was not held to the CPU: `make bench CASES=gpu-check`\n"
        yield from rows_of(rows, with_target=False)
        return
    device = found["device"]
    yield (f"- {device['name']}: {number(device['gflops'] / 1e3)} TFLOP/s in {device['dtype']} products of 8192 x 8192, "
           f"{number(device['read_gbs'])} GB/s read from its memory; all sides compute in {device['dtype']}")
    yield f"- the model has the shape {device['shape']} and random weights"
    for dtype, gaps in found["gaps"].items():
        worst = max((value, name) for name, value in gaps.items() if isinstance(value, float))
        yield (f"- SmolLM2 in {dtype} there against float32 on the CPU (logits, gradients, packed rows, steps over slots): at most "
               f"{worst[0]:.1e} of the largest number ({worst[1]}); steps recorded as CUDA graphs: {'yes' if gaps.get('recorded') else 'no'}")
    yield ""
    yield from rows_of(rows, with_target=False)
    yield ""
    yield from notes(rows)
    peaks = [row for row in rows if row.get("peak")]
    if peaks:
        yield ""
        yield from shares(peaks, "TFLOP/s", 1e3, f"{device['dtype']} 8192^3")


def bounds(rows):
    """What no program can pass on this machine: the products that an update needs, at the peak, and nothing else."""
    row = next((row for row in rows if row.get("peak") and row["case"] in cases.FIXED), None)
    if row is None or "layers" not in row["peak"]:
        return
    peak = row["peak"]
    # Nobody asks for most rows of the last block, and nothing flows back through the first.
    needed = (peak["layers"] - 1.5) / peak["layers"]
    fastest = peak["sgemm_gflops"] / peak["gflop_per_token"] / needed
    peer = peak["peer_share"] * peak["sgemm_gflops"] / peak["gflop_per_token"]
    target = cases.FIXED[row["case"]].target
    yield (f"\nOf the {peak['layers']} blocks the last is needed at the labels' rows alone, and nothing flows back through the first: "
           f"{needed:.0%} of those products remain. A program that computed them at the peak, and all else in no time, would train at "
           f"{number(fastest)} true tokens/s on this machine, {fastest / peer:.2f} times the peer; ours is at {row['ours'] / fastest:.0%} of that."
           + (f" The target of {target} is beyond it: the wider a machine's vectors are, the smaller a share of its time products "
              "are on the peer's side." if fastest / peer < target else ""))
    for run in rows:
        if "run_tokens" in run:
            least = run["run_tokens"] / fastest
            text = (f"\nThe products of a run of `{run['case']}` ({run['run_tokens']:,} true tokens) take {number(least)} s at that peak, "
                    f"{run['peer'] / least:.2f} times less than the peer's run; ours is at {least / run['ours']:.0%} of that.")
            if "products_gflops" in run:
                reached = least * peak["sgemm_gflops"] / run["products_gflops"]
                text += (f" Alone, with nothing beside them, products of these shapes ({run['run_rows']:,} rows) run at "
                         f"{number(run['products_gflops'])} GFLOP/s: {number(reached)} s a run and {run['peer'] / reached:.2f} times the peer for a "
                         f"program that did nothing else; ours is at {reached / run['ours']:.0%} of that.")
                aim = cases.FIXED[run["case"]].target
                if run["peer"] / reached < aim:
                    text += f" The target of {aim} is beyond what this machine's products allow."
            yield text


def growth(data):
    yield "\n## Growth\n"
    yield ("How an update of LoReFT (r4, f5+l5, all layers where nothing else is said) grows, in fresh processes: seconds are medians "
           "after a warm-up, memory is the most that the process held, the model's 538 MB included.")
    for one in data:
        has_peer = "peer_s" in one["points"][0]
        yield f"\n### Against {one['title']}\n"
        for kind in ("time", "memory"):
            yield f"![{kind} against {one['title']}](images/{one['name']}-{kind}.svg)"
        yield f"\n| {one['axis']} | ours, {one['unit']} | " + ("pyreft, " + one["unit"] + " | ratio | " if has_peer else "") \
            + "ours, MB | " + ("pyreft, MB | ratio |" if has_peer else "")
        yield "|---:" * (7 if has_peer else 3) + "|"
        for point in one["points"]:
            cells = [f"{point['at']:,}", number(point["ours_s"])]
            if has_peer:
                cells += [number(point["peer_s"]), f"{point['peer_s'] / point['ours_s']:.2f}"]
            cells.append(number(point["ours_mb"]))
            if has_peer:
                cells += [number(point["peer_mb"]), f"{point['peer_mb'] / point['ours_mb']:.2f}"]
            yield "| " + " | ".join(cells) + " |"


def rate(amount, seconds, limit):
    """A rate with its share of the machine's limit."""
    return f"{number(amount / seconds / 1e9)} ({amount / seconds / 1e9 / limit:.0%})" if amount and seconds and limit else ""


def profile(data, machine):
    yield "\n## Where our time goes\n"
    yield ("Wall time of the thread that computes, operation by operation, without that of the operations within each (other threads work "
           "for it meanwhile): `aten::` is the engine's, `reft_` a function of our own, a name with `Node` or `Backward` its gradient. "
           "GFLOP/s are those of matrix products and attention (of the scores that a row may see), beside their share of the measured sgemm peak; GB/s are of the tensors "
           "that an operation reads and writes, beside their share of the measured memory bandwidth: above 100% they come from caches.")
    for one in data:
        whole = one["seconds"]
        yield f"\n### {one['title'][0].upper()}{one['title'][1:]}\n"
        yield (f"{one['tokens']:,} tokens in {whole * 1e3:,.0f} ms under observation ({number(one['tokens'] / whole)} tokens/s; "
               f"{number(one['unobserved_rate'])} without).\n")
        yield "| operation | calls | ms | share | GFLOP/s (of the peak) | GB/s (of the bandwidth) |\n|---|---:|---:|---:|---:|---:|"
        for operation in one["operations"]:
            seconds = operation["seconds"]
            flops = rate(operation["operations"], seconds, machine["sgemm_gflops"])
            gigabytes = "" if flops and "train" in one["name"] else rate(operation["bytes"], seconds, machine["read_gbs"])
            yield f"| `{operation['name']}` | {operation['calls']:,} | {seconds * 1e3:.1f} | {seconds / whole:.1%} | {flops} | {gigabytes} |"
        yield f"| other operations | | {one['others_s'] * 1e3:.1f} | {one['others_s'] / whole:.1%} | | |"
        yield f"| between operations | | {one['outside_s'] * 1e3:.1f} | {one['outside_s'] / whole:.1%} | | |"


def text(rows, machine, grown=(), profiled=(), device=None):
    fixed = [row for row in rows if row["case"] in cases.FIXED]
    others = [row for row in rows if row["case"] not in cases.FIXED and row["case"] not in cases.GPU]
    lines = [TOP.rstrip()]
    if machine:
        lines += describe(machine)
    if fixed:
        lines += ["\n## Against the peers\n", *rows_of(fixed, with_target=True)]
    if others:
        lines += ["\n## More cases\n", *rows_of(others, with_target=False)]
    noted = list(notes([*fixed, *others]))
    if noted:
        lines += ["", *noted]
    lines += share(rows)
    lines += bounds(rows)
    measured = [row for row in rows if row["case"] in cases.GPU]
    if device or measured:
        lines += gpu(measured, device)
    if grown:
        lines += growth(grown)
    if profiled and machine:
        lines += profile(profiled, machine)
    return "\n".join(lines) + "\n"


def write(root):
    place = root / "bench"
    rows = results.load(place / "results.json")
    (root / "docs" / "benchmarks.md").write_text(text(rows, read(place / "machine.json"), results.load(place / "growth.json"),
                                                       results.load(place / "profile.json"), read(place / "gpu.json")))
