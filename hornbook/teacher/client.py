"""The teacher as workflows see it: ask, and get an answer that was paid for once."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
from rich.markup import escape

from hornbook.base.errors import HornbookError
from hornbook.base.http import Retry, TryAgain
from hornbook.base.progress import console
from hornbook.base.records import Message
from hornbook.base.workspace import FAILED_CALLS
from hornbook.teacher.accounting import Bank, LocalBank, OpenBank
from hornbook.teacher.backend import Answer, Backend
from hornbook.teacher.budget import Reservation
from hornbook.teacher.concurrency import Limit, Places
from hornbook.teacher.errors import BudgetError, CallFailed, TeacherError, nothing_answered
from hornbook.teacher.ledger import Ask, Call, Parameters, call_key
from hornbook.teacher.settings import TeacherSettings

IN_VAIN = 3  # calls in a row that get no answer: the teacher is out of reach, the calls are not to blame
ALL_ALIKE = 32  # calls that fail for one reason, and none is answered: so will the others
TOO_LONG_AGAIN = 1  # tries after an answer without text that was too long: another is seldom shorter, and is paid
TRIES_UNTOLD = 3  # of a call, while no call has been answered
LONG_SILENCE = 5.0  # seconds; a longer one is told
MOST_IN_BATCHES = 1 << 30
AGAIN = "run the same command again to continue: nothing that was answered is asked again"


class Completion(msgspec.Struct):
    """An answer. `key` names the call in the ledger (put it into a record's `calls`); `finish` is stop or length.

    `thinking` is what a reasoning model thought before it, where `keep_thinking` asks for it; else it is in the
    ledger alone.
    """

    key: str
    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""


class Teacher:
    """Asks one model, through a bank: the ledger and the budget.

    Attributes:
        model: the name under which the ledger knows the model.
        calls_used: keys of all calls whose answers were used, from the ledger or fresh. The same after a resume.
        calls_made: how many of them were fresh.
        prompt_tokens, completion_tokens: of all calls used.
    """

    def __init__(self, settings: TeacherSettings, model: str, backend: Backend, bank: Bank) -> None:
        self.settings, self.model, self.backend, self.bank = settings, model, backend, bank
        self.calls_used: set[str] = set()
        self.calls_made = self.prompt_tokens = self.completion_tokens = 0
        self._under_way: dict[str, asyncio.Task[Call]] = {}
        # A call keeps its lane while it pauses: a server in trouble is not shown ever new calls.
        # Calls that go into a batch are not in flight, so any number may wait.
        most = MOST_IN_BATCHES if settings.batch else settings.concurrency
        self._lanes = asyncio.Semaphore(most)
        self._places = Places(Limit(most))
        self._retry = Retry(settings.retries, settings.backoff, self._places.silence)
        self._in_vain = 0  # calls given up since the last answer
        self._failures: Counter[str] = Counter()  # calls that failed, by reason
        self._quiet_until = 0.0  # as told
        self._told_of_trouble = False
        self._broken: HornbookError | None = None

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        purpose: str,
        sample: int = 0,
        temperature: float = 0.7,
        top_p: float = 1.0,
        max_tokens: int = 256,
        stop: Sequence[str] = (),
        schema: str = "",
    ) -> Completion:
        """The model's answer to `messages`, never empty. Another `sample` number is another, independent answer.

        The call is known by model, messages, parameters and sample; `purpose` is for people who read the ledger.
        Raises CallFailed when this one call gets no answer, TeacherError when no call will.
        """
        messages, longest = list(messages), max_tokens + self.settings.thinking_tokens
        extra = msgspec.json.encode(self.settings.extra_body, order="sorted").decode() * bool(self.settings.extra_body)
        parameters = Parameters(temperature, top_p, longest, list(stop), schema, extra)
        try:
            key = call_key(self.model, messages, parameters, sample)
        except UnicodeEncodeError:
            raise CallFailed("the prompt is not valid Unicode (half of a surrogate pair)") from None
        call = await self.bank.find(key)
        if call is None:
            call = await self._shared(
                Ask(key=key, model=self.model, purpose=purpose, messages=messages, parameters=parameters, sample=sample)
            )
        if key not in self.calls_used:
            self.calls_used.add(key)
            self.prompt_tokens += call.prompt_tokens
            self.completion_tokens += call.completion_tokens
        thinking = call.thinking if self.settings.keep_thinking else ""
        return Completion(key, call.text, call.finish, call.prompt_tokens, call.completion_tokens, thinking)

    def require_answers(self) -> None:
        """At the end of a stage: raises TeacherError, with the endpoint's own words, where every call has failed."""
        if self._failures and not self.calls_used and not self._retry.answered:
            raise nothing_answered(f"teacher {self.model} at {self.backend.where}", self._failures)

    def losses(self) -> dict[str, int]:
        """The count of calls that failed, for a stage's books, if there are any: the stage may go on with them."""
        return {FAILED_CALLS: self._failures.total()} if self._failures else {}

    async def _shared(self, ask: Ask) -> Call:
        """Equal calls under way at the same time are one call. Nobody who gives up waiting takes it from the others."""
        task = self._under_way.get(ask.key)
        if task is None:
            task = self._under_way[ask.key] = asyncio.create_task(self._fresh(ask))
            task.add_done_callback(lambda done: self._landed(ask.key, done))
        return await asyncio.shield(task)

    def _landed(self, key: str, task: asyncio.Task[Call]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # marked as seen, should nobody be waiting any more

    async def _fresh(self, ask: Ask) -> Call:
        async with self._lanes:
            try:
                return await self._counted(ask)
            except HornbookError as error:
                self._broken = self._broken or error
                raise

    async def _counted(self, ask: Ask) -> Call:
        """Raises TeacherError in place of CallFailed where so many calls have failed alike that all others will."""
        try:
            return await self._until_answered(ask)
        except CallFailed as failure:
            self._failures[str(failure)] += 1
            if self._failures.total() >= ALL_ALIKE and len({_kind_of(reason) for reason in self._failures}) == 1:
                self.require_answers()
            raise

    async def _until_answered(self, ask: Ask) -> Call:
        while True:
            try:
                return await self._retry.until_answered(
                    partial(self._attempt, ask), ask.key, self._give_up, self._report_trouble
                )
            except Empty as trouble:
                ask = msgspec.structs.replace(ask, attempt=ask.attempt + 1)
                if ask.attempt > self._patience(ask, trouble):
                    raise CallFailed(f"no text in {ask.attempt} answers: {trouble}") from None

    def _give_up(self, trouble: TryAgain, tries: int, others_answered: bool) -> Exception:
        if not self._out_of_reach(trouble, others_answered):
            return CallFailed(f"no answer after {tries} tries: {trouble}")
        failed = "unreachable" if trouble.unreachable else "gives no answer"
        return TeacherError(
            f"teacher {self.model} at {self.backend.where} {failed} after {tries} tries ({trouble}); {AGAIN}"
        )

    def _patience(self, ask: Ask, trouble: "Empty") -> int:
        """How often an empty answer is asked again. A model here gives the same one where nothing is drawn."""
        if self.settings.local and not ask.parameters.temperature:
            return 0
        return min(self.settings.retries, TOO_LONG_AGAIN) if trouble.too_long else self.settings.retries

    def _out_of_reach(self, trouble: TryAgain, others_answered: bool) -> bool:
        """Whether it is the teacher that fails and not this one call: nothing has been answered meanwhile, and nobody
        is there, all are turned away, or other calls fail as well."""
        if others_answered:
            return False
        self._in_vain += 1
        return trouble.unreachable or trouble.busy or self._in_vain >= IN_VAIN

    async def _attempt(self, ask: Ask) -> Call:
        """One try, within the limit and the budget."""
        await self._places.take()
        try:
            if self._broken:
                raise self._broken
            reservation = await self.bank.reserve(ask)
            return reservation if isinstance(reservation, Call) else await self._send(ask, reservation)
        finally:
            self._places.give_back()

    async def _send(self, ask: Ask, reservation: Reservation) -> Call:
        """Ask the model; its answer is in the ledger before anyone sees it."""
        clock, limit = asyncio.get_running_loop().time, self._places.limit
        sent, in_flight = clock(), self._places.taken
        try:
            answer = await self.backend.answer(ask)
        except BaseException as error:
            if isinstance(error, TryAgain) and error.crowded:
                limit.refused(sent, clock())
            costs_nothing = (
                error.not_billed if isinstance(error, TryAgain) else isinstance(error, CallFailed | TeacherError)
            )
            await self.bank.release(reservation, not_billed=costs_nothing)
            raise
        limit.answered(ask.purpose, in_flight, sent, clock(), answer.completion_tokens)
        call = Call(**msgspec.structs.asdict(ask), **msgspec.structs.asdict(answer))
        if not answer.text.strip():
            await self.bank.waste(reservation, call)
            raise Empty(answer, ask)
        call = await self.bank.commit(reservation, call)
        self.calls_made += 1
        self._retry.answered += 1
        self._in_vain = 0
        return call

    def _report_trouble(self, trouble: TryAgain, tries: int) -> None:
        """Say why nothing happens: a long silence, each once; and what is wrong with a server that never answered."""
        until = asyncio.get_running_loop().time() + trouble.retry_after
        silence = trouble.retry_after > LONG_SILENCE and until > self._quiet_until + LONG_SILENCE
        dumb = tries >= TRIES_UNTOLD and not self._retry.answered and not self._told_of_trouble
        if silence or dumb:
            self._quiet_until = max(self._quiet_until, until)
            self._told_of_trouble = True
            console.print(f"  [dim]teacher {escape(f'{self.model}: {trouble}; trying again')}[/dim]", soft_wrap=True)

    async def close(self, *, wait: bool = False) -> None:
        """Stop asking. `wait` lets calls that are under way, and may be charged, come in first."""
        if not wait:
            for task in self._under_way.values():
                task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self.backend.close()
        await self.bank.close()


class Empty(Exception):
    """An answer without text: paid, and none. Never seen by a user."""

    def __init__(self, answer: Answer, ask: Ask) -> None:
        self.too_long = answer.finish == "length"
        reason = f"the endpoint says {answer.finish}"
        if self.too_long:
            thinking = "thinking" if answer.thinking else "answer"
            reason = f"the {thinking} was cut off at {ask.parameters.max_tokens} tokens; raise teacher.thinking_tokens"
        super().__init__(reason)


def _kind_of(reason: str) -> str:
    """A reason without the numbers and names that differ from call to call."""
    return re.sub(r"[\w-]*\d[\w-]*", "#", reason)


@asynccontextmanager
async def open_teacher(settings: TeacherSettings, ledger: Path, bank: OpenBank = LocalBank) -> AsyncIterator[Teacher]:
    """The teacher that `settings` describe, with its ledger in the folder `ledger` (created when missing).

    `bank` opens another bank than one for this process alone. A local model is loaded when first needed: a run whose
    calls are all in the ledger never loads it. Raises HornbookError for a missing package, model or key.
    """
    model, backend = _choose(settings, Path(ledger))
    teacher = Teacher(settings, model, backend, bank(settings, Path(ledger), model))
    wait = False
    try:
        yield teacher
    except BudgetError:
        wait = True
        raise
    finally:
        await teacher.close(wait=wait)


def _choose(settings: TeacherSettings, folder: Path) -> tuple[str, Backend]:
    """The model's name in the ledger, and what runs it. Chat and plain completions are two models to the ledger."""
    from hornbook.teacher.batch import Batches
    from hornbook.teacher.local_llamacpp import LocalServer, local_name, model_file
    from hornbook.teacher.protocol import Endpoint, fixed

    name = settings.model if settings.url else local_name(settings)
    name = name if settings.api == "chat" else f"{name} ({settings.api})"
    if settings.batch:
        return name, Batches(settings, folder)
    if settings.url:
        return name, Endpoint(settings, fixed(settings.url))
    if file := model_file(settings.local):
        server = LocalServer(settings, file, folder / "models")
        return name, Endpoint(settings, server.address, server.close)
    from hornbook.teacher.local_hf import LocalModel

    return name, LocalModel(settings)
