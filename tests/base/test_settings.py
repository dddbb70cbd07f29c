"""Settings: strict, typed, with errors that help; only what matters enters the key."""

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.settings import Settings, digest, setting


class Inner(Settings):
    rate: float = setting(0.1, "a rate", gt=0)


class Outer(Settings):
    size: int = setting(1, "a size", ge=1)
    address: str = setting("here", "where it runs", in_key=False)
    inner: Inner = setting(help="inner settings", default_factory=Inner)


def test_an_unknown_key_names_the_nearest_one():
    with pytest.raises(HornbookError, match=r"stages\.x\.inner\.rat: unknown key \(did you mean 'rate'\?\)"):
        Outer.parse({"inner": {"rat": 1}}, "stages.x")


def test_a_wrong_type_names_the_key_and_what_was_given():
    with pytest.raises(HornbookError, match=r"where\.size: .*integer.*got 'many'"):
        Outer.parse({"size": "many"}, "where")


def test_a_limit_is_kept():
    with pytest.raises(HornbookError, match="greater than 0"):
        Outer.parse({"inner": {"rate": 0}}, "where")


def test_the_identity_leaves_out_what_cannot_change_the_output():
    here, there = Outer(address="here"), Outer(address="there")
    assert digest(here.identity()) == digest(there.identity())
    assert digest(here.identity()) != digest(Outer(size=2).identity())
    assert here.identity() == {"size": 1, "inner": {"rate": 0.1}}
