"""The peers' end of a case: a process that does a round for every line on standard input, and blocks while it waits."""

import json
import os
import pathlib
import sys
import time

SCRIPTS = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(SCRIPTS / "reference"))
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer


def job():
    """What the driver wants."""
    return json.loads(pathlib.Path(sys.argv[1]).read_text())


def load_model(job):
    """The model as transformers loads it, its default attention (scaled_dot_product_attention): on the CPU and in float32 if nothing is said."""
    import torch
    import transformers

    dtype, device = getattr(torch, job.get("dtype", "float32")), job.get("device", "cpu")
    return transformers.AutoModelForCausalLM.from_pretrained(job["model"], torch_dtype=dtype).eval().to(device)


def serve(work, **ready):
    """`work` gets each request; its answer goes out with the `seconds` it took, where it does not say so itself."""
    print(json.dumps(ready), file=ANSWERS, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        started = time.perf_counter()
        answer = work(request)
        print(json.dumps({"seconds": time.perf_counter() - started, **answer}), file=ANSWERS, flush=True)
