"""What the oracle scripts for yes/no and lettered benchmarks share.

Official code is read from bare git repositories given on the command line and run in a temporary
folder; none of it is kept.
"""

import ast
import hashlib
import importlib.util
import json
import pathlib
import random
import subprocess
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "oracles"
LIMIT = 200_000


def show(repository, path, revision="HEAD"):
    return subprocess.run(["git", "--git-dir", repository, "show", f"{revision}:{path}"],
                          check=True, capture_output=True).stdout


def commit(repository, revision="HEAD"):
    return subprocess.run(["git", "--git-dir", repository, "rev-parse", revision], check=True,
                          capture_output=True, text=True).stdout.strip()


def module(source, folder, name):
    """Imports official code from bytes."""
    path = pathlib.Path(folder) / f"{name}.py"
    path.write_bytes(source)
    spec = importlib.util.spec_from_file_location(name, path)
    result = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(result)
    return result


def function(source, name, scope):
    """One function of a file whose imports are not wanted."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.decorator_list = []
            exec(compile(ast.Module([node], []), name, "exec"), scope)
            return scope[name]
    raise KeyError(name)


def stand_in(name, **members):
    """A module that official code imports but does not need."""
    result = types.ModuleType(name)
    result.__dict__.update(members)
    sys.modules[name] = result
    return result


def locals_at_return(call, names):
    """Runs `call` and collects the local variables of the functions `names` as they return."""
    found = []

    def trace(frame, event, _):
        if frame.f_code.co_name not in names:
            return None

        def inner(frame, event, _):
            if event == "return":
                found.append((frame.f_code.co_name, dict(frame.f_locals)))
            return inner
        return inner

    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(None)
    return found


def write(bench, files, references, seed):
    """Writes the fixtures of a benchmark and their manifest."""
    entries = []
    for name, value in files.items():
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n"
        assert len(text) <= LIMIT, (name, len(text))
        (ROOT / name).write_text(text)
        entries.append({"file": name, "sha256": hashlib.sha256(text.encode()).hexdigest(),
                        "script": f"Tools/oracles/{bench}.py", "reference": references,
                        "seed": seed})
        print(name, len(text))
    (ROOT / f"{bench}.manifest.json").write_text(json.dumps({"files": entries}, indent=1) + "\n")


YES_NO = [
    "yes", "no", "Yes", "No", "YES", "NO", "yes.", "no.", "Yes.", "No.", "Yes,", "No,", "yes!",
    "no!", "No?", "not", "Not", "NOT", "nope", "Nope.", "none", "None", "nothing", "knot", "snow",
    "piano", "eyes", " yes", "  yes", " no", "   no", "\tyes", "yes ", "no ", "y", "n", "Y", "N",
    "y.", "n.", ".n", "Y!", "", " ", ".", "..", "yes no", "no yes", "yes and no", "Yes or no",
    "yesno", "noyes", "It is not there", "It is not.", "There is no dog.", "There is a dog",
    "I see no, dog", "No, there is not", "no,", "n,o", "n,o,t", "ye,s", "y.e.s", "y.es", "n.o",
    "There isn't", "isn't", "can't say", "cannot", "I do not know", "Is. no", "Is no. yes",
    "The answer is yes", "The answer is: no", "answer: No", "**Yes**", "(yes)", "[no]", "yes/no",
    "yes / no", "yes-no", "no-", "-no", "no;", "\"no\"", "'no'", "no:", "yes:", "yes\nno", "no\n",
    "yes\n", "\nyes", "no\tdog", "yes\tdog", "no\u00a0dog", "\u00a0no", "yes\u00a0", "no\u200b",
    "\u200bno", "\uff2e\uff4f", "\uff39\uff45\uff53", "\u0130no", "\u0130\u0130no", "no\u0301",
    "\u00f1o", "\u4e0d", "\u662f", "oui", "non", "0", "1", "true", "false", "Yess", "Noo", "yes1",
    "no1", "1.5 no", "3.no", "no.3", "a.b no", "no..", "1,000 no", "no 1,000,000", "yes 1,2 no",
    "x" * 500 + " no", "no " * 40, "yes " * 40, "a. " * 40 + "no", "Maybe", "unknown", "NO!!", "nO",
    "yEs", "nOt", "not.", ".not", "\U0001f600 no", "\U0001f600no", "\u2028no", "no\u2028",
    "no\x1c", "\x1fyes", "x. " * 40 + "no.", "x. " * 31 + "no.", "x. " * 32 + "yes.",
]


def yes_no(generator, count, gold=None):
    """Adversarial answers, part of them right."""
    result = []
    for index in range(count):
        draw = generator.random()
        if gold is not None and draw < 0.35:
            word = gold[index]
            result.append(generator.choice(
                [word, word.capitalize(), word + ".", word.capitalize() + ", it is", word + " "]))
        elif draw < 0.75:
            result.append(YES_NO[index % len(YES_NO)])
        else:
            pieces = [generator.choice(["yes", "no", "not", "No", "the", "a", "dog", "is", "1,5",
                                        "Yes", "NO"]) for _ in range(generator.randint(1, 5))]
            text = pieces[0]
            for piece in pieces[1:]:
                text += generator.choice([" ", ", ", ".", ". ", "  ", "-", "/", " / ", "\u00a0",
                                          "! ", "?"]) + piece
            result.append(text)
    return result


LETTERS = [
    "{}", "{}.", "{})", "({})", "{}. ", "{}. foo", "{}.foo", " {}", "{} ", "  {}. foo", "\t{}.",
    "\n{}", "{}\n", "{},", "{}:", "{};", "{}!", "**{}**", "\"{}\"", "'{}'", "[{}]", "{}{}",
    "{} and {}", "The answer is {}.", "The answer is {}", "The answer is {}\n",
    "The answer is {}, because", "The answer is ({}).", "the answer is {}.", "The answer is {}. ",
    "The answer is {}. The answer is {}.", "The answer is {}The answer is {}.",
    "So The answer is {}.", "The answer is  {}.", "The answer is {}.\nBECAUSE", "Answer: {}",
    "Option {}", "{}\u00a0", "\u00a0{}.", "{}\u0000", "{}\u0301", "{}\u200b", "{}. {}. {}", "{}.",
    "{}.\n", "{}\u3002", "I think {}", "{} is right", "{}|", "{}~", "{}_", "-{}-", "{}\u2019",
    "", " ", "none", "Z", "z", "Z.", "E", "e.", "F. foo", "AB", "\u0410", "\uff21", "\uff21.",
    "\u00c4. foo", "\u0130.", "\u0130", "1", "1.", "\u2460", "The answer is a.", "The answer is ",
    "The answer is", "unknown", "x" * 400, "A" * 300, "B. " * 50, "\u212a", "\u212a.", ". ", ".{}",
    ". {}", "{}. Because of the second law", "The answer is {}\r\n", "\r{}", "{}\r",
]


def letters(generator, answers, counts):
    """Adversarial answers to questions with lettered options, part of them right."""
    result = []
    for index, (answer, count) in enumerate(zip(answers, counts)):
        form = LETTERS[index % len(LETTERS)] if generator.random() < 0.8 else "{}"
        draw = generator.random()
        letter = answer
        if draw > 0.55:
            letter = "ABCDEFGH"[generator.randrange(count if draw < 0.9 else 8)]
        if generator.random() < 0.12:
            letter = letter.lower()
        other = "ABCDE"[generator.randrange(5)]
        places = form.count("{}")
        result.append(form.format(*([letter] + [other] * (places - 1))) if places else form)
    return result


def seeded(seed):
    return random.Random(seed)
