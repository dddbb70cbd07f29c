"""A better and a worse reply to one request: a checker decides, or a judge who sees both orders (report §4.2).

Of independent replies one that the checker passes is preferred to one that it fails. Strong teachers seldom fail: where
all are right, the teacher writes a reply with a defect, and the checker must see it.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from hornbook.base.records import Question
from hornbook.base.settings import setting
from hornbook.oracles.extract_code import code_in
from hornbook.oracles.score import judge_pairs
from hornbook.synthetic.constraints.drawing import as_instruction, broken, draw_constraints
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.constraints.rule import Topic
from hornbook.synthetic.kind import Checks, Made, RecordContext, Rejected
from hornbook.synthetic.kinds.preference._functions import defines
from hornbook.synthetic.kinds.preference._refusals import REFUSAL_CHECKS, refusals
from hornbook.synthetic.mechanisms.comparing import final_answer, oracle_of, right_answers
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option, Prompts, Stage, paired
from hornbook.synthetic.mechanisms.solve_and_vote import Review, check_solution
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, require_form, text_check_names
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.verification import CHECKS

COMPARED, JUDGED = Stage("problem answers"), Stage("problem replies", needed=True)
KNOWN = {"reply": Stage("solution"), "worse": Stage("better solution"), "record": Stage("solution")}  # what is seen
Mark = Annotated[int, Meta(ge=1, le=5)]


class PairSettings(TextSettings):
    """A better reply and a worse one."""

    temperature: float = setting(0.8, "sampling temperature of requests and replies", ge=0)
    max_tokens: int = setting(2500, "longest reply, in tokens", ge=1)
    replies: int = setting(3, "independent replies, to choose the better one from", ge=1)
    worse: int = setting(3, "replies that should be worse, at most", ge=0)
    margin: float = setting(0.75, "least difference of a judge's marks (1 to 5), over both orders", gt=0)
    usually_right: float = setting(0.75, "share of right answers from memory that counts as knowing", gt=0, le=1)
    reviewed: bool = setting(True, "let a reviewer read the steps of the preferred solution")


class Verdict(NamedTuple):
    """What a checker says of a reply: fit to be preferred; fit to be the worse one; why not to be preferred."""

    better: bool
    worse: bool
    reason: str = ""


class Case(NamedTuple):
    """A request that a checker decides on.

    Attributes:
        told: for the templates; `told_worse` instead for those of the worse reply of a number.
        judge: a verdict on each reply.
        last_checks: of the reply that is to be preferred. Raises Rejected.
        question: the request with a checker for replies to it, where it is new.
    """

    told: dict[str, Any]
    judge: Callable[[Sequence[str]], Awaitable[list[Verdict]]]
    last_checks: Callable[[str], Awaitable[list[str]]]
    told_worse: Callable[[int], dict[str, Any]]
    question: Callable[[str], Question | None] = lambda reply: None


async def make(seed: Any, ask: RecordContext, settings: PairSettings) -> list[Made]:
    decided_by = ask.kind.options["decided_by"]
    if decided_by in CASES:
        return [await by_checker(await CASES[decided_by](seed, ask, settings), ask, settings)]
    return await (refusals(seed, ask, settings) if decided_by == "refusals" else by_judge(seed, ask, settings))


async def by_checker(case: Case, ask: RecordContext, settings: PairSettings) -> Made:
    """The grade says how often the teacher fails: pairs on which it often does teach the most."""
    read: Callable[[str], str] = _program if ask.kind.options["decided_by"] == "tests" else str
    replies = [read(text) for text in await ask.samples("reply", settings.replies, preamble=False, **case.told)]
    verdicts = await case.judge(replies)
    better = [text for text, verdict in zip(replies, verdicts, strict=True) if verdict.better]
    worse = [text for text, verdict in zip(replies, verdicts, strict=True) if verdict.worse]
    ask.facts["right"] = len(better) / len(replies)
    if not better and isinstance(solution := case.told.get("solution"), str) and solution:
        (known,) = await case.judge([read(solution)])
        better = [read(solution)] if known.better else []
    checks = Checks()
    checks.require("finished", True)
    checks.require("better reply", bool(better), verdicts[0].reason)
    last = await case.last_checks(better[0])
    for number in range(settings.worse if "worse" in ask.kind.prompts and not worse else 0):
        text = read(
            await ask.write("worse", attempt=number, preamble=False, better=better[0], **case.told_worse(number))
        )
        (verdict,) = await case.judge([text])
        if verdict.worse:
            worse = [text]
            break
    checks.require("worse reply", bool(worse), "none that is well formed and fails")
    closest = min(worse, key=lambda text: abs(len(text) - len(better[0])))  # length is not to tell them apart
    passed = [*checks.passed, *last]
    made = paired(ask, passed, better[0], closest, grade=1 - ask.facts["right"], **case.told)
    made.question = case.question(better[0])
    return made


def _program(reply: str) -> str:
    return code_in(reply).strip("\n")


# -- checkers


async def by_tests(seed: Question, ask: RecordContext, settings: PairSettings) -> Case:
    """Programs, run in the sandbox against the tests of the request."""

    async def judge(programs: Sequence[str]) -> list[Verdict]:
        judged = await ask.compute(judge_pairs, [(seed, f"```python\n{program}\n```") for program in programs])
        return [
            Verdict(
                one.right is True, "AssertionError" in one.reason and defines(program, seed.prompt), one.reason[:80]
            )
            for program, one in zip(programs, judged, strict=True)
        ]

    async def last_checks(program: str) -> list[str]:
        return []

    told = {"problem": seed.prompt, "solution": seed.solution}
    return Case(told, judge, last_checks, lambda number: told)


async def by_answer(seed: Question, ask: RecordContext, settings: PairSettings) -> Case:
    """Solutions, by the answer of the question and their arithmetic; what is preferred has sound steps too."""

    def verdict(text: str, right: bool) -> Verdict:
        answer = final_answer(text)
        try:
            require_form(Checks(), text, settings.tokens)
            if right:
                check_solution(text, settings.tokens)
        except Rejected as rejected:
            return Verdict(False, False, str(rejected))
        same_sort = 0 < len(answer) <= 80 and oracle_of(answer) == oracle_of(seed.answer)
        return Verdict(right, not right and same_sort, "another answer")

    async def judge(solutions: Sequence[str]) -> list[Verdict]:
        return list(map(verdict, solutions, await right_answers(seed, solutions, ask)))

    async def last_checks(solution: str) -> list[str]:
        checks = Checks()
        if settings.reviewed and "review" in ask.kind.prompts:
            review = await ask.fill("review", Review, problem=seed.prompt, solution=solution)
            checks.require("form", True)
            checks.require("review", review.sound, review.wrong_step or review.why)
        return checks.passed

    told = {"problem": seed.prompt, "solution": seed.solution}
    return Case(told, judge, last_checks, lambda number: told)


async def by_constraints(seed: Passage, ask: RecordContext, settings: PairSettings) -> Case:
    """Replies to a request about a passage under constraints. Worse ones were not told one of them."""
    request = await ask.write("question", label="Request")
    least, most = ask.kind.options["constraints"]
    topic = Topic(request, key_terms(seed.text))
    count = int(ask.rng.integers(least, most + 1))
    constraints = draw_constraints(ask.rng, topic, count, ask.kind.options.get("rules", ()))
    problem = " ".join([request, *map(as_instruction, constraints)])

    async def judge(replies: Sequence[str]) -> list[Verdict]:
        verdicts = []
        for reply in replies:
            wrong = ", ".join(one.rule for one in broken(constraints, reply))
            try:
                require_form(Checks(), reply, settings.tokens)
            except Rejected as rejected:
                verdicts.append(Verdict(False, False, str(rejected)))
            else:
                verdicts.append(Verdict(not wrong, bool(wrong), wrong))
        return verdicts

    async def last_checks(reply: str) -> list[str]:
        return (await check_text(reply, seed, ask, settings)).passed

    def all_but_one(number: int) -> dict[str, Any]:
        left_out = number % max(1, len(constraints))
        kept = [one for place, one in enumerate(constraints) if place != left_out]
        return {"problem": " ".join([request, *map(as_instruction, kept)])}

    def question(reply: str) -> Question:
        return constraint_question(ask.kind.name, problem, reply, constraints)

    return Case({"problem": problem}, judge, last_checks, all_but_one, question)


CASES: dict[str, Callable[[Any, RecordContext, PairSettings], Awaitable[Case]]] = {
    "tests": by_tests,
    "answer": by_answer,
    "constraints": by_constraints,
}


# -- a judge


class Judged(msgspec.Struct):
    """What is wrong with a reply, and its marks."""

    faults: str
    accuracy: Mark
    style: Mark
    detail: Mark

    def mean(self) -> float:
        return (self.accuracy + self.style + self.detail) / 3


class Marked(NamedTuple):
    """A reply with its marks in each of the two orders."""

    text: str
    accuracy: tuple[float, float]
    overall: tuple[float, float]


async def by_judge(seed: Passage, ask: RecordContext, settings: PairSettings) -> list[Made]:
    """A pair won on accuracy, and one won on the mean of the marks where that prefers others (report §4.2).

    Judges favour places in a list: what only one order prefers makes no pair.
    """
    question = await ask.write("question", label="Question")
    texts = await ask.samples("reply", settings.replies, preamble=False, problem=question)
    if settings.worse:
        texts += await ask.samples("worse", settings.worse, preamble=False, problem=question)
    checks = Checks()
    checks.require("finished", True)
    replies = list(dict.fromkeys(texts))
    checks.require("better reply", len(replies) > 1, "all replies are the same")
    forwards = await _marks(question, replies, ask, 0)
    backwards = (await _marks(question, replies[::-1], ask, 1))[::-1]
    checks.require("form", True)
    marked = [
        Marked(text, (one.accuracy, other.accuracy), (one.mean(), other.mean()))
        for text, one, other in zip(replies, forwards, backwards, strict=True)
    ]
    made: list[Made] = []
    failure = Rejected("both orders", "no difference that both orders see")
    for criterion in ("accuracy", "overall"):
        ranked = sorted(marked, key=lambda one: -sum(getattr(one, criterion)))
        best, worst = ranked[0], ranked[-1]
        gaps = [one - other for one, other in zip(getattr(best, criterion), getattr(worst, criterion), strict=True)]
        if min(gaps) <= 0 or sum(gaps) / 2 < settings.margin or any(one.rejected == worst.text for one in made):
            continue
        try:
            passed = (await check_text(best.text, seed, ask, settings)).passed
        except Rejected as rejected:
            failure = rejected
            continue
        passed = [*checks.passed, *passed, "both orders", criterion]
        grade = sum(getattr(best, criterion)) / 10
        made.append(paired(ask, passed, best.text, worst.text, grade=grade, problem=question))
    if not made:
        raise failure
    return made


async def _marks(question: str, replies: list[str], ask: RecordContext, number: int) -> list[Judged]:
    found: Any = await ask.fill("judge", _shape(len(replies)), attempt=number, problem=question, replies=replies)
    return found.replies  # type: ignore[no-any-return]


@cache
def _shape(count: int) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        "Judgements", [("replies", Annotated[list[Judged], Meta(min_length=count, max_length=count)])]
    )


def calls(settings: PairSettings, prompts: Prompts) -> dict[str, int]:
    listed = 4 if "refuse" in prompts else 0  # one judge for all replies
    return {
        "question": 2,
        "reply": 2 * settings.replies,
        "refuse": 4 * settings.replies,
        "recall": 2 * settings.replies,
        "worse": 2 * settings.worse,
        "judge": listed or 4,
        "compare": 2 * (1 + settings.worse),
        "review": 2 if settings.reviewed else 0,
    }


def checks(settings: PairSettings, prompts: Prompts) -> tuple[str, ...]:
    if "refuse" in prompts:
        return (*REFUSAL_CHECKS, *(CHECKS if settings.verified else ()))
    about_seed = text_check_names(settings) if "question" in prompts else ("finished",)
    by_a_judge = ("both orders", "accuracy", "overall") if "judge" in prompts else ("worse reply",)
    read = ("form",) if {"judge", "review", "compare"} & set(prompts) else ()
    reviewed = ("review",) if settings.reviewed and "review" in prompts else ()
    return (*about_seed, "better reply", *read, *reviewed, *by_a_judge)


MECHANISM = Mechanism(
    make=make,
    settings=PairSettings,
    calls=calls,
    checks=checks,
    seeds="passages",
    stages={
        "question": None,
        "reply": Stage("problem", needed=True),
        "refuse": None,
        "recall": None,
        "worse": Stage("problem"),
        "judge": None,
        "compare": None,
        "review": None,
    },
    record={"user": "problem reply", "assistant": "problem reply"},
    options={
        "decided_by": Option("who decides which reply is better", needed=True),
        "constraints": Option("least and most constraints", tuple[int, int], True, "constraints"),
        "rules": Option("rules to draw constraints from", list[str], of="constraints"),
    },
    chosen_by="options.decided_by",
    cases={
        "tests": KNOWN,
        "answer": {**KNOWN, "compare": COMPARED, "review": Stage("problem solution")},
        "constraints": {"question": Stage(needed=True), "worse": Stage("better")},
        "judge": {"question": Stage(needed=True), "judge": JUDGED},
        "refusals": {
            "question": Stage(needed=True),
            **dict.fromkeys(("reply", "record"), Stage("context")),
            **dict.fromkeys(("refuse", "recall"), Stage("problem context", needed=True)),
            "worse": Stage("context answer", needed=True),
            "judge": JUDGED,
            "compare": COMPARED,
        },
    },
)
