"""Where a question comes from that is to be solved: given, or made from a question, a computation or a scene.

A kind's file names one of QUESTIONS as `options.question`. What is known of the answer beforehand goes with it.
"""

from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from hornbook.base.records import Question, make_id
from hornbook.synthetic.arithmetic import false_equation, numbers, shown
from hornbook.synthetic.kind import RecordContext, Rejected
from hornbook.synthetic.kinds.mathematics._computation import draw
from hornbook.synthetic.kinds.mathematics._program import varied
from hornbook.synthetic.mechanisms.comparing import right_answers
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.words import copied

MOST_COPIED = 0.6  # share of 5-grams that a new question may have from its seed
SPELT = 12  # numbers up to here may stand in words


class Posed(msgspec.Struct):
    """A question to solve.

    Attributes:
        reference: what solutions are held to; None: to one another.
        quoted: a text whose false equations a solution may quote.
        told: more for the templates of the kind.
    """

    text: str
    reference: Question | None = None
    quoted: str = ""
    told: dict[str, Any] = {}


async def given(seed: Question, ask: RecordContext, number: int) -> Posed:
    """The seed itself."""
    return Posed(seed.prompt, seed)


async def written(seed: Question | Passage, ask: RecordContext, number: int) -> Posed:
    """Another question beside a question, or one about a passage; nobody knows its answer yet."""
    text = await _asked(ask, number)
    original = seed.text if isinstance(seed, Passage) else seed.prompt
    share = copied(text, original)
    if share > MOST_COPIED:
        raise Rejected("question", f"{share:.2f} of its 5-grams are the seed's")
    return Posed(text)


async def given_or_about(seed: Question | Passage, ask: RecordContext, number: int) -> Posed:
    """A question that is given, or a passage with a new question about it."""
    if isinstance(seed, Question):
        return Posed(seed.prompt, seed)
    posed = await written(seed, ask, number)
    return Posed(f"{seed.text}\n\n{posed.text}", quoted=seed.text)


async def other_numbers(seed: Question, ask: RecordContext, number: int) -> Posed:
    """The question with other numbers: told anew if there is a prompt for that. A program computes the answer where
    one is known; where none is, the teacher changes the numbers and nobody knows the answer yet."""
    text, answer = varied(seed, ask.rng, int(ask.kind.options.get("changed", 3)))
    if "question" in ask.kind.prompts:
        changed = text if answer is not None else ""
        text = await _asked(ask, number, changed=changed)
        if changed:
            _require_numbers(text, numbers(changed))
    if sorted(numbers(text)) == sorted(numbers(seed.prompt)):
        raise Rejected("question", "none of its numbers has changed")
    return Posed(text, _with_answer(ask, text, shown(answer)) if answer is not None else None)


async def hidden_number(seed: Question, ask: RecordContext, number: int) -> Posed:
    """The answer is given and one of the numbers asked for. Solutions find it again only if the answer decides it."""
    said = [one for one in dict.fromkeys(numbers(seed.prompt)) if abs(one) > 1]
    if not said:
        raise Rejected("question", "no number to hide")
    hidden = said[int(ask.rng.integers(len(said)))]
    text = await _asked(ask, number, hidden=shown(hidden))
    _require_numbers(text, numbers(seed.answer))
    return Posed(text, _with_answer(ask, text, shown(hidden)))


async def computation(seed: Passage, ask: RecordContext, number: int) -> Posed:
    """A problem told by the teacher for a computation that a program draws; with a tolerance, one to estimate."""
    options = ask.kind.options
    least, most = options["operations"]
    drawn = draw(ask.rng, int(ask.rng.integers(least, most + 1)), tuple(options["numbers"]), options["largest"])
    text = await _asked(ask, number, computation=drawn.told(), given=drawn.given)
    said = _require_numbers(text, list(map(Fraction, drawn.given)))
    told = [result for result in drawn.results if Fraction(result) in said]
    if told:
        raise Rejected("question", f"it gives away {told[0]}")
    entry = {"tolerance": options["tolerance"]} if "tolerance" in options else {}
    return Posed(text, _with_answer(ask, text, str(drawn.results[-1]), entry), told={"computation": drawn.told()})


class Planted(msgspec.Struct):
    """A solution with one mistake: its steps, which of them is wrong (from 1), and how."""

    steps: list[str]
    wrong_step: int
    mistake: str


class Found(msgspec.Struct):
    """The first step that is wrong (from 1), and why."""

    why: str
    step: int


VOTES = 3  # independent readers of a solution with a mistake, most of whom must find it


async def planted_error(seed: Question, ask: RecordContext, number: int) -> Posed:
    """A solution of the question with one mistake, which the teacher puts in and independent readers find."""
    planted = await ask.fill("plant", Planted, attempt=number)
    steps = [step.strip() for step in planted.steps if step.strip()]
    tried = "\n".join(f"{place}. {step}" for place, step in enumerate(steps, 1))
    if len(steps) < 2 or not 1 <= planted.wrong_step <= len(steps):
        raise Rejected("step", f"step {planted.wrong_step} of {len(steps)}")
    if (await right_answers(seed, [steps[-1]], ask))[0]:
        raise Rejected("step", "the solution with the mistake reaches the answer")
    early = false_equation("\n".join(steps[: planted.wrong_step - 1]))
    if early:
        raise Rejected("step", f"an earlier step is wrong: {early}")
    told = {"tried": tried, "wrong_step": planted.wrong_step, "mistake": planted.mistake}
    finds = [await ask.fill("find", Found, attempt=vote, problem=seed.prompt, tried=tried) for vote in range(VOTES)]
    share = sum(found.step == planted.wrong_step for found in finds) / VOTES
    ask.facts["found"] = share
    if share <= 0.5:
        raise Rejected("step", f"found by {share:.2f} of the readers")
    return Posed(seed.prompt, seed, quoted=tried, told=told)


QUESTIONS: dict[str, Callable[[Any, RecordContext, int], Awaitable[Posed]]] = {
    "given": given,
    "written": written,
    "given_or_about": given_or_about,
    "other_numbers": other_numbers,
    "hidden_number": hidden_number,
    "computation": computation,
    "planted_error": planted_error,
}


async def _asked(ask: RecordContext, number: int, **values: Any) -> str:
    text = await ask.write("question", attempt=number, label="Question", **values)
    if not 20 <= len(text) <= 3000:
        raise Rejected("question", f"{len(text)} characters")
    return text


def _require_numbers(text: str, wanted: Sequence[Fraction]) -> list[Fraction]:
    """The numbers of the text. Raises Rejected when one that must be told is not among them."""
    said = numbers(text)
    lost = [shown(number) for number in wanted if abs(number) > SPELT and number not in said]
    if lost:
        raise Rejected("question", f"{', '.join(lost)} is not in it")
    return said


def _with_answer(ask: RecordContext, text: str, answer: str, entry: dict[str, Any] | None = None) -> Question:
    return Question(
        id=make_id("question", text, answer),
        task=ask.kind.name,
        prompt=text,
        answer=answer,
        oracle="number",
        entry=msgspec.json.encode(entry).decode() if entry else "",
    )
