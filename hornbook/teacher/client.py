"""The teacher's client: completes messages, with answers from the ledger where they are known."""

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
from hornbook.teacher.accounting import Accounting, LocalAccounting, OpenAccounting
from hornbook.teacher.backend import Backend, TeacherAnswer
from hornbook.teacher.budget import Reservation
from hornbook.teacher.concurrency import ConcurrencyLimit, ConcurrencySlots
from hornbook.teacher.errors import BudgetError, CallFailed, TeacherError, nothing_answered
from hornbook.teacher.ledger import Call, CallRequest, Parameters, call_key
from hornbook.teacher.settings import TeacherSettings
from hornbook.teacher.waiting import call_under_way

IN_VAIN = 3  # consecutive calls without an answer after which the teacher counts as unreachable
ALL_ALIKE = 32  # calls that fail for the same reason, with none answered, after which the stage stops
TOO_LONG_AGAIN = 1  # retries after an answer that was cut off before its text: another is seldom shorter, and is billed
TRIES_UNREPORTED = 3  # of a call, while no call has been answered
LONG_PAUSE = 5.0  # seconds of Retry-After from which it is reported
MOST_IN_ROUNDS = 1 << 30
AGAIN = "run the same command again to continue: answered calls are not repeated"


class Completion(msgspec.Struct):
    """An answer. `key` is the call's key in the ledger (put it into a record's `calls`); `finish` is stop or length.

    `thinking` is the reasoning before it, if `keep_thinking` is set; otherwise it is only in the ledger.
    """

    key: str
    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""


