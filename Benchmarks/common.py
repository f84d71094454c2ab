"""What the scripts of this folder share: models of random weights, run files, measured processes.

Imports nothing beyond the standard library until a model is made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MIPHA = ROOT / ".build/release/mipha"
WORDS = "the a red blue small large dog cat house tree stands runs near under over sky".split()


def random_model(folder: Path, tokenizer: Path, **shape: int | float) -> int:
    """Writes a model folder of random float32 weights: N(0, 0.02), norm weights 1.

    `shape` is that of `official_config`. Returns the number of parameters. Needs torch,
    transformers and safetensors.
    """
    sys.path.insert(0, str(ROOT / "Tools" / "reference"))
    import torch
    from mipha_reference import MiphaReference, official_config, preprocessor
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = official_config(**shape)
    with torch.device("meta"):
        model = MiphaReference(config)
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name, parameter in model.official_parameters().items():
        value = torch.empty(parameter.shape)
        if "norm" in name and name.endswith(".weight"):
            value.fill_(1)
        else:
            value.normal_(0, 0.02, generator=generator)
        tensors[name] = value
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "preprocessor_config.json").write_text(
        json.dumps(preprocessor(int(shape["image"])), indent=2) + "\n"
    )
    for source in sorted(tokenizer.iterdir()):
        if source.is_file():
            shutil.copyfile(source, folder / source.name)
    return sum(tensor.numel() for tensor in tensors.values())


def random_picture(path: Path, side: int, random) -> None:
    """Writes a square picture of noise; `random` is numpy's generator."""
    import numpy
    from PIL import Image

    Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=numpy.uint8)).save(path)


def pictured(
    index: int, answer: str, question: str = "What is it?", picture: int | None = None
) -> dict:
    """A conversation about the picture `index`.png, or another one."""
    turns = [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]
    image = f"{index if picture is None else picture}.png"
    return {"id": str(index), "image": image, "conversations": turns}


def write_run_file(path: Path, settings: dict[str, object]) -> None:
    def text(value: object) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    path.write_text("".join(f"{key}: {text(value)}\n" for key, value in settings.items()))


@dataclass(frozen=True)
class Finished:
    """A process that ended with status 0.

    Its peak is never less than the memory of the program that started it.
    """

    output: str
    peak_bytes: int
    user_seconds: float
    system_seconds: float


def finish(command: Sequence[object]) -> Finished:
    """Runs a command to its end; when it fails, its errors are the last words of this program."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(words, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        output.seek(0)
        errors.seek(0)
        if status != 0:
            said = errors.read().decode(errors="replace")
            sys.exit(f"failed with status {status}: {' '.join(words)}\n{said}")
        return Finished(
            output.read().decode(), usage.ru_maxrss * 1024, usage.ru_utime, usage.ru_stime
        )


def train(
    mipha: Path, run_file: Path, settings: dict[str, object], threads: int,
    more: Sequence[str] = (), prefix: Sequence[str] = (),
) -> tuple[list[dict], Finished]:  # fmt: skip
    """A run from its start: the lines of its metrics, and its process. The output is removed."""
    output = Path(str(settings["output_dir"]))
    shutil.rmtree(output, ignore_errors=True)
    write_run_file(run_file, settings)
    done = finish(
        [*prefix, mipha, "train", run_file, "--resume", "never", "--threads", threads, *more]
    )
    lines = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    shutil.rmtree(output)
    return lines, done
