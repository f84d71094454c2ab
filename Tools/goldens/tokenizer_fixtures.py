#!/usr/bin/env python3
"""Writes Fixtures/tokenizers: a small trained byte-level BPE, variants of it, and what Hugging Face makes of hard strings.

usage: tokenizer_fixtures.py [--phi FOLDER]

With `--phi` (a folder with the real Phi tables) the ids of the same strings under those tables are written as well.
Pinned: tokenizers 0.23.3. Seed 20.
"""

import argparse
import copy
import hashlib
import json
import os
import pathlib
import random
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "Fixtures/tokenizers"
sys.path.insert(0, str(ROOT / "Tools/compare"))
from tokenizer_ids import PIECES, RANGES, SPACES, byte_offsets  # noqa: E402

SEED = 20
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CORPUS = """
The picture shows a red bicycle that leans against a wall of grey stone. It's early, and the street isn't busy yet.
They've put two chairs in front of the shop; we'll see who sits there. I'm sure she'd know what they're for.
How many people are in the picture? There are three: a man, a woman and a child who holds a balloon.
What is written on the sign? It says "OPEN 24 HOURS" in white letters on a blue background.
def area(width, height):
    if width < 0 or height < 0:
        raise ValueError("negative size: {} x {}".format(width, height))
    return width * height  # 1024 x 768 = 786432
for (int i = 0; i < 10; ++i) { total += values[i] * 0.5; }
Das Fahrrad lehnt an der Mauer, und die Straße ist noch leer. La bicyclette est appuyée contre le mur déjà chaud.
Велосипед стоит у стены. 自行车靠在墙上，街上还没有人。 自転車が壁に立てかけてある。 😀 👍🏽 👨‍👩‍👧
"""


def small():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken("<|endoftext|>", normalized=False, special=True)],
    )
    tokenizer.train_from_iterator(CORPUS.strip("\n").split("\n"), trainer)
    tokenizer.add_special_tokens([AddedToken("<pad>", special=True, normalized=False)])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(8, 1, -1)])
    tokenizer.add_tokens([AddedToken("\t" * n, normalized=True) for n in range(4, 1, -1)])
    tokenizer.add_tokens([
        AddedToken("[X]", single_word=True, normalized=False),
        AddedToken("[X]y", single_word=False, normalized=False),
        AddedToken("<L>", lstrip=True, normalized=False),
        AddedToken("<R>", rstrip=True, normalized=False),
        AddedToken("<both>", lstrip=True, rstrip=True, normalized=True),
        AddedToken("Caf\u00e9\u0120", normalized=True),
    ])
    return tokenizer


def strings(count):
    source = random.Random(SEED)
    extra = ["", " ", "\n", "a", "[X]y", "[X] y", "a[X]", "\u00e9[X]", "_[X]_", "-[X]-", "[X][X]", "[X][X]y", "\u0301[X]", "[X]\u0301",
             "<L><L>", " <L> <L> ", "<R> <R>", "<R>  x", "<R>   <L>", "<both>  <both>", "Caf\u00e9\u0120", "Caf\u00e9", "  <R>\t\tx",
             "a" * 300, "ab" * 300, " " * 100 + "x", "\t" * 30, "\u4e00" * 90, "\u00a0\u00a0a", "\u3000\u3000", "\u200b\u200b",
             "don't DON'T we'll we'LL 'tis ''s 's", "I've 'v 've' 'l 'll", "1\u00bd\u2167\u0663x", "\u0e01\u0e33\u0e49", "\u00ad"]
    result = PIECES + extra + [line for line in CORPUS.split("\n") if line]
    kinds = list(RANGES.values())
    while len(result) < count:
        text = ""
        for _ in range(source.randint(1, 6)):
            choice = source.random()
            if choice < 0.35:
                ranges = source.choice(kinds)
                text += "".join(chr(source.randint(*source.choice(ranges))) for _ in range(source.randint(1, 10)))
            elif choice < 0.65:
                text += source.choice(PIECES)
            elif choice < 0.85:
                text += "".join(source.choice(SPACES) for _ in range(source.randint(1, 6)))
            else:
                text += source.choice(CORPUS.split())
        result.append("".join(c for c in text if not 0xD800 <= ord(c) < 0xE000))
    return result


