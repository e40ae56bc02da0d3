"""Greedy generation: the same prompts, the same number of new tokens."""

import json

import results
import scoring
import sides
import training


def prompts(suite, count):
    data = suite.examples(max(count, 64))
    return [example["tokens"][:example["prompt"]] for example in data["examples"][:count]], data["name"]


def greedy(suite, case, count, new, rounds):
    chosen, name = prompts(suite, count)
    rounds = suite.rounds(rounds)
    with suite.ours("generate", prompts=chosen, new_tokens=new) as ours, \
            suite.peer("generate.py", prompts=chosen, new_tokens=new) as peer:
        warm = [side.round()["tokens"] for side in (ours, peer)]
        first, second = suite.alternate(rounds, lambda _: ours.round(), lambda _: peer.round())
    rate = lambda answers: [count * new / answer["seconds"] for answer in answers]
    same = sum(a == b for a, b in zip(*warm))
    return results.row(
        case, rate(first), rate(second), "new tokens/s", higher_is_better=True, peer_name="transformers 4.45.1", data=name,
        notes=[f"{same} of {count} texts are the same on both sides, token for token; reading the prompts is included."])


def overhead(suite, case, count, new, rounds, **adapter):
    """Our own speed with an adapter against that without, by turns in one process: a ratio of 1 is no cost."""
    return two_ways(suite, case, count, new, rounds, {}, {"adapters": 0}, "ours without the adapter", **adapter)[0]


def recorded(suite, case, count, new, rounds):
    """Decoding in slots, recorded as CUDA graphs, against growing steps, whose kernels the host launches one by one."""
    row, same = two_ways(suite, case, count, new, rounds, {"steps": "slots"}, {"steps": "growing"}, "ours in growing steps")
    return {**row, "notes": [f"{same} of {count} texts are the same."]}


def two_ways(suite, case, count, new, rounds, one, other, other_name, **job):
    """Our own speed in rounds of two kinds, by turns in one process, and how many texts are the same."""
    chosen, name = prompts(suite, count)
    with suite.ours("generate", prompts=chosen, new_tokens=new, **job) as side:
        same = sum(a == b for a, b in zip(*(side.round(**request)["tokens"] for request in (one, other))))
        first, second = suite.alternate(suite.rounds(rounds), lambda _: side.round(**one), lambda _: side.round(**other))
    rate = lambda answers: [count * new / answer["seconds"] for answer in answers]
    return results.row(case, rate(first), rate(second), "new tokens/s", higher_is_better=True, peer_name=other_name, data=name), same


def weights(suite, case, count, new, rounds, form):
    """Our own speed with matrices kept in a form against that with floats, and what the form changes in log-probabilities."""
    chosen, name = prompts(suite, count)
    with suite.ours("generate", prompts=chosen, new_tokens=new, weights=form) as kept, \
            suite.ours("generate", prompts=chosen, new_tokens=new, weights="plain") as plain:
        same = sum(a == b for a, b in zip(*(side.round()["tokens"] for side in (kept, plain))))
        first, second = suite.alternate(suite.rounds(rounds), lambda _: kept.round(), lambda _: plain.round())
    rate = lambda answers: [count * new / answer["seconds"] for answer in answers]
    pairs = scoring.every_answer(suite)[::40]
    logprobs = [[value for line in scoring.scores(suite, pairs, suite.scratch / "rounded.jsonl", "--weights", one)[1]
                 for value in line["token_logprobs"]] for one in (form, "plain")]
    changes = [a - b for a, b in zip(*logprobs)]
    size, drift = sum(map(abs, changes)) / len(changes), sum(changes) / len(changes)
    return results.row(
        case, rate(first), rate(second), "new tokens/s", higher_is_better=True, peer_name="ours with floats", data=name, notes=[
            f"{same} of {count} texts are the same; over the {len(changes):,} tokens of {len(pairs)} answers of TruthfulQA a "
            f"log-probability changes by {size:.1e} on average, at most {max(map(abs, changes)):.1e}, and their mean by {drift:+.1e}."])


def memory(suite, case, count, new, rounds):
    """The most memory that a fresh process holds while it loads the model and generates."""
    chosen, name = prompts(suite, count)

    def peak(start):
        def measure(_):
            with start() as side:
                side.round()
                return side.peak_memory()
        return measure

    first, second = suite.alternate(
        suite.rounds(rounds), peak(lambda: suite.ours("generate", prompts=chosen, new_tokens=new)),
        peak(lambda: suite.peer("generate.py", prompts=chosen, new_tokens=new)))
    return results.row(case, first, second, "MB at the peak", higher_is_better=False, peer_name="transformers 4.45.1", data=name)


def folded(suite, case, count, new, rounds):
    """A model with LoFiT's offsets folded in against the model as it is: both are read from safetensors, side by side."""
    chosen, name = prompts(suite, count)
    adapter, merged = suite.scratch / "lofit-to-fold", suite.scratch / "lofit-folded"
    if not merged.exists():
        data = suite.examples(8)
        recipe = {**training.recipe(suite, data, 8, 1, "lofit-bias", heads=training.heads(suite)), "output": str(adapter)}
        path = suite.scratch / "lofit-to-fold.yaml"
        path.write_text(json.dumps(recipe))  # JSON is YAML
        sides.timed([suite.reft, "train", path])
        sides.timed([suite.reft, "merge", "--model", suite.folder, "--adapter", adapter, "--other-weights", "--output", merged])
    with suite.ours("generate", model=str(merged), prompts=chosen, new_tokens=new) as edited, \
            suite.ours("generate", model=str(suite.folder), prompts=chosen, new_tokens=new) as bare:
        for side in (edited, bare):
            side.round()
        first, second = suite.alternate(suite.rounds(rounds), lambda _: edited.round(), lambda _: bare.round())
    rate = lambda answers: [count * new / answer["seconds"] for answer in answers]
    return results.row(case, rate(first), rate(second), "new tokens/s", higher_is_better=True, peer_name="ours without the adapter",
                       data=name)
