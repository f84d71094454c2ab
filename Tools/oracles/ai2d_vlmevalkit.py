"""What VLMEvalKit makes of adversarial answers: Fixtures/oracles/ai2d_vlmevalkit.json.

Usage: python3 Tools/oracles/ai2d_vlmevalkit.py VLMEVALKIT.git
Needs pandas 2.2.3. Options and answers are synthetic; the table goes through pandas, as the tool
reads its own. No judge is asked: what it would decide counts as wrong.
"""

import io
import string
import sys
import tempfile

import pandas

import choice_common as common

SEED = 20261123
COUNT = 900
TEXTS = ["heat", "light", "the sun", "Sun", "water vapor", "B", "a", "C, probably", "None", "none",
         "NA", "n/a", "nan", "null", "3", "2.50", "caf\u00e9", "cafe\u0301", "\u0130stanbul",
         "stra\u00dfe", "\u7ea2\u8272", "\u03a3\u03bf\u03c6\u03cc\u03c2", "(c)", "left of it",
         "all of these", "none of these", "tall\u00a0tree", "it is \"quoted\"", "x" * 40, "Larva",
         "larva to pupa", "pupa", "arrow", "arrows", "D"]
FORMS = ["{l}", "{l}.", "({l})", "{l}. {t}", "Answer: {l}", "The answer is {l}", "**{l}**", "{t}",
         "It is {t}.", "{l} or {o}", "A {t} is what I see {l}", "{t} and {u}",
         "I see {l} and then many more words follow it here", "answer is **{s}** I think so",
         "the correct answer is {l}. Not {o}, since it shows {t} and more of the same thing",
         "The an\u017fwer \u0130s {l} of all the things that are here now", "Z", "Z {l}", "", " ",
         "I can't process this file.", "Failed to obtain answer via API {t}", "[{l}]", "#{l}!",
         "Cannot determine the answer {l}", "{l}\u3000{t}", "\u7b54\u6848\u662f{l}\u3002", "{s}",
         "Option {l}", "{t} {t} {t}", "nan", "None", "answer  is\n\n{l}", "x{l}", "{l}x", "A B",
         "{l}\u0301", "{{{l}}}", "{l},{o}", "none", "{l}:{t}", "not {o} but {l}", "\u212a {l}",
         "answer is E", "answer is {o} {l}", "A{l}", "\uff21", "{l}\u200b", "{t}" * 9]


def row(generator, index):
    count = generator.choice([2, 3, 4, 4, 4, 4, 5, 6])
    texts = generator.sample(TEXTS, count)
    right = generator.randrange(count)
    place = right if generator.random() < 0.6 else generator.randrange(count)
    other = generator.randrange(count)
    form = FORMS[index % len(FORMS)]
    letter = string.ascii_uppercase[place]
    text = form.format(l=letter, s=letter.lower(), o=string.ascii_uppercase[other],
                       t=texts[place], u=texts[other])
    return texts, right, text


def main(repository):
    common.stand_in("vlmeval")
    common.stand_in("vlmeval.smp")
    common.stand_in("vlmeval.smp.log", get_logger=lambda name: None)
    with tempfile.TemporaryDirectory() as folder:
        matching = common.module(
            common.show(repository, "vlmeval/utils/matching_util.py"), folder, "matching_util")
    build = common.function(
        common.show(repository, "vlmeval/dataset/utils/multiple_choice.py"), "build_choices",
        {"pd": pandas, "string": string})
    generator = common.seeded(SEED)
    rows = [row(generator, index) for index in range(COUNT)]
    frame = pandas.DataFrame([
        {"index": index, **dict(zip(string.ascii_uppercase, texts))}
        for index, (texts, _, _) in enumerate(rows)])
    table = pandas.read_csv(io.StringIO(frame.to_csv(sep="\t", index=False)), sep="\t")
    items, right = [], 0
    for (texts, gold, text), item in zip(rows, table.to_dict("records")):
        letter = matching.can_infer(text, build(item)) or ""
        right += letter == string.ascii_uppercase[gold]
        items.append([texts, gold, text, letter])
    common.write("ai2d_vlmevalkit", {"ai2d_vlmevalkit.json": {
        "items": items, "total": right / COUNT}}, [
        f"open-compass/VLMEvalKit@{common.commit(repository)}:vlmeval/utils/matching_util.py, "
        "vlmeval/dataset/utils/multiple_choice.py", f"pandas {pandas.__version__}"], SEED)


main(*sys.argv[1:])
