"""The parts of a kind of data set: seeds, stages, checks, and the form of its records (report §2.2).

A kind is one small file, `kinds/FAMILY/NAME.py`: an async function that takes a seed through the kind's stages by
calling the teacher, and returns what it made or raises `Rejected`. The engine does the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.platform import cores
from hornbook.base.records import Message, Question, Sample
from hornbook.base.sentences import whole_sentences
from hornbook.base.settings import Settings, setting
from hornbook.synthetic.passages import Page, Passage, PassageSettings
from hornbook.synthetic.prompts import Prompt
from hornbook.synthetic.structured_output import read as read_json
from hornbook.synthetic.structured_output import retry_messages, schema_of
from hornbook.teacher.client import Completion, Teacher

Absent = Literal["none", "background", "any"]  # what a text may say that its source does not
VERIFY = "verify"  # the stage that the verifier answers
Seed = Passage | Page | Question
Shape = TypeVar("Shape", bound=msgspec.Struct)
Result = TypeVar("Result")

# (record, its seed, context, settings): raises Rejected, and NotAudited
Recheck = Callable[[Sample, Any, "RecordContext", Any], Awaitable[None]]
MORE_ROOM = 3  # times the room of an answer that was cut off


class Rejected(Exception):
    """The record failed the check `check`; `detail` says how."""

    def __init__(self, check: str, detail: str = "") -> None:
        super().__init__(f"{check}: {detail}" if detail else check)
        self.check = check


class NotAudited(Exception):
    """A record's checks cannot be run again; the message says why."""


class NotNeeded(Exception):
    """Enough records of the kind were made while this one was under way."""


class KindSettings(Settings):
    """Settings of one kind of data set. Kinds with settings of their own extend it."""

    records: int = setting(24, "records wanted, after all checks", ge=0)
    tries: float = setting(4.0, "records begun for each that is wanted, at most; what they lack stays lacking", gt=0)
    per_seed: int = setting(1, "records of each seed, with other axes each; 1 in kinds without axes", ge=1)
    temperature: float = setting(0.7, "sampling temperature of the stages that write", ge=0)
    max_tokens: int = setting(128, "longest answer of the stages that write, in tokens", ge=1)


class Made(msgspec.Struct):
    """What a kind made from a seed: a text or a conversation, the checks it passed, and maybe a new question.

    `rejected` is a worse last turn than that of `messages`, in kinds of preference data.
    """

    checks: list[str]
    text: str = ""
    messages: list[Message] = []
    grade: float = 1.0
    question: Question | None = None
    rejected: str = ""

    def written(self) -> str:
        """What the teacher wrote: the text, or the last turn."""
        return self.messages[-1].content if self.messages else self.text


