"""What VLMEvalKit and lmms-eval make of adversarial answers to synthetic MMBench rows.

Usage: python3.11 Tools/oracles/mmbench.py VLMEVALKIT LMMS_EVAL LLAVA
  VLMEVALKIT  a checkout of open-compass/VLMEvalKit (vlmeval/dataset/utils/multiple_choice.py,
              vlmeval/utils/matching_util.py)
  LMMS_EVAL   a checkout of EvolvingLMMs-Lab/lmms-eval (lmms_eval/tasks/mmbench/mmbench_evals.py,
              lmms_eval/tasks/_task_utils/mcq_extract.py)
  LLAVA       a checkout of haotian-liu/LLaVA (scripts/convert_mmbench_for_submission.py)
Needs pandas==2.2.3, numpy==2.2.6, openpyxl==3.1.5. Writes Fixtures/oracles/mmbench*.
No judge is asked: what it would decide counts as wrong.
"""

import base64
import hashlib
import importlib.util
import io
import json
import pathlib
import pickle
import random
import runpy
import sys
import tempfile
import types

import pandas

SEED = 20261123
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "oracles"
STEP = 1_000_000
TEXTS = ["a dog", "dog", "cat", "The car", "No", "nan", "None", "NA", "n/a", "3", "a", "café",
         "cafe\u0301", "İstanbul", "straße", "红色", "蓝色的汽车", "Σοφός", "left of it", "B", "D, maybe",
         "2.50", "yes, both", "(c)", "tall\u00a0tree", "", "null", "A & B", "none of these",
         "it is \"quoted\"", "x" * 60]
ABILITIES = [("attribute_reasoning", "function_reasoning"), ("coarse_perception", "image_topic"),
             ("finegrained_perception (instance-level)", "ocr"), ("logic_reasoning", "future"),
             ("relation_reasoning", "social_relation")]
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk%s/8/AwAI/AL+"
         "hc2rNAAAAABJRU5ErkJggg==")


def load(path, name, modules):
    saved = {key: sys.modules.get(key) for key in modules}
    sys.modules.update(modules)
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        for key, value in saved.items():
            if value is None:
                del sys.modules[key]
            else:
                sys.modules[key] = value


def stand_in(**members):
    module = types.ModuleType("stand_in")
    for key, value in members.items():
        setattr(module, key, value)
    return module


class Quiet:
    def __getattr__(self, _):
        return lambda *_: None


def vlmevalkit(folder):
    base = pathlib.Path(folder) / "vlmeval"
    matching = load(base / "utils/matching_util.py", "matching",
                    {"vlmeval": stand_in(), "vlmeval.smp": stand_in(),
                     "vlmeval.smp.log": stand_in(get_logger=lambda *_: Quiet())})
    memory = {}
    smp = stand_in(cn_string=lambda text: False, d2df=None, get_logger=lambda *_: Quiet(), timestr=lambda: "t",
               get_pred_file_format=lambda: "pkl", istype=lambda x, kind: isinstance(x, int),
               dump=lambda value, path: memory.__setitem__(path, pickle.dumps(value)),
               load=lambda path: pickle.loads(memory[path]))
    module = load(base / "dataset/utils/multiple_choice.py", "choice", {
        "vlmeval": stand_in(), "vlmeval.smp": smp, "vlmeval.smp.vlm": stand_in(build_option_str=str),
        "vlmeval.utils": stand_in(can_infer=matching.can_infer, can_infer_lego=None,
                              track_progress_rich=lambda f, tups, **_: remember(f, tups, memory, _))})
    return matching, module


def remember(function, tups, memory, options):
    results = [function(**tup) for tup in tups]
    memory[options["save"]] = pickle.dumps(dict(zip(options["keys"], results)))
    return results


def lmms(folder):
    base = pathlib.Path(folder) / "lmms_eval/tasks"
    extract = load(base / "_task_utils/mcq_extract.py", "extract", {})
    module = load(base / "mmbench/mmbench_evals.py", "evals", {
        "loguru": stand_in(logger=Quiet()), "requests": stand_in()})
    sys.modules["lmms_eval"] = stand_in()
    sys.modules["lmms_eval.tasks"] = stand_in()
    sys.modules["lmms_eval.tasks._task_utils"] = stand_in()
    sys.modules["lmms_eval.tasks._task_utils.mcq_extract"] = extract
    return module, extract


