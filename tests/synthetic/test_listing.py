"""`hornbook synth --list`: what a user needs to choose, for all kinds, a family, or one."""

import re
from pathlib import Path

import pytest

from hornbook.cli.main import main
from hornbook.synthetic.catalogue import markdown
from hornbook.synthetic.kinds import FAMILIES
from hornbook.synthetic.measured_yields import Measured, measured


@pytest.fixture
def shown(capsys, monkeypatch):
    """shown(NAME …) → (exit code, what was printed)"""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["hornbook", "synth", "--list", *words])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        return code, capsys.readouterr()

    return run


def test_every_kind_is_listed_with_what_it_asks_checks_and_yielded(shown, monkeypatch):
    row = Measured(seeds=8, made=5, kept=4, calls=31, tokens=900, teacher="pocket")
    monkeypatch.setattr("hornbook.synthetic.catalogue.measured", lambda: {"textbook": row})
    code, printed = shown()
    assert code == 0 and printed.out.startswith(f"{len(FAMILIES)} kinds.")
    assert all(f"  {name}: " in printed.out for name in FAMILIES)
    assert (
        printed.out.count("seeds: ") == printed.out.count("checks: ") == printed.out.count("yield: ") == len(FAMILIES)
    )
    textbook = printed.out.split("  textbook: ")[1].split("\n\n")[0]
    assert "4 kept of 8 seeds, 31 calls (pocket)" in " ".join(textbook.split())
    assert all(
        re.search(r"\n    a record: about [\d.]+ calls, [\d,]+ tokens in and [\d,]+ out; at most \d+ calls", part)
        for part in printed.out.split("\n\n")
        if "seeds: " in part
    )
    assert max(map(len, printed.out.splitlines())) <= 110


@pytest.mark.parametrize(("name", "kinds"), [("web", {"textbook", "faq"}), ("textbook", {"textbook"})])
def test_a_family_or_a_kind_alone(shown, name, kinds):
    code, printed = shown(name)
    assert code == 0 and "  plurality: " not in printed.out
    assert all(f"  {kind}: " in printed.out for kind in kinds)


def test_kinds_is_the_name_of_them_all(shown):
    assert shown("kinds")[1].out == shown()[1].out


def test_a_wrong_name_is_one_line(shown):
    code, printed = shown("textbok")
    assert code == 2 and "did you mean 'textbook'" in printed.err and "Traceback" not in printed.err


def test_measured_yields_are_of_kinds_that_there_are():
    assert set(measured()) <= set(FAMILIES)
    assert all(0 <= row.kept <= row.made and row.seeds > 0 for row in measured().values())


def test_the_page_of_kinds_is_the_catalogue():
    page = (Path(__file__).parents[2] / "docs/kinds.md").read_text()
    assert "\n".join(markdown()) in page, "python -m hornbook.synthetic.catalogue prints the table anew"
