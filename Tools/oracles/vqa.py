"""Makes the fixtures of the VQA family with the scorers that the authors and toolkits published.

    python vqa.py FIXTURES --source DATA --vqa VQA --llava LLAVA --lmms LMMS --vlmevalkit KIT \
        --vizwiz VIZWIZ

FIXTURES is the folder Fixtures; DATA holds vqav2/ and textvqa/ with real annotations. The others
are checkouts of GT-Vision-Lab/VQA a013f004, haotian-liu/LLaVA c121f043, EvolvingLMMs-Lab/lmms-eval
75571cfe, open-compass/VLMEvalKit e8e78f05, and the file vqaEval.py of the VizWiz API 1.0 (a copy is
API/PythonEvaluationTools/vqaEvaluation/vqaEval.py~ of AI-sangbeom/Integrating-Query-aware-
Segmentation-and-Cross-Attention-for-Robust-VQA 6a7bca19). Needs Python 3.11 (lib2to3) and numpy.
None of their code is kept; predictions are made here from a seed.
"""

import argparse
import copy
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import types

SEED = 20240311
MARKS = [";", "/", "[", "]", '"', "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`",
         ",", "?", "!", ".", "..", "'", "'s", "\u2019", "\u00a0", "\u3000", "\u200b", "\u001c"]
WORDS = ["dont", "cant", "Im", "Ive", "somebody'd", "let's", "its", "wheres", "couldn'tve",
         "hadnt've", "none", "zero", "Ten", "a", "An", "THE", "1,000", "1,,000", "3.", "3.5", ".5",
         "u.s.", "10,5", "\u0665.\u0661,\u0662", "\u0130stanbul", "e\u0301t\u00e9", "\u00e9t\u00e9",
         "\u03a3\u0391\u03a3", "\U0001f600", "unanswerable", "Unanswerable", "unsuitable image"]


def adversarial(generator, answers):
    """An answer made from what people said, and spoilt."""
    if generator.random() < 0.04:
        return generator.choice(["", " ", "\t\n", ".", "a", "the", "." * 40, "x" * 2000])
    text = generator.choice(answers)
    for _ in range(generator.choice([0, 0, 1, 1, 2, 3])):
        kind = generator.randrange(9)
        if kind == 0:
            text = text.upper()
        elif kind == 1:
            text = text.capitalize()
        elif kind == 2:
            text = generator.choice(["a ", "the ", "an "]) + text
        elif kind == 3:
            place = generator.randrange(len(text) + 1)
            text = text[:place] + generator.choice(MARKS) + text[place:]
        elif kind == 4:
            text = text + generator.choice([" ", ""]) + generator.choice(MARKS)
        elif kind == 5:
            text = text + generator.choice([" ", "/", ", ", "\n", "\t"]) + generator.choice(answers)
        elif kind == 6:
            text = generator.choice(WORDS) + " " + text
        elif kind == 7:
            text = generator.choice(WORDS)
        else:
            text = "  " + text + "\r\n"
    return text


def load(path, name, replace=lambda text: text):
    """A module from a file, turned to Python 3 when needed."""
    with open(path, encoding="utf-8") as file:
        text = replace(file.read())
    if "print \"" in text:
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "module.py")
            with open(target, "w", encoding="utf-8") as file:
                file.write(text.expandtabs(8))
            subprocess.run([sys.executable, "-m", "lib2to3", "-w", "-n", target], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(target, encoding="utf-8") as file:
                text = file.read()
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(text, path, "exec"), module.__dict__)
    return module


