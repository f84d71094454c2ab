"""Golden files of the families of towers and language models: tiny LLaVA models of transformers.

Each case is one LlavaForConditionalGeneration as `save_pretrained` writes it, with what it computes: states
of every layer, logits, the mean loss of supervised positions, gradients of all parameters by the names of
the modules in transformers 5, and 64 greedy tokens of three prompts with and without a cache.
Two towers side by side are made by tower_pairs.py, projectors that put patches together by connectors.py,
towers at other image sizes by resolutions.py.
Run: python Tools/goldens/families.py [--find-seeds] [CASE ...]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import language_families
import torch
import transformers
from fixtures import (
    IGNORE,
    IMAGE,
    MARGIN,
    STEPS,
    check_size,
    make_rows,
    prompts_of,
    randomise,
    save,
    scientific,
    write_json,
    write_manifest,
)
from transformers import (
    CLIPVisionConfig,
    Dinov2Config,
    Dinov2WithRegistersConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PhiConfig,
    SiglipVisionConfig,
)

VOCABULARY = 96
IMAGE_ID = 95
SIDE = 17
DINOV2_TABLE = 33
ROWS = [[(4, False), "image", (5, True), (3, False), (4, True)], [(3, False), (6, True)]]
PROMPTS = [[3, "image", 4], ["image", 2, "image"], [6]]
SIGLIP = dict(
    hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=2,
    image_size=SIDE, patch_size=5,
)  # fmt: skip
TEXT = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    max_position_embeddings=2048, eos_token_id=2, bos_token_id=1,
)  # fmt: skip


def siglip() -> SiglipVisionConfig:
    return SiglipVisionConfig(**SIGLIP)


def clip() -> CLIPVisionConfig:
    return CLIPVisionConfig(**SIGLIP)


def dinov2_sizes() -> dict:
    """A table of positions for 6 x 6 patches; the images of the cases have 3 x 3."""
    own = {k: v for k, v in SIGLIP.items() if k != "intermediate_size"}
    return own | dict(image_size=DINOV2_TABLE, mlp_ratio=2)


def dinov2() -> Dinov2Config:
    return Dinov2Config(**dinov2_sizes())


def dinov2_with_registers() -> Dinov2WithRegistersConfig:
    return Dinov2WithRegistersConfig(**dinov2_sizes(), num_register_tokens=2)


def phi() -> PhiConfig:
    rope = {"rope_type": "default", "rope_theta": 2000.0, "partial_rotary_factor": 0.25}
    return PhiConfig(**TEXT, num_attention_heads=2, rope_parameters=rope)


def llama() -> LlamaConfig:
    rope = {"rope_type": "default", "rope_theta": 2000.0}
    return LlamaConfig(
        **TEXT, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5,
        rope_parameters=rope, tie_word_embeddings=False,
    )  # fmt: skip


# name: tower, language model, vision_feature_select_strategy, tokens of an image, seed
CASES = {
    "siglip-phi": (siglip, phi, "full", 9, 37),
    "clip-llama": (clip, llama, "default", 9, 105),
    "clip-phi": (clip, phi, "full", 10, 37),
    "dinov2-llama": (dinov2, llama, "default", 9, 25),
    "dinov2-registers-phi": (dinov2_with_registers, phi, "default", 11, 38),
} | {
    name: (siglip, lambda make=make: make(TEXT), "full", 9, seed)
    for name, (make, _, seed) in language_families.MODELS.items()
}


def build(name: str, seed: int) -> LlavaForConditionalGeneration:
    tower, language, strategy, tokens, _ = CASES[name]
    text = language()
    config = LlavaConfig(
        vision_config=tower(), text_config=text, image_token_index=IMAGE_ID,
        image_seq_length=tokens, vision_feature_layer=-2, vision_feature_select_strategy=strategy,
        projector_hidden_act="gelu", tie_word_embeddings=text.tie_word_embeddings,
    )  # fmt: skip
    for part in (config, config.vision_config, config.text_config):
        part._attn_implementation = "eager"
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config).eval()
    randomise(dict(model.named_parameters()), torch.Generator().manual_seed(seed))
    if name in language_families.MODELS:
        language_families.finish(name, model)
    return model


def expand(ids: torch.Tensor, tokens: int, marker: int = IMAGE_ID) -> torch.Tensor:
    """IMAGE markers become `tokens` copies of a marker."""
    expanded: list[int] = []
    for value in ids.tolist():
        expanded += [marker] * tokens if value == IMAGE else [value]
    return torch.tensor(expanded)


def run(model, ids: torch.Tensor, pixels: torch.Tensor, **options):
    arguments = {"pixel_values": pixels} if pixels.shape[0] else {}
    return model(input_ids=ids[None], **arguments, **options)


@torch.no_grad()
def greedy(model, ids: torch.Tensor, pixels: torch.Tensor, cached: bool):
    output = run(model, ids, pixels, use_cache=cached)
    tokens, logits = [], []
    for _ in range(STEPS):
        logits.append(output.logits[0, -1].clone())
        tokens.append(int(logits[-1].argmax()))
        if cached:
            new = torch.tensor([[tokens[-1]]])
            output = model(input_ids=new, past_key_values=output.past_key_values, use_cache=True)
        else:
            output = run(model, torch.cat([ids, torch.tensor(tokens)]), pixels, use_cache=False)
    return tokens, torch.stack(logits)


def has_clear_answers(chosen: list[int], margins: torch.Tensor) -> bool:
    """Whether no rounding can change greedy tokens, of which there are enough different ones."""
    special = {0, 1, 2, IMAGE_ID} & set(chosen)
    return margins.min() > MARGIN and not special and len(set(chosen)) >= 12


def mark(ids: torch.Tensor, labels: torch.Tensor, tokens: int) -> torch.Tensor:
    """Labels of positions: none of an image's is learned."""
    return torch.cat([
        torch.full((tokens,), IGNORE) if i == IMAGE else torch.tensor([m])
        for i, m in zip(ids.tolist(), labels.tolist(), strict=True)
    ])


