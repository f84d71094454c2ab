"""Seeded text noise, module stand-ins and file writing for the oracle scripts.

The scorers themselves are loaded from paths given on the command line; none of their code is here.
"""

import hashlib
import importlib.util
import json
import pathlib
import sys
import types

BLANKS = [" ", "  ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\x1c", "\u0085", "\u2028", "\u200b"]
ODD = ["\u0130stanbul", "Stra\u00dfe", "\u1e9e", "\ufb01nish", "\u039f\u0394\u039f\u03a3",
       "caf\u00e9", "cafe\u0301", "\u01c5", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "na\u00efve",
       "\u0662\u0663", "\uff15", "\u4e2d\u6587", "\u0149", "\U0001d54f", "r\u00e9sum\u00e9"]
WORDS = ("red blue green total amount 1998 company united states invoice date page memo Mr. Smith's "
         "no. 42 3.50 $1,000 12% p.m. research & development tobacco university of north carolina "
         "yes no none left right January 31st a the an").split()


def words(random, low, high):
    return " ".join(random.choice(WORDS + ODD if random.random() < 0.2 else WORDS)
                    for _ in range(random.randint(low, high)))


def recase(random, text):
    return random.choice([text.upper(), text.lower(), text.title(), text.swapcase(), text])


def edited(random, text, edits):
    letters = list(text)
    for _ in range(edits):
        place = random.randint(0, len(letters))
        kind = random.randint(0, 2)
        letter = random.choice("abcxyzQZ 0159.,%\u00e9\u00df\u0130")
        if kind == 0 or place == len(letters):
            letters.insert(place, letter)
        elif kind == 1:
            letters[place] = letter
        else:
            del letters[place]
    return "".join(letters)


def padded(random, text):
    return random.choice(BLANKS + [""]) + text + random.choice(BLANKS + [""])


def load(path, **standins):
    """Imports a scorer by its path; modules it needs for other things are empty stand-ins."""
    for name, members in standins.items():
        stand_in(name.replace("__", "."), **members)
    spec = importlib.util.spec_from_file_location("scorer_" + pathlib.Path(path).stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stand_in(name, **members):
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:count]), types.ModuleType(".".join(parts[:count])))
    for key, value in members.items():
        setattr(sys.modules[name], key, value)


class Output:
    """Writes fixtures and their manifest."""

    def __init__(self, folder, name, script, references, seed, versions):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.script = script
        self.references = references
        self.seed = seed
        self.versions = versions
        self.files = []
        (self.folder / name).mkdir(parents=True, exist_ok=True)

    def text(self, name, text):
        data = text.encode("utf-8")
        assert len(data) <= 200_000, (name, len(data))
        path = f"{self.name}/{name}"
        (self.folder / path).write_bytes(data)
        self.files.append({"file": path, "sha256": hashlib.sha256(data).hexdigest(), "script": self.script,
                           "reference": ", ".join(self.references), "seed": self.seed, "versions": self.versions})

    def json(self, name, value):
        self.text(name, json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")

    def lines(self, name, values):
        self.text(name, "".join(
            json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n" for value in values))

    def close(self):
        text = json.dumps({"files": self.files}, indent=2) + "\n"
        (self.folder / f"{self.name}.manifest.json").write_text(text)


def versions(*modules):
    found = {"python": sys.version.split()[0]}
    for module in modules:
        found[module.__name__] = module.__version__
    return found
