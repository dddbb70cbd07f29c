"""The search does not know what samples for it: the settings say."""

from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.inference.backend import BackendSettings
from hornbook.inference.choose import open_engine
from hornbook.inference.engine import TorchEngine
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.server import ServerEngine
from hornbook.inference.settings import Sampling
from hornbook.model.files import save_model
from tests.inference.fake_server import FakeServer
from tests.inference.tiny import tiny_model, tiny_tokenizer


def test_torch_loads_the_model_and_samples_from_it(tmp_path: Path) -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    save_model(model, tokenizer, tmp_path / "model")
    requests = [Request([5, 6], f"{number}") for number in range(4)]
    direct = TorchEngine(model, tokenizer, seed=3, batch_size=16)
    settings = BackendSettings(cache_gb=0.5)
    with open_engine(settings, tmp_path / "model", tokenizer, seed=3, batch_size=16) as engine:
        assert isinstance(engine, TorchEngine) and engine.cache_bytes == 5 * 10**8
        assert engine.sample(requests, Sampling(max_new_tokens=8)) == direct.sample(
            requests, Sampling(max_new_tokens=8)
        )
        assert (engine.room, engine.fingerprint) == (direct.room, direct.fingerprint)


def test_a_server_is_closed_afterwards_and_the_model_is_not_loaded_here() -> None:
    with FakeServer("llama") as server:
        settings = BackendSettings(backend="server", url=server.url)
        with open_engine(settings, "not/here", tiny_tokenizer()) as engine:
            assert isinstance(engine, ServerEngine)
            assert len(engine.sample([Request([5], "k", limit=2)], Sampling())) == 1
        assert engine._remote._session is not None and engine._remote._session.closed


def test_a_missing_package_names_the_extra() -> None:
    with (
        pytest.raises(HornbookError, match=r"pip install 'hornbook\[vllm\]'"),
        open_engine(BackendSettings(backend="vllm"), "not/here", tiny_tokenizer()),
    ):
        pass


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backend": "server"}, "goes with url"),
        ({"url": "http://localhost:1"}, "goes with url"),
        ({"backend": "server", "url": "localhost:8000"}, "must start with http"),
        ({"backend": "tensorrt"}, "torch"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(values: dict[str, str], message: str) -> None:
    with pytest.raises(HornbookError, match=message) as error:
        BackendSettings.parse(values, "backend")
    assert "\n" not in str(error.value)


def test_where_the_server_is_changes_no_key_but_what_computes_does() -> None:
    here = BackendSettings(backend="server", url="http://here:1")
    there = BackendSettings(backend="server", url="http://there:2", concurrency=3)
    assert here.identity() == there.identity() != BackendSettings().identity()


def engines(torch: TorchEngine, server: ServerEngine) -> list[Engine]:
    return [torch, server]  # for the type checker: both are Engines
