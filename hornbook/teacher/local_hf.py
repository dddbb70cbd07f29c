"""A Hugging Face model as a teacher, in this process: waiting calls are sampled together."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.thinking import opens_thinking
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.teacher.backend import TeacherAnswer, split_answer
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.ledger import CallRequest, Parameters
from hornbook.teacher.prompt_formats import ending_with_turn, transcript, with_schema
from hornbook.teacher.settings import TeacherSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LONGEST_MARK = 16  # last tokens of a prompt that may open a thinking block
SECONDS_TO_GATHER = 0.02  # after the first call of a batch, for others to join it


class _Waiting(msgspec.Struct):
    request: CallRequest
    tokens: list[int]
    sampling: Sampling  # without the length of the answer
    limit: int  # maximum tokens of the answer
    answer: asyncio.Future


class LocalModel:
    """The inference engine as a teacher's backend. The model is loaded at the first call.

    Waiting calls with the same sampling (temperature, top_p, stop texts) form a batch, of which up to `concurrency` are
    computed at a time. Every call has its own random stream, so its answer depends on its batch only through rounding.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.where = "this machine"
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "teacher")
        self._open = ExitStack()
        self._loaded: tuple[Engine, PreTrainedTokenizerBase] | None = None

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Raises CallFailed when the prompt fills the context, HornbookError when the model cannot be loaded."""
        loop = asyncio.get_running_loop()
        request = request if self.settings.api == "chat" else ending_with_turn(request)
        tokens = await loop.run_in_executor(self._thread, self._tokens, request)
        engine, _ = self._load()
        room = room_for_answer(len(tokens), min(self.settings.context, engine.context))
        limit = min(request.parameters.max_tokens, room)
        waiting = _Waiting(request, tokens, self._sampling(request.parameters), limit, loop.create_future())
        self._waiting.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await waiting.answer

    async def close(self) -> None:
        if self._worker:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._thread.shutdown(wait=True)
        self._open.close()
        self._loaded = None

    async def _work(self) -> None:
        """Answer batches until no call waits; each batch has the calls with the sampling of the first one."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(SECONDS_TO_GATHER)
            first = self._waiting[0].sampling
            batch = [waiting for waiting in self._waiting if waiting.sampling == first]
            self._waiting = [waiting for waiting in self._waiting if waiting.sampling != first]
            try:
                answers = await loop.run_in_executor(self._thread, self._sample, batch)
            except Exception as error:
                reason = str(error) if isinstance(error, HornbookError) else one_line(error)
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(HornbookError(f"{self.settings.name}: {reason}"))
                continue
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    def _load(self) -> "tuple[Engine, PreTrainedTokenizerBase]":
        """The engine and its model's tokenizer; loaded once, in the thread."""
        if self._loaded is None:
            import torch

            from hornbook.inference.open_engine import open_engine
            from hornbook.tokenizer.load_save import load_tokenizer

            if self.settings.threads:
                torch.set_num_threads(self.settings.threads)
            local, backend = self.settings.local, BackendSettings(cache_gb=self.settings.cache_gb)
            try:
                tokenizer = load_tokenizer(local)
                opened = open_engine(backend, local, tokenizer, batch_size=self.settings.concurrency)
                self._loaded = self._open.enter_context(opened), tokenizer
            except HornbookError as error:
                raise HornbookError(
                    f"teacher.local: {local}: cannot be loaded as a Hugging Face model ({error})"
                ) from None
        return self._loaded

    def _tokens(self, request: CallRequest) -> list[int]:
        return prompt_tokens(self.settings, self._load()[1], request)

    def _sampling(self, parameters: Parameters) -> Sampling:
        """No top-p at temperature 0."""
        top_p = parameters.top_p if parameters.temperature else 1.0
        stop = sampling_stops(self.settings, parameters)
        return Sampling(temperature=parameters.temperature, top_p=top_p, stop=stop)

    def _sample(self, batch: list[_Waiting]) -> list[TeacherAnswer]:
        engine, tokenizer = self._load()
        longest = max(waiting.limit for waiting in batch)
        rollouts = engine.sample(
            [Request(waiting.tokens, _stream(waiting.request), waiting.limit) for waiting in batch],
            batch[0].sampling.model_copy(update={"max_new_tokens": longest}),
        )
        chat = self.settings.api == "chat"
        return [
            read_answer(waiting.request, waiting.tokens, rollout.tokens, rollout.finish, tokenizer, chat=chat)
            for waiting, rollout in zip(batch, rollouts, strict=True)
        ]


def _stream(request: CallRequest) -> str:
    """The key of a call's random numbers, different after an empty answer."""
    return f"{request.key}/{request.attempt}" if request.attempt else request.key


def prompt_tokens(settings: TeacherSettings, tokenizer: "PreTrainedTokenizerBase", request: CallRequest) -> list[int]:
    """The prompt by the model's chat template, or as a transcript. Raises HornbookError for a model without one."""
    from hornbook.tokenizer.chat import encode_plain, encode_prompt

    schema = request.parameters.schema
    messages = with_schema(request.messages, schema) if schema else request.messages  # nothing holds the model to it
    if settings.api == "completions":
        return encode_plain(tokenizer, transcript(messages))
    if not tokenizer.chat_template:
        raise HornbookError(
            f"teacher.local: {settings.local} has no chat template; a base model needs api: completions"
        )
    return encode_prompt(tokenizer, messages)


def room_for_answer(prompt: int, context: int) -> int:
    """Tokens that the context has left for an answer. Raises CallFailed if there are none."""
    if prompt >= context:
        raise CallFailed(f"the prompt has {prompt} tokens, the context is {context}")
    return context - prompt


def sampling_stops(settings: TeacherSettings, parameters: Parameters) -> list[str]:
    """No stop texts for reasoning models, whose thinking they would end."""
    return [] if settings.thinking_tokens else parameters.stop


def read_answer(
    request: CallRequest,
    prompt: list[int],
    tokens: list[int],
    finish: str,
    tokenizer: "PreTrainedTokenizerBase",
    *,
    chat: bool,
) -> TeacherAnswer:
    """The text, cut at its end token or stop text, and the thinking before it."""
    stops = request.parameters.stop
    text = tokenizer.decode(tokens, skip_special_tokens=True)
    stopped = any(stop in text for stop in stops if stop)
    if finish == "stop" and not stopped:
        text = tokenizer.decode(tokens[:-1], skip_special_tokens=True)
    opened = opens_thinking(tokenizer.decode(prompt[-LONGEST_MARK:]))
    answer = TeacherAnswer(
        text=f"<think>{text}" if opened else text,
        finish=finish,
        prompt_tokens=len(prompt),
        completion_tokens=len(tokens),
    )
    answer = split_answer(answer, stops)
    return answer if chat else msgspec.structs.replace(answer, text=answer.text.strip())
