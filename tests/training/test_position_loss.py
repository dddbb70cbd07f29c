"""Loss by position: right for each token, on held-out long documents alone, and comparable between models."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import mixture
from hornbook.model.build import build_model
from hornbook.training.midtrain import fitted_rope_base, midtrain
from hornbook.training.position_loss import PositionLoss, long_documents, position_loss, range_edges, table
from hornbook.training.settings import MidtrainSettings
from tests.training.conftest import WORDS, write_lines
from tests.training.run_fixtures import TINY

OLD, NEW = 48, 192
FAST = {"batch_rows": 4, "microbatch_rows": 4, "threads": 1, "dtype": "float32", "recall_trials": 1}


@pytest.fixture(scope="module")
def long_tokens(tokenizer_folder, tmp_path_factory) -> Path:
    """Documents of 3 to 200 words, a third of them held out."""
    folder = tmp_path_factory.mktemp("long")
    texts = [" ".join(WORDS[(n * 7 + i * 3) % len(WORDS)] for i in range(3 + 11 * (n % 19))) for n in range(80)]
    documents = [Document(id=f"doc-{n}", text=text, source="web", origin="here") for n, text in enumerate(texts)]
    made = MixtureSettings(tokens=4000, context=NEW, shares={"web": 1.0}, validation_share=0.3)
    file = write_lines(folder / "documents.jsonl", documents)
    mixture(made, Workspace(folder / "mixed", seed=1), tokenizer=tokenizer_folder, documents=[file])
    return folder / "mixed"


@given(st.integers(1, 5000), st.integers(1, 20_000))
def test_ranges_cover_the_context_and_double(old: int, context: int) -> None:
    edges = range_edges(old, context)
    assert edges[0] == 0 and edges[-1] == context
    assert all(low < high for low, high in pairwise(edges))
    assert all(high <= 2 * low for low, high in pairwise(edges[1:]))


def test_each_token_counts_in_its_own_range(long_tokens, tokenizer, tmp_path) -> None:
    documents = long_documents(long_tokens, OLD)
    assert len(documents) > 5 and all(len(tokens) > OLD for tokens in documents.values())
    model = build_model(TINY, tokenizer, NEW, seed=0)
    edges = range_edges(OLD, NEW)
    losses = position_loss(model, documents, edges, Workspace(tmp_path), "test")
    for number, tokens in enumerate(documents.values()):
        said = model(torch.from_numpy(tokens)[None]).logits[0]
        each = cross_entropy(said[:-1], torch.from_numpy(tokens)[1:], reduction="none").detach().numpy()
        for place, (start, end) in enumerate(pairwise(edges)):
            here = each[max(0, start - 1) : end - 1]
            assert losses.losses_DB[number, place] == pytest.approx(here.sum(), rel=1e-4, abs=1e-4)
            assert losses.tokens_DB[number, place] == len(here)


def test_the_difference_is_a_mean_over_tokens_with_an_interval_over_documents() -> None:
    tokens_DB = np.array([[10, 5], [10, 0], [20, 15]])
    before = PositionLoss([0, 16, 64], ["a", "b", "c"], tokens_DB * 2.0, tokens_DB)
    after = before._replace(losses_DB=tokens_DB * np.array([[2.0, 1.5], [2.0, 0.0], [2.0, 1.7]]))
    near, far = table(after, before)
    assert (near["difference"], near["low"], near["high"]) == (0.0, 0.0, 0.0)
    assert (far["documents"], far["tokens"]) == (2, 20)
    assert far["difference"] == pytest.approx(-(5 * 0.5 + 15 * 0.3) / 20)
    assert -0.5 <= far["low"] <= far["difference"] <= far["high"] <= -0.3


def test_midtraining_notes_it_and_compares_with_another(long_tokens, tokens, model_folder, tmp_path) -> None:
    first, second = Workspace(tmp_path / "a", seed=1), Workspace(tmp_path / "b", seed=1)
    midtrain(MidtrainSettings(**FAST), first, model=model_folder, tokens=long_tokens)
    again = MidtrainSettings(**FAST, learning_rate=1e-3)
    midtrain(again, second, model=model_folder, tokens=long_tokens, compare=first.path)
    tables = second.notes["loss_by_position"]
    assert [row["to"] for row in tables["before"]] == [OLD, 2 * OLD, 4 * OLD]
    assert tables["compare"][0]["before"] == first.notes["loss_by_position"]["before"][0]["after"]
    assert second.notes["rope_base"] == 10_000.0
    with pytest.raises(HornbookError, match="its loss by position is of other documents or lengths"):
        midtrain(
            MidtrainSettings(**FAST), Workspace(tmp_path / "c"), model=model_folder, tokens=tokens, compare=first.path
        )


@pytest.mark.parametrize(
    ("context", "base"),
    [(256, 10_000.0), (4096, 10_000.0), (16_384, 250_000.0), (8192, 50_000.0), (65_536, 6_250_000.0)],
)
def test_the_base_follows_the_context(context: int, base: float) -> None:
    assert fitted_rope_base(context) == pytest.approx(base)
