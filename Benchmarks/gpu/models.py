"""Models of random weights, images and conversations, with the standard library alone.

Weights are N(0, 0.02), norms 1: one block of drawn numbers, from which every tensor starts at another
place. A tensor repeats itself after a million elements, which neither speed nor rounding notices.
"""

from __future__ import annotations

import array
import json
import random
import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

BLOCK = 1_000_003  # a prime: rows of a matrix are not each other's copies
WORDS = "the a red blue small large dog cat house tree stands runs near under over sky".split()


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 1024
    hidden: int = 64
    heads: int = 2
    inner: int = 160
    layers: int = 2
    rotary: float = 0.5
    vision: int = 48
    vision_heads: int = 2
    vision_inner: int = 96
    vision_layers: int = 3
    image: int = 28
    patch: int = 14
    dtype: str = "float32"
    deviation: float = 0.1

    @property
    def image_tokens(self) -> int:
        return (self.image // self.patch) ** 2


TINY = Shape()
FULL = Shape(
    vocabulary=51200, hidden=2560, heads=32, inner=10240, layers=32, rotary=0.4, vision=1152,
    vision_heads=16, vision_inner=4304, vision_layers=27, image=384, patch=14, dtype="bfloat16",
    deviation=0.02,
)  # fmt: skip
HALF = replace(FULL, layers=16)


def config(shape: Shape, dropout: float = 0.0) -> dict:
    """config.json of the official layout."""
    return {
        "architectures": ["MiphaPhiForCausalLM"], "model_type": "mipha_phi",
        "attention_dropout": 0.0, "embd_pdrop": 0.0, "resid_pdrop": dropout,
        "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "gelu_new",
        "hidden_size": shape.hidden, "image_aspect_ratio": "pad", "initializer_range": 0.02,
        "intermediate_size": shape.inner, "layer_norm_eps": 1e-05,
        "max_position_embeddings": 2048, "mm_use_im_patch_token": False,
        "mm_use_im_start_end": False, "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers, "num_key_value_heads": shape.heads,
        "partial_rotary_factor": shape.rotary, "qk_layernorm": False, "rope_scaling": None,
        "rope_theta": 10000.0, "tie_word_embeddings": False, "tokenizer_model_max_length": 2048,
        "tokenizer_padding_side": "right", "torch_dtype": shape.dtype, "use_cache": True,
        "vision_config": {
            "mm_projector": {
                "hidden_size": shape.hidden, "mm_hidden_size": shape.vision,
                "mm_projector_type": "mlp2x_gelu", "model_type": "mipha_projector",
            },
            "vision_tower": {
                "attention_dropout": 0.0, "hidden_act": "gelu_pytorch_tanh",
                "hidden_size": shape.vision, "image_size": shape.image,
                "initializer_factor": 1.0, "initializer_range": 0.02,
                "intermediate_size": shape.vision_inner, "layer_norm_eps": 1e-06,
                "mm_vision_select_feature": "patch", "mm_vision_select_layer": -2,
                "model_type": "mipha_vision_model", "num_attention_heads": shape.vision_heads,
                "num_channels": 3, "num_hidden_layers": shape.vision_layers,
                "patch_size": shape.patch, "projection_dim": 512,
                "vision_model_name_or_path": "siglip-random",
            },
        },
        "vocab_size": shape.vocabulary,
    }  # fmt: skip


def _layer(name: str, outputs: int, inputs: int) -> Iterator[tuple[str, list[int]]]:
    yield f"{name}.weight", [outputs, inputs]
    yield f"{name}.bias", [outputs]


def _norm(name: str, width: int) -> Iterator[tuple[str, list[int]]]:
    yield f"{name}.weight", [width]
    yield f"{name}.bias", [width]


def parameters(shape: Shape) -> Iterator[tuple[str, list[int]]]:
    """Names and shapes of all tensors."""
    width, tower = shape.hidden, shape.vision
    yield from _layer("lm_head", shape.vocabulary, width)
    yield "model.embed_tokens.weight", [shape.vocabulary, width]
    yield from _norm("model.final_layernorm", width)
    for index in range(shape.layers):
        block = f"model.layers.{index}"
        yield from _norm(f"{block}.input_layernorm", width)
        yield from _layer(f"{block}.mlp.fc1", shape.inner, width)
        yield from _layer(f"{block}.mlp.fc2", width, shape.inner)
        for part in ("q_proj", "k_proj", "v_proj", "dense"):
            yield from _layer(f"{block}.self_attn.{part}", width, width)
    yield from _layer("model.mm_projector.0", width, tower)
    yield from _layer("model.mm_projector.2", width, width)
    prefix = "model.vision_tower.vision_model"
    yield f"{prefix}.embeddings.patch_embedding.weight", [tower, 3, shape.patch, shape.patch]
    yield f"{prefix}.embeddings.patch_embedding.bias", [tower]
    yield f"{prefix}.embeddings.position_embedding.weight", [shape.image_tokens, tower]
    for index in range(shape.vision_layers):
        block = f"{prefix}.encoder.layers.{index}"
        yield from _norm(f"{block}.layer_norm1", tower)
        yield from _norm(f"{block}.layer_norm2", tower)
        yield from _layer(f"{block}.mlp.fc1", shape.vision_inner, tower)
        yield from _layer(f"{block}.mlp.fc2", tower, shape.vision_inner)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _layer(f"{block}.self_attn.{part}", tower, tower)
    yield f"{prefix}.head.probe", [1, 1, tower]
    yield f"{prefix}.head.attention.in_proj_weight", [3 * tower, tower]
    yield f"{prefix}.head.attention.in_proj_bias", [3 * tower]
    yield from _layer(f"{prefix}.head.attention.out_proj", tower, tower)
    yield from _norm(f"{prefix}.head.layernorm", tower)
    yield from _layer(f"{prefix}.head.mlp.fc1", shape.vision_inner, tower)
    yield from _layer(f"{prefix}.head.mlp.fc2", tower, shape.vision_inner)
    yield from _norm(f"{prefix}.post_layernorm", tower)


def _drawn(count: int, deviation: float, dtype: str, seed: int) -> bytes:
    draw = random.Random(seed)
    floats = array.array("f", (draw.gauss(0, deviation) for _ in range(count)))
    return _stored(floats, dtype)


def _stored(floats: array.array, dtype: str) -> bytes:
    if dtype == "float32":
        return floats.tobytes()
    words = array.array("I", floats.tobytes())  # the upper halves
    return array.array("H", (min(w + 0x8000, 0xFFFFFFFF) >> 16 for w in words)).tobytes()


def write_weights(path: Path, shape: Shape, seed: int = 1) -> int:
    """Writes all tensors to one safetensors file; returns their bytes."""
    size = 4 if shape.dtype == "float32" else 2
    tensors = list(parameters(shape))
    total = sum(_count(sizes) for _, sizes in tensors)
    count = min(BLOCK, total)
    block = _drawn(count, shape.deviation, shape.dtype, seed)
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, sizes in tensors:
        end = offset + _count(sizes) * size
        header[name] = {
            "dtype": "F32" if size == 4 else "BF16", "shape": sizes, "data_offsets": [offset, end],
        }  # fmt: skip
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    one = _stored(array.array("f", [1.0]), shape.dtype)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        place = 0
        for name, sizes in tensors:
            left = _count(sizes)
            if "norm" in name and name.endswith(".weight"):
                file.write(one * left)
                continue
            while left > 0:
                step = min(left, count - place)
                file.write(memoryview(block)[place * size : (place + step) * size])
                place = (place + step) % count
                left -= step
    partial.rename(path)
    return offset


def _count(sizes: list[int]) -> int:
    result = 1
    for size in sizes:
        result *= size
    return result


def make(folder: Path, shape: Shape, tokenizer: Path, dropout: float = 0.0) -> Path:
    """Makes a model folder unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(shape, dropout), indent=1) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 3,
        "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255,
        "image_processor_type": "SiglipImageProcessor",
        "size": {"height": shape.image, "width": shape.image},
    }) + "\n")  # fmt: skip
    for source in tokenizer.iterdir():
        if source.is_file():
            shutil.copyfile(source, folder / source.name)
    if not (folder / "model.safetensors").exists():
        write_weights(folder / "model.safetensors", shape)
    return folder


def same_weights(folder: Path, of: Path, shape: Shape, tokenizer: Path, dropout: float) -> Path:
    """A model folder with another dropout and a link to the weights of `of`."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "model.safetensors"
    if not link.exists():
        link.symlink_to(of.resolve() / "model.safetensors")
    return make(folder, shape, tokenizer, dropout)


def write_image(path: Path, side: int, seed: int) -> None:
    """Writes a square PNG of noise in blocks of 4."""
    draw = random.Random(seed)
    rows = []
    for _ in range((side + 3) // 4):
        row = b"".join(draw.randbytes(3) * 4 for _ in range((side + 3) // 4))[: 3 * side]
        rows += [b"\0" + row] * 4
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows[:side]), 1)), (b"IEND", b""),
    ]  # fmt: skip
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ))  # fmt: skip


