"""Every command in README and docs runs, at small size, or is listed with the reason why it is only parsed."""

import asyncio
from pathlib import Path

import pytest

from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.run import run_recipe
from tests.docs.pages import ROOT, Command, blocks, commands, is_shell
from tests.docs.running import is_name, parse, replaced, run
from tests.docs.tables import CODE, PARSED, SHOWN, SLOW

IN_SNIPPETS = {"python", "yaml"}  # see test_snippets.py
ALL = list(commands())


def distinct() -> list[Command]:
    """Each command once: those that are the same after replacement, such as the lineages of examples, are one."""
    found = {replaced(command.text, "SAMPLE"): command for command in reversed(ALL) if not is_name(command.text)}
    return list(reversed(found.values()))


def cases(parsed: bool) -> list[object]:
    chosen = [command for command in distinct() if command.text.startswith(tuple(PARSED)) == parsed]
    slow = [pytest.mark.slow]
    return [
        pytest.param(command.text, id=f"{command.page}:{command.line} {command.text[:60]}",
                     marks=slow if command.text.startswith(tuple(SLOW)) else [])
        for command in chosen
    ]  # fmt: skip


@pytest.mark.parametrize("text", cases(parsed=False))
def test_a_command_of_the_pages_runs(text: str, workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(text, workshop, monkeypatch)


@pytest.mark.slow
def test_all_stages_run_in_a_notebook(workshop: Path) -> None:
    """The Python API, where an event loop is running already."""

    async def cell() -> None:
        run_recipe(load_recipe(workshop / "recipes/pocket.yaml"), workshop / "runs/notebook")

    asyncio.run(cell())
    assert (workshop / "runs/notebook/report.html").exists()


@pytest.mark.parametrize("text", cases(parsed=True))
def test_a_command_that_is_not_run_is_read_by_its_program(
    text: str, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse(text, workshop, monkeypatch)


def test_make_demo_is_the_recipe_that_is_run_at_small_size() -> None:
    assert "\ndemo: setup\n\t$(BIN)/hornbook run recipes/pocket.yaml\n" in (ROOT / "Makefile").read_text()


def test_what_is_listed_stands_in_the_pages() -> None:
    texts = {command.text for command in ALL}
    assert [begin for begin in [*PARSED, *SLOW] if not any(text.startswith(begin) for text in texts)] == []
    firsts = {(block.page, block.first) for block in blocks()}
    shown = {
        (page, begin) for page, begin in SHOWN if any(page == p and first.startswith(begin) for p, first in firsts)
    }
    assert shown == set(SHOWN)


def test_every_block_is_commands_code_or_listed() -> None:
    unknown = [
        (block.page, block.line, block.first)
        for block in blocks()
        if not is_shell(block)
        and block.language not in IN_SNIPPETS
        and not any(block.page == page and block.first.startswith(begin) for page, begin in [*SHOWN, *CODE])
    ]
    assert unknown == []
