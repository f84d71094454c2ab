"""Makes Fixtures/adapters: adapters written by PEFT, and what PEFT and bitsandbytes compute with them.

    python Tools/goldens/adapters.py [--output Fixtures/adapters]

The bases are the golden models `square` (its language half as a plain PhiForCausalLM) and
`llava-hf/v5`. Versions: requirements.txt beside this file. Cases:

    lora, rslora, dora   all linear layers of Phi: the adapter as PEFT saves it, logits, loss, all
                         gradients, and all values after three AdamW steps (expected.safetensors)
    llava                LoRA on decoder and tower of LlavaForConditionalGeneration, likewise, with
                         logits and gradients only
    quantized.safetensors
                         codes and scales of a matrix that code and test both compute, by
                         bitsandbytes; logits, loss and gradients of `lora` over a base whose weights
                         are those of NF4 (double quantisation), and those of rows of int8
    training             ten steps of whole runs, see adapter_training.py
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from pathlib import Path

import bitsandbytes
import bitsandbytes.functional as functional
import peft
import safetensors
import torch
import transformers
from adapter_preference import make_preference
from adapter_training import make_training
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from fixtures import draw, save, sha256, write_json
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import LlavaForConditionalGeneration, PhiConfig, PhiForCausalLM

ROOT = Path(__file__).resolve().parents[2]
SEED = 21
NAMES = ["q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"]
RATES = [1e-2, 5e-3, 2e-3]


def phi(folder: Path) -> PhiForCausalLM:
    config = json.loads((folder / "config.json").read_text())
    model = PhiForCausalLM(PhiConfig(**config, attn_implementation="eager")).eval()
    weights = load_file(folder / "model.safetensors")
    found = model.load_state_dict(weights, strict=False)
    assert not found.missing_keys, found
    assert all("vision_tower" in n or "mm_projector" in n for n in found.unexpected_keys), found
    return model


def inputs(vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(SEED)
    ids = torch.randint(3, vocabulary - 1, (2, 9), generator=generator)
    labels = ids.clone()
    labels[0, :4] = -100
    labels[1, :6] = -100
    return ids, labels


def disturb(model: torch.nn.Module) -> None:
    """Values for B other than zero, and for DoRA's lengths other than those of the base."""
    generator = torch.Generator().manual_seed(SEED + 1)
    for name, value in sorted(model.named_parameters()):
        with torch.no_grad():
            if ".lora_A." in name:
                width = value.shape[1]
                value.copy_(draw(tuple(value.shape), generator) / width**0.5)
            elif ".lora_B." in name:
                value.copy_(0.3 * draw(tuple(value.shape), generator))
            elif ".lora_magnitude_vector." in name:
                value.mul_(1 + 0.2 * draw(tuple(value.shape), generator))


def learning(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """Trainable parameters by the names that PEFT saves them under, without its prefix."""
    found = {}
    for name, value in model.named_parameters():
        if value.requires_grad:
            inner = name.removeprefix("base_model.model.").replace(".default", "")
            inner = inner.replace("lora_magnitude_vector.weight", "lora_magnitude_vector")
            found[inner] = value
    return found


def run(model, ids, labels) -> dict[str, torch.Tensor]:
    """Logits, loss (mean over supervised positions) and all gradients."""
    model.zero_grad(set_to_none=True)
    logits = model(input_ids=ids).logits
    loss = torch.nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100
    )
    loss.backward()
    results = {"logits": logits, "loss": loss}
    results |= {f"grad.{name}": value.grad.clone() for name, value in learning(model).items()}
    return results


def config(**options) -> LoraConfig:
    return LoraConfig(target_modules=NAMES, lora_dropout=0.0, task_type="CAUSAL_LM", **options)


def save_adapter(model, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    written = json.loads((folder / "adapter_config.json").read_text())
    if isinstance(written["target_modules"], list):
        written["target_modules"].sort()
    base = written["base_model_name_or_path"]
    if base:
        written["base_model_name_or_path"] = str(Path(base).relative_to(ROOT))
    write_json(folder / "adapter_config.json", written)


def make_case(output: Path, name: str, options: dict, ids, labels) -> None:
    model = get_peft_model(phi(ROOT / "Fixtures/goldens/square"), config(**options)).eval()
    disturb(model)
    save_adapter(model, output / name)
    results = run(model, ids, labels)
    loaded = peft.PeftModel.from_pretrained(phi(ROOT / "Fixtures/goldens/square"), output / name)
    merged = loaded.merge_and_unload()
    results["merged.q_proj"] = merged.model.layers[1].self_attn.q_proj.weight
    parameters = learning(model)
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=0.0, betas=(0.9, 0.98), eps=1e-7, weight_decay=0.0,
        foreach=False, fused=False,
    )  # fmt: skip
    losses = []
    for rate in RATES:
        optimizer.param_groups[0]["lr"] = rate
        losses.append(run(model, ids, labels)["loss"].item())
        optimizer.step()
    results |= {f"after.{key}": value for key, value in parameters.items()}
    results |= {"ids": ids, "labels": labels, "losses": torch.tensor(losses)}
    results["rates"] = torch.tensor(RATES)
    save(output / name / "expected.safetensors", results)


