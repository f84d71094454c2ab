"""Runs of the executable, and what they left behind; the standard library alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Done:
    status: int
    output: str
    errors: str
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)

    def last_words(self) -> str:
        return self.errors.strip()[-600:]


class Failed(Exception):
    """A run of the program that should have succeeded."""


@dataclass
class Program:
    mipha: Path
    device: str
    libraries: list[Path]
    work: Path
    preload: Path | None = None  # counts waits and copies; the pretend device is always preloaded
    pretend: Path | None = None
    dry: bool = False
    number: int = 0

    def run(
        self, arguments: list[str], device: str | None = None, counted: bool = False,
        prefix: list[str] = [], room: int | None = None, may_fail: bool = False,
        timeout: float = 500,
    ) -> Done:  # fmt: skip
        """Runs a command on a device, by default the one that is checked."""
        device = device or self.device
        self.number += 1
        report = self.work / f"report-{self.number}"
        environment = dict(os.environ)
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, self.libraries))
        preload = None
        if self.pretend is not None and device != "cpu":
            preload = self.pretend
            environment["MIPHA_PRETEND"] = "hostile"
            environment["MIPHA_PRETEND_REPORT"] = str(report)
            if room is not None:
                environment["MIPHA_PRETEND_BYTES"] = str(room)
        elif counted and device != "cpu":
            preload = self.preload
            environment["MIPHA_WAITS_REPORT"] = str(report)
        command = [*prefix, str(self.mipha), *map(str, arguments), "--device", device]
        if preload is not None:  # of the program alone, not of what runs it
            environment["LD_PRELOAD"] = str(preload)
        started = time.perf_counter()
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{arguments[0]} took more than {timeout} s") from error
        result = Done(done.returncode, done.stdout, done.stderr, time.perf_counter() - started)
        if report.exists():
            for line in report.read_text().splitlines():
                name, value = line.rsplit(" ", 1)
                result.counts[name] = int(value)
            report.unlink()
        if done.returncode != 0 and not may_fail:
            raise Failed(
                f"mipha {arguments[0]} on {device}: status {done.returncode}: "
                + result.last_words()
            )
        return result

    # ---- Training

    def train(
        self, settings: dict[str, object], device: str | None = None, keep: bool = False,
        **options,
    ) -> "Run":  # fmt: skip
        """A training run in a folder of its own, which is removed afterwards unless kept."""
        self.number += 1
        output = self.work / f"run-{self.number}"
        shutil.rmtree(output, ignore_errors=True)
        values = {
            "output_dir": output, "stage": "instruct", "learning_rate": 1e-3, "warmup_ratio": 0,
            "lr_scheduler_type": "constant", "save_steps": 0, "max_steps": 4, "seed": 3,
            "tensorboard": "false", "logging_steps": 1, "threads": 1 if self.dry else 16,
        } | settings  # fmt: skip
        resume = values.pop("resume", None)
        path = self.work / f"run-{self.number}.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in values.items()))
        arguments = ["train", path] + (["--resume", resume] if resume else [])
        done = self.run(arguments, device, **options)
        run = Run(output, done)
        if not keep:
            shutil.rmtree(output, ignore_errors=True)
        return run


class Run:
    """What a training run left."""

    def __init__(self, output: Path, done: Done) -> None:
        self.output, self.done = output, done
        path = output / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        self.lines = [json.loads(line) for line in lines]
        self.losses = [line["loss"] for line in self.lines if "loss" in line]
        self.seconds = [line["seconds"] for line in self.lines if "seconds" in line]
        path = output / "incidents.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        self.incidents = [json.loads(line)["kind"] for line in lines]

    @property
    def update(self) -> float:
        """Seconds of an update, the shortest but for the first two, which also warm up."""
        return min(self.seconds[2:] or self.seconds)

    @property
    def device_peak(self) -> float | None:
        """GB of tensors on the device at most, from the last line of the run."""
        found = re.search(r"([0-9.]+) GB (?:of tensors )?on (?!this)\S*", self.done.errors)
        return float(found.group(1)) if found else None

    def weights(self) -> dict[str, bytes]:
        return {
            path.name: path.read_bytes() for path in sorted(self.output.glob("*.safetensors"))
        }


def apart(one: list[float], other: list[float]) -> float:
    """The largest relative difference of two lists of losses."""
    if len(one) != len(other) or not one:
        return float("inf")
    gaps = [abs(a - b) / abs(b) for a, b in zip(one, other)]
    return max(gaps) if all(gap == gap for gap in gaps) else float("inf")
