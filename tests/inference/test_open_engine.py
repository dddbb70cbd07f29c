"""The search does not know what samples for it: the settings say."""

import sys
import weakref
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from hornbook.base.errors import HornbookError
from hornbook.base.precision import VARIABLE, Precision
from hornbook.inference.open_engine import open_engine
from hornbook.inference.remote_engine import ServerEngine
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.sampling import read_defaults
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.inference.torch_engine import TorchEngine
from hornbook.inference.vllm_engine import VllmEngine
from hornbook.model.load_save import load_model, save_model
from hornbook.tokenizer.chat import stop_ids
from hornbook.tokenizer.end_tokens import end_ids
from tests.inference.fake_server import FakeServer
from tests.inference.fake_vllm import fake_vllm
from tests.inference.tiny import tiny_model, tiny_tokenizer


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_torch_loads_the_model_and_samples_from_it(tmp_path: Path, precision: Precision) -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    save_model(model, tokenizer, tmp_path / "model")
    requests = [Request([5, 6], f"{number}") for number in range(4)]
    direct = TorchEngine(load_model(tmp_path / "model", precision), tokenizer, seed=3, batch_size=16)
    settings = BackendSettings(cache_gb=0.5, dtype=precision)
    with open_engine(settings, tmp_path / "model", tokenizer, seed=3, batch_size=16) as engine:
        assert isinstance(engine, TorchEngine) and engine.cache_bytes == 5 * 10**8
        assert engine.sample(requests, Sampling(max_new_tokens=8)) == direct.sample(
            requests, Sampling(max_new_tokens=8)
        )
        assert (engine.context, engine.fingerprint) == (direct.context, direct.fingerprint)


@pytest.mark.parametrize("variable", ["float32", "bfloat16"])
@pytest.mark.parametrize("setting", ["auto", "float32", "bfloat16"])
def test_the_precision_is_that_of_the_setting_and_auto_that_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, setting: Precision
) -> None:
    monkeypatch.setenv(VARIABLE, variable)
    save_model(tiny_model(), tiny_tokenizer(), tmp_path / "model")
    with open_engine(BackendSettings(dtype=setting), tmp_path / "model", tiny_tokenizer()) as engine:
        assert isinstance(engine, TorchEngine)
        assert str(engine.model.dtype) == f"torch.{variable if setting == 'auto' else setting}"


def test_auto_is_bfloat16_on_a_processor_that_is_fast_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    save_model(tiny_model(), tiny_tokenizer(), tmp_path / "model")
    with open_engine(BackendSettings(), tmp_path / "model", tiny_tokenizer()) as engine:
        assert isinstance(engine, TorchEngine) and engine.model.dtype == torch.bfloat16
        half = engine.fingerprint
    with open_engine(BackendSettings(dtype="float32"), tmp_path / "model", tiny_tokenizer()) as engine:
        assert engine.fingerprint != half  # a journal of rollouts in one precision is not gone on with in another


def test_a_server_is_closed_afterwards_and_the_model_is_not_loaded_here() -> None:
    with FakeServer("llama") as server:
        settings = BackendSettings(backend="server", url=server.url)
        with open_engine(settings, "not/here", tiny_tokenizer()) as engine:
            assert isinstance(engine, ServerEngine)
            assert len(engine.sample([Request([5], "k", limit=2)], Sampling())) == 1
        assert engine._remote._client._session is not None and engine._remote._client._session.closed


def test_vllm_gives_the_gpu_back_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", fake_vllm())
    (tmp_path / "config.json").write_text("{}")
    with open_engine(BackendSettings(backend="vllm"), tmp_path, tiny_tokenizer()) as engine:
        assert isinstance(engine, VllmEngine)
        model = weakref.ref(engine._llm)
        assert model() is not None
    assert model() is None  # though the engine is still there


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with (
        pytest.raises(HornbookError, match=r"pip install vllm"),
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
        ({"backend": "server", "url": "http://localhost:1", "dtype": "float32"}, "dtype goes with"),
        ({"dtype": "float16"}, "'auto', 'float32' or 'bfloat16'"),
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
    assert BackendSettings(dtype="bfloat16").identity() != BackendSettings().identity()


@pytest.mark.parametrize("kind", ["torch", "llama", "vllm server", "vllm"])
def test_a_completion_ends_where_the_models_own_defaults_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Some models end their turn on what begins the next one, which only generation_config.json says."""
    model, tokenizer, own_end = tmp_path / "model", tiny_tokenizer(), 9
    save_model(tiny_model(), tokenizer, model)
    (model / "generation_config.json").write_text(f'{{"eos_token_id": [3, {own_end}]}}')
    monkeypatch.setitem(sys.modules, "vllm", fake_vllm())
    requests = [Request([5, 6], f"{number}") for number in range(200)]
    with ExitStack() as stack:
        settings = BackendSettings() if kind == "torch" else BackendSettings(backend="vllm")
        if kind in ("llama", "vllm server"):
            server = stack.enter_context(FakeServer(kind.removesuffix(" server")))
            settings = BackendSettings(backend="server", url=server.url)
        engine = stack.enter_context(open_engine(settings, model, tokenizer))
        rollouts = engine.sample(requests, Sampling(max_new_tokens=20))
    assert {own_end} <= {rollout.tokens[-1] for rollout in rollouts if rollout.finish == "stop"} <= {0, 3, own_end}
    assert all(own_end not in rollout.tokens[:-1] for rollout in rollouts)


def test_an_end_that_transformers_guessed_is_none(tmp_path: Path) -> None:
    tiny_model(eos_token_id=9).save_pretrained(tmp_path)
    tokenizer = tiny_tokenizer()
    assert end_ids(tokenizer, read_defaults(tmp_path)) == [0, 3] == stop_ids(tokenizer)
    assert read_defaults(tmp_path / "nowhere") is None


def engines(torch: TorchEngine, server: ServerEngine, vllm: VllmEngine) -> list[Engine]:
    return [torch, server, vllm]  # for the type checker: all are Engines
