"""How time and memory of a LoReFT update grow, on both sides, and what many adapters in one batch cost: data and plots."""

import dataclasses
import datetime
import json
import random
import statistics
import typing

import generating
import results
import training

PEER = "pyreft 0.1.0"


@dataclasses.dataclass(frozen=True)
class Growth:
    title: str
    axis: str
    places: tuple
    update: typing.Callable  # a place -> what of an update is other than usual


def made(length, count=1):
    """Texts of a length, the same on both sides; the last eight tokens are learned."""
    source = random.Random(length)
    return [{"tokens": [source.randrange(1000, 40_000) for _ in range(length)], "prompt": length - 8} for _ in range(count)]


def texts(length, updates=8):
    return {"examples": made(length), "orders": [[0]] * updates, "name": "random ids"}


GROWTHS = {
    "growth-length": Growth(
        "sequence length, batch 1", "tokens", (64, 256, 512, 1024, 2048, 4096),
        lambda length: {"batch": 1, "data": texts(length)}),
    "growth-batch": Growth("batch, CLUTRR stories", "examples", (1, 4, 8, 16, 32), lambda batch: {"batch": batch}),
    "growth-rank": Growth("rank, batch 4", "rank", (1, 4, 16, 64), lambda rank: {"batch": 4, "rank": rank}),
    "growth-layers": Growth(
        "number of edited layers (the last ones), batch 4", "layers", (1, 5, 10, 20, 30),
        lambda layers: {"batch": 4, "layers": layers}),
}
ADAPTERS = "growth-adapters"
TITLES = {**{name: growth.title for name, growth in GROWTHS.items()},
          ADAPTERS: "different LoReFT adapters in one batch of 16 texts"}
NAMES = list(TITLES)
SECONDS = 90  # a guess for each


def updates(suite, growth, updates=3):
    """Seconds of an update (the median after one to warm up) and the peak memory of the process, for each place."""
    points = []
    for done, place in enumerate(growth.places):
        suite.meter(done, len(growth.places))
        chosen = {"method": "loreft", **growth.update(place)}
        method, batch = chosen.pop("method"), chosen.pop("batch")
        mine, theirs, _, _ = training.jobs(suite, method, batch, 1 + updates, **chosen)
        point = {"at": place}
        with suite.ours("train", **mine) as ours, suite.peer("train.py", **theirs) as peer:
            for side in (ours, peer):
                side.round(steps=1)
            first, second = [], []
            for _ in range(updates):
                first.append(ours.round(steps=1)["seconds"])
                second.append(peer.round(steps=1)["seconds"])
            point |= {"ours_s": statistics.median(first), "peer_s": statistics.median(second),
                      "ours_mb": ours.peak_memory(), "peer_mb": peer.peak_memory()}
        points.append(point)
    return points


def adapters(suite, places=(0, 1, 2, 4, 8, 16), batch=16, new=32):
    """Seconds of a generated token of a batch whose texts go through so many different adapters."""
    prompts, _ = generating.prompts(suite, batch)
    mine, _ = training.settings("loreft")
    points = []
    with suite.ours("generate", prompts=prompts, new_tokens=new, adapters=max(places), **mine) as side:
        side.round(adapters=0)
        for done, place in enumerate(places):
            suite.meter(done, len(places))
            seconds = statistics.median(side.round(adapters=place)["seconds"] for _ in range(3))
            points.append({"at": place, "ours_s": seconds / new, "ours_mb": side.peak_memory()})
    return points


def measure(suite, name):
    facts = {"name": name, "title": TITLES[name], "date": datetime.date.today().isoformat()}
    if name == ADAPTERS:
        return {**facts, "axis": "adapters", "unit": "s a token of all texts", "points": adapters(suite)}
    return {**facts, "axis": GROWTHS[name].axis, "unit": "s an update", "points": updates(suite, GROWTHS[name])}


def drawings(suite, data):
    """SVGs of time and memory: pairs of file name and text."""
    with suite.ours("chart") as side:
        for key, kind, label in [("s", "time", data["unit"]), ("mb", "memory", "MB at the peak")]:
            series = [{"name": shown, "points": [[point["at"], point[f"{who}_{key}"]] for point in data["points"]]}
                      for who, shown in (("ours", "ours"), ("peer", PEER)) if f"{who}_{key}" in data["points"][0]]
            yield f"{data['name']}-{kind}.svg", side.round(
                title=f"{kind.capitalize()} against {data['title']}", x=data["axis"], y=label, series=series)["svg"]


def run(suite, name, file, images):
    """Measures one growth, keeps its data and draws its plots."""
    data = measure(suite, name)
    kept = [other for other in results.load(file) if other["name"] != name] + [data]
    results.save(file, sorted(kept, key=lambda one: NAMES.index(one["name"])))
    images.mkdir(exist_ok=True)
    for picture, svg in drawings(suite, data):
        (images / picture).write_text(svg)
