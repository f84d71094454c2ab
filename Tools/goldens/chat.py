"""Writes Fixtures/chat: conversations with the ids and labels a model is trained on.

Two label sets for each conversation: the reference's algorithm (split at separators, count tokens of
the pieces) and the one by byte offsets of answers. Both are written here from the description of the
formats, with Hugging Face's `tokenizers`, so that they check the Swift code from outside. The Gemma
cases use a tokenizer made here: bytes, a few merges and Gemma's special tokens.

Usage: chat.py TOKENIZER.json OUTPUT_FOLDER
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import tokenizers

SEED = 20261123
SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions."
)
IMAGE, IMAGE_ID, IGNORED = "<image>", -200, -100
SEPARATOR = " ASSISTANT: "


def normalised(text):
    """Deletes all markers of a turn and puts one in front."""
    if IMAGE not in text:
        return text
    return (IMAGE + "\n" + text.replace(IMAGE, "").strip()).strip()


class Family:
    """A tokenizer with what the labels need to know of it."""

    def __init__(self, tok, end, bos):
        self.tok, self.end, self.bos = tok, end, bos
        self.pad_id = tok.token_to_id("<pad>") if bos else tok.token_to_id(end)

    def ids(self, text):
        """Ids with the beginning-of-text token in front where there is one."""
        return ([self.tok.token_to_id(self.bos)] if self.bos else []) + self.tok.encode(
            text, add_special_tokens=False).ids

    def image_ids(self, text):
        """Ids of a text in which each `<image>` is one -200."""
        ids = []
        for index, chunk in enumerate(text.split(IMAGE)):
            part = self.ids(chunk)
            ids += [IMAGE_ID] + part[1 if self.bos else 0:] if index else part
        return ids


def byte_alphabet():
    """The characters that stand for bytes in byte-level vocabularies."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    extra = iter(range(256, 512))
    return {byte: chr(byte) if byte in plain else chr(next(extra)) for byte in range(256)}


