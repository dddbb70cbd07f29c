"""Prompts as planned: how many different ones the first stage of a kind sends, when few seeds are drawn from often."""

import asyncio
from contextlib import suppress
from typing import Any

from hornbook.base.rng import rng
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import RecordContext, Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import PassageSettings


class Stopped(Exception):
    """The first stage has been reached."""


class FirstStage(RecordContext):
    """Stops a record at its first call, and holds the stage and what its template sees."""

    stage: str
    seen: dict[str, Any]

    def _prompt(self, stage: str, values: dict[str, Any]) -> Any:
        self.stage, self.seen = stage, self.values | values
        raise Stopped


def first_prompts(name: str, seeds: list[Seed], records: int) -> list[str]:
    """The first prompts of that many records, as many of each seed."""
    kind = load_kind(name)
    settings = kind.settings()
    found = []
    for seed in seeds:
        ask = FirstStage(None, kind, settings, PassageSettings(), rng(1, "record", name, seed.id))  # type: ignore[arg-type]
        ask.values |= drawn_values(RecordJob(kind, settings, seed), 1)
        with suppress(Stopped):
            asyncio.run(kind.make(seed, ask, settings))  # type: ignore[arg-type]
        for draw in range(records // len(seeds)):
            drawn = drawn_values(RecordJob(kind, settings, seed, draw, len(found)), 1)
            values = ask.seen | {"axes": drawn["axes"], "brief": drawn["brief"]}
            found.append("\n".join(turn.content for turn in kind.prompts[ask.stage].messages(kind.system, values)))
    return found


def framed(answer: str) -> list[str]:
    """The answer as strong models write it: plain, with a preamble and an offer, after thinking."""
    return [
        answer,
        f"Sure! Here is what you asked for:\n\n<answer>\n{answer}\n</answer>\n\nLet me know if you need anything else!",
        f"<think>\nWhat would be right? ```python\nnothing\n```\n</think>\n\n<answer>\n{answer}\n</answer>",
    ]
