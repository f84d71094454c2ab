"""Peak memory that `mipha plan` predicts beside what `mipha train` takes, over a grid of runs.

    python Benchmarks/plan/memory.py --work DIR --tokenizer DIR [--mipha .build/release/mipha]
        [--only NAME ...] [--threads 2] [--json FILE]

Makes three model folders in --work (random float32 weights, Phi's tokenizer with 51,200 rows) and 48
samples with pictures and answers of different lengths, unless they are there. Then every run of the
grid is planned (`mipha plan --json --no-probe`) and trained for two updates in a fresh process, whose
peak resident memory the system counts (ru_maxrss, the same as VmHWM). Prints one line a run and ends
with status 1 when a prediction is off by more than 10 %. Needs numpy and safetensors.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import sys
import zlib
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common  # noqa: E402

TOLERANCE = 0.10
MODELS = {
    "small": {"width": 384, "layers": 6, "heads": 6, "tower_width": 384, "tower_layers": 6,
              "tower_heads": 6, "image": 224, "patch": 16, "dropout": 0.0},
    "patches": {"width": 512, "layers": 8, "heads": 8, "tower_width": 384, "tower_layers": 8,
                "tower_heads": 6, "image": 336, "patch": 14, "dropout": 0.1},
    "mid": {"width": 768, "layers": 12, "heads": 12, "tower_width": 768, "tower_layers": 12,
            "tower_heads": 12, "image": 224, "patch": 16, "dropout": 0.0},
}  # fmt: skip
VOCABULARY = 51200
# name: model and settings beside those of `settings`
GRID: dict[str, tuple[str, dict]] = {
    "align-4": ("small", {"stage": "align"}),
    "align-16": ("small", {"stage": "align", "batch": 16}),
    "align-bf16": ("mid", {"stage": "align", "batch": 4, "dtype": "bfloat16"}),
    "align-checkpointing": ("patches", {"stage": "align", "batch": 4, "checkpointing": True}),
    "parity": ("small", {"stage": "align-parity", "batch": 8}),
    "sft": ("mid", {"stage": "sft", "batch": 8, "data": "text"}),
    "full-2": ("small", {"stage": "instruct", "batch": 2}),
    "full-8": ("small", {"stage": "instruct", "batch": 8}),
    "full-8-checkpointing": ("small", {"stage": "instruct", "batch": 8, "checkpointing": True}),
    "full-8-bf16": ("small", {"stage": "instruct", "batch": 8, "dtype": "bfloat16"}),
    "full-16-bf16-checkpointing": (
        "small", {"stage": "instruct", "batch": 16, "dtype": "bfloat16", "checkpointing": True}),
    "in-backward": (
        "small", {"stage": "instruct", "batch": 8, "optimizer_in_backward": True,
                  "checkpointing": True}),
    "accumulated": ("small", {"stage": "instruct", "accumulation": 2}),
    "accumulated-bf16": (
        "small", {"stage": "instruct", "accumulation": 2, "dtype": "bfloat16"}),
    "packed": ("small", {"stage": "instruct", "batch": 8, "packing": True}),
    "averaged": ("small", {"stage": "instruct", "batch": 8, "ema_decay": 0.9}),
    "averaged-bf16": (
        "small", {"stage": "instruct", "batch": 8, "ema_decay": 0.9, "dtype": "bfloat16"}),
    "saved": ("small", {"stage": "instruct", "save_steps": 1}),
    "8-bit": ("small", {"stage": "instruct", "optim": "adamw_8bit"}),
    "8-bit-saved": (
        "small", {"stage": "instruct", "optim": "adamw_8bit", "save_steps": 1, "ema_decay": 0.9}),
    "8-bit-mid-bf16": (
        "mid", {"stage": "instruct", "optim": "adamw_8bit", "dtype": "bfloat16"}),
    "validated": ("small", {"stage": "align", "batch": 8, "validation_split": 0.25}),
    "best-kept": ("small", {"stage": "instruct", "validation_split": 0.25, "eval_steps": 1,
                            "keep_best": True}),
    "preference": ("small", {"stage": "preference", "data": "pairs"}),
    "preference-simpo-bf16": (
        "mid", {"stage": "preference", "preference_loss": "simpo", "dtype": "bfloat16",
                "data": "pairs"}),
    "frozen-tower": ("patches", {"stage": "instruct", "tune": "{tower: frozen}"}),
    "last-2": ("patches", {"stage": "instruct",
                           "tune": "{tower: last:2, language: last:2, head: frozen}"}),
    "patches-4": ("patches", {"stage": "instruct"}),
    "patches-4-bf16": ("patches", {"stage": "instruct", "dtype": "bfloat16"}),
    "lora": ("small", {"stage": "instruct-lora", "batch": 8}),
    "lora-tower": ("patches", {"stage": "instruct-lora", "batch": 4, "lora_r": 16,
                               "tune": "{tower: lora}"}),
    "lora-bf16-checkpointing": (
        "mid", {"stage": "instruct-lora", "dtype": "bfloat16", "checkpointing": True,
                "tune": "{tower: frozen}"}),
    "qlora": ("mid", {"stage": "instruct-lora", "dtype": "bfloat16", "load_in_4bit": True,
                      "tune": "{tower: frozen}"}),
    "full-mid-4": ("mid", {"stage": "instruct"}),
    "full-mid-4-bf16": ("mid", {"stage": "instruct", "dtype": "bfloat16"}),
    "full-mid-8-bf16-checkpointing": (
        "mid", {"stage": "instruct", "batch": 8, "dtype": "bfloat16", "checkpointing": True}),
}  # fmt: skip


def shapes(model: dict) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the official layout."""
    found: dict[str, tuple[int, ...]] = {}

    def affine(name: str, outputs: int, inputs: int) -> None:
        found[f"{name}.weight"] = (outputs, inputs)
        found[f"{name}.bias"] = (outputs,)

    def norm(name: str, width: int) -> None:
        found[f"{name}.weight"] = (width,)
        found[f"{name}.bias"] = (width,)

    width, tower_width = model["width"], model["tower_width"]
    tower = "model.vision_tower.vision_model"
    found[f"{tower}.embeddings.patch_embedding.weight"] = (
        tower_width, 3, model["patch"], model["patch"])
    found[f"{tower}.embeddings.patch_embedding.bias"] = (tower_width,)
    grid = model["image"] // model["patch"]
    found[f"{tower}.embeddings.position_embedding.weight"] = (grid * grid, tower_width)
    for index in range(model["tower_layers"]):
        block = f"{tower}.encoder.layers.{index}"
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            affine(f"{block}.self_attn.{part}", tower_width, tower_width)
        norm(f"{block}.layer_norm1", tower_width)
        affine(f"{block}.mlp.fc1", 4 * tower_width, tower_width)
        affine(f"{block}.mlp.fc2", tower_width, 4 * tower_width)
        norm(f"{block}.layer_norm2", tower_width)
    norm(f"{tower}.post_layernorm", tower_width)
    found[f"{tower}.head.probe"] = (1, 1, tower_width)
    found[f"{tower}.head.attention.in_proj_weight"] = (3 * tower_width, tower_width)
    found[f"{tower}.head.attention.in_proj_bias"] = (3 * tower_width,)
    affine(f"{tower}.head.attention.out_proj", tower_width, tower_width)
    norm(f"{tower}.head.layernorm", tower_width)
    affine(f"{tower}.head.mlp.fc1", 4 * tower_width, tower_width)
    affine(f"{tower}.head.mlp.fc2", tower_width, 4 * tower_width)
    affine("model.mm_projector.0", width, tower_width)
    affine("model.mm_projector.2", width, width)
    found["model.embed_tokens.weight"] = (VOCABULARY, width)
    for index in range(model["layers"]):
        block = f"model.layers.{index}"
        norm(f"{block}.input_layernorm", width)
        for part in ("q_proj", "k_proj", "v_proj", "dense"):
            affine(f"{block}.self_attn.{part}", width, width)
        affine(f"{block}.mlp.fc1", 4 * width, width)
        affine(f"{block}.mlp.fc2", width, 4 * width)
    norm("model.final_layernorm", width)
    affine("lm_head", VOCABULARY, width)
    return found


