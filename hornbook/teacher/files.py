"""A teacher by files: requests are written to a folder, and whatever can answer them puts answers there.

A cluster's batch job, a provider's batch API or a person can so be the teacher. The calls that wait when all records
wait are a round, and go into one file, `requests-0001.jsonl` and on; answers are read from `answers*.jsonl`. Both are
in the batch format (`batch_format.py`). What a run knows is in the folder: a call that is in a request file is not
written again, and a run that was killed finds its answers. An answer that gave nothing (an error, no text) is noted in
`passed-over.jsonl`, and its call goes into the next round as `ID-2`.
"""

import asyncio
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from rich.markup import escape

from hornbook.base.append_log import AppendLog
from hornbook.base.errors import HornbookError
from hornbook.base.files import atomic
from hornbook.base.http import HttpResponse, TryAgain, passing_failure, reason_of
from hornbook.base.lock import locked
from hornbook.base.progress import SECONDS_BETWEEN_LOG_LINES, console
from hornbook.teacher.answer_files import PATTERN, AnswerFiles, AnswerLine, request_ids
from hornbook.teacher.backend import TeacherAnswer
from hornbook.teacher.batch_format import BatchCalls
from hornbook.teacher.errors import AnswersAwaited, CallFailed
from hornbook.teacher.ledger import CallRequest
from hornbook.teacher.settings import FILES, TeacherSettings
from hornbook.teacher.waiting import Record, working_beside

PAUSE = 0.5  # seconds between two looks at the folder
SECONDS_TO_GATHER = 1.0  # a round is complete when all records wait, and have done nothing for this time
LONGEST_GATHER = 60.0  # seconds without a new call after which a round does not wait for a record that still works
MOST_IN_FILE = 50_000  # requests; providers take no more
PROBLEMS_SHOWN = 5  # lines with a problem that are named; the others are counted


_in_use: set[Path] = set()  # folders of this process


class _Waiting(msgspec.Struct):
    """A call that waits: `asked` is the id under which a request file has it, if one has. `working` are the records
    beside its own that still work."""

    request: CallRequest
    arrived: asyncio.Future[None]
    working: set[Record]
    asked: str = ""