def make_llava(output: Path) -> None:
    base = LlavaForConditionalGeneration.from_pretrained(
        ROOT / "Fixtures/goldens/llava-hf/v5", attn_implementation="eager"
    ).eval()
    parts = r"model\.(language_model|vision_tower\.encoder)\.layers\."
    targets = parts + r".*(q_proj|out_proj|dense|fc1)"
    options = LoraConfig(r=2, lora_alpha=5, target_modules=targets, lora_dropout=0.0)
    model = get_peft_model(base, options).eval()
    disturb(model)
    save_adapter(model, output / "llava")
    source = load_file(ROOT / "Fixtures/goldens/llava-hf/inputs.safetensors")
    ids, pixels = source["input_ids.0"][None], source["pixel_values"][source["images.0"]]
    logits = model(input_ids=ids, pixel_values=pixels).logits
    count = 4
    loss = torch.nn.functional.cross_entropy(logits[0, -count - 1 : -1], ids[0, -count:])
    loss.backward()
    results = {"logits": logits, "loss": loss, "supervised": torch.tensor(count)}
    for name, value in learning(model).items():
        if value.grad is not None:
            results[f"grad.{name}"] = value.grad
    save(output / "llava" / "expected.safetensors", results)


def crafted(rows: int, columns: int) -> torch.Tensor:
    """A matrix of exact float32 numbers that the test computes too."""
    place = torch.arange(rows * columns)
    values = ((place * 40503) % 65537 - 32768).float() / 32768
    return (values * (1 + (place // 1000) % 5).float()).reshape(rows, columns)


def four_bits(weight: torch.Tensor):
    """NF4 with double quantisation: codes, scales, their scales and offset, and the values.

    Codes are bitsandbytes'. Its CPU kernels for the rest are not exact: `quantize_blockwise` takes
    the farther of two steps near the middle between them, `dequantize_4bit` is right only where rows
    are whole blocks of 64. So those are the nearest steps, as its portable kernels take.
    """
    codes, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4")
    offset = state.absmax.mean()
    centred = state.absmax - offset
    places, nested = functional.quantize_blockwise(centred, blocksize=256)
    steps = nested.code
    outer = nested.absmax.repeat_interleave(256)[: len(centred)]
    exact = torch.bucketize(centred / outer, (steps[1:] + steps[:-1]) / 2).to(torch.uint8)
    assert ((exact.int() - places.int()).abs() <= 1).all()
    scales = steps[exact.long()] * outer + offset
    dense = _dequantize_4bit_compute(
        codes.flatten(), scales, state.code, 64, weight.shape, torch.float32
    )
    if weight.shape[1] % 64 == 0:
        state.absmax = scales
        assert torch.equal(dense, functional.dequantize_4bit(codes, state))
    return dense, codes, exact, nested.absmax, offset


def in_four_bits(model: PhiForCausalLM) -> PhiForCausalLM:
    for layer in model.model.layers:
        for part in (layer.self_attn, layer.mlp):
            for module in part.children():
                if isinstance(module, torch.nn.Linear):
                    module.weight.data = four_bits(module.weight.data)[0]
    return model


def in_eight_bits(model: PhiForCausalLM) -> PhiForCausalLM:
    for layer in model.model.layers:
        for part in (layer.self_attn, layer.mlp):
            for module in part.children():
                if isinstance(module, torch.nn.Linear):
                    codes, scales, _ = functional.int8_vectorwise_quant(module.weight.data)
                    module.weight.data = functional.int8_vectorwise_dequant(codes, scales)
    return model


def make_quantized(output: Path, ids, labels) -> None:
    weight = crafted(130, 160)
    dense, codes, scales, nested, offset = four_bits(weight)
    four_bits(crafted(130, 192))
    rows, magnitudes, _ = functional.int8_vectorwise_quant(weight)
    eight = functional.int8_vectorwise_dequant(rows, magnitudes)
    results = {
        "shape": torch.tensor(weight.shape),
        "nf4.codes": codes.flatten(), "nf4.scales": scales,
        "nf4.nested": nested, "nf4.offset": offset,
        "nf4.row": dense[77], "nf4.sum": dense.double().sum(),
        "int8.row.codes": rows[77], "int8.scales": magnitudes, "int8.row": eight[77],
        "int8.sum": eight.double().sum(),
    }  # fmt: skip
    square = ROOT / "Fixtures/goldens/square"
    for kind, base in [("nf4", in_four_bits(phi(square))), ("int8", in_eight_bits(phi(square)))]:
        model = peft.PeftModel.from_pretrained(base, output / "lora", is_trainable=True).eval()
        for key, value in run(model, ids, labels).items():
            if "layers.0" not in key:
                results[f"{kind}.{key}"] = value
    save(output / "quantized.safetensors", results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "Fixtures" / "adapters")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    ids, labels = inputs(96)
    make_case(output, "lora", {"r": 3, "lora_alpha": 8}, ids, labels)
    make_case(output, "rslora", {"r": 2, "lora_alpha": 3, "use_rslora": True}, ids, labels)
    make_case(output, "dora", {"r": 2, "lora_alpha": 4, "use_dora": True}, ids, labels)
    make_llava(output)
    make_quantized(output, ids, labels)
    make_training(output, four_bits, SEED + 2)
    make_preference(output, four_bits)
    files = sorted(p for p in output.rglob("*") if p.is_file() and p.name != "manifest.json")
    for path in files:
        path.chmod(0o644)
    versions = {
        module.__name__: module.__version__
        for module in (torch, transformers, safetensors, peft, bitsandbytes)
    }
    write_json(
        output / "manifest.json",
        {
            "script": "Tools/goldens/adapters.py", "seed": SEED,
            "versions": {"python": platform.python_version()} | versions,
            "files": {
                str(p.relative_to(output)): {"bytes": p.stat().st_size, "sha256": sha256(p)}
                for p in files
            },
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
