"""The page of a run that is going on: what is done, what comes next, and for nobody but this machine."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.recipe.artifacts import ArtifactStore
from hornbook.recipe.live_page import live_page
from hornbook.recipe.recipe import Recipe, load_recipe
from hornbook.recipe.run import run_recipe

RECIPE = "name: tiny\nseed: 1\nstages:\n  facts: {kind: trivia, facts: 20}\n  more: {kind: trivia, facts: 30}\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return load_recipe(tmp_path / "tiny.yaml")


def read(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return str(answer.read().decode())


def test_the_page_fills_while_the_run_goes_on(recipe: Recipe, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.yaml").write_text(RECIPE)
    with live_page(recipe, ArtifactStore(run), 0) as url:
        before = read(url)
        assert "0 of 2 stages are done, <b>facts</b> is next" in before and 'http-equiv="refresh"' in before
        run_recipe(recipe, run)
        after = read(url)
        assert "stages are done" not in after and 'http-equiv="refresh"' not in after
        assert after == (run / "report.html").read_text()
    with pytest.raises(urllib.error.URLError):
        read(url)


def test_a_run_may_be_watched(recipe: Recipe, tmp_path: Path) -> None:
    assert run_recipe(recipe, tmp_path / "run", watch=0).exists()


def test_only_loopback_names_are_answered(recipe: Recipe, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run")
    with live_page(recipe, ArtifactStore(tmp_path / "run"), 0) as url:
        for address, headers in ((url, {"Host": "evil.example:80"}), (f"{url}etc", {})):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                read(address, **headers)
        port = int(url.rstrip("/").rpartition(":")[2])
        with (
            pytest.raises(HornbookError, match=f"--watch: port {port} .*choose another"),
            live_page(recipe, ArtifactStore(tmp_path / "run"), port),
        ):
            pass
