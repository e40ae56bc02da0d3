#!/usr/bin/env python3
"""Token log-probabilities of SmolLM2: transformers against `reft score`, on the same dequantised weights.

    scripts/parity/smollm2_logprobs.py --reft .build/release/reft      compare (1e-3 absolute a token, or tell where not)
    scripts/parity/smollm2_logprobs.py --write                         write Tests/Goldens/smollm2_logprobs.json
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(SCRIPTS / "reference"), str(SCRIPTS / "goldens")]
import golden  # noqa: E402
import smollm2  # noqa: E402

GOLDEN = golden.FOLDER / "smollm2_logprobs.json"
LIMIT = 1e-3
LINES = [
    ("The capital of France is", " Paris."),
    ("The capital of France is", " a city on the Seine, and its name is Paris."),
    ("Once upon a time, in a village by the sea, there lived", " an old woman who mended nets for the fishermen."),
    ("Anna's mother has a brother called Peter. Peter is Anna's", " uncle."),
    ("Anna's mother has a brother called Peter. Peter is Anna's", " grandfather."),
    ("Q: What is 17 + 25?\nA:", " 42"),
    ("Q: What is 17 + 25?\nA:", " 43"),
    ("1, 1, 2, 3, 5, 8, 13,", " 21, 34, 55, 89, 144"),
    ("def add(a, b):", "\n    return a + b\n"),
    ("let squares = (1...10).map {", " $0 * $0 }\nprint(squares.reduce(0, +))"),
    ("SELECT name, COUNT(*) FROM visits", " GROUP BY name ORDER BY COUNT(*) DESC;"),
    ("Water boils at a lower temperature on a mountain", " because the pressure of the air is lower there."),
    ("Der schnelle braune Fuchs springt", " über den faulen Hund."),
    ("Il était une fois une petite fille", " qui vivait près de la forêt avec sa grand-mère."),
    ("数学は", "とても面白いです。"),
    ("Привет, как", " дела?"),
    ("I am so happy today", " 😀🎉 because it is my birthday!"),
    ("name\tage\tcity\nMaria\t31\tLisbon\n", "Jonas\t28\tVilnius\n"),
    ("<|im_start|>user\nName a colour.<|im_end|>\n<|im_start|>assistant\n", "Blue.<|im_end|>"),
    ("To be, or not to be, that is the", " question:\nWhether 'tis nobler in the mind to suffer"),
    ("To make tea, first boil the water. Then put the leaves into the pot, pour the water over them, and wait for about four "
     "minutes. While you wait, warm the cups and set out milk, sugar and lemon, for guests differ in what they like. When the time "
     "is over, pour the tea through a strainer", " into the cups and serve it while it is hot."),
]


def prepared(tokenizer, prompt, completion):
    """Ids of the whole text, and how many of them are prompt."""
    encoded = tokenizer.encode(prompt + completion)
    before = [start < len(prompt) for start, _ in encoded.offsets]
    count = sum(before)
    assert before == [True] * count + [False] * (len(before) - count)
    assert encoded.offsets[count][0] == len(prompt), f"a token of {prompt + completion!r} straddles the boundary"
    return encoded.ids, count


def token_logprobs(model, ids, count):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    chosen = torch.log_softmax(logits, dim=-1)[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    return chosen[count - 1:].tolist()


def reference():
    tokenizer, model = smollm2.load_tokenizer(), smollm2.load_model()
    rows = [(prompt, completion, *prepared(tokenizer, prompt, completion)) for prompt, completion in LINES]
    single = [token_logprobs(model, ids, count) for _, _, ids, count in rows]
    model = model.double()
    with golden.true_float64():
        double = [token_logprobs(model, ids, count) for _, _, ids, count in rows]
    gap = max(abs(a - b) for left, right in zip(single, double) for a, b in zip(left, right))
    return {
        "script": "scripts/parity/smollm2_logprobs.py", "model": "SmolLM2-135M-Instruct.Q4_1.gguf, dequantised to float32",
        "tolerance": float(f"{4 * gap:.3g}"),
        "lines": [{"prompt": prompt, "completion": completion, "ids": ids, "prompt_tokens": count,
                   "token_logprobs": [round(value, 6) for value in values]}
                  for (prompt, completion, ids, count), values in zip(rows, single)],
    }


def scored(reft, model, lines):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for line in lines:
            file.write(json.dumps({"prompt": line["prompt"], "completion": line["completion"]}) + "\n")
        file.flush()
        output = subprocess.run([reft, "score", "--model", model, "--input", file.name], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in output.splitlines()]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reft", help="the command to compare")
    arguments.add_argument("--write", action="store_true", help="write the golden")
    arguments = arguments.parse_args()
    expected = reference()
    if arguments.write:
        lines = ",\n".join("    " + json.dumps(line, ensure_ascii=False) for line in expected.pop("lines"))
        head = json.dumps(expected, indent=2)[:-2]
        GOLDEN.write_text(f'{head},\n  "lines": [\n{lines}\n  ]\n}}\n')
        print(f"{GOLDEN}: tolerance {expected['tolerance']}")
    if arguments.reft:
        worst, faults = 0, 0
        for line, found in zip(expected["lines"], scored(arguments.reft, smollm2.path(), expected["lines"]), strict=True):
            if len(found["token_logprobs"]) != len(line["token_logprobs"]):
                print(f"{line['completion']!r}: {len(line['token_logprobs'])} tokens, reft has {len(found['token_logprobs'])}")
                faults += 1
                continue
            gap = max(abs(a - b) for a, b in zip(line["token_logprobs"], found["token_logprobs"]))
            worst = max(worst, gap)
            faults += gap > LIMIT
            print(f"{gap:.1e}  {line['prompt'][-30:]!r} -> {line['completion'][:30]!r}")
        print(f"largest difference {worst:.1e}, limit {LIMIT}")
        sys.exit(f"{faults} line(s) differ" if faults else 0)


if __name__ == "__main__":
    main()
