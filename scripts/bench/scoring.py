"""TruthfulQA's multiple choice: every answer of all questions by `reft score`, against one forward pass an answer."""

import csv
import itertools
import json

import results
import sides
import truthfulqa as data


def every_answer(suite):
    """Every answer of every question behind the primer."""
    file = suite.data / "truthfulqa" / "TruthfulQA.csv"
    if not file.exists():
        raise sides.Failed(f"{file} is missing; REFT_DATA names the folder that holds truthfulqa/TruthfulQA.csv")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(data.pairs(csv.DictReader(opened)))


def scores(suite, pairs, path, *options):
    """The lines of `reft score`, and the seconds of the whole process."""
    path.write_text("".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs))
    seconds, output = sides.timed([suite.reft, "score", "--model", suite.model, "--input", path, *options])
    return seconds, [json.loads(line) for line in output.splitlines()]


def truthfulqa(suite, case, rounds, sample):
    """A round scores the questions r, r + rounds, r + 2 rounds, ...: all rounds together score all. The peer takes a sample of
    the round's answers, evenly spread, or all of them (`--whole`); times are scaled to all answers."""
    pairs = every_answer(suite)
    questions = [list(group) for _, group in itertools.groupby(pairs, key=lambda pair: pair["prompt"])]
    taken = questions[::max(1, len(questions) // suite.questions)] if suite.questions else questions
    rounds = suite.rounds(rounds)
    parts = [list(itertools.chain(*taken[number::rounds])) for number in range(rounds)]
    worst, counted = 0.0, 0
    scored = {}

    def ours(number):
        seconds, lines = scores(suite, parts[number], suite.scratch / f"pairs-{number}.jsonl")
        scored[number] = [line["logprob"] for line in lines]
        return seconds * len(pairs) / len(parts[number])

    with suite.peer("score.py") as peer:
        peer.round(pairs=parts[0][:2])
        theirs = {}

        def one_by_one(number):
            step = 1 if suite.whole else max(1, len(parts[number]) // sample)
            indices = range(step // 2, len(parts[number]), step)
            answer = peer.round(pairs=[parts[number][i] for i in indices])
            theirs[number] = dict(zip(indices, answer["scores"]))
            return answer["seconds"] * len(pairs) / len(indices)

        first, second = suite.alternate(rounds, ours, one_by_one)
    for number, answers in theirs.items():
        counted += len(answers)
        worst = max(worst, *(abs(score - scored[number][i]) for i, score in answers.items()))
    done = sum(map(len, parts))
    return results.row(
        case, first, second, f"s for {len(pairs):,} answers", higher_is_better=False, peer_name="transformers, a pass an answer",
        data="TruthfulQA", notes=[
            f"ours scored {done:,} of the {len(pairs):,} answers ({len(taken)} of {len(questions)} questions), a part of the questions "
            f"each round, starting the command included; the peer scored {counted:,} of them, evenly spread. Both times are scaled to "
            "all answers by the time an answer took.",
            f"the log-probabilities of the {counted:,} answers that both scored differ by at most {worst:.1e}."])
