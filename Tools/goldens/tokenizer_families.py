#!/usr/bin/env python3
"""Writes Fixtures/tokenizer-families: small trained tokenizers of every kind, with the ids, ranges and texts of the
reference libraries.

`NAME.json` is a tokenizer.json, `NAME.model` a SentencePiece model; `NAME.ids.json` holds cases and decodings as
Fixtures/tokenizers does. Pinned: tokenizers 0.23.3, sentencepiece 0.2.3. Seed 20.

usage: tokenizer_families.py
"""

import base64
import copy
import hashlib
import io
import json
import os
import pathlib
import random

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import sentencepiece
import tokenizers
import tokenizer_fixtures as small
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "Fixtures/tokenizer-families"
SEED = 20
MARK = "\u2581"
CATEGORIES = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
              r"\s*[\r\n]+|\s+(?!\S)|\s+")
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
HARD = [
    "e\u0301", "\u00e9", "\u1e9b\u0323", "a\u0323\u0307b", "\u03b0\u0390", "\u0958\u0915\u093c", "\uac00\u11a8\u1100\u1161\u11a8",
    "\ufb01\ufb02\u00bd\u2460\u3300\uff21\u1d400", "\u2126\u212b", "\u0344\u0345", "A\u030a\u0327", "I\u0130\u0131\u1e9e\u03a3\u03c2",
    "  two  blanks  ", "\u3000wide\u00a0hard\u200bzero", "don't DON'T we'\u017fe 'S", "1234 12a3\u0663\u096a\u00b2", "a\r\n\r\nb \n c\t\t d",
    "\u2581\u2581x \u2581y", "<s>one</s>two <s> three", "</s></s>", "x<unk>y", "<0x41><0x0A>", "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u4e00\u4e8c\u4e09", "\u05e9\u05c1\u05bc", "na\u0308i\u0308ve", "", " ", "\n", "\u0000\u0001\x7f", "[X] [X]y a[X]", "<user>  hi<user>x",
    "===---***___", "+1 (555) 010-9999", "\u0000", "\ufeffmark", "\u00adsoft\u00ad hyphen",
]


def texts():
    return HARD + [t for t in small.strings(200) if len(t) < 120][:90]


def pattern(text):
    return {"Regex": text}


def split(text, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern(text), "behavior": behavior, "invert": invert}


def byte_level(regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": regex}


def replace(old, new):
    return {"type": "Replace", "pattern": {"String": old}, "content": new}


def added(content, identifier, **flags):
    return {"id": identifier, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True} | flags


def rules(path):
    """Writes a small set of replacements: the full one takes more than a fixture may."""
    table = {"\t": " ", "\u3000": " ", "\u00a0": " ", "\r": " ", "\n": " ", "\u00ad": "", "\ufeff": "", "\u200b": "",
             "e\u0301": "\u00e9", "a\u0308": "\u00e4", "A\u030a": "\u00c5", "\u00bd": "1\u20442", "\u3300": "\u30a2\u30d1\u30fc\u30c8",
             "\ufb01": "fi", "\ufb02": "fl", "\u2460": "1", "\u2126": "\u03a9", "\uff21": "A", "\U0001d400": "A", "\u0130": "i\u0307"}
    table |= {chr(0xFF01 + n): chr(0x21 + n) for n in range(94)}
    path.write_text("".join(
        " ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n"
        for old, new in table.items()))


def sentencepiece_model(kind, **options):
    lines = [line for line in small.CORPUS.split("\n") if line.strip()]
    # Enough repetitions that the trainer finds its pieces.
    corpus = io.StringIO("\n".join(lines * 4))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus.getvalue().split("\n")), model_writer=model, model_type=kind,
        hard_vocab_limit=False, num_threads=1, minloglevel=2, **options)
    return model.getvalue()


def pieces(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.vocab_size())]


def merges(vocabulary):
    scores = dict(vocabulary)
    found = []
    for piece, score in vocabulary:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in scores and right in scores:
                found.append((score, len(left), len(right), left, right))
    return [[left, right] for *_, left, right in sorted(found, key=lambda f: f[:3], reverse=True)]


def json_of(model_part, normalizer, pre_tokenizer, decoder, tokens, post_processor=None):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer, "post_processor": post_processor, "decoder": decoder, "model": model_part}


def template(token, identifier):
    return {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {token: {"id": token, "ids": [identifier], "tokens": [token]}}}


