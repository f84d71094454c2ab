"""Rows of the first call: results of tiny models on the device are those of the CPU."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import models
from program import Run, apart
from rows import Bench, Row, Skipped

LORA = {"stage": "instruct-lora", "lora_r": 4, "lora_alpha": 8, "lora_dropout": 0}


def settings(bench: Bench, **more: object) -> dict:
    return {
        "model": bench.tiny(), "data_path": bench.data(16, 5, images=4),
        "per_device_train_batch_size": 2, "gradient_accumulation_steps": 2,
    } | more  # fmt: skip


def forward(bench: Bench) -> tuple[dict, bool]:
    ids = bench.ids("forward", [5, -200, *range(10, 40)])
    files = []
    for device in (bench.program.device, "cpu"):
        files.append(bench.work / f"forward-{device.replace(':', '-')}.safetensors")
        bench.program.run(
            ["forward", bench.tiny(), "--ids", ids, "--image", bench.image(), "--output",
             files[-1], "--hidden"], device,
        )  # fmt: skip
    found = models.difference(*files)
    answers = [
        json.loads(bench.program.run(
            ["generate", bench.tiny(), "--image", bench.image(), "--prompt", "What?",
             "--max-tokens", "64", "--json"], device,
        ).output)["tokens"]
        for device in (bench.program.device, "cpu")
    ]  # fmt: skip
    same = answers[0] == answers[1]
    return (
        {"largest difference": found["largest"], "tokens": len(answers[1]), "equal": same},
        found["largest"] <= 1e-5 and same,
    )


def training(bench: Bench) -> tuple[dict, bool]:
    kinds: dict[str, tuple[dict, float]] = {
        "fp32": ({}, 1e-5),
        "bf16": ({"dtype": "bfloat16"}, 3e-3),
        "LoRA": (LORA, 1e-5),
        "DPO": ({"stage": "preference", "data_path": bench.pairs()}, 1e-5),
    }
    measured, passes = {}, True
    for name, (more, limit) in kinds.items():
        losses = [
            bench.program.train(settings(bench, **more), device).losses
            for device in (bench.program.device, "cpu")
        ]
        measured[name] = apart(*losses)
        passes = passes and len(losses[0]) == 4 and measured[name] <= limit
    return measured, passes


def repeated(bench: Bench) -> tuple[dict, bool | None]:
    def twice(**more: object) -> bool:
        runs = [bench.program.train(settings(bench, **more), keep=True) for _ in range(2)]
        return runs[0].weights() == runs[1].weights() != {}

    measured: dict = {"equal": twice()}
    if not bench.has_key("deterministic"):
        measured["deterministic"] = "no such key in this build"
        return measured, True if bench.dry and measured["equal"] else None
    measured["equal when deterministic"] = twice(deterministic="true")
    return measured, measured["equal when deterministic"]


def resumed(bench: Bench) -> tuple[dict, bool]:
    """Updates 3 and 4 from a checkpoint after 2, of the same device and of the other."""
    device = bench.program.device
    fixed = {"deterministic": "true"} if bench.has_key("deterministic") else {}

    def whole(where: str) -> Run:
        return bench.program.train(settings(bench, save_steps=2, **fixed), where, keep=True)

    def rest(start: Run, where: str) -> Run:
        more = {"resume": start.output / "checkpoint-2", "save_steps": 2, **fixed}
        return bench.program.train(settings(bench, **more), where, keep=True)

    own, near = whole(device), whole("cpu")
    again = rest(own, device)
    measured = {
        "bytes equal": again.weights() == own.weights() != {},
        "apart": apart(again.losses, own.losses[-len(again.losses) :]),
        "from the CPU's checkpoint": apart(rest(near, device).losses[-2:], near.losses[2:]),
        "on the CPU from the device's": apart(rest(own, "cpu").losses[-2:], own.losses[2:]),
    }
    must_equal = bool(fixed) or bench.dry
    passes = (measured["bytes equal"] or not must_equal) and all(
        gap <= 1e-5 for gap in measured.values() if not isinstance(gap, bool)
    )
    return measured, passes


def too_large(bench: Bench) -> tuple[dict, bool]:
    """One sample of many makes an update that does not fit; those before it are kept."""
    count, words = (16, 300) if bench.dry else (256, 1900)
    path = bench.work / "one-long.json"
    items = json.loads(bench.data(count, 3).read_text())
    items[0]["conversations"][1]["value"] = models.sentence(words, 1)
    path.write_text(json.dumps(items) + "\n")
    more: dict = {
        "model": bench.tiny(), "data_path": path, "per_device_train_batch_size": count // 4,
        "gradient_accumulation_steps": 1,
    }  # fmt: skip
    for seed in range(1, 9):  # the order of samples is the same for every model
        more["seed"] = seed
        tokens = [line["tokens"] for line in bench.program.train(settings(bench, **more), "cpu").lines]
        if max(tokens) != tokens[0]:
            break
    if not bench.dry:
        more |= {"model": bench.full(), "dtype": "bfloat16"}
    room = None
    if bench.dry:
        short = {"data_path": bench.data(count, 3)}
        fits = bench.program.train(settings(bench, **(more | short)))
        room = 3 * fits.done.counts["peak_bytes:1"] // 2
    run = bench.program.train(
        settings(bench, **more), room=room, may_fail=True, keep=True, timeout=200
    )
    kept = sorted(run.output.glob("checkpoint-*"))
    text = run.done.errors
    measured = {
        "status": run.done.status, "updates": len(run.losses),
        "checkpoint": kept[-1].name if kept else "none",
        "says": next((line for line in text.splitlines() if "memory" in line), text[-200:])[:200],
    }  # fmt: skip
    shutil.rmtree(run.output, ignore_errors=True)
    named = "GB" in text or "bytes" in text or "MB" in text
    return measured, run.done.status == 1 and named and bool(kept) and len(run.losses) > 0


def bad_input(bench: Bench) -> tuple[dict, bool]:
    vocabulary = models.TINY.vocabulary
    refused, output = [], bench.work / "refused.safetensors"
    for device in (bench.program.device, "cpu"):
        for ids in ([5, vocabulary], [-7]):
            done = bench.program.run(
                ["forward", bench.tiny(), "--ids", bench.ids("bad", ids), "--output", output],
                device, may_fail=True,
            )  # fmt: skip
            refused.append((done.status, "assert" in done.errors))
    more = {"model": bench.overflowing(), "max_steps": 3}
    runs = [
        bench.program.train(settings(bench, **more), device, may_fail=True, keep=True)
        for device in (bench.program.device, "cpu")
    ]
    measured = {
        "ids refused": all(status in (1, 2) and not trap for status, trap in refused),
        "status": [run.done.status for run in runs],
        "incidents": [run.incidents for run in runs],
    }
    same = runs[0].done.status == runs[1].done.status and runs[0].incidents == runs[1].incidents
    return measured, measured["ids refused"] and same and runs[0].done.status in (0, 1)


def sanitized(bench: Bench) -> tuple[dict, bool]:
    tool = shutil.which("compute-sanitizer") or next(
        (str(path) for path in Path("/usr/local").glob("cuda*/bin/compute-sanitizer")), None
    )
    if bench.dry or tool is None:
        raise Skipped("compute-sanitizer is not there")
    prefix = [tool, "--tool", "memcheck", "--error-exitcode", "9"]
    run = bench.program.train(
        settings(bench, max_steps=1), prefix=prefix, may_fail=True, timeout=300
    )
    text = run.done.output + run.done.errors
    line = next((line for line in text.splitlines() if "ERROR SUMMARY" in line), "no summary")
    return {"status": run.done.status, "says": line.strip()}, (
        run.done.status == 0 and "ERROR SUMMARY: 0 errors" in line
    )


def waits(bench: Bench) -> tuple[dict, bool]:
    """Counts of runs of two lengths, so that the start and the end cancel."""

    def counts(updates: int) -> dict[str, int]:
        more = {"max_steps": updates, "data_path": bench.data(48, 5, images=4)}
        return bench.program.train(settings(bench, **more), counted=True).done.counts

    def tokens(count: int) -> tuple[dict[str, int], int]:
        done = bench.program.run(
            ["generate", bench.tiny(), "--image", bench.image(), "--prompt", "What?",
             "--max-tokens", count, "--json"], counted=True,
        )  # fmt: skip
        return done.counts, len(json.loads(done.output)["tokens"])

    few, many = counts(2), counts(10)
    if not few:
        raise Skipped("nothing counts waits here: the bundle has no libwaits.so")
    update = {name: (many[name] - few[name]) / 8 for name in few}
    (start, first), (end, last) = tokens(8), tokens(40)
    if last == first:
        raise Skipped("the model ends its answer at once")
    token = {name: (end[name] - start[name]) / (last - first) for name in start}
    measured = {
        "waits an update": update["waits"], "copies up": update["copies_up"],
        "copies down": update["copies_down"], "waits a token": token["waits"],
    }  # fmt: skip
    return measured, (
        update["waits"] <= 2 and update["copies_up"] <= 4 and update["copies_down"] <= 2
        and token["waits"] <= 1
    )  # fmt: skip


ROWS = [
    Row("1", "tiny model in float32 against the CPU", "1e-5; 64 tokens equal", forward),
    Row("2", "4 updates against the CPU: losses", "1e-5; bfloat16 3e-3", training),
    Row("3", "the same run twice", "equal bytes when deterministic", repeated),
    Row("4", "stopped after 2 of 4 and gone on, also across devices", "as without a stop", resumed),
    Row("12", "an update too large for the device", "says how much; checkpoint; status 1",
        too_large),
    Row("13", "ids out of range; losses that are not finite", "refused; as on the CPU", bad_input),
    Row("14", "compute-sanitizer memcheck, one update", "0 errors", sanitized),
    Row("15", "waits and copies", "2 waits, 4 copies up an update; 1 wait a token", waits),
]  # fmt: skip
