"""The sentence encoder all-MiniLM-L6-v2 against transformers: embeddings of some sentences (README: golden.py).

    venv/bin/pip install torch==2.11.0 transformers==4.57.3 safetensors numpy
    venv/bin/python scripts/goldens/sentence_embeddings.py "$(scripts/setup/model.sh minilm)"

An embedding is the mean over the hidden states of all tokens, divided by its length, as the model's modules.json says and
sentence-transformers computes it.
"""

import copy
import sys

import torch
import transformers

import golden

SENTENCES = [
    "A man is playing a large flute.", "A man is playing a flute.", "An air plane is taking off.", "Hello!", "",
    "The quick brown fox jumps over the lazy dog, again and again, until the sun has set behind the hills of the north.",
    "Ärger über Straßenlärm", "東京は日本の首都です。", "naïve café déjà vu", "def add(a, b):\n    return a + b",
    "unaffable internationalisation", "12,345.67 dollars & 3/4 of a cup", "ﬁ ligature and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "a\u0000b\ufffdc\u200bd",
    "WHAT IS THIS?", "[MASK] is a special token, [SEP] too",
]


def case(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    single = transformers.AutoModel.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    double = copy.deepcopy(single).double()

    def run(dtype):
        model = single if dtype is golden.FLOAT32 else double
        found = {}
        for index, sentence in enumerate(SENTENCES):
            ids = torch.tensor([tokenizer(sentence)["input_ids"]])
            with torch.no_grad():
                mean = model(ids).last_hidden_state[0].mean(0)
            found[f"ids.{index}"] = ids[0]
            found[f"embedding.{index}"] = mean / mean.norm()
        return found

    return run


golden.write("minilm_embeddings", case(sys.argv[1]),
             facts={"script": "scripts/goldens/sentence_embeddings.py", "sentences": SENTENCES},
             float64=golden.float64_everywhere)