def stand_in(name, **members):
    """Stands in for a package that scoring does not use."""
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def load_all(arguments):
    anything = lambda *_, **__: None
    stand_in("tqdm", tqdm=lambda x, **_: x)
    stand_in("loguru", logger=types.SimpleNamespace(info=anything))
    sklearn = dict(average_precision_score=anything, f1_score=anything)
    stand_in("sklearn")
    stand_in("sklearn.metrics", **sklearn)
    for name in ["lmms_eval", "lmms_eval.tasks", "lmms_eval.tasks._task_utils"]:
        stand_in(name)
    stand_in("lmms_eval.tasks._task_utils.file_utils", generate_submission_file=anything)
    sys.modules["lmms_eval.tasks._task_utils"].file_utils = sys.modules[
        "lmms_eval.tasks._task_utils.file_utils"]
    lmms = os.path.join(arguments.lmms, "lmms_eval/tasks")
    load(os.path.join(lmms, "_task_utils/vqa_eval_metric.py"),
         "lmms_eval.tasks._task_utils.vqa_eval_metric")
    kit = os.path.join(arguments.vlmevalkit, "vlmeval")
    with open(os.path.join(kit, "smp/misc.py"), encoding="utf-8") as file:
        source = file.read()
    scope = {}
    exec(re.search(r"def process_punctuation.*?return outText\n", source, re.S).group(0), scope)
    stand_in("vlmeval")
    stand_in("vlmeval.smp", istype=lambda s, t: isinstance(eval(s), t), listinstr=anything,
         process_punctuation=scope["process_punctuation"])
    cut = lambda text: text[:text.index("from .pycocoevalcap")]
    return types.SimpleNamespace(
        vqa=load(os.path.join(arguments.vqa, "PythonEvaluationTools/vqaEvaluation/vqaEval.py"),
                 "vqa_eval"),
        vizwiz=load(arguments.vizwiz, "vizwiz_eval", cut),
        m4c=load(os.path.join(arguments.llava, "llava/eval/m4c_evaluator.py"), "m4c"),
        lmms_vqav2=load(os.path.join(lmms, "vqav2/utils.py"), "lmms_vqav2"),
        lmms_vizwiz=load(os.path.join(lmms, "vizwiz_vqa/utils.py"), "lmms_vizwiz"),
        lmms_textvqa=load(os.path.join(lmms, "textvqa/utils.py"), "lmms_textvqa"),
        kit=load(os.path.join(kit, "dataset/utils/vqa_eval.py"), "kit_vqa_eval"))


def official(module, annotations, predictions):
    """The VQA tool with 12 digits."""
    gold = {a["question_id"]: a for a in copy.deepcopy(annotations)}
    result = {a["question_id"]: {"answer": p} for a, p in zip(annotations, predictions)}
    vqa = types.SimpleNamespace(qa=gold, getQuesIds=lambda: list(gold))
    evaluation = module.VQAEval(vqa, types.SimpleNamespace(qa=result), n=12)
    quiet, sys.stdout = sys.stdout, open(os.devnull, "w")
    evaluation.evaluate()
    sys.stdout = quiet
    return evaluation.accuracy, [evaluation.evalQA[a["question_id"]] for a in annotations]


def convert(scorers, text):
    return scorers.m4c.EvalAIAnswerProcessor()(text)


def vqav2(scorers, annotations):
    generator = random.Random(SEED)
    annotations = generator.sample(annotations, 600)
    for annotation in annotations[::7]:
        for answer in annotation["answers"]:
            if generator.random() < 0.3:
                answer["answer"] = adversarial(generator, [answer["answer"]])
    # Some entries without answer_id, some with the same one: equal ones are left out together.
    for annotation in annotations[::11]:
        for answer in annotation["answers"]:
            answer["answer_id"] = generator.choice([1, 2])
    predictions = [adversarial(generator, [a["answer"] for a in x["answers"]])
                   for x in annotations]
    totals, items = official(scorers.vqa, annotations, predictions)
    raw_totals, raw_items = official(
        scorers.vqa, annotations, [convert(scorers, p) for p in predictions])
    lmms = [scorers.lmms_vqav2.vqav2_process_results(copy.deepcopy(a), [p])["exact_match"]
            for a, p in zip(annotations, predictions)]
    import numpy
    kit = []
    for annotation, prediction in zip(annotations, predictions):
        line = {"answer": repr([a["answer"] for a in annotation["answers"]]),
                "prediction": prediction}
        kit.append(float(numpy.mean(scorers.kit.process_line(line)["match"])))
    rows = []
    for index, (annotation, prediction) in enumerate(zip(annotations, predictions)):
        rows.append([
            annotation["question_id"], annotation["image_id"], annotation["question_type"],
            annotation["answer_type"], [a["answer"] for a in annotation["answers"]],
            [a["answer_id"] for a in annotation["answers"]],
            "".join(a["answer_confidence"][0] for a in annotation["answers"]), prediction,
            items[index], raw_items[index], float(lmms[index]), kit[index]])
    return {
        "scorers": {"official": "GT-Vision-Lab/VQA a013f004, python 3.11, n=12",
                    "always-normalise": "lmms-eval vqav2_process_results",
                    "vlmevalkit": "VLMEvalKit process_line, numpy.mean"},
        "columns": ["question_id", "image_id", "question_type", "answer_type", "answers",
                    "answer_ids", "confidences", "prediction", "official", "official_after_llava",
                    "always-normalise", "vlmevalkit"],
        "totals": {"official": totals, "official_after_llava": raw_totals,
                   "always-normalise": sum(100 * float(x) for x in lmms) / len(lmms),
                   "vlmevalkit": sum(100 * x for x in kit) / len(kit)},
        "rows": rows}


