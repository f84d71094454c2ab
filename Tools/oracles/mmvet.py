"""MM-Vet: what mm-vet_evaluator.py asks a scripted judge, which grades it reads, and its aggregation.

usage: mmvet.py MM_VET_EVALUATOR_PY FIXTURES
Python 3.11, numpy 1.26.4, pandas 2.1.4.
"""

import csv
import json
import pathlib
import random
import re
import runpy
import sys
import tempfile
import types

import numpy
import pandas

import judged_common as common

SEED = 20261116
NAMES = ["rec", "ocr", "know", "gen", "spat", "math"]
PROMPT = "Grade the last row.\n\nQ | G | P | C\n--- | --- | --- | ---\na | b | c | 0.0\n"
REPLIES = ["0.0", "0.5", "1.0", "1", "0", "0.7 ", " 0.7", "0.9\n", "0.8 (good)", "0.6\tok", "1.1", "-0.1", "one", "",
           "Score: 0.5", "1_0", "0_1", ".5", "5e-1", "+0.4", "\u0660.\u0665", "0,5", "0.5.", "inf", "0.25",
           "\u00a00.3", "1.0000000000000002", "0.30000000000000004", "\n0.2", "\n0.2 x"]


def run(path, folder, count):
    """Runs the evaluator as its authors do; the grade file it finds or makes decides what is asked."""
    sys.argv = ["evaluator", "--mmvet_path", folder, "--result_file", f"{folder}/model.json", "--result_path", folder,
                "--openai_api_key", "none", "--num_run", str(count), "--prompt", PROMPT]
    runpy.run_path(path, run_name="__main__")
    stem = f"{folder}/model_gpt-4-0613"
    tables = [next(csv.DictReader(open(f"{stem}-{kind}-{count}runs.csv"))) for kind in ("cap-score", "cap-int-score")]
    total = {}
    for kind, table in zip(("capability", "combination"), tables):
        total[kind] = {}
        for key, value in table.items():
            if key in ("", "total", "std", "runs"):
                continue
            parts = [name for name in NAMES if name in key.split("_")]
            total[kind]["_".join(parts)] = float(value)
    total["total"] = float(tables[0]["total"])
    total["std"] = float(tables[0]["std"])
    total["runs"] = [float(number) for number in re.findall(r"-?\d+\.\d+", tables[0]["runs"])]
    return total, json.load(open(f"{stem}-grade-{count}runs.json"))


def main(path, fixtures):
    asked = []
    scripted = {}

    class Completions:
        def create(self, model, max_tokens, temperature, messages):
            text = messages[0]["content"]
            key = int(re.search(r"question (\d+)", text).group(1))
            replies = scripted[key]
            attempt = sum(1 for entry in asked if entry["key"] == key)
            asked.append({"key": key, "temperature": temperature, "max_tokens": max_tokens, "text": text})
            message = types.SimpleNamespace(content=replies[min(attempt, len(replies) - 1)])
            return types.SimpleNamespace(model="judge", choices=[types.SimpleNamespace(message=message)])

    client = types.SimpleNamespace(chat=types.SimpleNamespace(completions=Completions()))
    common.stand_in("openai", OpenAI=lambda api_key: client)
    common.stand_in("openai._exceptions", RateLimitError=type("RateLimitError", (Exception,), {}))
    common.stand_in("tqdm", tqdm=lambda items: items)

    rng = random.Random(SEED)
    output = common.Output(
        fixtures, "mmvet", "Tools/oracles/mmvet.py",
        ["yuweihao/MM-Vet@acde843e02dae30047bb456ee4a8ab28dee7e0ae:mm-vet_evaluator.py"], SEED,
        common.versions(numpy, pandas))
    combinations = [rng.sample(NAMES, rng.randint(1, 4)) for _ in range(16)]
    data, answers = {}, {}
    for index in range(520):
        name = f"v1_{index}"
        answer = rng.choice(["<AND>", "<OR>", " <AND> "]).join(common.words(rng, 1, 3) for _ in range(rng.randint(1, 3)))
        data[name] = {"imagename": f"{name}.png", "question": f"question {index}: {common.words(rng, 2, 4)}?",
                      "answer": answer, "imagesource": "",
                      "capability": rng.sample(chosen := rng.choice(combinations), len(chosen))}
        answers[name] = common.words(rng, 0, 6)
        scripted[index] = [rng.choice(REPLIES) for _ in range(6)]
    output.json("mm-vet.json", data)
    output.json("answers.json", answers)
    output.text("judge-prompt.txt", PROMPT)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "mm-vet.json").write_text(json.dumps(data))
        pathlib.Path(folder, "model.json").write_text(json.dumps(answers))
        total, grades = run(path, folder, 1)
    steps = {}
    for entry in asked:
        head = entry["text"].split("\nPredict the ")[0]
        steps.setdefault(f"v1_{entry['key']}", {"row": head[len(PROMPT) + 1:], "temperatures": []})
        assert entry["max_tokens"] == 3 and head.startswith(PROMPT + "\n")
        steps[f"v1_{entry['key']}"]["temperatures"].append(entry["temperature"])
    judged = {name: {"replies": scripted[int(name[3:])], "score": grades[name]["score"][0], **step}
              for name, step in steps.items()}
    output.json("judged.json", judged)

    oracle = {"judged": total}
    for count in (1, 5, 11):
        order = list(data)
        rng.shuffle(order)
        grades = {name: {"model": ["judge"] * count, "content": [""] * count,
                         "score": [rng.choice([rng.randint(0, 10) / 10, rng.choice([0.25, 1 / 3, 0.65])])
                                   for _ in range(count)]} for name in order}
        for entry in grades.values():
            entry["content"] = [str(score) for score in entry["score"]]
        output.json(f"grades-{count}.json", grades)
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "mm-vet.json").write_text(json.dumps(data))
            pathlib.Path(folder, "model.json").write_text(json.dumps(answers))
            pathlib.Path(folder, f"model_gpt-4-0613-grade-{count}runs.json").write_text(json.dumps(grades))
            oracle[str(count)] = run(path, folder, count)[0]
    output.json("oracle.json", oracle)
    output.close()
    print({name: (entry["total"], entry["std"]) for name, entry in oracle.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
