"""Writes the goldens of chat templates: conversations rendered by transformers' `apply_chat_template`.

    pip install transformers==4.57.3 tokenizers==0.22.1 jinja2==3.1.6
    pip download --no-deps trl==1.16.0
    pip download --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36
    python scripts/goldens/chat_templates.py Tests/TokenizationTests/Fixtures trl-*.whl llama_cpp_python-*.tar.gz

The templates are those that models publish, as TRL (Apache-2.0) and llama.cpp (MIT) distribute them. With `--all` in place of
some of them, all templates of both packages are rendered, which is too much to keep.
"""

import ast
import datetime
import json
import pathlib
import re
import sys
import tarfile
import zipfile

from chat_template_cases import EXPRESSIONS, EXPRESSION_VARIABLES, LAYOUTS
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

# Templates as models publish them: the name of the model, and the file of TRL, the file of llama.cpp, or the name in its tests.
PUBLISHED = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": "here",
    "HuggingFaceH4/zephyr-7b-beta, TinyLlama-1.1B-Chat": "here",
    "HuggingFaceTB/SmolLM3-3B": "HuggingFaceTB-SmolLM3-3B.jinja",
    "Qwen/Qwen2.5-7B-Instruct": "trl/qwen2_5.jinja",
    "Qwen/Qwen3-0.6B": "trl/qwen3.jinja",
    "Qwen/Qwen3-Coder-30B-A3B-Instruct": "Qwen3-Coder.jinja",
    "meta-llama/Llama-2, as FusionNet": "TheBloke/FusionNet_34Bx2_MoE-AWQ",
    "meta-llama/Meta-Llama-3-8B-Instruct": "trl/llama3.jinja",
    "meta-llama/Llama-3.1-8B-Instruct": "trl/llama3_1.jinja",
    "meta-llama/Llama-3.2-1B-Instruct": "trl/llama3_2.jinja",
    "meta-llama/Meta-Llama-3-8B-Instruct, with generation blocks": "trl/llama3_training.jinja",
    "mistralai/Mistral-7B-Instruct-v0.1": "mistralai/Mistral-7B-Instruct-v0.2 (NOTE: Old pre-v1 without a system prompt)",
    "mistralai/Mistral-7B-Instruct-v0.2, v1": "mistralai/Mistral-7B-Instruct-v0.2 (mistralai 'v1' template with a system prompt)",
    "mistralai/Mistral-Nemo-Instruct-2407": "mistralai-Mistral-Nemo-Instruct-2407.jinja",
    "microsoft/Phi-3-mini-4k-instruct": "trl/phi3.jinja",
    "microsoft/Phi-3.5-mini-instruct": "trl/phi3_5.jinja",
    "microsoft/phi-4": "phi-4",
    "google/gemma-2-2b-it": "trl/gemma.jinja",
    "google/gemma-3-4b-it": "trl/gemma3.jinja",
    "deepseek-ai/DeepSeek-V2": "DeepSeek-V2",
    "deepseek-ai/DeepSeek-V3": "trl/deepseekv3.jinja",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": "trl/deepseek_r1_distill.jinja",
    "ibm-granite/granite-3.3-2b-instruct": "ibm-granite-granite-3.3-2B-Instruct.jinja",
    "openchat/openchat-3.5-0106": "openchat/openchat-3.5-0106",
    "NousResearch/Hermes-3-Llama-3.1-8B, tool_use": "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja",
    "zai-org/GLM-4.5": "trl/glm4moe.jinja",
}

HERE = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI "
        "assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
        "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "HuggingFaceH4/zephyr-7b-beta, TinyLlama-1.1B-Chat": (
        "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
        "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
    ),
}


def stored_templates(wheel, sdist):
    """All templates of the two packages by the names that PUBLISHED uses."""
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".jinja"):
                found["trl/" + pathlib.PurePosixPath(name).name] = archive.read(name).decode()
    with tarfile.open(sdist) as archive:
        for member in archive:
            path = pathlib.PurePosixPath(member.name)
            if path.suffix == ".jinja" and path.parent.name == "templates":
                found[path.name] = archive.extractfile(member).read().decode()
            elif path.name == "test-chat-template.cpp":
                cpp = archive.extractfile(member).read().decode()
    for name, text in re.findall(r'/\* \.name= \*/ "(.*)",\s*(?://.*\s*)*/\* \.template_str= \*/ ("(?:[^"\\]|\\.)*")', cpp):
        found[name] = ast.literal_eval(text)
    return found