def sentence(words: int, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) for _ in range(words))


def conversations(path: Path, count: int, words: int, images: list[str]) -> None:
    """Writes conversations, about the images in turn where there are some."""
    items = []
    for index in range(count):
        item = {"id": str(index)}
        if images:
            item["image"] = images[index % len(images)]
        question = ("<image>\n" if images else "") + f"What is number {index}?"
        item["conversations"] = [
            {"from": "human", "value": question},
            {"from": "gpt", "value": sentence(words, index)},
        ]
        items.append(item)
    path.write_text(json.dumps(items) + "\n")


def pairs(path: Path, count: int, images: list[str]) -> None:
    """Writes preference pairs."""
    path.write_text(json.dumps([{
        "id": index, "image": images[index % len(images)], "prompt": f"Number {index}?",
        "chosen": sentence(6, index), "rejected": sentence(5, 1000 + index),
    } for index in range(count)]) + "\n")  # fmt: skip


def questions(folder: Path, count: int, image: Path) -> Path:
    """Writes a folder of the benchmark `custom`: questions about one image."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(image, folder / "image.png")
    lines = [
        json.dumps({
            "question_id": index, "image": "image.png", "answer": "no",
            "text": f"What is number {index}?",
        })
        for index in range(count)
    ]  # fmt: skip
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n")
    return folder


class Tensors:
    """A safetensors file of float32."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            self.entries = json.loads(file.read(length))
        self.start = 8 + length
        self.entries.pop("__metadata__", None)

    def floats(self, name: str, limit: int | None = None) -> array.array:
        """The last `limit` elements of a tensor, or all."""
        entry = self.entries[name]
        if entry["dtype"] != "F32":
            raise ValueError(f"{self.path}: {name} is {entry['dtype']}, not F32")
        begin, end = entry["data_offsets"]
        if limit is not None:
            begin = max(begin, end - 4 * limit)
        with self.path.open("rb") as file:
            file.seek(self.start + begin)
            return array.array("f", file.read(end - begin))


def difference(one: Path, other: Path, limit: int | None = None) -> dict[str, float]:
    """Largest and root mean square difference, relative to the largest and to the root mean square of
    the second file's tensor: the worst tensor of each."""
    first, second = Tensors(one), Tensors(other)
    if first.entries.keys() != second.entries.keys():
        raise ValueError(f"{one} and {other} hold tensors of other names")
    worst = {"largest": 0.0, "rms": 0.0}
    for name in first.entries:
        a, b = first.floats(name, limit), second.floats(name, limit)
        if len(a) != len(b):
            raise ValueError(f"{name} has {len(a)} and {len(b)} elements")
        top = max(map(abs, b), default=0) or 1
        power = sum(y * y for y in b) or 1
        gaps = [abs(x - y) for x, y in zip(a, b)]
        finite = all(gap == gap and gap != float("inf") for gap in gaps)
        found = max(gaps, default=0) / top if finite else float("inf")
        square = (sum(g * g for g in gaps) / power) ** 0.5 if finite else float("inf")
        worst = {"largest": max(worst["largest"], found), "rms": max(worst["rms"], square)}
    return worst