def variants(state):
    """Name and changed tokenizer.json of every option that is supported."""
    def changed(**parts):
        new = copy.deepcopy(state)
        new.update(parts)
        return new

    byte_level = state["pre_tokenizer"]
    yield "prefix-space", changed(pre_tokenizer=byte_level | {"add_prefix_space": True})
    yield "no-regex", changed(pre_tokenizer=byte_level | {"use_regex": False})
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    yield "sequence", changed(
        pre_tokenizer={"type": "Sequence", "pretokenizers": [split, byte_level | {"use_regex": False}]},
        post_processor={"type": "TemplateProcessing",
                        "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                        "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}})
    whole = changed()
    whole["model"]["ignore_merges"] = True
    whole["model"]["merges"] = [m for i, m in enumerate(whole["model"]["merges"]) if i % 3]
    yield "ignore-merges", whole

    # Some bytes without a token: dropped, unknown, or spelled by fallback tokens.
    lost = [c for c in "zXqQ0,\u0120\u00c3\u0122\u0100" if c in state["model"]["vocab"]]
    poor = changed()
    vocabulary = {t: i for t, i in poor["model"]["vocab"].items() if not any(c in t for c in lost)}
    poor["model"]["vocab"] = vocabulary
    poor["model"]["merges"] = [m for m in poor["model"]["merges"] if not any(c in "".join(m) for c in lost)]
    poor["added_tokens"] = [t for t in poor["added_tokens"] if t["content"] == "<|endoftext|>"]
    renumbered = {t: n for n, t in enumerate(vocabulary)}
    poor["model"]["vocab"] = renumbered
    for token in poor["added_tokens"]:
        token["id"] = renumbered[token["content"]]
    yield "dropped-bytes", copy.deepcopy(poor)
    for fuse in (False, True):
        unknown = copy.deepcopy(poor)
        unknown["model"] |= {"unk_token": "<unk>", "fuse_unk": fuse}
        unknown["model"]["vocab"]["<unk>"] = len(renumbered)
        yield f"unknown{'-fused' if fuse else ''}", unknown
    fallback = copy.deepcopy(poor)
    fallback["model"]["byte_fallback"] = True
    for byte in range(256):
        fallback["model"]["vocab"][f"<0x{byte:02X}>"] = len(fallback["model"]["vocab"])
    yield "byte-fallback", fallback


def cases(tokenizer, texts, offsets):
    untrimmed = None
    if offsets:
        state = json.loads(tokenizer.to_str())
        state["post_processor"] = None
        state["pre_tokenizer"]["trim_offsets"] = False
        untrimmed = Tokenizer.from_str(json.dumps(state))
    result = []
    for text in texts:
        case = {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}
        if offsets:
            encoding = untrimmed.encode(text, add_special_tokens=False)
            case["ranges"] = [edge for pair in byte_offsets(text, encoding) for edge in pair]
        result.append(case)
    return result


def decodings(tokenizer, count):
    source = random.Random(SEED + 1)
    size = tokenizer.get_vocab_size()
    lists = [[source.randrange(size) for _ in range(source.randint(0, 12))] for _ in range(count)]
    # The first 256 tokens after <|endoftext|> are single bytes: mostly broken UTF-8.
    lists += [[source.randint(1, 256) for _ in range(source.randint(1, 9))] for _ in range(count)]
    high = [tokenizer.token_to_id(c) for c in "\u00c2\u00c3\u00e0\u00e1\u00ed\u00ee\u00ef\u00f0\u00f1\u00f3\u00f4\u0122\u0123\u0142\u0141\u00a6\u00bf"]
    high = [i for i in high if i is not None]
    lists += [[source.choice(high) for _ in range(source.randint(1, 8))] for _ in range(count)]
    lists.append([5, size + 10, 6])
    return [
        {"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=False), "skipped": tokenizer.decode(ids)}
        for ids in lists
    ]


def write(name, value, indent=None):
    path = OUTPUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    separators = (",", ": ") if indent else (",", ":")
    path.write_text(json.dumps(value, ensure_ascii=name.endswith("ids.json"), indent=indent, separators=separators) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phi", type=pathlib.Path)
    arguments = parser.parse_args()
    tokenizer = small()
    state = json.loads(tokenizer.to_str())
    texts = strings(420)
    write("small/tokenizer.json", state)
    write("small/vocab.json", state["model"]["vocab"])
    merges = "".join(f"{a} {b}\n" for a, b in state["model"]["merges"])
    (OUTPUT / "small/merges.txt").write_text("#version: 0.2\n" + merges)
    added = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in state["added_tokens"]}
    role = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<pad>", "unk_token": "<|endoftext|>"}
    write("small/tokenizer_config.json", {
        "add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added, **role,
        "clean_up_tokenization_spaces": False, "model_max_length": 2048, "tokenizer_class": "GPT2Tokenizer"}, indent=2)
    write("small/special_tokens_map.json", role, indent=2)
    write("small-ids.json", {"cases": cases(tokenizer, texts, True), "decodings": decodings(tokenizer, 120)})
    names = []
    for name, changed in variants(state):
        write(f"variants/{name}.json", changed)
        variant = Tokenizer.from_str(json.dumps(changed))
        write(f"variants/{name}.ids.json", {"cases": cases(variant, texts[::3], False), "decodings": decodings(variant, 10)})
        names.append(name)
    if arguments.phi:
        phi = Tokenizer.from_file(str(arguments.phi / "tokenizer.json"))
        write("phi-ids.json", {"cases": cases(phi, texts, True), "decodings": decodings(phi, 60)})
    files = {
        str(path.relative_to(OUTPUT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(OUTPUT.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
    write("manifest.json", {
        "script": "Tools/goldens/tokenizer_fixtures.py", "libraries": {"tokenizers": tokenizers.__version__},
        "seed": SEED, "files": files}, indent=2)
    print(len(state["model"]["vocab"]), "tokens,", len(texts), "strings,", ", ".join(names))


if __name__ == "__main__":
    main()
