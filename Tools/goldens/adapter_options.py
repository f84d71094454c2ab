"""Makes Fixtures/adapter-options: adapters that PEFT wrote with options beyond the common ones.

    python Tools/goldens/adapter_options.py [--output Fixtures/adapter-options] [--wheels DIR]

Each case is a folder as PEFT saves it, with the logits of PEFT's own forward pass beside it
(expected.safetensors). The base is the language half of the golden model `square`; for `projector` it
is `llava-hf/v5`. `fields.json` holds the fields of `LoraConfig` with their defaults: those of the PEFT
in use, and those of the wheels (`pip download --no-deps peft==VERSION`) in --wheels, which are read and
not run; without --wheels the ones in the file are kept. `targets.json` holds what PEFT says of module
names under configs: which are adapted, with which rank and alpha. Versions: requirements.txt beside
this file.
"""

from __future__ import annotations

import argparse
import ast
import json
import platform
import re
import shutil
import zipfile
from pathlib import Path

import peft
import safetensors
import torch
import transformers
from adapters import inputs, phi
from fixtures import draw, save, sha256, write_json
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.other import get_pattern_key
from safetensors.torch import load_file
from transformers import LlavaForConditionalGeneration

ROOT = Path(__file__).resolve().parents[2]
SQUARE = ROOT / "Fixtures/goldens/square"
SEED = 91
BLOCKS = ["q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"]
CASES = {
    "patterns": {
        "r": 3, "lora_alpha": 5, "target_modules": BLOCKS,
        "rank_pattern": {"mlp.fc1": 5, r"layers\.1\..*q_proj": 2, r"(k|v)_proj": 1},
        "alpha_pattern": {r"^model\.layers\.0\.self_attn\.q_proj": 12, r".*\.(k|v)_proj": 6},
    },
    "pattern-order": {
        "r": 2, "lora_alpha": 2, "target_modules": ["q_proj", "fc2"],
        "rank_pattern": {"0.mlp.fc2": 4, "fc2": 3},
        "alpha_pattern": {"2": 1, "fc2": 7, "layers.1.mlp.fc2": 9},
        "use_rslora": True,
    },
    "head": {"r": 2, "lora_alpha": 6, "target_modules": ["lm_head", "q_proj"]},
    "head-dora": {"r": 2, "lora_alpha": 6, "target_modules": ["lm_head"], "use_dora": True},
    "table": {"r": 2, "lora_alpha": 3, "target_modules": ["embed_tokens", "fc2"], "use_rslora": True},
    "saved": {
        "r": 2, "lora_alpha": 4, "target_modules": ["v_proj"],
        "modules_to_save": ["lm_head", "embed_tokens", "final_layernorm"],
    },
    "regex": {
        "r": 2, "lora_alpha": 4,
        "target_modules": r"(?:.*?(?:self_attn|mlp).*?(?:q_proj|v_proj|fc1))|(?:\bmodel\.layers\.[\d]{1,}\.mlp\.fc2)",
        "exclude_modules": r".*\.0\.mlp\..*",
    },
    "some-layers": {
        "r": 2, "lora_alpha": 4, "target_modules": ["dense", "fc1"], "exclude_modules": ["mlp.fc1"],
        "layers_to_transform": [1], "layers_pattern": "layers",
    },
    "biases": {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "fc2"], "bias": "lora_only"},
    "all-biases": {"r": 2, "lora_alpha": 4, "target_modules": ["k_proj"], "bias": "all"},
    "all-linear": {"r": 1, "lora_alpha": 4, "target_modules": "all-linear", "init_lora_weights": "gaussian"},
}  # fmt: skip


def disturb(model: torch.nn.Module) -> None:
    """Values other than those of the start for all that learns."""
    generator = torch.Generator().manual_seed(SEED)
    for name, value in sorted(model.named_parameters()):
        if not value.requires_grad:
            continue
        with torch.no_grad():
            noise = draw(tuple(value.shape), generator)
            if ".lora_A." in name or ".lora_embedding_A." in name:
                value.copy_(noise / value.shape[1] ** (0.5 if ".lora_A." in name else 0.0))
            elif ".lora_B." in name or ".lora_embedding_B." in name:
                value.copy_(0.3 * noise)
            else:
                value.add_(0.2 * noise)


