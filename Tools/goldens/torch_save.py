"""Makes Fixtures/torch-save: files of torch.save, and the same tensors as safetensors.

    python Tools/goldens/torch_save.py [--output Fixtures/torch-save]

    adapter.bin      the tensors of Fixtures/adapters/lora, as PEFT writes them without safetensors
    projector.bin    a bias of the projector, named as in LLaVA's non_lora_trainables.bin
    variants.bin     element types, views, transposed, shared, expanded and empty tensors, parameters;
                     variants.safetensors: what they show
    module.bin       the state dictionary of a module, with its metadata
    protocol4.bin    the same in protocol 4
    run.bin          a pickle that would run a command
    nested.bin       a dictionary in a dictionary
    old.bin          the format before PyTorch 1.6
Versions: requirements.txt beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

import safetensors
import torch
from fixtures import sha256, write_json
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
SEED = 7


class Command:
    def __reduce__(self):
        return (os.system, ("true",))


def variants() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(SEED)
    base = torch.randn(5, 4, generator=generator)
    found = {
        "float": base, "half": base.half(), "bfloat": base.bfloat16(), "double": base.double(),
        "shared": base, "transposed": base.t(), "rows": base[1:3], "columns": base[:, 1:3],
        "element": base[2, 3], "steps": base.flatten()[1::3], "expanded": base[:1].expand(3, 4),
        "empty": torch.zeros(0, 4), "permuted": torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1),
        "parameter": torch.nn.Parameter(base + 1), "bool": base > 0,
        "bytes": torch.arange(250, 256, dtype=torch.uint8),
        "small": torch.arange(-3, 3, dtype=torch.int8),
        "short": torch.arange(-3, 3, dtype=torch.int16),
        "int": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        "long": torch.tensor([-(2**63), 2**63 - 1]),
    }  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "Fixtures" / "torch-save")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    torch.save(load_file(ROOT / "Fixtures/adapters/lora/adapter_model.safetensors"), output / "adapter.bin")
    bias = load_file(ROOT / "Fixtures/goldens/square/model.safetensors")["model.mm_projector.0.bias"]
    name = "base_model.model.model.mm_projector.0.bias"
    torch.save({name: torch.full_like(bias, 2)}, output / "projector.bin")
    tensors = variants()
    torch.save(tensors, output / "variants.bin")
    shown = {key: value.detach().clone().contiguous() for key, value in tensors.items()}
    save_file(shown, output / "variants.safetensors", metadata={"format": "pt"})
    torch.manual_seed(SEED)
    state = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3)).state_dict()
    torch.save(state, output / "module.bin")
    torch.save(dict(state), output / "protocol4.bin", pickle_protocol=4)
    torch.save({"weight": torch.zeros(2), "extra": Command()}, output / "run.bin")
    torch.save({"model": {"weight": torch.zeros(2)}, "step": 3}, output / "nested.bin")
    torch.save({"weight": torch.zeros(2)}, output / "old.bin", _use_new_zipfile_serialization=False)
    files = sorted(p for p in output.iterdir() if p.name != "manifest.json")
    for path in files:
        path.chmod(0o644)
    write_json(
        output / "manifest.json",
        {
            "script": "Tools/goldens/torch_save.py", "seed": SEED,
            "versions": {
                "python": platform.python_version(), "torch": torch.__version__,
                "safetensors": safetensors.__version__,
            },
            "files": {p.name: {"bytes": p.stat().st_size, "sha256": sha256(p)} for p in files},
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
