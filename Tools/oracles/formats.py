"""Fixtures for the readers of zip archives, spreadsheets, delimited tables and Base64.

    python Tools/oracles/formats.py Fixtures/oracles

Needs Python 3.11, pandas==2.3.3, openpyxl==3.1.5. What is expected is what Python's zipfile, csv
and base64, openpyxl and pandas make of the same bytes.
"""

import base64
import binascii
import csv
import hashlib
import io
import json
import random
import re
import sys
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pandas
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

SEED = 20261123
OUT = Path(sys.argv[1])
STAMP = (1980, 1, 1, 0, 0, 0)
FILES = []


def save(name, data, reference):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    FILES.append(
        {
            "file": name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "script": "Tools/oracles/formats.py",
            "reference": reference,
            "seed": SEED,
        }
    )


def save_json(name, value, reference):
    text = json.dumps(value, ensure_ascii=False, indent=0) + "\n"
    save(name, text.encode(), reference)


# Zip archives -------------------------------------------------------------------------------

CONTENT = {
    "empty.txt": b"",
    "stored.bin": bytes(range(256)) * 3,
    "folder/text.json": b'{"answer": 42}\n' * 200,
    "folder/\u00e9t\u00e9 \u4e2d.txt": "Stra\u00dfe".encode(),
}


class Unseekable(io.RawIOBase):
    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def archive(out=None, comment=b"", methods=None, zip64=False):
    target = out or io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        folder = zipfile.ZipInfo("folder/", STAMP)
        file.writestr(folder, b"")
        for index, (name, data) in enumerate(CONTENT.items()):
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = (methods or [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])[index % 2]
            with file.open(info, "w", force_zip64=zip64) as entry:
                entry.write(data)
        file.comment = comment
    return out.data if out else target.getvalue()


