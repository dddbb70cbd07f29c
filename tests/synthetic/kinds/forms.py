"""The forms in which strong models answer, and the prompts of many planned records as they are sent."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from hornbook.base.records import Message
from hornbook.base.rng import rng
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import RecordContext, Rejected, Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import PassageSettings
from tests.synthetic.kinds.scripted import Script

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "preamble and fence": lambda text: (
        f"Sure! Here it is:\n\n```\n{text}\n```\n\nLet me know if you need anything else."
    ),
    "thinking": lambda text: f"<think>\nThe user wants a text. Let me see ...\n</think>\n\n{text}",
}


def in_form(form: str, script: Script) -> Script:
    """The script with every answer in that form."""
    said = FORMS[form]

    def formed(answer: Any) -> Any:
        if callable(answer):
            return lambda prompt, sample: said(answer(prompt, sample))
        return said(answer) if isinstance(answer, str) else [said(one) for one in answer]

    return {stage: formed(answer) for stage, answer in script.items()}


def as_json(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)


class _Seen(Exception):
    pass


class _FirstPrompt:
    """A teacher that takes the first prompt of a record and answers nothing."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    async def complete(self, messages: list[Message], **options: Any) -> Any:
        self.prompts.append("\n\n".join(message.content for message in messages))
        raise _Seen


def first_prompts(name: str, seeds: Sequence[Seed], draws: int) -> list[str]:
    """What is sent first for so many records of each seed; nothing for a record that is rejected before."""
    kind, teacher = load_kind(name), _FirstPrompt()
    settings = kind.settings()

    async def start_all() -> None:
        for seed in seeds:
            for draw in range(draws):
                job = RecordJob(kind, settings, seed, draw)
                drawing = rng(1, "record", name, seed.id, draw)
                ask = RecordContext(teacher, kind, settings, PassageSettings(), drawing)  # type: ignore[arg-type]
                ask.values |= drawn_values(job, 1)
                with contextlib.suppress(_Seen, Rejected):
                    await kind.make(seed, ask, settings)

    asyncio.run(start_all())
    return teacher.prompts


def require_diverse(name: str, seeds: Sequence[Seed]) -> None:
    """Of 1,000 planned records at least 990 have different prompts as sent, with these seeds alone."""
    prompts = first_prompts(name, seeds, 1000 // len(seeds))
    assert len(prompts) == 1000 and len(set(prompts)) >= 990, (name, len(prompts), len(set(prompts)))
