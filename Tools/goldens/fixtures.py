"""What the makers of the golden files share: drawing values, writing files, the manifest."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import sys
from pathlib import Path

import safetensors
import torch
import transformers
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
from mipha_reference import (  # noqa: E402
    IGNORE,
    IMAGE,
    PROJECTOR_PREFIX,
    VISION_PREFIX,
    MiphaReference,
    preprocessor,
)

LIMIT = 200_000
STEPS = 64
MARGIN = 4e-3


def draw(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float32)


def randomise(parameters: dict[str, torch.Tensor], generator: torch.Generator) -> None:
    """Non-trivial values everywhere, biases and norm weights included, in order of name."""
    for name in sorted(parameters):
        value = parameters[name]
        noise = draw(tuple(value.shape), generator)
        if "norm" in name:
            noise = 1 + 0.2 * noise if name.endswith("weight") else 0.15 * noise
        elif name.endswith("bias"):
            noise = noise * (0.6 if name.startswith("lm_head") else 0.2)
        elif "embed_tokens" in name or name.endswith("probe"):
            noise = noise * 0.8
        elif "position_embedding" in name:
            noise = noise * 0.4
        else:
            fan_in = math.prod(value.shape[1:])
            gain = (
                2.5 if "lm_head" in name else 1.6 if "q_proj" in name or "k_proj" in name else 1.1
            )
            noise = noise * (gain / math.sqrt(fan_in))
        with torch.no_grad():
            value.copy_(noise)


def make_rows(
    layout: list[list], vocab: int, generator: torch.Generator
) -> tuple[list[torch.Tensor], list[torch.Tensor], list[int]]:
    """Ids with IMAGE markers, labels, and the image blocks each row owns (at least one)."""
    rows, labels, slots = [], [], []
    for layout_row in layout:
        ids: list[int] = []
        marks: list[int] = []
        for piece in layout_row:
            if piece == "image":
                ids.append(IMAGE)
                marks.append(IGNORE)
                continue
            count, supervised = piece if isinstance(piece, tuple) else (piece, False)
            new = torch.randint(3, vocab - 1, (count,), generator=generator).tolist()
            ids += new
            marks += new if supervised else [IGNORE] * count
        rows.append(torch.tensor(ids, dtype=torch.long))
        labels.append(torch.tensor(marks, dtype=torch.long))
        slots.append(max(1, ids.count(IMAGE)))
    return rows, labels, slots


def make_pixels(
    rows: list[torch.Tensor], slots: list[int], size: int, generator: torch.Generator
) -> torch.Tensor:
    """[blocks, 3, size, size] in [-1, 1]; the block of a text-only row is zero."""
    blocks = []
    for ids, count in zip(rows, slots, strict=True):
        block = torch.rand((count, 3, size, size), generator=generator) * 2 - 1
        blocks.append(block if (ids == IMAGE).any() else torch.zeros_like(block))
    return torch.cat(blocks)


def contiguous(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().contiguous().clone() for name, value in tensors.items()}


def save(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(contiguous(tensors), path)
    size = path.stat().st_size
    if size > LIMIT:
        raise SystemExit(f"{path}: {size} bytes, the limit is {LIMIT}")


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def save_checkpoint(folder: Path, config: dict, parameters: dict, shards: int) -> None:
    write_json(folder / "config.json", config)
    size = config["vision_config"]["vision_tower"]["image_size"]
    write_json(folder / "preprocessor_config.json", preprocessor(size))
    if shards == 1:
        save_file(contiguous(parameters), folder / "model.safetensors", {"format": "pt"})
        check_size(folder / "model.safetensors")
        return
    names = sorted(parameters)
    language = [n for n in names if not n.startswith((VISION_PREFIX, PROJECTOR_PREFIX))]
    groups = [language, [n for n in names if n not in set(language)]]
    weight_map = {}
    for index, group in enumerate(groups, 1):
        file = f"model-{index:05d}-of-{len(groups):05d}.safetensors"
        save_file(contiguous({n: parameters[n] for n in group}), folder / file, {"format": "pt"})
        check_size(folder / file)
        weight_map |= {name: file for name in group}
    total = sum(p.numel() * p.element_size() for p in parameters.values())
    write_json(
        folder / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": weight_map},
    )


def check_size(path: Path) -> None:
    if path.stat().st_size > LIMIT:
        raise SystemExit(f"{path}: {path.stat().st_size} bytes, the limit is {LIMIT}")


def deviation(value: torch.Tensor, reference: torch.Tensor) -> float:
    """Largest absolute difference over the largest magnitude of the reference."""
    difference = (value.double() - reference.double()).abs().max().item()
    return difference / max(reference.double().abs().max().item(), 1e-300)


def copy_model(
    model: MiphaReference, config: dict, dtype: torch.dtype, attention: str = "eager"
) -> MiphaReference:
    other = MiphaReference(config, attention)
    other.load_state_dict(model.state_dict())
    return other.to(dtype).eval()


def scientific(value: float) -> float:
    return float(f"{value:.2e}")


def prompts_of(layout, vocab, size, seed):
    generator = torch.Generator().manual_seed(seed + 1000)
    prompts = []
    for ids in make_rows(layout, vocab, generator)[0]:
        count = int((ids == IMAGE).sum())
        prompts.append((ids, torch.rand((count, 3, size, size), generator=generator) * 2 - 1))
    return prompts


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def describe(path: Path) -> dict:
    entry: dict = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    if path.suffix == ".safetensors":
        with safetensors.safe_open(path, framework="pt") as file:
            names = sorted(file.keys())
            entry["tensors"] = {
                name: f"{file.get_slice(name).get_dtype()}{file.get_slice(name).get_shape()}"
                for name in names
            }
    return entry


def write_manifest(
    output: Path, reports: dict, script: str = "Tools/goldens/models.py"
) -> None:
    files = sorted(p for p in output.rglob("*") if p.is_file() and p.name != "manifest.json")
    for path in files:
        path.chmod(0o644)
    write_json(
        output / "manifest.json",
        {
            "script": script,
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "safetensors": safetensors.__version__,
            },
            "cases": reports,
            "files": {str(p.relative_to(output)): describe(p) for p in files},
        },
    )