def zips():
    reference = "cpython@3.11:Lib/zipfile.py"
    save("zip/plain.zip", archive(), reference)
    save("zip/comment.zip", archive(comment=b"PK\x05\x06 a comment " * 20), reference)
    save("zip/descriptors.zip", archive(Unseekable()), reference)
    save("zip/prefix.zip", b"#!/bin/sh\n" * 7 + archive(), reference)
    limit, count = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 16, 1
    large = archive(zip64=True)
    save("zip/zip64.zip", large, reference)
    save("zip/zip64-prefix.zip", b"x" * 100 + large, reference)
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limit, count
    save(
        "zip/methods.zip",
        archive(methods=[zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
        reference,
    )
    expected = {name: base64.b64encode(data).decode() for name, data in CONTENT.items()}
    save_json("zip/expected.json", expected, reference)


# Spreadsheets -------------------------------------------------------------------------------


def shown(value):
    """What a reader that gives texts makes of a value of pandas.read_excel."""
    if value is None or (isinstance(value, float) and value != value) or value == "":
        return None
    return str(value)


def sheet_rows(data, sheet):
    frame = pandas.read_excel(
        io.BytesIO(data), sheet_name=sheet, header=None, dtype=object,
        keep_default_na=False, na_values=[""],
    )
    rows = [[shown(value) for value in row] for row in frame.itertuples(index=False)]
    for row in rows:
        while row and row[-1] is None:
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


TEXTS = [
    "plain", " leading and trailing ", "line\nbreak", "tab\tstop", "<&>\"'", "caf\u00e9 \u4e2d\u6587",
    "\U0001f600", "0012", "=1+1 is text"[1:], "True", "nan", "x" * 3000, "_x0041_", "a_x005F_b",
    "  ", "e\u0301 and \u00e9", "]]>", "&amp;", "\u00a0hard\u00a0",
]
NUMBERS = [
    0, 1, -1, 3.0, 2.5, -0.1, 1e-5, 1e15, 1e16, 123456789012345, 0.1 + 0.2, 1e-300,
    5e-324, 1e14, 2**53, 1 / 3, 100.0, 1e5, 12345.678,
]


def book():
    generator = random.Random(SEED)
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Answers & more"
    sheet.append(["index", "question", "prediction", "number"])
    for index in range(60):
        sheet.append([
            index, TEXTS[index % len(TEXTS)], generator.choice("ABCD"),
            NUMBERS[index % len(NUMBERS)],
        ])
    sheet["J70"] = "far"
    sheet["B72"] = True
    sheet["C72"] = False
    sheet["D72"] = "#N/A"
    sheet["AB74"] = "column AB"
    second = workbook.create_sheet("second")
    second["C3"] = "only"
    return workbook


CELLS = """<?xml version='1.0' encoding='utf-8'?>
<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><!-- c -->
<x:sheetData>
<x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c><x:c r="C1" t="s"><x:v>1</x:v></x:c>
<x:c t="s"><x:v>2</x:v></x:c></x:row>
<x:row r="3" spans="1:3"><x:c r="B3" t="inlineStr"><x:is><x:r><x:t>in</x:t></x:r><x:r>
<x:t xml:space="preserve"> line</x:t></x:r></x:is></x:c><x:c r="C3" t="b"><x:v>1</x:v></x:c></x:row>
<x:row r="4"><x:c r="A4"><x:f>1+1</x:f><x:v>2</x:v></x:c>
<x:c r="B4" t="str"><x:f>"a"&amp;"b"</x:f><x:v>a&#98;&lt;</x:v></x:c>
<x:c r="C4" t="e"><x:v>#DIV/0!</x:v></x:c><x:c r="D4" s="1"/><x:c r="E4"><x:v>1.50</x:v></x:c></x:row>
<x:row><x:c><x:v>7</x:v></x:c><x:c t="s"><x:v>3</x:v></x:c></x:row>
</x:sheetData></x:worksheet>
"""
STRINGS = """<?xml version="1.0" encoding="UTF-8"?>
<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<si><t>a &amp; b</t></si>
<si><r><rPr><b/></rPr><t>bold</t></r><r><t xml:space="preserve"> and </t></r><r><t>not</t></r>
<rPh sb="0" eb="1"><t>hint</t></rPh></si>
<si><t xml:space="preserve">  keep  </t></si><si><t>_x005F_x0041_</t></si></sst>
"""


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def handmade(data):
    """The workbook with another first sheet, and with shared texts."""
    source = zipfile.ZipFile(io.BytesIO(data))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                content = CELLS.encode()
            if item.filename == "xl/_rels/workbook.xml.rels":
                content = content.replace(
                    b"</Relationships>",
                    f'<Relationship Id="s" Type="{OFFICE}/sharedStrings" '
                    'Target="../xl/./sharedStrings.xml"/></Relationships>'.encode())
            if item.filename == "[Content_Types].xml":
                content = content.replace(
                    b"</Types>",
                    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{CONTENT_TYPE}"/>'
                    "</Types>".encode())
            file.writestr(zipfile.ZipInfo(item.filename, STAMP), content, zipfile.ZIP_DEFLATED)
        file.writestr(zipfile.ZipInfo("xl/sharedStrings.xml", STAMP), STRINGS.encode())
    return target.getvalue()


def restamped(data):
    source = zipfile.ZipFile(io.BytesIO(data))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            file.writestr(zipfile.ZipInfo(item.filename, STAMP), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def spreadsheets():
    target = io.BytesIO()
    book().save(target)
    data = restamped(target.getvalue())
    reference = "openpyxl@3.1.5, pandas@2.3.3:pandas/io/excel/_openpyxl.py"
    save("xlsx/openpyxl.xlsx", data, reference)
    save("xlsx/handmade.xlsx", handmade(data), reference)
    save_json(
        "xlsx/expected.json",
        {
            "openpyxl": sheet_rows(data, "Answers & more"),
            "second": sheet_rows(data, "second"),
            "handmade": sheet_rows(handmade(data), "Answers & more"),
        },
        reference,
    )


# Delimited tables ---------------------------------------------------------------------------


def table(text, delimiter):
    """The rows, or None where they are not all as long as the first or a quote stays open."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frame = pandas.read_csv(
                io.BytesIO(text.encode()), sep=delimiter, header=None, dtype=str, na_filter=False,
                index_col=False, encoding="utf-8")
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, pandas.errors.ParserWarning):
        return None
    plain = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    plain = [row for row in plain if row and not (len(row) == 1 and not row[0].strip(" \t"))]
    rows = [[str(value) for value in row] for row in frame.itertuples(index=False)]
    if any(len(row) != len(plain[0]) for row in plain):
        return None
    if rows != plain:
        # This script cannot tell csv's rows of one quoted empty field from blank lines.
        full = [[row for row in side if row != [""]] for side in (rows, plain)]
        if full[0] == full[1] and "\r" not in text.replace("\r\n", ""):
            return rows
        print("pandas and csv differ:", repr(text), rows, plain)
        return "differ"
    return rows


def tables():
    generator = random.Random(SEED)
    cases = []
    fixed = [
        ("a,b\n1,2\n", ","), ("a,b\r\n1,2\r\n", ","), ("a,b\r1,2\r", ","), ("a,b\n1,2", ","),
        ('a,b\n"x,y","say ""hi"""\n', ","), ('a\tb\n"two\nlines"\tz\n', "\t"),
        ('a,b\n"x"y,"p" \n', ","), ("a,b\n\n  \n1,2\n\n", ","), ("a,b\n1\n", ","),
        ("a,b\n1,2,3\n", ","), ('a,b\n"open,2\n', ","), ('a,b\n1,"2"', ","), ("a,b\n1,", ","),
        ('a,b\nx"y,"z"\n', ","), ('a,b\n"","" \n', ","), ('a\n""\nx\n', ","), ("a\tb\n \t \n", "\t"),
    ]
    for text, delimiter in fixed:
        cases.append((text, delimiter))
    alphabet = ["a", "b", '"', '"', "\n", "\n", "\r\n", "\r", " ", "\u00e9", "x\u4e2d", '"q"', '""']
    while len(cases) < 700:
        delimiter = generator.choice([",", "\t"])
        count = generator.randint(1, 3)
        shape = generator.random()
        if shape < 0.6:
            # Rows of the same length, with fields of any kind.
            rows = []
            for _ in range(generator.randint(2, 4)):
                fields = []
                for _ in range(count):
                    text = "".join(
                        generator.choice(["a", "b ", "\u00e9", delimiter, '"', "\n", "\r\n"])
                        for _ in range(generator.randint(0, 5)))
                    fields.append('"' + text.replace('"', '""') + '"' if generator.random() < 0.6
                                  else text.replace(delimiter, ";").replace("\n", "")
                                  .replace("\r", ""))
                rows.append(delimiter.join(fields))
            text = generator.choice(["\n", "\r\n", "\r"]).join(rows)
        else:
            text = "".join(
                generator.choice(alphabet + [delimiter] * 4)
                for _ in range(generator.randint(1, 24)))
        cases.append((text, delimiter))
    result = []
    for text, delimiter in cases:
        rows = table(text, delimiter)
        if rows != "differ":
            result.append({"text": text, "delimiter": delimiter, "rows": rows})
    save_json(
        "tables/cases.json", result,
        "pandas@2.3.3:pandas/_libs/src/parser/tokenizer.c, cpython@3.11:Modules/_csv.c")
    from pandas._libs.parsers import STR_NA_VALUES

    save_json("tables/missing.json", sorted(STR_NA_VALUES), "pandas@2.3.3:pandas/_libs/parsers.pyx")


# Base64 -------------------------------------------------------------------------------------


def decodings():
    generator = random.Random(SEED)
    alphabet = "ABab01+/zZ=" + "= \n-_\u007f"
    texts = ["", "=", "A", "AA", "AA=", "AA==", "AAA", "AAA=", "AAAA", "AA==AA==", "AA=A", "A=A=",
             "AAA=AAAA", "A A A A", "====", "AAAA====", "AAAAA", "AA=\n=", "-AAA", "A===A", "AAAAA=="]
    texts += [
        "".join(generator.choice(alphabet) for _ in range(generator.randint(0, 14)))
        for _ in range(600)
    ]
    texts += [base64.b64encode(generator.randbytes(n)).decode() for n in range(0, 70)]
    texts += [base64.encodebytes(generator.randbytes(n)).decode() for n in (57, 58, 200)]
    result = []
    for text in texts:
        try:
            value = base64.b64decode(text.encode()).hex()
        except binascii.Error as error:
            value = "padding" if "padding" in str(error) else None
        result.append({"text": text, "hex": value})
    save_json("base64/cases.json", result, "cpython@3.11:Modules/binascii.c")


zips()
spreadsheets()
tables()
decodings()
manifest = json.dumps({"files": FILES}, indent=1) + "\n"
(OUT / "formats.manifest.json").write_text(manifest)
