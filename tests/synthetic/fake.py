"""A teacher without a model: it answers by rule, at random speeds, keeps a ledger, and can die in the middle."""

import asyncio
import hashlib
import os
import random
import re
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from hornbook.base.records import Message
from hornbook.teacher.client import Completion
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.router import TeacherUsage

Say = Callable[[str, str, int], str]  # (stage, last prompt, sample) → answer

DULL = "always kept near that therefore smallest element root every parent whose children are larger than itself"

WRITTEN = """def again(items, limit):
    kept = []
    for item in items:
        kept.append(item + limit * {n})
    return kept
"""


class FakeTeacher:
    """Attributes: asked: purposes of the fresh calls; die_after: fresh calls it survives; refuse: what it refuses."""

    def __init__(
        self, ledger: Path, say: Say, *, die_after: int | None = None, kill: bool = False, refuse: str = ""
    ) -> None:
        ledger.mkdir(parents=True, exist_ok=True)
        self.file = ledger / "calls.jsonl"
        lines = self.file.read_bytes().splitlines() if self.file.exists() else []
        self.answers = {row.key: row for row in (msgspec.json.decode(line, type=Completion) for line in lines)}
        self.say, self.die_after, self.kill, self.refuse = say, die_after, kill, refuse
        self.asked: list[str] = []
        self.flying: dict[str, asyncio.Task[Completion]] = {}

    async def complete(
        self, messages: list[Message], *, purpose: str, sample: int = 0, temperature: float = 0.7, top_p: float = 1.0,
        max_tokens: int = 256, stop: Sequence[str] = (), schema: str = "",
    ) -> Completion:  # fmt: skip
        call = [messages, sample, temperature, top_p, max_tokens, list(stop), schema]
        key = hashlib.sha256(msgspec.json.encode(call)).hexdigest()[:16]
        if key not in self.answers:
            if key not in self.flying:
                self.flying[key] = asyncio.create_task(self._ask(key, messages[-1].content, purpose, sample))
                self.flying[key].add_done_callback(lambda task: task.cancelled() or task.exception())
            await asyncio.shield(self.flying[key])
        return self.answers[key]

    async def _ask(self, key: str, prompt: str, purpose: str, sample: int) -> Completion:
        await asyncio.sleep(random.random() * 0.01)  # in no order that could be repeated
        if self.refuse and self.refuse in prompt:
            raise CallFailed("400: the prompt is refused")
        if self.die_after is not None and len(self.asked) >= self.die_after:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise TeacherError("teacher: gone")
        text = self.say(purpose.split("/")[1], prompt, sample)
        answer = Completion(key, text, "stop", len(prompt.split()), len(text.split()))
        with self.file.open("ab") as file:
            file.write(msgspec.json.encode(answer) + b"\n")
        self.asked.append(purpose)
        self.answers[key] = answer
        return answer

    model = "fake"
    records_at_once = 1024
    verifier = None

    def choose(self, *names: str) -> "FakeTeacher":
        return self

    def spent(self) -> TeacherUsage:
        return TeacherUsage(len(self.asked), 0, 0.0)


def opening(made: list[FakeTeacher], say: Say, **options: object) -> Callable[..., object]:
    """A stand-in for `open_teachers`; each teacher it opens is appended to `made`."""

    @asynccontextmanager
    async def open_fake(settings: object, ledger: Path, **others: object) -> AsyncIterator[FakeTeacher]:
        made.append(FakeTeacher(ledger, say, **options))  # type: ignore[arg-type]
        yield made[-1]

    return open_fake


def good_teacher(stage: str, prompt: str, sample: int) -> str:
    """Answers that mostly pass the checks: the passage's own words in another order."""
    passage = max(prompt.split("Passage: ")[-1].split("\n\n"), key=len)
    terms = list(dict.fromkeys(re.findall(r"[a-z]{5,}", passage)))
    dice = random.Random(f"{stage}{prompt}{sample}")
    dice.shuffle(terms)
    if stage == "question":
        return f"Question: How do {terms[0]} and {terms[1]} go with {terms[2]}?"
    if stage == "critique":
        scores = f'"reasoning": {dice.randint(1, 5)}, "accuracy": {dice.randint(1, 5)}'
        return f'{{"scores": {{{scores}}}, "advice": ["Say more about {terms[0]}."]}}'
    if stage == "instruction":
        return f"It uses {' and '.join(sorted(set(re.findall('[a-z]{4,}', prompt.split('```')[1])))[:6])} in turn."
    if wanted := re.search(r"`shifted(\d+)", prompt):  # the corpus's functions: the number is what they multiply by
        return f"Here it is:\n```python\n{WRITTEN.format(n=wanted[1])}```\nI hope this helps."
    if stage in ("write", "revise"):
        return in_form(prompt, terms)
    number = dice.choice([3, 3, 3, 7])
    return f"We look at {terms[0]}, then at {terms[1]} and {terms[2]}.\nThat is {number}.\nAnswer: {number}"


def in_form(prompt: str, terms: list[str]) -> str:
    half = len(terms) // 2
    sentence = f"Here {' with '.join(terms[:half])}."
    if "discussion" in prompt:
        third = f"Student: And {' before '.join(terms[half:])}?\nTeacher: After {' and '.join(terms[:3])}."
        return f"Student: What of {' and '.join(terms[half:])}?\nTeacher: {sentence}\n{third}"
    return f"{sentence} Also {' for '.join(terms[half:])}."


def dull_teacher(stage: str, prompt: str, sample: int) -> str:
    """Says the same to everything: what a teacher that lost its diversity looks like."""
    if stage != "write" or "`" in prompt:
        return good_teacher(stage, prompt, sample)
    return in_form(prompt, DULL.split())
