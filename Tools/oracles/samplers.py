"""Orders of the reference's samplers for given permutations: Fixtures/oracles/samplers.json.

The reference runs unchanged but for its random permutations, which are drawn here and written down.

Usage: python Tools/oracles/samplers.py LLAVA_PHI_REPOSITORY
LLAVA_PHI_REPOSITORY is a git clone (bare is enough) of github.com/zhuyiche/llava-phi. Needs
transformers 5.17.0, accelerate 0.27.2 and torch 2.13.0.
"""

import ast
import hashlib
import json
import pathlib
import random
import subprocess
import sys

import accelerate
import torch
import transformers
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler
from transformers import trainer_pt_utils

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "oracles"
SEED = 20261123
SOURCE = "mipha/train/mipha_trainer.py"
FUNCTIONS = ("split_to_even_chunks", "get_modality_length_grouped_indices",
             "get_length_grouped_indices")
# (samples, of these text only, batch, ranks, longest)
SHAPES = [
    (2, 1, 1, 1, 9), (9, 4, 2, 1, 5), (16, 8, 2, 2, 50), (17, 5, 2, 2, 3), (40, 7, 4, 2, 200),
    (41, 20, 1, 3, 30), (64, 1, 4, 4, 99), (65, 64, 4, 4, 99), (50, 25, 3, 3, 8),
    (128, 64, 4, 8, 400), (130, 31, 4, 8, 400), (131, 33, 4, 8, 400), (95, 30, 5, 7, 1),
    (97, 10, 16, 1, 60), (300, 19, 4, 8, 900), (333, 100, 2, 5, 700), (20, 10, 8, 8, 40),
]
LENGTH_SHAPES = [(1, 1, 5), (3, 2, 5), (10, 4, 2), (33, 2, 1000), (100, 3, 30), (420, 2, 900),
                 (421, 1, 12), (250, 32, 500)]
SHARDS = [(1, 1, 3), (2, 2, 3), (5, 2, 2), (7, 1, 4), (12, 2, 3), (13, 2, 3), (17, 4, 2),
          (18, 4, 2), (31, 4, 8), (33, 4, 8), (3, 4, 8), (64, 4, 8), (10, 3, 1), (29, 5, 7)]


class Permutations:
    """Stands in the place of torch and writes its permutations down."""

    def __init__(self, generator):
        self.generator, self.drawn = generator, []

    def __getattr__(self, name):
        return getattr(torch, name)

    def randperm(self, count, generator=None):
        order = list(range(count))
        self.generator.shuffle(order)
        self.drawn.append(order)
        return torch.tensor(order, dtype=torch.long)


def reference(repository):
    text = subprocess.run(["git", "-C", repository, "show", "HEAD:" + SOURCE], check=True,
                          capture_output=True, text=True).stdout
    commit = subprocess.run(["git", "-C", repository, "rev-parse", "HEAD"], check=True,
                            capture_output=True, text=True).stdout.strip()
    tree = ast.parse(text)
    tree.body = [node for node in tree.body
                 if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS]
    scope = {}
    exec(compile(tree, SOURCE, "exec"), scope)
    return scope, commit


def ranks(samples, batch, world, drop_last=False, **options):
    batches = BatchSampler(range(samples), batch, drop_last=drop_last)
    return [[list(b) for b in BatchSamplerShard(batches, world, rank, **options)]
            if world > 1 else [list(b) for b in batches] for rank in range(world)]


def main():
    scope, commit = reference(sys.argv[1])
    draw = random.Random(SEED)
    modality, grouped, length, shards = [], [], [], []
    for samples, textual, batch, world, longest in SHAPES:
        texts = set(draw.sample(range(samples), textual))
        lengths = [draw.randint(1, longest) for _ in range(samples)]
        scope["torch"] = Permutations(draw)
        order = scope["get_modality_length_grouped_indices"](
            [-n if i in texts else n for i, n in enumerate(lengths)], batch, world)
        modality.append({"batch": batch, "world": world, "lengths": lengths,
                         "textual": sorted(texts), "permutations": scope["torch"].drawn,
                         "order": order})
        scope["torch"] = Permutations(draw)
        order = scope["get_length_grouped_indices"](lengths, batch, world)
        grouped.append({"batch": batch, "world": world, "lengths": lengths,
                        "permutations": scope["torch"].drawn, "order": order})
    for samples, batch, longest in LENGTH_SHAPES:
        lengths = [draw.randint(0, longest) for _ in range(samples)]
        trainer_pt_utils.torch = Permutations(draw)
        order = trainer_pt_utils.get_length_grouped_indices(lengths, batch)
        length.append({"batch": batch, "lengths": lengths,
                       "permutations": trainer_pt_utils.torch.drawn, "order": order})
    for samples, batch, world in SHARDS:
        shards.append({"samples": samples, "batch": batch, "world": world,
                       "ranks": ranks(samples, batch, world),
                       "uneven": ranks(samples, batch, world, even_batches=False),
                       "dropped": ranks(samples, batch, world, drop_last=True)})
    words = []
    blanks = [chr(c) for c in range(0x110000) if chr(c).isspace()]
    near = [chr(c) for b in blanks for c in (ord(b) - 1, ord(b) + 1)] + list("aé語😀\u200b\ufeff")
    for _ in range(400):
        text = "".join(draw.choice(draw.choice((blanks, near))) for _ in range(draw.randint(0, 12)))
        words.append([text, len(text.split())])
    text = json.dumps({"modality": modality, "grouped": grouped, "length": length,
                       "shards": shards, "blanks": [ord(b) for b in blanks], "words": words},
                      separators=(",", ":")) + "\n"
    (ROOT / "samplers.json").write_text(text)
    (ROOT / "samplers.manifest.json").write_text(json.dumps({"files": [{
        "file": "samplers.json", "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "script": "Tools/oracles/samplers.py",
        "reference": "zhuyiche/llava-phi %s %s; transformers %s; accelerate %s; Python %s" % (
            commit, SOURCE, transformers.__version__, accelerate.__version__,
            sys.version.split()[0]),
        "seed": SEED}]}, indent=1) + "\n")


main()
