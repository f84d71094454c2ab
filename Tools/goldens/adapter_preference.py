"""Ten steps of DPO with adapters over an NF4 base: a PyTorch loop around PEFT.

Model, pairs and pictures are those of Fixtures/preference-run, the loop is that of preference_run.py
over what PEFT adds. Fixtures/adapters/training/dpo-qlora.yaml is the run file, and the file beside it
holds what the loop gives in float64:

    loss, norm, lr [10]     before each update
    reference [pairs, 2]    log-probabilities of both answers under the quantised base alone
    value.NAME              what has learned, after the last update
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import preference_run
import torch
import yaml
from adapter_training import learning, narrowed, prepare
from fixtures import save
from tokenizers import Tokenizer

RUN = {
    "stage": "preference", "preference_loss": "dpo", "beta": 0.1, "label_smoothing": 0.1,
    "tune": {"tower": "lora", "projector": "frozen", "language": "lora", "head": "frozen"},
    "load_in_4bit": True, "lora_r": 2, "lora_alpha": 8, "lora_dropout": 0.0,
    "max_steps": preference_run.STEPS, "per_device_train_batch_size": preference_run.BATCH,
    "gradient_accumulation_steps": preference_run.ACCUMULATION, "learning_rate": 5e-3,
    "warmup_ratio": preference_run.WARMUP / preference_run.STEPS,
    "weight_decay": preference_run.DECAY, "adam_epsilon": preference_run.EPSILON,
    "max_grad_norm": preference_run.CLIP, "seed": preference_run.SEED,
}  # fmt: skip


def train(folder: Path, source: Path, four_bits, dtype: torch.dtype) -> dict:
    model = prepare(folder, RUN, four_bits, dtype)
    tokenizer = Tokenizer.from_file(
        str(preference_run.ROOT / "Fixtures/tokenizers/small/tokenizer.json")
    )
    pairs = [
        (
            preference_run.rows_of(tokenizer, item),
            preference_run.pixels_of(source / "images", item).to(dtype),
        )
        for item in json.loads((source / "pairs.json").read_text())
    ]
    parameters = learning(model)
    chosen = list(parameters.values())
    groups = [{"params": chosen, "weight_decay": RUN["weight_decay"]}]
    options = {
        "beta": RUN["beta"], "label_smoothing": RUN["label_smoothing"],
        "rate": RUN["learning_rate"],
    }  # fmt: skip
    found = preference_run.update(model, pairs, "dpo", options, groups, chosen)
    results = {
        key: torch.tensor(found[key], dtype=torch.float64) for key in ("loss", "norm", "lr")
    }
    results["reference"] = found["reference"]
    for name, value in parameters.items():
        results[f"value.{name}"] = value.detach()
    return results


def make_preference(output: Path, four_bits) -> None:
    source = preference_run.ROOT / "Fixtures/preference-run"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "base").mkdir()
        for part in ("config.json", "model.safetensors"):
            shutil.copyfile(source / part, folder / "base" / part)
        exact = train(folder, source, four_bits, torch.float64)
        found = train(folder, source, four_bits, torch.float32)
    values = ({k: v for k, v in r.items() if k.startswith("value.")} for r in (found, exact))
    print("dpo-qlora float32 is away by", {"value": f"{preference_run.distance(*values):.1e}"})
    assert max(found["norm"]) > RUN["max_grad_norm"], found["norm"]
    assert found["loss"][-1] < 0.95 * found["loss"][0], found["loss"]
    (output / "training/dpo-qlora.yaml").write_text(yaml.safe_dump(RUN, sort_keys=True))
    save(output / "training/dpo-qlora.safetensors", narrowed(exact))
