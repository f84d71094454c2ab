"""A Mipha model composed from the modules of `transformers`, to make and compare numbers.

SiglipVisionModel (hidden_states[mm_vision_select_layer], no post-norm), an nn.Sequential projector
with exact GELU, and PhiForCausalLM fed with `inputs_embeds`. The checkpoint layout is official:

    model.vision_tower.vision_model.*   SigLIP, with the last block, post_layernorm and the head
    model.mm_projector.*                linear: weight, bias; mlp{N}x_gelu: 0.*, 2.*, ...
    model.*, lm_head.*                  Phi, lm_head with bias
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn
from transformers import PhiConfig, PhiForCausalLM, SiglipVisionConfig, SiglipVisionModel

IGNORE = -100
IMAGE = -200
VISION_PREFIX = "model.vision_tower.vision_model."
PROJECTOR_PREFIX = "model.mm_projector."


def official_config(
    *,
    vocab: int,
    hidden: int,
    heads: int,
    inner: int,
    layers: int,
    rotary: float,
    vision_hidden: int,
    vision_heads: int,
    vision_inner: int,
    vision_layers: int,
    image: int,
    patch: int,
    select_layer: int = -2,
    projector: str = "mlp2x_gelu",
    theta: float = 10000.0,
    resid_pdrop: float = 0.0,
    dtype: str = "float32",
    tower_name: str = "siglip-tiny-random",
    norm_eps: float = 1e-05,
    vision_norm_eps: float = 1e-06,
) -> dict:
    """config.json of the official layout: language fields on top, `vision_config` nested."""
    return {
        "architectures": ["MiphaPhiForCausalLM"],
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "embd_pdrop": 0.0,
        "eos_token_id": 2,
        "freeze_vision_tower": False,
        "hidden_act": "gelu_new",
        "hidden_size": hidden,
        "image_aspect_ratio": "pad",
        "initializer_range": 0.02,
        "intermediate_size": inner,
        "layer_norm_eps": norm_eps,
        "max_position_embeddings": 2048,
        "mm_use_im_patch_token": False,
        "mm_use_im_start_end": False,
        "model_type": "mipha_phi",
        "non_lora_lr": None,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": heads,
        "partial_rotary_factor": rotary,
        "qk_layernorm": False,
        "resid_pdrop": resid_pdrop,
        "rope_scaling": None,
        "rope_theta": theta,
        "tie_word_embeddings": False,
        "tokenizer_model_max_length": 2048,
        "tokenizer_padding_side": "right",
        "torch_dtype": dtype,
        "transformers_version": "4.37.1",
        "tune_mm_mlp_adapter": True,
        "use_cache": True,
        "vision_config": {
            "mm_projector": {
                "hidden_size": hidden,
                "mm_hidden_size": vision_hidden,
                "mm_projector_type": projector,
                "model_type": "mipha_projector",
            },
            "vision_tower": {
                "attention_dropout": 0.0,
                "hidden_act": "gelu_pytorch_tanh",
                "hidden_size": vision_hidden,
                "image_size": image,
                "initializer_factor": 1.0,
                "initializer_range": 0.02,
                "intermediate_size": vision_inner,
                "layer_norm_eps": vision_norm_eps,
                "mm_vision_select_feature": "patch",
                "mm_vision_select_layer": select_layer,
                "model_type": "mipha_vision_model",
                "num_attention_heads": vision_heads,
                "num_channels": 3,
                "num_hidden_layers": vision_layers,
                "patch_size": patch,
                "projection_dim": 512,
                "vision_model_name_or_path": tower_name,
            },
        },
        "vocab_size": vocab,
    }


def preprocessor(image: int) -> dict:
    """preprocessor_config.json of a SigLIP tower with `image` pixels a side."""
    return {
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "SiglipImageProcessor",
        "image_std": [0.5, 0.5, 0.5],
        "resample": 3,
        "rescale_factor": 0.00392156862745098,
        "size": {"height": image, "width": image},
    }


def phi_config(config: dict, attention: str = "eager") -> PhiConfig:
    """The Phi configuration of the language fields on the top level of an official config."""
    return PhiConfig(
        vocab_size=config["vocab_size"],
        hidden_size=config["hidden_size"],
        intermediate_size=config["intermediate_size"],
        num_hidden_layers=config["num_hidden_layers"],
        num_attention_heads=config["num_attention_heads"],
        num_key_value_heads=config.get("num_key_value_heads"),
        resid_pdrop=config.get("resid_pdrop", 0.0),
        embd_pdrop=config.get("embd_pdrop", 0.0),
        attention_dropout=config.get("attention_dropout", 0.0),
        hidden_act=config["hidden_act"],
        max_position_embeddings=config["max_position_embeddings"],
        layer_norm_eps=config["layer_norm_eps"],
        rope_parameters={
            "rope_type": "default",
            "rope_theta": config.get("rope_theta", 10000.0),
            "partial_rotary_factor": config.get("partial_rotary_factor", 0.5),
        },
        qk_layernorm=False,
        tie_word_embeddings=False,
        bos_token_id=config.get("bos_token_id"),
        eos_token_id=config.get("eos_token_id"),
        # None on purpose: with a pad id, nn.Embedding would drop the gradient of that row.
        pad_token_id=None,
        attn_implementation=attention,
    )


def siglip_config(tower: dict, attention: str = "eager") -> SiglipVisionConfig:
    """The SigLIP configuration of `vision_config.vision_tower`."""
    return SiglipVisionConfig(
        hidden_size=tower["hidden_size"],
        intermediate_size=tower["intermediate_size"],
        num_hidden_layers=tower["num_hidden_layers"],
        num_attention_heads=tower["num_attention_heads"],
        num_channels=tower.get("num_channels", 3),
        image_size=tower["image_size"],
        patch_size=tower["patch_size"],
        hidden_act=tower["hidden_act"],
        layer_norm_eps=tower["layer_norm_eps"],
        attention_dropout=0.0,
        attn_implementation=attention,
    )


def make_projector(projector: dict) -> nn.Module:
    """`linear` or `mlp{N}x_gelu` (exact GELU between the layers)."""
    kind = projector["mm_projector_type"]
    inner, outer = projector["mm_hidden_size"], projector["hidden_size"]
    if kind == "linear":
        return nn.Linear(inner, outer)
    match = re.fullmatch(r"mlp(\d+)x_gelu", kind)
    if not match:
        raise ValueError(f"unknown mm_projector_type {kind!r}")
    layers: list[nn.Module] = [nn.Linear(inner, outer)]
    for _ in range(1, int(match.group(1))):
        layers += [nn.GELU(), nn.Linear(outer, outer)]
    return nn.Sequential(*layers)


@dataclass
class Spliced:
    """A batch after splicing: right-padded with zero vectors, IGNORE labels and False."""

    embeddings: torch.Tensor  # [rows, length, width]
    labels: torch.Tensor  # [rows, length], int64
    mask: torch.Tensor  # [rows, length], bool
    lengths: list[int]


@dataclass
class Activations:
    vision: list[torch.Tensor]  # embedding output, then one per block up to the selected one
    projector: torch.Tensor  # [images, tokens, width]
    spliced: Spliced
    hidden: list[
        torch.Tensor
    ]  # input embeddings, then one per decoder block (before the final norm)
    final: torch.Tensor  # after the final norm
    logits: torch.Tensor
    loss: torch.Tensor | None


class MiphaReference(nn.Module):
    def __init__(self, config: dict, attention: str = "eager"):
        super().__init__()
        tower = config["vision_config"]["vision_tower"]
        self.select_layer = tower["mm_vision_select_layer"]
        self.vision = SiglipVisionModel(siglip_config(tower, attention))
        self.projector = make_projector(config["vision_config"]["mm_projector"])
        self.language = PhiForCausalLM(phi_config(config, attention))
        self.vision_width = tower["hidden_size"]

    def official_parameters(self) -> dict[str, nn.Parameter]:
        """Every parameter under its official checkpoint name."""
        names: dict[str, nn.Parameter] = {}
        for prefix, module in (
            (VISION_PREFIX, self.vision),
            (PROJECTOR_PREFIX, self.projector),
            ("", self.language),
        ):
            for name, parameter in module.named_parameters():
                names[prefix + name] = parameter
        return names

    def encode(self, pixels: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Hidden states up to the selected one, and the projected features."""
        dtype = self.vision.embeddings.patch_embedding.weight.dtype
        states = self.vision(pixels.to(dtype), output_hidden_states=True).hidden_states
        index = self.select_layer % len(states)
        return list(states[: index + 1]), self.projector(states[index])

    def splice(
        self,
        rows: list[torch.Tensor],
        labels: list[torch.Tensor] | None,
        features: torch.Tensor,
        masks: list[torch.Tensor] | None = None,
    ) -> Spliced:
        """Replaces every IMAGE id by the next block; a text-only row also uses up one block."""
        embed = self.language.model.embed_tokens
        width = embed.weight.shape[1]
        out_rows, out_labels, out_masks = [], [], []
        cursor = 0
        for index, ids in enumerate(rows):
            row_labels = labels[index] if labels is not None else torch.full_like(ids, IGNORE)
            row_mask = masks[index] if masks is not None else torch.ones_like(ids, dtype=torch.bool)
            places = (ids == IMAGE).nonzero().flatten().tolist()
            pieces, kept = [], []
            start = 0
            for place in places:
                pieces.append(embed(ids[start:place]))
                kept.append(row_labels[start:place])
                block = features[cursor]
                pieces.append(block)
                kept.append(torch.full((block.shape[0],), IGNORE, dtype=torch.long))
                cursor += 1
                start = place + 1
            if not places:
                cursor += 1
            pieces.append(embed(ids[start:]))
            kept.append(row_labels[start:])
            joined = torch.cat(pieces)
            grown = joined.shape[0] - ids.shape[0]
            out_rows.append(joined)
            out_labels.append(torch.cat(kept))
            out_masks.append(torch.cat([torch.ones(grown, dtype=torch.bool), row_mask]))
        if cursor != features.shape[0]:
            raise ValueError(f"{features.shape[0]} image blocks given, {cursor} used")
        lengths = [row.shape[0] for row in out_rows]
        longest = max(lengths)

        def pad(values: list[torch.Tensor], fill: float) -> torch.Tensor:
            padded = []
            for value in values:
                shape = (longest - value.shape[0], *value.shape[1:])
                padded.append(torch.cat([value, value.new_full(shape, fill)]))
            return torch.stack(padded)

        assert out_rows[0].shape[1] == width
        return Spliced(pad(out_rows, 0), pad(out_labels, IGNORE), pad(out_masks, False), lengths)

    def decode(
        self, embeddings: torch.Tensor, mask: torch.Tensor | None
    ) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
        """Decoder states (before the final norm), the final norm's output and the logits."""
        states = [embeddings]
        hooks = [
            layer.register_forward_hook(lambda _m, _i, output: states.append(output))
            for layer in self.language.model.layers
        ]
        final: list[torch.Tensor] = []
        hooks.append(
            self.language.model.final_layernorm.register_forward_hook(
                lambda _m, _i, output: final.append(output)
            )
        )
        try:
            logits = self.language(
                inputs_embeds=embeddings,
                attention_mask=None if mask is None else mask.long(),
                use_cache=False,
            ).logits
        finally:
            for hook in hooks:
                hook.remove()
        return states, final[0], logits

    def run(
        self,
        pixels: torch.Tensor,
        rows: list[torch.Tensor],
        labels: list[torch.Tensor] | None = None,
        masks: list[torch.Tensor] | None = None,
    ) -> Activations:
        vision, projected = self.encode(pixels)
        spliced = self.splice(rows, labels, projected, masks)
        hidden, final, logits = self.decode(spliced.embeddings, spliced.mask)
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(
                logits[:, :-1].reshape(-1, logits.shape[-1]),
                spliced.labels[:, 1:].reshape(-1),
                ignore_index=IGNORE,
            )
        return Activations(vision, projected, spliced, hidden, final, logits, loss)

    @torch.no_grad()
    def prompt_embeddings(self, ids: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        """[1, length, width] of one prompt; `pixels` holds exactly its images."""
        if pixels.shape[0] == 0:
            return self.language.model.embed_tokens(ids)[None]
        return self.splice([ids], None, self.encode(pixels)[1]).embeddings

    @torch.no_grad()
    def greedy(
        self, embeddings: torch.Tensor, steps: int, cached: bool
    ) -> tuple[list[int], list[torch.Tensor]]:
        """`steps` greedy ids (never ended by eos) and the logits each was chosen from."""
        embed = self.language.model.embed_tokens
        ids: list[int] = []
        logits: list[torch.Tensor] = []
        cache = None
        current = embeddings
        for _ in range(steps):
            output = self.language(inputs_embeds=current, past_key_values=cache, use_cache=cached)
            logits.append(output.logits[0, -1].clone())
            ids.append(int(logits[-1].argmax()))
            new = embed(torch.tensor([[ids[-1]]]))
            cache = output.past_key_values if cached else None
            current = new if cached else torch.cat([current, new], dim=1)
        return ids, logits


def checkpoint_files(folder: Path) -> dict[str, Path]:
    """Tensor name -> safetensors file, with or without an index."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        weight_map = json.loads(index.read_text())["weight_map"]
        return {name: folder / file for name, file in weight_map.items()}
    single = folder / "model.safetensors"
    with safe_open(single, framework="pt") as file:
        return {name: single for name in file.keys()}


def load_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a folder, memory-mapped."""
    files = checkpoint_files(folder)
    tensors: dict[str, torch.Tensor] = {}
    for path in sorted(set(files.values())):
        with safe_open(path, framework="pt") as file:
            present = set(file.keys())
            wanted = {name for name, place in files.items() if place == path}
            if present != wanted:
                raise ValueError(
                    f"{path}: index and file disagree on {sorted(present ^ wanted)[:8]}"
                )
            for name in wanted:
                tensors[name] = file.get_tensor(name)
    return tensors


def load_official(
    folder: Path,
    dtype: torch.dtype | None = None,
    attention: str = "eager",
    layers: int | None = None,
) -> tuple[dict, MiphaReference]:
    """Loads an official folder strictly: every name must match, weights stay memory-mapped.

    `layers` keeps only the first decoder blocks, for measurements.
    """
    config = json.loads((folder / "config.json").read_text())
    if config.get("model_type") not in ("mipha_phi", "mipha-phi"):
        raise ValueError(f"model_type is {config.get('model_type')!r}, expected 'mipha_phi'")
    tensors = load_tensors(folder)
    if layers is not None:
        dropped = range(layers, config["num_hidden_layers"])
        config["num_hidden_layers"] = layers
        prefixes = tuple(f"model.layers.{index}." for index in dropped)
        tensors = {n: v for n, v in tensors.items() if not (prefixes and n.startswith(prefixes))}
    with torch.device("meta"):
        model = MiphaReference(config, attention)
    expected = model.official_parameters()
    missing = sorted(set(expected) - set(tensors))
    unused = sorted(set(tensors) - set(expected))
    if missing or unused:
        raise ValueError(f"missing tensors {missing}, unused tensors {unused}")
    for name, parameter in expected.items():
        if parameter.shape != tensors[name].shape:
            raise ValueError(
                f"{name}: shape {list(tensors[name].shape)}, expected {list(parameter.shape)}"
            )
    for prefix, module in (
        (VISION_PREFIX, model.vision),
        (PROJECTOR_PREFIX, model.projector),
        ("", model.language),
    ):
        state = {
            name: tensors[prefix + name] if dtype is None else tensors[prefix + name].to(dtype)
            for name, _ in module.named_parameters()
        }
        module.load_state_dict(state, strict=True, assign=True)
    # Tables that are not parameters were created on the meta device: make them again.
    rotary = type(model.language.model.rotary_emb)
    model.language.model.rotary_emb = rotary(model.language.config)
    embeddings = model.vision.embeddings
    embeddings.position_ids = torch.arange(embeddings.num_positions).expand((1, -1))
    return config, model.eval()
