"""Golden files of vision towers at other image sizes, with interpolated positions. Run by families.py.

For each family and image size: pixels, the features that a model of transformers takes from its tower
(`interpolate_pos_encoding=True` where there is the flag), and the table of positions that it adds, in
float32 and in bfloat16. DINOv2's table is also interpolated as transformers 4.38 does.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from families import SIDE, build
from fixtures import save

# The case whose weights are used, and image sizes: its own, a smaller and a larger one.
SIZES = {
    "siglip-phi": [17, 11, 34],
    "clip-llama": [17, 11, 34],
    "dinov2-llama": [33, 20, 47],
    "dinov2-registers-phi": [33, 20, 47],
}
assert SIDE == 17


def table(tower, size: int) -> torch.Tensor:
    """The positions that the tower adds for images of a size, `[1, rows, width]`."""
    embeddings = tower.embeddings
    patches = (size // embeddings.patch_size) ** 2
    has_class = hasattr(embeddings, "class_embedding") or hasattr(embeddings, "cls_token")
    width = tower.config.hidden_size
    like = torch.zeros(1, patches + int(has_class), width)
    return embeddings.interpolate_pos_encoding(like, size, size).detach()


def scale_factor_table(stored: torch.Tensor, patch: int, size: int) -> torch.Tensor:
    """DINOv2's in transformers 4.38."""
    side = math.isqrt(stored.shape[1] - 1)
    grid = stored[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    factor = (size // patch + 0.1) / math.sqrt(stored.shape[1] - 1)
    resized = torch.nn.functional.interpolate(
        grid, scale_factor=(factor, factor), mode="bicubic", align_corners=False
    )
    rows = resized.permute(0, 2, 3, 1).reshape(1, -1, stored.shape[-1])
    return torch.cat([stored[:, :1], rows], dim=1)


@torch.no_grad()
def make(folder: Path, cases: dict) -> None:
    for name, sizes in SIZES.items():
        tensors = {}
        strategy, seed = cases[name][2], cases[name][4]
        model = build(name, seed)
        tower = model.model.vision_tower
        generator = torch.Generator().manual_seed(seed + 3000)
        has_flag = not hasattr(tower.embeddings, "cls_token")
        flag = {"interpolate_pos_encoding": True} if has_flag else {}
        for size in sizes:
            pixels = torch.rand((1, 3, size, size), generator=generator) * 2 - 1
            states = tower(pixels, output_hidden_states=True, **flag).hidden_states[-2]
            tensors[f"pixels.{size}"] = pixels
            tensors[f"features.{size}"] = states[:, 1:] if strategy == "default" else states
            tensors[f"table.{size}"] = table(tower, size)
        if not has_flag:
            stored = tower.embeddings.position_embeddings.detach()
            for size in sizes[1:]:
                tensors[f"scaled.{size}"] = scale_factor_table(
                    stored, tower.config.patch_size, size
                )
        tower = tower.to(torch.bfloat16)
        for size in sizes[1:]:
            tensors[f"bfloat16.{size}"] = table(tower, size).float()
        save(folder / name / "resolutions.safetensors", tensors)
