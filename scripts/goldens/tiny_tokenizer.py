"""Writes the tokenizer that lets the tiny model of `llama.py` read text, and what Hugging Face `tokenizers` makes of some.

    pip install tokenizers==0.20.3
    python scripts/goldens/tiny_tokenizer.py Tests/CommandTests/Fixtures/tiny

Byte-level BPE with exactly the 97 ids of the model: <pad>, <s> and </s> with the ids of its config.json, one token for each
character that the tests write, and ten merges. `ids.json` holds lines {text, ids, plain}: with and without special tokens.
"""

import json
import pathlib
import string
import sys

from tokenizers import Tokenizer

SPECIALS = ["<pad>", "<s>", "</s>"]
SPACE, NEWLINE = "\u0120", "\u010a"  # how byte-level BPE writes them
CHARACTERS = SPACE + NEWLINE + string.digits + string.ascii_letters + ".,:;!?'\"()-_=+/*[]{}"
MERGES = [
    ("t", "h"), ("th", "e"), (SPACE, "the"), ("i", "n"), ("e", "r"), ("a", "n"), ("o", "n"), ("r", "e"), (SPACE, "a"), (SPACE, "s"),
]
TEXTS = [
    "", "the", "the son of Ann: ", " the thin man", "in one\nline", "Is 7*(2+3)=35?", "a  b", "<s>the</s>", "another theory",
    "{\"k\": [1, 2]}", "it's over; re-read it!",
]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '</s>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)


def tokenizer_json():
    vocab = {token: id for id, token in enumerate(SPECIALS + list(CHARACTERS) + ["".join(pair) for pair in MERGES])}
    assert len(vocab) == 97, len(vocab)
    special = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": vocab[token], "content": token} | special for token in SPECIALS],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [vocab["<s>"]], "tokens": ["<s>"]}},
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": [" ".join(pair) for pair in MERGES],
        },
    }


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)

    def write(name, value):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")

    write("tokenizer.json", tokenizer_json())
    write(
        "tokenizer_config.json",
        {
            "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "chat_template": CHAT_TEMPLATE,
            "clean_up_tokenization_spaces": False, "tokenizer_class": "PreTrainedTokenizerFast",
        },
    )
    reference = Tokenizer.from_file(str(folder / "tokenizer.json"))
    lines = [
        {"text": text, "ids": reference.encode(text).ids, "plain": reference.encode(text, add_special_tokens=False).ids}
        for text in TEXTS
    ]
    (folder / "ids.json").write_text("[\n" + ",\n".join(json.dumps(line) for line in lines) + "\n]\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
