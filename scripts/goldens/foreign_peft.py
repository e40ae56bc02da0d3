"""Adapters of peft as it saves them, and their logits (README: golden.py; peft==0.13.2).

The model is that of the golden `llama_gqa_tied`. What is saved is read by tests of Conversion, which compare whole logits.
"""

import shutil

import peft
import torch

import golden

OUT = golden.FOLDER / "foreign_peft"
TASK = "CAUSAL_LM"
CASES = {
    "lora": peft.LoraConfig(
        task_type=TASK, r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"],
        rank_pattern={"down_proj": 3, "layers.1.self_attn.q_proj": 2}, alpha_pattern={"layers.0.self_attn.v_proj": 9}),
    "rslora": peft.LoraConfig(
        task_type=TASK, r=4, lora_alpha=3, use_rslora=True, target_modules=["o_proj", "gate_proj"],
        layers_to_transform=[0, 2]),
    "dora": peft.LoraConfig(task_type=TASK, r=2, use_dora=True, target_modules=r".*\.(1|2)\.mlp\.(up|down)_proj"),
    "all_linear": peft.LoraConfig(task_type=TASK, r=1, target_modules="all-linear"),
    "ia3": peft.IA3Config(task_type=TASK),
    "prefix": peft.PrefixTuningConfig(task_type=TASK, num_virtual_tokens=3),
    "prefix_projected": peft.PrefixTuningConfig(
        task_type=TASK, num_virtual_tokens=3, prefix_projection=True, encoder_hidden_size=8),
    "prompt": peft.PromptTuningConfig(task_type=TASK, num_virtual_tokens=4),
}
PROMPTS, LENGTHS = [7, 5, 11], [12, 9, 17]


def model_of(name):
    torch.manual_seed(29)
    model = peft.get_peft_model(golden.load_model("llama_gqa_tied", torch.float32), CASES[name]).eval()
    source = torch.Generator().manual_seed(31)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.requires_grad:
                noise = torch.randn(weight.shape, generator=source)
                centre = weight if "magnitude" in key or "ia3" in key else 0
                weight.copy_(centre + 0.3 * noise)
    return model


def main():
    ids = golden.random_ids(43, LENGTHS)

    def case(dtype):
        found = {}
        with torch.no_grad():
            for name in CASES:
                model = model_of(name).to(dtype)
                for row, sequence in enumerate(ids):
                    logits = model(input_ids=sequence[None]).logits[0]
                    found[f"{name}.{row}"] = logits[-len(sequence):]
        return found

    shutil.rmtree(OUT, ignore_errors=True)
    for name in CASES:
        model = model_of(name)
        model.peft_config["default"].base_model_name_or_path = "tiny"
        model.save_pretrained(OUT / name)
        (OUT / name / "README.md").unlink(missing_ok=True)
    model = model_of("lora")
    model.peft_config["default"].base_model_name_or_path = "tiny"
    model.save_pretrained(OUT / "pickled", safe_serialization=False)
    (OUT / "pickled" / "README.md").unlink(missing_ok=True)
    golden.write("foreign_peft", case, {"prompts": PROMPTS}, {f"ids.{row}": value for row, value in enumerate(ids)},
                 together=lambda key: key.split(".")[0])


if __name__ == "__main__":
    main()
