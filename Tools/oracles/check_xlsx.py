"""Writes rows as JSON, or checks a workbook written from them against openpyxl and pandas.

    python Tools/oracles/check_xlsx.py make rows.json
    python Tools/oracles/check_xlsx.py check rows.json written.xlsx

Needs pandas==2.3.3, openpyxl==3.1.5.
"""

import json
import random
import sys

import openpyxl
import pandas

PIECES = [
    "a", " ", "\n", "\r\n", "\r", "\t", "<", "&", ">", '"', "'", "\u00e9", "e\u0301", "\u4e2d",
    "\U0001f600", "_x0041_", "_", "x005F_", "]]>", "&amp;", "\ufffd", "=1", "nan ", "1", "\u00a0",
]


def make():
    generator = random.Random(20261123)
    rows = [["index", "question", "prediction"]]
    for index in range(500):
        row = [index, generator.random() * 10 ** generator.randint(-20, 20)]
        for _ in range(generator.randint(0, 40)):
            row.append("".join(generator.choice(PIECES) for _ in range(generator.randint(0, 6))))
        row.append("y" * generator.choice([1, 32767]))
        rows.append(row)
    return rows


def same(found, wanted):
    if wanted == "":
        return found is None
    return type(found) is type(wanted) and found == wanted


if sys.argv[1] == "make":
    with open(sys.argv[2], "w") as file:
        json.dump(make(), file)
    sys.exit()
with open(sys.argv[2]) as file:
    rows = json.load(file)
sheet = openpyxl.load_workbook(sys.argv[3]).worksheets[0]
frame = pandas.read_excel(sys.argv[3], header=None, dtype=object, keep_default_na=False)
wrong = 0
for number, row in enumerate(rows):
    for column, wanted in enumerate(row):
        found = sheet.cell(number + 1, column + 1).value
        table = frame.iat[number, column]
        equal = table == wanted or (wanted == "" and table != table)
        if not same(found, wanted) or not equal:
            wrong += 1
            print(number, column, repr(wanted)[:80], repr(found)[:80], repr(table)[:80])
print(sheet.title, sheet.dimensions, len(rows), "rows,", wrong, "wrong")
sys.exit(wrong > 0)
