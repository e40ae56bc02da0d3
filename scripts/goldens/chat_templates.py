"""Writes the goldens of chat templates: conversations rendered by transformers' `apply_chat_template`.

    pip install transformers==4.45.1 tokenizers==0.20.3 jinja2==3.1.6
    python scripts/goldens/chat_templates.py Tests/TokenizationTests/Fixtures/chat_templates.json
"""

import json
import pathlib
import sys

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

# The template of SmolLM2-135M-Instruct (Apache-2.0), as its GGUF carries it.
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI "
    "assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

# Written for this test: what templates in the wild do, each in its own way.
TEMPLATES = {
    "smollm2": SMOLLM2,
    "chatml": "{% for m in messages %}{{'<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "brackets": """{% if messages[0]['role'] == 'system' %}
    {% set system_message = messages[0]['content'] | trim %}
    {% set rest = messages[1:] %}
{% else %}
    {% set system_message = none %}
    {% set rest = messages %}
{% endif %}
{{ bos_token }}
{%- for message in rest %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {%- if loop.first and system_message is not none %}
            {{- ' [INST] <<SYS>>\\n' ~ system_message ~ '\\n<</SYS>>\\n\\n' ~ message['content'].strip() + ' [/INST]' }}
        {%- else %}
            {{- ' [INST] ' + message['content'] | trim + ' [/INST]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {{- ' ' + message['content'] + eos_token }}
    {%- endif %}
{%- endfor %}
""",
    "headers": """{%- set ns = namespace(count=0, seen_user=false) %}
{%- for message in messages if message.role != 'tool' %}
  {%- if loop.first and bos_token is defined %}{{ bos_token }}{% endif %}
  {%- if message['role'] == 'user' %}{% set ns.count = ns.count + 1 %}{% set ns.seen_user = true %}{% endif %}
<|start|>{{ message['role'] | upper }}<|end|>

{{ message['content'] | trim }}<|eot|>
  {%- if not loop.last %}{{ '\\n' }}{% endif %}
{%- else %}
nobody spoke
{%- endfor %}
{%- if add_generation_prompt and ns.seen_user %}
<|start|>ASSISTANT<|end|>

{% endif %}
{#- {{ ns.count }} turns of the user -#}
""",
    "lines": """{# The layout of the file must not show. #}
{% for message in messages %}
    {% if message['role'] not in ['user', 'assistant', 'system'] %}
        {{ raise_exception('Unknown role ' ~ message['role'] | tojson) }}
    {% endif %}
    {% if loop.index0 > 0 and messages[loop.index0 - 1]['role'] == message['role'] %}
        (again)
    {% elif message.content | length > 20 %}
{{ loop.index }}/{{ loop.length }} {{ message['role'][0] | upper }}{{ message['role'][1:] | lower }}: {{ message['content'][:20] }}...
    {% else %}
{{ loop.index }}/{{ loop.length }} {{ message['role'] | capitalize if false else message.role }}: {{ message['content'] | tojson }}
    {% endif %}
  {% endfor %}
{% if tools is not none %}tools{% endif %}
{% if missing is defined %}{{ missing }}{% else %}{{ missing | default('nothing missing', true) }}{% endif +%}

{{ 'end' if not add_generation_prompt else 'go on' }}
""".replace("{{ message['role'] | capitalize if false else message.role }}", "{{ message['role'] if loop.first else message.role }}"),
    "corners": """{{- 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 1 + 2 * 3 - 4 }} {{ '%' ~ 5 ~ none ~ true }}
{{ 'abc'[-1] }}{{ 'abcdef'[::-1] }}{{ 'abcdef'[1:5:2] }}{{ 'abcdef'[-2:] }}{{ [1, 2, 3][1] }} {{ [3, 4] | tojson }} {{ {'a': [1, none], "b": "é\\"\\u00e9\\n"} | tojson }}
{{ 1 < 2 <= 2 }} {{ 'a' in 'cat' }} {{ 'x' not in ['y'] }} {{ 'k' in {'k': 1} }} {{ not true or false and true }} {{ '' or 'other' }} {{ 'one' and 'two' }}
{{ nothing is defined }} {{ nothing is undefined }} {{ none is none }} {{ 1 is number }} {{ 'a' is string }} {{ [] is mapping }} {{ messages is sequence }} {{ true is true }}
{% for key, value in {'x': 1, 'y': 'z'}.items() %}{{ key }}={{ value }}{{ ', ' if not loop.last }}{% endfor %}

{% for i in range(3) %}{{ i }}{% if i == 1 %} {% set inner = 'lost' %}{% endif %}{% endfor %}[{{ inner }}]
{% for i in [] %}never{% else %}empty{% endfor %}

  {%+ if true %}kept indent{% endif %}

  {% if true %}stripped indent{% endif +%}
after
{{- '   left' }}   {{ 'right' -}}
   joined {{ "it's" ~ 'a "quote"' }} {{ 'x' 'y' }} {{ ' pad ' | trim }}{{ 'a,b,c'.split(',') | join('-') }} {{ 'aXbX'.replace('X', '.') }}
{{ 'Hello'.startswith('He') }} {{ 'Hello'.endswith('lo') }} {{ 'xxaxx'.strip('x') }} {{ '  a '.lstrip() }}| {{ [1,2,3] | length }} {{ 'é👍' | length }} {{ 1.5 + 1 }} {{ 2.0 }} {{ (1 + 2) * 3 }}
{{ nothing }}{{ nothing | default('d') }} {{ '' | default('e', true) }} {{ [1, 2] | first }} {{ 'xyz' | last }} {{ loop is defined }} {{ {'a': 1}.get('b', 5) }} {{ [1] + [2] == [1, 2] }}
{{- '\\n' if add_generation_prompt -}}
{% raise_on_purpose %}
""".replace("{% raise_on_purpose %}\n", "tail   \n"),
}

CONVERSATIONS = {
    "user": [{"role": "user", "content": "Hello!"}],
    "system and user": [{"role": "system", "content": "  Be brief.  "}, {"role": "user", "content": " Who wrote \"Faust\"? <b>&amp;</b> "}],
    "three turns": [
        {"role": "user", "content": "Hi\nthere"},
        {"role": "assistant", "content": "Hello, what can I do for you today?"},
        {"role": "user", "content": "  Sing 'é👍' \t\u00a0 "},
    ],
    "system and four turns": [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b\u2028"},
        {"role": "user", "content": ""},
        {"role": "assistant", "content": "{{ messages }} {% if %}"},
    ],
    "wrong order": [{"role": "assistant", "content": "first"}, {"role": "assistant", "content": "second, and longer than twenty"}],
    "tool": [{"role": "user", "content": "x"}, {"role": "tool", "content": "y"}],
}


def rendered(template, messages, add_generation_prompt):
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
    try:
        return tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=add_generation_prompt)
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


if __name__ == "__main__":
    cases = []
    for name, template in TEMPLATES.items():
        results = []
        for conversation, messages in CONVERSATIONS.items():
            for prompt in (False, True):
                results.append({"conversation": conversation, "prompt": prompt, "text": rendered(template, messages, prompt)})
        cases.append({"name": name, "template": template, "results": results})
    out = {"conversations": CONVERSATIONS, "bos": "<s>", "eos": "</s>", "cases": cases}
    pathlib.Path(sys.argv[1]).write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
