"""DocVQA: ANLS of synthetic answers by the competition's script, pix2struct's and MMF's code.

usage: docvqa.py INFOGRAPHICSVQA_EVAL_PY METRICS_PY M4C_EVALUATOR_PY FIXTURES
  INFOGRAPHICSVQA_EVAL_PY  internvl_chat/eval/vqa/infographicsvqa_eval.py of OpenGVLab/InternVL
  METRICS_PY               pix2struct/metrics.py of google-research/pix2struct
  M4C_EVALUATOR_PY         llava/eval/m4c_evaluator.py of haotian-liu/LLaVA
Python 3.11 (later ones sum floats differently), editdistance 0.8.1.
"""

import json
import pathlib
import random
import sys
import tempfile
import types

import judged_common as common

SEED = 20261115
TYPES = ["table/list", "form", "layout", "free_text", "handwritten", "figure/diagram", "others"]


def answers(rng):
    text = common.words(rng, 1, rng.choice([1, 2, 3, 8, 30]))
    texts = [text]
    for _ in range(rng.randint(0, 3)):
        texts.append(rng.choice([common.recase(rng, text), common.padded(rng, text), common.edited(rng, text, 2),
                                 common.words(rng, 1, 3)]))
    if rng.random() < 0.03:
        texts.append("")
    return texts


def prediction(rng, texts):
    text = rng.choice(texts)
    kind = rng.random()
    if kind < 0.15:
        return text or "none"
    if kind < 0.3:
        return common.padded(rng, common.recase(rng, text)) + "."
    if kind < 0.4:
        return text.replace(" ", rng.choice(common.BLANKS) * 2) + "x"
    if kind < 0.5:
        half = len(text) // 2
        return (text[:half] or "y")
    if kind < 0.8:
        return common.edited(rng, common.recase(rng, text), rng.randint(1, max(1, len(text)))) or "z"
    if kind < 0.83:
        return ""
    if kind < 0.85:
        return common.words(rng, 60, 120)
    return common.words(rng, 1, 4)


def main(official_path, metrics_path, m4c_path, fixtures):
    official = common.load(official_path)
    pix2struct = common.load(
        metrics_path,
        pycocoevalcap__tokenizer__ptbtokenizer={"PTBTokenizer": None},
        pycocoevalcap__cider__cider={"Cider": None})
    m4c = common.load(m4c_path, tqdm={"tqdm": lambda items: items})
    import importlib.metadata

    rng = random.Random(SEED)
    output = common.Output(
        fixtures, "docvqa", "Tools/oracles/docvqa.py",
        ["OpenGVLab/InternVL@2410d1dbf208f0e799459aff9376e5747dbf41a2:internvl_chat/eval/vqa/infographicsvqa_eval.py",
         "google-research/pix2struct@945f27e936c9464d9d7c133f1bd1f4f383be9e99:pix2struct/metrics.py",
         "haotian-liu/LLaVA@c121f0432da27facab705978f83c4ada465e46fd:llava/eval/m4c_evaluator.py"],
        SEED, {**common.versions(), "editdistance": importlib.metadata.version("editdistance")})
    data, submission = [], []
    while len(data) < 600:
        texts = answers(rng)
        text = prediction(rng, texts)
        # Two of the three divide by zero when both texts are empty.
        if not text.strip() and any(not answer.strip() for answer in texts):
            continue
        index = len(data)
        data.append({"questionId": 40000 + index * 3, "question": common.words(rng, 3, 6),
                     "question_types": rng.sample(TYPES, rng.randint(1, 2)),
                     "image": f"documents/page_{index // 2}.png", "docId": index, "answers": texts,
                     "data_split": "val"})
        submission.append({"questionId": 40000 + index * 3, "answer": text})
    ground_truth = {"dataset_name": "docvqa", "dataset_version": "1.0", "dataset_split": "val", "data": data}

    with tempfile.TemporaryDirectory() as folder:
        truth_path = pathlib.Path(folder) / "truth.json"
        answer_path = pathlib.Path(folder) / "answers.json"
        truth_path.write_text(json.dumps(ground_truth))
        answer_path.write_text(json.dumps(submission))
        official.validate_data(str(truth_path), str(answer_path))
        result = official.evaluate_method(
            str(truth_path), str(answer_path), types.SimpleNamespace(answer_types=False, anls_threshold=0.5))
    given = [entry["answer"] for entry in submission]
    wanted = [entry["answers"] for entry in data]
    st = m4c.STVQAANLSEvaluator()
    oracle = {
        "official": {
            "total": result["result"]["score"],
            "items": [float(result["per_sample_result"][str(entry["questionId"])]["score"]) for entry in data]},
        "pix2struct": {
            "total": pix2struct.aggregate_metrics(wanted, given, pix2struct.anls_metric, lambda text: text.lower()),
            "items": [float(max(pix2struct.anls_metric(text.lower(), answer.lower()) for text in texts))
                      for texts, answer in zip(wanted, given)]},
        "stvqa": {
            "total": st.eval_pred_list([{"pred_answer": a, "gt_answers": t} for a, t in zip(given, wanted)]),
            "items": [float(st.eval_pred_list([{"pred_answer": a, "gt_answers": t}])) for a, t in zip(given, wanted)]},
    }
    output.json("val_v1.0.json", ground_truth)
    output.json("predictions.json", submission)
    output.json("oracle.json", oracle)
    output.close()
    print({name: entry["total"] for name, entry in oracle.items()})
    print("exactly 0.5:", sum(score == 0.5 for score in oracle["official"]["items"]),
          "differ:", sum(len(set(row)) > 1 for row in zip(*(entry["items"] for entry in oracle.values()))))


if __name__ == "__main__":
    main(*sys.argv[1:])
