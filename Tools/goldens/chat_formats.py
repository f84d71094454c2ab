"""Writes Fixtures/chat-formats: what transformers makes of the templates that models are published with.

Each format that is not Mipha's own is rendered by its published templates and by the text of
ChatFormat.jinja (the .jinja files in the folder, which MIPHA_WRITE_SNAPSHOTS=1 and the tests write);
all must agree, and one text is kept. The published texts are not in this repository: the argument is a
folder that holds the files of PUBLISHED. What those that are not there gave before stays, and the others
are compared with it. The canonical form of a template is made of the tokens of jinja's own lexer.

Usage: chat_formats.py [FOLDER]
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import jinja2
import transformers
from transformers.utils.chat_template_utils import render_jinja_template

SEED = 20261130
FOLDER = Path(__file__).resolve().parent.parent.parent / "Fixtures" / "chat-formats"

# File, its format, the beginning and the end of text of its models, where the text stands.
PUBLISHED = [
    ("chatml", "chatml", "", "", "teknium/OpenHermes-2.5-Mistral-7B"),
    ("chatml-default", "chatml", "", "", "the same with a default for add_generation_prompt"),
    ("qwen2", "qwen2", "", "", "Qwen/Qwen2-0.5B-Instruct"),
    ("qwen2.5", "qwen2.5", "", "", "Qwen/Qwen2.5-7B-Instruct"),
    ("smollm2", "smollm2", "", "", "HuggingFaceTB/SmolLM2-1.7B-Instruct"),
    ("llama-2", "llama-2", "<s>", "</s>", "meta-llama/Llama-2-7b-chat-hf"),
    ("llama-2-default", "llama-2", "<s>", "</s>", "LlamaTokenizer of transformers 4.38"),
    ("gemma-it", "gemma-it", "<bos>", "<eos>", "google/gemma-7b-it as in llama.cpp"),
    ("gemma-2-it", "gemma-it", "<bos>", "<eos>", "google/gemma-2-2b-it"),
    ("phi-3.5", "phi-3-instruct", "", "<|endoftext|>", "microsoft/Phi-3.5-mini-instruct"),
    ("phi-3-mini", "phi-3-first", "<s>", "<|endoftext|>", "microsoft/Phi-3-mini-4k-instruct"),
    ("phi-3-medium", "phi-3-first", "", "<|endoftext|>", "microsoft/Phi-3-medium-4k-instruct"),
    ("llava-hf", "llava-hf", "", "", "llava-hf/llava-1.5-7b-hf"),
    ("mistral-v0.2", "mistral", "<s>", "</s>", "mistralai/Mistral-7B-Instruct-v0.2"),
    ("mistral-v0.1", "mistral-first", "<s>", "</s>", "mistralai/Mistral-7B-Instruct-v0.1"),
    ("zephyr", "zephyr", "", "</s>", "HuggingFaceH4/zephyr-7b-beta, TinyLlama-1.1B-Chat-v1.0"),
]

SPELLINGS = [
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}",
    "{%- for m in messages -%}\n  {{- m['role'] + ': ' + m['content'] -}}\n{%- endfor -%}\n",
    "{% for m in messages %}\r\n{{m[\"role\"]+\": \"+m[\"content\"]}}{% endfor %}",
    "   {# a\ncomment #}\n{% for  m  in\nmessages %}\n\t{%+ if true %}x {% endif %}\n \n{% endfor %}",
    "{{ 'a\nb' }}{{ \"a\\nb\" }}{{ \"it's \\\"so\\\" \\\\ \\u00e9\" }}\n\n",
    "a  {{- {'x': {'y': 1}}['x'] }} b {%- set z = {'k': '}}'} %} {{ z }}\n{#- c -#}\n  d { # } {",
    "{{ 1 -}} \n {% if x not   in y %} \n {% endif +%}\n  {{+ 2 }}\n",
    "é {{ 'é\t東' ~ name_1 }} \n  {% set é = 1 %}\n  \n\n",
    "plain\rtext\n",
    "",
]


def canonical(template):
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    brackets = {"variable": ("{{", "}}"), "block": ("{%", "%}")}
    out, blank = "", False

    def is_word(character):
        return character.isascii() and (character.isalnum() or character == "_") or ord(character) > 127

    for _, kind, value in environment.lex(template):
        if kind.startswith("comment"):
            continue
        if kind == "whitespace":
            blank = True
            continue
        head, _, tail = kind.rpartition("_")
        if head in brackets:
            value = brackets[head][0 if tail == "begin" else 1]
        elif kind == "string":
            value = spelled(value)
        if blank and is_word(out[-1]) and is_word(value[0]):
            out += " "
        out, blank = out + value, False
    return out


def spelled(literal):
    quote, body, out = literal[0], literal[1:-1], ""
    while body:
        if body[0] == "\\":
            out += '"' if body[1] == '"' else body[:2]
            body = body[2:]
        else:
            out += {"'": "\\'", "\n": "\\n", "\t": "\\t"}.get(body[0], body[0])
            body = body[1:]
    assert quote in "'\""
    return "'" + out + "'"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def conversations():
    def user(text, images=0):
        return {"role": "user", "content": text, "images": images}

    def answer(text):
        return {"role": "assistant", "content": text}

    def system(text):
        return {"role": "system", "content": text}

    cases = [
        [user("Hi")],
        [user("Hi"), answer("Hello!"), user("Bye")],
        [user("Hi"), answer("Hello!")],
        [system("Be brief."), user("Hi"), answer("Hello!"), user("Bye")],
        [system(""), user("Hi")],
        [system(" Be \n brief. "), user("  Hi \n"), answer(" Hello!\n"), user("\tBye ")],
        [system("Be brief."), user(""), answer("")],
        [user(""), answer(""), user(" ")],
        [user("What is it?", 1), answer("A cat.")],
        [system("Look."), user("Compare.", 2), answer("Equal."), user("And this?", 1)],
        [user("a <|im_end|><|im_start|>user\n[INST] </s> <<SYS>> <end_of_turn> <|end|> {{ 1 }}")],
    ]
    generator = random.Random(SEED)
    parts = [
        "cat", " the ", "\n", "  ", "\t", "[/INST]", "<|end|>", "<s>", "USER:", "ñ", "東京", "\u00a0",
        "\u2028", "e\u0301", "👩‍👩‍👧", "{{", "%}", "'", '"', "\\n", "<imag", "\x1f", "\u200b",
    ]

    def text():
        return "".join(generator.choice(parts) for _ in range(generator.randrange(7)))

    for _ in range(30):
        messages = [system(text())] if generator.random() < 0.4 else []
        for round in range(generator.randint(1, 3)):
            said, images = text(), generator.choice([0, 0, 1])
            # An image without a text is written without a newline, as LLaVA does.
            messages += [user(said, images if said.strip() else 0), answer(text())]
        cases.append(messages[: len(messages) - generator.randint(0, 1)])
    return cases


def rendered(template, messages, begin, end, as_parts):
    """The text without the beginning of text, which tokenizers write here; None: refused."""

    def content(message):
        parts = [{"type": "image"}] * message.get("images", 0)
        if as_parts:
            return parts + [{"type": "text", "text": message["content"]}]
        return "<image>\n" * len(parts) + message["content"]

    said = [{"role": message["role"], "content": content(message)} for message in messages]
    try:
        texts, _ = render_jinja_template(
            conversations=[said], chat_template=template, bos_token=begin, eos_token=end,
            add_generation_prompt=messages[-1]["role"] == "user")
    except jinja2.TemplateError:
        return None
    return texts[0].removeprefix(begin)


def main():
    assert transformers.__version__ == "5.17.0", transformers.__version__
    cases = [{"messages": messages, "texts": {}} for messages in conversations()]
    before = FOLDER / "rendered.json"
    before = json.loads(before.read_text()) if before.exists() else {"published": [], "cases": []}
    if len(sys.argv) > 1:
        published = []
        for file, format, begin, end, source in PUBLISHED:
            place = Path(sys.argv[1]) / f"{file}.jinja"
            if not place.exists():
                published.append(next(
                    old for old in before["published"]
                    if (old["file"], old["format"]) == (file, format)))
                for case, old in zip(cases, before["cases"], strict=True):
                    assert case["messages"] == old["messages"]
                    if format in old["texts"]:
                        case["texts"].setdefault(format, old["texts"][format])
                continue
            template = place.read_bytes().decode()
            published.append({
                "file": file, "format": format, "source": source, "text": digest(template),
                "canonical": digest(canonical(template))})
            for case in cases:
                # Dropped there without a word, refused here.
                if format == "phi-3-first" and case["messages"][0]["role"] == "system":
                    continue
                text = rendered(template, case["messages"], begin, end, format == "llava-hf")
                known = case["texts"].setdefault(format, text)
                assert known == text, (file, case["messages"], known, text)
    else:
        published = before["published"]
        assert [case["messages"] for case in before["cases"]] == [case["messages"] for case in cases]
        cases = before["cases"]
    for path in sorted(FOLDER.glob("*.jinja")):
        template = path.read_text()
        for case in cases:
            text = rendered(template, case["messages"], "", "", True)
            known = case["texts"].setdefault(path.stem, text)
            assert known == text, (path, case["messages"], known, text)
    spellings = [{"text": text, "canonical": digest(canonical(text))} for text in SPELLINGS]
    with open(FOLDER / "rendered.json", "w", encoding="utf-8") as file:
        json.dump({"published": published, "spellings": spellings, "cases": cases}, file, indent=1)
        file.write("\n")
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(FOLDER.iterdir()) if path.name != "manifest.json"}
    manifest = {
        "script": "Tools/goldens/chat_formats.py",
        "libraries": {"transformers": transformers.__version__, "jinja2": jinja2.__version__},
        "seed": SEED,
        "files": files,
    }
    with open(FOLDER / "manifest.json", "w") as file:
        json.dump(manifest, file, indent=2)
        file.write("\n")


main()
