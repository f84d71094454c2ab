"""Ten steps of a recipe with groups, accumulation, clipping, a wsd schedule and averaged weights."""

from __future__ import annotations

import torch
from fixtures import copy_model, save, scientific
from mipha_reference import IGNORE, PROJECTOR_PREFIX, VISION_PREFIX
from transformers import get_wsd_schedule

STEPS, WARMUP, DECAY = 10, 2, 4
CLIP = 5.0
AVERAGE = 0.9
# Group: highest learning rate, weight decay.
GROUPS = {"tower": (3e-4, 0.1), "projector": (2e-3, 0.0), "language": (1e-3, 0.05)}
KEPT = (
    "model.layers.1.mlp.fc2.weight",
    "model.layers.1.input_layernorm.bias",
    "model.final_layernorm.weight",
    PROJECTOR_PREFIX + "0.weight",
    VISION_PREFIX + "embeddings.patch_embedding.weight",
    VISION_PREFIX + "encoder.layers.0.self_attn.v_proj.weight",
)


def group_of(name: str) -> str | None:
    """The group of a parameter, None for frozen ones: the language model trains its last block."""
    if name.startswith(VISION_PREFIX):
        return "tower"
    if name.startswith(PROJECTOR_PREFIX):
        return "projector"
    if name.startswith(("model.layers.1.", "model.final_layernorm.")):
        return "language"
    return None


def is_decayed(name: str) -> bool:
    return not name.endswith(".bias") and "layernorm" not in name and "layer_norm" not in name


def run(model, pixels, rows, labels, slots):
    parameters = model.official_parameters()
    chosen = {n: p for n, p in parameters.items() if group_of(n)}
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in chosen)
    groups: dict[tuple, list] = {}
    for name, parameter in chosen.items():
        rate, decay = GROUPS[group_of(name)]
        groups.setdefault((rate, decay if is_decayed(name) else 0.0), []).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()],
        betas=(0.9, 0.98), eps=1e-7, foreach=False, fused=False,
    )  # fmt: skip
    schedule = get_wsd_schedule(
        optimizer, num_warmup_steps=WARMUP, num_decay_steps=DECAY, num_training_steps=STEPS,
        decay_type="linear",
    )  # fmt: skip
    average = {n: p.detach().clone() for n, p in chosen.items()}
    ends = [sum(slots[: index + 1]) for index in range(len(slots))]
    losses, norms, rates = [], [], []
    for _ in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        sums, count = [], 0
        for start in range(0, len(rows), 2):
            blocks = pixels[ends[start] - slots[start] : ends[start + 1]]
            result = model.run(blocks, rows[start : start + 2], labels[start : start + 2])
            supervised = int((result.spliced.labels[:, 1:] != IGNORE).sum())
            sums.append(result.loss * supervised)
            count += supervised
        for part in sums:
            (part / count).backward()
        losses.append(sum(part.item() for part in sums) / count)
        norms.append(torch.nn.utils.clip_grad_norm_(list(chosen.values()), CLIP).item())
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for name, value in average.items():
                value.mul_(AVERAGE).add_(chosen[name], alpha=1 - AVERAGE)
    return losses, norms, rates, groups, chosen, average


def save_recipe(folder, model, config, pixels, rows, labels, slots) -> dict:
    found = run(copy_model(model, config, torch.float32), pixels, rows, labels, slots)
    losses, norms, rates, groups, chosen, average = found
    exact = run(
        copy_model(model, config, torch.float64, "sdpa"), pixels.double(), rows, labels, slots
    )
    assert min(norms) < CLIP < max(norms), norms
    tensors = {
        "loss": torch.tensor(losses, dtype=torch.float64),
        "norm": torch.tensor(norms, dtype=torch.float64),
        "group": torch.tensor(list(groups), dtype=torch.float64),
        "lr": torch.tensor(rates, dtype=torch.float64),
    }
    worst = 0.0
    for kind, values in (("param", chosen), ("ema", average)):
        for name, value in values.items():
            value = value.detach()
            tensors[f"check.{kind}.{name}"] = torch.stack(
                [value.double().sum(), value.double().abs().sum()]
            )
            if name in KEPT:
                tensors[f"{kind}.{name}"] = value
                worst = max(worst, (value.double() - exact[4][name]).abs().max().item()) \
                    if kind == "param" else worst  # fmt: skip
    save(folder / "recipe.safetensors", tensors)
    return {
        "loss_fp32_against_fp64": scientific(
            max(abs(a - b) for a, b in zip(losses, exact[0], strict=True))
        ),
        "parameter_abs_fp32_against_fp64": scientific(worst),
        "norms": [scientific(norm) for norm in norms],
    }
