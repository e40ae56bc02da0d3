#!/usr/bin/env python3
"""SmolLM2 at its full context of 8,192 tokens: the log-probabilities of the last tokens against transformers, and memory.

    scripts/parity/long_context.py --reft .build/release/reft [--tokens 8192] [--text FILE]

A text of that many tokens is read whole by both; the last 64 tokens are compared one by one. Then `reft generate` reads all
but the last 64 in pieces and continues them, which must give what transformers continues greedily. (scripts/measure/process.py
says what memory is counted.)
"""

import argparse
import json
import pathlib
import resource
import sys
import tempfile
import time

import torch

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(SCRIPTS / "reference"), str(SCRIPTS / "measure")]
import process  # noqa: E402
import smollm2  # noqa: E402

LIMIT = 1e-3
COMPARED, CONTINUED = 64, 16


def text_of(path, tokenizer, tokens):
    """The ids of a text and its two parts: all but the last, and the last."""
    whole = pathlib.Path(path).read_text(encoding="utf-8") if path else "".join(
        f"Line {n}: the square of {n} is {n * n}, and {n} times three is {3 * n}.\n" for n in range(1, 1000))
    encoded = tokenizer.encode(whole)
    assert len(encoded.ids) >= tokens, f"the text has only {len(encoded.ids)} tokens"
    cut, end = encoded.offsets[tokens - COMPARED][0], encoded.offsets[tokens - 1][1]
    return encoded.ids[:tokens], whole[:cut], whole[cut:end]


def run(command, **facts):
    """The command's line, and what it took."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write(json.dumps(facts) + "\n")
        file.flush()
        taken = process.run(command + ["--input", file.name], quiet=False)
    return json.loads(taken.output), taken.seconds, taken.peak


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reft", required=True)
    arguments.add_argument("--tokens", type=int, default=8192)
    arguments.add_argument("--text", help="a text file instead of counting")
    arguments = arguments.parse_args()

    tokenizer, model = smollm2.load_tokenizer(), smollm2.load_model()
    ids, prompt, completion = text_of(arguments.text, tokenizer, arguments.tokens)
    started = time.monotonic()
    with torch.no_grad():
        states = model.model(torch.tensor([ids[:-1]])).last_hidden_state[0, -COMPARED:]
        scores = torch.log_softmax(model.lm_head(states), dim=-1)
    expected = scores.gather(1, torch.tensor(ids[-COMPARED:])[:, None])[:, 0].tolist()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    print(f"transformers: {len(ids)} tokens in {time.monotonic() - started:.1f} s, peak {own:.0f} MB (with torch)")

    line, seconds, peak = run(
        [arguments.reft, "score", "--model", smollm2.path()], prompt=prompt, completion=completion)
    got = line["token_logprobs"]
    gap = max(abs(a - b) for a, b in zip(got, expected, strict=True))
    print(f"reft score: {seconds:.1f} s with loading, peak {peak:.0f} MB; largest difference {gap:.1e} (limit {LIMIT})")
    wrong = gap > LIMIT

    with torch.no_grad():
        cut = ids[:-COMPARED]
        greedy = model.generate(
            torch.tensor([cut]), attention_mask=torch.ones(1, len(cut), dtype=torch.long), do_sample=False,
            max_new_tokens=CONTINUED, eos_token_id=None, pad_token_id=2)[0, len(cut):].tolist()
    line, seconds, peak = run(
        [arguments.reft, "generate", "--model", smollm2.path(), "--json", "--max-new-tokens", str(CONTINUED)],
        prompt=prompt)
    text = tokenizer.decode(greedy, skip_special_tokens=False)
    print(f"reft generate, read in pieces: {seconds:.1f} s with loading, peak {peak:.0f} MB; "
          f"{'the same' if line['text'] == text else 'ANOTHER'} continuation: {text!r}")
    sys.exit(wrong or line["text"] != text)


if __name__ == "__main__":
    main()