class FilesBackend:
    """Answers each call from the files in the folder that the setting `files` names."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings, self.where = settings, settings.files
        self.folder = Path(settings.files)
        self.calls = BatchCalls(settings)
        self.answers = AnswerFiles(self.folder, self._report)
        self._open: ExitStack | None = None  # the folder's lock, and the log
        self._log: AppendLog
        self._asked: dict[str, int] = {}  # call -> how often request files have it
        self._passed_over: set[str] = set()  # digests of answers that gave nothing
        self._file = 0  # number of the newest request file
        self._waiting: dict[str, _Waiting] = {}
        self._watch: asyncio.Task[None] | None = None
        self._changed = 0.0  # time of the newest call or answer
        self._expected = self._shown = 0  # answers of this round, and how many of them were last said to be there
        self._said = 0.0  # time of that
        self._problems = 0

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Wait for the call's answer. Raises TryAgain (a retry goes into the next round), CallFailed, AnswersAwaited,
        or HornbookError when the folder cannot be used."""
        self._enter()
        while (line := self._line_for(request.key)) is None:
            await self._arrival(request)
        self._asked.setdefault(request.key, 1)  # an answer may be there without a request
        try:
            answer = self.calls.answer(request, line.read(), lambda reply: _refusal(line, reply))
        except FileNotFoundError:  # the file was removed or written anew: look again
            self.answers.forget(line.path)
            self.answers.look()
            return await self.answer(request)
        except (TryAgain, ValueError) as trouble:
            self._report(f"{line.where}: {trouble}; it is asked again")
            self._pass_over(line)
            not_billed = isinstance(trouble, TryAgain) and trouble.not_billed
            raise TryAgain(f"{line.where}: {trouble}", not_billed=not_billed) from None
        if not answer.text.strip():
            self._report(f"{line.where}: no text; it is asked again")
            self._pass_over(line)
        return answer

    async def close(self) -> None:
        """With `wait: false`, calls that wait are written first: with several teachers another one may end the run."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._open is None:
            return
        with self._open:
            new = [waiting for waiting in self._waiting.values() if not waiting.asked]
            if new and not self.settings.wait:
                self._say(f"wrote {self._write(new)}; {self._how_to_answer()}")

    def _enter(self) -> None:
        """Lock the folder and read what was asked before, at the first call."""
        if self._open is not None:
            return
        here = self.folder.resolve()
        if here in _in_use:
            raise HornbookError(f"teacher.files: {self.folder}: another teacher of this run uses it; give each its own")
        with _folder_errors(self.folder), ExitStack() as opened:
            _in_use.add(here)
            opened.callback(_in_use.discard, here)
            opened.enter_context(locked(self.folder))
            self._log = opened.enter_context(AppendLog(self.folder / "passed-over.jsonl"))
            for _, line in self._log.new_lines():
                self._passed_over.add(line.decode("utf-8", "replace").strip('"'))
            for path, custom_id in request_ids(self.folder, self._report):
                self._file = max(self._file, _number_of(path))
                key, count = _split_id(custom_id)
                self._asked[key] = max(self._asked.get(key, 0), count)
            self.answers.look()
            self._open = opened.pop_all()

    def _ids(self, key: str) -> Iterator[str]:
        """The ids under which a call was asked; at least the first, since answers may be there without requests."""
        for count in range(1, max(1, self._asked.get(key, 0)) + 1):
            yield _custom_id(key, count)

    def _line_for(self, key: str) -> AnswerLine | None:
        """The line to answer a call with: one with an answer if there is any, else one with an error not yet known."""
        lines = [line for name in self._ids(key) for line in self.answers[name] if line.digest not in self._passed_over]
        return min(lines, key=lambda line: line.failed, default=None)

    async def _arrival(self, request: CallRequest) -> None:
        """Wait until there may be an answer to the call; it goes into the next round if it is not asked for yet."""
        newest = _custom_id(request.key, self._asked.get(request.key, 0))
        asked = newest if self._asked.get(request.key) and not self.answers[newest] else ""
        waiting = _Waiting(request, asyncio.get_running_loop().create_future(), working_beside(), asked)
        self._waiting[request.key] = waiting
        self._changed = asyncio.get_running_loop().time()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_folder())
        await waiting.arrived

    async def _watch_folder(self) -> None:
        """Look for answers, and write a round when it is complete, as long as any call waits."""
        try:
            while self._waiting:
                with _folder_errors(self.folder):
                    self._look()
                    self._go_on()
                await asyncio.sleep(PAUSE)
        except HornbookError as error:
            for waiting in self._waiting.values():
                if not waiting.arrived.done():
                    waiting.arrived.set_exception(error)
            self._waiting.clear()

    def _look(self) -> None:
        """Wake the calls whose answers have come."""
        for custom_id in self.answers.look():
            waiting = self._waiting.pop(_split_id(custom_id)[0], None)
            if waiting is None:
                continue
            self._changed = asyncio.get_running_loop().time()
            if not waiting.arrived.done():
                waiting.arrived.set_result(None)
        there = self._expected - sum(bool(waiting.asked) for waiting in self._waiting.values())
        late = asyncio.get_running_loop().time() - self._said > SECONDS_BETWEEN_LOG_LINES
        if self._expected and there > self._shown and (late or there == self._expected):
            self._say(f"{there:,} of {self._expected:,} answers")
            self._shown = there
        if there == self._expected:
            self._expected = self._shown = 0

    def _go_on(self) -> None:
        """When all records wait: write the calls that are not asked yet, say what is waited for, or end the run."""
        quiet = asyncio.get_running_loop().time() - self._changed
        if not self._waiting or quiet < SECONDS_TO_GATHER:
            return
        if quiet < LONGEST_GATHER and any(waiting.working for waiting in self._waiting.values()):
            return
        new = [waiting for waiting in self._waiting.values() if not waiting.asked]
        before = len(self._waiting) - len(new)
        if not self.settings.wait:
            wrote = f"unanswered requests in {self.folder}: {before:,}"
            if new:
                wrote = f"wrote {self._write(new)}" + f" (unanswered from before: {before:,})" * bool(before)
            raise AnswersAwaited(f"teacher {self.settings.name}: {wrote}; {self._how_to_answer()}")
        if new and not before:
            wrote = self._write(new)
            self._expected, self._shown = len(new), 0
            self._say(f"wrote {wrote}; waiting for {self._how_to_answer()}")
        elif not self._expected:
            self._expected, self._shown = before, 0
            self._say(f"unanswered requests in {self.folder}: {before:,}; waiting for {self._how_to_answer()}")

    def _write(self, new: list[_Waiting]) -> str:
        """Write the calls as the next request files; returns how many and where."""
        names = []
        with _folder_errors(self.folder):
            for begin in range(0, len(new), MOST_IN_FILE):
                part = new[begin : begin + MOST_IN_FILE]
                for waiting in part:
                    waiting.asked = _custom_id(waiting.request.key, self._asked.get(waiting.request.key, 0) + 1)
                path = self.folder / _name_of(self._file + 1)
                with atomic(path) as aside, aside.open("wb") as file:
                    file.writelines(self.calls.line(waiting.request, waiting.asked) for waiting in part)
                self._file += 1
                self._asked.update(_split_id(waiting.asked) for waiting in part)
                names.append(str(path))
        return f"{len(new):,} request{'s' * (len(new) != 1)} to {' and '.join(names)}"

    def _how_to_answer(self) -> str:
        """Where answers go, an example, and what is wrong with those that are there."""
        name = _name_of(self._file)
        model = "MODEL --served-model-name files" if self.settings.model == FILES else self.settings.model
        requests, answers = (shlex.quote(str(self.folder / one)) for one in (name, name.replace("requests", "answers")))
        again = "" if self.settings.wait else "run the same command again when there are "
        text = f"{again}answers as JSON lines in {self.folder / PATTERN}, for example from "
        text += f"vllm run-batch -i {requests} -o {answers} --model {model}"
        unknown = [name for name in self.answers.ids() if _split_id(name)[0] not in self._asked]
        if unknown:
            text += f"; ids of answers that no request has: {len(unknown):,} (such as {min(unknown)})"
        if self._problems > PROBLEMS_SHOWN:
            text += f"; {self._problems:,} lines had a problem"
        return text + "".join(f"; {place} is not whole yet" for place in self.answers.unfinished.values())

    def _pass_over(self, line: AnswerLine) -> None:
        self._passed_over.add(line.digest)
        self._log.append(f'"{line.digest}"'.encode())

    def _report(self, problem: str) -> None:
        self._problems += 1
        if self._problems <= PROBLEMS_SHOWN:
            console.print(f"  [yellow]warning[/yellow] {escape(problem)}", soft_wrap=True)

    def _say(self, text: str) -> None:
        self._said = asyncio.get_running_loop().time()
        console.print(f"  [dim]teacher {escape(f'{self.settings.name}: {text}')}[/dim]", soft_wrap=True)


@contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    """Raises HornbookError where the system refuses to read or write in the folder."""
    try:
        yield
    except OSError as error:
        raise HornbookError(
            f"teacher.files: {error.filename or folder}: {error.strerror or error}; expected a folder to write in"
        ) from None


def _refusal(line: AnswerLine, reply: HttpResponse) -> Exception:
    reason = f"{reply.status} {reason_of(reply.body)}".strip()
    return passing_failure(reply, reason) or CallFailed(f"{line.where}: refused: {reason}")


def _custom_id(key: str, count: int) -> str:
    """The id of a call that is asked for the `count`th time."""
    return f"{key}-{count}" if count > 1 else key


def _split_id(custom_id: str) -> tuple[str, int]:
    """The call's key, and for which time it is asked."""
    match = re.fullmatch(r"(call-\w+)-(\d{1,9})", custom_id)
    return (match[1], int(match[2])) if match else (custom_id, 1)


def _name_of(number: int) -> str:
    return f"requests-{number:04}.jsonl"


def _number_of(path: Path) -> int:
    digits = path.stem.removeprefix("requests-")
    return int(digits) if digits.isdecimal() else 0
