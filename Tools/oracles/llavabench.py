"""LLaVA-Bench: what eval_gpt_review_bench.py asks a scripted judge, the scores it reads, and the summary.

usage: llavabench.py EVAL_GPT_REVIEW_BENCH_PY SUMMARIZE_GPT_REVIEW_PY FIXTURES
Python 3.11, numpy 1.26.4.
"""

import contextlib
import io
import json
import pathlib
import random
import runpy
import sys
import tempfile

import numpy

import judged_common as common

SEED = 20261117
LINES = ["8 7", "8, 7", "8,7", "8.5 9.5", "8  7", " 8 7", "8 7 ", "8 7\r", "10 10", "Assistant 1: 8", "8/7", "8 7 6", "",
         "8 seven", "8\u00a07", "\uff18 \uff17", "+8 -7", "1e1 0.5", "8\t7", "7.25 6.125", "3 9", "1_0 5", "8. 7.",
         ".5 5", "\u06f8 7", "8 7.", "8 \u00a07"]
RULES = {f"llava_bench_{name}": {"role": "Assistant", "prompt": f"Rule for {name}:\ntwo scores, please."}
         for name in ("conv", "detail", "complex")}


def summary(path, review):
    sys.argv = ["summarize", "-f", review]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(path, run_name="__main__")
    rows = [line.split(" ") for line in printed.getvalue().splitlines()]
    return {row[0]: [float(number) for number in row[1:]] for row in rows if len(row) == 4}


def main(bench_path, summary_path, fixtures):
    rng = random.Random(SEED)
    asked, replies = [], []

    def create(model, messages, temperature, max_tokens):
        assert (model, temperature, max_tokens) == ("gpt-4-0314", 0.2, 1024)
        assert [message["role"] for message in messages] == ["system", "user"]
        asked.append(messages[1]["content"])
        return {"choices": [{"message": {"content": replies[len(asked) - 1]}}]}

    common.stand_in("openai", ChatCompletion=type("ChatCompletion", (), {"create": staticmethod(create)}))
    common.stand_in("openai.error", RateLimitError=type("RateLimitError", (Exception,), {}))
    sys.modules["openai"].error = sys.modules["openai.error"]

    output = common.Output(
        fixtures, "llavabench", "Tools/oracles/llavabench.py",
        ["haotian-liu/LLaVA@c121f0432da27facab705978f83c4ada465e46fd:llava/eval/eval_gpt_review_bench.py",
         "haotian-liu/LLaVA@c121f0432da27facab705978f83c4ada465e46fd:llava/eval/summarize_gpt_review.py"],
        SEED, common.versions(numpy))
    questions, first, second = [], [], []
    for index in range(520):
        category = rng.choice(["conv", "detail", "complex"])
        questions.append({"question_id": index, "image": f"{index % 24:03}.jpg", "category": category,
                          "text": common.words(rng, 2, 5)})
        first.append({"question_id": index, "text": common.words(rng, 1, 6), "answer_id": f"a{index}"})
        second.append({"question_id": index, "prompt": "", "text": common.words(rng, 0, 6), "answer_id": f"b{index}"})
        line = rng.choice(LINES) if rng.random() < 0.6 else f"{rng.randint(1, 10)} {rng.randint(1, 10)}"
        replies.append(line + rng.choice(["", "\nBecause.", "\n\nBoth are fine."]))
    contexts = [{"id": f"{index}", "image": f"{index:03}.jpg",
                 "caption": common.words(rng, 3, 8) if index % 3 else [common.words(rng, 2, 4) for _ in range(3)]}
                for index in range(24)]
    with tempfile.TemporaryDirectory() as folder:
        def put(name, values):
            path = pathlib.Path(folder, name)
            path.write_text("".join(json.dumps(value) + "\n" for value in values))
            return str(path)

        review = str(pathlib.Path(folder, "review.jsonl"))
        sys.argv = ["bench", "-q", put("questions.jsonl", questions), "-c", put("context.jsonl", contexts),
                    "-a", put("first.jsonl", first), put("second.jsonl", second),
                    "-r", put("rule.json", [RULES]), "-o", review]
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(bench_path, run_name="__main__")
        reviews = [json.loads(line) for line in open(review)]
        total = summary(summary_path, review)
    output.lines("questions.jsonl", questions)
    output.lines("context.jsonl", contexts)
    output.lines("answers_gpt4.jsonl", first)
    output.json("rule.json", RULES)
    output.lines("answers.jsonl", second)
    output.lines("reviews.jsonl", reviews)
    output.lines("asked.jsonl", [{"text": text} for text in asked])
    output.json("oracle.json", total)
    output.close()
    print(total, "unread:", sum(entry["tuple"] == [-1, -1] for entry in reviews))


if __name__ == "__main__":
    main(*sys.argv[1:])
