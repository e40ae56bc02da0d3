"""Adapters of pyreft as it saves them, one of each class and generation of names, and their logits (README: golden.py).

The model is that of the golden `llama_gqa_tied`. What is saved is read by tests of Conversion, which compare whole logits.
"""

import contextlib
import io
import shutil

import pyreft
import torch

import golden
import loreft

OUT = golden.FOLDER / "foreign_pyreft"
RANK = 3
TIED = [(0, "f2+l2"), (2, "f2+l2")]
CASES = {
    "loreft": dict(type=pyreft.LoreftIntervention, edits=TIED),
    "loreft_relu": dict(type=pyreft.LoreftIntervention, edits=TIED, act_fn="relu"),
    "loreft_untied": dict(type=pyreft.LoreftIntervention, edits=[(0, "f2"), (2, "f2"), (0, "l2"), (2, "l2")]),
    "noreft": dict(type=pyreft.NoreftIntervention, edits=TIED, add_bias=True),
    "consreft": dict(type=pyreft.ConsreftIntervention, edits=TIED),
    "lobireft": dict(type=pyreft.LobireftIntervention, edits=TIED),
    "direft": dict(type=pyreft.DireftIntervention, edits=TIED),
    "nodireft": dict(type=pyreft.NodireftIntervention, edits=TIED, add_bias=True),
    "module_path": dict(type=pyreft.LoreftIntervention, edits=TIED, path=True),
}
PROMPTS, LENGTHS = [7, 5, 11], [12, 9, 17]


def model_of(case, dtype):
    torch.manual_seed(23)
    model = golden.load_model("llama_gqa_tied", torch.float32)
    options = {key: case[key] for key in ("act_fn", "add_bias") if key in case}
    place = lambda layer: ({"component": f"model.layers[{layer}].output"} if case.get("path") else
                           {"layer": layer, "component": "block_output"})
    reft = pyreft.get_reft_model(model, pyreft.ReftConfig(representations=[
        {**place(layer), "low_rank_dimension": RANK, "intervention": case["type"](
            embed_dim=32, low_rank_dimension=RANK, dtype=torch.float32, dropout=0.0, **options)}
        for layer, _ in case["edits"]]))
    source = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for edit in reft.interventions.values():
            for name, weight in edit.named_parameters():
                noise = torch.randn(weight.shape, generator=source)
                # The coordinates of R leave the point where they begin; all else is new.
                weight.copy_(weight + 0.4 * noise.tril(-1) if name.endswith("original") else 0.4 * noise)
    return reft


def logits(reft, case, ids, dtype):
    reft.model.to(dtype)
    for edit in reft.interventions.values():
        edit.to(dtype)
    output = loreft.pyreft_forward(reft, case, ids, PROMPTS)
    return [output.logits[row, :length] for row, length in enumerate(LENGTHS)]


def main():
    ids = golden.random_ids(41, LENGTHS)

    def case(dtype):
        found = {}
        with torch.no_grad():
            for name, settings in CASES.items():
                for row, value in enumerate(logits(model_of(settings, dtype), settings, ids, dtype)):
                    found[f"{name}.{row}"] = value
        return found

    shutil.rmtree(OUT, ignore_errors=True)
    for name, settings in CASES.items():
        with contextlib.redirect_stdout(io.StringIO()):
            model_of(settings, torch.float32).save(OUT / name)
    # The older generations of names hold the same.
    for name, separator in [("dots", "comp"), ("repr", "repr")]:
        shutil.copytree(OUT / "loreft", OUT / name)
        for file in (OUT / name).glob("*.bin"):
            new = file.name.replace("_comp_block_output_", f".{separator}.block_output.").replace("layer_", "layer.")
            file.rename(file.with_name(new.replace("unit_pos_nunit_1", "unit.pos.nunit.1")))
    # A checkpoint of a trainer has no configuration.
    shutil.copytree(OUT / "noreft", OUT / "checkpoint")
    (OUT / "checkpoint" / "config.json").unlink()
    golden.write("foreign_pyreft", case, {"prompts": PROMPTS},
                 {f"ids.{row}": value for row, value in enumerate(ids)},
                 together=lambda key: key.split(".")[0])


if __name__ == "__main__":
    main()