def answers(name: str, model, seed: int):
    """Prompts with clear greedy answers, or None."""
    results = []
    for ids, pixels in prompts_of(PROMPTS, IMAGE_ID, SIDE, seed):
        chosen, logits = greedy(model, expand(ids, CASES[name][3]), pixels, cached=True)
        top = logits.topk(2, dim=-1).values
        margins = top[:, 0] - top[:, 1]
        if not has_clear_answers(chosen, margins):
            return None
        results.append((ids, pixels, chosen, margins))
    return results


def blocks(tower):
    encoder = tower.encoder
    return encoder.layers if hasattr(encoder, "layers") else encoder.layer


def states(model, rows, pixels):
    """What every layer puts out: of the tower for all images, of the decoder for each row."""
    found: dict[str, torch.Tensor] = {}
    row = 0

    def keep(name):
        def hook(_module, _inputs, output):
            value = output[0] if isinstance(output, tuple) else output
            found[name if not name.startswith("hidden") else f"{name}.{row}"] = value.detach()[
                slice(None) if not name.startswith("hidden") else 0
            ]
        return hook

    tower, language = model.model.vision_tower, model.model.language_model
    hooks = []
    first = getattr(tower, "pre_layrnorm", None) or tower.embeddings
    hooks.append(first.register_forward_hook(keep("vision.0")))
    for index, layer in enumerate(blocks(tower)[:-1]):
        hooks.append(layer.register_forward_hook(keep(f"vision.{index + 1}")))
    hooks.append(model.model.multi_modal_projector.register_forward_hook(keep("projector")))
    for index, layer in enumerate(language.layers):
        hooks.append(layer.register_forward_hook(keep(f"hidden.{index + 1}")))
    norm = getattr(language, "final_layernorm", None) or language.norm
    hooks.append(norm.register_forward_hook(keep("hidden.norm")))
    first_row = None
    with torch.no_grad():
        for row, ids in enumerate(rows):
            own = pixels if row == 0 else pixels[:0]
            output = run(model, ids, own, use_cache=False)
            found[f"logits.{row}"] = output.logits[0]
            if row == 0:
                first_row = {k: v for k, v in found.items() if k.startswith(("vision", "proj"))}
    for hook in hooks:
        hook.remove()
    return found | first_row


