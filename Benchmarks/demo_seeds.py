#!/usr/bin/env python3
"""Runs the demo with many seeds under several instruction sets, and prints a table, worst first.

    python Benchmarks/demo_seeds.py --work DIR [--seeds 0-9] [--sets own,avx2,default] [--jobs 1]

Finished runs are kept in DIR as SET-SEED.json, so that the command may be interrupted and given
again. --jobs N runs N demos at once, with one thread each; one at a time has two threads.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

SETS = {
    "own": {},
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    "default": {"ATEN_CPU_CAPABILITY": "default"},
}


def seeds(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def run(binary, work, name, seed, threads):
    """Runs one demo and keeps its score with seconds and threads."""
    folder = work / f"{name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    environment = os.environ | SETS[name] | {
        "OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": "3000"}
    started = time.monotonic()
    log = work / f"{name}-{seed}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [binary, "demo", "--seed", str(seed), "--threads", str(threads), "--output", folder],
            env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        print(f"{name} {seed}: exit status {os.waitstatus_to_exitcode(status)}; see {log}")
        return
    result = json.loads((folder / "score.json").read_text())
    result |= {"set": name, "seed": seed, "threads": threads,
               "seconds": time.monotonic() - started,
               "processor_seconds": usage.ru_utime + usage.ru_stime}
    (work / f"{name}-{seed}.json").write_text(json.dumps(result))
    shutil.rmtree(folder)


def weakest(result):
    """The kind that is least above its blind guess, as a part of what the guess leaves open."""
    return min(result["kinds"],
               key=lambda k: (k["accuracy"] - k["blind"]) / (1 - k["blind"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--seeds", default="0-9", type=seeds)
    parser.add_argument("--sets", default="own,avx2,default")
    parser.add_argument("--jobs", default=1, type=int)
    parser.add_argument("--binary", default=".build/release/mipha", type=os.path.abspath)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    wanted = [(name, seed) for seed in options.seeds for name in options.sets.split(",")]
    waiting = iter([w for w in wanted if not (options.work / f"{w[0]}-{w[1]}.json").exists()])
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                job = next(waiting, None)
            if job is None:
                return
            run(options.binary, options.work, *job, 2 if options.jobs == 1 else 1)

    workers = [threading.Thread(target=work) for _ in range(options.jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    results = [json.loads(path.read_text()) for name, seed in wanted
               if (path := options.work / f"{name}-{seed}.json").exists()]
    print("| instructions | seed | right | kind least above its blind guess | threads | minutes | processor seconds |")
    print("|---|---|---|---|---|---|---|")
    for result in sorted(results, key=lambda r: r["accuracy"]):
        kind = weakest(result)
        print(f"| {result['set']} | {result['seed']} | {100 * result['accuracy']:.1f} % "
              f"| {kind['kind']}, {100 * kind['accuracy']:.1f} over {100 * kind['blind']:.1f} % "
              f"| {result['threads']} | {result['seconds'] / 60:.1f} "
              f"| {result['processor_seconds']:.0f} |")
    print(f"{len(results)} of {len(wanted)} runs; "
          f"{sum(r['accuracy'] < 0.95 for r in results)} below 95 %")


if __name__ == "__main__":
    main()
