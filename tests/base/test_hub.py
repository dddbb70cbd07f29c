"""A hub name without a network: from the cache, or one line within seconds that says how to get the model."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from hornbook.base import hub
from hornbook.base.errors import HornbookError
from hornbook.model.load_save import read_model, save_model
from hornbook.tokenizer.load_save import load_tokenizer
from tests.inference.tiny import tiny_model, tiny_tokenizer

NAME = "someone/some-model"
SECONDS = 12  # a name is asked for once, for 5 seconds; the rest is for a busy machine


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(params=["closed", "black hole", "black hole with TLS", "offline by setting", "a proxy that is gone"])
def no_network(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub out of reach, each way, with an empty cache, which is returned."""
    hub._ask.cache_clear()
    cache = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", request.param == "offline by setting")
    address = request.getfixturevalue("black_hole" if "hole" in request.param else "closed")
    endpoint = f"{'https' if 'TLS' in request.param else 'http'}://{address}"
    if "proxy" in request.param:
        monkeypatch.setenv("HTTP_PROXY", endpoint)
        endpoint = "http://hub.example"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    return cache


def test_what_is_not_here_is_one_line_within_seconds(no_network: Path) -> None:
    began = time.monotonic()
    for load in (load_tokenizer, lambda name: read_model(name, "auto")):
        with pytest.raises(HornbookError) as error:
            load(NAME)
        said = str(error.value)
        assert said.startswith(f"{NAME}: not on this machine") and "\n" not in said
        assert f"hf download {NAME} --local-dir FOLDER" in said
    assert time.monotonic() - began < SECONDS


def test_what_is_in_the_cache_is_read_from_there(no_network: Path) -> None:
    folder = no_network / f"models--{NAME.replace('/', '--')}"
    save_model(tiny_model(), tiny_tokenizer(), folder / "snapshots" / "abc")
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("abc")
    began = time.monotonic()
    assert len(load_tokenizer(NAME)) == len(tiny_tokenizer())
    assert read_model(NAME, "auto").num_parameters() == tiny_model().num_parameters()
    assert time.monotonic() - began < SECONDS


def test_folders_are_read_without_asking_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_ask", lambda url: pytest.fail("asked"))
    save_model(tiny_model(), tiny_tokenizer(), tmp_path / "owner" / "model")
    monkeypatch.chdir(tmp_path)
    assert load_tokenizer("owner/model") and read_model("owner/model", "auto")


@pytest.mark.slow
def test_the_command_says_so(tmp_path: Path, black_hole: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    environment |= {"HF_ENDPOINT": f"http://{black_hole}", "HF_HOME": str(tmp_path / "home")}
    (tmp_path / "q.jsonl").write_text('{"question": "What is 2 + 3?", "answer": "5"}\n')
    command = ["pts", NAME, "--questions", "q.jsonl", "--oracle", "number", "--out", "out"]
    done = subprocess.run(
        [sys.executable, "-m", "hornbook", *command],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 2 and "not on this machine" in done.stderr and done.stderr.count("\n") == 1
