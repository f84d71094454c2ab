"""Peak memory of each rank for every kind of sharding, beside what it should be.

    python Benchmarks/ranks/memory.py DIR --tokenizer Fixtures/tokenizers/small
        [--mipha .build/release/mipha] [--processes 2] [--set key=value ...]

DIR receives a model of 83 million random float32 weights, pictures and runs. Every run takes eight
updates of two micro-batches of one sample, each rank with one thread, all parameters learn, and states
inside segments are computed again. After the second update the kernel's record of the peak is cleared
(/proc/PID/clear_refs), after the sixth it is read (VmHWM of /proc/PID/status): so the table is about
training, without the start and without the last save.

The prediction is made of weights, gradients, AdamW's two moments, each whole or shared out, and what is
in transit (MiphaTraining, ShardLayout.predictedBytes). What does not depend on the mode (program,
activations, buffers) is measured as the rest of the mode `none`, so that the first row agrees by
construction; the others are predicted.
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


def segment(name: str) -> tuple[int, int]:
    """The place of the segment that reads a parameter first."""
    block = re.search(r"\.layers\.(\d+)\.", name)
    if "vision_tower" in name:
        if block:
            return (1, int(block[1]))
        return (0, 0) if "embeddings" in name else (5, 0)
    if "mm_projector" in name or "embed_tokens" in name:
        return (2, 0)
    if block:
        return (3, int(block[1]))
    return (4, 0)


def units(model: Path) -> list[int]:
    """Bytes of the parameters of each segment, in order."""
    with (model / "model.safetensors").open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    sizes: dict[tuple[int, int], int] = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            sizes[segment(name)] = sizes.get(segment(name), 0) + end - begin
    return [sizes[place] for place in sorted(sizes)]


def predicted(mode: str, sizes: list[int], world: int) -> float:
    # The last unit (the tower's pooling head) is read by no segment and has no gradients.
    weights, gradients = sum(sizes), sum(sizes[:-1])
    largest = max(sizes)
    pair = max(a + b for a, b in zip(sizes[:-1], sizes[1:-1]))
    moments = 2 * sum(sizes[:-1])
    return {
        "none": weights + gradients + moments + 3 * largest,
        "zero1": weights + gradients + moments / world + 2 * largest,
        "zero2": weights + (gradients + moments) / world + 3 * largest,
        "zero3": (weights + gradients + moments) / world + pair + 3 * largest,
    }[mode]


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


def measure(arguments: argparse.Namespace, mode: str) -> list[int]:
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
    command = [
        arguments.mipha, "train", run_file, "--processes", str(arguments.processes),
    ]  # fmt: skip
    for setting in arguments.set:
        command += ["--set", setting]
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
    arguments = parser.parse_args()
    arguments.folder = arguments.folder.resolve()
    if not (arguments.folder / "model").exists():
        make(arguments.folder, arguments.tokenizer)
    sizes = units(arguments.folder / "model")
    world = arguments.processes
    print(f"{sum(sizes) // 4:,} parameters, {world} ranks, MiB")
    print("| sharding | predicted | " + " | ".join(f"rank {r}" for r in range(world)) + " | error |")
    print("|---|---|" + "---|" * (world + 1))
    rest = None
    for mode in MODES:
        peaks = measure(arguments, mode)
        if rest is None:
            rest = max(peaks) - predicted(mode, sizes, world)
        expected = rest + predicted(mode, sizes, world)
        worst = max((abs(peak - expected) / expected, peak) for peak in peaks)[1]
        error = 100 * (worst - expected) / expected
        cells = " | ".join(f"{peak / 2**20:.0f}" for peak in peaks)
        print(f"| `{mode}` | {expected / 2**20:.0f} | {cells} | {error:+.1f} % |", flush=True)


if __name__ == "__main__":
    main()
