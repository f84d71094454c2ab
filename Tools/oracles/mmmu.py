"""What MMMU's own evaluation reads out of adversarial answers, and its scores.

Usage: python3.11 Tools/oracles/mmmu.py MMMU_DIR
  MMMU_DIR  a checkout of MMMU-Benchmark/MMMU (for mmmu/utils, mmmu/example_outputs and the answers)
Needs numpy==2.2.6, PyYAML. Writes Fixtures/oracles/mmmu*.json.
"""

import hashlib
import json
import os
import pathlib
import random
import sys

SEED = 20261123
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "oracles"
PER_SUBJECT = 20


def multiple_choice(rng, letters, texts):
    first, other = rng.choice(letters), rng.choice(letters)
    text, second = texts[first], texts[other]
    ways = [
        first, first + ".", f"({first})", f"The answer is ({first}).", f"{first}. {text}", text,
        f"I am quite sure that it must be {text} here", f"({first}) or ({other})",
        f"{first} or {other} ", f"not ({other}), but rather {first}", first.lower(), f"[{first}]",
        f"'{first}'", f"{first}\n", f"\u00a0{first}\u00a0", f"It is {text.upper()} I really think so",
        f"either {text} or {second} I would say", f"between {second} and {text} and {second} it is",
        "", " ", "none of these options is right at all", f"Answer:{first}", f"{first}:", f"!?{first};,",
        f"A {second} picture, so {first} ", "Z", f"the answer is option {first} , surely",
        f"({first})({other})({first})", f"{first},{other}", f"( {first} )", "I am not sure about it, sorry!",
        f"\u0399 think the answer is {first} \u0130", f"{text} " * 3 + "is what it is here",
    ]
    return rng.choice(ways)


def open_answer(rng, gold):
    gold = gold if isinstance(gold, str) else rng.choice(gold)
    ways = [
        gold, gold + ".", f"The answer is {gold}.", f"so x = {gold}", f"x = 3 = {gold}\nthus final result {gold}",
        f"${gold}", gold.upper(), f"about {gold} or so, therefore {gold} m", "1,234,567.5", "1,234,5678 and 12,345km",
        "-1,000", "x-1,000,00", "1e5", "-2.5E-3 and 4e", "1.2.3", ".5", "5.,6", "3,4", "1_000", "\u0663\u0664.\u0665",
        "a", "B", "\u0130", "", ".", "...", "\n", "is ", "answer is", "so so so", "the result is :", "= ", "nan", "inf", "-inf",
        "2.675", "0.125", "-0.001", "1e400", "12" * 40, f"first line is 5\nsecond is {gold}", f"final answer\n{gold}\n",
        "could be 7. Or so is 8", "\u00bd", "1\u00a0000", "x2 3y 4", "is\u00a05", "100%", "(42)", "$3.50", "7\u2019", "1:30",
        f"{gold}\r\n", "the answer is = 9", "Thus: 1/3", "'", "is '", "answer ,", f"I think {gold} is wrong, so 0",
    ]
    return rng.choice(ways)


def main():
    base = pathlib.Path(sys.argv[1]) / "mmmu"
    sys.path.insert(0, str(base))
    from utils import eval_utils
    from utils.data_utils import CAT_SHORT2LONG, DOMAIN_CAT2SUB_CAT
    rng = random.Random(SEED)
    answers = json.load(open(base / "answer_dict_val.json"))
    kept, records, items = {}, [], {}
    drawn = []
    choice = random.choice

    def counted(letters):
        drawn.append(choice(letters))
        return drawn[-1]
    eval_utils.random.choice = counted
    random.seed(42)
    results, strict = {}, {}
    for subject in CAT_SHORT2LONG.values():
        outputs = json.load(open(base / "example_outputs/llava1.5_13b" / subject / "output.json"))
        outputs.sort(key=lambda x: (x["question_type"] == "multiple-choice", len(str(x.get("index2ans")))))
        samples, loose = [], []
        for output in outputs[:PER_SUBJECT]:
            key = output["id"]
            kept[key] = answers[key]
            if rng.random() < 0.25 and "index2ans" in output:
                kept[key] = {"question_type": "short-answer", "ground_truth": rng.choice([
                    output["index2ans"]["A"], list(output["index2ans"].values())])}
            record = {"id": key, "question_type": kept[key]["question_type"],
                      "answer": kept[key]["ground_truth"]}
            if record["question_type"] == "multiple-choice":
                record["all_choices"] = output["all_choices"]
                record["index2ans"] = output["index2ans"]
                record["response"] = multiple_choice(rng, output["all_choices"], output["index2ans"])
                before = len(drawn)
                parsed = eval_utils.parse_multi_choice_response(
                    record["response"], record["all_choices"], record["index2ans"])
                item = {"parsed": parsed, "random": len(drawn) > before}
            else:
                record["response"] = open_answer(rng, record["answer"])
                parsed = eval_utils.parse_open_response(record["response"])
                item = {"values": sorted(["num", repr(p)] if isinstance(p, float) else ["str", p]
                                         for p in parsed), "random": False}
            sample = {"id": key, "question_type": record["question_type"],
                      "answer": record["answer"], "parsed_pred": parsed}
            item["right"] = eval_utils.evaluate([sample])[1]["acc"] == 1
            samples.append(sample)
            loose.append(dict(sample, parsed_pred="") if item["random"] else sample)
            records.append(record)
            items[key] = item
        results[subject] = dict(eval_utils.evaluate(samples)[1], num_example=len(samples))
        strict[subject] = dict(eval_utils.evaluate(loose)[1], num_example=len(loose))

    def totals(by_subject):
        rows = {"overall": eval_utils.calculate_ins_level_acc(by_subject)}
        for domain, subjects in DOMAIN_CAT2SUB_CAT.items():
            rows["domain " + domain] = eval_utils.calculate_ins_level_acc(
                {name: by_subject[name] for name in subjects})
        for subject, result in by_subject.items():
            rows["subject " + subject] = result["acc"]
        return rows
    import yaml
    config = yaml.safe_load(open(base / "configs/llava1.5.yaml"))
    prompts = {
        "multiple-choice": config["multi_choice_example_format"][0].format("Q?", "(A) x\n(B) y\n"),
        "open": config["short_ans_example_format"][0].format("Q?")}
    outputs = {
        "mmmu_answers.json": json.dumps(kept, separators=(",", ":"), ensure_ascii=False),
        "mmmu_responses.json": json.dumps(records, separators=(",", ":"), ensure_ascii=False),
        "mmmu_oracle.json": json.dumps({
            "seeded-random": totals(results), "strict": totals(strict), "random": len(drawn),
            "prompts": prompts, "items": items}, separators=(",", ":"), ensure_ascii=False)}
    ROOT.mkdir(parents=True, exist_ok=True)
    manifest = []
    for name, text in outputs.items():
        (ROOT / name).write_text(text)
        manifest.append({
            "file": name, "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "script": "Tools/oracles/mmmu.py", "seed": SEED,
            "reference": "MMMU@bb0b95a945998d91dfef37e969e07d49d1139438:mmmu/utils/eval_utils.py"})
    (ROOT / "mmmu.manifest.json").write_text(json.dumps({"files": manifest}, indent=2) + "\n")


if __name__ == "__main__":
    main()
