"""Word problems from arithmetic: a program draws the computation, the teacher the story (report §2.2).

The answer is known before anybody is asked, so solutions that do not reach it speak against the story.
"""

import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.equations import numbers
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.mathematics._expressions import Computation, draw
from hornbook.synthetic.kinds.mathematics._solving import (
    SOLUTION_CHECKS,
    SolvingSettings,
    final_number,
    solve,
    sound,
)
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SMALL_TALK, unlabelled
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import leaked, repetition, stems, words

TASK = (
    "Write a short word problem that is solved by this computation. Give the numbers, not the results. "
    "End with a question."
)
STORIES = {  # of the last operation → computation, topic, story: what stands nearest teaches the most
    "+": ("5 + 8 = 13", "garden, flowers", "A garden has 5 red flowers and 8 white ones. How many flowers has it?"),
    "-": ("14 - 6 = 8", "library, books", "A library has 14 books and lends 6. How many books are left in it?"),
    "*": ("4 * 7 = 28", "school, desks", "A school has 4 rooms with 7 desks each. How many desks are there?"),
    "/": ("24 / 6 = 4", "farm, eggs", "A farm packs 24 eggs into boxes of 6. How many boxes does it fill?"),
}
TOPICS = 2  # key terms of the passage that set the scene
LONGEST_TOPIC = 12  # letters: longer ones are names of code


class WordProblemSettings(SolvingSettings):
    """Word problems for computations that a program draws."""

    operations: int = setting(1, "most operations of a computation", ge=1, le=6)
    largest: int = setting(20, "largest number given", ge=3)
    tries: int = setting(4, "stories tried", ge=1)
    min_right: float = setting(0.5, "least share of solutions that must reach the computed answer", gt=0, le=1)


async def make(seed: Passage, ask: RecordContext, settings: WordProblemSettings) -> list[Made]:
    computation = draw(ask.rng, int(ask.rng.integers(1, settings.operations + 1)), settings.largest)
    topics = scene(seed, ask.rng)
    failure = Rejected("story")
    for number in range(settings.tries):
        answer = await ask("story", story_prompt(computation, topics), max_tokens=72, stop=["\n\n"], sample=number)
        try:
            story = check_story(unlabelled(answer.text), computation, topics)
            return [await solved(story, computation, ask, settings)]
        except Rejected as rejected:
            failure = rejected
    raise failure


def scene(passage: Passage, rng: np.random.Generator) -> list[str]:
    terms = [term for term in key_terms(passage.text) if len(term) <= LONGEST_TOPIC] or ["shop"]
    return [terms[number] for number in sorted(rng.permutation(len(terms))[:TOPICS].tolist())]


def story_prompt(computation: Computation, topics: list[str]) -> list[Message]:
    def asked(steps: str, topic: str) -> str:
        return f"{TASK}\nTopic: {topic}\nComputation: {steps}"

    steps, topic, story = STORIES[computation.steps[-1].sign]
    return [*example(asked(steps, topic), story), Message("user", asked(computation.told(), ", ".join(topics)))]


def check_story(text: str, computation: Computation, topics: list[str]) -> str:
    """The story, up to its question. Raises Rejected when its numbers are not those of the computation."""
    story = " ".join(text[: text.find("?") + 1].split())
    if not 8 <= len(words(story)) <= 120 or repetition(story) > 0.3 or SMALL_TALK.search(story):
        raise Rejected("story", "no problem that ends with a question")
    if not stems(" ".join(topics)) & stems(story):
        raise Rejected("story", f"not about {' or '.join(topics)}")
    if sum(leaked(story, shown, "") for _, _, shown in STORIES.values()) > 1:
        raise Rejected("not the example")
    if sorted(numbers(story)) != sorted(computation.given):
        raise Rejected("numbers", f"its numbers are {[float(number) for number in numbers(story)]}")
    return story


async def solved(story: str, computation: Computation, ask: RecordContext, settings: WordProblemSettings) -> Made:
    solutions = await solve(story, ask, settings)
    reached = [solution for solution in solutions if final_number(solution) == computation.result]
    share = len(reached) / len(solutions)
    ask.facts["right"] = share
    checks = Checks()
    checks.require("solvable", share >= settings.min_right, f"{share:.2f} of the solutions reach the computed answer")
    solution, passed = sound(reached, story)[0]
    answer = str(computation.result)
    return Made(
        [
            "story",
            "numbers",
            "not the example",
            *checks.passed,
            *(check for check in passed if check != "not the example"),
        ],
        messages=[Message("user", story), Message("assistant", solution)],
        grade=round(share, 4),
        question=Question(
            id=make_id("question", story, answer),
            task="word_problem",
            prompt=story,
            answer=answer,
            oracle="number",
            solution=solution,
        ),
    )


KIND = Kind(
    about="A word problem for a computation drawn by program, kept if independent solutions reach the computed answer.",
    source="synthetic",
    report="2.2",
    seeded_by="passages, for the scene",
    seeds=from_passages,
    make=make,
    stages=("story", "solve"),
    checks=("story", "numbers", "solvable", *SOLUTION_CHECKS),
    calls=lambda settings: settings.tries * (1 + settings.solutions),
    settings=WordProblemSettings,
)
