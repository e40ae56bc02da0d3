"""LoRA and DoRA of peft on maps that hold queries, keys and values (or gate and up) at once, and their logits (README: golden.py).

The models are those of the goldens `gpt2`, `gpt_neox` and `phi3`.
"""

import shutil

import peft
import torch
import transformers

import golden

OUT = golden.FOLDER / "foreign_peft_fused"
CASES = {
    "fused_gpt2": dict(target_modules=["c_attn", "attn.c_proj"], fan_in_fan_out=True),
    "fused_gpt_neox": dict(target_modules=["query_key_value", "dense"]),
    "fused_phi3": dict(target_modules=["qkv_proj", "gate_up_proj"], use_dora=True),
}
PROMPTS, LENGTHS = [7, 5], [12, 9]


def model_of(name):
    torch.manual_seed(29)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        golden.FOLDER / name.removeprefix("fused_"), torch_dtype=torch.float32, attn_implementation="eager")
    model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=3, **CASES[name])).eval()
    source = torch.Generator().manual_seed(31)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.requires_grad:
                noise = 0.3 * torch.randn(weight.shape, generator=source)
                weight.copy_(weight + noise if "magnitude" in key else noise)
    return model


def main():
    ids = golden.random_ids(53, LENGTHS, 90)

    def case(dtype):
        with torch.no_grad():
            return {f"{name}.{row}": model_of(name).to(dtype)(input_ids=sequence[None]).logits[0]
                    for name in CASES for row, sequence in enumerate(ids)}

    shutil.rmtree(OUT, ignore_errors=True)
    for name in CASES:
        model = model_of(name)
        model.peft_config["default"].base_model_name_or_path = "tiny"
        model.save_pretrained(OUT / name)
        (OUT / name / "README.md").unlink(missing_ok=True)
    golden.write("foreign_peft_fused", case, {"prompts": PROMPTS}, {f"ids.{row}": value for row, value in enumerate(ids)},
                 together=lambda key: key.split(".")[0])


if __name__ == "__main__":
    main()
