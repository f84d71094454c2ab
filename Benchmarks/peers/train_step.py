"""One training step beside transformers + PyTorch eager: same weights, same batch, taking turns.

    python Benchmarks/peers/train_step.py --make DIR --tokenizer DIR [--supervised 1.0]
    python Benchmarks/peers/train_step.py --compare DIR [--mipha .build/release/mipha]
        [--dtype float32|bfloat16] [--peer float32|bfloat16|autocast] [--steps 5] [--rounds 2]
        [--attention sdpa|eager] [--threads 2] [--set key=value ...]
    python Benchmarks/peers/train_step.py --run DIR [--peer ...] [--steps 5]

--make writes a model folder (SigLIP tower 12 x 768 at 224 pixels and patch 16, MLP, Phi 12 x 768 with
51,200 words, random float32 weights), four pictures and four captions of 286 positions each, of which
90 are words, all supervised (template `plain`).

--compare runs `mipha train` and --run in turns, every run a fresh process: losses first, then the
median seconds of the steps after the second, then peak memory of the processes. Ratios above 1: we are
faster; below 1 for memory: we are smaller. Both train every parameter with AdamW.

--peer: `float32`; `bfloat16` keeps weights, gradients and moments in bfloat16, without master weights;
`autocast` keeps float32 weights and moments and computes in bfloat16, which is what `mipha train` with
`dtype: bfloat16` keeps and computes.

Versions: torch 2.13.0, transformers 5.17.0.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "Tools" / "reference")]
import common  # noqa: E402
from mipha_reference import IGNORE, IMAGE, load_official  # noqa: E402

SIDE, PATCH, ROWS, WORDS = 224, 16, 4, 90
VERSIONS = {"torch": "2.13.0", "transformers": "5.17.0"}
RATE, BETAS, EPSILON = 1e-4, (0.9, 0.98), 1e-7


def make(folder: Path, tokenizer_folder: Path) -> None:
    from transformers import AutoTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    count = common.random_model(
        folder / "model", tokenizer_folder, vocab=51200, hidden=768, heads=12, inner=3072,
        layers=12, rotary=0.5, vision_hidden=768, vision_heads=12, vision_inner=3072,
        vision_layers=12, image=SIDE, patch=PATCH,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    random = numpy.random.default_rng(2)
    samples, rows = [], []
    for index in range(ROWS):
        common.random_picture(folder / f"{index}.png", SIDE, random)
        caption = ""
        while len(tokenizer(caption + "\n").input_ids) < WORDS:
            caption += (" " if caption else "") + str(random.choice(common.WORDS))
        ids = tokenizer(caption + "\n").input_ids
        assert len(ids) == WORDS
        rows.append(ids)
        samples.append(common.pictured(index, caption))
    (folder / "data.json").write_text(json.dumps(samples, indent=1) + "\n")
    (folder / "rows.json").write_text(json.dumps(rows) + "\n")
    print(f"{count:,} parameters in {folder / 'model'}")


def run(arguments: argparse.Namespace) -> dict:
    """Steps of the peer: one JSON object."""
    import transformers
    from PIL import Image

    versions = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    if versions != VERSIONS:
        sys.exit(f"expected {VERSIONS}, found {versions}")
    torch.set_num_threads(arguments.threads)
    folder = arguments.run
    _, model = load_official(folder / "model", attention=arguments.attention)
    model.train()
    dtype = torch.bfloat16 if arguments.peer == "bfloat16" else torch.float32
    parameters = list(model.parameters())
    for parameter in parameters:
        parameter.data = parameter.data.to(dtype, copy=True)  # off the mapped file
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(
        parameters, lr=RATE, betas=BETAS, eps=EPSILON, weight_decay=0, fused=True
    )
    pictures = [
        torch.from_numpy(numpy.array(Image.open(folder / f"{index}.png"))) for index in range(ROWS)
    ]
    pixels = (torch.stack(pictures).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    rows = [torch.tensor([IMAGE, *ids]) for ids in json.loads((folder / "rows.json").read_text())]
    labels = [row.where(row != IMAGE, torch.tensor(IGNORE)) for row in rows]
    losses, seconds = [], []
    for _ in range(arguments.steps):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.peer == "autocast"):
            outputs = model.vision(
                pixels.to(model.vision.embeddings.patch_embedding.weight.dtype),
                output_hidden_states=True,
            )
            features = model.projector(outputs.hidden_states[model.select_layer])
            spliced = model.splice(rows, labels, features)
            loss = model.language(
                inputs_embeds=spliced.embeddings, labels=spliced.labels, use_cache=False
            ).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        del outputs, features, spliced, loss
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"losses": losses, "seconds": seconds, "peak_rss_bytes": peak, "versions": versions}


def run_ours(arguments: argparse.Namespace, output: Path) -> dict:
    """Steps of `mipha train`, from its metrics."""
    folder = arguments.compare
    settings = {
        "model": folder / "model", "output_dir": output, "stage": "instruct",
        "data_path": folder / "data.json", "image_folder": folder, "template": "plain",
        "per_device_train_batch_size": ROWS, "max_steps": arguments.steps,
        "learning_rate": RATE, "lr_scheduler_type": "constant", "warmup_ratio": 0,
        "adam_beta1": BETAS[0], "adam_beta2": BETAS[1], "adam_epsilon": EPSILON,
        "dtype": arguments.dtype, "save_steps": 0,
    }  # fmt: skip
    more = [word for setting in arguments.set for word in ("--set", setting)]
    lines, done = common.train(
        arguments.mipha, output.with_suffix(".yaml"), settings, arguments.threads, more
    )
    return {
        "losses": [line["loss"] for line in lines],
        "seconds": [line["seconds"] for line in lines],
        "tokens": lines[0]["tokens"],
        "supervised": lines[0]["supervised_tokens"],
        "peak_rss_bytes": done.peak_bytes,
        "processor_seconds": (done.user_seconds, done.system_seconds),
    }


def compare(arguments: argparse.Namespace) -> None:
    peer_command = [
        sys.executable, str(Path(__file__).resolve()), "--run", str(arguments.compare),
        "--peer", arguments.peer, "--steps", str(arguments.steps),
        "--attention", arguments.attention, "--threads", str(arguments.threads),
    ]  # fmt: skip
    peers, ours = [], []
    with tempfile.TemporaryDirectory(dir=arguments.compare) as scratch:
        for _ in range(arguments.rounds):
            if not arguments.only_ours:
                text = subprocess.run(peer_command, check=True, stdout=subprocess.PIPE).stdout
                peers.append(json.loads(text))
            ours.append(run_ours(arguments, Path(scratch) / "run"))
    sides = {"peer": peers, "ours": ours}
    print(f"{ours[0]['tokens']} positions, {ours[0]['supervised']} supervised")
    print(f"processor seconds of ours, user and system: {ours[-1]['processor_seconds']}")
    middle, peak = {}, {}
    for name, runs in sides.items():
        if not runs:
            continue
        print(f"{name}: losses {' '.join(f'{loss:.6f}' for loss in runs[0]['losses'])}")
        times = [value for one in runs for value in one["seconds"][2:]]
        middle[name] = statistics.median(times)
        peak[name] = max(one["peak_rss_bytes"] for one in runs)
        print(
            f"{name}: step {middle[name]:.3f} s (of {min(times):.3f} to {max(times):.3f}), "
            f"peak {peak[name] / 1e9:.2f} GB"
        )
    if peers:
        difference = max(
            abs(a - b) / abs(a) for a, b in zip(peers[0]["losses"], ours[0]["losses"])
        )
        print(f"largest relative difference of the losses: {difference:.2e}")
        print(f"step ratio {middle['peer'] / middle['ours']:.2f}, "
              f"memory ratio {peak['ours'] / peak['peer']:.2f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--make", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--mipha", type=Path, default=common.MIPHA)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--peer", choices=("float32", "bfloat16", "autocast"))
    parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--only-ours", action="store_true")
    arguments = parser.parse_args()
    arguments.peer = arguments.peer or arguments.dtype
    if arguments.make:
        make(arguments.make, arguments.tokenizer)
    elif arguments.run:
        print(json.dumps(run(arguments)))
    elif arguments.compare:
        compare(arguments)
    else:
        parser.error("one of --make, --run, --compare")


if __name__ == "__main__":
    main()
