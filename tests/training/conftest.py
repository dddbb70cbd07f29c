"""A small tokenizer, a mixture of real text about nothing much, and a model for all training tests."""

from pathlib import Path

import msgspec
import pytest
from transformers import PreTrainedTokenizerBase

from hornbook.base.records import Document, Message, Sample
from hornbook.base.workspace import Workspace
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import mixture
from hornbook.model.build import build_model
from hornbook.model.load_save import save_model
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.load_save import save_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe
from tests.training.run_fixtures import TINY

TEXT = "a cat sat on the mat and the dog ran to the red barn near my old house"
WORDS = TEXT.split()
CONTEXT = 48


def sentence(number: int) -> str:
    return " ".join(WORDS[(number * 7 + i * (number % 5 + 1)) % len(WORDS)] for i in range(4 + number % 23))


def write_lines(path: Path, records: list) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    return path


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerBase:
    return as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), [sentence(i) for i in range(50)]))


@pytest.fixture(scope="session")
def tokenizer_folder(tokenizer, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(tokenizer, folder / "tokenizer")
    return folder


@pytest.fixture(scope="session")
def tokens(tokenizer_folder, tmp_path_factory) -> Path:
    """A mixture of two sources, of about 20 steps of 4 rows."""
    folder = tmp_path_factory.mktemp("tokens")
    documents = [
        Document(id=f"doc-{i}", text=sentence(i), source=["web", "code"][i % 2], origin="here") for i in range(120)
    ]
    settings = MixtureSettings(tokens=3600, context=CONTEXT, shares={"web": 0.5, "code": 0.5}, validation_share=0.1)
    file = write_lines(folder / "documents.jsonl", documents)
    mixture(settings, Workspace(folder / "mixed", seed=1), tokenizer=tokenizer_folder, documents=[file])
    return folder / "mixed"


@pytest.fixture(scope="session")
def model_folder(tokenizer, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(build_model(TINY, tokenizer, CONTEXT, seed=5), tokenizer, folder / "model")
    return folder


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    """Conversations of one turn and of two."""
    records = []
    for i in range(30):
        turns = [Message("user", sentence(i)[:3]), Message("assistant", sentence(i + 1)[:3])]
        records.append(
            Sample(id=f"sample-{i}", source="synthetic", kind=["a", "b"][i % 2], messages=turns * (1 + i % 2))
        )
    return write_lines(tmp_path_factory.mktemp("samples") / "samples.jsonl", records)