def config(model: dict) -> dict:
    return {
        "architectures": ["MiphaPhiForCausalLM"], "model_type": "mipha_phi",
        "hidden_act": "gelu_new", "hidden_size": model["width"],
        "intermediate_size": 4 * model["width"], "num_attention_heads": model["heads"],
        "num_hidden_layers": model["layers"], "vocab_size": VOCABULARY,
        "partial_rotary_factor": 0.5, "resid_pdrop": model["dropout"],
        "layer_norm_eps": 1e-5, "image_aspect_ratio": "pad", "tokenizer_model_max_length": 2048,
        "vision_config": {
            "mm_projector": {
                "hidden_size": model["width"], "mm_hidden_size": model["tower_width"],
                "mm_projector_type": "mlp2x_gelu", "model_type": "mipha_projector",
            },
            "vision_tower": {
                "hidden_act": "gelu_pytorch_tanh", "hidden_size": model["tower_width"],
                "image_size": model["image"], "intermediate_size": 4 * model["tower_width"],
                "layer_norm_eps": 1e-6, "mm_vision_select_feature": "patch",
                "mm_vision_select_layer": -2, "model_type": "mipha_vision_model",
                "num_attention_heads": model["tower_heads"], "num_channels": 3,
                "num_hidden_layers": model["tower_layers"], "patch_size": model["patch"],
                "vision_model_name_or_path": "siglip-random",
            },
        },
    }  # fmt: skip


