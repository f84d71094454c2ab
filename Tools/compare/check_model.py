"""Compares logits computed by this project's program with transformers on the same folder.

    python Tools/compare/check_model.py --model DIR --result FILE.safetensors [--inputs FILE]
        [--tolerance 2e-5] [--dtype float32|bfloat16] [--reference-model DIR2] [--save FILE]

`--model` is a folder in the official Mipha layout or the LLaVA layout of transformers; it must load
with no missing, unused or misshapen tensor. `--result` holds, per prompt N:
    ids.N        I64[length], -200 for each image (in --inputs or in --result)
    images.N     I64[count], indices into pixel_values; without it the blocks are dealt in order,
                 `slots` (I64[prompts]) per prompt when present, else one per -200
    pixel_values F32[blocks, 3, height, width] (not needed when no prompt has an image)
    logits.N     F32/BF16[positions, vocabulary], the last `positions` of the expanded sequence,
                 or [vocabulary] for the last position alone
    generated.N  optional I64[count]: greedy ids, compared one by one
With `--inputs` (for example inputs.safetensors of a golden case) the prompts come from there and
`--result` needs only logits.N. `--reference-model` also demands that both folders give the same
logits (a conversion check). Prints the largest difference relative to the largest magnitude; the
exit status is 1 beyond the tolerance, 2 when something cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
from mipha_reference import IMAGE, load_official  # noqa: E402

Logits = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Unusable(Exception):
    """A folder or file that cannot be compared."""


def official_runner(folder: Path, dtype: torch.dtype) -> Logits:
    model = load_official(folder, dtype)[1]

    def run(ids: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        check_ids(ids, model.language.config.vocab_size)
        embeddings = model.prompt_embeddings(ids, pixels)
        return model.decode(embeddings, None)[2][0]

    return run


def llava_runner(folder: Path, dtype: torch.dtype) -> Logits:
    from transformers import LlavaForConditionalGeneration

    model, info = LlavaForConditionalGeneration.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", output_loading_info=True
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(kind):
            raise Unusable(f"{folder}: {kind}: {sorted(info[kind])}")
    model.eval()
    vision = model.config.vision_config
    tokens = (vision.image_size // vision.patch_size) ** 2
    image_id = model.config.image_token_index

    def run(ids: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        check_ids(ids, model.config.text_config.vocab_size)
        expanded: list[int] = []
        for value in ids.tolist():
            if value == image_id:
                raise Unusable(
                    f"id {value} is the image token of {folder}; write -200 for an image"
                )
            expanded += [image_id] * tokens if value == IMAGE else [value]
        arguments = {"pixel_values": pixels.to(dtype)} if pixels.shape[0] else {}
        return model(input_ids=torch.tensor([expanded]), use_cache=False, **arguments).logits[0]

    return run


def make_runner(folder: Path, dtype: torch.dtype) -> Logits:
    kind = json.loads((folder / "config.json").read_text()).get("model_type")
    if kind in ("mipha_phi", "mipha-phi"):
        return official_runner(folder, dtype)
    if kind == "llava":
        return llava_runner(folder, dtype)
    raise Unusable(f"{folder}/config.json: model_type is {kind!r}, expected 'mipha_phi' or 'llava'")


def read_prompts(tensors: dict[str, torch.Tensor]) -> dict[int, tuple[torch.Tensor, torch.Tensor]]:
    """Prompt number -> ids and exactly the pixel blocks of its images."""
    numbers = sorted(int(n.split(".")[1]) for n in tensors if n.startswith("ids."))
    if not numbers:
        raise Unusable("no tensor ids.N")
    pixels = tensors.get("pixel_values", torch.zeros(0, 3, 1, 1)).float()
    slots = tensors["slots"].tolist() if "slots" in tensors else None
    prompts = {}
    cursor = 0
    for place, number in enumerate(numbers):
        ids = tensors[f"ids.{number}"].long()
        count = int((ids == IMAGE).sum())
        if f"images.{number}" in tensors:
            blocks = pixels[tensors[f"images.{number}"].long()]
        else:
            blocks = pixels[cursor : cursor + count]
            cursor += slots[place] if slots else count
        if blocks.shape[0] != count:
            raise Unusable(f"ids.{number}: {count} images, {blocks.shape[0]} pixel blocks")
        prompts[number] = (ids, blocks)
    return prompts


def difference(value: torch.Tensor, reference: torch.Tensor, what: str) -> float:
    if value.shape != reference.shape:
        raise Unusable(f"{what}: shape {list(value.shape)}, expected {list(reference.shape)}")
    if not torch.isfinite(value).all():
        return float("inf")
    scale = max(reference.abs().max().item(), 1e-30)
    return (value.double() - reference.double()).abs().max().item() / scale


def compare(arguments: argparse.Namespace) -> bool:
    dtype = getattr(torch, arguments.dtype)
    result = load_file(arguments.result)
    prompts = read_prompts(load_file(arguments.inputs) if arguments.inputs else result)
    run = make_runner(arguments.model, dtype)
    second = make_runner(arguments.reference_model, dtype) if arguments.reference_model else None
    good, compared, kept = True, 0, {}
    for number, (ids, pixels) in prompts.items():
        logits = run(ids, pixels)
        kept[f"logits.{number}"] = logits.float().contiguous()
        if second is not None:
            relative = difference(logits, second(ids, pixels), f"prompt {number}")
            good = report(f"prompt {number}: folder against folder", relative, arguments) and good
        name = f"logits.{number}"
        if name in result:
            ours = result[name]
            theirs = logits[-1] if ours.dim() == 1 else logits[-ours.shape[0] :]
            compared += 1
            relative = difference(ours, theirs, name)
            good = report(f"prompt {number}: {list(ours.shape)}", relative, arguments) and good
            agree = (ours.float().argmax(-1) == theirs.float().argmax(-1)).double().mean().item()
            print(f"prompt {number}: same largest logit at {agree:.1%} of the positions")
        name = f"generated.{number}"
        if name in result:
            compared += 1
            good = check_generated(run, ids, pixels, result[name].tolist(), number) and good
    if arguments.save:
        save_file(kept, arguments.save)
    if compared == 0 and second is None:
        raise Unusable(f"{arguments.result}: no logits.N or generated.N for any prompt")
    return good


def check_generated(run: Logits, ids, pixels, generated: list[int], number: int) -> bool:
    """One teacher-forced pass: every generated id must be the largest logit before it."""
    forced = torch.cat([ids, torch.tensor(generated[:-1], dtype=torch.long)])
    logits = run(forced, pixels)[-len(generated) :]
    for step, (row, token) in enumerate(zip(logits, generated, strict=True)):
        best = int(row.argmax())
        if best != token:
            gap = (row[best] - row[token]).item()
            print(f"prompt {number}: step {step}: ours {token}, transformers {best}, gap {gap:.3g}")
            return False
    print(f"prompt {number}: {len(generated)} greedy ids agree")
    return True


def check_ids(ids: torch.Tensor, vocabulary: int) -> None:
    wrong = ids[(ids != IMAGE) & ((ids < 0) | (ids >= vocabulary))]
    if wrong.numel():
        raise Unusable(f"id {int(wrong[0])} is outside of the vocabulary of {vocabulary}")


def report(what: str, relative: float, arguments: argparse.Namespace) -> bool:
    good = relative <= arguments.tolerance
    print(f"{what}: max relative difference {relative:.3g} {'ok' if good else 'TOO LARGE'}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--inputs", type=Path)
    parser.add_argument("--reference-model", type=Path)
    parser.add_argument("--tolerance", type=float, default=2e-5)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--save", type=Path, help="write the logits of transformers here")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    try:
        good = compare(arguments)
    except (Unusable, SafetensorError, ValueError, OSError, LookupError, RuntimeError) as problem:
        print(f"check_model: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