class Teacher:
    """Calls one model, with accounting by ledger and budget.

    Attributes:
        model: the model's name in the ledger.
        calls_used: keys of all calls whose answers were used, from the ledger or new. The same after a resume.
        calls_made: how many of them were new.
        prompt_tokens, completion_tokens: of all calls used.
    """

    def __init__(self, settings: TeacherSettings, model: str, backend: Backend, accounting: Accounting) -> None:
        self.settings, self.model, self.backend, self.accounting = settings, model, backend, accounting
        self.calls_used: set[str] = set()
        self.calls_made = self.prompt_tokens = self.completion_tokens = 0
        self._under_way: dict[str, asyncio.Task[Call]] = {}
        # A call keeps its lane while it pauses, so that a server with problems does not get ever more calls.
        # Calls in a round are not in flight, so any number may wait.
        most = MOST_IN_ROUNDS if settings.in_rounds else settings.concurrency
        self._lanes = asyncio.Semaphore(most)
        self._slots = ConcurrencySlots(ConcurrencyLimit(most))
        backoff = 0.0 if settings.files else settings.backoff  # the next round is pause enough
        self._retry = Retry(settings.retries, backoff, self._slots.pause)
        self._in_vain = 0  # calls given up since the last answer
        self._failures: Counter[str] = Counter()  # calls that failed, by reason
        self._quiet_until = 0.0  # as reported
        self._reported_trouble = False
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
        """The model's answer to `messages`, never empty. Each `sample` number gives an independent answer.

        The call's key depends on model, messages, parameters and sample; `purpose` is for readers of the ledger.
        Raises CallFailed when this call gets no answer, TeacherError when no call will.
        """
        messages, longest = list(messages), max_tokens + self.settings.thinking_tokens
        extra = msgspec.json.encode(self.settings.extra_body, order="sorted").decode() * bool(self.settings.extra_body)
        parameters = Parameters(temperature, top_p, longest, list(stop), schema, extra)
        try:
            key = call_key(self.model, messages, parameters, sample)
        except UnicodeEncodeError:
            raise CallFailed("the prompt is not valid Unicode (half of a surrogate pair)") from None
        call = await self.accounting.find(key)
        if call is None:
            request = CallRequest(
                key=key, model=self.model, purpose=purpose, messages=messages, parameters=parameters, sample=sample
            )
            with call_under_way(in_rounds=self.settings.in_rounds):
                call = await self._shared(request)
        if key not in self.calls_used:
            self.calls_used.add(key)
            self.prompt_tokens += call.prompt_tokens
            self.completion_tokens += call.completion_tokens
        thinking = call.thinking if self.settings.keep_thinking else ""
        return Completion(key, call.text, call.finish, call.prompt_tokens, call.completion_tokens, thinking)

    def require_answers(self) -> None:
        """At the end of a stage: raises TeacherError, with the endpoint's message, if every call has failed."""
        if self._failures and not self.calls_used and not self._retry.answered:
            raise nothing_answered(f"teacher {self.model} at {self.backend.where}", self._failures)

    def losses(self) -> dict[str, int]:
        """The count of failed calls for a stage's statistics, if there are any."""
        return {FAILED_CALLS: self._failures.total()} if self._failures else {}

    async def _shared(self, request: CallRequest) -> Call:
        """Equal calls in progress at the same time are one call. It continues if one of its callers is cancelled."""
        task = self._under_way.get(request.key)
        if task is None:
            task = self._under_way[request.key] = asyncio.create_task(self._fresh(request))
            task.add_done_callback(lambda done: self._landed(request.key, done))
        return await asyncio.shield(task)

    def _landed(self, key: str, task: asyncio.Task[Call]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # marks it as retrieved, in case nothing awaits the task any more

    async def _fresh(self, request: CallRequest) -> Call:
        async with self._lanes:
            try:
                return await self._counted(request)
            except HornbookError as error:
                self._broken = self._broken or error
                raise

    async def _counted(self, request: CallRequest) -> Call:
        """Raises TeacherError instead of CallFailed if ALL_ALIKE calls have failed for the same reason."""
        try:
            return await self._until_answered(request)
        except CallFailed as failure:
            self._failures[str(failure)] += 1
            if self._failures.total() >= ALL_ALIKE and len({_kind_of(reason) for reason in self._failures}) == 1:
                self.require_answers()
            raise

    async def _until_answered(self, request: CallRequest) -> Call:
        while True:
            try:
                return await self._retry.until_answered(
                    partial(self._attempt, request), request.key, self._give_up, self._report_trouble
                )
            except EmptyAnswer as trouble:
                request = msgspec.structs.replace(request, attempt=request.attempt + 1)
                if request.attempt > self._patience(request, trouble):
                    raise CallFailed(f"no text in {request.attempt} answers: {trouble}") from None

    def _give_up(self, trouble: TryAgain, tries: int, others_answered: bool) -> Exception:
        if not self._out_of_reach(trouble, others_answered):
            return CallFailed(f"no answer after {tries} tries: {trouble}")
        failed = "unreachable" if trouble.unreachable else "gives no answer"
        return TeacherError(
            f"teacher {self.model} at {self.backend.where} {failed} after {tries} tries ({trouble}); {AGAIN}"
        )

    def _patience(self, request: CallRequest, trouble: "EmptyAnswer") -> int:
        """Retries after an empty answer. A local model at temperature 0 would give the same one again."""
        if self.settings.local and not request.parameters.temperature:
            return 0
        return min(self.settings.retries, TOO_LONG_AGAIN) if trouble.too_long else self.settings.retries

    def _out_of_reach(self, trouble: TryAgain, others_answered: bool) -> bool:
        """Whether the teacher fails and not only this call: nothing has been answered meanwhile, and the server is
        unreachable, rejects all calls, or other calls fail as well."""
        if others_answered:
            return False
        self._in_vain += 1
        return trouble.unreachable or trouble.busy or self._in_vain >= IN_VAIN

    async def _attempt(self, request: CallRequest) -> Call:
        """One try, within the limit and the budget."""
        await self._slots.acquire()
        try:
            if self._broken:
                raise self._broken
            reservation = await self.accounting.reserve(request)
            return reservation if isinstance(reservation, Call) else await self._send(request, reservation)
        finally:
            self._slots.release()

    async def _send(self, request: CallRequest, reservation: Reservation) -> Call:
        """Send the call; its answer is in the ledger before it is returned."""
        clock, limit = asyncio.get_running_loop().time, self._slots.limit
        sent, in_flight = clock(), self._slots.in_use
        try:
            answer = await self.backend.answer(request)
        except BaseException as error:
            if isinstance(error, TryAgain) and error.crowded:
                limit.refused(sent, clock())
            costs_nothing = (
                error.not_billed if isinstance(error, TryAgain) else isinstance(error, CallFailed | TeacherError)
            )
            await self.accounting.release(reservation, not_billed=costs_nothing)
            raise
        limit.answered(request.purpose, in_flight, sent, clock(), answer.completion_tokens)
        call = Call(**msgspec.structs.asdict(request), **msgspec.structs.asdict(answer))
        if not answer.text.strip():
            await self.accounting.waste(reservation, call)
            raise EmptyAnswer(answer, request)
        call = await self.accounting.commit(reservation, call)
        self.calls_made += 1
        self._retry.answered += 1
        self._in_vain = 0
        return call

    def _report_trouble(self, trouble: TryAgain, tries: int) -> None:
        """Report long pauses, each once, and the error of a server that has never answered."""
        until = asyncio.get_running_loop().time() + trouble.retry_after
        paused = trouble.retry_after > LONG_PAUSE and until > self._quiet_until + LONG_PAUSE
        unanswered = tries >= TRIES_UNREPORTED and not self._retry.answered and not self._reported_trouble
        if paused or unanswered:
            self._quiet_until = max(self._quiet_until, until)
            self._reported_trouble = True
            console.print(f"  [dim]teacher {escape(f'{self.model}: {trouble}; trying again')}[/dim]", soft_wrap=True)

    async def close(self, *, wait: bool = False) -> None:
        """Stop. `wait` first waits for calls in progress, which may be billed."""
        if not wait:
            for task in self._under_way.values():
                task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self.backend.close()
        await self.accounting.close()


class EmptyAnswer(Exception):
    """An answer without text, which is billed. Internal: users do not see this exception."""

    def __init__(self, answer: TeacherAnswer, request: CallRequest) -> None:
        self.too_long = answer.finish == "length"
        reason = f"the endpoint reports {answer.finish}"
        if self.too_long:
            thinking = "thinking" if answer.thinking else "answer"
            reason = (
                f"the {thinking} was cut off at {request.parameters.max_tokens} tokens; raise teacher.thinking_tokens"
            )
        super().__init__(reason)


def _kind_of(reason: str) -> str:
    """A reason without the numbers and names that differ between calls."""
    return re.sub(r"[\w-]*\d[\w-]*", "#", reason)


@asynccontextmanager
async def open_teacher(
    settings: TeacherSettings, ledger: Path, accounting: OpenAccounting = LocalAccounting
) -> AsyncIterator[Teacher]:
    """The teacher of `settings`, with its ledger in the folder `ledger` (created when missing).

    `accounting` may open one that is shared with other processes. A local model is loaded when first needed: a run
    whose calls are all in the ledger does not load it. Raises HornbookError for a missing package, model or key.
    """
    model, backend = _choose(settings, Path(ledger))
    teacher = Teacher(settings, model, backend, accounting(settings, Path(ledger), model))
    wait = False
    try:
        yield teacher
    except BudgetError:
        wait = True
        raise
    finally:
        await teacher.close(wait=wait)


def _choose(settings: TeacherSettings, folder: Path) -> tuple[str, Backend]:
    """The model's name in the ledger, and its backend. The ledger treats chat and completions as two models."""
    from hornbook.model.gguf_files import find_gguf
    from hornbook.teacher.batch import BatchBackend
    from hornbook.teacher.files import FilesBackend
    from hornbook.teacher.local_llamacpp import LocalServer, local_name
    from hornbook.teacher.protocol import Endpoint, fixed_address
    from hornbook.teacher.recorded import Recording

    if settings.recorded:
        recording = Recording(settings.recorded, settings.model)
        return recording.model, recording
    name = local_name(settings) if settings.local else settings.model
    name = name if settings.api == "chat" else f"{name} ({settings.api})"
    if settings.files:
        return name, FilesBackend(settings)
    if settings.batch:
        return name, BatchBackend(settings, folder)
    if settings.url:
        return name, Endpoint(settings, fixed_address(settings.url))
    file = find_gguf(settings.local, "teacher.local")
    if settings.engine == "vllm":
        if file:
            raise HornbookError(f"teacher.engine: vllm runs Hugging Face models; {file} is a GGUF file")
        from hornbook.teacher.local_vllm import VllmModel

        return name, VllmModel(settings)
    if file:
        server = LocalServer(settings, file, folder / "models")
        return name, Endpoint(settings, server.address, server.close)
    from hornbook.teacher.local_hf import LocalModel

    return name, LocalModel(settings)
