"""ChartQA: relaxed accuracy of synthetic answers by pix2struct's and Qwen-VL's code.

usage: chartqa.py METRICS_PY EVALUATE_VQA_PY FIXTURES
  METRICS_PY       pix2struct/metrics.py of google-research/pix2struct
  EVALUATE_VQA_PY  eval_mm/evaluate_vqa.py of QwenLM/Qwen-VL
Python 3.11 (later ones sum floats differently), editdistance 0.8.1.
"""

import copy
import random
import sys

import judged_common as common

SEED = 20261114
NUMBERS = ["0", "0.0", "0%", "-0", "5", "5%", "12.5", "1998", "0.2", "20", "-7.5", "1e3", "1,000", "$5", "3 million",
           "100%", "0.05", "47.3%", "1_000", ".5", "5.", "1e-400", "1e400", "nan", "inf", "-Infinity", "%", "12%%",
           "\u0663", "\uff15\uff10", "0x1A", "+5", "33.33", "0.21", "66"]
TEXTS = ["Yes", "No", "Dark Blue", "United States", "2014, 2016", "[2009, 2010]", "Stra\u00dfe", "\u0130zmir", "", "N/A"]


def label(rng):
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(NUMBERS)
    if kind < 0.5:
        return rng.choice(TEXTS)
    if kind < 0.65:
        return str(rng.randint(-50, 3000))
    if kind < 0.85:
        return str(round(rng.uniform(0.01, 500), rng.randint(1, 3)))
    return f"{round(rng.uniform(0, 100), 2)}%"


def prediction(rng, text):
    kind = rng.random()
    try:
        number = float(text.rstrip("%"))
    except ValueError:
        number = None
    if number is not None and abs(number) < 1e100 and kind < 0.65:
        factor = rng.choice([1, 1.05, 0.95, 1 / 1.05, 1 / 0.95, 1.0499999, 1.0500001, 0.9499999, 1.2, -1, 100, 0.01, 0])
        value = number * factor
        form = rng.choice(["{}", "{:.2f}", "{:.4f}", "{:g}", "{:e}", "{}%", " {} ", "{:.2f}%", "+{}", "{:,.1f}", "${}",
                           "{} units", "{}%%", "{}% ", "{:.0f}"])
        return form.format(value)
    if kind < 0.75:
        return text
    if kind < 0.85:
        return common.recase(rng, text)
    if kind < 0.92:
        return common.padded(rng, text)
    return rng.choice(NUMBERS + TEXTS + ["", common.words(rng, 1, 6), "x" * 2000])


def main(metrics_path, qwen_path, fixtures):
    pix2struct = common.load(
        metrics_path,
        pycocoevalcap__tokenizer__ptbtokenizer={"PTBTokenizer": None},
        pycocoevalcap__cider__cider={"Cider": None})
    sampler = type("Sampler", (), {})
    common.stand_in("torch.utils.data.sampler", Sampler=sampler)
    sys.modules["torch"].utils = sys.modules["torch.utils"]
    sys.modules["torch.utils"].data = sys.modules["torch.utils.data"]
    sys.modules["torch.utils.data"].sampler = sys.modules["torch.utils.data.sampler"]
    sys.modules["torch.utils.data"].Dataset = object
    qwen = common.load(
        qwen_path, tqdm={"tqdm": None}, vqa={"VQA": None}, vqa_eval={"VQAEval": None},
        transformers={"AutoModelForCausalLM": None, "AutoTokenizer": None})
    import importlib.metadata

    rng = random.Random(SEED)
    output = common.Output(
        fixtures, "chartqa", "Tools/oracles/chartqa.py",
        ["google-research/pix2struct@945f27e936c9464d9d7c133f1bd1f4f383be9e99:pix2struct/metrics.py",
         "QwenLM/Qwen-VL@aa00ed04091eea5fcdd32985e7915f1c53e7d599:eval_mm/evaluate_vqa.py"],
        SEED, {**common.versions(), "editdistance": importlib.metadata.version("editdistance")})
    predictions = []
    oracle = {"pix2struct": {}, "qwen-vl": {}}
    for part, count in [("human", 400), ("augmented", 300)]:
        items, answers = [], []
        for index in range(count):
            text = label(rng)
            items.append({"imgname": f"{index // 3}.png", "query": common.words(rng, 2, 5), "label": text})
            answers.append(prediction(rng, text))
            predictions.append({"question_id": f"{part}_{index}", "text": answers[-1]})
        output.json(f"test_{part}.json", items)
        labels = [item["label"] for item in items]
        entries = [{"answer": answer, "annotation": text} for answer, text in zip(answers, labels)]
        oracle["pix2struct"][part] = {
            "total": pix2struct.aggregate_metrics([[text] for text in labels], answers, pix2struct.relaxed_correctness),
            "items": [int(pix2struct.relaxed_correctness(text, answer)) for text, answer in zip(labels, answers)]}
        oracle["qwen-vl"][part] = {
            "total": qwen.evaluate_relaxed_accuracy(copy.deepcopy(entries)),
            "items": [int(qwen.evaluate_relaxed_accuracy([copy.deepcopy(entry)])) for entry in entries]}
        output.json(f"qwen_{part}.json", entries)
    output.lines("predictions.jsonl", predictions)
    output.json("oracle.json", oracle)
    output.close()
    for name, parts in oracle.items():
        print(name, {part: entry["total"] for part, entry in parts.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