def table(rng):
    rows = []
    for number in range(190):
        count = rng.choice([2, 2, 3, 4, 4, 4])
        texts = rng.sample(TEXTS, count)
        right = rng.randrange(count)
        broad, narrow = rng.choice(ABILITIES)
        image = PIXEL % "QEHJ"[number % 4] if number % 5 else base64.b64encode(
            b"picture %d" % (number % 40) * 3).decode()
        for turn in range(count if number % 9 else 1):
            row = {"index": number * 7 + 1 + turn * STEP,
                   "question": f"Question {number} \u00e9?", "hint": rng.choice(["", "A hint", "nan"]),
                   "A": "", "B": "", "C": "", "D": "",
                   "answer": "ABCD"[(right + turn) % count], "category": narrow, "image": image,
                   "source": "s", "l2-category": broad, "comment": "", "split": "dev"}
            for place, text in enumerate(texts):
                row["ABCD"[(place + turn) % count]] = text
            rows.append(row)
    rng.shuffle(rows)
    return pandas.DataFrame(rows)


def answer(rng, row, style):
    letter = row["answer"] if rng.random() < (0.97 if style else 0.5) else rng.choice("ABCD")
    text, other = row[letter] or "x", rng.choice("ABCDE")
    plain = [letter, letter, letter + ".", f"({letter})", f"{letter}. {text}", f"Answer: {letter}",
             f"The answer is {letter}", f"**{letter}**", f"answer is **{letter.lower()}** I think ok"]
    if style:
        return rng.choice(plain)
    return rng.choice(plain + [
        text, f"It is {text}.", text.upper(), f"{letter} or {other}", f"A {text} is what I see {letter}",
        f"I see {letter} and then many more words follow it here", f"{letter} is it, I am very sure of it",
        f"the correct answer is {letter}. Not {other}, since it shows {text} and more",
        f"The an\u017fwer \u0130s {letter} of all the things that are here now", f"answer is being {letter} {other}",
        "Z", "E", f"E {letter}", "", " ", "I can't process this file.", "Failed to obtain answer via API",
        f"Failed to obtain answer via API {text}", "Cannot determine the answer A", f"[{letter}]", f"{letter})",
        f"({letter}).", f":{letter},", f"{letter}:", f"#{letter}!", f"{letter}\u3000{text}", f"\u9009{letter}", f"\u7b54\u6848\u662f{letter}\u3002",
        f"{letter.lower()}", f"Option {letter}", f"{text} {text} {text}", f"neither {row['A']} nor {row['B']}",
        "nan", "None", f"answer  is\n\n{letter}", f"x{letter}", f"{letter}x", f"i choose {letter} or {other} maybe",
        f"A dog and B", f"{text}" * 30, f"{letter},{other}", f"{{{letter}}}", "A B", f"{letter}\u0301",
    ])


def by_part(frame):
    result = {"": float(frame["hit"].mean())}
    for column in ["split", "l2-category", "category"]:
        for name, group in frame.groupby(column):
            result[f"{column} {name}"] = float(group["hit"].mean())
    return result


def from_report(report):
    row = report.iloc[0]
    return {key: float(row[key]) for key in report.columns if key != "split"}


