#!/usr/bin/env python3
"""Writes Sources/MiphaTokenizers/Text/ScalarClassRanges.swift.

The classes are measured, not looked up: every Unicode scalar goes through the ByteLevel pre-tokenizer and the
added-token matcher of the installed Hugging Face `tokenizers`, so the table holds exactly the Unicode version and the
meaning of \\p{L}, \\p{N}, \\s and \\w of that library.

usage: unicode_tables.py [--output FILE]      (about one minute)
"""

import argparse
import pathlib

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

OTHER, LETTER, NUMBER, SPACE, WORD = 0, 1, 2, 3, 4
ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "Sources/MiphaTokenizers/Text/ScalarClassRanges.swift"


def marker(**flags):
    tokenizer = Tokenizer(models.BPE({"a": 0}, []))
    tokenizer.add_tokens([AddedToken("@@", normalized=False, **flags)])
    return tokenizer


def measure():
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    single, strip = marker(single_word=True), marker(rstrip=True)
    classes = bytearray(0x110000)

    def joins(prefix, text):
        return len(byte_level.pre_tokenize_str(prefix + text)) == 1

    for scalar in range(0x110000):
        if 0xD800 <= scalar < 0xE000:
            continue
        text = chr(scalar)
        if joins("a", text):
            value = LETTER
        elif joins("1", text):
            value = NUMBER
        elif joins("!", text):
            value = OTHER
        else:
            value = SPACE
        if text != "@":
            if 1 not in single.encode("@@" + text).ids:
                value |= WORD
            stripped = strip.encode("@@" + text).offsets[0][1] == 3
            assert stripped == (value & 3 == SPACE), hex(scalar)
        classes[scalar] = value
    return classes


def ranges(classes):
    start = 0
    for scalar in range(1, 0x110001):
        if scalar == 0x110000 or classes[scalar] != classes[start]:
            if classes[start]:
                yield start, scalar - start, classes[start]
            start = scalar


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=DEFAULT)
    arguments = parser.parse_args()
    table = list(ranges(measure()))
    words = []
    for start, count, value in table:
        words += [f"0x{start:x}", f"0x{count << 4 | value:x}"]
    lines, line = [], "       "
    for word in words:
        if len(line) + len(word) + 2 > 100:
            lines.append(line)
            line = "       "
        line += f" {word},"
    lines.append(line)
    text = (
        "// Made by Tools/goldens/unicode_tables.py; do not edit.\n"
        f"// Measured with Hugging Face tokenizers {tokenizers.__version__}.\n\n"
        "/// Ranges of Unicode scalars with their classes, in ascending order.\n"
        "enum ScalarClassRanges {\n"
        "    /// Pairs: first scalar, then `count << 4 | class` with the bits of ``ScalarClass``.\n"
        "    static let pairs: [UInt32] = [\n" + "\n".join(lines) + "\n    ]\n}\n"
    )
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text)
    kinds = [sum(c for _, c, v in table if v & 3 == k) for k in (1, 2, 3)]
    print(f"{len(table)} ranges; letters {kinds[0]}, numbers {kinds[1]}, white space {kinds[2]}")
    print("white space:", [hex(s) + f"+{c}" for s, c, v in table if v & 3 == SPACE])


if __name__ == "__main__":
    main()