def vizwiz(scorers, annotations):
    generator = random.Random(SEED + 1)
    items, predictions = [], []
    for index, annotation in enumerate(generator.sample(annotations, 600)):
        answers = []
        unanswerable = generator.random() < 0.3
        for answer in annotation["answers"]:
            text = answer["answer"]
            if unanswerable and generator.random() < 0.7:
                text = generator.choice(["unanswerable", "unanswerable", "unsuitable"])
            elif generator.random() < 0.08:
                text = adversarial(generator, [text])
            answers.append({"answer": text,
                            "answer_confidence": generator.choice(["yes", "yes", "maybe", "no"])})
        kind = "unanswerable" if unanswerable else annotation["answer_type"]
        items.append({"image": f"VizWiz_val_{index:08d}.jpg", "answers": answers,
                      "answer_type": kind, "answerable": int(not unanswerable)})
        predictions.append(adversarial(generator, [a["answer"] for a in answers]))

    def api(predictions):
        gold = {x["image"]: x for x in items}
        result = {x["image"]: {"image": x["image"], "answer": p}
                  for x, p in zip(items, predictions)}
        evaluation = scorers.vizwiz.VQAEval(
            types.SimpleNamespace(imgToQA=gold, getImgs=lambda: list(gold)),
            types.SimpleNamespace(imgToQA=result), n=12)
        scorers.vizwiz.COCOEvalCap = lambda *_: types.SimpleNamespace(
            evaluate=lambda: None, eval={})
        quiet, sys.stdout = sys.stdout, open(os.devnull, "w")
        evaluation.evaluate()
        sys.stdout = quiet
        return evaluation.accuracy, [evaluation.evalQA[x["image"]] for x in items]

    def dictionary(predictions):
        converted = [dict(x, question_id=i, question_type="none of the above")
                     for i, x in enumerate(items)]
        totals, scores = official(scorers.vqa, converted, predictions)
        del totals["perQuestionType"]
        return totals, scores

    lmms = []
    for item, prediction in zip(items, predictions):
        document = {"answers": [a["answer"] for a in item["answers"]], "question_id": "x"}
        lmms.append(float(scorers.lmms_vizwiz.vizwiz_vqa_process_results(
            document, [prediction])["exact_match"]))
    uploads = [convert(scorers, p) for p in predictions]
    columns = {"official-api": api(predictions), "official-api_after_llava": api(uploads),
               "dictionary": dictionary(predictions),
               "dictionary_after_llava": dictionary(uploads)}
    rows = []
    for index, item in enumerate(items):
        rows.append([item["image"], [a["answer"] for a in item["answers"]],
                     "".join(a["answer_confidence"][0] for a in item["answers"]),
                     item["answer_type"], predictions[index], lmms[index]]
                    + [scores[index] for _, scores in columns.values()])
    return {
        "scorers": {"leave-one-out": "lmms-eval vizwiz_vqa_process_results",
                    "official-api": "VizWiz API 1.0, n=12",
                    "dictionary": "GT-Vision-Lab/VQA a013f004 without answer_id, n=12"},
        "columns": ["image", "answers", "confidences", "answer_type", "prediction",
                    "leave-one-out"] + list(columns),
        "totals": dict({"leave-one-out": sum(lmms) / len(lmms)},
                       **{name: totals for name, (totals, _) in columns.items()}),
        "rows": rows}


def textvqa(scorers, annotations, questions):
    generator = random.Random(SEED + 2)
    known = {q["question_id"]: q["question"] for q in questions}
    annotations = generator.sample(annotations, 600)
    evaluator = scorers.m4c.TextVQAAccuracyEvaluator()
    rows, m4c, lmms = [], [], []
    for annotation in annotations:
        answers = [a["answer"] for a in annotation["answers"]]
        if generator.random() < 0.2:
            answers = [adversarial(generator, [a]) for a in answers]
        prediction = adversarial(generator, answers)
        score = evaluator.eval_pred_list([{"pred_answer": prediction, "gt_answers": answers}])
        m4c.append(score)
        lmms.append(float(scorers.lmms_textvqa.textvqa_process_results(
            {"answers": list(answers), "question_id": 0}, [prediction])["exact_match"]))
        rows.append([annotation["question_id"], annotation["image_id"],
                     known[annotation["question_id"]], answers, prediction, m4c[-1], lmms[-1]])
    return {
        "scorers": {"m4c": "haotian-liu/LLaVA c121f043 m4c_evaluator.py",
                    "lmms-eval": "lmms-eval textvqa_process_results"},
        "columns": ["question_id", "image_id", "question", "answers", "prediction", "m4c",
                    "lmms-eval"],
        "totals": {"m4c": sum(m4c) / len(m4c), "lmms-eval": sum(lmms) / len(lmms)},
        "rows": rows}


