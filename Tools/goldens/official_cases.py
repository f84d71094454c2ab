"""Golden files of models in Mipha's own layout whose vision part transformers has no class for.

A case has a model made of transformers' towers and decoder, whose features stand in the text where an image
is; what it computes is stored like the cases of families.py. Run by families.py.
"""

from __future__ import annotations

from pathlib import Path

import torch
from families import IMAGE_ID, PROMPTS, ROWS, SIDE, TEXT, VOCABULARY, expand, greedy, has_clear_answers
from families import mark, phi, run
from fixtures import (
    IMAGE,
    check_size,
    contiguous,
    make_rows,
    prompts_of,
    randomise,
    save,
    scientific,
    write_json,
)
from safetensors.torch import save_file


class Model(torch.nn.Module):
    """A decoder in `language` and a map of features in `projector`; subclasses have `features`."""

    def forward(self, input_ids, pixel_values=None, **options):
        words = self.language.get_input_embeddings()(input_ids.masked_fill(input_ids == IMAGE_ID, 0))
        if pixel_values is not None:
            own = self.project(self.features(pixel_values)).flatten(0, 1)
            words = words.clone()
            words[input_ids == IMAGE_ID] = own
        return self.language(inputs_embeds=words, **options)

    def project(self, features: torch.Tensor) -> torch.Tensor:
        return self.projector(features)

    def canonical(self) -> dict[str, torch.nn.Parameter]:
        """Parameters by the names of Mipha's layout."""
        found = {}
        for name, value in self.named_parameters():
            part, rest = name.split(".", 1)
            if part in ("first", "second"):
                root = "model.vision_tower" + ("" if part == "first" else "_2")
                rest = f"{root}.vision_model.{rest.removeprefix('vision_model.')}"
            elif part == "projector":
                rest = f"model.mm_projector.{rest}"
            found[rest] = value
        return found


