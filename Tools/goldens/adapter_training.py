"""Ten steps of training with adapters: a PyTorch loop around PEFT, for runs of `mipha train`.

Fixtures/adapters/training holds a tiny base in the official layout (its tokenizer is
Fixtures/tokenizers/small), conversations with pictures of the tower's size, and for each case a run
file and what the loop gives:

    loss, norm [10], rate [10, groups], before each update
    moment.1.NAME       first moments after the first update, a tenth of its gradient
    moment.NAME, square.NAME, value.NAME
                        moments and values after the last update, of all that learns

The loop computes in float64; how far PyTorch's own float32 is from it is printed, up to 1.1e-6.
Every update sees all samples, so that their order does not matter. NAME is that of the official
layout. Matrices A start as the run's seed says: PEFT's initialisation drawn from a generator of its
own, layer after layer from the tower upwards.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import bitsandbytes.functional as functional
import torch
import yaml
from fixtures import randomise, save, save_checkpoint, write_json
from mipha_reference import (
    IGNORE,
    IMAGE,
    PROJECTOR_PREFIX,
    VISION_PREFIX,
    MiphaReference,
    load_official,
    official_config,
)
from peft import LoraConfig, get_peft_model
from PIL import Image
from tokenizers import Tokenizer
from transformers import get_cosine_schedule_with_warmup

ROOT = Path(__file__).resolve().parents[2]
STEPS, WARMUP = 10, 2
ADAPTER_SEED = 0x4C4F5241
CONFIG = official_config(
    vocab=640, hidden=16, heads=2, inner=28, layers=2, rotary=0.5,
    vision_hidden=12, vision_heads=2, vision_inner=20, vision_layers=3, image=14, patch=7,
)  # fmt: skip
CAPTIONS = [
    "a dog", "two birds on a wire above the street", "grass", "a man in a red coat walks home",
    "three cups on the table", "rain",
]  # fmt: skip
COMMON = {
    "stage": "instruct-lora", "template": "plain", "image_aspect_ratio": "square",
    "num_train_epochs": STEPS, "per_device_train_batch_size": 3, "gradient_accumulation_steps": 2,
    "warmup_ratio": WARMUP / STEPS, "learning_rate": 5e-3, "seed": 17, "lora_r": 2,
    "lora_alpha": 8, "lora_dropout": 0.0, "save_steps": 1, "save_total_limit": 100,
    "max_grad_norm": 1.5,
}  # fmt: skip
CASES = {
    "lora": {"tune": {"tower": "frozen"}, "learning_rates": {"projector": 2e-3}},
    "rslora": {
        "tune": {"tower": "lora"}, "lora_targets": ["q_proj", "v_proj", "mlp.fc2"],
        "use_rslora": True, "lora_alpha": 3,
        "learning_rates": {"tower": 2e-3},
    },
    "dora": {"tune": {"tower": "frozen"}, "use_dora": True},
    "tower-dora": {
        "tune": {"tower": "lora"}, "use_dora": True, "learning_rates": {"tower": 2e-3},
    },
    "qlora": {"tune": {"tower": "lora"}, "load_in_4bit": True},
    "plain-nf4": {
        "tune": {"tower": "frozen"}, "load_in_4bit": True, "bnb_4bit_use_double_quant": False,
        "use_dora": True,
    },
    "int8": {"tune": {"tower": "lora", "projector": "frozen"}, "load_in_8bit": True},
}  # fmt: skip


def make_base(folder: Path, seed: int) -> None:
    model = MiphaReference(CONFIG)
    parameters = model.official_parameters()
    randomise(parameters, torch.Generator().manual_seed(seed))
    save_checkpoint(folder / "base", CONFIG, {n: p.detach() for n, p in parameters.items()}, 1)


def make_data(folder: Path, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    items = []
    for index, caption in enumerate(CAPTIONS):
        values = torch.randint(0, 256, (14, 14, 3), generator=generator, dtype=torch.uint8)
        Image.fromarray(values.numpy()).save(folder / f"{index}.png")
        turns = [("human", "<image>\nDescribe it."), ("gpt", caption)]
        items.append({
            "id": f"s{index}", "image": f"{index}.png",
            "conversations": [{"from": who, "value": value} for who, value in turns],
        })  # fmt: skip
    write_json(folder / "data.json", items)


def samples(folder: Path) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Ids, labels and pixels as the reference's `plain` template makes them."""
    tokenizer = Tokenizer.from_file(str(ROOT / "Fixtures/tokenizers/small/tokenizer.json"))
    found = []
    for item in json.loads((folder / "data.json").read_text()):
        text = item["conversations"][1]["value"] + "\n"
        ids = [IMAGE] + tokenizer.encode(text, add_special_tokens=False).ids
        values = torch.tensor(list(Image.open(folder / item["image"]).tobytes()))
        pixels = values.reshape(14, 14, 3).permute(2, 0, 1).float() * (1 / 255)
        labels = [IGNORE] + ids[1:]
        found.append((torch.tensor(ids), torch.tensor(labels), (pixels - 0.5) / 0.5))
    return found