def make_model(folder: Path, model: dict, tokenizer: Path) -> None:
    from safetensors.numpy import save_file

    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    random = numpy.random.default_rng(1)
    tensors = {}
    for name, shape in shapes(model).items():
        if "norm" in name and name.endswith(".weight"):
            tensors[name] = numpy.ones(shape, numpy.float32)
        else:
            tensors[name] = random.standard_normal(shape, numpy.float32) * numpy.float32(0.02)
    save_file(tensors, partial / "model.safetensors", {"format": "pt"})
    processor = {
        "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
        "image_processor_type": "SiglipImageProcessor", "resample": 3,
        "rescale_factor": 1 / 255, "size": {"height": model["image"], "width": model["image"]},
    }  # fmt: skip
    (partial / "config.json").write_text(json.dumps(config(model), indent=2) + "\n")
    (partial / "preprocessor_config.json").write_text(json.dumps(processor, indent=2) + "\n")
    for source in sorted(tokenizer.iterdir()):
        if source.is_file():
            shutil.copyfile(source, partial / source.name)
    partial.rename(folder)


def png(pixels: numpy.ndarray) -> bytes:
    height, width, _ = pixels.shape

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))  # fmt: skip


def make_data(folder: Path) -> None:
    """48 samples with a picture each, the same without pictures, and the same with two answers."""
    random = numpy.random.default_rng(2)
    pictured, plain, pairs = [], [], []
    for index in range(48):
        height, width = (int(side) for side in random.integers(160, 480, 2))
        pixels = random.integers(0, 256, (height // 8, width // 8, 3), dtype=numpy.uint8)
        (folder / f"{index}.png").write_bytes(png(pixels.repeat(8, 0).repeat(8, 1)))
        answer = " ".join(random.choice(common.WORDS, int(random.integers(10, 120))))
        question = " ".join(random.choice(common.WORDS, int(random.integers(4, 40))))
        for samples, mark in ((pictured, "<image>\n"), (plain, "")):
            sample = {"id": str(index), "conversations": [
                {"from": "human", "value": mark + question}, {"from": "gpt", "value": answer}]}
            if mark:
                sample["image"] = f"{index}.png"
            samples.append(sample)
        pairs.append({"id": str(index), "image": f"{index}.png", "prompt": question,
                      "chosen": answer, "rejected": " ".join(reversed(answer.split()[:60]))})
    (folder / "text.json").write_text(json.dumps(plain, indent=1) + "\n")
    (folder / "pairs.json").write_text(json.dumps(pairs, indent=1) + "\n")
    (folder / "pictures.json").write_text(json.dumps(pictured, indent=1) + "\n")


def settings(work: Path, name: str) -> dict[str, object]:
    model, given = GRID[name]
    keys = {"batch": "per_device_train_batch_size", "accumulation": "gradient_accumulation_steps",
            "checkpointing": "gradient_checkpointing"}
    run: dict[str, object] = {
        "model": work / model, "output_dir": work / f"run-{name}",
        "data_path": work / f"{given.get('data', 'pictures')}.json", "image_folder": work,
        "per_device_train_batch_size": 4, "max_steps": 2, "save_steps": 0,
        "learning_rate": 1e-5,
    }  # fmt: skip
    for key, value in given.items():
        if key != "data":
            run[keys.get(key, key)] = value
    return run


def planned(mipha: Path, run_file: Path, threads: int) -> dict:
    command = [mipha, "plan", run_file, "--json", "--no-probe", "--threads", threads]
    return json.loads(common.finish(command).output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--mipha", type=Path, default=common.MIPHA)
    parser.add_argument("--only", nargs="*", default=list(GRID), choices=list(GRID))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure-only", action="store_true")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    arguments.mipha = arguments.mipha.resolve()
    work.mkdir(parents=True, exist_ok=True)
    missing = [name for name in MODELS if not (work / name).exists()]
    for name in missing:
        make_model(work / name, MODELS[name], arguments.tokenizer)
    if not (work / "pairs.json").exists():
        make_data(work)
    if missing:
        # A child counts the largest memory of its parent as its own: go on without what was made.
        os.execv(sys.executable, [sys.executable, *sys.argv])
    print("| run | model | settings | predicted GB | at | measured GB | error |")
    print("|---|---|---|---|---|---|---|")
    rows, worst = [], 0.0
    for name in arguments.only:
        model, given = GRID[name]
        run_file = work / f"{name}.yaml"
        run = settings(work, name)
        common.write_run_file(run_file, run)
        plan = {} if arguments.measure_only else planned(
            arguments.mipha, run_file, arguments.threads)
        measured = common.train(arguments.mipha, run_file, run, arguments.threads)[1].peak_bytes
        predicted = plan.get("memory", {}).get("peak_bytes", 0)
        phase = plan.get("memory", {}).get("peak_phase", "")
        error = predicted / measured - 1
        worst = max(worst, abs(error))
        text = ", ".join(f"{key} {value}" for key, value in given.items())
        print(f"| {name} | {model} | {text} | {predicted / 1e9:.3f} | {phase} | "
              f"{measured / 1e9:.3f} | {100 * error:+.1f} % |", flush=True)  # fmt: skip
        rows.append({"run": name, "model": model, "settings": given, "predicted": predicted,
                     "phase": phase, "measured": measured, "plan": plan})  # fmt: skip
    print(f"\n{len(rows)} runs, largest error {100 * worst:.1f} %")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