def main():
    rng = random.Random(SEED)
    text = io.StringIO()
    table(rng).to_csv(text, sep="\t", index=False)
    frame = pandas.read_csv(io.StringIO(text.getvalue()), sep="\t")
    raw = pandas.read_csv(io.StringIO(text.getvalue()), sep="\t", keep_default_na=False, dtype=str)
    styles = {}
    lines, predictions = [], {}
    for row in raw.to_dict("records"):
        index = int(row["index"])
        style = styles.setdefault(index % STEP, rng.random() < 0.55)
        predictions[index] = answer(rng, row, style)
        lines.append(json.dumps({"question_id": index, "round_id": 0, "text": predictions[index]}))
    data = frame.copy()
    data["prediction"] = [predictions[i] for i in data["index"]]
    matching, choice = vlmevalkit(sys.argv[1])
    sorted_data = data.sort_values(by="index")
    circular = choice.mcq_circular_eval(None, sorted_data.copy(), frame, 1, "r1", "MMBench")
    vanilla = choice.mcq_vanilla_eval(None, sorted_data.copy(), frame, 1, "r2", "MMBench")
    evals, extract = lmms(sys.argv[2])
    old = evals.MMBench_Evaluator()
    old.extract_answer_from_item = lambda item: ("", "")
    oracle = {
        "circular": {"totals": by_part(circular), "report": from_report(choice.report_acc(circular)),
                     "right": sorted(int(i) for i in circular[circular["hit"] == 1]["index"])},
        "vanilla": {"totals": by_part(vanilla), "report": from_report(choice.report_acc(vanilla)),
                    "right": sorted(int(i) for i in vanilla[vanilla["hit"] == 1]["index"])}}
    first = vanilla[vanilla["index"] <= STEP]
    oracle["vanilla"]["totals"]["pass 0"] = float(first["hit"].mean())
    for name, method in [("circular-lmms-eval", "openai"), ("circular-lmms-eval-static", "static")]:
        overall, narrow, broad = old.eval_result(data.to_dict("records"), method)
        answers = dict(zip(data["index"], data["answer"]))
        right = []
        for base in sorted(i for i in data["index"] if i < STEP):
            group = sorted_data[sorted_data["index"] % STEP == base]
            if old.eval_sub_data(group, answers, static_only=method == "static") == 1:
                right.append(int(base))
        totals = {"": float(overall)}
        totals.update({f"category {k}": float(v) for k, v in narrow.items()})
        totals.update({f"l2-category {k}": float(v) for k, v in broad.items()})
        oracle[name] = {"totals": totals, "right": right}
    items = {}
    for item in data.to_dict("records"):
        options = choice.build_choices(item)
        items[str(item["index"])] = [
            matching.can_infer(item["prediction"], dict(options)) or "",
            old.can_infer(item["prediction"], dict(options)) or "",
            extract.extract_mcq_answer(item["prediction"], choices=sorted(options))]
    oracle["items"] = items
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        (base / "t.tsv").write_text(text.getvalue())
        (base / "m.jsonl").write_text("\n".join(lines) + "\n")
        script = pathlib.Path(sys.argv[3]) / "scripts/convert_mmbench_for_submission.py"
        sys.argv = ["convert", "--annotation-file", str(base / "t.tsv"), "--result-dir", folder,
                    "--upload-dir", folder, "--experiment", "m"]
        runpy.run_path(str(script), run_name="__main__")
        upload = pandas.read_excel(base / "m.xlsx", dtype=str, keep_default_na=False, na_filter=False)
    rows = [list(upload.columns)] + upload.head(12).values.tolist()
    digest = hashlib.sha256("\x1e".join(
        "\x1f".join(row) for row in [list(upload.columns)] + upload.values.tolist()).encode())
    oracle["upload"] = {"rows": rows, "count": len(upload), "sha256": digest.hexdigest()}
    outputs = {"mmbench_dev_20230712.tsv": text.getvalue(),
               "mmbench_lines.jsonl": "\n".join(lines) + "\n",
               "mmbench_oracle.json": json.dumps(oracle, ensure_ascii=False,
                                                 separators=(",", ":"))}
    manifest = []
    for name, content in outputs.items():
        (ROOT / name).write_text(content)
        manifest.append({
            "file": name, "sha256": hashlib.sha256(content.encode()).hexdigest(),
            "script": "Tools/oracles/mmbench.py", "seed": SEED,
            "reference": "VLMEvalKit@e8e78f05f3080fe28154f2130321f17951c3be94:vlmeval/dataset/utils/"
            "multiple_choice.py; lmms-eval@75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3:lmms_eval/tasks/"
            "mmbench/mmbench_evals.py; LLaVA@c121f0432da27facab705978f83c4ada465e46fd:scripts/"
            "convert_mmbench_for_submission.py"})
    (ROOT / "mmbench.manifest.json").write_text(json.dumps({"files": manifest}, indent=2) + "\n")


if __name__ == "__main__":
    main()
