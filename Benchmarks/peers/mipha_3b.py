"""The peer of our program at full size: transformers on a Mipha-3B checkpoint with random weights.

    python Benchmarks/peers/mipha_3b.py --make DIR --tokenizer DIR [--layers 32]
        [--vision-layers 27] [--dtype bfloat16|float32] [--shard-bytes 5000000000] [--seed 1]
    python Benchmarks/peers/mipha_3b.py --run DIR --image FILE [--tokens 32] [--threads 2]
        [--dtype bfloat16|float32] [--layers N] [--attention eager|sdpa] [--repeats 3]
        [--prompt TEXT] [--resident] [--save FILE] [--json]

--make streams one tensor at a time: N(0, 0.02), norm weights 1. The layout is the official one
(config.json, preprocessor_config.json, sharded safetensors with an index, tokenizer files).

--run maps the weights into memory (--resident copies them first), prepares the image as Mipha does
(pad to a square with 127, PIL bicubic, mean and std 0.5) and the prompt from the v0 template, and
reports medians: vision tower, projector, language prefill, decode. The default prompt has 40 text
tokens, so one image gives 769 positions. The greedy ids are printed with the gap between the two
largest logits of each step: where the gap is at the size of a rounding step, two right programs may
differ. --save writes ids.0, pixel_values, logits.0 (last position) and generated.0 for
Tools/compare/check_model.py. Peak memory counts mapped weight pages.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import statistics
import struct
import sys
import time
from pathlib import Path

import numpy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tools" / "reference"))
from mipha_reference import (  # noqa: E402
    IMAGE,
    MiphaReference,
    load_official,
    official_config,
    preprocessor,
)

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
STORED = {"bfloat16": "BF16", "float32": "F32"}


def full_config(layers: int, vision_layers: int, dtype: str) -> dict:
    return official_config(
        vocab=51200, hidden=2560, heads=32, inner=10240, layers=layers, rotary=0.4,
        vision_hidden=1152, vision_heads=16, vision_inner=4304, vision_layers=vision_layers,
        image=384, patch=14, resid_pdrop=0.1, dtype=dtype,
        tower_name="google/siglip-so400m-patch14-384",
    )  # fmt: skip


# ---------------------------------------------------------------- --make


def split_shards(shapes: dict[str, torch.Size], item: int, limit: int) -> list[list[str]]:
    shards: list[list[str]] = [[]]
    used = 0
    for name, shape in shapes.items():
        size = shape.numel() * item
        if shards[-1] and used + size > limit:
            shards.append([])
            used = 0
        shards[-1].append(name)
        used += size
    return shards


def write_shard(
    path: Path, names: list[str], shapes: dict, dtype: torch.dtype, stored: str, generator
) -> None:
    """Header first, then every tensor as it is drawn."""
    header: dict = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name in names:
        size = shapes[name].numel() * dtype.itemsize
        header[name] = {
            "dtype": stored,
            "shape": list(shapes[name]),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in names:
            value = torch.empty(shapes[name], dtype=dtype)
            if "norm" in name and name.endswith(".weight"):
                value.fill_(1)
            else:
                value.normal_(0, 0.02, generator=generator)
            view = value.view(torch.int16 if dtype.itemsize == 2 else torch.int32)
            view.numpy().astype(view.numpy().dtype.newbyteorder("<"), copy=False).tofile(file)


def make(arguments: argparse.Namespace) -> dict:
    folder: Path = arguments.make
    folder.mkdir(parents=True, exist_ok=True)
    config = full_config(arguments.layers or 32, arguments.vision_layers, arguments.dtype)
    with torch.device("meta"):
        model = MiphaReference(config)
    shapes = {name: p.shape for name, p in model.official_parameters().items()}
    dtype = getattr(torch, arguments.dtype)
    generator = torch.Generator().manual_seed(arguments.seed)
    shards = split_shards(shapes, dtype.itemsize, arguments.shard_bytes)
    started = time.perf_counter()
    weight_map = {}
    for index, names in enumerate(shards, 1):
        file = f"model-{index:05d}-of-{len(shards):05d}.safetensors"
        write_shard(folder / file, names, shapes, dtype, STORED[arguments.dtype], generator)
        weight_map |= {name: file for name in names}
    parameters = sum(shape.numel() for shape in shapes.values())
    index = {"metadata": {"total_size": parameters * dtype.itemsize}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor(384), indent=2) + "\n")
    if arguments.tokenizer:
        for source in sorted(arguments.tokenizer.iterdir()):
            if source.is_file():
                shutil.copyfile(source, folder / source.name)
    return {
        "folder": str(folder),
        "parameters": parameters,
        "bytes": parameters * dtype.itemsize,
        "shards": len(shards),
        "seconds": round(time.perf_counter() - started, 1),
        "peak_rss_bytes": peak_rss(),
    }


# ---------------------------------------------------------------- --run


def peak_rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read_image(path: Path, size: int) -> torch.Tensor:
    from PIL import Image

    image = Image.open(path).convert("RGB")
    side = max(image.size)
    if image.size != (side, side):
        canvas = Image.new("RGB", (side, side), (127, 127, 127))
        canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = canvas
    image = image.resize((size, size), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1).float()
    return ((pixels * (1 / 255) - 0.5) / 0.5)[None]


def prompt_ids(folder: Path, prompt: str) -> torch.Tensor:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    text = f"{SYSTEM} USER: <image>\n{prompt} ASSISTANT:"
    ids: list[int] = []
    for index, chunk in enumerate(text.split("<image>")):
        ids += [IMAGE] if index else []
        ids += tokenizer.encode(chunk, add_special_tokens=False).ids
    return torch.tensor(ids)


def clock(action, repeats: int):
    """Median seconds over `repeats` after one run to warm up, and the last result."""
    result = action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - started)
    return statistics.median(times), result


def run(arguments: argparse.Namespace) -> dict:
    torch.set_num_threads(arguments.threads)
    dtype = getattr(torch, arguments.dtype)
    started = time.perf_counter()
    config, model = load_official(arguments.run, dtype, arguments.attention, arguments.layers)
    if arguments.resident:
        for parameter in model.parameters():
            parameter.data = parameter.data.clone()
    load_seconds = time.perf_counter() - started
    tower = config["vision_config"]["vision_tower"]
    image_seconds, pixels = clock(
        lambda: read_image(arguments.image, tower["image_size"]), arguments.repeats
    )
    ids = prompt_ids(arguments.run, arguments.prompt)
    typed = pixels.to(dtype)
    vision_seconds, states = clock(
        lambda: model.vision(typed, output_hidden_states=True).hidden_states, arguments.repeats
    )
    selected = states[model.select_layer]
    projector_seconds, features = clock(lambda: model.projector(selected), arguments.repeats)
    embeddings = model.splice([ids], None, features).embeddings

    def prefill():
        return model.language(inputs_embeds=embeddings, use_cache=True, logits_to_keep=1)

    prefill_seconds, output = clock(prefill, arguments.repeats)
    first = output.logits[0, -1].float()
    tokens, gaps, steps = decode(model, output, arguments.tokens)
    if arguments.save:
        save(arguments.save, ids, pixels, first, tokens)
    decode_seconds = statistics.median(steps) if steps else float("nan")
    return {
        "program": "transformers",
        "versions": versions(),
        "machine": platform.processor() or platform.machine(),
        "threads": arguments.threads,
        "dtype": arguments.dtype,
        "attention": arguments.attention,
        "layers": config["num_hidden_layers"],
        "vision_layers": tower["num_hidden_layers"],
        "positions": embeddings.shape[1],
        "load_seconds": round(load_seconds, 3),
        "image_seconds": round(image_seconds, 5),
        "vision_seconds": round(vision_seconds, 4),
        "projector_seconds": round(projector_seconds, 4),
        "prefill_seconds": round(prefill_seconds, 4),
        "prefill_tokens_per_second": round(embeddings.shape[1] / prefill_seconds, 2),
        "decode_seconds_per_token": round(decode_seconds, 5),
        "decode_tokens_per_second": round(1 / decode_seconds, 3),
        "peak_rss_bytes": peak_rss(),
        "prompt_ids": ids.tolist(),
        "generated_ids": tokens,
        "gaps": [round(gap, 4) for gap in gaps],
    }


def decode(model: MiphaReference, output, count: int):
    """Greedy ids of `count` steps (never ended by eos), top-two gaps, seconds of each step."""
    embed = model.language.model.embed_tokens
    tokens, gaps, times = [], [], []
    for step in range(count):
        top = output.logits[0, -1].float().topk(2)
        gaps.append((top.values[0] - top.values[1]).item())
        tokens.append(int(output.logits[0, -1].argmax()))
        if step + 1 == count:
            break
        started = time.perf_counter()
        output = model.language(
            inputs_embeds=embed(torch.tensor([[tokens[-1]]])),
            past_key_values=output.past_key_values,
            use_cache=True,
        )
        times.append(time.perf_counter() - started)
    return tokens, gaps, times[1:] or times


def save(path: Path, ids, pixels, first, tokens: list[int]) -> None:
    from safetensors.torch import save_file

    save_file(
        {
            "ids.0": ids,
            "pixel_values": pixels.contiguous(),
            "logits.0": first.contiguous(),
            "generated.0": torch.tensor(tokens),
        },
        path,
    )


def versions() -> dict:
    import transformers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--make", type=Path, metavar="DIR")
    action.add_argument("--run", type=Path, metavar="DIR")
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--vision-layers", type=int, default=27)
    parser.add_argument("--dtype", choices=tuple(STORED), default="bfloat16")
    parser.add_argument("--shard-bytes", type=int, default=5_000_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--prompt", default="Describe.")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="eager")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--resident", action="store_true")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--json", action="store_true", help="one line of JSON only")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    if arguments.make:
        torch.set_num_threads(arguments.threads)
        report = make(arguments)
    else:
        if not arguments.image:
            parser.error("--run needs --image")
        if arguments.tokens < 1 or arguments.repeats < 1:
            parser.error("--tokens and --repeats are at least 1")
        report = run(arguments)
    print(json.dumps(report) if arguments.json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
