"""Golden files of projectors that put squares of patches together, in Mipha's layout. Run by families.py.

The oracles are `pixel_shuffle` of transformers' Idefics3 and PyTorch's average pooling.
"""

from __future__ import annotations

import torch
from families import SIDE, TEXT, phi
from official_cases import Case, Model
from transformers import PhiForCausalLM, SiglipVisionConfig, SiglipVisionModel
from transformers.models.idefics3.modeling_idefics3 import Idefics3Connector

SQUARE = 2
GRID = 4
SIGLIP = dict(
    hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
    image_size=SIDE, patch_size=SIDE // GRID,
)  # fmt: skip


class Reduced(Model):
    def __init__(self, kind: str) -> None:
        super().__init__()
        tower, text = SiglipVisionConfig(**SIGLIP), phi()
        for part in (tower, text):
            part._attn_implementation = "eager"
        self.first, self.kind = SiglipVisionModel(tower), kind
        width = SIGLIP["hidden_size"] * (SQUARE * SQUARE if kind == "pixel_shuffle" else 1)
        self.projector = torch.nn.Sequential(
            torch.nn.Linear(width, TEXT["hidden_size"]),
            torch.nn.GELU(),
            torch.nn.Linear(TEXT["hidden_size"], TEXT["hidden_size"]),
        )
        self.language = PhiForCausalLM(text)

    def hidden(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.first(pixel_values=pixels, output_hidden_states=True).hidden_states[:-1]

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.hidden(pixels)[-1]

    def project(self, features: torch.Tensor) -> torch.Tensor:
        if self.kind == "pixel_shuffle":
            features = features.contiguous()
            return self.projector(Idefics3Connector.pixel_shuffle(None, features, SQUARE))
        grid = features.transpose(1, 2).unflatten(2, (GRID, GRID))
        pooled = torch.nn.functional.avg_pool2d(grid, SQUARE)
        return self.projector(pooled.flatten(2).transpose(1, 2))


class ReducedCase(Case):
    tokens = (GRID // SQUARE) ** 2
    kind: str

    def model(self) -> Reduced:
        return Reduced(self.kind)

    def vision_states(self, model: Reduced, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        found = {f"vision.{step}": state for step, state in enumerate(model.hidden(pixels))}
        return found | {"projector": model.project(model.features(pixels))}

    def vision(self) -> dict:
        tower = SiglipVisionConfig(**SIGLIP).to_diff_dict() | SIGLIP | {
            "mm_vision_select_layer": -2, "mm_vision_select_feature": "patch",
            "vision_model_name_or_path": "siglip", "model_type": "mipha_vision_model",
        }  # fmt: skip
        tower.pop("transformers_version", None)
        kind = f"{self.kind}{SQUARE}_mlp2x_gelu"
        return {"vision_tower": tower, "mm_projector": self.projector(kind, SIGLIP["hidden_size"])}


class ShuffleCase(ReducedCase):
    kind = "pixel_shuffle"


class PoolCase(ReducedCase):
    kind = "avg_pool"


# name: seed
CASES = {"siglip-shuffle-phi": ShuffleCase(2), "siglip-pool-phi": PoolCase(62)}
