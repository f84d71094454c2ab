"""Makes Fixtures/preference-run: ten updates of DPO, IPO and SimPO as a whole run makes them.

    python Tools/goldens/preference_run.py [--output Fixtures/preference-run]

A tiny model, pairs of answers in the forms that the data reader knows, pictures as files, and what a
loop after TRL (huggingface/trl f2cd577: DPOTrainer with precomputed reference log-probabilities,
CPOTrainer for SimPO) makes of them: text by the template, ids by `tokenizers`, pixels by Pillow,
two micro-batches of two pairs an update, clipping, weight decay, warm-up and cosine. All in float64,
of which PyTorch's own float32 is up to 1.6e-6 (norms of SimPO) away.
Label smoothing under DPO is the conservative loss of its authors, as TRL had it up to 0.2x.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy
import torch
from fixtures import IGNORE, IMAGE, copy_model, randomise, save, save_checkpoint, scientific
from fixtures import write_manifest
from mipha_reference import MiphaReference, official_config
from PIL import Image
from tokenizers import Tokenizer
from transformers import get_cosine_schedule_with_warmup

ROOT = Path(__file__).resolve().parent.parent.parent
SIDE, SEED, STEPS, WARMUP = 28, 42, 10, 2
BATCH, ACCUMULATION, PAIRS = 2, 2, 8
DECAY, CLIP = 0.05, 1.0
# Large enough that gradients of nothing but rounding move no parameter.
EPSILON = 1e-5
SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions. "
)
END = "<|endoftext|>"
OBJECTIVES = {
    "dpo": {"beta": 0.1, "label_smoothing": 0.1, "simpo_gamma": 0.5, "rate": 1e-3, "vision": False},
    "ipo": {"beta": 0.2, "label_smoothing": 0.0, "simpo_gamma": 0.5, "rate": 1e-3, "vision": False},
    "simpo": {"beta": 2.0, "label_smoothing": 0.05, "simpo_gamma": 0.7, "rate": 2e-4, "vision": True},
}
KEPT = ("lm_head.bias", "model.layers.0.self_attn.dense.weight", "model.layers.1.mlp.fc1.weight")
KEPT_VISION = ("model.mm_projector.0.weight",
               "model.vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight")  # fmt: skip


def draw_pictures(folder: Path) -> None:
    """Small pictures that are not square, of smooth colours and a few lines."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, (width, height) in enumerate([(31, 22), (20, 37), (28, 28)]):
        y, x = numpy.mgrid[0:height, 0:width]
        channels = [(x * (3 + index) + 40 * index) % 256, (y * 5 + x) % 256, (x * y + 90) % 256]
        pixels = numpy.stack(channels, axis=-1).astype(numpy.uint8)
        pixels[height // 3, :] = (255, 10 * index, 0)
        Image.fromarray(pixels).save(folder / f"{index}.png", optimize=True)


def make_data() -> list[dict]:
    """Pairs with and without pictures, several turns, both published forms."""
    question = {"from": "human", "value": "Which colour is the line?"}
    shown = {"from": "human", "value": "<image>\nWhat do you see?"}
    said = {"from": "gpt", "value": "A picture."}
    return [
        {"id": "a", "image": "0.png", "conversations": [shown],
         "chosen": "A red line.", "rejected": "Nothing at all, I think"},
        {"id": "b", "conversations": [{"from": "human", "value": "Hello"}],
         "chosen": {"from": "gpt", "value": "Good morning to you"}, "rejected": "What?"},
        {"id": "c", "image": "1.png", "conversations": [shown, said, question],
         "chosen": "Red", "rejected": {"from": "gpt", "value": "It is green as grass"}},
        {"id": "d", "image": "2.png", "question": "How many lines are there?",
         "chosen": "One", "rejected": "There are two of them"},
        {"id": "e", "prompt": "Say a word", "chosen": "word", "rejected": "no no no"},
        {"id": "f", "image": ["0.png", "2.png"], "conversations": [
            {"from": "human", "value": "<image> and <image>\nAre they the same?"}],
         "chosen": "No, they differ", "rejected": "Yes"},
        {"id": "g", "prompt": [{"role": "user", "content": "Two and two?"}],
         "chosen": [{"role": "assistant", "content": "Four"}],
         "rejected": [{"role": "assistant", "content": "Five"}]},
        {"id": "h", "image": "1.png", "prompt": "Is it round?",
         "chosen": "It is not.", "rejected": "It is round"},
    ]  # fmt: skip


def turns_of(item: dict) -> list[tuple[str, str]]:
    if "conversations" in item:
        return [(t["from"], t["value"]) for t in item["conversations"]]
    prompt = item.get("prompt", item.get("question"))
    if isinstance(prompt, list):
        return [("human", turn["content"]) for turn in prompt]
    images = 1 if "image" in item else 0
    return [("human", "<image>\n" * images + prompt)]


def text_of(answer) -> str:
    answer = answer[0] if isinstance(answer, list) else answer
    if isinstance(answer, dict):
        return answer.get("value", answer.get("content"))
    return answer


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = []
    for index, part in enumerate(text.split("<image>")):
        ids += [IMAGE] if index else []
        ids += tokenizer.encode(part, add_special_tokens=False).ids
    return ids


def rows_of(tokenizer: Tokenizer, item: dict) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Ids and labels of the chosen and of the rejected answer."""
    prompt = SYSTEM
    for role, value in turns_of(item):
        prompt += f"USER: {value} " if role == "human" else f"ASSISTANT: {value}{END}"
    prompt += "ASSISTANT:"
    rows = []
    for key in ("chosen", "rejected"):
        start = encode(tokenizer, prompt)
        ids = encode(tokenizer, f"{prompt} {text_of(item[key])}{END}")
        assert ids[: len(start)] == start and len(ids) > len(start)
        labels = [IGNORE] * len(start) + ids[len(start) :]
        rows.append((torch.tensor(ids), torch.tensor(labels)))
    return rows


def pixels_of(folder: Path, item: dict) -> torch.Tensor:
    """[pictures, 3, side, side]; a zero block that nothing refers to for text alone."""
    names = item.get("image", [])
    blocks = []
    for name in [names] if isinstance(names, str) else names:
        picture = Image.open(folder / name).convert("RGB")
        size = max(picture.size)
        square = Image.new("RGB", (size, size), (127, 127, 127))
        square.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2))
        small = square.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        values = torch.from_numpy(numpy.asarray(small).astype(numpy.float64) / 255)
        blocks.append(((values - 0.5) / 0.5).permute(2, 0, 1).float())
    return torch.stack(blocks) if blocks else torch.zeros(1, 3, SIDE, SIDE)


def permutation(count: int, epoch: int) -> list[int]:
    """The order of an epoch: SplitMix64 and the shuffle of Sources/MiphaData/Sampling."""
    mask = (1 << 64) - 1
    state = (SEED + epoch * 0xD1342543DE82EF95) & mask
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        place = ((mixed ^ (mixed >> 31)) * (last + 1)) >> 64
        order[last], order[place] = order[place], order[last]
    return order


def log_probabilities(model, pairs, numbers) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums over the answers' tokens and their number; rows chosen, rejected, chosen, ..."""
    rows = [row for number in numbers for row in pairs[number][0]]
    pixels = torch.cat([pairs[number][1].repeat(2, 1, 1, 1) for number in numbers])
    result = model.run(pixels, [row[0] for row in rows], [row[1] for row in rows])
    targets = result.spliced.labels[:, 1:]
    known = targets != IGNORE
    values = result.logits[:, :-1].log_softmax(-1)
    chosen = values.gather(-1, targets.masked_fill(~known, 0)[..., None])[..., 0]
    return (chosen * known).sum(-1), known.sum(-1)


def objective(name: str, options: dict, sums, counts, reference):
    """Losses of the pairs, rewards of both answers, and the log-probabilities that TRL logs."""
    beta, smoothing = options["beta"], options["label_smoothing"]
    sigmoid = torch.nn.functional.logsigmoid
    if name == "simpo":
        means = sums / counts
        logits = means[0::2] - means[1::2] - options["simpo_gamma"] / beta
        losses = -sigmoid(beta * logits) * (1 - smoothing) - sigmoid(-beta * logits) * smoothing
        return losses, beta * means, means
    gains = sums - reference
    if name == "dpo":
        ratio = gains[0::2] - gains[1::2]
        losses = -sigmoid(beta * ratio) * (1 - smoothing) - sigmoid(-beta * ratio) * smoothing
    else:
        means = gains / counts
        losses = (means[0::2] - means[1::2] - 1 / (2 * beta)) ** 2
    return losses, beta * gains, sums


def learns(name: str, vision: bool) -> bool:
    """Language model and head; with vision also the projector and what the features depend on."""
    if name.startswith("model.mm_projector."):
        return vision
    if name.startswith("model.vision_tower."):
        unused = (".encoder.layers.2.", ".post_layernorm.", ".head.")
        return vision and not any(part in name for part in unused)
    return True


def is_decayed(name: str) -> bool:
    return not name.endswith(".bias") and "layernorm" not in name and "layer_norm" not in name


def train(model, pairs, name: str, options: dict) -> dict:
    parameters = model.official_parameters()
    chosen = {n: p for n, p in parameters.items() if learns(n, options["vision"])}
    for key, parameter in parameters.items():
        parameter.requires_grad_(key in chosen)
    groups = [
        {"params": [p for n, p in chosen.items() if is_decayed(n) == flag],
         "weight_decay": DECAY if flag else 0.0}
        for flag in (True, False)
    ]  # fmt: skip
    result = update(model, pairs, name, options, groups, list(chosen.values()))
    result["weights"] = {n: p.detach() for n, p in chosen.items()}
    return result


def update(model, pairs, name: str, options: dict, groups: list[dict], learning: list) -> dict:
    """The updates; `learning` are the parameters of all groups in the order of their norms."""
    with torch.no_grad():
        found = [log_probabilities(model, pairs, [number])[0] for number in range(len(pairs))]
    optimizer = torch.optim.AdamW(
        groups, lr=options["rate"], betas=(0.9, 0.98), eps=EPSILON, foreach=False, fused=False
    )
    schedule = get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    result: dict = {"loss": [], "norm": [], "lr": [], "figures": []}
    per_epoch = PAIRS // (BATCH * ACCUMULATION)
    for step in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        order = permutation(PAIRS, step // per_epoch)
        first = step % per_epoch * ACCUMULATION
        total, figures = 0.0, torch.zeros(6, dtype=torch.float64)
        for micro in range(first, first + ACCUMULATION):
            numbers = order[micro * BATCH : (micro + 1) * BATCH]
            sums, counts = log_probabilities(model, pairs, numbers)
            reference = torch.cat([found[number] for number in numbers])
            losses, rewards, logged = objective(name, options, sums, counts, reference)
            loss = losses.mean() / ACCUMULATION
            loss.backward()
            total += loss.item()
            better, worse = rewards[0::2].detach(), rewards[1::2].detach()
            means = [better, worse, (better > worse).float(), better - worse, logged[0::2],
                     logged[1::2]]  # fmt: skip
            figures += torch.stack([m.detach().double().mean() for m in means]) / ACCUMULATION
        result["norm"].append(torch.nn.utils.clip_grad_norm_(learning, CLIP).item())
        result["lr"].append(optimizer.param_groups[0]["lr"])
        result["loss"].append(total)
        result["figures"].append(figures)
        optimizer.step()
        schedule.step()
    result["reference"] = torch.stack(found).double()
    return result


def distance(found: dict, expected: dict) -> float:
    """Norm of the difference over the norm, without keys' biases, whose gradient is rounding."""
    names = [name for name in expected if not name.endswith("k_proj.bias")]
    difference = sum((found[n].double() - expected[n].double()).square().sum() for n in names)
    return (difference / sum(expected[n].double().square().sum() for n in names)).sqrt().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "Fixtures/preference-run")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(11)
    config = official_config(
        vocab=632, hidden=16, heads=2, inner=24, layers=2, rotary=0.5, vision_hidden=16,
        vision_heads=2, vision_inner=24, vision_layers=3, image=SIDE, patch=14,
    )  # fmt: skip
    start = MiphaReference(config)
    randomise(start.official_parameters(), generator)
    save_checkpoint(output, config, start.official_parameters(), shards=1)
    draw_pictures(output / "images")
    items = make_data()
    (output / "pairs.json").write_text(json.dumps(items, indent=1) + "\n")
    tokenizer = Tokenizer.from_file(str(ROOT / "Fixtures/tokenizers/small/tokenizer.json"))
    pairs = [(rows_of(tokenizer, item), pixels_of(output / "images", item)) for item in items]
    reports = {}
    for name, options in OBJECTIVES.items():
        found = train(copy_model(start, config, torch.float32), pairs, name, options)
        wide = [(rows, pixels.double()) for rows, pixels in pairs]
        exact = train(copy_model(start, config, torch.float64), wide, name, options)
        kept = KEPT + (KEPT_VISION if options["vision"] else ())
        tensors = {
            key: torch.tensor(exact[key], dtype=torch.float64) for key in ("loss", "norm", "lr")
        }
        tensors["figures"] = torch.stack(exact["figures"])
        tensors["reference"] = exact["reference"]
        for key, value in exact["weights"].items():
            tensors[f"check.{key}"] = torch.stack(
                [value.double().sum(), value.double().norm()]
            )
            if name == "dpo" or key in kept:
                tensors[f"param.{key}"] = value.float()
        save(output / f"{name}.safetensors", tensors)
        reports[name] = options | {
            "weights_fp32_against_fp64": scientific(
                distance(found["weights"], exact["weights"])
            ),
            "loss_fp32_against_fp64": scientific(
                max(abs(a - b) / b for a, b in zip(found["loss"], exact["loss"], strict=True))
            ),
            "norm_fp32_against_fp64": scientific(
                max(abs(a - b) / b for a, b in zip(found["norm"], exact["norm"], strict=True))
            ),
            "losses": [scientific(loss) for loss in found["loss"]],
            "norms": [scientific(norm) for norm in found["norm"]],
        }
        print(name, json.dumps(reports[name]))
    write_manifest(output, {"objectives": reports, "seed": 11})
    path = output / "manifest.json"
    path.write_text(path.read_text().replace("goldens/models.py", "goldens/preference_run.py"))


if __name__ == "__main__":
    main()
