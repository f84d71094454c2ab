"""Oracle of POPE: Fixtures/oracles/pope*.json.

Usage: python3.11 Tools/oracles/pope.py LLAVA.git LMMS_EVAL.git VLMEVALKIT.git POPE_DATA
POPE_DATA holds coco/coco_pope_*.json and LLaVA's answers pred_llava-v1.5-13b.jsonl.
Needs pandas 2.2.3 and numpy 1.26.4.
"""

import contextlib
import io
import json
import pathlib
import sys
import tempfile

import numpy
import pandas

import choice_common as common

SEED = 20261123
CATEGORIES = ["adversarial", "popular", "random"]
STARTS = {"adversarial": 1, "random": 10000001, "popular": 20000001}


def official(module, answers, labels):
    """LLaVA's scorer: parsed words and the figures it prints."""
    answers = [dict(answer) for answer in answers]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write("".join(json.dumps(label) + "\n" for label in labels))
        file.flush()
        with contextlib.redirect_stdout(io.StringIO()) as output:
            module.eval_pope(answers, file.name)
    lines = output.getvalue().splitlines()
    figures = dict(zip(["TP", "FP", "TN", "FN"], map(int, lines[1].split("\t"))))
    names = ["accuracy", "precision", "recall", "f1", "yes_ratio"]
    figures.update(zip(names, (float(line.split(": ")[1]) for line in lines[2:7])))
    return [answer["text"] for answer in answers], figures


def harness(module, texts, labels):
    rows = [module.pope_process_results({"question_id": 0, "answer": label["label"]}, [text])
            ["pope_accuracy"] for text, label in zip(texts, labels)]
    figures = {name: getattr(module, f"pope_aggregate_{key}")(rows) for name, key in
               [("accuracy", "accuracy"), ("precision", "precision"), ("recall", "recall"),
                ("f1", "f1_score"), ("yes_ratio", "yes_ratio")]}
    return [row["score"] for row in rows], figures


def kit(module, texts, labels, categories):
    extracted = [module.YOrN_Extraction(text) for text in texts]
    table = pandas.DataFrame({
        "answer": [label["label"].capitalize() for label in labels], "extracted": extracted,
        "category": categories})
    table["score"] = table["answer"] == table["extracted"]
    module.load = lambda _: table
    rows = module.POPE_rating(None)
    figures = {row["split"]: {"f1": float(row["Overall"]), "accuracy": float(row["acc"]),
                              "precision": float(row["precision"]), "recall": float(row["recall"])}
               for _, row in rows.iterrows()}
    return extracted, figures


def main(llava, lmms, vlm, data):
    with tempfile.TemporaryDirectory() as folder:
        scorer = common.module(common.show(llava, "llava/eval/eval_pope.py"), folder, "eval_pope")
        tasks = common.module(common.show(lmms, "lmms_eval/tasks/pope/utils.py"), folder, "utils")
        process = common.function(common.show(vlm, "vlmeval/smp/misc.py"), "process_punctuation", {})
        common.stand_in("vlmeval")
        common.stand_in("vlmeval.smp", d2df=None, load=None, process_punctuation=process)
        rating = common.module(
            common.show(vlm, "vlmeval/dataset/utils/yorn.py"), folder, "yorn")
    data = pathlib.Path(data)
    generator = common.seeded(SEED)
    real = {}
    for line in (data / "pred_llava-v1.5-13b.jsonl").read_text().splitlines():
        row = json.loads(line)
        real[row["question_id"]] = row["text"]
    fixture = {"labels": {}, "answers": {}, "images": {}}
    result = {}
    sets = {"adversarial_text": {}, "llava-v1.5-13b": {}}
    for category in CATEGORIES:
        lines = (data / f"coco/coco_pope_{category}.json").read_text().splitlines()
        labels = [json.loads(line) for line in lines]
        ids = range(STARTS[category], STARTS[category] + len(labels))
        sets["llava-v1.5-13b"][category] = (labels, [real[id] for id in ids], ids)
        part = labels[:480]
        texts = common.yes_no(generator, len(part), [label["label"] for label in part])
        sets["adversarial_text"][category] = (part, texts, ids[:480])
        fixture["labels"][category] = "".join(label["label"][0] for label in part)
        fixture["images"][category] = [int(label["image"][13:-4]) for label in part]
        fixture["answers"][category] = texts
    for name, parts in sets.items():
        oracle = {"llava": {}, "lmms-eval": {}, "vlmevalkit": {}}
        pooled = ([], [], [])
        for category, (labels, texts, ids) in parts.items():
            answers = [{"question_id": id, "text": text} for id, text in zip(ids, texts)]
            parsed, figures = official(scorer, answers, labels)
            scores, other = harness(tasks, texts, labels)
            oracle["llava"][category] = figures
            oracle["lmms-eval"][category] = other
            if name == "adversarial_text":
                fixture.setdefault("parsed", {}).setdefault("llava", {})[category] = "".join(
                    word[0] for word in parsed)
                fixture["parsed"].setdefault("lmms-eval", {})[category] = "".join(
                    str(int(score)) for score in scores)
            pooled[0].extend(texts)
            pooled[1].extend(labels)
            pooled[2].extend([category] * len(texts))
        oracle["lmms-eval"]["all"] = harness(tasks, pooled[0], pooled[1])[1]
        extracted, figures = kit(rating, *pooled)
        figures["all"] = figures.pop("Overall")
        oracle["vlmevalkit"] = figures
        f1 = [oracle["llava"][category]["f1"] for category in CATEGORIES]
        oracle["llava"]["all"] = {"f1": sum(f1) / 3}
        if name == "adversarial_text":
            fixture["parsed"]["vlmevalkit"] = {category: "".join(
                word[0] for word, own in zip(extracted, pooled[2]) if own == category)
                for category in CATEGORIES}
        result[name] = oracle
    common.write("pope", {"pope.json": fixture, "pope_totals.json": result}, [
        f"haotian-liu/LLaVA@{common.commit(llava)}:llava/eval/eval_pope.py",
        f"EvolvingLMMs-Lab/lmms-eval@{common.commit(lmms)}:lmms_eval/tasks/pope/utils.py",
        f"open-compass/VLMEvalKit@{common.commit(vlm)}:vlmeval/dataset/utils/yorn.py",
        f"numpy {numpy.__version__}, pandas {pandas.__version__}"], SEED)


main(*sys.argv[1:])
