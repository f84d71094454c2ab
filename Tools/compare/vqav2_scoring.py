"""Compares scoring of VQAv2 with the official tool: time, memory and every figure.

    python vqav2_scoring.py make FOLDER --source DATA [--count 450000] [--seed 7]
    python vqav2_scoring.py official FOLDER --tool VQA

`make` writes annotations.json, questions.json and predictions.json of the size of VQAv2 by
repeating real questions (a folder with annotations.json and pred_*.json) under new ids, about five
and a half questions a picture; a random word is added to one in twenty human answers and one in
ten predictions, so that the texts are not only repetitions. `official` runs the evaluation of a
checkout of GT-Vision-Lab/VQA (turned to Python 3 by lib2to3 in a temporary folder, so it needs
Python 3.11 or older) and prints figures with 12 digits, seconds and the peak of memory as JSON.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time


def make(arguments):
    random.seed(arguments.seed)
    with open(os.path.join(arguments.source, "annotations.json")) as file:
        annotations = json.load(file)["annotations"]
    sources = []
    for name in ["adversarial", "random_human", "prior_baseline"]:
        with open(os.path.join(arguments.source, f"pred_{name}.json")) as file:
            sources.append({entry["question_id"]: entry["answer"] for entry in json.load(file)})
    os.makedirs(arguments.folder, exist_ok=True)
    paths = [os.path.join(arguments.folder, f"{n}.json")
             for n in ["annotations", "questions", "predictions"]]
    with open(paths[0], "w") as golds, open(paths[1], "w") as questions, \
            open(paths[2], "w") as predictions:
        info = {"info": {}, "task_type": "Open-Ended", "data_type": "mscoco", "license": {},
                "data_subtype": "val2014"}
        head = json.dumps(info)[:-1]
        golds.write(head + ', "annotations": [')
        questions.write(head + ', "questions": [')
        predictions.write("[")
        image, within = 1, 0
        for index in range(arguments.count):
            source = annotations[index % len(annotations)]
            if within >= 5 and random.random() < 0.5 or within >= 8:
                image, within = image + 1, 0
            question = image * 1000 + within
            within += 1
            answers = []
            for answer in source["answers"]:
                answer = dict(answer)
                if random.random() < 0.05:
                    answer["answer"] += f" {random.randrange(1 << 24)}"
                answers.append(answer)
            entry = {"question_type": source["question_type"],
                     "multiple_choice_answer": source["multiple_choice_answer"],
                     "answers": answers, "image_id": image,
                     "answer_type": source["answer_type"], "question_id": question}
            prediction = random.choice(sources)[source["question_id"]]
            if random.random() < 0.1:
                prediction += f" {random.randrange(1 << 24)}"
            comma = ", " if index else ""
            golds.write(comma + json.dumps(entry))
            questions.write(comma + json.dumps(
                {"image_id": image, "question": "?", "question_id": question}))
            predictions.write(comma + json.dumps(
                {"question_id": question, "answer": prediction}))
        golds.write("]}")
        questions.write("]}")
        predictions.write("]")


def official(arguments):
    with tempfile.TemporaryDirectory() as folder:
        for part in ["PythonHelperTools/vqaTools/vqa.py",
                     "PythonEvaluationTools/vqaEvaluation/vqaEval.py"]:
            with open(os.path.join(arguments.tool, part)) as file:
                text = file.read().expandtabs(8)  # Python 3 refuses tabs mixed with blanks
            with open(os.path.join(folder, os.path.basename(part)), "w") as file:
                file.write(text)
        subprocess.run([sys.executable, "-m", "lib2to3", "-w", "-n", folder], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sys.path.insert(0, folder)
        from vqa import VQA
        from vqaEval import VQAEval
        start = time.time()
        quiet, sys.stdout = sys.stdout, open(os.devnull, "w")
        questions = os.path.join(arguments.folder, "questions.json")
        vqa = VQA(os.path.join(arguments.folder, "annotations.json"), questions)
        results = vqa.loadRes(os.path.join(arguments.folder, "predictions.json"), questions)
        evaluation = VQAEval(vqa, results, n=12)
        evaluation.evaluate()
        sys.stdout = quiet
        seconds = time.time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 2), "peak_mib": round(peak, 1),
                      "accuracy": evaluation.accuracy}, sort_keys=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make")
    command.add_argument("folder")
    command.add_argument("--source", required=True)
    command.add_argument("--count", type=int, default=450_000)
    command.add_argument("--seed", type=int, default=7)
    command.set_defaults(run=make)
    command = commands.add_parser("official")
    command.add_argument("folder")
    command.add_argument("--tool", required=True)
    command.set_defaults(run=official)
    arguments = parser.parse_args()
    arguments.run(arguments)
