"""Loading a model, and turning text into token ids."""

import results

TEXT_MB = 1


def load(suite, case, source, rounds):
    """From a path to a model that can compute, in a process that has done so before; every weight is read once."""
    path = suite.model if source == "gguf" else str(suite.folder)
    peer_job = {"gguf": suite.model} if source == "gguf" else {}
    with suite.ours("load", model=path) as ours, suite.peer("load.py", **peer_job) as peer:
        ours.round()
        if source != "gguf":  # the peer takes a minute for it
            peer.round()
        first, second = suite.alternate(suite.rounds(rounds), lambda _: ours.round(), lambda _: peer.round())
    seconds = lambda answers: [answer["seconds"] for answer in answers]
    return results.row(case, seconds(first), seconds(second), "s", higher_is_better=False, peer_name="transformers 4.45.1",
                       notes=["the first token of a text is computed too, so that mapped weights are read."])


def tokenize(suite, case, rounds):
    """Ids of plain text, one text at a time on one thread: MB of UTF-8 a second."""
    data = suite.examples(3000 if suite.has_clutrr() else 300)
    with suite.ours("tokenize", examples=data["examples"], megabytes=TEXT_MB) as ours:
        texts = ours.ready["texts"]
        with suite.peer("tokenize_text.py", texts=texts, megabytes=TEXT_MB) as peer:
            for side in (ours, peer):
                side.round()
            first, second = suite.alternate(suite.rounds(rounds), lambda _: ours.round(), lambda _: peer.round())
    rate = lambda answers: [answer["bytes"] / 1e6 / answer["seconds"] for answer in answers]
    same = first[0]["tokens"] == second[0]["tokens"]
    return results.row(case, rate(first), rate(second), "MB/s", higher_is_better=True, peer_name="tokenizers 0.20.3 (Rust)",
                       data=data["name"], notes=[f"{first[0]['tokens']:,} ids of {first[0]['bytes']:,} bytes, "
                                                 + ("as many" if same else f"{second[0]['tokens']:,}") + " on the peer's side."])
