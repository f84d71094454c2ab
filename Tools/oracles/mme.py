"""Oracle of MME: Fixtures/oracles/mme*.json.

Usage: python3.11 Tools/oracles/mme.py MME.git LLAVA.git LMMS_EVAL.git
Needs scikit-learn 1.5.2. Gold answers and LaVIN's responses come from tools/eval_tool.zip of the
branch Evaluation, LLaVA-1.5-13B's from its eval.zip in LLaVA's repository. Questions and pictures
are renamed; real responses are cut to twelve code points, which the script checks to be harmless.
"""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import choice_common as common

SEED = 20261123
LLAVA = "32cebc3809441cc40d8ac7b2855d148308741f2a"
EVAL = "playground/data/eval/MME/"


def figures(module, folder):
    """The official scorer over a results folder: per task and totals, all digits."""
    calls = []
    metrics = module.calculate_metrics()

    def run():
        with contextlib.redirect_stdout(io.StringIO()):
            metrics.process_result(folder)
    for name, found in common.locals_at_return(run, {"compute_metric", "process_result"}):
        calls.append((name, found))
    return calls


def official(module, folder):
    tasks = [task for names in module.eval_type_dict.values() for task in names]
    calls = figures(module, folder)
    metrics = [found for name, found in calls if name == "compute_metric"]
    result = {"tasks": {}}
    for task, found in zip(tasks, metrics, strict=True):
        values = found["metric_dict"]
        result["tasks"][task] = {"acc": values["acc"] * 100, "acc_plus": values["acc_plus"] * 100,
                                 "other": values["other_num"]}
    with contextlib.redirect_stdout(io.StringIO()) as output:
        module.calculate_metrics().process_result(folder)
    totals = []
    for line in output.getvalue().splitlines():
        if line.startswith("total score: "):
            totals.append(float(line.removeprefix("total score: ")))
        elif " score: " in line:
            name, value = line.split(" score: ")
            result["tasks"][name.strip()]["score"] = float(value)
    result["perception"], result["cognition"] = totals
    return result


def write_results(folder, gold, responses):
    os.makedirs(folder, exist_ok=True)
    for task, labels in gold.items():
        with open(f"{folder}/{task}.txt", "w") as file:
            for index, label in enumerate(labels):
                name = {"y": "Yes", "n": "No"}[label]
                file.write(f"p{index // 2}.jpg\tQuestion {index}?\t{name}\t"
                           f"{responses[task][index]}\n")


def harness(module, gold, responses, order):
    """lmms-eval: scores and totals; `order` is that of the questions."""
    rows = {"mme_perception_score": [], "mme_cognition_score": []}
    scores = {task: [""] * len(labels) for task, labels in gold.items()}
    for task, index in order:
        document = {"answer": {"y": "Yes", "n": "No"}[gold[task][index]], "category": task,
                    "question_id": f"{task}/{index // 2}"}
        for key, row in module.mme_process_results(document, [responses[task][index]]).items():
            rows[key].append(row)
            scores[task][index] = str(int(row["score"]))
    tasks = {}

    def run():
        for key in rows:
            tasks[key] = module.mme_aggregate_results(rows[key])
    found = {}
    for _, values in common.locals_at_return(run, {"mme_aggregate_results"}):
        found.update(values["category2avg_score"])
    return {"tasks": {task: {"score": value} for task, value in found.items()},
            "perception": tasks["mme_perception_score"],
            "cognition": tasks["mme_cognition_score"]}, {
                task: "".join(values) for task, values in scores.items()}


