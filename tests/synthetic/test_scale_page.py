"""docs/scale.md: its arithmetic is run, and what the page says it prints is what it prints."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/scale.md"


def printed() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, str(PAGE), "exec"), {})
    return out.getvalue()


def test_the_page_shows_what_its_arithmetic_gives():
    assert f"```\n{printed()}```" in PAGE.read_text()