def character_families(bpe):
    """Vocabularies of characters with byte fallback."""
    vocabulary = pieces(bpe)
    identifiers = {piece: n for n, (piece, _) in enumerate(vocabulary)}
    model = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
             "vocab": identifiers, "merges": merges(vocabulary)}
    tokens = [added(t, identifiers[t]) for t in ("<unk>", "<s>", "</s>")]
    size = len(vocabulary)
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    fallback = [replace(MARK, " "), {"type": "ByteFallback"}, {"type": "Fuse"}]
    sequence = {"type": "Sequence", "decoders": fallback + [strip]}
    legacy = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": MARK}, replace(" ", MARK)]}
    yield "llama", json_of(model, legacy, None, sequence, tokens + [
        added("<user>", size, rstrip=True), added("[X]", size + 1, single_word=True, special=False)], template("<s>", 1))
    yield "gemma", json_of(
        model, replace(" ", MARK), {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                                    "invert": False},
        {"type": "Sequence", "decoders": fallback}, tokens + [added("\n\n", size, special=False)])
    for scheme, cuts in (("first", False), ("always", True), ("never", True)):
        marks = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, "split": cuts}
        yield f"metaspace-{scheme}", json_of(model, None, marks, marks, tokens)
    poor = copy.deepcopy(model) | {"byte_fallback": False}
    yield "unknown", json_of(poor, legacy, None, sequence, tokens)
    lonely = copy.deepcopy(poor) | {"fuse_unk": False}
    yield "unknown-apart", json_of(lonely, legacy, None, sequence, tokens)


