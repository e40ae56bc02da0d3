"""Training: updates of a method on both sides, on the same batches in the same order."""

import json
import math

import results
import sides
import suite as suites

RATES = {"loreft": 2e-3, "lora": 2e-3, "lofit-scale": 5e-3, "lofit-bias": 2e-2, "red": 5e-3}
PEERS = {"loreft": "pyreft 0.1.0", "lora": "peft 0.13.2", "lofit-scale": "LoFiT stated in PyTorch",
         "lofit-bias": "LoFiT stated in PyTorch", "red": "RED stated in PyTorch"}
L1 = 5e-3
UNCHANGED = ("lora", "red")  # these begin as the model itself, so that both sides begin with the same loss


def locations(heads):
    """Heads `[[layer, head], ...]` as one line of locations."""
    layers = sorted({layer for layer, _ in heads})
    of = lambda layer: ",".join(str(head) for at, head in sorted(heads) if at == layer)
    return "; ".join(f"{layer}.head_attention_value_output[{of(layer)}]@all" for layer in layers)


def settings(method, heads=None, rank=None, positions=5, layers=None):
    """The method as our job says it, and as the peer's does."""
    if method == "loreft":
        edited = f"{30 - layers}..29" if layers and layers < 30 else "all"
        return ({"method": "loreft", "settings": {"rank": rank or 4},
                 "locations": f"{edited}.block_output@f{positions}+l{positions}"},
                {"method": "loreft", "rank": rank or 4, "positions": positions, **({"layers": layers} if layers else {})})
    if method == "lora":
        return ({"method": "lora", "settings": {"rank": rank or 8, "alpha": rank or 8}},
                {"method": "lora", "rank": rank or 8, "alpha": rank or 8})
    if method == "lofit-scale":
        return {"method": "lofit", "settings": {"part": "scale"}, "l1": L1}, {"method": "lofit", "l1": L1}
    if method == "lofit-bias":
        return ({"method": "lofit", "settings": {"part": "bias"}, "locations": locations(heads)},
                {"method": "lofit", "heads": heads})
    return {"method": "red"}, {"method": "red"}


def batches(orders, batch):
    return [order[start:start + batch] for order in orders for start in range(0, len(order), batch)]


def jobs(suite, method, batch, updates, limit=64, data=None, **chosen):
    """The jobs of both sides for so many updates, their batches, and the examples."""
    limit = max(limit, batch)
    data = data or suite.examples(limit, epochs=math.ceil(updates / math.ceil(limit / batch)))
    if method == "lofit-bias":
        chosen.setdefault("heads", heads(suite))
    common = {"examples": data["examples"], "batch": batch, "rate": RATES[method]}
    mine, theirs = settings(method, **chosen)
    return ({**common, **mine, "order_seed": 42, "epochs": len(data["orders"])},
            {**common, **theirs, "orders": data["orders"]}, batches(data["orders"], batch), data)


