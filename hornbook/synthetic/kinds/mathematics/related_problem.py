"""Related problems: the teacher writes another problem beside a given one; kept if it can be solved (report §2.2)."""

import msgspec
import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.equations import numbers, shown
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.mathematics._solving import (
    SHOWN_QUESTION,
    SOLUTION_CHECKS,
    SolvingSettings,
    final_number,
    numeric,
    solve,
    sound,
)
from hornbook.synthetic.kinds.mathematics.variation import agreed
from hornbook.synthetic.prompting import SMALL_TALK, unlabelled
from hornbook.synthetic.words import copied, leaked, repetition, stems, words

LEAST_WORDS = 3  # different content words of a question that others can be related to
TASK = "Write another problem of the same field that asks for something else, with other numbers. End with a question."
SHOWN_RELATED = "A bag has 20 balls, of which 6 are red and the rest are blue. How many blue balls are in the bag?"


class RelatedProblemSettings(SolvingSettings):
    """Problems beside a given one."""

    tries: int = setting(3, "problems tried", ge=1)
    min_shared: float = setting(0.15, "least share of the content words that both problems have: related", ge=0, le=1)
    max_shared: float = setting(0.8, "largest share of them: different", ge=0, le=1)
    max_copied: float = setting(0.5, "largest share of 4-grams taken over", ge=0, le=1)
    min_agree: float = setting(0.5, "least share of the solutions that must agree", gt=0, le=1)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: RelatedProblemSettings) -> list[Question]:
    """Questions with numbers and with words: nothing in particular is related to a bare sum."""
    told = [question for question in material.questions if len(stems(question.prompt)) >= LEAST_WORDS]
    return numeric(msgspec.structs.replace(material, questions=told), count, rng, settings)


async def make(seed: Question, ask: RecordContext, settings: RelatedProblemSettings) -> list[Made]:
    failure = Rejected("problem")
    prompt = [*example(f"{TASK}\n\n{SHOWN_QUESTION}", SHOWN_RELATED), Message("user", f"{TASK}\n\n{seed.prompt}")]
    for number in range(settings.tries):
        answer = await ask("write", prompt, max_tokens=80, stop=["\n\n"], sample=number)
        try:
            problem, passed = check_problem(unlabelled(answer.text), seed.prompt, settings)
            return [await solved(problem, passed, ask, settings)]
        except Rejected as rejected:
            failure = rejected
    raise failure


def check_problem(text: str, original: str, settings: RelatedProblemSettings) -> tuple[str, list[str]]:
    """(the problem up to its question, the checks it passed). Raises Rejected."""
    problem = " ".join(text[: text.find("?") + 1].split())
    checks = Checks()
    fluent = 5 <= len(words(problem)) <= 120 and repetition(problem) <= 0.3 and not SMALL_TALK.search(problem)
    checks.require("problem", fluent and bool(numbers(problem)), "no problem with numbers that ends with a question")
    checks.require("not the example", leaked(problem, f"{SHOWN_QUESTION} {SHOWN_RELATED}", original) <= 1)
    mine, theirs = stems(problem), stems(original)
    shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
    checks.require("related", shared >= settings.min_shared, f"{shared:.2f} of the words shared")
    same = shared > settings.max_shared or copied(problem, original, 4) > settings.max_copied
    checks.require("different", not same and sorted(numbers(problem)) != sorted(numbers(original)))
    return problem, checks.passed


async def solved(problem: str, passed: list[str], ask: RecordContext, settings: RelatedProblemSettings) -> Made:
    """With the answer that enough independent solutions reach as the reference."""
    solutions = await solve(problem, ask, settings)
    wanted = agreed(solutions, settings.min_agree)
    reached = [solution for solution in solutions if final_number(solution) == wanted]
    solution, more = sound(reached, problem)[0]
    return Made(
        [*passed, "plurality", *(check for check in more if check not in passed)],
        messages=[Message("user", problem), Message("assistant", solution)],
        grade=round(len(reached) / len(solutions), 4),
        question=Question(
            id=make_id("question", problem, shown(wanted)),
            task="related_problem",
            prompt=problem,
            answer=shown(wanted),
            oracle="number",
            solution=solution,
        ),
    )


KIND = Kind(
    about="Another problem beside a given one, related and different, kept if independent solutions of it agree.",
    source="synthetic",
    report="2.2",
    seeded_by="questions with numbers",
    seeds=seeds,
    make=make,
    stages=("write", "solve"),
    checks=("problem", "related", "different", "plurality", *SOLUTION_CHECKS),
    calls=lambda settings: settings.tries * (1 + settings.solutions),
    settings=RelatedProblemSettings,
)
