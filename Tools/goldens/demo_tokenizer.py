#!/usr/bin/env python3
"""Trains the demo's tokenizer: byte-level BPE with all 256 bytes and the demo's words.

usage: demo_tokenizer.py DATA_FOLDER OUTPUT.json

DATA_FOLDER holds text.json, align.json and instruct.json as the demo writes them.
Needs the versions of requirements.txt.
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
END = "<|endoftext|>"


def rendered(item):
    """The training text of an item, one piece per end-of-text token."""
    turns = item["conversations"]
    for index in range(0, len(turns), 2):
        question = turns[index]["value"].replace("<image>\n", "\n")
        start = f"{SYSTEM} USER: " if index == 0 else "USER: "
        yield f"{start}{question} ASSISTANT: {turns[index + 1]['value']}"


def main():
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    lines = []
    for name in ("text.json", "align.json", "instruct.json"):
        for item in json.loads((folder / name).read_text())[:2000]:
            lines.extend(rendered(item))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        min_frequency=2,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.save(str(output))
    size = tokenizer.get_vocab_size()
    print(f"{size} tokens, {END} = {tokenizer.token_to_id(END)}")
    print(tokenizer.encode(lines[0]).tokens)


if __name__ == "__main__":
    main()
