"""A small corpus of three sources."""

from pathlib import Path

import pytest

from hornbook.base.files import write_records
from hornbook.base.records import Document, Message, Sample
from hornbook.base.rng import rng


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    syllables = [first + second for first in "bcdfghjklmnprstvw" for second in "aeiou"]
    random = rng(0, "corpus")
    words = ["".join(random.choice(syllables, 3)) for _ in range(300)]
    documents = [
        Document(id=f"web-{n}", source="web", origin="test", text=" ".join(random.choice(words, 40)) + f" {n}.")
        for n in range(100)
    ]
    code = "def f{0}(x):\n    return x + 2024202420242024\n"
    documents += [Document(id=f"code-{n}", source="code", origin="test", text=code.format(n) * 4) for n in range(50)]
    chats = [
        Sample(
            id=f"chat-{n}",
            source="synthetic",
            kind="sum",
            messages=[Message("user", f"What is {n} + 1?"), Message("assistant", f"Answer: {n + 1}")],
        )
        for n in range(50)
    ]
    write_records(folder / "documents.parquet", Document, documents)
    write_records(folder / "samples.parquet", Sample, chats)
    return folder
