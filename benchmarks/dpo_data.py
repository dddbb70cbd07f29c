"""Preference pairs for the training benchmark, made of its documents: token ids that both sides get as they are.

A trajectory is a document of 150 to 500 tokens; at each of its pivots the chosen token is the one that comes, the
rejected one any other. A pair of replies has a prompt of 200 to 600 tokens and replies of 50 to 200: what comes, and a
piece of another document.
"""

import json
from pathlib import Path

from benchmarks.training_data import VOCABULARY, Material
from hornbook.base.files import write_json
from hornbook.base.records import Pair
from hornbook.base.rng import rng

PAIRS = 640
TRAJECTORY, PROMPT, REPLY = (150, 500), (200, 600), (50, 200)  # tokens, at least and at most


def pivotal(material: Material, pivots: int, folder: Path) -> Path:
    """Pairs of single tokens, `pivots` of them on each trajectory, as JSON in `folder`."""
    choose = rng(0, "pivots", pivots)
    pairs = []
    for document in _documents(material, TRAJECTORY[0]):
        length = int(choose.integers(TRAJECTORY[0], min(TRAJECTORY[1], len(document)) + 1))
        for at in sorted(choose.choice(length - 50, pivots, replace=False) + 50):
            other = (document[at] + int(choose.integers(1, VOCABULARY))) % VOCABULARY
            pairs.append({"prompt_ids": document[:at], "chosen_ids": [document[at]], "rejected_ids": [other]})
    return _write(pairs, folder / f"pivots-{pivots}.json")


def replies(material: Material, folder: Path) -> Path:
    """Pairs of whole replies, as JSON in `folder`."""
    choose = rng(0, "replies")
    documents = _documents(material, PROMPT[0] + REPLY[0])
    pairs = []
    for document in documents:
        prompt = int(choose.integers(PROMPT[0], min(PROMPT[1], len(document) - REPLY[0]) + 1))
        chosen = int(choose.integers(REPLY[0], REPLY[1] + 1))
        other = documents[int(choose.integers(len(documents)))][: int(choose.integers(REPLY[0], REPLY[1] + 1))]
        sides = {"chosen_ids": document[prompt : prompt + chosen], "rejected_ids": other}
        pairs.append({"prompt_ids": document[:prompt], **sides})
    return _write(pairs, folder / "replies.json")


def read_pairs(file: Path) -> list[Pair]:
    """The pairs as our side takes them."""
    return [
        Pair(
            id=f"pair-{number:05d}",
            kind="benchmark",
            prompt_tokens=row["prompt_ids"],
            chosen_tokens=row["chosen_ids"],
            rejected_tokens=row["rejected_ids"],
        )
        for number, row in enumerate(json.loads(file.read_text()))
    ]


def _documents(material: Material, shortest: int) -> list[list[int]]:
    return [document for document in json.loads(material.documents.read_text()) if len(document) >= shortest]


def _write(pairs: list[dict[str, list[int]]], file: Path) -> Path:
    pairs = [pair for pair in pairs if pair["chosen_ids"] != pair["rejected_ids"]][:PAIRS]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, pairs)
    return file
