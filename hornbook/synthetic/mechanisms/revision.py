"""Self-revision: a text is scored against a rubric with anchors, and revised until good enough (report §D.1.2)."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta

from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, KindSettings, RecordContext
from hornbook.synthetic.mechanisms.mechanism import Option
from hornbook.synthetic.prompts import SHARED

REVISED = 0.5  # share of the texts of a good teacher that are revised, once
Score = Annotated[int, Meta(ge=1, le=5)]


class RevisionSettings(KindSettings):
    """Texts that their writer criticises and revises."""

    rounds: int = setting(2, "revisions, at most; every version is scored", ge=0)
    good_enough: float = setting(4.5, "mean score of the rubric (1 to 5) from which nothing is revised", ge=1, le=5)
    min_score: int = setting(3, "least score of every criterion that the best version must reach", ge=1, le=5)


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a rubric: what is asked, and what the scores 1, 3 and 5 look like."""

    name: str
    asks: str
    anchors: dict[str, str]


RUBRIC = Option("criteria with anchors, or the name of a shared rubric", str | list[Criterion], True, "critique")


class Version(msgspec.Struct):
    """A version of the text, with its score by criterion and the advice for the next."""

    text: str
    scores: dict[str, int]
    advice: list[str]

    def mean(self) -> float:
        return sum(self.scores.values()) / len(self.scores)


def rubric_of(ask: RecordContext) -> list[Criterion]:
    """The kind's own rubric, or the one of that name in `kinds/rubrics.yaml`, which several kinds share."""
    named = ask.kind.options["rubric"]
    return msgspec.convert(_shared()[named] if isinstance(named, str) else named, list[Criterion])


@cache
def _shared() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SHARED / "rubrics.yaml").read_text("utf-8"))
    return found


async def revised(text: str, ask: RecordContext, settings: RevisionSettings, **values: Any) -> Version:
    """The best version of the text by its scores; the earlier of equals. Stages "critique" and "revise"."""
    rubric = rubric_of(ask)
    best = latest = await scored(text, rubric, ask, 0, **values)
    for number in range(settings.rounds):
        if latest.mean() >= settings.good_enough:
            break
        again = await ask.write("revise", attempt=number, text=latest.text, advice=latest.advice, **values)
        latest = await scored(again, rubric, ask, number + 1, **values)
        best = max(best, latest, key=Version.mean)
    ask.facts |= {"score": best.mean(), "first_score_to_best": best.mean()}
    return best


async def scored(text: str, rubric: Sequence[Criterion], ask: RecordContext, number: int, **values: Any) -> Version:
    found: Any = await ask.fill(
        "critique", _shape(tuple(one.name for one in rubric)), attempt=number, text=text, rubric=rubric, **values
    )
    return Version(text, {one.name: getattr(found.scores, one.name) for one in rubric}, found.advice)


def require_scores(checks: Checks, best: Version, settings: RevisionSettings) -> None:
    low = [f"{name} {score}" for name, score in best.scores.items() if score < settings.min_score]
    checks.require("rubric", not low, ", ".join(low))


@cache
def _shape(names: tuple[str, ...]) -> type[msgspec.Struct]:
    scores = msgspec.defstruct("Scores", [(name, Score) for name in names])
    advice = Annotated[list[str], Meta(max_length=6)]
    return msgspec.defstruct("Critique", [("scores", scores), ("advice", advice)])
