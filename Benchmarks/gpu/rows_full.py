"""Rows of the second and third call: a model of full size, its precision, speed and memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import models
from program import Failed, Run
from rows import Bench, Row, Skipped

LORA = {"stage": "instruct-lora", "lora_r": 64, "lora_alpha": 16, "lora_dropout": 0}
COPIES = """
import json, time, torch
size, found = 1 << 30, {}
for name, host in (("pinned", torch.empty(size, dtype=torch.uint8).pin_memory()),
                   ("pageable", torch.zeros(size, dtype=torch.uint8))):
    target, best = torch.empty(size, dtype=torch.uint8, device="cuda"), 1e9
    for _ in range(4):
        torch.cuda.synchronize(); started = time.perf_counter()
        target.copy_(host, non_blocking=True); torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    found[name] = size / best / 1e9
print(json.dumps(found))
"""


# ---- Answers


def prompt_ids(bench: Bench) -> list[int]:
    """An image and as much text as makes 769 positions at full size."""
    return [-200, *(20 + 13 * index % 500 for index in range(40))]


def precision(bench: Bench) -> tuple[dict, bool]:
    ids, files = bench.ids("full", prompt_ids(bench)), []
    for device, dtype in ((bench.program.device, "bfloat16"), ("cpu", "float32")):
        files.append(bench.work / f"full-{dtype}.safetensors")
        bench.program.run(
            ["forward", bench.full(), "--ids", ids, "--image", bench.image(0, 384), "--output",
             files[-1], "--dtype", dtype], device,
        )  # fmt: skip
    rows = 40  # the text's: those of the image say no more, and Python is slow
    found = models.difference(*files, limit=rows * bench.full_shape.vocabulary)
    for file in files:
        file.unlink()
    return {"rms": found["rms"], "largest": found["largest"]}, 1e-4 <= found["rms"] <= 1e-2


def answer(bench: Bench, tokens: int) -> dict:
    done = bench.program.run(
        ["generate", bench.full(), "--image", bench.image(0, 384), "--prompt",
         models.sentence(30, 1), "--max-tokens", tokens, "--json"], timeout=200,
    )  # fmt: skip
    return json.loads(done.output)


def batch(bench: Bench, tokens: int, questions: int) -> float:
    """Seconds of an evaluation of questions about one image."""
    folder = models.questions(
        bench.work / f"questions-{questions}", questions, bench.image(0, 384)
    )
    output = bench.work / "evaluation"
    shutil.rmtree(output, ignore_errors=True)
    return bench.program.run(
        ["eval", bench.full(), "--benchmark", "custom", "--data", folder, "--output", output,
         "--max-tokens", tokens], timeout=300,
    ).seconds  # fmt: skip


def prefill(bench: Bench) -> tuple[dict, bool]:
    """The second of two answers in one process, since the first also loads kernels."""
    one, many = (batch_alone(bench, count) for count in (2, 10))
    seconds = (many - one) / 8
    cold = answer(bench, 1)["timings"]["prefill"]
    return {"ms each": 1e3 * seconds, "the first, ms": 1e3 * cold}, seconds <= 0.060


def batch_alone(bench: Bench, questions: int) -> float:
    folder = models.questions(
        bench.work / f"questions-{questions}", questions, bench.image(0, 384)
    )
    output = bench.work / "evaluation"
    shutil.rmtree(output, ignore_errors=True)
    return bench.program.run(
        ["eval", bench.full(), "--benchmark", "custom", "--data", folder, "--output", output,
         "--max-tokens", 1, "--one-by-one"], timeout=300,
    ).seconds  # fmt: skip


def decoding(bench: Bench) -> tuple[dict, bool]:
    lengths = (8, 24) if bench.dry else (32, 288)
    found = [answer(bench, length) for length in lengths]
    steps = len(found[1]["tokens"]) - len(found[0]["tokens"])
    if steps < 8:
        raise Skipped("the model of random weights ends its answer early")
    alone = (found[1]["timings"]["decode"] - found[0]["timings"]["decode"]) / steps
    times = [batch(bench, length, 32) for length in lengths]
    together = (times[1] - times[0]) / (lengths[1] - lengths[0])
    gain = 32 * alone / together if together > 0 else float("inf")
    measured = {"ms a token": 1e3 * alone, "ms a step of 32": 1e3 * together, "gain": gain}
    return measured, alone <= 0.004 and gain >= 15


# ---- Training


def run(bench: Bench, **more: object) -> Run:
    """Updates of 16 samples of about 800 positions."""
    words = 10 if bench.dry else 60
    count, updates = (4, 4) if bench.dry else (16, 6)
    settings = {
        "model": bench.full(), "data_path": bench.data(2 * count * updates, words, images=4, side=384),
        "per_device_train_batch_size": count, "gradient_accumulation_steps": 1,
        "max_steps": updates, "dtype": "bfloat16", "gradient_checkpointing": "true",
        "learning_rate": "1.0e-5",
    } | more  # fmt: skip
    return bench.program.train(settings, timeout=240)


class Baseline:
    """The run that others are compared with, made once."""

    found: Run | None = None

    @classmethod
    def of(cls, bench: Bench) -> Run:
        if cls.found is None:
            cls.found = run(bench)
        return cls.found


def update(bench: Bench) -> tuple[dict, bool]:
    base, double = Baseline.of(bench), run(bench, gradient_accumulation_steps=2)
    passes = double.update - base.update  # of one micro-batch
    tokens = base.lines[-1].get("tokens", 0)
    return (
        {"s an update": base.update, "s a micro-batch": passes, "tokens": tokens,
         "tokens/s": tokens / base.update},
        passes <= 1.05,
    )  # fmt: skip


def optimizer(bench: Bench) -> tuple[dict, bool]:
    """What an update takes beside its micro-batch, and how much of that clipping is."""
    base, double = Baseline.of(bench), run(bench, gradient_accumulation_steps=2)
    unclipped = run(bench, max_grad_norm=0)
    beside = 2 * base.update - double.update
    clipping = base.update - unclipped.update
    return (
        {"ms beside the micro-batch": 1e3 * beside, "ms of norm and clipping": 1e3 * clipping},
        beside <= 0.060 and clipping <= 0.010,
    )


def memory(bench: Bench) -> tuple[dict, bool]:
    """The peak at full size; a save in the background at half of it, for the disk's sake."""
    base = Baseline.of(bench)
    plain = run(bench, model=bench.half())
    saved = run(bench, model=bench.half(), save_steps=3, background_saves="true")
    peaks = [each.device_peak for each in (base, plain, saved)]
    if None in peaks:
        raise Failed("a run says no peak of the device: " + base.done.last_words())
    measured = {
        "peak GB": peaks[0], "half, GB": peaks[1], "half with a save, GB": peaks[2],
        "slower": saved.update / plain.update,
    }  # fmt: skip
    fits = bench.dry or peaks[0] <= 60
    limit = max(1.0, 0.02 * peaks[1]) if not bench.dry else 0.02 * peaks[1] + 1e-3
    return measured, fits and peaks[2] - peaks[1] <= limit


