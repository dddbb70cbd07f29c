"""What a kind of data set is made of: seeds, stages, checks, and the shape of its records (report §2.2).

A kind is one small file, `kinds/FAMILY/NAME.py`: an async function that takes a seed through the kind's stages by
asking the teacher, and gives back what it made, or raises `Rejected`. The engine does the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from hornbook.base.platform import cores
from hornbook.base.records import Message, Question
from hornbook.base.settings import Settings, setting
from hornbook.synthetic.passages import Page, Passage, PassageSettings
from hornbook.synthetic.structured import asked_again, schema_of
from hornbook.synthetic.structured import read as read_json
from hornbook.teacher.client import Completion, Teacher

Seed = Passage | Page | Question
Shape = TypeVar("Shape", bound=msgspec.Struct)
Result = TypeVar("Result")


class Rejected(Exception):
    """A record is given up: it failed the check `check`; `detail` says how."""

    def __init__(self, check: str, detail: str = "") -> None:
        super().__init__(f"{check}: {detail}" if detail else check)
        self.check = check


class KindSettings(Settings):
    """Settings of one kind of data set. Kinds with more of their own extend it."""

    records: int = setting(24, "seeds to start a record from (what passes the checks is fewer)", ge=0)
    temperature: float = setting(0.7, "sampling temperature of the stages that write", ge=0)
    max_tokens: int = setting(128, "longest answer of the stages that write, in tokens", ge=1)


class Made(msgspec.Struct):
    """What a kind made from a seed: a text, or a conversation, the checks it passed, and a question if one came up.

    `rejected` is a worse last turn than that of `messages`: kinds of preference data have one.
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
    """The checks a record has passed so far; the first one it fails rejects it."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def require(self, name: str, passed: bool, detail: str = "") -> None:
        if not passed:
            raise Rejected(name, detail)
        self.passed.append(name)


class Material(msgspec.Struct):
    """What seeds can be chosen from, each list in a stable order."""

    passages: list[Passage]
    functions: list[Passage]
    questions: list[Question]
    pages: list[Page]
    cutting: PassageSettings


@dataclass
class Ask:
    """Asks the teacher on behalf of one record, and remembers the calls in the order in which they were asked.

    Stages of a record run one after another; only the samples of `many` run side by side.

    Attributes:
        kind: the kind at work; a stage that it does not name is a fault.
        rng: the record's own random numbers.
        stages: stage → calls and answered tokens, in order.
        facts: figures about the record that a kind wants averaged in the yields.
        thoughts: answer → what was thought before it, where the teacher's settings ask for that.
    """

    teacher: Teacher
    kind: "Kind"
    settings: KindSettings
    cutting: PassageSettings
    rng: np.random.Generator
    calls: list[str] = field(default_factory=list)
    stages: dict[str, dict[str, int]] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)
    thoughts: dict[str, str] = field(default_factory=dict)

    async def __call__(self, stage: str, prompt: str | list[Message], **options: Any) -> Completion:
        """One answer. Options: max_tokens, temperature, stop, sample; by default as the kind's settings say."""
        return (await self.many(stage, prompt, 1, **options))[0]

    async def many(self, stage: str, prompt: str | list[Message], count: int, **options: Any) -> list[Completion]:
        """`count` independent answers to one prompt. Raises CallFailed when one of them cannot be had."""
        if stage not in self.kind.stages:
            raise ValueError(f"{self.kind.name} names no stage {stage!r}")
        messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
        options = {"max_tokens": self.settings.max_tokens, "temperature": self.settings.temperature} | options
        first = options.pop("sample", 0)
        used = self.stages.setdefault(stage, {"calls": 0, "tokens": 0})
        used["calls"] += count
        answers = await asyncio.gather(
            *(
                self.teacher.complete(messages, purpose=f"{self.kind.name}/{stage}", sample=first + number, **options)
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

    async def compute(self, function: Callable[..., Result], *args: Any) -> Result:
        """`function(*args)` on a thread of its own: what takes more than some milliseconds (a run in the sandbox, a
        search) must not keep other records from their answers. As many at a time as there are processors."""
        async with _places():
            return await asyncio.to_thread(function, *args)

    async def json(self, stage: str, prompt: str | list[Message], shape: type[Shape], **options: Any) -> Shape:
        """An answer of the shape of a msgspec.Struct, whose field names and types tell the teacher what to fill in.

        Servers that can are made to keep to the JSON schema. An answer that still does not fit is repaired where that
        is plain, else asked for once more. Raises Rejected ("form") when that fails too.
        """
        messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
        answer = await self(stage, messages, schema=schema_of(shape), **options)
        found, reason = read_json(answer.text, shape)
        if found is None:
            answer = await self(stage, asked_again(messages, answer.text, reason), schema=schema_of(shape), **options)
            found, reason = read_json(answer.text, shape)
        if found is None:
            raise Rejected("form", reason)
        return found


@dataclass(frozen=True)
class Kind:
    """One kind of data set.

    Attributes:
        name, family: of its file, `kinds/FAMILY/NAME.py`: filled in by `kinds.load_kind`.
        about: what it makes, in one line.
        source: the row of table 5 its samples belong to.
        report: section of the report.
        seeded_by: what its seeds are, in words.
        seeds: (material, how many, random generator, settings) → that many seeds, or as many as there are.
        make: takes one seed through the stages. Raises Rejected.
        stages, checks: their names, in order: what it asks the teacher for, and what can reject a record.
        calls: settings → most calls a record takes.
        settings: its settings class.
    """

    about: str
    source: str
    report: str
    seeded_by: str
    seeds: Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]
    make: Callable[[Any, Ask, Any], Awaitable[list[Made]]]
    stages: tuple[str, ...]
    checks: tuple[str, ...]
    calls: Callable[[Any], int]
    settings: type[KindSettings] = KindSettings
    name: str = ""
    family: str = ""


_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _places() -> asyncio.Semaphore:
    """One place a processor, for all records of an event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _PLACES:
        _PLACES[loop] = asyncio.Semaphore(cores())
    return _PLACES[loop]


def example(asked: str, answered: str) -> list[Message]:
    """A solved example as earlier turns of the conversation: how weak teachers learn the form of an answer."""
    return [Message("user", asked), Message("assistant", answered)]
