#!/usr/bin/env python3
"""Compares ids, offsets and decoded text with Hugging Face `tokenizers`, or ids with SentencePiece, on generated and
collected text.

usage: tokenizer_ids.py FOLDER PROGRAM [--megabytes 20] [--seed 1] [--mode json|lines] [--files GLOB_ROOT] [--time FILE]

FOLDER holds the tokenizer files: a tokenizer.json, or a tokenizer.model with `--mode lines`. With `--mode json`, PROGRAM is called as `PROGRAM ids FOLDER`, `PROGRAM offsets FOLDER`
(a JSON string on each line of standard input, ids or [id, start, end] triples as JSON on standard output) and
`PROGRAM decode FOLDER` (JSON id arrays in, `[text, text without special tokens]` out). With `--mode lines`, it is called
as `PROGRAM tokenize FOLDER` with plain lines in and one JSON id array for each line out; texts are cut at newlines.
`--time FILE` writes the text to FILE and reports the speed of `tokenizers` on it, one thread.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import sysconfig
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402

RANGES = {
    "latin": [(0x20, 0x7E)] * 6 + [(0xA0, 0x17F)],
    "greek, cyrillic": [(0x370, 0x3FF), (0x400, 0x52F), (0x20, 0x20)],
    "hebrew, arabic": [(0x590, 0x5FF), (0x600, 0x6FF), (0x20, 0x20)],
    "indic": [(0x900, 0xDFF), (0x20, 0x20)],
    "thai to khmer": [(0xE00, 0xFFF), (0x1780, 0x17FF)],
    "cjk": [(0x4E00, 0x9FFF)] * 6 + [(0x3000, 0x30FF), (0xFF00, 0xFFEF)],
    "hangul": [(0xAC00, 0xD7A3), (0x1100, 0x11FF), (0x20, 0x20)],
    "emoji": [(0x1F300, 0x1FAFF), (0x2600, 0x27BF), (0xFE0F, 0xFE0F), (0x200D, 0x200D), (0x1F1E6, 0x1F1FF)],
    "combining": [(0x300, 0x36F), (0x61, 0x7A), (0x20D0, 0x20F0)],
    "control": [(0, 0x1F), (0x7F, 0x9F), (0x2000, 0x206F), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFD)],
    "numbers": [(0x30, 0x39)] * 3 + [(0x2150, 0x218F), (0x2460, 0x24FF), (0x660, 0x669), (0x966, 0x96F), (0x2E, 0x2E)],
    "any": [(0, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)],
    "supplementary": [(0x10000, 0x1FFFF), (0x20000, 0x2FFFF), (0xE0000, 0xE01FF)],
}
SPACES = " \t\n\r\x0b\x0c\x85\u00a0\u1680\u2003\u2028\u3000"
PIECES = [
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "''s", " 's", "'", "\u2019s", "'l", "'r", "'v", "I'm", "don't",
    "<|endoftext|>", " <|endoftext|>", "<|endoftext|> ", "<|endoftext|", "<|", "|>", "  ", "   ", " " * 31, " " * 32, "\t\t",
    "\t" * 9, "\t" * 10, " \t", "\t ", "\n\n", "\r\n", "\u0120", "\u010a", "\ufffd", "\u00ad", "\u200b", "e\u0301", "\u00e9",
    "1234567", "1,234.5", "x1", "1x", "_", "__init__", "a_b", "//", "...", "!!", "=>", "0x1F", "\u0663", "\u00bd", "\u2167",
    "<s>", "</s>", "<pad>", "<image>", "[X]", "[X]a", "a[X]", "<L>", "  <L>", "<R>", "<R>  ", "<both>", " <both> ",
]


def generated(random_source, size):
    parts, length = [], 0
    kinds = list(RANGES.values())
    while length < size:
        choice = random_source.random()
        if choice < 0.55:
            ranges = random_source.choice(kinds)
            part = "".join(
                chr(random_source.randint(*random_source.choice(ranges))) for _ in range(random_source.randint(1, 40))
            )
        elif choice < 0.75:
            part = random_source.choice(PIECES)
        elif choice < 0.9:
            part = "".join(random_source.choice(SPACES) for _ in range(random_source.randint(1, 8)))
        elif choice < 0.97:
            part = random_source.choice(" \t\n") * random_source.randint(1, 90)
        else:
            part = random_source.choice("aZ0-\u4e00\u0301\U0001f600") * random_source.randint(1, 300)
        part = "".join(c for c in part if not 0xD800 <= ord(c) < 0xE000)
        parts.append(part)
        length += len(part.encode())
    return "".join(parts)


def collected(roots, size, random_source):
    """Chunks of real files: sources, documentation, translations."""
    paths = []
    for root in roots:
        for suffix in ("*.py", "*.md", "*.rst", "*.txt", "*.json", "*.c", "*.h", "*.po", "*.html"):
            paths += sorted(pathlib.Path(root).rglob(suffix))
    random_source.shuffle(paths)
    texts, length = [], 0
    for path in paths:
        if length >= size:
            break
        try:
            text = path.read_bytes()[:200_000].decode("utf-8", errors="replace")
        except OSError:
            continue
        if text:
            texts.append(text)
            length += len(text.encode())
    return texts


def program(arguments, lines):
    result = subprocess.run(arguments, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{arguments}: exit {result.returncode}: {result.stdout[-500:]} {result.stderr[-500:]}")
    # Only "\n" ends a line; str.splitlines would also cut at U+2028.
    return [json.loads(line) for line in result.stdout.split("\n") if line], result.stderr.strip()


def first_difference(ours, theirs):
    for index, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            return index
    return min(len(ours), len(theirs))


def byte_offsets(text, encoding):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    return [(starts[a], starts[b]) for a, b in encoding.offsets]


class SentencePieceReference:
    """The ids of a tokenizer.model as SentencePiece gives them."""

    class Encoding:
        def __init__(self, ids):
            self.ids = ids

    def __init__(self, path):
        import sentencepiece
        self.model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        size = self.model.vocab_size()
        self.special = [self.model.id_to_piece(i) for i in range(size) if self.model.is_control(i) or self.model.is_unknown(i)]

    def misses(self, text):
        """Whether the text spells a special token, which SentencePiece takes for text."""
        return any(token in text for token in self.special)

    def encode(self, text, add_special_tokens=False):
        return self.Encoding(self.model.encode(text))

    def decode(self, ids, **_):
        return self.model.decode(ids)

    def get_vocab_size(self):
        return self.model.vocab_size()


def library(folder):
    path = folder / "tokenizer.json"
    return Tokenizer.from_file(str(path)) if path.exists() else SentencePieceReference(folder / "tokenizer.model")


def untrim(part):
    """Switches the trimming of white space off in every step."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "trim_offsets":
                part[key] = False
            else:
                untrim(value)
    elif isinstance(part, list):
        for value in part:
            untrim(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("program")
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=["json", "lines"], default="json")
    parser.add_argument("--files", nargs="*", default=[sysconfig.get_paths()["stdlib"], "/usr/share/doc", "/usr/share/perl"])
    parser.add_argument("--time", type=pathlib.Path)
    options = parser.parse_args()
    reference = library(pathlib.Path(options.folder))
    if options.mode == "json" and isinstance(reference, SentencePieceReference):
        parser.error("a folder without tokenizer.json needs --mode lines")
    source = random.Random(options.seed)
    size = int(options.megabytes * 1e6)
    texts = collected(options.files, size // 2, source)
    left = size - sum(len(text.encode()) for text in texts)
    while left > 0:
        texts.append(generated(source, min(left, source.choice([20, 200, 2000, 20000]))))
        left -= len(texts[-1].encode())
    texts += ["", " ", "a" * 1_000_000 if options.mode == "json" else "a" * 100_000, "\u4e00" * 30_000, " " * 10_000]
    if options.mode == "lines":
        texts = [line for text in texts for line in text.replace("\r", " ").split("\n")]
    texts = [text for text in texts if not reference.misses(text)] if hasattr(reference, "misses") else texts
    total = sum(len(text.encode()) for text in texts)
    print(f"{len(texts)} texts, {total} bytes, seed {options.seed}")
    if options.time:
        options.time.write_text("".join(texts), encoding="utf-8", newline="")

    start = time.perf_counter()
    encodings = [reference.encode(text, add_special_tokens=False) for text in texts]
    elapsed = time.perf_counter() - start
    expected = [encoding.ids for encoding in encodings]
    print(f"reference: {total / elapsed / 1e6:.2f} MB/s, one thread; {sum(map(len, expected))} ids")

    if options.mode == "lines":
        ours, note = program([options.program, "tokenize", options.folder], texts)
    else:
        ours, note = program([options.program, "ids", options.folder], [json.dumps(text) for text in texts])
    bad = [i for i, (a, b) in enumerate(zip(ours, expected)) if a != b]
    print(f"ids: {len(ours)} results, {len(bad)} differ; {note}")
    for i in bad[:5]:
        at = first_difference(ours[i], expected[i])
        print(f"  text {i} at id {at}: {ours[i][at:at + 5]} expected {expected[i][at:at + 5]}")
        print("   ", repr("".join(reference.decode([t]) for t in expected[i][max(0, at - 3):at + 3])))
    failed = bool(bad) or len(ours) != len(texts)

    if options.mode == "json":
        # Byte ranges: the hull of the scalars a token touches must be what the library reports, with its
        # white-space trimming switched off.
        state = json.loads(reference.to_str())
        state["post_processor"] = None
        untrim(state["pre_tokenizer"])
        untrimmed = Tokenizer.from_str(json.dumps(state))
        chosen = [text for text in texts if 0 < len(text) < 5000][:3000]
        triples, _ = program([options.program, "offsets", options.folder], [json.dumps(text) for text in chosen])
        wrong = 0
        for text, result in zip(chosen, triples):
            data = text.encode()
            hull = []
            for _, a, b in result:
                while a > 0 and data[a] & 0xC0 == 0x80:
                    a -= 1
                while b < len(data) and data[b] & 0xC0 == 0x80:
                    b += 1
                hull.append((a, b))
            want = byte_offsets(text, untrimmed.encode(text, add_special_tokens=False))
            if hull != want:
                wrong += 1
                if wrong <= 3:
                    at = first_difference(hull, want)
                    print("  offsets", at, hull[at:at + 4], want[at:at + 4], repr(text[:60]))
        print(f"offsets: {len(chosen)} texts, {wrong} differ")
        lists = [[source.randrange(reference.get_vocab_size()) for _ in range(source.randint(0, 60))] for _ in range(20000)]
        lists += [ids[: len(ids) // 2] for ids in expected[:5000]]
        decoded, _ = program([options.program, "decode", options.folder], [json.dumps(ids) for ids in lists])
        want = [[reference.decode(ids, skip_special_tokens=False), reference.decode(ids)] for ids in lists]
        wrong_texts = sum(a != b for a, b in zip(decoded, want))
        print(f"decode: {len(lists)} lists, {wrong_texts} differ")
        failed |= wrong > 0 or wrong_texts > 0 or len(decoded) != len(lists)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
