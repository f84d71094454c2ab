"""Makes Fixtures/optimizer: steps of AdamW with 8-bit moments by bitsandbytes on the CPU.

    python Tools/goldens/optimizer.py [--output Fixtures/optimizer]

One weight of 4,400 elements (17 blocks of 256 and a part of one) and five gradients, whose
size differs by up to ten inside a block and a hundred thousand between blocks; the first block's are
all zero. Kept: the weight before and after, the codes of both moments and
the scales of their blocks after the last step, and the two maps. Also the same steps written out in
PyTorch with exactly nearest codes, because bitsandbytes finds codes in a table of coarse places.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
from pathlib import Path

import bitsandbytes
import bitsandbytes.functional as functional
import torch
from fixtures import describe, save

ROOT = Path(__file__).resolve().parent.parent.parent
COUNT, BLOCK, STEPS = 4400, 256, 5
OPTIONS = {"lr": 1e-3, "betas": (0.9, 0.98), "eps": 1e-7, "weight_decay": 0.1}


def packed(values: torch.Tensor, code: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Nearest codes, the lower of two equally near, and the largest magnitude of each block."""
    middles = (code[:-1] + code[1:]) / 2
    blocks = torch.nn.functional.pad(values, (0, -values.numel() % BLOCK)).view(-1, BLOCK)
    scales = blocks.abs().amax(1)
    shares = torch.where(scales[:, None] > 0, blocks / scales[:, None], code[0])
    return torch.searchsorted(middles, shares).view(-1)[: values.numel()].byte(), scales


def unpacked(codes: torch.Tensor, scales: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
    return code[codes.long()] * scales.repeat_interleave(BLOCK)[: codes.numel()]


def written_out(weight, gradients, signed, unsigned) -> dict[str, torch.Tensor]:
    weight = weight.clone()
    (beta1, beta2), rate = OPTIONS["betas"], OPTIONS["lr"]
    codes = [torch.zeros(COUNT, dtype=torch.uint8)] * 2
    scales = [torch.zeros(-(COUNT // -BLOCK))] * 2
    for step, gradient in enumerate(gradients, 1):
        first = unpacked(codes[0], scales[0], signed) * beta1 + (1 - beta1) * gradient
        second = unpacked(codes[1], scales[1], unsigned) * beta2 + (1 - beta2) * gradient**2
        weight *= 1 - rate * OPTIONS["weight_decay"]
        size = second.sqrt() / math.sqrt(1 - beta2**step) + OPTIONS["eps"]
        weight -= rate / (1 - beta1**step) * first / size
        packs = packed(first, signed), packed(second, unsigned)
        codes, scales = [c for c, _ in packs], [s for _, s in packs]
    return {
        "weight": weight, "first": codes[0], "second": codes[1],
        "first_scales": scales[0], "second_scales": scales[1],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "Fixtures/optimizer")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(7)
    start = torch.randn(COUNT, generator=generator)
    sizes = 10 ** -(
        torch.rand(COUNT, generator=generator)
        + 5 * torch.rand(-(COUNT // -BLOCK), generator=generator).repeat_interleave(BLOCK)[:COUNT]
    )
    gradients = torch.randn(STEPS, COUNT, generator=generator) * sizes
    gradients[:, :BLOCK] = 0
    weight = torch.nn.Parameter(start.clone())
    optimizer = bitsandbytes.optim.AdamW8bit([weight], **OPTIONS)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    state = optimizer.state[weight]
    maps = [functional.create_dynamic_map(signed=signed) for signed in (True, False)]
    tensors = {
        "start": start, "gradients": gradients, "map.signed": maps[0], "map.unsigned": maps[1],
        "bitsandbytes.weight": weight.detach(),
        "bitsandbytes.first": state["state1"], "bitsandbytes.second": state["state2"],
        "bitsandbytes.first_scales": state["absmax1"],
        "bitsandbytes.second_scales": state["absmax2"],
    }  # fmt: skip
    for name, value in written_out(start, gradients, *maps).items():
        tensors[f"exact.{name}"] = value
    report = {}
    for name in ("first", "second"):
        apart = tensors[f"exact.{name}"].int() - tensors[f"bitsandbytes.{name}"].int()
        report[name] = {"other codes": (apart != 0).sum().item(), "furthest": apart.abs().max().item()}
    distance = (tensors["exact.weight"] - tensors["bitsandbytes.weight"]).abs().max().item()
    report["weight"] = {"largest difference": distance}
    print(report)
    path = output / "adamw-8bit.safetensors"
    save(path, tensors)
    manifest = {
        "script": "Tools/goldens/optimizer.py", "seed": 7,
        "versions": {
            "python": platform.python_version(), "torch": torch.__version__,
            "bitsandbytes": bitsandbytes.__version__,
        },
        "written out beside bitsandbytes": report,
        "files": {path.name: describe(path)},
    }  # fmt: skip
    (output / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
