"""An edit of a given text that a program can do too: the teacher words the request, the result is computed (§5)."""

import re

import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.constraints.oracle import SAME_TEXT
from hornbook.synthetic.constraints.rule import some
from hornbook.synthetic.groundedness import negations
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.instructions._edits import EDITS, Task, draw_task
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SMALL_TALK, first_accepted
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import repetition, stems, words

WORD_IT = "Say this request in other words. Keep everything in quotation marks, and every number, exactly as it is."
EXAMPLES = 2  # of other edits, reworded
PARAMETER = re.compile(r'"[^"]*"|\d+')
ANY_REQUEST = stems(
    "please kindly want need like can give show tell write make take line text below following result answer"
)
TURNED = re.compile(r"\b(except|unless|descending|ignor\w*|every other|twice|both)\b", re.IGNORECASE)


class VerifiedEditSettings(KindSettings):
    """Edits with one right result."""

    max_tokens: int = setting(60, "longest request, in tokens", ge=1)
    tries: int = setting(4, "wordings tried, at most", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: VerifiedEditSettings) -> list[Made]:
    task = draw_task(passage, ask.rng)
    if task is None:
        raise Rejected("task", "no edit fits the passage")

    prompt = word_prompt(task, ask.rng)

    async def attempt(number: int) -> tuple[str, Checks]:
        answer = await ask("word", prompt, stop=["\n"], sample=number)
        worded = answer.text.strip()
        return worded, check(worded, task)

    worded, checks = await first_accepted(settings.tries, attempt)
    asked = f"{worded}\n\n{task.text}"
    question = Question(
        id=make_id("question", "verified_edit", asked), task=f"verified_edit/{task.edit}", prompt=asked,
        answer=task.result, oracle=SAME_TEXT, solution=task.result,
    )  # fmt: skip
    messages = [Message("user", asked), Message("assistant", task.result)]
    return [Made(checks.passed, messages=messages, question=question)]


def word_prompt(task: Task, rng: np.random.Generator) -> list[Message]:
    """The task for some other edits and for this one with other parameters, solved; then the task itself."""
    others = some(rng, [name for name in sorted(EDITS) if name != task.edit], EXAMPLES)
    shown = [
        turn
        for name in [*others, task.edit]
        for turn in example(asked_of(EDITS[name].reworded[0]), EDITS[name].reworded[1])
    ]
    return [*shown, Message("user", asked_of(task.request))]


def asked_of(request: str) -> str:
    return f"{WORD_IT}\n\n{request}"


def check(worded: str, task: Task) -> Checks:
    """The wording asks for the same: the same parameters, a word for each part of the edit, and no more."""
    checks = Checks()
    checks.require("task", True)
    fluent = 4 <= len(words(worded)) <= 60 and repetition(worded) < 0.3 and worded[-1] in ".?!" and worded[0].isupper()
    checks.require("wording", fluent and not SMALL_TALK.search(worded), worded[:80])
    given, kept = sorted(PARAMETER.findall(task.request)), sorted(PARAMETER.findall(worded))
    checks.require("other words", worded.lower() != task.request.lower() and is_own(worded, task), worded[:80])
    checks.require("parameters", set(given) == set(kept), f"{kept} for {given}")
    begun = words(worded)
    missing = [group[0] for group in EDITS[task.edit].keeps if not any(word.startswith(group) for word in begun)]
    checks.require("same request", not missing, f"nothing like {', '.join(missing)}")
    same = negations(worded) <= negations(task.request) and not TURNED.search(worded)
    checks.require("not turned round", same, worded[:80])
    foreign = sorted(stems(PARAMETER.sub(" ", worded)) - vocabulary(task))
    checks.require("nothing else", not foreign, f"speaks of {', '.join(foreign)} too")
    return checks


def vocabulary(task: Task) -> set[str]:
    """What a wording may speak of: the words of the edit, those that stand for them, and those of any request."""
    edit = EDITS[task.edit]
    own = " ".join([task.request, edit.reworded[1], *(word for group in edit.keeps for word in group)])
    return stems(own) | ANY_REQUEST


def is_own(worded: str, task: Task) -> bool:
    """Whether it is none of the prompt's examples."""
    return all(worded not in edit.reworded for name, edit in EDITS.items() if name != task.edit)


KIND = Kind(
    about="An edit of a text with one right result: worded by the teacher, computed by a program.",
    source="synthetic",
    report="4.1, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("word",),
    checks=("task", "wording", "other words", "parameters", "same request", "not turned round", "nothing else"),
    calls=lambda settings: settings.tries,
    settings=VerifiedEditSettings,
)
