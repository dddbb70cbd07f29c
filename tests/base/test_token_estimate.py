"""The estimate of tokens is within a quarter of the mean of two large tokenizers, for any script."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.token_estimate import estimate_tokens, token_weight

ROWS = json.loads(Path(__file__).with_name("token_counts.json").read_text(encoding="utf-8"))  # counted by both


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"][:12])
def test_the_estimate_is_within_a_quarter_of_the_mean(row: dict[str, Any]) -> None:
    assert 0.75 < estimate_tokens(row["text"]) / math.sqrt(row["o200k"] * row["qwen"]) < 1.25


@given(st.lists(st.text(max_size=40)))
def test_weights_of_parts_add_up(parts: list[str]) -> None:
    assert math.isclose(sum(map(token_weight, parts)), token_weight("\n".join(parts)), abs_tol=1e-6)


def test_nothing_has_no_tokens() -> None:
    assert estimate_tokens("") == estimate_tokens(" \n") == 0
