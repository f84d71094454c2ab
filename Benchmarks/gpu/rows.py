"""What rows of the table share: models, data, and what they are checked with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import models
from program import Program


class Skipped(Exception):
    """A row that cannot be checked here, with the reason."""


class Bench:
    """Models and data, made when they are first asked for."""

    def __init__(self, program: Program, tokenizer: Path) -> None:
        self.program, self.tokenizer, self.dry = program, tokenizer, program.dry
        self.work = program.work
        self.keys: set[str] | None = None

    def tiny(self) -> Path:
        return models.make(self.work / "tiny", models.TINY, self.tokenizer)

    def overflowing(self) -> Path:
        """A model whose losses are not finite."""
        shape = replace(models.TINY, deviation=1e18)
        return models.make(self.work / "overflowing", shape, self.tokenizer)

    @property
    def full_shape(self) -> models.Shape:
        # In a dry run wide enough that bfloat16 differs from float32, and nothing more.
        return replace(models.TINY, dtype="bfloat16", deviation=0.05) if self.dry else models.FULL

    def full(self) -> Path:
        return models.make(self.work / "full", self.full_shape, self.tokenizer)

    def half(self) -> Path:
        shape = replace(self.full_shape, layers=max(1, self.full_shape.layers // 2))
        return models.make(self.work / "half", shape, self.tokenizer)

    def with_dropout(self, dropout: float) -> Path:
        return models.same_weights(
            self.work / "dropout", self.full(), self.full_shape, self.tokenizer, dropout
        )

    def image(self, index: int = 0, side: int = 64) -> Path:
        path = self.work / f"image-{side}-{index}.png"
        if not path.exists():
            models.write_image(path, side, index)
        return path

    def data(self, count: int, words: int, images: int = 0, side: int = 64) -> Path:
        path = self.work / f"data-{count}-{words}-{images}-{side}.json"
        if not path.exists():
            paths = [str(self.image(index, side)) for index in range(images)]
            models.conversations(path, count, words, paths)
        return path

    def pairs(self) -> Path:
        path = self.work / "pairs.json"
        models.pairs(path, 12, [str(self.image(index)) for index in range(3)])
        return path

    def ids(self, name: str, ids: list[int]) -> Path:
        path = self.work / f"ids-{name}.json"
        path.write_text(json.dumps(ids))
        return path

    def has_key(self, name: str) -> bool:
        """Whether run files of this build have a key."""
        if self.keys is None:
            text = self.program.run(["train", "--list-keys"], "cpu").output
            self.keys = {line.split()[0] for line in text.splitlines() if line.split()}
        return name in self.keys


@dataclass(frozen=True)
class Row:
    number: str
    title: str
    expect: str
    check: Callable[[Bench], tuple[dict, bool | None]]
    is_timed: bool = False  # not judged in a dry run
