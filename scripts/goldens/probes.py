"""Probes and directions on given samples, against scikit-learn, repeng and the formulas of the papers (README: golden.py).

    venv/bin/pip install scikit-learn==1.9.1 repeng==0.4.0

Everything runs in float64 on the very same float32 samples, so that a tolerance is one of rounding alone: logistic regression by
Newton's method with tol=1e-14 reaches the optimum that the default solver (lbfgs, tol=1e-4) stops short of by 1e-3 at most.
"""

import warnings

import numpy as np
import repeng.extract
import sklearn
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

import golden

PAIRS, STEPS = 30, 300
CCS = dict(lr=1e-3, weight_decay=0.01)


def unit(vector):
    return vector / np.linalg.norm(vector)


def samples(seed, pairs, width):
    """Rows 2i and 2i + 1 belong together; the first is true. One direction tells them apart, with noise."""
    source = torch.Generator().manual_seed(seed)
    true = torch.randn(width, generator=source)
    shared = 1.5 * torch.randn(pairs, 1, width, generator=source)
    signs = torch.tensor([1.0, -1.0]).reshape(1, 2, 1)
    strength = 0.8 * torch.rand(pairs, 1, 1, generator=source)
    noise = 0.7 * torch.randn(pairs, 2, width, generator=source)
    return (shared + signs * strength * true + noise).reshape(2 * pairs, width)


def repeng_direction(rows, method):
    """The library's own function on given hidden states."""
    class Model:
        class config:
            num_hidden_layers = 2

    hidden = repeng.extract.batched_get_hiddens
    layers = repeng.extract.model_layer_list
    repeng.extract.batched_get_hiddens = lambda *_: {1: rows.copy()}
    repeng.extract.model_layer_list = lambda _: [None, None]
    entries = [repeng.extract.DatasetEntry("a", "b")] * (len(rows) // 2)
    try:
        return repeng.extract.read_representations(Model(), None, entries, hidden_layers=[1], method=method)[1]
    finally:
        repeng.extract.batched_get_hiddens, repeng.extract.model_layer_list = hidden, layers


def sign(rows, direction):
    """+-1 so that the first of a pair projects higher more often."""
    projected = rows @ direction
    return -1.0 if np.mean(projected[::2] < projected[1::2]) > np.mean(projected[::2] > projected[1::2]) else 1.0


def ccs(rows, weight, bias):
    up, down = torch.tensor(rows[::2]), torch.tensor(rows[1::2])
    up, down = up - up.mean(0, keepdim=True), down - down.mean(0, keepdim=True)
    probe = torch.nn.Linear(rows.shape[1], 1, dtype=torch.float64)
    with torch.no_grad():
        probe.weight.copy_(torch.tensor(weight)[None])
        probe.bias.copy_(torch.tensor(bias))
    optimizer = torch.optim.AdamW(probe.parameters(), **CCS)
    for _ in range(STEPS):
        p, n = torch.sigmoid(probe(up)), torch.sigmoid(probe(down))
        loss = (torch.minimum(p, n) ** 2).mean(0) + ((p - (1 - n)) ** 2).mean(0)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
    return probe.weight.detach()[0], probe.bias.detach(), loss.detach()


def case(given):
    def run(_):
        found = {}
        for name in ("tall", "wide"):
            rows = given[name].double().numpy()
            labels = np.arange(len(rows)) % 2 == 0
            for strength in (1.0, 0.01):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    probe = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-14, max_iter=1000).fit(rows, labels)
                    usual = LogisticRegression(C=strength, max_iter=1000).fit(rows, labels)
                assert np.abs(usual.coef_ - probe.coef_).max() < 1e-3 * np.abs(probe.coef_).max()
                found[f"{name}.logistic.{strength}.weight"] = probe.coef_[0]
                found[f"{name}.logistic.{strength}.intercept"] = probe.intercept_
                found[f"{name}.logistic.{strength}.accuracy"] = np.array([probe.score(rows, labels)])
            mean = rows[labels].mean(0) - rows[~labels].mean(0)
            centre = np.repeat((rows[::2] + rows[1::2]) / 2, 2, axis=0)
            components = {
                "mean_difference": mean, "probe_weight": found[f"{name}.logistic.1.0.weight"],
                "pca_diff": PCA(1).fit(rows[::2] - rows[1::2]).components_[0],
                "pca_center": PCA(1).fit(rows).components_[0], "pca_pairwise": PCA(1).fit(rows - centre).components_[0]}
            for kind, vector in components.items():
                vector = unit(vector)
                if kind.startswith("pca"):
                    vector = sign(rows, vector) * vector
                found[f"{name}.{kind}"] = vector
                found[f"{name}.{kind}.sigma"] = np.array([np.std(rows @ vector)])
                found[f"{name}.{kind}.centre"] = np.array([np.mean(rows @ vector)])
            # repeng gives float32 vectors; what it changes of its rows before it asks for the sign is its own.
            found[f"{name}.repeng.pca_diff"] = repeng_direction(rows, "pca_diff").astype(np.float64)
            weight, bias, loss = ccs(rows, given[f"{name}.start"].double().numpy(), given["bias"].double().numpy())
            found |= {f"{name}.ccs.weight": weight, f"{name}.ccs.bias": bias, f"{name}.ccs.loss": loss}
        # float64 all the way, written as float32.
        return {key: torch.as_tensor(value).to(torch.float32) for key, value in found.items()}

    return run


def main():
    source = torch.Generator().manual_seed(41)
    given = {"tall": samples(7, PAIRS, 6), "wide": samples(8, 8, 40)}
    given |= {f"{name}.start": 0.4 * torch.randn(given[name].shape[1], generator=source) for name in ("tall", "wide")}
    given["bias"] = torch.zeros(1)
    golden.write(
        "probes", case(given),
        facts={"script": "scripts/goldens/probes.py", "scikit_learn": sklearn.__version__, "repeng": "0.4.0",
               "ccs": {**CCS, "steps": STEPS}, "pairs": "rows 2i (true) and 2i + 1 (false)"}, inputs=given)


if __name__ == "__main__":
    main()
