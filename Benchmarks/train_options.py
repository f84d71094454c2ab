"""What the options of `mipha train` cost and save, as tables of RESULTS.md.

    python Benchmarks/train_options.py DIR [--mipha .build/release/mipha] [--steps 3] [--rounds 1]
        [--threads 2] [--only options,checkpointing,packing,head] [--prefix COMMAND]

DIR is a folder of Benchmarks/peers/train_step.py --make. Every row is a process of its own, rows take
turns when there are several rounds. Seconds are medians of the updates after the first, memory is the
largest peak of the processes.

options  activation checkpointing, updates in the backward pass, 8-bit moments, in both dtypes
checkpointing  sixteen samples of 206 to 496 positions in bfloat16, with and without
packing  eight samples of 206 to 496 positions, padded or in one row: tokens per second
head     head and loss, forward and backward, in PyTorch: over all 1,144 positions as transformers
         computes them, and over the 360 supervised ones only, as mipha does (which also never holds
         more than 24 MiB of their logits)
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import common

OPTIONS = {
    "none": {},
    "gradient_checkpointing": {"gradient_checkpointing": "true"},
    "optimizer_in_backward": {"optimizer_in_backward": "true"},
    "optim: adamw_8bit": {"optim": "adamw_8bit"},
    "the last two": {"optimizer_in_backward": "true", "optim": "adamw_8bit"},
    "all three": {
        "gradient_checkpointing": "true", "optimizer_in_backward": "true", "optim": "adamw_8bit",
    },
}  # fmt: skip


def ragged(folder: Path) -> Path:
    generator = random.Random(3)
    samples = []
    for index in range(32):
        count = generator.randint(10, 300)
        caption = " ".join(generator.choice(common.WORDS) for _ in range(count))
        samples.append(common.pictured(index, caption, "What?", index % 4))
    path = folder / "ragged.json"
    path.write_text(json.dumps(samples) + "\n")
    return path


def train(arguments: argparse.Namespace, settings: dict) -> dict:
    folder = arguments.folder
    values = {
        "model": folder / "model", "output_dir": folder / "run", "stage": "instruct",
        "data_path": folder / "data.json", "image_folder": folder, "template": "plain",
        "per_device_train_batch_size": 4, "max_steps": arguments.steps, "learning_rate": 1e-4,
        "lr_scheduler_type": "constant", "warmup_ratio": 0, "save_steps": 0,
    } | settings  # fmt: skip
    lines, done = common.train(
        arguments.mipha, folder / "run.yaml", values, arguments.threads,
        prefix=shlex.split(arguments.prefix),
    )  # fmt: skip
    return {
        "losses": [line["loss"] for line in lines],
        "seconds": [line["seconds"] for line in lines[1:]],
        "tokens": [line["tokens"] for line in lines[1:]],
        "peak": done.peak_bytes,
    }


def rows(arguments: argparse.Namespace, variants: dict[str, dict]) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {name: [] for name in variants}
    for _ in range(arguments.rounds):
        for name, settings in variants.items():
            found[name].append(train(arguments, settings))
    return found


def options(arguments: argparse.Namespace) -> None:
    for dtype in ("float32", "bfloat16"):
        print(f"\n| {dtype} | step | peak memory | last loss |\n|---|---|---|---|")
        variants = {name: {"dtype": dtype} | more for name, more in OPTIONS.items()}
        print_steps(rows(arguments, variants))


def checkpointing(arguments: argparse.Namespace) -> None:
    data = {
        "data_path": ragged(arguments.folder), "per_device_train_batch_size": 16,
        "dtype": "bfloat16", "optim": "adamw_8bit",
    }  # fmt: skip
    print("\n| sixteen ragged samples | step | peak memory | last loss |\n|---|---|---|---|")
    variants = {"none": data, "gradient_checkpointing": data | {"gradient_checkpointing": "true"}}
    print_steps(rows(arguments, variants))


def print_steps(found: dict[str, list[dict]]) -> None:
    for name, runs in found.items():
        seconds = statistics.median([s for run in runs for s in run["seconds"]])
        peak = max(run["peak"] for run in runs) / 1e9
        print(f"| {name} | {seconds:.2f} s | {peak:.2f} GB | {runs[0]['losses'][-1]:.6f} |")
        sys.stdout.flush()


def packing(arguments: argparse.Namespace) -> None:
    data = {"data_path": ragged(arguments.folder), "per_device_train_batch_size": 8}
    variants = {
        "padded": data, "packed": data | {"packing": "true"},
    }  # fmt: skip
    print("\n| eight ragged samples | tokens/s | peak memory | losses |\n|---|---|---|---|")
    for name, runs in rows(arguments, variants).items():
        tokens = sum(t for run in runs for t in run["tokens"])
        seconds = sum(s for run in runs for s in run["seconds"])
        peak = max(run["peak"] for run in runs) / 1e9
        losses = " ".join(f"{loss:.6f}" for loss in runs[0]["losses"])
        print(f"| {name} | {tokens / seconds:.0f} | {peak:.2f} GB | {losses} |")


def measure_head(count: int, threads: int) -> None:
    """One process: head and loss over `count` of 1,144 positions."""
    import resource

    import torch

    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(1144, 768, generator=generator).requires_grad_(True)
    head = (torch.randn(51200, 768, generator=generator) * 0.02).requires_grad_(True)
    targets = torch.full((1144,), -100)
    targets[:360] = torch.randint(0, 51200, (360,), generator=generator)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(4):
        started = time.perf_counter()
        logits = torch.nn.functional.linear(states[:count], head)
        loss = torch.nn.functional.cross_entropy(logits.float(), targets[:count], reduction="sum")
        loss.backward()
        del logits
        states.grad = head.grad = None
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"loss": loss.item(), "seconds": seconds[1:], "bytes": peak * 1024}))


def head(arguments: argparse.Namespace) -> None:
    print("\n| head and loss, forward and backward | time | memory | loss |\n|---|---|---|---|")
    for name, count in (("all 1,144 positions", 1144), ("the 360 supervised", 360)):
        command = [sys.executable, __file__, str(arguments.folder), "--measure-head", str(count)]
        command += ["--threads", str(arguments.threads)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(
            f"| {name} | {statistics.median(found['seconds']):.2f} s | "
            f"{found['bytes'] / 1e9:.2f} GB | {found['loss']:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mipha", type=Path, default=common.MIPHA)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="options,checkpointing,packing,head")
    parser.add_argument("--prefix", default="", help="command to run mipha with")
    parser.add_argument("--measure-head", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure_head:
        measure_head(arguments.measure_head, arguments.threads)
        return
    parts = {
        "options": options, "checkpointing": checkpointing, "packing": packing, "head": head,
    }  # fmt: skip
    for part in arguments.only.split(","):
        parts[part](arguments)


if __name__ == "__main__":
    main()
