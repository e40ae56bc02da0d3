"""Where our time goes, operation by operation, against what the machine can do."""

import datetime
import statistics

import generating
import results
import training

TITLES = {"profile-train": "an update of LoReFT r4, f5+l5, batch 8", "profile-generate": "64 tokens, greedy, one prompt"}
NAMES = list(TITLES)
SECONDS = 40  # a guess for each
SHOWN = 16


def operations(answer, whole):
    """The costliest operations, shares of the profiled time, and what is not in any of them."""
    found = answer["operations"]
    rest = whole - sum(one["seconds"] for one in found)
    return found[:SHOWN], sum(one["seconds"] for one in found[SHOWN:]), max(0.0, rest)


def measure(suite, name):
    if name == "profile-train":
        mine, _, order, data = training.jobs(suite, "loreft", 8, 8)
        job = ("train", mine)
        plain, profiled = {"steps": 1}, {"steps": 1, "profile": True}
        tokens = [sum(len(data["examples"][i]["tokens"]) for i in chosen) for chosen in order]
    else:
        chosen, _ = generating.prompts(suite, 1)
        job = ("generate", {"prompts": chosen, "new_tokens": 64})
        plain, profiled, tokens = {}, {"profile": True}, [64] * 8
    with suite.ours(job[0], **job[1]) as side:
        side.round(**plain)
        suite.meter(1, 3)
        rates = [tokens[1 + number] / side.round(**plain)["seconds"] for number in range(5)]
        suite.meter(2, 3)
        answer = side.round(**profiled)
    shown, others, outside = operations(answer, answer["seconds"])
    return {"name": name, "title": TITLES[name], "date": datetime.date.today().isoformat(), "seconds": answer["seconds"],
            "tokens": tokens[6], "unobserved_rate": statistics.median(rates), "operations": shown, "others_s": others,
            "outside_s": outside}


def run(suite, name, file):
    data = measure(suite, name)
    kept = [other for other in results.load(file) if other["name"] != name] + [data]
    results.save(file, sorted(kept, key=lambda one: NAMES.index(one["name"])))