def step(suite, case, method, batch, steps, rounds, peak=False, **chosen):
    """Updates a round, after one to warm up: true tokens a second. With `peak`, the share of the machine's too."""
    rounds = suite.rounds(rounds)
    mine, theirs, order, data = jobs(suite, method, batch, 1 + rounds * steps, **chosen)
    length = lambda i: len(data["examples"][i]["tokens"])
    count = lambda first, last: sum(length(i) for chosen in order[first:last] for i in chosen)
    tokens = lambda number: count(1 + number * steps, 1 + (number + 1) * steps)
    peaks, machine = [], suite.ours("machine") if peak else None
    with suite.ours("train", **mine) as ours, suite.peer("train.py", **theirs) as peer:
        warm = [side.round(steps=1) for side in (ours, peer)]
        first, second = suite.alternate(
            rounds, lambda _: ours.round(steps=steps), lambda _: peer.round(steps=steps),
            between=lambda: peaks.append(machine.round()["gflops"]) if machine else None)
        parameters = [ours.ready["parameters"], peer.ready["parameters"]]
    if machine:
        machine.close()
    rate = lambda answers: [tokens(number) / answer["seconds"] for number, answer in enumerate(answers)]
    padded = sum(answer["padded"] for answer in second)
    facts = {}
    taken = [max(answer["device_peak"] for answer in answers) / 1e9 for answers in (first, second)]
    if min(taken) > 0:
        facts["notes"] = [f"at most {taken[0]:.1f} GB of the GPU's memory on our side, {taken[1]:.1f} GB on the peer's, the weights included."]
    if peak:
        flops = 4 * suite.weights_in_blocks()
        middle = sorted(peaks)[len(peaks) // 2]
        speed = sorted(rate(first))[rounds // 2]
        other = sorted(rate(second))[rounds // 2]
        facts["peak"] = {"gflop_per_token": flops / 1e9, "sgemm_gflops": middle, "layers": suite.config["num_hidden_layers"], "ours_gflops": speed * flops / 1e9,
                         "ours_share": speed * flops / 1e9 / middle, "peer_share": other * flops / 1e9 / middle}
    return results.row(
        case, rate(first), rate(second), "true tokens/s", higher_is_better=True, peer_name=PEERS[method], data=data["name"],
        parameters=parameters, true_tokens=count(1, 1 + rounds * steps), padded_tokens=padded, steps_a_round=steps,
        **({"first_losses": [side["losses"][0] for side in warm]} if method in UNCHANGED else {}), **facts)


def memory(suite, case, method, batch, steps, rounds, **chosen):
    """The most memory that a fresh process holds while it loads the model and trains some updates."""
    rounds = suite.rounds(rounds)
    mine, theirs, _, data = jobs(suite, method, batch, steps, **chosen)

    def peak(start):
        def measure(_):
            with start() as side:
                side.round(steps=steps)
                return side.peak_memory()
        return measure

    first, second = suite.alternate(
        rounds, peak(lambda: suite.ours("train", **mine)), peak(lambda: suite.peer("train.py", **theirs)))
    return results.row(case, first, second, "MB at the peak", higher_is_better=False, peer_name=PEERS[method],
                       data=data["name"], steps_a_round=steps)


def heads(suite):
    """The best tenth of the heads, as our stage 1 ranked them on CLUTRR (lofit_heads.json says how)."""
    return json.loads((suites.HERE / "lofit_heads.json").read_text())["heads"]


def recipe(suite, data, examples, epochs, method, **chosen):
    """What `reft train` reads, but for the output."""
    mine, _ = settings(method, **chosen)
    return {
        "model": {"path": suite.model}, "data": {"train": data["path"], "format": data["task"], "limit": examples, "seed": 42},
        "method": {"name": mine["method"], **mine.get("settings", {})}, "locations": mine["locations"],
        "training": {"epochs": epochs, "batch_size": 8, "accumulation": 1, "learning_rate": RATES[method],
                     "schedule": "linear", "warmup_ratio": 0.1, "seed": 42}}


def written(suite, case, made):
    """The recipe as a file, and where its run puts the adapter."""
    path, output = suite.scratch / f"{case}.yaml", suite.scratch / case
    path.write_text(json.dumps({**made, "output": str(output)}))  # JSON is YAML
    return path, output


def run(suite, case, examples, epochs, rounds):
    """Whole runs in fresh processes, ours by `reft train`: seconds from the first update to the last, loading apart."""
    chosen = heads(suite)
    data = suite.examples(examples, epochs)
    updates = len(batches(data["orders"], 8))
    path, output = written(suite, case, recipe(suite, data, examples, epochs, "lofit-bias", heads=chosen))
    command = [suite.reft, "train", path, "--overwrite", "--cache-trunk", "auto"]
    tokens = epochs * sum(len(example["tokens"]) for example in data["examples"])
    losses, products = {}, []

    def ours(_):
        sides.timed(command)
        measured = json.loads((output / "adapter.json").read_text())["metrics"]
        losses["ours"] = measured["loss"]
        return measured["seconds"]

    def peer(_):
        with suite.peer("train.py", examples=data["examples"], batch=8, rate=RATES["lofit-bias"], orders=data["orders"],
                        **settings("lofit-bias", heads=chosen)[1]) as side:
            answer = side.round(steps=updates)
        last = answer["losses"][-updates // epochs:]
        losses["peer"] = sum(last) / len(last)
        return answer["seconds"]

    with suite.ours("machine", rows=tokens // updates, matrices=suite.matrices()) as machine:
        first, second = suite.alternate(
            suite.rounds(rounds), ours, peer, between=lambda: products.append(machine.round()["products_gflops"]))
    return results.row(
        case, first, second, "s a run", higher_is_better=False, peer_name=PEERS["lofit-bias"], data=data["name"],
        run_tokens=tokens, run_rows=tokens // updates, products_gflops=sorted(products)[len(products) // 2],
        notes=[f"{examples} examples, {updates} updates a run, ours with `--cache-trunk auto`; the lowest of the 27 heads is in block "
               f"{min(layer for layer, _ in chosen)} (of 0 to 29). The mean loss of the "
               f"last epoch is {losses['ours']:.3f} on our side, {losses['peer']:.3f} on the peer's."])


def epoch(suite, case, examples, rounds):
    """Whole processes: start, loading, tokenizing, an epoch, saving."""
    data = suite.examples(examples, 1)
    path, output = written(suite, case, recipe(suite, data, examples, 1, "loreft"))
    texts = suite.scratch / "texts.json"
    job = suite.scratch / "epoch-peer.json"
    with suite.ours("texts", examples=data["examples"]) as side:
        texts.write_text(json.dumps(side.ready["pairs"]))
    job.write_text(json.dumps({**settings("loreft")[1], "model": str(suite.folder), "texts": str(texts), "batch": 8,
                               "rate": RATES["loreft"], "orders": data["orders"], "output": str(suite.scratch / "epoch-peer")}))
    ours = [suite.reft, "train", path, "--overwrite"]
    peer = [suite.python, suites.HERE / "peers/epoch.py", job]
    first, second = suite.alternate(
        suite.rounds(rounds), lambda _: sides.timed(ours)[0], lambda _: sides.timed(peer)[0])
    return results.row(case, first, second, "s", higher_is_better=False, peer_name=PEERS["loreft"], data=data["name"])
