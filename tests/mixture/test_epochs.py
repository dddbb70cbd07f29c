"""Epochs follow from shares, the budget and what there is (table 5)."""

import pytest

from hornbook.base.errors import HornbookError
from hornbook.mixture.epochs import epochs
from hornbook.mixture.settings import TABLE_5, MixtureSettings


def test_table_5() -> None:
    unique = {"web": 1.3e12, "web_rewrite": 290e9, "synthetic": 290e9, "code": 820e9, "acquired": 580e9}
    passes = {source: round(times, 1) for source, times in epochs(TABLE_5, 10e12, unique).items()}
    assert passes == {"web": 1.2, "web_rewrite": 5.2, "synthetic": 13.8, "code": 2.4, "acquired": 1.7}


def test_a_share_of_nothing_is_an_error_that_lists_what_there_is() -> None:
    with pytest.raises(HornbookError, match=r"shares.web: .*sources with text: acquired, code"):
        epochs({"web": 1.0}, 100, {"code": 5, "acquired": 2, "web": 0})
    with pytest.raises(HornbookError, match="no text at all"):
        epochs({"web": 1.0}, 100, {})
    assert epochs({"web": 1.0, "code": 0.0}, 100, {"web": 50}) == {"web": 2.0}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"web": 0.5, "code": 0.4}, r"mixture.*sum to 1, they sum to 0.9"),
        ({"web": 1.5, "code": -0.5}, "not be negative"),
        ({"we/b": 1.0}, "'we/b' cannot name a source"),
        ({"long": 1.0}, "'long' cannot name a source"),
    ],
)
def test_shares_are_checked(shares: dict[str, float], message: str) -> None:
    with pytest.raises(HornbookError, match=message):
        MixtureSettings.parse({"tokens": 10, "shares": shares}, "mixture")


def test_a_source_that_is_to_be_long_must_have_a_share() -> None:
    with pytest.raises(HornbookError, match="long_over: 'books' has no share; shares are of web"):
        MixtureSettings.parse({"tokens": 10, "shares": {"web": 1.0}, "long_over": {"books": 0.5}}, "mixture")
    assert MixtureSettings(tokens=10, shares={"web": 1.0}, long_share=0.3).long_over  # the default asks nothing


def test_unique_tokens_expected_do_not_change_what_is_made() -> None:
    settings = MixtureSettings(tokens=10, declared_unique_tokens={"web": 5})
    assert settings.identity() == MixtureSettings(tokens=10).identity()
