"""Makes Fixtures/preference: three AdamW steps of DPO, IPO and SimPO on two pairs of answers.

    python Tools/goldens/preference.py [--output Fixtures/preference]

The model is the golden case `square` (Tools/goldens/models.py). One pair asks about a picture, the
other is text only. Objectives are TRL's: `sigmoid` (with label smoothing) and `ipo` of its
DPOTrainer, `simpo` of its CPOTrainer; IPO and SimPO divide log-probabilities by their number of
tokens. The reference model is the start of the policy, without gradients. One thread, seeded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from fixtures import IGNORE, IMAGE, make_pixels, save, write_manifest
from mipha_reference import load_official

ROOT = Path(__file__).resolve().parent.parent.parent
STEPS, RATE = 3, 1e-3
KEPT = ("lm_head.bias", "model.layers.1.mlp.fc2.weight", "model.mm_projector.0.weight")
OBJECTIVES = {
    "dpo": {"beta": 0.3, "label_smoothing": 0.1, "gamma": 0.0},
    "ipo": {"beta": 0.3, "label_smoothing": 0.0, "gamma": 0.0},
    "simpo": {"beta": 2.0, "label_smoothing": 0.0, "gamma": 0.7},
}


def pairs(vocab: int, generator: torch.Generator):
    """Rows chosen, rejected, chosen, rejected; answers of unequal lengths after one prompt each."""

    def words(count: int) -> list[int]:
        return torch.randint(3, vocab - 1, (count,), generator=generator).tolist()

    rows, labels = [], []
    for prompt, lengths in [([IMAGE, *words(4)], (6, 3)), (words(5), (2, 7))]:
        for length in lengths:
            answer = words(length)
            rows.append(torch.tensor(prompt + answer))
            labels.append(torch.tensor([IGNORE] * len(prompt) + answer))
    return rows, labels


def log_probabilities(model, pixels, rows, labels) -> tuple[torch.Tensor, torch.Tensor]:
    result = model.run(pixels, rows, labels)
    targets = result.spliced.labels[:, 1:]
    known = targets != IGNORE
    values = result.logits[:, :-1].log_softmax(-1)
    chosen = values.gather(-1, targets.masked_fill(~known, 0)[..., None])[..., 0]
    return (chosen * known).sum(-1), known.sum(-1)


def objective(name: str, options: dict, sums, counts, reference):
    beta = options["beta"]
    if name == "dpo":
        ratio = (sums[0::2] - sums[1::2]) - (reference[0::2] - reference[1::2])
        smoothing = options["label_smoothing"]
        sigmoid = torch.nn.functional.logsigmoid
        return -(1 - smoothing) * sigmoid(beta * ratio) - smoothing * sigmoid(-beta * ratio)
    means = sums / counts
    if name == "ipo":
        known = reference / counts
        ratio = (means[0::2] - means[1::2]) - (known[0::2] - known[1::2])
        return (ratio - 1 / (2 * beta)) ** 2
    ratio = means[0::2] - means[1::2] - options["gamma"] / beta
    return -torch.nn.functional.logsigmoid(beta * ratio)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "Fixtures/preference")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    folder = ROOT / "Fixtures/goldens/square"
    generator = torch.Generator().manual_seed(5)
    config, _ = load_official(folder)
    rows, labels = pairs(config["vocab_size"], generator)
    size = config["vision_config"]["vision_tower"]["image_size"]
    pixels = make_pixels(rows, [1] * len(rows), size, generator)
    # Both answers of a pair are about the same picture.
    pixels[1] = pixels[0]
    tensors = {"pixel_values": pixels}
    for index, (ids, marks) in enumerate(zip(rows, labels, strict=True)):
        tensors[f"ids.{index}"] = ids
        tensors[f"labels.{index}"] = marks
    for name, options in OBJECTIVES.items():
        model = load_official(folder, dtype=torch.float32)[1].train(False)
        parameters = model.official_parameters()
        for parameter in parameters.values():
            parameter.requires_grad_(True)
        with torch.no_grad():
            reference, counts = log_probabilities(model, pixels, rows, labels)
        optimizer = torch.optim.AdamW(
            parameters.values(), lr=RATE, betas=(0.9, 0.98), eps=1e-7, weight_decay=0.0,
            foreach=False, fused=False,
        )  # fmt: skip
        losses, margins = [], []
        for step in range(STEPS):
            optimizer.zero_grad(set_to_none=True)
            sums, counts = log_probabilities(model, pixels, rows, labels)
            values = objective(name, options, sums, counts, reference)
            values.mean().backward()
            losses.append(values.mean().item())
            margins.append((sums[0::2] - sums[1::2]).detach())
            if step == 0:
                for kept in KEPT:
                    tensors[f"{name}.grad.{kept}"] = parameters[kept].grad.clone()
            optimizer.step()
        tensors[f"{name}.loss"] = torch.tensor(losses, dtype=torch.float64)
        tensors[f"{name}.margins"] = torch.stack(margins)
        for kept in KEPT:
            tensors[f"{name}.param.{kept}"] = parameters[kept]
    tensors["reference"] = reference
    save(output / "preference.safetensors", tensors)
    write_manifest(output, {"objectives": OBJECTIVES, "rate": RATE, "seed": 5})
    path = output / "manifest.json"
    path.write_text(path.read_text().replace("goldens/models.py", "goldens/preference.py"))


if __name__ == "__main__":
    main()
