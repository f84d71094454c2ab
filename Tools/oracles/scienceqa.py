"""Oracle of ScienceQA: Fixtures/oracles/scienceqa*.json.

Usage: python3.11 Tools/oracles/scienceqa.py SCIENCEQA.git LLAVA.git LMMS_EVAL.git
Needs pandas 2.2.3 and tqdm. Ids, answers, numbers of choices and pictures of the 4,241 test problems come
from LLaVA's llava_test_CQM-A.json (problems.json is a file too large for the copy of the
repository); hints are there where the prompt says so; subject and grade are drawn by seed. Real
answers: LLaVA-1.5-13B and the authors' GPT-3 run. They are cut to short beginnings where the
official code reads the same in those, which the script checks.
"""

import contextlib
import io
import json
import os
import pathlib
import random
import re
import runpy
import sys
import tempfile

import choice_common as common

SEED = 20261123
LLAVA = "32cebc3809441cc40d8ac7b2855d148308741f2a"
EVAL = "playground/data/eval/scienceqa/"
GPT3 = "results/gpt3/final_test_QCM-ALE_2_seed_3.json"
SUBJECTS = ["natural science", "social science", "language science"]


def problem(entry, generator):
    text = entry["conversations"][0]["value"]
    lines = text.split("\n")
    count = 0
    for size in range(5, 1, -1):
        for start in [index for index, line in enumerate(lines) if line.startswith("A. ")]:
            place = start
            for letter in "BCDE"[:size - 1]:
                place = next((index for index in range(place + 1, len(lines))
                              if lines[index].startswith(letter + ". ")), None)
                if place is None:
                    break
            if place is not None:
                count = size
        if count:
            break
    return {"question": "?", "choices": [f"choice {index}" for index in range(count)],
            "answer": "ABCDE".index(entry["conversations"][1]["value"]),
            "hint": "some context" if "Context: " in text[:30] else "",
            "image": "image.png" if "image" in entry else None, "split": "test",
            "subject": generator.choices(SUBJECTS, [53, 21, 26])[0],
            "grade": f"grade{generator.randint(1, 12)}", "topic": "?"}


def run_llava(source, folder, texts, images):
    """LLaVA's scorer: figures with all digits, parsed letters and indices."""
    with open(f"{folder}/answers.jsonl", "w") as file:
        for id, text in texts.items():
            mark = "<image>\n" if images[id] else ""
            file.write(json.dumps({"question_id": id, "prompt": mark + "?", "text": text}) + "\n")
    sys.argv = ["eval", "--base-dir", folder, "--result-file", f"{folder}/answers.jsonl",
                "--output-file", f"{folder}/output.json", "--output-result",
                f"{folder}/result.json"]
    path = f"{folder}/eval_science_qa.py"
    pathlib.Path(path).write_bytes(source)
    with contextlib.redirect_stdout(io.StringIO()):
        scope = runpy.run_path(path, run_name="__main__")
    result = json.loads(pathlib.Path(f"{folder}/result.json").read_text())
    output = json.loads(pathlib.Path(f"{folder}/output.json").read_text())
    parsed = {row["question_id"]: row["parsed_ans"]
              for rows in output.values() for row in rows}
    return {"accuracy": result["acc"], "img_accuracy":
            scope["multimodal_correct"] / scope["multimodal_total"] * 100}, parsed