def byte_families(state):
    """Vocabularies of bytes with other steps before them."""
    model = state["model"]
    tokens = [t for t in state["added_tokens"] if t["special"] or "X" in t["content"]]
    # The reference gives ids anew where the numbers have a gap.
    size = len(model["vocab"])
    tokens = tokens[:1] + [t | {"id": size + n} for n, t in enumerate(tokens[1:])]
    decoder = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}

    def family(normalizer, pre_tokenizer, more=()):
        return json_of(model, normalizer, pre_tokenizer, decoder, tokens + list(more))

    def sequence(*parts):
        return {"type": "Sequence", "pretokenizers": list(parts)}

    qwen = sequence(split(CATEGORIES), byte_level(False))
    yield "qwen", family({"type": "NFC"}, qwen)
    yield "llama3", family(None, sequence(split(CATEGORIES.replace(r"\p{N}|", r"\p{N}{1,3}|")), byte_level(False)))
    yield "smol", family(None, sequence({"type": "Digits", "individual_digits": True}, byte_level(True)))
    yield "digits", family({"type": "NFKC"}, sequence({"type": "Digits", "individual_digits": False}, byte_level(True)))
    for form in ("NFD", "NFKD"):
        yield form.lower(), family({"type": form}, byte_level(True))
    yield "lowercase", family(
        {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": True, "strip_right": False}]},
        qwen, [added("Caf\u00c9", size + len(tokens) - 1, normalized=True, special=False)])
    clip = copy.deepcopy(model)
    alphabet = list(small.pre_tokenizers.ByteLevel.alphabet())
    clip["vocab"] = {t: n for n, t in enumerate(sorted(alphabet) + [c + "</w>" for c in sorted(alphabet)])}
    clip["merges"] = [["t", "h"], ["th", "e</w>"], ["i", "n</w>"], ["r", "e"], ["a", "n"], ["an", "d</w>"]]
    for left, right in clip["merges"]:
        clip["vocab"].setdefault(left + right, len(clip["vocab"]))
    clip |= {"end_of_word_suffix": "</w>"}
    spaces = {"type": "Replace", "pattern": pattern(r"\s+"), "content": " "}
    yield "clip", json_of(
        clip, {"type": "Sequence", "normalizers": [{"type": "NFC"}, spaces, {"type": "Lowercase"}]},
        sequence(split(CLIP, "Removed", True), byte_level(True)), {"type": "BPEDecoder", "suffix": "</w>"}, [])


def unigram_families(unigram):
    vocabulary = pieces(unigram)
    charsmap = character_map(unigram)
    model = {"type": "Unigram", "unk_id": 0, "vocab": [[p, s] for p, s in vocabulary], "byte_fallback": False}
    tokens = [added(p, n) for n, (p, _) in enumerate(vocabulary[:3])]
    blanks = {"type": "Replace", "pattern": pattern(" {2,}"), "content": " "}
    normalizer = {"type": "Sequence", "normalizers": [
        {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
        {"type": "Strip", "strip_left": False, "strip_right": True}, blanks]}
    marks = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}
    yield "unigram", json_of(model, normalizer, marks, marks, tokens)
    rich = copy.deepcopy(model) | {"byte_fallback": True}
    rich["vocab"] += [[f"<0x{b:02X}>", 0.0] for b in range(256)]
    whole = marks | {"split": False, "prepend_scheme": "first"}
    yield "unigram-bytes", json_of(rich, {"type": "NFKC"}, whole, {
        "type": "Sequence", "decoders": [replace(MARK, " "), {"type": "ByteFallback"}, {"type": "Fuse"}]}, tokens)


def character_map(model):
    """The precompiled_charsmap of a model: field 2 of field 3."""
    def fields(data):
        place = 0

        def number():
            nonlocal place
            value = shift = 0
            while True:
                byte = data[place]
                place += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while place < len(data):
            key = number()
            if key & 7 == 2:
                length = number()
                yield key >> 3, data[place:place + length]
                place += length
            elif key & 7 == 0:
                number()
            else:
                place += 8 if key & 7 == 1 else 4

    for number, content in fields(model):
        if number == 3:
            return next(c for n, c in fields(content) if n == 2)
    raise ValueError("no character map")


def json_cases(state, has_ranges=True):
    tokenizer = Tokenizer.from_str(json.dumps(state))
    untrimmed = copy.deepcopy(state) | {"post_processor": None}
    ranged = Tokenizer.from_str(json.dumps(untrimmed))
    result = []
    for text in texts():
        encoding = ranged.encode(text, add_special_tokens=False)
        case = {"text": text, "ids": encoding.ids}
        if has_ranges:
            case["ranges"] = [edge for pair in small.byte_offsets(text, encoding) for edge in pair]
        result.append(case)
    source = random.Random(SEED)
    size = tokenizer.get_vocab_size()
    lists = [[source.randrange(size) for _ in range(source.randint(0, 10))] for _ in range(30)]
    byte_ids = [tokenizer.token_to_id(f"<0x{b:02X}>") for b in b"\xe2\x82\xac\xf0\x9f\x98\x80A\x80\xff"]
    byte_ids = [i for i in byte_ids if i is not None]
    if byte_ids:
        lists += [[source.choice(byte_ids) for _ in range(source.randint(1, 7))] for _ in range(30)] + [byte_ids]
    lists += [case["ids"] for case in result[::4]]
    decodings = [{"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=False), "skipped": tokenizer.decode(ids)} for ids in lists]
    return {"cases": result, "decodings": decodings}


def model_cases(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    lists = [processor.encode(text) for text in texts()]
    decodings = [{"ids": ids, "text": processor.decode(ids), "skipped": processor.decode(ids)} for ids in lists]
    return {"cases": [{"text": t, "ids": i} for t, i in zip(texts(), lists)], "decodings": decodings}


def write(name, value):
    (OUTPUT / name).write_text(json.dumps(value, ensure_ascii=name.endswith("ids.json"), separators=(",", ":")) + "\n")


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    tsv = OUTPUT / "rules.tsv"
    rules(tsv)
    few = {"normalization_rule_tsv": str(tsv)}
    identity = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
    models = {
        "bpe": sentencepiece_model("bpe", vocab_size=700, byte_fallback=True, character_coverage=0.99,
                                   user_defined_symbols=["<user>", MARK * 2, MARK * 3, "\n\n"], **identity),
        "bpe-bare": sentencepiece_model("bpe", vocab_size=400, add_dummy_prefix=False, character_coverage=0.99,
                                        normalization_rule_name="identity"),
        "unigram": sentencepiece_model("unigram", vocab_size=400, user_defined_symbols=["<user>", "picture"], **few),
        "unigram-bytes": sentencepiece_model("unigram", vocab_size=600, byte_fallback=True, character_coverage=0.99,
                                             **few),
    }
    plain = sentencepiece_model("bpe", vocab_size=650, byte_fallback=True, character_coverage=0.99, **identity)
    for name, model in models.items():
        (OUTPUT / f"{name}.model").write_bytes(model)
        write(f"{name}-model.ids.json", model_cases(model))
    tsv.unlink()
    state = json.loads(small.small().to_str())
    names = []
    for name, family in [*character_families(plain), *byte_families(state), *unigram_families(models["unigram"])]:
        write(f"{name}.json", family)
        # The reference gives every byte of a run without pieces the range of the run; ours are exact.
        write(f"{name}.ids.json", json_cases(family, name != "unigram-bytes"))
        names.append(name)
    files = {
        str(path.relative_to(OUTPUT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(OUTPUT.rglob("*")) if path.is_file() and path.name != "manifest.json"
    }
    (OUTPUT / "manifest.json").write_text(json.dumps({
        "script": "Tools/goldens/tokenizer_families.py",
        "libraries": {"tokenizers": tokenizers.__version__, "sentencepiece": sentencepiece.__version__},
        "seed": SEED, "files": files}, indent=2) + "\n")
    print(", ".join(names), "and models", ", ".join(models))


if __name__ == "__main__":
    main()