def main(mme, llava, lmms):
    common.stand_in("loguru", logger=type("Log", (), {"info": staticmethod(print)}))
    fixture = {"gold": {}, "responses": {}, "parsed": {}}
    totals = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = zipfile.ZipFile(io.BytesIO(
            common.show(mme, "tools/eval_tool.zip", "Evaluation")))
        archive.extractall(folder)
        tool = f"{folder}/eval_tool"
        scorer = common.module(pathlib.Path(f"{tool}/calculation.py").read_bytes(), folder, "calc")
        tasks = common.module(common.show(lmms, "lmms_eval/tasks/mme/utils.py"), folder, "utils")
        gold, places = {}, {}
        for task in [task for names in scorer.eval_type_dict.values() for task in names]:
            rows = [line.rstrip("\n").split("\t")
                    for line in open(f"{tool}/Your_Results/{task}.txt").readlines()]
            gold[task] = "".join(row[2][0].lower() for row in rows)
            for index, row in enumerate(rows):
                places[task, row[0].split(".")[0], row[1]] = index
        fixture["gold"] = gold
        for name in ("LaVIN", "llava-v1.5-13b"):
            responses = {task: [None] * len(labels) for task, labels in gold.items()}
            real = f"{tool}/{name}"
            if name == "LaVIN":
                order = [(task, index) for task, labels in gold.items()
                         for index in range(len(labels))]
            else:
                order = convert(llava, folder, tool, gold, places)
                real = f"{folder}/eval_tool/answers/{name}"
            for task in gold:
                for line in open(f"{real}/{task}.txt").readlines():
                    image, question, _, response = line.rstrip("\n").split("\t")
                    responses[task][places[task, image.split(".")[0], question]] = response
            cut = {task: [text[:12] for text in texts] for task, texts in responses.items()}
            wanted = official(scorer, real)
            write_results(f"{folder}/cut_{name}", gold, cut)
            assert official(scorer, f"{folder}/cut_{name}") == wanted
            other = harness(tasks, gold, responses, order)
            assert harness(tasks, gold, cut, order) == other
            fixture["responses"][name] = cut
            totals[name] = {"official": wanted, "lmms-eval": other[0], "order": [
                task for index, (task, _) in enumerate(order) if task not in
                [earlier for earlier, _ in order[:index]]]}
        generator = common.seeded(SEED)
        texts = {task: common.yes_no(generator, len(labels),
                                     [{"y": "yes", "n": "no"}[label] for label in labels])
                 for task, labels in gold.items()}
        clean = {task: [text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
                        for text in row] for task, row in texts.items()}
        write_results(f"{folder}/adversarial", gold, clean)
        order = [(task, index) for task, labels in gold.items() for index in range(len(labels))]
        other = harness(tasks, gold, clean, order)
        totals["adversarial"] = {"official": official(scorer, f"{folder}/adversarial"),
                                 "lmms-eval": other[0], "order": list(gold)}
        fixture["responses"]["adversarial"] = clean
        metrics = scorer.calculate_metrics()
        fixture["parsed"] = {
            "official": {task: "".join(metrics.parse_pred_ans((text + "\n").lower())[0]
                                       for text in row) for task, row in clean.items()},
            "lmms-eval": {task: "".join(tasks.parse_pred_ans(text)[0] for text in row)
                          for task, row in clean.items()}}
    files = {"mme_totals.json": totals}
    for name in fixture["responses"]:
        files[f"mme_{name}.json"] = {"gold": gold, "responses": fixture["responses"][name]}
    files["mme_adversarial.json"]["parsed"] = fixture["parsed"]
    common.write("mme", files, [
        f"BradyFU/Awesome-Multimodal-Large-Language-Models@{common.commit(mme, 'Evaluation')}:"
        "tools/eval_tool.zip",
        f"haotian-liu/LLaVA@{LLAVA}:{EVAL}convert_answer_to_mme.py",
        f"EvolvingLMMs-Lab/lmms-eval@{common.commit(lmms)}:lmms_eval/tasks/mme/utils.py"], SEED)


def convert(llava, folder, tool, gold, places):
    """Runs LLaVA's converter on its answers; gives the order of the questions."""
    pathlib.Path(f"{folder}/convert_answer_to_mme.py").write_bytes(
        common.show(llava, EVAL + "convert_answer_to_mme.py", LLAVA))
    os.makedirs(f"{folder}/answers", exist_ok=True)
    answers = common.show(llava, EVAL + "answers/llava-v1.5-13b.jsonl", LLAVA)
    pathlib.Path(f"{folder}/answers/llava-v1.5-13b.jsonl").write_bytes(answers)
    for task in gold:
        data = f"{folder}/MME_Benchmark_release_version/{task}"
        os.makedirs(data, exist_ok=True)
        for line in open(f"{tool}/Your_Results/{task}.txt").readlines():
            image, question, answer = line.rstrip("\n").split("\t")
            with open(f"{data}/{image.split('.')[0]}.txt", "a") as file:
                file.write(f"{question}\t{answer}\n")
    subprocess.run([sys.executable, "convert_answer_to_mme.py", "--experiment", "llava-v1.5-13b"],
                   cwd=folder, check=True)
    order, suffix = [], "Answer the question using a single word or phrase."
    for line in answers.decode().splitlines():
        row = json.loads(line)
        parts = row["question_id"].split("/")
        text = row["prompt"].replace(suffix, "").strip()
        key = (parts[0], parts[-1].split(".")[0], text + " Please answer yes or no.")
        if key not in places:
            key = key[:2] + (text + "  Please answer yes or no.",)
        order.append((parts[0], places[key]))
    return order


main(*sys.argv[1:])
