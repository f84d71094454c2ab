"""Writes Fixtures/checkpoints: files of the Python safetensors, transformers and json libraries.

Run from the repository root:  python Tools/goldens/checkpoints.py
Pinned: torch 2.13.0, safetensors 0.8.0, transformers 5.17.0, huggingface_hub 1.33.0.
"""

import hashlib
import importlib.metadata
import json
import math
import pathlib
import random
import shutil
import struct

import huggingface_hub
import torch
from safetensors.torch import save_file
from transformers import PhiConfig, SiglipConfig

SEED = 20261123
TARGET = pathlib.Path("Fixtures/checkpoints")

INTEGERS = {
    "bool": [0, 1, 1, 0, 0, 1],
    "uint8": [0, 1, 127, 128, 254, 255],
    "int8": [0, 1, 127, -128, -2, -1],
    "int16": [0, 1, 32767, -32768, -2, -1],
    "uint16": [0, 1, 32767, 32768, 65534, 65535],
    "int32": [0, 1, 2**31 - 1, -(2**31), -2, -1],
    "uint32": [0, 1, 2**31, 2**32 - 1, 65536, 7],
    "int64": [0, 1, 2**63 - 1, -(2**63), -2, -1],
    "uint64": [0, 1, 2**63 - 1, 2**53 + 1, 65536, 7],
}
FLOATS = {
    "float16": [0.0, -0.0, 1.5, -65504.0, 6e-8, math.inf],
    "bfloat16": [0.0, -0.0, 1.5, -3.0e38, 1e-40, -math.inf],
    "float32": [0.0, -0.0, 1.5, 3.4e38, 1e-45, math.nan],
    "float64": [0.0, -0.0, 1.5, 1e300, 0.1, math.nan],
    "float8_e4m3fn": [0.0, 0.001953125, 448.0, -1.125, 0.015625, math.nan],
    "float8_e5m2": [0.0, 2.0**-16, 57344.0, -1.25, math.inf, math.nan],
}


def every_type():
    tensors, expected = {}, {}
    for name, values in (INTEGERS | FLOATS).items():
        kind = getattr(torch, name)
        source = torch.float64 if name in FLOATS else torch.int64
        if name == "uint64":
            tensor = torch.tensor(values, dtype=torch.uint64)
        else:
            tensor = torch.tensor(values, dtype=source).to(kind)
        tensors[name] = tensor.reshape(2, 3)
        if name in FLOATS:
            widened = tensor.to(torch.float32).view(torch.int32).tolist()
            expected[name] = [v & 0xFFFFFFFF for v in widened]
        else:
            expected[name] = values
    save_file(tensors, TARGET / "every-type.safetensors", metadata={"format": "pt"})
    return expected


def shapes():
    generator = torch.Generator().manual_seed(SEED)
    tensors = {
        "scalar": torch.tensor(2.5),
        "no elements": torch.zeros(0, 3),
        "none in the middle": torch.zeros(2, 0, 3, dtype=torch.float64),
        "deep": torch.randn(1, 2, 1, 3, 2, 1, generator=generator),
        "größe/\"quoted\"\\\n\u2028😀": torch.arange(5, dtype=torch.uint8),
        "a.weight": torch.randn(3, 4, generator=generator).to(torch.bfloat16),
        "a.bias": torch.arange(3, dtype=torch.int64),
    }
    save_file(tensors, TARGET / "shapes.safetensors")
    save_file({}, TARGET / "no-tensors.safetensors")
    save_file({"x": torch.ones(1)}, TARGET / "metadata.safetensors",
              metadata={"läuft\n\u0001\u007f\t": "\"ja\" \\ 😀"})


def misaligned():
    header = json.dumps({
        "flags": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
        "values": {"dtype": "F32", "shape": [2], "data_offsets": [1, 9]},
    }).encode()
    data = b"\x07" + struct.pack("<2f", 1.5, -2.0)
    (TARGET / "misaligned.safetensors").write_bytes(
        struct.pack("<Q", len(header)) + header + data)


def sharded():
    generator = torch.Generator().manual_seed(SEED + 1)
    state = {f"model.layers.{i}.fc.weight": torch.randn(8, 16, generator=generator)
             for i in range(5)}
    state["lm_head.bias"] = torch.randn(7, generator=generator)
    folder = TARGET / "sharded"
    folder.mkdir()
    huggingface_hub.save_torch_state_dict(state, folder, max_shard_size=1030)


def texts():
    (TARGET / "phi-config.json").write_text(PhiConfig().to_json_string(use_diff=False))
    (TARGET / "siglip-config.json").write_text(SiglipConfig().to_json_string(use_diff=False))
    mixed = {
        "zeta": 1, "alpha": [1, 1.0, -0.0, 1e-05, 1e16, 1e22, 123456789.125, 5e-324],
        "model_max_length": int(1e30), "empty": {}, "none": None, "list": [],
        "text": "größe \u2028 😀 \x7f \x01 \" \\ / \b\f\n\r\t",
        "nested": {"b": [[], [{}], [[1, 2], [True, False, None]]], "a": {"x": {"y": "z"}}},
    }
    (TARGET / "mixed-ascii.json").write_text(json.dumps(mixed, indent=2) + "\n")
    (TARGET / "mixed-utf8.json").write_text(
        json.dumps(mixed, indent=2, ensure_ascii=False), encoding="utf-8")
    (TARGET / "mixed-sorted.json").write_text(
        json.dumps(mixed, indent=2, sort_keys=True) + "\n")
    (TARGET / "mixed-compact.json").write_text(
        json.dumps(mixed, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    source = random.Random(SEED)
    numbers = [0.1, 1 / 3, 1e15, 9007199254740993.0, 1.2e16, 1e17, 0.0001, 0.00012, 0.00001,
               1.7976931348623157e308, 2.2250738585072014e-308, 100.0, 1e2, 123456.789]
    while len(numbers) < 600:
        value = struct.unpack("<d", struct.pack("<Q", source.getrandbits(64)))[0]
        if math.isfinite(value):
            numbers.append(value)
        numbers.append(source.uniform(-1, 1) * 10 ** source.randint(-8, 20))
        numbers.append(float(source.randint(-10**6, 10**6)))
    (TARGET / "doubles.json").write_text(json.dumps([repr(v) for v in numbers]))


def manifest(expected):
    (TARGET / "every-type.json").write_text(json.dumps(expected, indent=2) + "\n")
    files = {}
    for path in sorted(TARGET.rglob("*")):
        if path.is_file():
            path.chmod(0o644)
        if path.is_file() and path.name != "manifest.json":
            files[str(path.relative_to(TARGET))] = hashlib.sha256(path.read_bytes()).hexdigest()
    packages = ["torch", "safetensors", "transformers", "huggingface_hub"]
    record = {
        "script": "Tools/goldens/checkpoints.py",
        "seed": SEED,
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "sha256": files,
    }
    (TARGET / "manifest.json").write_text(json.dumps(record, indent=2) + "\n")


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    expected = every_type()
    shapes()
    misaligned()
    sharded()
    texts()
    manifest(expected)


if __name__ == "__main__":
    main()