def in_few_bits(module: torch.nn.Module, run: dict, four_bits) -> None:
    """Gives the linear layers the values that bitsandbytes' codes stand for."""
    for layer in module.modules():
        if not isinstance(layer, torch.nn.Linear):
            continue
        weight = layer.weight.data
        if run.get("load_in_8bit"):
            codes, scales, _ = functional.int8_vectorwise_quant(weight)
            layer.weight.data = functional.int8_vectorwise_dequant(codes, scales)
        elif run.get("bnb_4bit_use_double_quant", True):
            layer.weight.data = four_bits(weight)[0]
        else:
            padded = torch.zeros(-(-weight.numel() // 64) * 64)
            padded[: weight.numel()] = weight.flatten()
            _, state = functional.quantize_4bit(padded, blocksize=64, quant_type="nf4")
            blocks = padded.reshape(-1, 64)
            shares = blocks / blocks.abs().amax(1, keepdim=True).clamp(min=1e-38)
            bounds = (state.code[1:] + state.code[:-1]) / 2
            values = state.code[torch.bucketize(shares, bounds)] * state.absmax[:, None]
            layer.weight.data = values.flatten()[: weight.numel()].reshape(weight.shape)


def adapt(module: torch.nn.Module, run: dict, layers: str) -> None:
    """Puts PEFT's adapters on the linear layers of some blocks."""
    names = run.get("lora_targets", [r"\w+"])
    pattern = rf".*{layers}\.(.*\.)?({'|'.join(name.replace('.', '[.]') for name in names)})"
    targets = [
        name
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear) and re.fullmatch(pattern, name)
    ]
    options = LoraConfig(
        r=run["lora_r"], lora_alpha=run["lora_alpha"], lora_dropout=run["lora_dropout"],
        target_modules=targets, use_rslora=run.get("use_rslora", False),
        use_dora=run.get("use_dora", False),
    )  # fmt: skip
    get_peft_model(module, options)


def learning(model: MiphaReference) -> dict[str, torch.nn.Parameter]:
    """What learns by official name; PEFT names an adapter's parts after itself."""
    found = {}
    for name, value in model.official_parameters().items():
        name = name.replace(".default", "").replace("magnitude_vector.weight", "magnitude_vector")
        if value.requires_grad:
            found[name] = value
    return found


def prepare(folder: Path, run: dict, four_bits, dtype: torch.dtype) -> MiphaReference:
    model = load_official(folder / "base")[1]
    tune = run["tune"]
    towers = model.vision.encoder.layers[:-1]
    if run.get("load_in_4bit") or run.get("load_in_8bit"):
        in_few_bits(model.language.model.layers, run, four_bits)
        if tune["tower"] == "lora":
            in_few_bits(towers, run, four_bits)
    model.to(dtype).requires_grad_(False)
    adapt(model.language, run, r"layers\.\d+")
    if tune["tower"] == "lora":
        adapt(model.vision, run, rf"layers\.[0-{len(towers) - 1}]")
    model.projector.requires_grad_(tune.get("projector", "full") == "full")
    generator = torch.Generator().manual_seed(run["seed"] + ADAPTER_SEED)
    parts = ["q_proj", "k_proj", "v_proj", "out_proj", "dense", "fc1", "fc2"]

    def place(name: str) -> tuple:
        block = int(re.search(r"layers\.(\d+)", name)[1])
        return not name.startswith(VISION_PREFIX), block, parts.index(name.split(".")[-3])

    downs = [name for name in learning(model) if ".lora_A." in name]
    for name in sorted(downs, key=place):
        start = torch.empty_like(learning(model)[name], dtype=torch.float32)
        torch.nn.init.kaiming_uniform_(start, a=math.sqrt(5), generator=generator)
        learning(model)[name].data.copy_(start)
    return model


def group_of(name: str) -> str:
    if name.startswith(VISION_PREFIX):
        return "tower"
    return "projector" if name.startswith(PROJECTOR_PREFIX) else "language"


def train(folder: Path, run: dict, four_bits, dtype: torch.dtype = torch.float32) -> dict:
    model = prepare(folder, run, four_bits, dtype)
    parameters = learning(model)
    groups: dict[str, list] = {}
    for name, value in parameters.items():
        groups.setdefault(group_of(name), []).append(value)
    rates = run.get("learning_rates", {})
    optimizer = torch.optim.AdamW(
        [{"params": p, "lr": rates.get(g, run["learning_rate"])} for g, p in groups.items()],
        betas=(0.9, 0.98), eps=1e-7, weight_decay=0.0, foreach=False, fused=False,
    )  # fmt: skip
    schedule = get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    data = samples(folder)
    results: dict[str, list | torch.Tensor] = {"loss": [], "norm": [], "rate": []}
    size = run["per_device_train_batch_size"]
    for step in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        total = sum(int((labels != IGNORE).sum()) for _, labels, _ in data)
        loss = 0.0
        for start in range(0, len(data), size):
            ids, labels, pixels = zip(*data[start : start + size], strict=True)
            found = model.run(torch.stack(pixels).to(dtype), list(ids), list(labels))
            count = sum(int((row != IGNORE).sum()) for row in labels)
            part = found.loss * count / total
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(list(parameters.values()), run["max_grad_norm"])
        results["loss"].append(loss)
        results["norm"].append(norm.item())
        results["rate"].append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
        if step == 0:
            for name, value in parameters.items():
                results[f"moment.1.{name}"] = optimizer.state[value]["exp_avg"].clone()
    for key in ("loss", "norm", "rate"):
        results[key] = torch.tensor(results[key], dtype=torch.float64)
    for name, value in parameters.items():
        state = optimizer.state[value]
        results[f"moment.{name}"] = state["exp_avg"]
        results[f"square.{name}"] = state["exp_avg_sq"]
        results[f"value.{name}"] = value.detach()
    return results


def apart(found: dict, exact: dict, kind: str) -> float:
    """Norm of the difference as a share of the norm, over all tensors of a kind."""
    names = [name for name in exact if name.startswith(kind)]
    difference = sum((found[n].double() - exact[n].double()).square().sum() for n in names)
    return (difference / sum(exact[n].double().square().sum() for n in names)).sqrt().item()


def narrowed(exact: dict) -> dict:
    """Tensors of weights as float32; figures stay float64."""
    wide = ("loss", "norm", "rate", "lr", "reference")
    return {name: value if name in wide else value.float() for name, value in exact.items()}


def make_training(output: Path, four_bits, seed: int) -> None:
    folder = output / "training"
    folder.mkdir(parents=True, exist_ok=True)
    make_base(folder, seed)
    make_data(folder, seed)
    for name, options in CASES.items():
        run = COMMON | options
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(run, sort_keys=True))
        exact = train(folder, run, four_bits, torch.float64)
        found = train(folder, run, four_bits)
        kinds = ("loss", "norm", "moment.1", "moment", "square", "value")
        print(name, "float32 is away by", {k: f"{apart(found, exact, k):.1e}" for k in kinds})
        assert max(found["norm"]) > run["max_grad_norm"], found["norm"]
        save(folder / f"{name}.safetensors", narrowed(exact))
