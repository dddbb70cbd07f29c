"""docs/scale.md: its arithmetic is run, and what the page says it prints is what it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/scale.md"


BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def printed(code: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, str(PAGE), "exec"), {})
    return out.getvalue()


@pytest.mark.parametrize("code", BLOCKS, ids=["synthetic", "web"])
def test_the_page_shows_what_its_arithmetic_gives(code: str) -> None:
    assert f"```\n{printed(code)}```" in PAGE.read_text()