def small_gemma():
    """A byte-level tokenizer with Gemma's special tokens and a few merges."""
    letters = list(byte_alphabet().values())
    merges = [("\u0120", "A"), ("\u0120", "a"), ("S", "S"), ("I", "SS"), ("e", "r"), ("\u0120a", "n")]
    tokens = ["<pad>", "<eos>", "<bos>"] + letters + [a + b for a, b in merges]
    special = [
        {"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True} for i, t in enumerate(tokens[:3])]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
             "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None, "pre_tokenizer": level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}},
                       {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                     {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False,
                  "vocab": {t: i for i, t in enumerate(tokens)},
                  "merges": [f"{a} {b}" for a, b in merges]}}


def reference_text(texts, end_of_turn):
    out = SYSTEM + " "
    for index, text in enumerate(texts):
        role, end = ("USER", " ") if index % 2 == 0 else ("ASSISTANT", end_of_turn)
        out += f"{role}: {text}{end}" if text else f"{role}:"
    return out


def reference(family, item, limit):
    turns = list(item["conversations"])
    has_image = "image" in item
    if turns[0]["from"] != "human":
        turns = turns[1:]
    texts = [normalised(t["value"]) if has_image else t["value"] for t in turns]
    text = reference_text(texts, family.end)

    def count(piece):
        return len(family.image_ids(piece) if has_image else family.ids(piece))

    ids = family.image_ids(text) if has_image else family.ids(text)[:limit]
    labels = list(ids)

    def mask(start, end):
        for index in range(start, min(end, len(labels))):
            labels[index] = IGNORED

    # Phi pads with the end token, so those are counted on top; Gemma has a beginning of text.
    total = sum(i != family.pad_id for i in ids) + (0 if family.bos else text.count(family.end))
    current = 1 if family.bos else 0
    mask(0, current)
    for one_round in text.split(family.end):
        if one_round == "":
            break
        parts = one_round.split(SEPARATOR)
        if len(parts) != 2:
            break
        mask(current, current + count(parts[0] + SEPARATOR) - (2 if family.bos else 1))
        current += count(one_round) + (0 if family.bos else 1)
    mask(current, len(labels))
    masked = current < limit and current != total
    if masked:
        mask(0, len(labels))
    return ids[:limit], labels[:limit], masked


def reference_plain(family, item, limit):
    caption = normalised(item["conversations"][1]["value"])
    ids = family.image_ids(IMAGE + caption + "\n")
    masked = len(family.image_ids(IMAGE))
    labels = [IGNORED] * masked + ids[masked:]
    return ids[:limit], labels[:limit], False


def offsets(family, item, limit, plain):
    """Ids and labels by offsets; characters stand for bytes, as answers start and end at ASCII."""
    pieces = []  # (text, supervised, is_marker)
    turns = item["conversations"]
    if plain:
        pieces = [(IMAGE, False, True), (turns[1]["value"] + "\n", True, False)]
    else:
        pieces.append((SYSTEM + " ", False, False))
        for turn in turns:
            if turn["from"] == "human":
                pieces.append(("USER: ", False, False))
                text = normalised(turn["value"]) if "image" in item else turn["value"]
                if "image" in item and text.startswith(IMAGE):
                    pieces.append((IMAGE, False, True))
                    text = text[len(IMAGE):]
                pieces.append((text + " ", False, False))
            else:
                pieces.append(("ASSISTANT:", False, False))
                pieces.append((" " + turn["value"] + family.end, True, False))
    ids = [family.tok.token_to_id(family.bos)] if family.bos else []
    labels = [IGNORED] * len(ids)
    chunk, spans = "", []

    def flush():
        nonlocal chunk, spans
        encoded = family.tok.encode(chunk, add_special_tokens=False)
        for token, (start, end) in zip(encoded.ids, encoded.offsets):
            ids.append(token)
            inside = any(a <= start and end <= b for a, b in spans)
            labels.append(token if inside else IGNORED)
        chunk, spans = "", []

    for text, supervised, is_marker in pieces:
        if is_marker:
            flush()
            ids.append(IMAGE_ID)
            labels.append(IGNORED)
            continue
        if supervised:
            spans.append((len(chunk), len(chunk) + len(text)))
        chunk += text
    flush()
    return ids[:limit], labels[:limit]


def runs(labels):
    """Half-open ranges of supervised positions."""
    found = []
    for index, label in enumerate(labels):
        if label == IGNORED:
            continue
        if found and found[-1][1] == index:
            found[-1][1] += 1
        else:
            found.append([index, index + 1])
    return found


def talk(*texts, image=None):
    item = {"conversations": [
        {"from": "human" if i % 2 == 0 else "gpt", "value": t} for i, t in enumerate(texts)]}
    if image:
        item["image"] = image
    return item


def written_cases():
    yield "one image, two rounds", talk("<image>\nQ1", "A1", "Q2", "A2", image="a.png")
    yield "marker behind the text", talk("What is this?\n<image>", "A cat.", image="a.png")
    yield "marker inside the text", talk("Look <image> here", "Yes", image="a.png")
    yield "two markers of one turn", talk("<image><image> what?", "Two", image="a.png")
    yield "marker alone", talk("<image>", "A dog on grass", image="a.png")
    yield "blanks around the marker turn", talk("  <image>\n Q \u3000\n", "A", image="a.png")
    yield "text only", talk("Name a prime above 10.", "11 is one.")
    yield "text only, four rounds", talk("a", "b", "c", "d", "e", "f", "g", "h")
    yield "last human turn unanswered", talk("<image>\nQ", "A", "And now?", image="a.png")
    yield "answer with separator", talk("Q", "He said: ASSISTANT: hello", "R", "S")
    yield "answer with end of turn", talk("Q", "one<|endoftext|>two")
    yield "answer ending with end of turn", talk("Q", "one<|endoftext|>", "R", "S")
    yield "question with separator", talk("<image>\nsay ASSISTANT: x", "x", image="a.png")
    yield "question with USER:", talk("USER: hi USER: ", "USER: yes")
    yield "empty answer", talk("Q", "", "R", "S")
    yield "empty last answer", talk("Q", "A", "R", "")
    yield "empty question", talk("", "A")
    yield "answer starting with blanks", talk("Q", "   three blanks")
    yield "answer starting with a newline", talk("Q", "\nline\n\nline")
    yield "answer starting with a tab", talk("Q", "\t\tcode()\n\t\t\treturn")
    yield "answer ending with blanks", talk("Q", "blanks   ", "R", "tab\t", "S", "nl\n")
    yield "answer of blanks only", talk("Q", "    ", "R", "\n")
    yield "question ending with blanks", talk("Q   ", "A", "R\n", "S")
    yield "accents and CJK", talk("Où ?", "C'est là, à Köln — 東京です。", "再问", "好的！")
    yield "emoji and joiners", talk("👩‍👩‍👧?", "🎉🇩🇪 e\u0301 \u200d")
    yield "combining mark after the marker", talk("<image>\u0301 what", "x", image="a.png")
    yield "contractions", talk("it's", "'s 't 're I'm we'll")
    yield "numbers", talk("1+1?", "2", "1e10?", "12345678901234567890")
    yield "answer is one letter", talk("<image>\nA. x\nB. y", "B", image="a.png")
    yield "long code", talk("write", "def f(x):\n        if x:\n            return [1,  2]\n")
    yield "carriage returns", talk("a\r\nb", "c\r\nd\r")
    yield "separators of lines", talk("a\u2028b", "c\u0085d\u00a0")
    yield "role words without blanks", talk("ASSISTANT:", "ASSISTANT:", "USER:", "USER:")
    yield "starts with an answer", {"conversations": [
        {"from": "gpt", "value": "hello"}, {"from": "human", "value": "Q"},
        {"from": "gpt", "value": "A"}]}
    yield "marker text in a text-only answer", talk("Which tag?", "Use <image> here.")
    yield "image without marker", talk("What?", "That.", image="a.png")


def random_cases(rng, count):
    words = ["cat", "Dog", "the", "ASSISTANT:", "USER:", "ñandú", "東京", "🎈", "42", "it's", "  ",
             "\n", "\t", "...", "\u00a0", "x=1;", "<b>", "é"]
    for number in range(count):
        rounds = rng.randint(1, 4)
        texts = []
        for index in range(2 * rounds):
            size = rng.randint(1, 12)
            texts.append(rng.choice(["", " ", ""]).join(rng.choice(words) for _ in range(size)))
        image = None
        if rng.random() < 0.5:
            image = "r.png"
            texts[0] = "<image>\n" + texts[0]
        yield f"random {number}", talk(*texts, image=image)


NO_OFFSETS = {"starts with an answer", "marker text in a text-only answer", "image without marker"}


def entry(family, name, template, item, limit):
    plain = template == "plain"
    ids, labels, masked = (reference_plain if plain else reference)(family, item, limit)
    out = {"name": name, "template": template, "maximum_length": limit, "item": item,
           "reference": {"ids": ids, "supervised": runs(labels), "masked": masked}}
    if name not in NO_OFFSETS:
        ids, labels = offsets(family, item, limit, plain)
        out["offsets"] = {"ids": ids, "supervised": runs(labels)}
    return out


CAPTIONS = ("a dog on grass", "", " two  blanks ", "日本 <b>", "a\nb")


def plain_cases():
    for caption in CAPTIONS:
        yield f"plain {caption!r}", talk(
            "Describe the picture briefly.\n<image>", caption, image="00453/004.jpg")


def long_cases():
    texts = ("Count. " * 30, "One two three. " * 20, "More?", "No.")
    yield "text only", talk(*texts)
    yield "image", talk("<image>\n" + texts[0], texts[1], image="a.png")


def write(path, value):
    path.write_text(value, encoding="utf-8")
    return path


def write_cases(path, cases):
    lines = ",\n".join(
        json.dumps(c, ensure_ascii=True, separators=(",", ":")) for c in cases)
    print(path.name, len(cases), "conversations,",
          sum(c["reference"]["masked"] for c in cases), "masked by the reference")
    return write(path, "[\n" + lines + "\n]\n")


def main():
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    randoms = list(random_cases(rng, 24))

    phi = Family(tokenizers.Tokenizer.from_file(str(source)), "<|endoftext|>", None)
    cases = [entry(phi, n, "phi", i, 2048) for n, i in [*written_cases(), *randoms]]
    for limit in (40, 64, 100, 150):
        cases += [entry(phi, f"{n}, cut at {limit}", "phi", i, limit) for n, i in long_cases()]
    cases += [entry(phi, n, "plain", i, 2048) for n, i in plain_cases()]
    files = [write_cases(folder / "phi.json", cases)]

    text = json.dumps(small_gemma(), ensure_ascii=True, indent=0) + "\n"
    files.append(write(folder / "small-gemma-tokenizer.json", text))
    gemma = Family(tokenizers.Tokenizer.from_str(text), "<eos>", "<bos>")
    cases = [entry(gemma, n, "gemma", i, 2048) for n, i in [*written_cases(), *randoms[:6]]]
    cases += [entry(gemma, f"{n}, cut at 300", "gemma", i, 300) for n, i in long_cases()]
    cases += [entry(gemma, n, "plain", i, 2048) for n, i in plain_cases()]
    files.append(write_cases(folder / "gemma.json", cases))

    manifest = {
        "script": "Tools/goldens/chat.py",
        "seed": SEED,
        "libraries": {"python": sys.version.split()[0], "tokenizers": tokenizers.__version__},
        "sources": {"tokenizer.json (Phi)": hashlib.sha256(source.read_bytes()).hexdigest()},
        "files": {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files},
    }
    write(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")


main()
