"""From a cold process to the first token: whole processes, the files in the page cache on both sides."""

import results
import sides
import suite as suites

PROMPT = "The capital of France is"


def start(suite, case, rounds):
    ours = [suite.reft, "generate", "--model", suite.model, "--prompt", PROMPT, "--max-new-tokens", 1]
    peer = [suite.python, suites.HERE / "peers/start.py", suite.folder, PROMPT]
    said = [sides.timed(command)[1].splitlines()[-1].strip() for command in (ours, peer)]
    first, second = suite.alternate(
        suite.rounds(rounds), lambda _: sides.timed(ours)[0], lambda _: sides.timed(peer)[0])
    return results.row(case, first, second, "s", higher_is_better=False, peer_name="transformers 4.45.1 + pyreft 0.1.0",
                       notes=[f'the token after "{PROMPT}" is "{said[0]}" on our side and "{said[1]}" on the peer\'s; all files are in the '
                              "page cache; the imports of transformers and pyreft are part of the peer's time."])