def texts(scorers):
    """Strings and their forms."""
    generator = random.Random(SEED + 3)
    vqa = scorers.vqa.VQAEval(types.SimpleNamespace(getQuesIds=lambda: []), None)
    viz = scorers.vizwiz.VQAEval(types.SimpleNamespace(getImgs=lambda: []), None)
    ai = scorers.lmms_vqav2.EvalAIAnswerProcessor()
    keys = sorted(set(vqa.contractions) | set(viz.contractions))
    rows = []
    for index in range(1200):
        text = keys[index] if index < len(keys) else adversarial(generator, WORDS + keys)
        if len(text) > 300:
            text = text[:60]
        clean = text.replace("\n", " ").replace("\t", " ").strip()
        rows.append([text, convert(scorers, text),
                     vqa.processDigitArticle(vqa.processPunctuation(clean)),
                     ai.process_digit_article(ai.process_punctuation(clean)),
                     scorers.kit.process_answer(text),
                     viz.processDigitArticle(viz.processPunctuation(clean))])
    return {"columns": ["in", "evalAI", "vqaEval", "lmmsEval", "vlmEvalKit", "vizWiz"],
            "rows": rows}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fixtures")
    for name in ["source", "vqa", "llava", "lmms", "vlmevalkit", "vizwiz"]:
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()

    def read(name):
        with open(os.path.join(arguments.source, name), encoding="utf-8") as file:
            return json.load(file)

    scorers = load_all(arguments)
    pairs = read("vqav2/annotations.json")["annotations"]
    words = read("textvqa/val_annotations_vqa_format.json")["annotations"]
    questions = read("textvqa/val_questions_vqa_format.json")["questions"]
    references = {
        "vqav2": ["GT-Vision-Lab/VQA@a013f004:PythonEvaluationTools/vqaEvaluation/vqaEval.py",
                  "EvolvingLMMs-Lab/lmms-eval@75571cfe:lmms_eval/tasks/vqav2/utils.py",
                  "open-compass/VLMEvalKit@e8e78f05:vlmeval/dataset/utils/vqa_eval.py"],
        "vizwiz": ["EvolvingLMMs-Lab/lmms-eval@75571cfe:lmms_eval/tasks/vizwiz_vqa/utils.py",
                   "VizWiz API 1.0:PythonEvaluationTools/vqaEvaluation/vqaEval.py",
                   "GT-Vision-Lab/VQA@a013f004:PythonEvaluationTools/vqaEvaluation/vqaEval.py"],
        "textvqa": ["haotian-liu/LLaVA@c121f043:llava/eval/m4c_evaluator.py",
                    "EvolvingLMMs-Lab/lmms-eval@75571cfe:lmms_eval/tasks/textvqa/utils.py"],
        "vqa-texts": ["all of the above"]}
    made = {"vqav2": vqav2(scorers, copy.deepcopy(pairs)),
            "vizwiz": vizwiz(scorers, copy.deepcopy(pairs)),
            "textvqa": textvqa(scorers, words, questions), "vqa-texts": texts(scorers)}
    files = []
    for name, value in made.items():
        rows = value.pop("rows")
        text = json.dumps(value, ensure_ascii=False)[:-1] + ', "rows": [\n' + ",\n".join(
            json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows) + "\n]}\n"
        path = os.path.join(arguments.fixtures, "oracles", f"{name}.json")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        data = text.encode()
        assert len(data) <= 200_000, (name, len(data))
        files.append({"file": f"oracles/{name}.json", "sha256": hashlib.sha256(data).hexdigest(),
                      "script": "Tools/oracles/vqa.py", "reference": references[name],
                      "seed": SEED})
    with open(os.path.join(arguments.fixtures, "oracles/vqa.manifest.json"), "w") as file:
        json.dump({"files": files}, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