def learn(model, rows, marks, pixels):
    """The mean loss of supervised positions, and the gradients of all parameters."""
    total, count = torch.zeros((), dtype=model.dtype), 0
    for row, (ids, own) in enumerate(zip(rows, marks, strict=True)):
        logits = run(model, ids, pixels if row == 0 else pixels[:0], use_cache=False).logits[0]
        total = total + torch.nn.functional.cross_entropy(
            logits[:-1], own[1:], ignore_index=IGNORE, reduction="sum"
        )
        count += int((own[1:] != IGNORE).sum())
    (total / count).backward()
    gradients = {n: p.grad.float() for n, p in model.named_parameters() if p.grad is not None}
    return (total / count).detach().float(), gradients


def make_case(folder: Path, name: str) -> dict:
    tokens, seed = CASES[name][3:]
    model = build(name, seed)
    model.save_pretrained(folder / "model")
    check_size(folder / "model" / "model.safetensors")
    config = json.loads((folder / "model" / "config.json").read_text())
    config["text_config"] |= language_families.readings(name)
    if "dinov2" in name:  # which transformers sees in the images
        config["vision_config"]["mm_vision_image_size"] = SIDE
    write_json(folder / "model" / "config.json", config)
    generator = torch.Generator().manual_seed(seed + 500)
    rows, labels, _ = make_rows(ROWS, IMAGE_ID, generator)
    pixels = torch.rand((1, 3, SIDE, SIDE), generator=generator) * 2 - 1
    expanded = [expand(ids, tokens) for ids in rows]
    marks = [mark(ids, own, tokens) for ids, own in zip(rows, labels, strict=True)]
    inputs = {"pixel_values": pixels}
    for index, (ids, own) in enumerate(zip(rows, labels, strict=True)):
        inputs[f"ids.{index}"] = ids
        inputs[f"labels.{index}"] = own
    expected = states(model, expanded, pixels)
    if CASES[name][2] == "default":  # the selected state goes on without its class token
        last = f"vision.{len(blocks(model.model.vision_tower)) - 1}"
        expected[last] = expected[last][:, 1:]
    # In float64 the gradients of the newer cases have no error of their own.
    exact = build(name, seed).double() if name in language_families.MODELS else model
    expected["loss"], gradients = learn(exact, expanded, marks, pixels.to(exact.dtype))
    results = answers(name, model, seed)
    if results is None:
        raise SystemExit(f"{name}: seed {seed} gives unclear greedy tokens")
    prompts: dict[str, torch.Tensor] = {}
    for index, (ids, own, chosen, margins) in enumerate(results):
        assert greedy(model, expand(ids, tokens), own, cached=False)[0] == chosen
        prompts[f"ids.{index}"] = ids
        prompts[f"pixel_values.{index}"] = own
        prompts[f"generated.{index}"] = torch.tensor(chosen)
        prompts[f"margins.{index}"] = margins
    save(folder / "inputs.safetensors", inputs)
    save(folder / "expected.safetensors", expected)
    save(folder / "gradients.safetensors", gradients)
    save(folder / "prompts.safetensors", prompts)
    smallest = min(float(margins.min()) for *_, margins in results)
    return {"seed": seed, "loss": float(expected["loss"]), "smallest_margin": scientific(smallest)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--output", type=Path, default=root / "Fixtures" / "families")
    parser.add_argument("--find-seeds", action="store_true")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    arguments = parser.parse_args()
    import connectors  # these are made of this module's parts
    import official_cases
    import resolutions
    import tower_pairs

    official = tower_pairs.CASES | connectors.CASES
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    if arguments.find_seeds:
        for name in arguments.cases or [*CASES, *official]:
            if name in official:
                seed = official_cases.find_seed(type(official[name]))
            else:
                seed = next(
                    s for s in range(1, 400) if answers(name, build(name, s), s) is not None
                )
            print(f"{name}: seed {seed}", flush=True)
        return
    reports = {name: make_case(arguments.output / name, name) for name in CASES}
    for name, case in official.items():
        reports[name] = official_cases.make_case(arguments.output / name, case)
    resolutions.make(arguments.output, CASES)
    write_manifest(arguments.output, reports, "Tools/goldens/families.py")
    for name, report in reports.items():
        print(name, json.dumps(report))


if __name__ == "__main__":
    main()
