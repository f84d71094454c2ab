"""Scores of GQA's own script and of lmms-eval for synthetic questions and predictions.

Usage: python3.11 Tools/oracles/gqa.py EVAL_PY METRICS_PY
  EVAL_PY     eval.py 1.2 of GQA, as in SHI-Labs/VCoder, playground/data/eval/gqa/data/eval/eval.py
  METRICS_PY  lmms_eval/api/metrics.py of EvolvingLMMs-Lab/lmms-eval
Needs numpy==2.2.6, tqdm. Writes Fixtures/oracles/gqa*.json(l).
"""

import ast
import contextlib
import hashlib
import io
import json
import os
import pathlib
import random
import re
import runpy
import string
import sys
import tempfile

import numpy

SEED = 20261123
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "oracles"
ANSWERS = {
    "color": ["red", "blue", "dark brown", "green", "light blue", "beige"],
    "obj": ["t-shirt", "car", "traffic light", "café", "cafe\u0301", "man", "dog", "no", "ı-beam"],
    "yesno": ["yes", "no"],
    "material": ["wood", "metal", "plastic", "straße", "σοφός"],
    "side": ["left", "right", "top", "bottom"],
}
WORDS = ["Is", "the", "man", "to", "the", "left", "of", "a", "car", "that", "is", "red", "or",
         "blue?", "What", "color", "café", "İstanbul", "on\u00a0top", "x\u2003y"]


def questions(rng):
    result = {}
    for number in range(560):
        kind = rng.choice(list(ANSWERS))
        structural = {"color": "query", "obj": rng.choice(["query", "choose"]),
                      "yesno": rng.choice(["verify", "logical"]), "material": "query",
                      "side": rng.choice(["compare", "choose"])}[kind]
        steps = []
        for _ in range(rng.randint(1, 4)):
            steps.append({
                "operation": rng.choice(["select", "exist", "query", "choose name", "verify rel",
                                         "filter color"]),
                "argument": rng.choice(["name", "color", "man (123)", "?", None, "exists not", ""])})
        result[f"{201000000 + number * 37:08d}"] = {
            "semantic": steps,
            "question": " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))),
            "imageId": f"n{rng.randint(1, 90)}", "isBalanced": number % 16 != 7,
            "groups": {"global": rng.choice([None, kind, kind, kind, "thing é", "thing e\u0301"])},
            "answer": rng.choice(ANSWERS[kind]),
            "types": {"detailed": rng.choice(["exist", "weatherVerify", "directOf", "twoCommon",
                                              "existAttrC"]),
                      "semantic": rng.choice(["obj", "attr", "rel", "cat", "global"]),
                      "structural": structural}}
    return result


def distorted(rng, gold, pool):
    ways = [
        lambda: gold, lambda: gold, lambda: gold, lambda: gold, lambda: gold + ".",
        lambda: gold.upper(), lambda: gold.capitalize() + "..", lambda: gold + " ",
        lambda: gold + "\n", lambda: gold + ". ", lambda: " " + gold, lambda: "a " + gold,
        lambda: gold + "s", lambda: rng.choice(pool), lambda: rng.choice(pool).upper() + ".",
        lambda: "", lambda: ".", lambda: "\"" + gold + "\"", lambda: "(" + gold + ")",
        lambda: gold.replace("-", ""), lambda: gold.replace(" ", "-"), lambda: gold + "\u0000",
        lambda: gold.replace("e\u0301", "é"), lambda: gold.replace("é", "e\u0301"),
        lambda: "İ" + gold, lambda: gold.replace("ß", "SS"), lambda: "ΣΟΦΌΣ", lambda: "ΣΟΦΌΣ.",
        lambda: gold + "\u3000", lambda: "Yes, it is " + gold, lambda: (gold + " ") * 400,
        lambda: gold + "\u2019", lambda: "1,000", lambda: gold + " .", lambda: gold.title(),
    ]
    return rng.choice(ways)()


def run_official(script, folder, cut):
    argv, here = sys.argv, os.getcwd()
    sys.argv = ["eval.py", "--tier", "testdev_balanced"]
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if not cut:
                return runpy.run_path(script)["scores"]
            source = pathlib.Path(script).read_text().split("# Average scores over all")[0]
            space = {"__name__": "scorer"}
            exec(compile(source, script, "exec"), space)
            return space["scores"]
    finally:
        sys.argv = argv
        os.chdir(here)


