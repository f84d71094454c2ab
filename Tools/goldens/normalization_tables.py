#!/usr/bin/env python3
"""Writes Sources/MiphaTokenizers/Normalization/NormalizationData.swift and CompatibilityData.swift.

Decompositions are measured: every Unicode scalar goes through the normalisers of the installed Hugging Face
`tokenizers`, whose Unicode version differs from those of Python and of the Swift standard library. Combining classes
are Python's, checked against the order in which that library sorts marks.

usage: normalization_tables.py [--output FOLDER]      (about one minute)
"""

import argparse
import base64
import pathlib
import unicodedata

import tokenizers
from tokenizers import normalizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "Sources/MiphaTokenizers/Normalization"
NFC, NFD, NFKC, NFKD = (getattr(normalizers, name)().normalize_str for name in ("NFC", "NFD", "NFKC", "NFKD"))
HANGUL = range(0xAC00, 0xD7A4)


def scalars():
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def combining_classes():
    """Scalar to class, as the library sorts."""
    known, samples = {}, {}
    for scalar in scalars():
        value, mark = unicodedata.combining(chr(scalar)), chr(scalar)
        if not value or NFD(mark) != mark:
            continue
        # U+0334 has the lowest class and U+0345 the highest; a mark that is too new moves past neither.
        if (NFD("\u0345" + mark) == mark + "\u0345") if value < 240 else (NFD(mark + "\u0334") == "\u0334" + mark):
            known[scalar] = value
            samples.setdefault(value, mark)
    for scalar, value in known.items():
        for other, sample in samples.items():
            expected = chr(scalar) + sample if other > value else sample + chr(scalar)
            assert NFD(sample + chr(scalar)) == expected, hex(scalar)
    return known


def entry(scalar, text, flag):
    return bytes([len(text) | flag]) + (chr(scalar) + text).encode()


def literal(data):
    text = base64.b64encode(data).decode()
    return "\n".join(f"        {text[i:i + 92]}" for i in range(0, len(text), 92))


def ranges(classes):
    words, start, previous = [], None, None
    for scalar in sorted(classes):
        if previous is None or scalar != previous + 1 or classes[scalar] != classes[start]:
            if start is not None:
                words += [start, (previous - start + 1) << 8 | classes[start]]
            start = scalar
        previous = scalar
    return words + [start, (previous - start + 1) << 8 | classes[start]]


def numbers(words):
    lines, line = [], "       "
    for word in words:
        text = f" 0x{word:x},"
        if len(line) + len(text) > 100:
            lines.append(line)
            line = "       "
        line += text
    return "\n".join(lines + [line])


def head(what, name):
    return (
        "// Made by Tools/goldens/normalization_tables.py; do not edit.\n"
        f"// Measured with Hugging Face tokenizers {tokenizers.__version__}.\n\n/// {what}\nenum {name} {{\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=DEFAULT)
    arguments = parser.parse_args()
    classes = combining_classes()
    canonical, compatible, counts = b"", b"", [0, 0]
    for scalar in scalars():
        if scalar in HANGUL:
            continue
        text = chr(scalar)
        full = NFD(text)
        if full != text:
            # 0x80: the scalar is what its decomposition composes to.
            canonical += entry(scalar, full, 0x80 if NFC(full) == text else 0)
            counts[0] += 1
        wide = NFKD(text)
        if wide != full:
            compatible += entry(scalar, wide, 0)
            counts[1] += 1
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "NormalizationData.swift").write_text(
        head("Canonical decompositions and combining classes.", "NormalizationData")
        + "    /// Pairs: first scalar, then `count << 8 | class`.\n    static let classes: [UInt32] = [\n"
        + numbers(ranges(classes)) + "\n    ]\n\n"
        "    /// Base64 of entries: a byte `count`, plus 0x80 where the scalar is the composition of what\n"
        "    /// follows it; the scalar and the `count` scalars it decomposes to, in UTF-8.\n"
        '    static let canonical = """\n' + literal(canonical) + '\n        """\n}\n')
    (arguments.output / "CompatibilityData.swift").write_text(
        head("Compatibility decompositions that differ from the canonical ones.", "CompatibilityData")
        + "    /// Base64 of entries as in ``NormalizationData/canonical``.\n"
        '    static let entries = """\n' + literal(compatible) + '\n        """\n}\n')
    print(f"{len(classes)} marks, {counts[0]} canonical and {counts[1]} compatibility decompositions")


if __name__ == "__main__":
    main()
