"""The order of the data is a function of the seed alone; resuming goes to its place at once and reads nothing twice."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import mixture
from hornbook.mixture.tokenize import tokenizer_fingerprint
from hornbook.model.build import build_model
from hornbook.model.load_save import save_model
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.chat import load_tokenizer
from hornbook.tokenizer.load_save import save_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe
from hornbook.training.lm import RowBatches, TrainingText, mixture_texts
from hornbook.training.midtrain import midtrain
from hornbook.training.pretrain import pretrain
from hornbook.training.settings import MidtrainSettings
from tests.training import run_fixtures as runs
from tests.training.conftest import CONTEXT, sentence, write_lines

CPU = torch.device("cpu")


class Reader:
    """Stands for the rows of a mixture: one document a row, which spells out the row's number. Counts what is read."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def __call__(self, rows: list[int]) -> list[TrainingText]:
        self.read += rows
        return [TrainingText([row + 1, row + 1]) for row in rows]


@given(
    rows=st.integers(1, 60),
    batch=st.integers(1, 20),
    microbatch=st.integers(1, 20),
    world=st.integers(1, 5),
    resumed_at=st.integers(0, 60),
)
@settings(deadline=None)
def test_each_step_has_its_rows_whatever_the_processes_the_microbatches_and_the_resume(
    rows: int, batch: int, microbatch: int, world: int, resumed_at: int
) -> None:
    reader = Reader()
    batches = RowBatches(reader, range(rows), 2, batch, microbatch, CPU)
    for step in range(min(resumed_at, batches.steps), batches.steps):
        reader.read.clear()
        tokens: Counter[int] = Counter()
        for rank in range(world):
            for part in batches.microbatches(step, rank, world):
                tokens.update(part.documents.tokens_N.tolist())
                assert part.tokens <= 2 * microbatch
        expected = list(range(step * batch, min((step + 1) * batch, rows)))
        assert sorted(reader.read) == expected  # each row once, by one process
        assert tokens == Counter({row + 1: 2 for row in expected})


def test_a_row_anywhere_is_read_without_those_before_it(tokens, monkeypatch) -> None:
    looked_up: list[int] = []
    plan = Rows._plan
    monkeypatch.setattr(Rows, "_plan", lambda self, row: looked_up.append(row) or plan(self, row))
    rows = Rows.open(tokens)
    batches = RowBatches(mixture_texts(rows), range(len(rows)), CONTEXT, 4, 2, CPU)
    list(batches.microbatches(batches.steps - 2, 0, 1))
    first = (batches.steps - 2) * 4
    assert looked_up == list(range(first, first + 4))
    assert isinstance(rows._source(0), np.memmap) and isinstance(rows._pieces, np.memmap)


def test_a_resumed_training_reads_each_row_once(tokens, tokenizer_folder, tmp_path, monkeypatch) -> None:
    read: list[int] = []
    batch, whole = Rows.batch, len(Rows.open(tokens))
    stop = 6 * runs.SETTINGS.batch_rows  # after two checkpoints

    def counted(self: Rows, indices: list[int]) -> object:
        if len(self) == whole:  # not those of the validation
            if not resumed and stop in indices:
                raise KeyboardInterrupt
            read.extend(indices)
        return batch(self, indices)

    monkeypatch.setattr(Rows, "batch", counted)
    resumed = False
    with pytest.raises(KeyboardInterrupt):
        pretrain(runs.SETTINGS, Workspace(tmp_path, seed=7), tokens=tokens, tokenizer=tokenizer_folder)
    assert read == list(range(stop))
    resumed = True
    pretrain(runs.SETTINGS, Workspace(tmp_path, seed=7), tokens=tokens, tokenizer=tokenizer_folder)
    assert read == list(range(whole))


def test_midtraining_refuses_tokens_of_another_tokenizer_of_the_same_size(tokens, tmp_path) -> None:
    other = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), [sentence(i)[::-1] for i in range(50)]))
    assert len(other) == Rows.open(tokens).vocab_size
    save_model(build_model(runs.TINY, other, CONTEXT, seed=5), other, tmp_path / "model")
    with pytest.raises(
        HornbookError, match=r"another tokenizer than that of .*expected a mixture made with that tokenizer"
    ):
        midtrain(MidtrainSettings(), Workspace(tmp_path / "out"), model=tmp_path, tokens=tokens)


def test_midtraining_does_not_shorten_the_context(tokenizer, tokens, tmp_path) -> None:
    save_model(build_model(runs.TINY, tokenizer, 2 * CONTEXT, seed=5), tokenizer, tmp_path / "model")
    with pytest.raises(HornbookError, match=f"rows of {CONTEXT} tokens, but .* reads {2 * CONTEXT} already"):
        midtrain(MidtrainSettings(), Workspace(tmp_path / "out"), model=tmp_path, tokens=tokens)


def test_a_tokenizer_keeps_its_fingerprint_when_it_is_saved_with_a_model(tokenizer, model_folder, tmp_path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    names = {
        tokenizer_fingerprint(made) for made in (tokenizer, load_tokenizer(tmp_path), load_tokenizer(model_folder))
    }
    assert len(names) == 1


@pytest.fixture(scope="module")
def lengths(tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Counter[int]:
    """How often a document of a source and of so many words is begun, in midtraining's long part of a context of 64."""
    folder = tmp_path_factory.mktemp("long")
    texts = [" ".join(["cat"] * count) for count in (10, 20, 40, 80) for _ in range(10)]
    documents = [
        Document(id=f"{source}-{i}", text=text, source=source, origin="here")
        for source in ("web", "code", "synthetic")
        for i, text in enumerate(texts)
    ]
    made = MixtureSettings(
        tokens=40_000, context=64, shares={"web": 0.4, "code": 0.3, "synthetic": 0.3}, long_share=0.999
    )
    file = write_lines(folder / "documents.jsonl", documents)
    mixture(made, Workspace(folder / "mixed", seed=1), tokenizer=tokenizer_folder, documents=[file])
    rows = Rows.open(folder / "mixed")
    pieces = [piece for row in range(len(rows)) for piece in rows.pieces(row) if piece.start == 0]
    return Counter((piece.source, len(texts[int(piece.document.split("-")[1])].split())) for piece in pieces)


def test_long_is_over_half_the_context_a_quarter_where_synthetic_and_never_web(lengths: Counter[int]) -> None:
    often = {kind for kind, times in lengths.items() if times > 30}
    assert often == {("code", 40), ("code", 80), ("synthetic", 20), ("synthetic", 40), ("synthetic", 80)}
    assert lengths["code", 80] / lengths["code", 40] == pytest.approx(2, rel=0.1)
