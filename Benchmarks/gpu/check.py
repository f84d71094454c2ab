"""What only a GPU shows, as a table of rows, in three calls of less than ten minutes.

    python Benchmarks/gpu/check.py --part 1|2|3 --bundle dist/gpu-bundle.tar.xz --output part-1.json
    python Benchmarks/gpu/check.py --report part-1.json part-2.json part-3.json
    python Benchmarks/gpu/check.py --dry-run --mipha .build/release/mipha [--part N] [--rows 1,2]

The first form runs on the machine with the GPU, in a copy of this repository, from a bundle of
Scripts/gpu-bundle and beside a torch of the version that it was built against (--torch DIR; by default
that of this Python). It needs no other package. Weights of full size are random and written there. Every row says what is expected, what was found, and
pass, fail, reported (nothing is expected, or nothing may be judged) or not run, with the reason. Ends
with status 1 when a row failed.

--report prints the rows as a table for RESULTS.md.

--dry-run does the same on the pretend accelerator with tiny models, whose times are reported but not
judged: it shows that the checks work, and that what is no matter of speed holds there too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import rows_full  # noqa: E402
import rows_tiny  # noqa: E402
from program import Failed, Program  # noqa: E402
from rows import Bench, Row, Skipped  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PARTS = {1: rows_tiny.ROWS, 2: rows_full.ANSWERS, 3: rows_full.TRAINING}
SECONDS = 560  # of a part, after which no further row begins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", type=int, choices=PARTS, help="default with --dry-run: all")
    parser.add_argument("--rows", help="only these rows, such as 1,2")
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--mipha", type=Path, help="the executable, instead of a bundle")
    parser.add_argument("--pretend", type=Path, help="the pretend device, if not beside --mipha")
    parser.add_argument("--torch", type=Path, help="folder of a torch package")
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "Fixtures/tokenizers/small")
    parser.add_argument("--work", type=Path, default=ROOT / ".build/gpu-check")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--report", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.report:
        print(table([json.loads(path.read_text()) for path in arguments.report]))
        return
    if arguments.part is None and not arguments.dry_run:
        parser.error("--part is needed")
    if (arguments.bundle is None) == (arguments.mipha is None):
        parser.error("expected one of --bundle and --mipha")
    program = make_program(arguments)
    bench = Bench(program, arguments.tokenizer)
    wanted = arguments.rows.split(",") if arguments.rows else None
    started, found = time.perf_counter(), []
    for part in [arguments.part] if arguments.part else PARTS:
        for row in PARTS[part]:
            if wanted is None or row.number in wanted:
                found.append(run(row, bench, SECONDS - (time.perf_counter() - started)))
    result = {"machine": machine(program), "rows": found}
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(result, indent=1) + "\n")
    failed = [row for row in found if row["verdict"] == "fail"]
    print(f"{len(found)} rows, {len(failed)} failed, {time.perf_counter() - started:.0f} s")
    sys.exit(1 if failed else 0)


def make_program(arguments: argparse.Namespace) -> Program:
    work: Path = arguments.work.absolute() / ("dry" if arguments.dry_run else "device")
    work.mkdir(parents=True, exist_ok=True)
    torch = arguments.torch or (built_against() if arguments.dry_run else find_torch())
    libraries, preload, mipha = [torch.absolute() / "lib"], None, arguments.mipha
    if arguments.bundle:
        folder = work / "bundle"
        shutil.rmtree(folder, ignore_errors=True)
        with tarfile.open(arguments.bundle) as archive:
            archive.extractall(folder, filter="data")
        mipha, preload = folder / "mipha", folder / "libwaits.so"
        libraries.insert(0, folder / "lib")
    pretend = None
    if arguments.dry_run:
        beside = mipha.absolute().parent / "libMiphaPretendDevice.so"
        pretend = (arguments.pretend or beside).absolute()
        if not pretend.exists():
            sys.exit(f"{pretend}: the pretend device is not built")
    return Program(
        mipha.absolute(), "pretend:1" if arguments.dry_run else arguments.device, libraries, work,
        preload, pretend, arguments.dry_run,
    )  # fmt: skip


def built_against() -> Path:
    """The libtorch that Scripts/bootstrap chose."""
    version = os.environ.get("LIBTORCH_VERSION")
    folder = ROOT / (f".deps-{version}" if version else ".deps")
    return Path((folder / "bootstrap.stamp").read_text().splitlines()[3])


def find_torch() -> Path:
    found = importlib.util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        sys.exit("no torch in this Python: name its folder with --torch")
    return Path(found.submodule_search_locations[0])


def run(row: Row, bench: Bench, seconds: float) -> dict:
    """One row, whatever becomes of it."""
    started = time.perf_counter()
    measured, verdict = {}, "not run"
    if seconds <= 0:
        measured = {"reason": "no time was left in this call"}
    else:
        try:
            measured, passes = row.check(bench)
            verdict = "reported" if passes is None else "pass" if passes else "fail"
            if row.is_timed and bench.dry:
                verdict = "reported"
        except Skipped as reason:
            measured = {"reason": str(reason)}
        except (Failed, OSError, ValueError, KeyError, IndexError) as error:
            measured, verdict = {"error": f"{type(error).__name__}: {error}"}, "fail"
    result = {
        "row": row.number, "check": row.title, "expect": row.expect, "measured": measured,
        "verdict": verdict, "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip
    print(f"{row.number:>3} {verdict:8} {result['seconds']:6.1f} s  {row.title}: {words(measured)}")
    sys.stdout.flush()
    return result


def machine(program: Program) -> dict:
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        card = subprocess.run(query, capture_output=True, text=True).stdout.strip()
    except OSError:
        card = ""
    version = program.libraries[-1].parent / "version.py"
    torch = [
        line.split("'")[1] for line in version.read_text().splitlines()
        if line.startswith("__version__")
    ] if version.exists() else []  # fmt: skip
    return {
        "device": "the pretend accelerator" if program.dry else card or program.device,
        "torch": torch[0] if torch else "unknown", "python": platform.python_version(),
        "glibc": platform.libc_ver()[1], "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip


def words(measured: dict) -> str:
    def value(given: object) -> str:
        return f"{given:.3g}" if isinstance(given, float) else str(given)

    return ", ".join(f"{name} {value(given)}" for name, given in measured.items())


def table(parts: list[dict]) -> str:
    lines = [f"Measured on {parts[0]['machine']['device']}, torch {parts[0]['machine']['torch']}.", ""]
    lines += ["| # | check | expected | found | |", "|---|---|---|---|---|"]
    for part in parts:
        for row in part["rows"]:
            lines.append(
                f"| {row['row']} | {row['check']} | {row['expect']} | {words(row['measured'])} "
                f"| {row['verdict']} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
