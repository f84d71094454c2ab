"""The table "what fits where" of docs/gpu.md, computed by `mipha plan`.

    python Benchmarks/plan/what_fits.py [--write] [--work DIR] [--mipha .build/release/mipha]
        [--only NAME ...] [--threads 1]

Plans every run of the table in bfloat16 with checkpointing and accumulation, from configs alone (no
weights, no pictures, no GPU), with micro-batches of 1, 2, 4, ... 64 samples of 800 positions in stage 1
and 920 later, 729 of them an image. A run fits where the prediction takes at most nine tenths of a card,
since predictions may be a tenth off. Prints the table and ends with status 1 when it is not that of
docs/gpu.md; --write puts it there. Takes minutes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common  # noqa: E402

PAGE = common.ROOT / "docs/gpu.md"
BEGIN, END = "<!-- what fits: begin -->", "<!-- what fits: end -->"
SIZES = [1, 2, 4, 8, 16, 32, 64]
SHARE = 0.9
ACCUMULATION = 2  # more make no difference
WORDS = 24  # of an answer
PUBLISHED = common.ROOT / "Fixtures/configs/Mipha-3B"
PHI_1_5 = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
           "partial_rotary_factor": 0.5, "resid_pdrop": 0.0}  # fmt: skip
LORA = {"lora_r": 64, "lora_alpha": 16, "lora_dropout": 0.05}
# name: model, settings
ROWS: dict[str, tuple[str, dict[str, object]]] = {
    "Mipha-3B, stage 1 (projector)": ("3b", {"stage": "align"}),
    "Mipha-3B, stage 2, all": ("3b", {"stage": "instruct"}),
    "Mipha-3B, stage 2, tower frozen": ("3b", {"stage": "instruct", "tune": "{tower: frozen}"}),
    "Mipha-3B, LoRA": ("3b", {"stage": "instruct-lora", **LORA}),
    "Mipha-3B, QLoRA, 8 bits": ("3b", {"stage": "instruct-lora", **LORA, "load_in_8bit": True}),
    "Mipha-3B, QLoRA, 4 bits": ("3b", {"stage": "instruct-lora", **LORA, "load_in_4bit": True}),
    "Mipha-1.7B (Phi-1.5), stage 1": ("1.7b", {"stage": "align"}),
    "Mipha-1.7B (Phi-1.5), stage 2, all": ("1.7b", {"stage": "instruct"}),
    "Mipha-1.7B (Phi-1.5), LoRA": ("1.7b", {"stage": "instruct-lora", **LORA}),
}
# heading: GiB of a card, cards, sharding
COLUMNS: dict[str, tuple[int, int, str]] = {
    "24 GB": (24, 1, "none"),
    "40 GB": (40, 1, "none"),
    "48 GB": (48, 1, "none"),
    "80 GB": (80, 1, "none"),
    "8 x 80 GB": (80, 8, "none"),
    "8 x 80 GB, zero2": (80, 8, "zero2"),
    "8 x 80 GB, zero3": (80, 8, "zero3"),
    "8 x 24 GB, zero3": (24, 8, "zero3"),
}


def make_folders(work: Path) -> None:
    """Model folders without weights, and data without pictures."""
    for name, changes in (("3b", {}), ("1.7b", PHI_1_5)):
        folder = work / name
        folder.mkdir(parents=True, exist_ok=True)
        config = json.loads((PUBLISHED / "config.json").read_text()) | changes
        config["vision_config"]["mm_projector"]["hidden_size"] = config["hidden_size"]
        (folder / "config.json").write_text(json.dumps(config))
        shutil.copyfile(
            PUBLISHED / "preprocessor_config.json", folder / "preprocessor_config.json")
        for source in sorted((common.ROOT / "Fixtures/tokenizers/small").iterdir()):
            if source.is_file():
                shutil.copyfile(source, folder / source.name)
    words = " ".join(common.WORDS[index % len(common.WORDS)] for index in range(WORDS))
    samples = [common.pictured(index, words) for index in range(8 * SIZES[-1] * ACCUMULATION)]
    (work / "data.json").write_text(json.dumps(samples))


class Plans:
    """Predicted peaks of one card, each computed once."""

    def __init__(self, arguments: argparse.Namespace, work: Path):
        self.arguments, self.work = arguments, work
        self.known: dict[tuple, int] = {}
        self.positions = set[float]()

    def peak(self, row: str, size: int, cards: int, sharding: str) -> int:
        key = (row, size, cards, sharding)
        if key not in self.known:
            self.known[key] = self.plan(*key)
        return self.known[key]

    def plan(self, row: str, size: int, cards: int, sharding: str) -> int:
        model, settings = ROWS[row]
        path = self.work / "run.yaml"
        common.write_run_file(path, {
            "model": self.work / model, "output_dir": self.work / "out",
            "data_path": self.work / "data.json", "image_folder": self.work, "max_steps": 1,
            "per_device_train_batch_size": size, "dtype": "bfloat16",
            "gradient_accumulation_steps": ACCUMULATION, "gradient_checkpointing": True,
            "sharding": sharding, **settings,
        })  # fmt: skip
        command = [
            str(self.arguments.mipha), "plan", str(path), "--json", "--no-probe", "--device", "cuda",
            "--device-memory", "100000", "--memory", "100000", "--processes", str(cards),
            "--threads", str(self.arguments.threads),
        ]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise SystemExit(f"{row}, {size} samples, {cards} cards, {sharding}: {run.stderr}")
        plan = json.loads(run.stdout)
        self.positions.add(plan["tokens"] / (size * cards * ACCUMULATION))
        peak = plan["memory"]["peak_bytes"]
        print(f"{row}, {size} x {cards} {sharding}: {peak / 1e9:.1f} GB", file=sys.stderr)
        return peak

    def cell(self, row: str, column: str) -> str:
        gibibytes, cards, sharding = COLUMNS[column]
        limit = SHARE * gibibytes * 2**30
        best = 0
        for size in SIZES:
            if self.peak(row, size, cards, sharding) > limit:
                break
            best = size
        if best:
            return str(best)
        return f"no: {self.peak(row, 1, cards, sharding) / 2**30 / SHARE:.0f} GB"


def table(plans: Plans, rows: list[str]) -> str:
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in rows:
        lines.append(f"| {row} | " + " | ".join(plans.cell(row, each) for each in COLUMNS) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--mipha", type=Path, default=common.MIPHA)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="NAME")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)).resolve()
        make_folders(work)
        plans = Plans(arguments, work)
        found = table(plans, arguments.only or list(ROWS))
    print(found)
    print(f"positions of a sample: {sorted(plans.positions)}", file=sys.stderr)
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    written, tail = rest.split(END)
    if arguments.write:
        PAGE.write_text(f"{head}{BEGIN}\n\n{found}\n\n{END}{tail}")
    elif not set(found.splitlines()) <= set(written.splitlines()):
        print(f"{PAGE}: another table; --write puts this one there", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
