"""Oracle of AI2D: Fixtures/oracles/ai2d.json.

Usage: python3.11 Tools/oracles/ai2d.py LMMS_EVAL.git MOVA.git
Needs numpy 1.26.4. Ids, gold letters and numbers of options come from MoVA's copy of the test set.
"""

import json
import re
import string
import sys
import tempfile

import numpy

import choice_common as common

SEED = 20261123


def main(lmms, mova):
    common.stand_in("lmms_eval")
    common.stand_in("lmms_eval.filters")
    common.stand_in("lmms_eval.filters.extraction", ExtendedRegexFilter=object)
    with tempfile.TemporaryDirectory() as folder:
        source = common.show(lmms, "lmms_eval/tasks/ai2d/utils.py")
        tasks = common.module(source, folder, "utils")
    metric = common.function(
        common.show(lmms, "lmms_eval/api/metrics.py"), "exact_match_hf_evaluate",
        {"np": numpy, "re": re, "string": string})
    rows = [json.loads(line) for line in common.show(
        mova, "playground/data/eval/ai2d/test.jsonl").decode().splitlines()]
    counts = [len(re.findall(r"^[A-H]\. ", row["question"], re.M)) for row in rows]
    gold = [row["answer"] for row in rows]
    generator = common.seeded(SEED)
    texts = common.letters(generator, gold, counts)
    filtered = tasks.MultiChoiceRegexFilter.apply(None, [[text] for text in texts], rows)
    scores = {"lmms-eval": [], "lmms-eval-harness": []}
    for text, answer in zip(filtered, gold):
        for name, prediction in (("lmms-eval", text), ("lmms-eval-harness", text.strip())):
            scores[name].append(metric(predictions=[prediction], references=[answer],
                                       ignore_case=True, ignore_punctuation=True)["exact_match"])
    fixture = {"ids": " ".join(row["question_id"] for row in rows), "gold": "".join(gold),
               "counts": "".join(map(str, counts)), "texts": texts,
               "scores": {name: "".join(str(int(score)) for score in values)
                          for name, values in scores.items()},
               "totals": {name: float(sum(values) / len(values))
                          for name, values in scores.items()}}
    common.write("ai2d", {"ai2d.json": fixture}, [
        f"EvolvingLMMs-Lab/lmms-eval@{common.commit(lmms)}:lmms_eval/tasks/ai2d/utils.py, "
        "lmms_eval/api/metrics.py", f"TempleX98/MoVA@{common.commit(mova)}:playground/data/eval/"
        "ai2d/test.jsonl", f"numpy {numpy.__version__}"], SEED)


main(*sys.argv[1:])
