"""A mixture of three sources small enough to search over in seconds."""

from pathlib import Path

import pytest

from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import mixture
from tests.training.conftest import CONTEXT, sentence, tokenizer, tokenizer_folder, write_lines

__all__ = ["tokenizer", "tokenizer_folder"]
SOURCES = ["web", "code", "synthetic"]


@pytest.fixture(scope="session")
def tokens(tokenizer_folder, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tokens")
    documents = [Document(id=f"doc-{i}", text=sentence(i), source=SOURCES[i % 3], origin="here") for i in range(180)]
    shares = {"web": 0.5, "code": 0.3, "synthetic": 0.2}
    settings = MixtureSettings(tokens=4000, context=CONTEXT, shares=shares, validation_share=0.1)
    file = write_lines(folder / "documents.jsonl", documents)
    mixture(settings, Workspace(folder / "mixed", seed=1), tokenizer=tokenizer_folder, documents=[file])
    return folder / "mixed"