CALL = {"type": "function", "id": "abcdef123", "function": {"name": "weather", "arguments": {"city": "Köln", "days": 2, "wind": True}}}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where <it> is"}, "days": {"type": "integer", "enum": [1, 2]}},
    "required": ["city"],
}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Tells \"the\" weather.", "parameters": SCHEMA}}]


def turns(*contents, first="user"):
    roles = ["user", "assistant"] if first == "user" else ["assistant", "user"]
    return [{"role": roles[i % 2], "content": content} for i, content in enumerate(contents)]


def system(content, *contents):
    return [{"role": "system", "content": content}, *turns(*contents)]


CONVERSATIONS = {
    "user": turns("Hello!"),
    "system": system("  Be brief.  ", " Who wrote \"Faust\"? <b>&amp;</b> "),
    "turns": turns("Hi\nthere", "Hello, what can I do?", "  Sing 'é👍' \t\u00a0 "),
    "empty": system("", "a", "b\u2028", "", "{{ messages }} {% if %}\n"),
    "system alone": [{"role": "system", "content": "S"}],
    "wrong order": turns("first", "second", first="assistant"),
    "same twice": [*turns("x"), *turns("y")],
    "other role": [{"role": "critic", "content": "x"}],
    "call": [*turns("Rain?"), {"role": "assistant", "content": "", "tool_calls": [CALL]}],
    "result": [
        *system("S", "Rain?"),
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "name": "weather", "tool_call_id": "abcdef123", "content": "{\"rain\": true}"},
        {"role": "assistant", "content": "It rains."},
        *turns("And wind?"),
    ],
    "thoughts": turns("2+2?", "<think>\nTwo and two.\n</think>\n\n4", "Sure?"),
    "reasoning": [*turns("2+2?"), {"role": "assistant", "reasoning_content": "\nTwo and two.\n", "content": "4"}],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "One. "}, {"type": "text", "text": "Two."}]}],
}

# What is rendered for each template: a conversation and the arguments of apply_chat_template.
RUNS = [
    {"conversation": "user"},
    {"conversation": "user", "prompt": True},
    {"conversation": "system", "prompt": True},
    {"conversation": "turns"},
    {"conversation": "turns", "prompt": True},
    {"conversation": "empty"},
    {"conversation": "empty", "continue": True},
    {"conversation": "parts", "continue": True},
    {"conversation": "system alone"},
    {"conversation": "wrong order"},
    {"conversation": "same twice", "prompt": True},
    {"conversation": "other role"},
    {"conversation": "call"},
    {"conversation": "result", "prompt": True, "tools": TOOLS},
    {"conversation": "user", "prompt": True, "tools": TOOLS},
    {"conversation": "thoughts", "prompt": True},
    {"conversation": "thoughts", "prompt": True, "extra": {"enable_thinking": False}},
    {"conversation": "reasoning"},
    {"conversation": "parts", "prompt": True},
]

DATE = datetime.datetime(2024, 7, 4, 15, 6, 7)


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return DATE


TOKENIZER = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")


def rendered(template, messages, prompt=False, tools=None, extra={}, continued=False):
    """The text, or the kind and message of the error."""
    try:
        if not messages:  # apply_chat_template looks into the first one
            variables = TOKENIZER.special_tokens_map | extra
            return chat_template_utils.render_jinja_template([messages], chat_template=template, **variables)[0][0]
        return TOKENIZER.apply_chat_template(
            messages, chat_template=template, tokenize=False, add_generation_prompt=prompt, tools=tools,
            continue_final_message=continued, **extra
        )
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    chat_template_utils.datetime = FixedDate
    out = pathlib.Path(sys.argv[1])
    stored = stored_templates(sys.argv[2], sys.argv[3])
    chosen = {name: HERE[name] if where == "here" else stored[where] for name, where in PUBLISHED.items()}
    if "--all" in sys.argv:
        chosen = stored
    templates = []
    for name, template in chosen.items():
        results = []
        for run in RUNS:
            arguments = {key: value for key, value in run.items() if key not in ("conversation", "continue")}
            arguments["continued"] = run.get("continue", False)
            results.append(rendered(template, CONVERSATIONS[run["conversation"]], **arguments))
        templates.append({"name": name, "template": template, "results": results})
    root = {"date": DATE.strftime("%Y-%m-%d %H:%M:%S"), "bos": "<s>", "eos": "</s>"}
    write(out / "chat_templates.json", root | {"conversations": CONVERSATIONS, "runs": RUNS, "templates": templates})

    cases = []
    for source in [*EXPRESSIONS, *LAYOUTS]:
        cases.append({"source": source, "result": rendered(source, [], extra=EXPRESSION_VARIABLES)})
    write(out / "chat_template_language.json", root | {"variables": EXPRESSION_VARIABLES, "cases": cases})
