"""HORNBOOK_DTYPE says what "auto" means, and nothing else."""

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.precision import VARIABLE, resolve_precision


@pytest.mark.parametrize(
    ("variable", "name", "expected"),
    [
        (None, "auto", "auto"),
        ("", "auto", "auto"),
        ("auto", "auto", "auto"),
        ("float32", "auto", "float32"),
        (" bfloat16 ", "auto", "bfloat16"),
        (None, "bfloat16", "bfloat16"),
        ("bfloat16", "float32", "float32"),
        ("float32", "bfloat16", "bfloat16"),
    ],
)
def test_the_variable_stands_for_auto_alone(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, name: str, expected: str
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(VARIABLE, variable)
    assert resolve_precision(name) == expected


@pytest.mark.parametrize("wrong", ["bf16", "Float32", "float16", "1", "float32,bfloat16"])
@pytest.mark.parametrize("name", ["auto", "float32"])
def test_another_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, wrong: str, name: str
) -> None:
    monkeypatch.setenv(VARIABLE, wrong)
    with pytest.raises(HornbookError, match=f"^{VARIABLE}: float32, bfloat16 or auto expected, got '{wrong}'$"):
        resolve_precision(name)
