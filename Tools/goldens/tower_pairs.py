"""Golden files of two vision towers side by side: features concatenated per patch, then projector and decoder.

The oracle is made of transformers' own towers and decoder: each tower sees its own pixels, its second last
hidden state without the class token is concatenated with that of the other on the last axis, and the result
stands in the text where an image is. No published folder has a form for it; folders are written in Mipha's
layout with `vision_tower_2` beside `vision_tower`. Run by families.py.
"""

from __future__ import annotations

import torch
from families import SIDE, TEXT, phi
from official_cases import Case, Model
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    PhiForCausalLM,
    SiglipVisionConfig,
    SiglipVisionModel,
)

SIDE_2 = 14
SIGLIP = dict(
    hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
    image_size=SIDE, patch_size=5,
)  # fmt: skip
CLIP = dict(
    hidden_size=12, intermediate_size=20, num_hidden_layers=4, num_attention_heads=2,
    image_size=SIDE_2, patch_size=4,
)  # fmt: skip


class TowerPair(Model):
    """Pixels of an image are those of both towers in one row, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        first, second, text = SiglipVisionConfig(**SIGLIP), CLIPVisionConfig(**CLIP), phi()
        for part in (first, second, text):
            part._attn_implementation = "eager"
        self.first, self.second = SiglipVisionModel(first), CLIPVisionModel(second)
        width = SIGLIP["hidden_size"] + CLIP["hidden_size"]
        self.projector = torch.nn.Sequential(
            torch.nn.Linear(width, TEXT["hidden_size"]),
            torch.nn.GELU(),
            torch.nn.Linear(TEXT["hidden_size"], TEXT["hidden_size"]),
        )
        self.language = PhiForCausalLM(text)

    def hidden(self, pixels: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
        """Of each tower the states up to the last block that is run."""
        count = pixels.shape[0]
        cut = 3 * SIDE * SIDE
        parts = [
            pixels[:, :cut].reshape(count, 3, SIDE, SIDE),
            pixels[:, cut:].reshape(count, 3, SIDE_2, SIDE_2),
        ]
        towers = (self.first, self.second)
        return [
            tower(pixel_values=part, output_hidden_states=True).hidden_states[:-1]
            for tower, part in zip(towers, parts, strict=True)
        ]

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        first, second = (states[-1] for states in self.hidden(pixels))
        return torch.cat([first, second[:, 1:]], dim=-1)


class PairCase(Case):
    tokens = 9

    def model(self) -> TowerPair:
        return TowerPair()

    def draw_pixels(self, count: int, generator: torch.Generator) -> torch.Tensor:
        values = 3 * (SIDE * SIDE + SIDE_2 * SIDE_2)
        return torch.rand((count, values), generator=generator) * 2 - 1

    def split(self, pixels: torch.Tensor, suffix: str = "") -> dict[str, torch.Tensor]:
        cut, count = 3 * SIDE * SIDE, pixels.shape[0]
        return {
            f"pixel_values{suffix}": pixels[:, :cut].reshape(count, 3, SIDE, SIDE),
            f"pixel_values_2{suffix}": pixels[:, cut:].reshape(count, 3, SIDE_2, SIDE_2),
        }

    def vision_states(self, model: TowerPair, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the chain of both towers holds: last blocks together, vectors of the first first."""
        towers = model.hidden(pixels)
        depth = max(len(states) for states in towers) - 1
        found = {}
        for step in range(depth):
            states = [own[max(0, step - depth + len(own) - 1)].flatten(1) for own in towers]
            found[f"vision.{step}"] = torch.cat(states, dim=1)
        found[f"vision.{depth}"] = model.features(pixels)
        found["projector"] = model.projector(model.features(pixels))
        return found

    def vision(self) -> dict:
        tower = {"mm_vision_select_layer": -2, "mm_vision_select_feature": "patch"}
        first = SiglipVisionConfig(**SIGLIP).to_diff_dict() | SIGLIP | tower
        second = CLIPVisionConfig(**CLIP).to_diff_dict() | CLIP | tower
        first |= {"vision_model_name_or_path": "siglip", "model_type": "mipha_vision_model"}
        second |= {"vision_model_name_or_path": "clip", "model_type": "mipha_vision_model"}
        for part in (first, second):
            part.pop("transformers_version", None)
        width = SIGLIP["hidden_size"] + CLIP["hidden_size"]
        return {
            "vision_tower": first, "vision_tower_2": second,
            "mm_projector": self.projector("mlp2x_gelu", width),
        }  # fmt: skip


# name: seed
CASES = {"siglip-clip-phi": PairCase(64)}
