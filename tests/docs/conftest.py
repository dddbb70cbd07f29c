"""The folder in which the pages' commands run: furnished once, a copy for each command."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.docs.workshop import furnish
from tests.oracles.test_llm_judge import serving
from tests.teacher.mock_server import default_answer

torch.set_num_threads(1)  # these models are so small that a second thread only waits


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("workshop")
    with serving(default_answer) as teacher:
        with pytest.MonkeyPatch.context() as patch:
            furnish(folder, patch, teacher.url)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def workshop(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, which is the current folder."""
    folder = shutil.copytree(furnished, tmp_path / "workshop")
    monkeypatch.chdir(folder)
    return folder
