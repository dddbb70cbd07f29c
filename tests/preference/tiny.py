"""A tiny random Phi-3 model with a byte-level tokenizer, an engine that says what a test wants, and a fake teacher."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import torch
from transformers import Phi3Config, Phi3ForCausalLM, PreTrainedTokenizerBase

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import digest
from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.settings import Sampling
from hornbook.model.load_save import save_model
from hornbook.teacher.client import Completion
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.settings import TeacherSettings
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe
from tests.inference.tiny import tiny_shape


def save_tiny_model(folder: Path, context: int = 256, seed: int = 0) -> Path:
    """Write `folder/model`, 20 thousand random parameters, and return `folder`."""
    torch.manual_seed(seed)
    tokenizer = as_fast_tokenizer(
        train_bpe(TokenizerSettings(vocab_size=320), ["Question: What is 2 + 2?\nSolution: I do not know."])
    )
    config = Phi3Config(
        vocab_size=len(tokenizer),
        **tiny_shape(16, 32, layers=1, heads=2),
        max_position_embeddings=context,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    folder.mkdir(parents=True, exist_ok=True)
    save_model(Phi3ForCausalLM(config), tokenizer, folder / "model")
    return folder


class ScriptedEngine:
    """Says `script(question id, sample)`; a text that ends in "…" is cut off there, without an end token."""

    context = 4096
    fingerprint = "scripted"

    def __init__(self, script: Callable[[str, int], str], tokenizer: PreTrainedTokenizerBase) -> None:
        self.script, self.tokenizer = script, tokenizer

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        return [self._say(request.key) for request in requests]

    def _say(self, key: str) -> Rollout:
        question, _, sample = key.rpartition("/")
        text = self.script(question, int(sample))
        cut_off = text.endswith("…")
        tokens = self.tokenizer.encode(text.rstrip("…"))
        end = [] if cut_off else [self.tokenizer.convert_tokens_to_ids("<|im_end|>")]
        tokens = tokens + end
        return Rollout(tokens, [0.0] * len(tokens), "length" if cut_off else "stop")

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        return [[-1.0] * len(continuation) for continuation in continuations]


def scripted(script: Callable[[str, int], str]) -> Callable[..., object]:
    """Stands in for `open_engine`."""

    @contextmanager
    def open_engine(
        settings: object, model: object, tokenizer: PreTrainedTokenizerBase, **options: object
    ) -> Iterator[ScriptedEngine]:
        yield ScriptedEngine(script, tokenizer)

    return open_engine


class FakeTeacher:
    """Answers by `say(purpose, text of the last message)`; None refuses the call. Remembers what it was asked."""

    settings = TeacherSettings(url="http://localhost", model="fake")

    def __init__(self, say: Callable[[str, str], str | None]) -> None:
        self.say = say
        self.calls_used: set[str] = set()

    async def complete(
        self,
        messages: list[Message],
        *,
        purpose: str,
        sample: int = 0,
        temperature: float = 0.7,
        top_p: float = 1.0,
        max_tokens: int = 256,
        stop: Sequence[str] = (),
    ) -> Completion:
        text = self.say(purpose, messages[-1].content)
        if text is None:
            raise CallFailed("refused")
        key = digest([[(m.role, m.content) for m in messages], sample, temperature, max_tokens])
        self.calls_used.add(key)
        return Completion(key, text, "stop", 0, 0)

    def require_answers(self) -> None:
        """Nothing is lost for good here."""

    def losses(self) -> dict[str, int]:
        return {}


def opener(teacher: FakeTeacher) -> Callable[..., object]:
    """Stands in for `open_teacher`."""

    @asynccontextmanager
    async def open_teacher(settings: object, ledger: Path) -> AsyncIterator[FakeTeacher]:
        yield teacher

    return open_teacher


def trivia(prompt: str, answer: str = "", solution: str = "") -> Question:
    name = make_id("question", prompt)
    return Question(id=name, task="trivia", prompt=prompt, answer=answer, oracle="trivia", solution=solution)


def sum_question(a: int, b: int) -> Question:
    prompt = f"What is {a} + {b}?"
    return Question(id=make_id("question", prompt), task="sums", prompt=prompt, answer=str(a + b), oracle="number")