class Case:
    """What is different between cases; `tokens` is the number of an image's."""

    tokens: int

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def model(self) -> Model:
        raise NotImplementedError

    def vision(self) -> dict:
        """The object `vision_config` of the config."""
        raise NotImplementedError

    def draw_pixels(self, count: int, generator: torch.Generator) -> torch.Tensor:
        return torch.rand((count, 3, SIDE, SIDE), generator=generator) * 2 - 1

    def split(self, pixels: torch.Tensor, suffix: str = "") -> dict[str, torch.Tensor]:
        return {f"pixel_values{suffix}": pixels}

    def vision_states(self, model: Model, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        raise NotImplementedError

    def projector(self, kind: str, width: int) -> dict:
        return {
            "model_type": "mipha_projector", "mm_projector_type": kind, "mm_hidden_size": width,
            "hidden_size": TEXT["hidden_size"],
        }  # fmt: skip


def build(case: Case) -> Model:
    torch.manual_seed(0)
    model = case.model().eval()
    randomise(model.canonical(), torch.Generator().manual_seed(case.seed))
    return model


def answers(case: Case, model: Model):
    """Prompts with clear greedy answers, or None."""
    generator = torch.Generator().manual_seed(case.seed + 2000)
    results = []
    for ids, square in prompts_of(PROMPTS, IMAGE_ID, SIDE, case.seed):
        pixels = case.draw_pixels(square.shape[0], generator)
        chosen, logits = greedy(model, expand(ids, case.tokens), pixels, cached=True)
        top = logits.topk(2, dim=-1).values
        margins = top[:, 0] - top[:, 1]
        if not has_clear_answers(chosen, margins):
            return None
        results.append((ids, pixels, chosen, margins))
    return results


def find_seed(kind) -> int:
    return next(s for s in range(1, 400) if answers(kind(s), build(kind(s))) is not None)


def states(case: Case, model: Model, rows: list[torch.Tensor], pixels: torch.Tensor):
    found: dict[str, torch.Tensor] = {}
    row = 0

    def keep(name):
        def hook(_module, _inputs, output):
            value = output[0] if isinstance(output, tuple) else output
            found[f"{name}.{row}"] = value.detach()[0]
        return hook

    decoder = model.language.model
    hooks = [
        layer.register_forward_hook(keep(f"hidden.{index + 1}"))
        for index, layer in enumerate(decoder.layers)
    ] + [decoder.final_layernorm.register_forward_hook(keep("hidden.norm"))]
    with torch.no_grad():
        for row, ids in enumerate(rows):
            output = run(model, ids, pixels if row == 0 else pixels[:0], use_cache=False)
            found[f"logits.{row}"] = output.logits[0]
        for hook in hooks:
            hook.remove()
        return found | case.vision_states(model, pixels)


def config(case: Case) -> dict:
    text = phi()
    return TEXT | {
        "architectures": ["MiphaPhiForCausalLM"], "model_type": "mipha_phi",
        "num_attention_heads": 2, "num_key_value_heads": 2, "hidden_act": text.hidden_act,
        "partial_rotary_factor": text.rope_parameters["partial_rotary_factor"],
        "rope_theta": text.rope_parameters["rope_theta"], "layer_norm_eps": text.layer_norm_eps,
        "image_aspect_ratio": "pad", "tokenizer_model_max_length": 2048,
        "torch_dtype": "float32", "vocab_size": VOCABULARY,
        "vision_config": case.vision(),
    }  # fmt: skip


def make_case(folder: Path, case: Case) -> dict:
    model, seed = build(case), case.seed
    weights = model.canonical()
    write_json(folder / "model" / "config.json", config(case))
    save_file(contiguous(weights), folder / "model" / "model.safetensors", {"format": "pt"})
    check_size(folder / "model" / "model.safetensors")
    generator = torch.Generator().manual_seed(seed + 500)
    rows, labels, _ = make_rows(ROWS, IMAGE_ID, generator)
    pixels = case.draw_pixels(1, generator)
    expanded = [expand(ids, case.tokens) for ids in rows]
    inputs = case.split(pixels)
    for index, (ids, own) in enumerate(zip(rows, labels, strict=True)):
        inputs[f"ids.{index}"] = ids
        inputs[f"labels.{index}"] = own
    expected = states(case, model, expanded, pixels)
    total, count = torch.zeros(()), 0
    for row, ids in enumerate(expanded):
        marks = mark(rows[row], labels[row], case.tokens)
        logits = run(model, ids, pixels if row == 0 else pixels[:0], use_cache=False).logits[0]
        total = total + torch.nn.functional.cross_entropy(
            logits[:-1], marks[1:], ignore_index=-100, reduction="sum"
        )
        count += int((marks[1:] != -100).sum())
    (total / count).backward()
    expected["loss"] = (total / count).detach()
    results = answers(case, model)
    if results is None:
        raise SystemExit(f"{folder.name}: seed {seed} gives unclear greedy tokens")
    prompts: dict[str, torch.Tensor] = {}
    for index, (ids, own, chosen, margins) in enumerate(results):
        assert int((ids == IMAGE).sum()) == own.shape[0]
        assert greedy(model, expand(ids, case.tokens), own, cached=False)[0] == chosen
        prompts |= {f"ids.{index}": ids} | case.split(own, f".{index}")
        prompts[f"generated.{index}"] = torch.tensor(chosen)
        prompts[f"margins.{index}"] = margins
    gradients = {n: p.grad for n, p in weights.items() if p.grad is not None}
    save(folder / "inputs.safetensors", inputs)
    save(folder / "expected.safetensors", expected)
    save(folder / "gradients.safetensors", gradients)
    save(folder / "prompts.safetensors", prompts)
    smallest = min(float(margins.min()) for *_, margins in results)
    return {"seed": seed, "loss": float(expected["loss"]), "smallest_margin": scientific(smallest)}
