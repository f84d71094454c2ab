"""Oracle of SEED-Bench: Fixtures/oracles/seed*.json.

Usage: python3.11 Tools/oracles/seed.py SEED_BENCH.git LLAVA.git LMMS_EVAL.git
Ids, gold answers and GPT-4V's answers come from SEED-Bench's repository, LLaVA-1.5-13B's from its
eval.zip; SEED-Bench.json itself is not there, so question types are drawn by seed, video types for
ids that begin with v. One id is used twice, as 49914 is.
"""

import contextlib
import io
import json
import sys
import tempfile

import choice_common as common

SEED = 20261123
COUNT = 6000
LLAVA = "32cebc3809441cc40d8ac7b2855d148308741f2a"
NAMES = ["Scene Understanding", "Instance Identity", "Instance Attributes", "Instance Location",
         "Instances Counting", "Spatial Relation", "Instance Interaction", "Visual Reasoning",
         "Text Understanding", "Action Recognition", "Action Prediction",
         "Procedure Understanding"]


def official(module, questions, lines):
    module.data = {"questions": questions}
    module.ques_type_id_to_name = dict(enumerate(NAMES, 1))
    result = {"types": {}}
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.flush()
        for kind in (None, "image", "video"):
            def run():
                with contextlib.redirect_stdout(io.StringIO()):
                    module.eval_single(file.name, eval_only_type=kind)
            (_, found), = common.locals_at_return(run, {"eval_single"})
            result[kind or "all"] = found["total_accuracy"]
            if kind is None:
                result["types"] = {
                    NAMES[type - 1]: found["correct_counts"][type] / count * 100
                    for type, count in sorted(found["type_counts"].items())}
    return result


def harness(module, questions, texts):
    rows = [module.seed_process_result(question, [text or ""])
            for question, text in zip(questions, texts)]
    result = {"all": module.seed_aggregation_result([row["seed_all"] for row in rows])}
    for kind in ("image", "video"):
        result[kind] = module.seed_aggregation_result(
            [row[f"seed_{kind}"] for row in rows if f"seed_{kind}" in row])
    return result, "".join(
        str(int(row["seed_all"]["pred"].lower().strip() == row["seed_all"]["answer"].lower()))
        for row in rows)


def main(seed, llava, lmms):
    with tempfile.TemporaryDirectory() as folder:
        scorer = common.module(
            common.show(llava, "scripts/convert_seed_for_submission.py"), folder, "convert")
        tasks = common.module(
            common.show(lmms, "lmms_eval/tasks/seedbench/utils.py"), folder, "utils")
    text = common.show(seed, "evaluate_result/SEED-Bench-1/GPT-4V.json").decode()
    rows = [json.loads(line.rstrip(",")) for line in text.splitlines() if line.strip(" []")]
    own = {}
    for line in common.show(llava, "playground/data/eval/seed_bench/answers_upload/"
                            "llava-v1.5-13b.jsonl", LLAVA).decode().splitlines():
        row = json.loads(line)
        own[row["question_id"]] = row["prediction"]
    generator = common.seeded(SEED)
    rows = rows[:900] + rows[-600:] + rows[900:COUNT - 600]
    rows.insert(1200, dict(rows[100], gt_answer="ABCD"[generator.randrange(4)]))
    questions = []
    for row in rows:
        kind = "video" if row["question_id"].startswith("v") else "image"
        type = generator.randint(10, 12) if kind == "video" else generator.randint(1, 9)
        questions.append({"question_id": row["question_id"], "answer": row["gt_answer"],
                          "question_type_id": type, "data_type": kind})
    ids = [row["question_id"] for row in rows]
    keys = [int(id) if id.isdigit() else id for id in ids]
    adversarial = common.letters(generator, [row["gt_answer"] for row in rows[:1500]], [4] * 1500)
    for index in range(7, 1500, 97):
        adversarial[index] = None
    sets = {"gpt-4v": [row["prediction"] for row in rows],
            "llava-v1.5-13b": [own[id] for id in ids],
            "adversarial": adversarial + [None] * (len(rows) - 1500)}
    totals, scores = {}, {}
    for name, texts in sets.items():
        count = 1500 if name == "adversarial" else len(rows)
        lines = [{"question_id": key, "text": text}
                 for key, text in zip(keys, texts) if text is not None]
        part = questions[:count]
        result = official(scorer, part, [line for line in lines])
        other, scores[name] = harness(tasks, part, texts[:count])
        totals[name] = {"llava": result, "lmms-eval": other}
    sets["adversarial"] = adversarial
    fixture = {"ids": " ".join(ids), "gold": "".join(row["gt_answer"] for row in rows),
               "types": [question["question_type_id"] for question in questions], "names": NAMES,
               "gpt-4v": sets["gpt-4v"], "llava-v1.5-13b": sets["llava-v1.5-13b"],
               "adversarial": adversarial, "lmms_scores": scores["adversarial"]}
    for name in ("gpt-4v", "llava-v1.5-13b"):
        if all(len(text) == 1 for text in fixture[name]):
            fixture[name] = "".join(fixture[name])
    common.write("seed", {"seed.json": fixture, "seed_totals.json": totals}, [
        f"AILab-CVC/SEED-Bench@{common.commit(seed)}:evaluate_result/SEED-Bench-1/GPT-4V.json",
        f"haotian-liu/LLaVA@{common.commit(llava)}:scripts/convert_seed_for_submission.py",
        f"haotian-liu/LLaVA@{LLAVA}:playground/data/eval/seed_bench/answers_upload",
        f"EvolvingLMMs-Lab/lmms-eval@{common.commit(lmms)}:lmms_eval/tasks/seedbench/utils.py"],
        SEED)


main(*sys.argv[1:])
