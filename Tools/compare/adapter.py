"""Compares an adapter merged by `mipha merge` with the same adapter loaded by PEFT.

    python Tools/compare/adapter.py --model DIR --adapter DIR [--mipha .build/release/mipha]
        [--tolerance 2e-5]

`--model` is a folder in the official Mipha layout, whose language half PEFT gets as a plain
PhiForCausalLM, or one that LlavaForConditionalGeneration loads. Logits of random ids without
pictures are compared; PEFT must find every tensor of the adapter that its model has a place for.
Needs peft beside transformers. The exit status is 1 beyond the tolerance.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import LlavaForConditionalGeneration, PhiConfig, PhiForCausalLM


def load_base(folder: Path) -> torch.nn.Module:
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] == "llava":
        return LlavaForConditionalGeneration.from_pretrained(folder, attn_implementation="eager")
    model = PhiForCausalLM(PhiConfig(**config, attn_implementation="eager"))
    weights = {}
    for file in sorted(folder.glob("model*.safetensors")):
        weights |= load_file(file)
    found = model.load_state_dict(weights, strict=False)
    assert not found.missing_keys, found.missing_keys
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--mipha", default=".build/release/mipha")
    parser.add_argument("--tolerance", type=float, default=2e-5)
    arguments = parser.parse_args()
    base = load_base(arguments.model).float().eval()
    ids = torch.randint(3, 80, (13,), generator=torch.Generator().manual_seed(5))
    with torch.no_grad(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = base(input_ids=ids[None]).logits[0]
        model = PeftModel.from_pretrained(base, arguments.adapter).eval()
        expected = model(input_ids=ids[None]).logits[0]
    for warning in caught:
        print("PEFT:", str(warning.message)[:300])
    if any("missing" in str(w.message).lower() for w in caught):
        raise SystemExit("PEFT misses tensors in the adapter")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "ids.json").write_text(json.dumps(ids.tolist()))
        merge = ["merge", arguments.model, "--adapter", arguments.adapter]
        forward = ["forward", folder / "merged", "--ids", folder / "ids.json"]
        for command in (
            merge + ["--output", folder / "merged"],
            forward + ["--output", folder / "out.safetensors"],
        ):
            subprocess.run([arguments.mipha, *command], check=True, capture_output=True)
        found = load_file(folder / "out.safetensors")["logits"][0]
    largest = expected.abs().max().item()
    difference = (found - expected).abs().max().item() / largest
    effect = (before - expected).abs().max().item() / largest
    print(f"adapter moves the logits by {effect:.2e}; mipha differs from PEFT by {difference:.2e}")
    raise SystemExit(difference > arguments.tolerance or effect < 100 * arguments.tolerance)


if __name__ == "__main__":
    main()