class Checks:
    """The checks that a record has passed so far; the first failed check rejects it."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def require(self, name: str, passed: bool, detail: str = "") -> None:
        if not passed:
            raise Rejected(name, detail)
        if name not in self.passed:
            self.passed.append(name)


class Material(msgspec.Struct):
    """The material that seeds are chosen from, each list in a stable order."""

    passages: list[Passage]
    functions: list[Passage]
    questions: list[Question]
    pages: list[Page]
    cutting: PassageSettings


@dataclass
class RecordContext:
    """The context of one record: calls the teacher, and logs the calls in order.

    The stages of a record run one after another; only the samples of `many` run concurrently.

    Attributes:
        kind: its kind; a stage that the kind does not declare is an error.
        rng: the record's own random generator.
        values: what the templates of the kind's prompts see: the seed, what was drawn for the record, earlier results.
        stages: stage → calls and answered tokens, in order.
        facts: figures about the record, averaged over the records of the kind in the yields.
        thoughts: answer → the thinking before it, if the teacher's settings keep it.
        verifier: the model that answers the stage VERIFY; the teacher if there is none.
        fresh: number of the first sample that the verifier gives, if it is to judge anew.
        needed: whether the record may still be needed; calls of one that is not are not made.
    """

    teacher: Teacher
    kind: "Kind"
    settings: KindSettings
    cutting: PassageSettings
    rng: np.random.Generator
    values: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    stages: dict[str, dict[str, int]] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)
    thoughts: dict[str, str] = field(default_factory=dict)
    verifier: Teacher | None = None
    fresh: int = 0
    needed: Callable[[], bool] = lambda: True

    async def __call__(self, stage: str, prompt: str | list[Message], **options: Any) -> Completion:
        """One answer. Options: max_tokens, temperature, stop, sample; the defaults are the kind's settings."""
        return (await self.many(stage, prompt, 1, **options))[0]

    async def many(self, stage: str, prompt: str | list[Message], count: int, **options: Any) -> list[Completion]:
        """`count` independent answers to one prompt. Raises CallFailed when one of the calls fails."""
        if stage not in self.kind.stages:
            raise ValueError(f"{self.kind.name} does not declare the stage {stage!r}")
        teacher = (self.verifier or self.teacher) if stage == VERIFY else self.teacher
        messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
        options = {"max_tokens": self.settings.max_tokens, "temperature": self.settings.temperature} | options
        first = options.pop("sample", 0) + (self.fresh if stage == VERIFY else 0)
        if not self.needed():
            raise NotNeeded
        used = self.stages.setdefault(stage, {"calls": 0, "tokens": 0})
        used["calls"] += count
        answers = await asyncio.gather(
            *(
                teacher.complete(messages, purpose=f"{self.kind.name}/{stage}", sample=first + number, **options)
                for number in range(count)
            ),
            return_exceptions=True,
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            self.calls.append(answer.key)
            used["tokens"] += answer.completion_tokens
            if answer.thinking:
                self.thoughts[answer.text.strip()] = answer.thinking
        return answers  # type: ignore[return-value]

    async def write(self, stage: str, *, attempt: int = 0, **options: Any) -> str:
        """The text that the prompt of `stage` asks for; see `samples`."""
        return (await self.samples(stage, 1, first=attempt, **options))[0]

    async def samples(
        self, stage: str, count: int, *, first: int = 0, label: str = "", fenced: bool = False, preamble: bool = True,
        **values: Any,
    ) -> list[str]:  # fmt: skip
        """`count` independent texts without what stands around them; see `answers.text_of`. `values` are added for the
        template. Solutions and replies are written without `preamble`.

        A text that was cut off is asked for again with more room, unless its prompt says `cut`. Raises Rejected
        ("finished") if that is cut off too.
        """
        from hornbook.synthetic.answers import text_of

        messages, options = self._prompt(stage, values)
        cut = self.kind.prompts[stage].cut
        answers = await self.many(stage, messages, count, sample=first, **options)
        texts = []
        for number, answer in enumerate(answers, start=first):
            room = options["max_tokens"]
            if answer.finish == "length" and cut:
                said = answer.text if fenced else whole_sentences(answer.text.strip())
                texts.append(text_of(said, label=label, fenced=fenced))
                continue
            if answer.finish == "length":
                room *= MORE_ROOM
                answer = await self(stage, messages, **options | {"sample": number, "max_tokens": room})
            if answer.finish != "stop":
                raise Rejected("finished", f"{stage}: cut off at {room} tokens" if answer.finish == "length" else stage)
            texts.append(text_of(answer.text, label=label, fenced=fenced, preamble=preamble))
        return texts

    async def fill(
        self,
        stage: str,
        shape: type[Shape],
        fault: Callable[[Shape], str] = lambda answer: "",
        *,
        attempt: int = 0,
        **values: Any,
    ) -> Shape:
        """The answer to the prompt of `stage` as a msgspec.Struct; see `json`."""
        messages, options = self._prompt(stage, values)
        return await self.json(stage, messages, shape, fault, more_room=MORE_ROOM, sample=attempt, **options)

    async def verify(
        self, checks: "Checks", text: str, source: str, *, absent: Absent = "none", numbers: bool = True
    ) -> None:
        """Require that programs find no fault in the text and the verifier finds each claim of it supported by the
        source, or absent where that is allowed; see `verification.require_true`. Raises Rejected."""
        from hornbook.synthetic.verification import require_true

        await require_true(checks, self, text, source, absent, numbers)

    def _prompt(self, stage: str, values: dict[str, Any]) -> tuple[list[Message], dict[str, Any]]:
        if stage not in self.kind.prompts:
            raise HornbookError(f"{self.kind.name}: prompts.{stage} is missing, and such seeds need it")
        prompt = self.kind.prompts[stage]
        options = {
            "max_tokens": prompt.max_tokens or self.settings.max_tokens,
            "temperature": self.settings.temperature if prompt.temperature is None else prompt.temperature,
            "stop": prompt.stop,
        }
        try:
            return prompt.messages(self.kind.system, self.values | values), options
        except HornbookError as error:
            raise HornbookError(f"{self.kind.name}: prompts.{stage}: {error}") from None

    async def compute(self, function: Callable[..., Result], *args: Any) -> Result:
        """`function(*args)` in a thread: work of more than some milliseconds (a run in the sandbox, a search) must not
        block the event loop. At most one at a time per processor."""
        async with _places():
            return await asyncio.to_thread(function, *args)

    async def json(
        self,
        stage: str,
        prompt: str | list[Message],
        shape: type[Shape],
        fault: Callable[[Shape], str] = lambda answer: "",
        *,
        more_room: int = 1,
        **options: Any,
    ) -> Shape:
        """An answer as a msgspec.Struct, whose field names and types tell the teacher what to fill in.

        Servers that support it are given the JSON schema. An answer that does not fit is repaired if the repair is
        unambiguous, else requested once more, and so is one in which `fault` finds something wrong. Raises Rejected
        ("form") if that fails too. With `more_room`, one that was cut off is asked for again with so many times the
        room: repaired, it would lack its end.
        """
        messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
        asked, reason = messages, ""
        for _ in range(2):
            answer = await self(stage, asked, schema=schema_of(shape), **options)
            if more_room > 1 and answer.finish == "length":
                reason, options["max_tokens"] = "cut off", more_room * options["max_tokens"]
                continue
            found, reason = read_json(answer.text, shape)
            reason = reason if found is None else fault(found)
            if found is not None and not reason:
                return found
            asked = retry_messages(messages, answer.text, reason)
        raise Rejected("form", reason)


@dataclass(frozen=True)
class Kind:
    """One kind of data set.

    Attributes:
        name, family: of its file, `kinds/FAMILY/NAME.py`: filled in by `kinds.load_kind`.
        about: what it makes, in one line.
        source: the row of table 5 its samples belong to.
        report: section of the report.
        seeded_by: a description of its seeds.
        seeds: (material, how many, random generator, settings) → that many seeds, or as many as there are. It is
            called again for more when they do not give the records that are wanted.
        make: takes one seed through the stages. Raises Rejected.
        stages, checks: names, in order, of its requests to the teacher, and of the checks that can reject a record.
        calls: settings → largest number of calls per record.
        verify_calls: settings → how many of them the verifier may answer.
        settings: its settings class.
        mechanism: name of the module in `mechanisms/` that takes a seed through the stages; "" for code of its own.
        prompts: stage → its prompt.
        system: the system turn of its prompts.
        axes: what is drawn for each record, with the values.
        checks_of: settings → the checks with them, where settings add some; by default `checks`.
        record: templates of what is kept: `text`, or the turns `user` and `assistant`.
        options: what the kind's file says to its mechanism alone (a rubric, questions to choose from).
        recheck: runs the checks of a finished record again; None where that cannot be done.
    """

    about: str
    source: str
    report: str
    seeded_by: str
    seeds: Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]
    make: Callable[[Any, RecordContext, Any], Awaitable[list[Made]]]
    stages: tuple[str, ...]
    checks: tuple[str, ...]
    calls: Callable[[Any], int]
    settings: type[KindSettings] = KindSettings
    verify_calls: Callable[[Any], int] = lambda settings: 0
    name: str = ""
    family: str = ""
    mechanism: str = ""
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    system: str = ""
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    record: Mapping[str, str] = field(default_factory=dict)
    checks_of: Callable[[Any], tuple[str, ...]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    recheck: Recheck | None = None

    def checks_with(self, settings: KindSettings) -> tuple[str, ...]:
        """The checks that can reject a record made with these settings."""
        return self.checks_of(settings) if self.checks_of else self.checks


_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _places() -> asyncio.Semaphore:
    """A semaphore with one place per processor, shared by all records of an event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _PLACES:
        _PLACES[loop] = asyncio.Semaphore(cores())
    return _PLACES[loop]
