"""vLLM in process as a teacher, against a stand-in with vLLM's own names. Nothing here shows that vLLM itself runs."""

import asyncio
import sys
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings
from hornbook.tokenizer.load_save import save_tokenizer
from tests.inference.fake_vllm import KNOWN
from tests.inference.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
END = TOKENIZER.convert_tokens_to_ids("<|im_end|>")


class FakeEngine:
    """`vllm.AsyncLLMEngine`, as far as we use it: it answers `reply`, as vLLM does in parts."""

    reply = "yes"
    finish = "stop"
    made: Any = None

    def __init__(self, arguments: Any) -> None:
        FakeEngine.made, self.arguments = self, arguments
        self.model_config = types.SimpleNamespace(max_model_len=60)
        self.asked: list[tuple[str, Any]] = []
        self.names: set[str] = set()
        self.closed = False

    @classmethod
    def from_engine_args(cls, arguments: Any) -> "FakeEngine":
        if arguments.model.endswith("too-large"):
            raise ValueError("No available memory\nfor the cache blocks")
        return cls(arguments)

    async def generate(self, prompt: Any, sampling_params: Any, request_id: str) -> AsyncIterator[Any]:
        assert request_id not in self.names
        self.names.add(request_id)
        text = TOKENIZER.decode(prompt["prompt_token_ids"])
        self.asked.append((text, sampling_params))
        if "die" in text:
            raise RuntimeError("EngineDeadError")
        tokens = TOKENIZER.encode(self.reply, add_special_tokens=False)[: sampling_params.max_tokens]
        tokens += [END] if self.finish == "stop" else []
        for size in range(1, len(tokens) + 1):
            await asyncio.sleep(0)
            output = types.SimpleNamespace(
                token_ids=tokens[:size], finish_reason=self.finish if size == len(tokens) else None
            )
            yield types.SimpleNamespace(outputs=[output])

    def shutdown(self) -> None:
        self.closed = True


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    def params(**given: Any) -> types.SimpleNamespace:
        assert given.keys() <= KNOWN.keys()
        return types.SimpleNamespace(**(KNOWN | given))

    fake = types.SimpleNamespace(
        AsyncEngineArgs=types.SimpleNamespace, AsyncLLMEngine=FakeEngine, SamplingParams=params
    )
    monkeypatch.setitem(sys.modules, "vllm", fake)
    monkeypatch.setattr(FakeEngine, "reply", "yes")
    for name in ("model", "too-large"):
        save_tokenizer(TOKENIZER, tmp_path / name)
        (tmp_path / name / "config.json").write_text('{"model_type": "phi3"}')
    return tmp_path / "model"


def ask(model: Path, texts: list[str], *, settings: dict[str, Any] | None = None, **options: Any) -> list[Any]:
    async def run() -> list[Completion | CallFailed]:
        teacher = TeacherSettings(**({"local": str(model), "engine": "vllm", "model": "m"} | (settings or {})))
        async with open_teacher(teacher, model.parent / "ledger") as opened:
            return await map_records(
                texts, lambda text: opened.complete([Message("user", text)], purpose="test", **options)
            )

    return asyncio.run(run())


def test_calls_go_through_the_chat_template_with_their_parameters(model: Path) -> None:
    answers = ask(model, ["one", "two"], temperature=0.3, top_p=0.9, max_tokens=20, stop=["#"])
    assert [(answer.text, answer.finish, answer.completion_tokens) for answer in answers] == [("yes", "stop", 4)] * 2
    engine = FakeEngine.made
    assert engine.arguments.model == str(model) and engine.closed
    (text, params), (_, other) = engine.asked
    assert text == "<|im_start|>user<|im_sep|>one<|im_end|><|im_start|>assistant<|im_sep|>"
    assert (params.temperature, params.top_p, params.max_tokens, params.stop) == (0.3, 0.9, 20, ["#"])
    assert params.seed != other.seed


def test_the_context_limits_answers_and_prompts(model: Path) -> None:
    short, long = ask(model, ["a" * 30, "a" * 80], max_tokens=500)
    room = 60 - len(["user", "assistant"]) - 30  # at least the letters are counted
    assert FakeEngine.made.asked[0][1].max_tokens < room and short.text == "yes"
    assert isinstance(long, CallFailed) and "the context is 60" in str(long)


@pytest.mark.parametrize(
    ("reply", "text", "stop"), [("yes,no", "yes", [","]), ("yes", "yes", []), (" yes ", " yes ", [])]
)
def test_answers_are_cut_at_their_end(
    model: Path, monkeypatch: pytest.MonkeyPatch, reply: str, text: str, stop: list[str]
) -> None:
    monkeypatch.setattr(FakeEngine, "reply", reply)
    assert [answer.text for answer in ask(model, ["q"], stop=stop)] == [text]


def test_completions_are_transcripts(model: Path) -> None:
    ask(model, ["hi"], settings={"api": "completions"})
    text, params = FakeEngine.made.asked[0]
    assert text == "User: hi\n\nAssistant:" and params.stop == ["\nUser:"]


def test_a_reasoning_model_is_not_stopped_within_its_thinking(model: Path) -> None:
    ask(model, ["hi"], settings={"thinking_tokens": 10}, stop=["."], max_tokens=5)
    params = FakeEngine.made.asked[0][1]
    assert (params.stop, params.max_tokens) == ([], 15)


def test_what_fails_is_one_line(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HornbookError, match=r"m: vLLM failed .RuntimeError: EngineDeadError."):
        ask(model, ["die"])
    with pytest.raises(HornbookError, match=r"vLLM cannot load it .ValueError: No available memory for the cache"):
        ask(model.with_name("too-large"), ["hi"])
    with pytest.raises(HornbookError, match=r"no model here"):
        ask(model.with_name("nothing"), ["hi"])
    (model.parent / "x.gguf").write_bytes(b"GGUF")
    with pytest.raises(HornbookError, match=r"vllm runs Hugging Face models; .*x.gguf is a GGUF file"):
        ask(model.with_name("x.gguf"), ["hi"])
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(HornbookError, match=r"teacher.engine: vllm needs the package vllm: pip install vllm"):
        ask(model, ["hi"])
