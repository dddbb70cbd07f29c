"""A corpus of three sources, a tokenizer for it, and a mixture made from both."""

from pathlib import Path
from typing import NamedTuple

import pytest

from hornbook.base.files import write_records
from hornbook.base.records import Document, Message, Sample
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import mixture
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import tokenizer

SHARES = {"web": 0.3, "code": 0.2, "synthetic": 0.5}


class Corpus(NamedTuple):
    folder: Path
    texts: dict[str, str]  # what a model reads of each record, by id


class Made(NamedTuple):
    work: Workspace
    corpus: Corpus
    settings: MixtureSettings


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """300 records of 5 to 600 words; some spell out special tokens."""
    folder = tmp_path_factory.mktemp("corpus")
    random = rng(0, "corpus")
    words = ["".join(random.choice(list("aeioudnrst"), 4)) for _ in range(200)]

    def text() -> str:
        length = int(5 + 595 * random.random() ** 3)
        return " ".join(random.choice(words, length)) + " <|endoftext|>" * random.integers(2)

    def sample(number: int) -> Sample:
        messages = [Message("user", text()), Message("assistant", "4")]
        return Sample(id=f"synthetic-{number}", source="synthetic", kind="sum", messages=messages)

    documents = [
        Document(id=f"{source}-{n}", source=source, origin="test", text=text())
        for source in ("web", "code")
        for n in range(100)
    ]
    samples = [sample(number) for number in range(100)]
    write_records(folder / "documents.parquet", Document, documents)
    write_records(folder / "samples.parquet", Sample, samples)
    texts = {document.id: document.text for document in documents}
    texts |= {s.id: f"Question: {s.messages[0].content}\nSolution: 4" for s in samples}
    tokenizer(TokenizerSettings(vocab_size=400), Workspace(folder), documents=[folder])
    return Corpus(folder, texts)


@pytest.fixture(scope="session")
def made(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    settings = MixtureSettings(tokens=200_000, context=128, shares=SHARES, validation_share=0.1)
    return Made(make(corpus, tmp_path_factory.mktemp("mixture"), settings), corpus, settings)


def make(corpus: Corpus, path: Path, settings: MixtureSettings, seed: int = 1) -> Workspace:
    work = Workspace(path, seed=seed)
    mixture(settings, work, tokenizer=corpus.folder, documents=[corpus.folder], samples=[corpus.folder])
    return work