def save_adapter(model, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    written = json.loads((folder / "adapter_config.json").read_text())
    for key in ("target_modules", "exclude_modules"):
        if isinstance(written[key], list):
            written[key].sort()
    written["base_model_name_or_path"] = None
    write_json(folder / "adapter_config.json", written)


def make_text(output: Path, name: str, options: dict, ids: torch.Tensor) -> None:
    config = LoraConfig(lora_dropout=0.0, task_type="CAUSAL_LM", **options)
    model = get_peft_model(phi(SQUARE), config).eval()
    disturb(model)
    save_adapter(model, output / name)
    loaded = peft.PeftModel.from_pretrained(phi(SQUARE), output / name).eval()
    with torch.no_grad():
        logits = loaded(input_ids=ids).logits
        assert torch.equal(logits, model(input_ids=ids).logits), name
        base = phi(SQUARE)(input_ids=ids).logits
    assert (logits - base).abs().max() > 0.1, name
    save(output / name / "expected.safetensors", {"ids": ids, "logits": logits})


def make_projector(output: Path) -> None:
    """A LLaVA model: adapters on the projector and a part of both halves, the head in full."""
    base = LlavaForConditionalGeneration.from_pretrained(
        ROOT / "Fixtures/goldens/llava-hf/v5", attn_implementation="eager"
    ).eval()
    config = LoraConfig(
        r=2, lora_alpha=5, lora_dropout=0.0, target_modules=["linear_1", "q_proj"],
        modules_to_save=["lm_head", "linear_2"],
    )  # fmt: skip
    model = get_peft_model(base, config).eval()
    disturb(model)
    save_adapter(model, output / "projector")
    source = load_file(ROOT / "Fixtures/goldens/llava-hf/inputs.safetensors")
    ids, pixels = source["input_ids.0"][None], source["pixel_values"][source["images.0"]]
    with torch.no_grad():
        logits = model(input_ids=ids, pixel_values=pixels).logits
    save(output / "projector" / "expected.safetensors", {"logits": logits})


def declared(tree: ast.Module, name: str) -> dict[str, object]:
    """Fields of a dataclass with their defaults, as far as these are literals."""
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or node.name != name:
            continue
        for line in node.body:
            if not isinstance(line, ast.AnnAssign):
                continue
            default = line.value
            if isinstance(default, ast.Call):
                parts = {k.arg: k.value for k in default.keywords}
                default = parts.get("default")
                factory = parts.get("default_factory")
                if factory is not None:
                    found[line.target.id] = {} if ast.unparse(factory) == "dict" else None
                    continue
            found[line.target.id] = ast.literal_eval(default) if default else None
    return found


def fields_of_wheel(path: Path) -> tuple[str, dict[str, object]]:
    version = re.match(r"peft-([^-]+)-", path.name)[1]
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()

        def parse(*candidates: str) -> ast.Module:
            name = next(c for c in candidates if c in names)
            return ast.parse(archive.read(name))

        common = parse("peft/config.py", "peft/utils/config.py")
        own = parse("peft/tuners/lora/config.py", "peft/tuners/lora.py")
    fields = {}
    for name in ("PeftConfigMixin", "PeftConfig"):
        fields |= declared(common, name)
    fields |= declared(own, "LoraConfig")
    fields["peft_type"] = "LORA"
    return version, fields


def make_fields(output: Path, wheels: Path | None) -> None:
    path = output / "fields.json"
    versions = json.loads(path.read_text()) if path.exists() else {}
    for wheel in sorted(wheels.glob("peft-*.whl")) if wheels else []:
        version, fields = fields_of_wheel(wheel)
        versions[version] = fields
    versions[peft.__version__] = LoraConfig().to_dict()
    write_json(path, versions)


MODULES = [
    *(f"model.layers.{i}.{part}" for i in (0, 1, 10, 11) for part in (
        "self_attn.q_proj", "self_attn.v_proj", "mlp.fc1", "mlp.fc2")),
    "model.language_model.layers.1.self_attn.q_proj", "language_model.model.layers.1.mlp.fc1",
    "model.vision_tower.encoder.layers.1.self_attn.q_proj", "vision_tower.vision_model.encoder.layers.10.mlp.fc1",
    "multi_modal_projector.linear_1", "model.mm_projector.0", "model.mm_projector.2", "lm_head",
    "model.embed_tokens", "my_q_proj", "q_proj",
]  # fmt: skip
TARGETS = [
    {"target_modules": ["q_proj", "fc1"]},
    {"target_modules": ["proj", "1.mlp.fc1", "mm_projector.0", "lm_head"]},
    {"target_modules": ["model.layers.1.mlp.fc1", "q_proj"], "layers_to_transform": [0, 11]},
    {"target_modules": ["q_proj", "fc2"], "layers_to_transform": 1},
    {"target_modules": ["q_proj", "fc1"], "layers_to_transform": [1], "layers_pattern": "layers"},
    {"target_modules": ["q_proj"], "layers_to_transform": [10], "layers_pattern": ["h", "encoder.layers"]},
    {"target_modules": ["q_proj"], "layers_to_transform": [], "exclude_modules": ["1.self_attn.q_proj"]},
    {"target_modules": "q_proj"},
    {"target_modules": r".*layers\.(0|11)\..*(q_proj|fc\d)$"},
    {"target_modules": r"model\.(?!vision_tower).*\.(?:q|v)_proj", "exclude_modules": r".*\.1\..*"},
    {"target_modules": r"(?:.*?(?:language|text).*?(?:self_attn|mlp).*?(?:q_proj|fc1).*?)"
        r"|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:(?:q_proj|fc2)))"},
    {"target_modules": r"(?i).*Q_PROJ|(?P<part>lm_head)"},
    {"target_modules": ["q_proj", "lm_head", "embed_tokens", "mm_projector.2"],
        "modules_to_save": ["lm_head", "mm_projector"]},
    {"target_modules": ["q_proj", "fc1", "fc2"], "rank_pattern": {"fc1": 2, r"layers\.1\..*": 3, "^model.*fc2": 4},
        "alpha_pattern": {"self_attn.q_proj": 5, "0.mlp.fc1|1.mlp.fc2": 6, "1": 7, r"\w+_proj": 9}},
    {"target_modules": ["q_proj"], "rank_pattern": {"proj": 2, "q_proj|": 3, r"(model|encoder)\..*": 4}},
]  # fmt: skip


def make_targets(output: Path) -> None:
    """What PEFT says of each module under each config: null, or rank and alpha."""
    cases = []
    for options in TARGETS:
        config = LoraConfig(r=8, lora_alpha=16, **options)

        def strength(module: str, config: LoraConfig = config):
            if not check_target_module_exists(config, module):
                return None
            ranks, alphas = config.rank_pattern, config.alpha_pattern
            rank = ranks.get(get_pattern_key(ranks.keys(), module), config.r)
            return [rank, alphas.get(get_pattern_key(alphas.keys(), module), config.lora_alpha)]

        results = {module: strength(module) for module in MODULES}
        assert any(results.values()), options
        cases.append({"config": {"r": 8, "lora_alpha": 16} | options, "modules": results})
    (output / "targets.json").write_text(json.dumps(cases, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "Fixtures" / "adapter-options")
    parser.add_argument("--wheels", type=Path)
    arguments = parser.parse_args()
    output = arguments.output
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    ids, _ = inputs(96)
    for name, options in CASES.items():
        make_text(output, name, options, ids)
    make_projector(output)
    make_fields(output, arguments.wheels)
    make_targets(output)
    files = sorted(p for p in output.rglob("*") if p.is_file() and p.name != "manifest.json")
    for path in files:
        path.chmod(0o644)
    modules = (torch, transformers, safetensors, peft)
    write_json(
        output / "manifest.json",
        {
            "script": "Tools/goldens/adapter_options.py", "seed": SEED,
            "versions": {"python": platform.python_version()}
            | {module.__name__: module.__version__ for module in modules},
            "files": {
                str(p.relative_to(output)): {"bytes": p.stat().st_size, "sha256": sha256(p)}
                for p in files
            },
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
