#!/usr/bin/env python3
"""Fails on an import that the plan of the house does not have.

Reads the edges twice: from the manifest (`swift package dump-package`) and from the `import` lines of the sources. The plan
is the table below and the drawing in ARCHITECTURE.md; a new edge goes into both, and points down.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# room: the rooms it may import. Listed bottom up: a room may only name rooms above its own line.
PLAN = {
    "Diagnostics": "",
    "CTorchShim": "",
    "CProcessStart": "",
    "CTransfer": "",
    "JSON": "Diagnostics",
    "Checkpoints": "Diagnostics JSON",
    "Tokenization": "Diagnostics JSON",
    "ModelHub": "CTransfer Diagnostics JSON",
    "Tasks": "Diagnostics JSON",
    "Charts": "Diagnostics JSON",
    "Recipes": "Diagnostics JSON",
    "Tensors": "CTorchShim Diagnostics",
    "Layers": "Tensors Diagnostics",
    "LanguageModels": "Layers Tensors Checkpoints JSON Diagnostics",
    "Interventions": "LanguageModels Layers Tensors Checkpoints JSON Diagnostics",
    "Conversion": "Interventions LanguageModels Tensors Checkpoints JSON Diagnostics",
    "Pretrained": "LanguageModels Tokenization ModelHub Checkpoints Tensors JSON Diagnostics",
    "TextGeneration": "LanguageModels Tokenization Tensors JSON Diagnostics",
    "TextEmbedding": "TextGeneration Pretrained LanguageModels Tokenization Checkpoints Tensors JSON Diagnostics",
    "Training": "Interventions Pretrained LanguageModels Layers Tensors Checkpoints Recipes Tasks Tokenization JSON "
                "Diagnostics",
    "Fitting": "Interventions Pretrained LanguageModels Tensors Tasks Tokenization JSON Diagnostics",
    "Evaluation": "TextGeneration Interventions Pretrained LanguageModels Tensors Checkpoints Tasks Tokenization Charts "
                  "JSON Diagnostics",
    "reft": "Conversion Evaluation Fitting Training TextEmbedding TextGeneration Interventions Pretrained LanguageModels Layers Tensors Checkpoints "
            "Tokenization ModelHub Recipes Tasks Charts CProcessStart JSON Diagnostics",
    "reft-bench": "Training TextGeneration Interventions Pretrained LanguageModels Tensors Tokenization Tasks Charts CProcessStart "
                  "JSON Diagnostics",
}

# Each door to the outside has one room; how a process starts is chosen by the programs.
DOORS = {"CTorchShim": {"Tensors"}, "CProcessStart": {"reft", "reft-bench"}, "CTransfer": {"ModelHub"},
         "ArgumentParser": {"reft"}, "Yams": {"Recipes"}}

# Only for tests; may import any room.
SUPPORT = {"_TestSupport", "_HubTestSupport"}

FORBIDDEN_NAMES = re.compile(r"^(Common|Core|Utils?|Helpers?|Managers?)$")
IMPORT = re.compile(r"^\s*(?:@\w+\s+)*(?:public |package |internal |fileprivate |private )?import (?:\w+ )?(\w+)", re.M)


def manifest_edges():
    dumped = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    for target in json.loads(dumped)["targets"]:
        if target["type"] == "test" or target["name"] in SUPPORT:
            continue
        yield target["name"], None, "Package.swift"
        for dependency in target["dependencies"]:
            yield target["name"], next(iter(dependency.values()))[0], "Package.swift"


def source_edges():
    for file in sorted((ROOT / "Sources").rglob("*.swift")):
        path = file.relative_to(ROOT)
        if path.parts[1] not in SUPPORT:
            for imported in IMPORT.findall(file.read_text()):
                yield path.parts[1], imported, path


def faults():
    order = list(PLAN)
    for room, names in PLAN.items():
        for name in names.split():
            if order.index(name) >= order.index(room):
                yield f"the plan itself: {room} -> {name} does not point down"
    for room, imported, place in [*manifest_edges(), *source_edges()]:
        if room not in PLAN:
            why = " (a name that says nothing)" if FORBIDDEN_NAMES.match(room) else ""
            yield f"{place}: the plan has no room {room}{why}; add it to PLAN in scripts/check/dag.py and to ARCHITECTURE.md"
        elif imported in DOORS and room not in DOORS[imported]:
            yield f"{place}: {room} imports {imported}; only {' and '.join(sorted(DOORS[imported]))} may"
        elif imported in PLAN and imported != room and imported not in PLAN[room].split():
            yield f"{place}: {room} -> {imported} is not in the plan; {room} may import: {PLAN[room] or 'nothing'}"


def main():
    found = sorted(set(faults()))
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(f"{len(found)} fault(s) in the plan of rooms" if found else 0)


if __name__ == "__main__":
    main()
