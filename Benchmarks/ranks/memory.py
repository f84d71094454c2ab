"""Peak memory of each rank for every kind of sharding, beside what it should be.

    python Benchmarks/ranks/memory.py DIR --tokenizer Fixtures/tokenizers/small
        [--mipha .build/release/mipha] [--processes 2] [--set key=value ...]

DIR receives a model of 83 million random float32 weights, pictures and runs. Every run takes eight
updates of two micro-batches of one sample, each rank with one thread, all parameters learn, and states
inside segments are computed again. After the second update the kernel's record of the peak is cleared
(/proc/PID/clear_refs), after the sixth it is read (VmHWM of /proc/PID/status): so the table is about
training, without the start and without the last save.

The prediction is that of `mipha plan RUN --processes N`: the most that it gives for forward pass,
backward pass and optimiser. `--parts` prints what it is made of. Ends with status 1 when a prediction is
off by more than 10 %, or when a mode does not take less than the one before it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common  # noqa: E402

SIDE, PATCH, SAMPLES = 112, 16, 24
MODES = ["none", "zero1", "zero2", "zero3"]


def make(folder: Path, tokenizer: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    common.random_model(
        folder / "model", tokenizer, vocab=8192, hidden=640, heads=10, inner=2560, layers=12,
        rotary=0.5, vision_hidden=384, vision_heads=6, vision_inner=1536, vision_layers=6,
        image=SIDE, patch=PATCH,
    )  # fmt: skip
    random = numpy.random.default_rng(2)
    items = []
    for index in range(SAMPLES):
        common.random_picture(folder / f"{index}.png", SIDE, random)
        items.append(common.pictured(index, "a small red tree near the house"))
    (folder / "data.json").write_text(json.dumps(items) + "\n")


def planned(command: list[str]) -> dict:
    """The memory that a run is planned to take."""
    result = subprocess.run(
        [*command, "--json", "--no-probe"], capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout)["memory"]


def ranks(launcher: int) -> dict[int, int]:
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = re.search(r"PPid:\s+(\d+)", (entry / "status").read_text())
            if not parent or int(parent[1]) != launcher:
                continue
            for variable in (entry / "environ").read_bytes().split(b"\0"):
                if variable.startswith(b"RANK="):
                    found[int(variable[5:])] = int(entry.name)
        except OSError:
            continue
    return found


def steps(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def options(arguments: argparse.Namespace, mode: str) -> list[str]:
    """Run file and options of a run, which is removed."""
    folder = arguments.folder
    output = folder / f"run-{mode}"
    shutil.rmtree(output, ignore_errors=True)
    settings = {
        "model": folder / "model", "data_path": folder / "data.json", "image_folder": folder,
        "output_dir": output, "stage": "instruct", "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 2, "max_steps": 8, "learning_rate": 1e-4,
        "gradient_checkpointing": "true", "save_steps": 0, "logging_steps": 1,
        "dataloader_num_workers": 1, "tensorboard": "false", "sharding": mode,
    }  # fmt: skip
    run_file = folder / "run.yaml"
    common.write_run_file(run_file, settings)
    found = [str(run_file), "--processes", str(arguments.processes)]
    for setting in arguments.set:
        found += ["--set", setting]
    return found


def measure(arguments: argparse.Namespace, mode: str, command: list[str]) -> list[int]:
    output = arguments.folder / f"run-{mode}"
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    members: dict[int, int] = {}
    peaks: list[int] = []
    while process.poll() is None and not peaks:
        done = steps(output)
        if done >= 2 and not members:
            members = ranks(process.pid)
            for member in members.values():
                Path(f"/proc/{member}/clear_refs").write_text("5")
        if done >= 6:
            for rank in sorted(members):
                status = Path(f"/proc/{members[rank]}/status").read_text()
                peaks.append(int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024)
        time.sleep(0.01)
    errors = process.communicate()[1]
    if process.returncode or len(peaks) != arguments.processes:
        sys.exit(f"{mode}: status {process.returncode}, {len(peaks)} ranks measured\n{errors}")
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--mipha", type=Path, default=common.MIPHA)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--parts", action="store_true")
    arguments = parser.parse_args()
    arguments.folder = arguments.folder.resolve()
    if not (arguments.folder / "model").exists():
        make(arguments.folder, arguments.tokenizer)
    world = arguments.processes
    print(f"{world} ranks, MiB")
    print("| sharding | predicted | " + " | ".join(f"rank {r}" for r in range(world)) + " | error |")
    print("|---|---|" + "---|" * (world + 1))
    fails, before = False, None
    for mode in MODES:
        run = options(arguments, mode)
        memory = planned([arguments.mipha, "plan", *run])
        expected = max(memory["phases"][phase] for phase in ("forward", "backward", "optimizer"))
        peaks = measure(arguments, mode, [arguments.mipha, "train", *run])
        error = max((100 * (expected - peak) / peak for peak in peaks), key=abs)
        cells = " | ".join(f"{peak / 2**20:.0f}" for peak in peaks)
        print(f"| `{mode}` | {expected / 2**20:.0f} | {cells} | {error:+.1f} % |", flush=True)
        if arguments.parts:
            for name, size in memory["parts"].items():
                print(f"    {name}: {size / 2**20:.1f}")
        fails = fails or abs(error) > 10 or (before is not None and max(peaks) >= before)
        before = max(peaks)
    sys.exit(1 if fails else 0)


if __name__ == "__main__":
    main()
