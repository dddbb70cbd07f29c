"""Lists to learn recall from: a key has one value in its list, and half of the lines ask for an earlier one."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.files import read_records
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.training.recall_data import recall, recall_list
from hornbook.training.settings import RecallSettings


@given(st.integers(2, 200), st.integers(0, 99))
def test_a_key_that_comes_again_has_its_value(most: int, seed: int) -> None:
    lines = [line.split("=") for line in recall_list(most, np.random.default_rng(seed)).splitlines()]
    assert max(2, most // 8) <= len(lines) <= most
    assert len(dict(lines)) == len({(key, value) for key, value in lines})


def test_half_of_the_lines_ask_and_the_seed_decides_all(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        recall(RecallSettings(documents=50, lines=100), Workspace(tmp_path / folder, seed=3))
    documents = read_records(tmp_path / "a", Document)
    assert documents == read_records(tmp_path / "b", Document) and len(documents) == 50
    assert {document.source for document in documents} == {"recall"}
    lines = [document.text.splitlines() for document in documents]
    again = sum(len(of) - len(set(of)) for of in lines) / sum(map(len, lines))
    assert 0.4 < again < 0.55