def run_original(repository, folder, outputs):
    """The authors' script with a model that gives the recorded outputs; then their report."""
    os.makedirs(f"{folder}/models", exist_ok=True)
    os.makedirs(f"{folder}/out/gpt3", exist_ok=True)
    for name in ("base_prompt.py", "run_gpt3.py"):
        pathlib.Path(f"{folder}/models/{name}").write_bytes(
            common.show(repository, f"models/{name}"))
    pathlib.Path(f"{folder}/captions.json").write_text('{"captions": {}}')
    queue = iter(outputs)

    class Completion:
        @staticmethod
        def create(**_):
            return {"choices": [{"text": next(queue)}]}
    common.stand_in("openai", Completion=Completion)
    sys.path.insert(0, folder)
    sys.argv = ["run", "--data_root", folder, "--output_root", f"{folder}/out", "--caption_file",
                f"{folder}/captions.json", "--test_split", "test", "--test_number", "-1",
                "--prompt_format", "QCM-ALE", "--shot_number", "2", "--seed", "3", "--label", "x",
                "--save_every", "100000"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        runpy.run_path(f"{folder}/models/run_gpt3.py", run_name="__main__")
    sys.path.remove(folder)
    path = next(pathlib.Path(f"{folder}/out/gpt3").iterdir())
    result = json.loads(path.read_text())
    figures = report(repository, folder, path)
    path.unlink()
    return dict(figures, accuracy=result["acc"]), result["results"]


def report(repository, folder, path):
    """The authors' evaluate_acc.py, with the numbers it rounds."""
    tool = common.module(common.show(repository, "tools/evaluate_acc.py"), folder, "evaluate_acc")
    calls = []

    def run():
        tool.get_scores(str(path), f"{folder}/problems.json")
    calls = common.locals_at_return(run, {"get_acc_with_contion"})
    names = ["NAT", "SOC", "LAN", "TXT", "IMG", "NO", "G1-6", "G7-12"]
    return {name: len(found["correct_pd"]) / len(found["total_pd"]) * 100
            for name, (_, found) in zip(names, calls)}


def run_harness(module, problems, texts):
    scores = {id: module.sqa_process_results(problems[id], [text])["exact_match"]
              for id, text in texts.items()}
    images = [id for id in scores if problems[id]["image"]]
    return {"accuracy": sum(scores.values()) / len(scores),
            "img_accuracy": sum(scores[id] for id in images) / len(images)}, "".join(
                str(int(score)) for score in scores.values())


def short(text, rules):
    """The shortest usual beginning that every rule reads as it reads the whole."""
    for length in (3, 18, 40, 120, 400):
        if all(rule(text[:length]) == rule(text) for rule in rules):
            return text[:length]
    return text


def main(scienceqa, llava, lmms):
    source = common.show(llava, "llava/eval/eval_science_qa.py")
    splits = json.loads(common.show(scienceqa, "data/scienceqa/pid_splits.json"))
    generator = common.seeded(SEED)
    entries = json.loads(common.show(llava, EVAL + "llava_test_CQM-A.json", LLAVA))
    problems = {entry["id"]: problem(entry, generator) for entry in entries}
    assert list(problems) == splits["test"]
    images = {id: bool(row["image"]) for id, row in problems.items()}
    result = json.loads(common.show(llava, EVAL + "answers/llava-v1.5-13b_result.json", LLAVA))
    gpt3 = json.loads(common.show(scienceqa, GPT3))
    pattern = re.compile(r"The answer is ([A-Z]).")
    rules = [pattern.findall, lambda text: text[:3], lambda text: len(text) > 2]
    ids = list(problems)
    adversarial = common.letters(
        generator, ["ABCDE"[problems[id]["answer"]] for id in ids[:1500]],
        [len(problems[id]["choices"]) for id in ids[:1500]])
    sets = {"llava-v1.5-13b": {id: short(result["outputs"][id], rules) for id in ids},
            "gpt-3": {id: short(gpt3["outputs"][id], rules) for id in ids},
            "adversarial": dict(zip(ids, adversarial + ["A"] * len(ids)))}
    totals, parsed = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        tasks = common.module(
            common.show(lmms, "lmms_eval/tasks/scienceqa/utils.py"), folder, "utils")
        # The authors' script draws examples from the training split and prints their prompts.
        full = dict(problems)
        for id in splits["train"]:
            full[id] = dict(problems[ids[0]], split="train", lecture="", solution="")
        for row in full.values():
            row.setdefault("lecture", "")
            row.setdefault("solution", "")
        pathlib.Path(f"{folder}/problems.json").write_text(json.dumps(full))
        pathlib.Path(f"{folder}/pid_splits.json").write_text(json.dumps(splits))
        for name, texts in sets.items():
            figures, letters = run_llava(source, folder, texts, images)
            original, indices = run_original(scienceqa, folder, list(texts.values()))
            other, scores = run_harness(tasks, problems, texts)
            totals[name] = {"llava": figures, "original": original, "lmms-eval": other}
            parsed[name] = {"llava": "".join(
                "?" if letters[id] == "FAILED" else letters[id] for id in ids),
                "original": "".join(str(indices[id]) for id in ids), "lmms-eval": scores}
            if name == "llava-v1.5-13b":
                assert figures["accuracy"] == result["acc"]
        missing = {id: text for id, text in sets["llava-v1.5-13b"].items() if int(id) % 3}
        totals["missing"] = {"llava": run_llava(source, folder, missing, images)[0]}
        path = pathlib.Path(f"{folder}/gpt3.json")
        path.write_text(json.dumps(gpt3))
        totals["gpt-3"]["recorded"] = dict(report(scienceqa, folder, path), accuracy=gpt3["acc"])
        assert sum(gpt3["results"][id] == problems[id]["answer"] for id in ids) == gpt3["correct"]
    table = {"ids": " ".join(ids), "train": len(splits["train"]),
             "answers": "".join(str(problems[id]["answer"]) for id in ids),
             "counts": "".join(str(len(problems[id]["choices"])) for id in ids),
             "images": "".join(str(int(images[id])) for id in ids),
             "hints": "".join(str(int(bool(problems[id]["hint"]))) for id in ids),
             "subjects": "".join(str(SUBJECTS.index(problems[id]["subject"])) for id in ids),
             "grades": [int(problems[id]["grade"][5:]) for id in ids],
             "recorded": "".join(str(gpt3["results"][id]) for id in ids)}
    files = {"scienceqa.json": table, "scienceqa_totals.json": totals}
    for name, texts in sets.items():
        files[f"scienceqa_{name}.json"] = {"texts": list(texts.values())[
            :1500 if name == "adversarial" else None], "parsed": parsed[name]}
    common.write("scienceqa", files, [
        f"lupantech/ScienceQA@{common.commit(scienceqa)}:models/run_gpt3.py, "
        f"tools/evaluate_acc.py, {GPT3}",
        f"haotian-liu/LLaVA@{common.commit(llava)}:llava/eval/eval_science_qa.py",
        f"haotian-liu/LLaVA@{LLAVA}:{EVAL}",
        f"EvolvingLMMs-Lab/lmms-eval@{common.commit(lmms)}:lmms_eval/tasks/scienceqa/utils.py"],
        SEED)


main(*sys.argv[1:])