def copies(bench: Bench) -> tuple[dict, bool | None]:
    if bench.dry:
        raise Skipped("copies of the pretend device have no speed")
    done = subprocess.run([sys.executable, "-c", COPIES], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skipped("torch cannot be imported here: " + done.stderr.strip()[-200:])
    found = json.loads(done.stdout)
    # What an update's images would take if nothing ran beside them: the most that staging can cost.
    share = 16 * 3 * 384 * 384 * 4 / (found["pinned"] * 1e9) / Baseline.of(bench).update
    measured = {
        "pinned GB/s": found["pinned"], "pageable GB/s": found["pageable"],
        "images' share of an update at most": share,
    }  # fmt: skip
    return measured, share <= 0.02 and found["pinned"] >= 4 * found["pageable"]


def extras(bench: Bench) -> tuple[dict, bool]:
    base = Baseline.of(bench)
    dropout = run(bench, model=bench.with_dropout(0.1)).update / base.update
    lora = run(bench, **LORA)
    quantised = run(bench, **LORA, load_in_4bit="true")
    measured = {"dropout": dropout, "QLoRA / LoRA": quantised.update / lora.update}
    return measured, measured["dropout"] <= 1.03 and measured["QLoRA / LoRA"] <= 1.3


ANSWERS = [
    Row("5a", "3B in bfloat16 against float32 on the CPU, 769 positions", "rms 1e-4 to 1e-2",
        precision),
    Row("5b", "an image, tower and prompt read", "<= 60 ms, of it <= 15 ms for the prompt",
        prefill, True),
    Row("6", "decoding 3B, one answer and 32", "<= 4 ms a token; 32 answers >= 15 times as fast",
        decoding, True),
]  # fmt: skip

TRAINING = [
    Row("7", "3B, 16 x 800 positions, checkpointing", "<= 1.05 s a micro-batch", update, True),
    Row("8", "optimizer; norm and clipping", "<= 60 ms; <= 10 ms", optimizer, True),
    Row("9", "peak on the device; with a save in the background", "<= 60 GB; 1 GB more at most",
        memory),
    Row("10", "images sent from pinned memory", "at most 2 % of an update; 4 times pageable",
        copies, True),
    Row("11", "dropout 0.1; QLoRA beside LoRA", "<= 1.03; <= 1.3", extras, True),
]  # fmt: skip