def official(script, items, predictions, choices):
    with tempfile.TemporaryDirectory() as folder:
        def write(name, value):
            with open(f"{folder}/testdev_balanced_{name}.json", "w") as file:
                json.dump(value, file)
        write("questions", items)
        write("predictions", predictions)
        if choices:
            write("choices", choices)
        hits = run_official(script, folder, True)["accuracy"]
        scores = run_official(script, folder, False)
    balanced = [key for key, item in items.items() if item["isBalanced"]]
    totals = {key: scores[key] for key in
              ["binary", "open", "accuracy", "validity", "plausibility", "distribution"]}
    for name, key in [("structural", "accuracyPerStructuralType"),
                      ("semantic", "accuracyPerSemanticType"), ("steps", "accuracyPerSteps"),
                      ("words", "accuracyPerLength")]:
        totals[name] = {str(part): list(value) for part, value in scores[key].items()}
    return {"totals": totals, "right": [k for k, hit in zip(balanced, hits) if hit == 1]}


def exact_match(path):
    tree = ast.parse(pathlib.Path(path).read_text())
    wanted = [node for node in tree.body
              if isinstance(node, ast.FunctionDef) and node.name == "exact_match_hf_evaluate"]
    space = {"np": numpy, "re": re, "string": string}
    exec(compile(ast.Module(wanted, []), path, "exec"), space)
    return space["exact_match_hf_evaluate"]


def lmms(function, items, texts, strips):
    right, scores = [], []
    for key, item in items.items():
        if not item["isBalanced"]:
            continue
        text = texts[key].strip() if strips else texts[key]
        value = function([text], [item["answer"]], ignore_case=True,
                         ignore_punctuation=True)["exact_match"]
        scores.append(value)
        if value == 1:
            right.append(key)
    return {"accuracy": float(sum(scores) / len(scores)), "right": right}


def main():
    eval_py, metrics_py = os.path.abspath(sys.argv[1]), sys.argv[2]
    rng = random.Random(SEED)
    items = questions(rng)
    pool = [answer for group in ANSWERS.values() for answer in group]
    texts = {key: distorted(rng, item["answer"], pool) for key, item in items.items()}
    choices = {key: {"valid": rng.sample(pool, 8), "plausible": rng.sample(pool, 4)}
               for key in items}
    converted = [{"questionId": key, "prediction": text.rstrip(".").lower()}
                 for key, text in texts.items()]
    raw = [{"questionId": key, "prediction": text} for key, text in texts.items()]
    oracle = {
        "lines": official(eval_py, items, converted, None),
        "list": official(eval_py, items, raw, choices),
        "lmms-eval": lmms(exact_match(metrics_py), items, texts, False),
        "lmms-eval-harness": lmms(exact_match(metrics_py), items, texts, True),
    }
    lines = "".join(json.dumps({
        "question_id": key, "prompt": items[key]["question"], "text": text, "answer_id": "a",
        "model_id": "m", "metadata": {}}) + "\n" for key, text in texts.items())
    ROOT.mkdir(parents=True, exist_ok=True)
    outputs = {"gqa_questions.json": json.dumps(items, separators=(",", ":"), ensure_ascii=False),
               "gqa_choices.json": json.dumps(choices, separators=(",", ":")),
               "gqa_lines.jsonl": lines,
               "gqa_list.json": json.dumps(raw, separators=(",", ":")),
               "gqa_oracle.json": json.dumps(oracle, indent=0)}
    references = {name: "VCoder@4e85acef896cee7843257d5d844ec945407efb13:playground/data/eval/gqa/"
                  "data/eval/eval.py; lmms-eval@75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3:"
                  "lmms_eval/api/metrics.py" for name in outputs}
    manifest = []
    for name, text in outputs.items():
        (ROOT / name).write_text(text)
        manifest.append({"file": name, "sha256": hashlib.sha256(text.encode()).hexdigest(),
                         "script": "Tools/oracles/gqa.py", "reference": references[name],
                         "seed": SEED})
    (ROOT / "gqa.manifest.json").write_text(json.dumps({"files": manifest}, indent=2) + "\n")


if __name__ == "__main__":
    main()
