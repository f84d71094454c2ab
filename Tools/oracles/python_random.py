"""Numbers of Python's random module for many seeds: Fixtures/oracles/python_random.json.

Usage: python3.11 Tools/oracles/python_random.py
"""

import hashlib
import json
import pathlib
import platform
import random

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "oracles"
SEEDS = list(range(0, 40)) + [42, -42, 123, 1000, 2023, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
                              2**32 + 1, 2**40 + 7, 2**62 + 12345, 2**63 - 1, -(2**63)]


def main():
    rows = []
    for seed in SEEDS:
        random.seed(seed)
        row = {"seed": seed}
        row["bits"] = [random.getrandbits(k) for k in (1, 2, 5, 31, 32, 33, 48, 62, 63)]
        row["choices"] = [random.choice(range(n)) for n in range(1, 13)]
        row["large"] = [random.choice(range(n)) for n in (100, 1000, 12726, 2**31, 2**33, 2**62)]
        row["random"] = [random.random() for _ in range(3)]
        row["samples"] = [random.sample(range(n), k)
                          for n, k in ((5, 5), (21, 2), (22, 2), (12726, 2), (80, 6), (100, 20), (400, 20))]
        random.seed(seed)
        digest = hashlib.sha256()
        for _ in range(3000):
            digest.update(random.choice("ABCDE").encode())
        row["choices_sha256"] = digest.hexdigest()
        row["next"] = random.getrandbits(32)
        rows.append(row)
    name = "python_random.json"
    text = json.dumps({"python": platform.python_version(), "rows": rows}) + "\n"
    (ROOT / name).write_text(text)
    manifest = {"files": [{
        "file": name, "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "script": "Tools/oracles/python_random.py",
        "reference": "CPython %s random module" % platform.python_version(), "seed": None}]}
    (ROOT / "python_random.manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


main()
