"""Translation from Python to JavaScript: it runs, and gives what the Python function gives (report §2.2)."""

from collections.abc import Sequence

import numpy as np

from hornbook.base.code_fences import fenced_blocks
from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Material, RecordContext, Seed, example
from hornbook.synthetic.kinds.code._code import SHOWN_CODE, fenced, program, turns
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import LEAST, from_runnable
from hornbook.synthetic.programs.javascript import failures, interpreter_file, translatable

TASK = "Translate this Python function to JavaScript. Keep its name and the order of its parameters."
SHOWN_TRANSLATED = """function count_even(numbers) {
    let total = 0;
    for (const number of numbers) {
        if (number % 2 === 0) {
            total += 1;
        }
    }
    return total;
}"""


class CodeTranslationSettings(KindSettings):
    """Python functions in JavaScript."""

    temperature: float = setting(0.3, "sampling temperature", ge=0)
    max_tokens: int = setting(260, "longest translation, in tokens", ge=1)
    repairs: int = setting(2, "times that a translation goes back with what it does wrong", ge=0)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Functions that run. Raises HornbookError, before the teacher is asked, where nothing runs JavaScript."""
    interpreter_file()
    return from_runnable(material, count, rng, settings)


async def make(passage: Passage, ask: RecordContext, settings: CodeTranslationSettings) -> list[Made]:
    function = await program(passage, ask)
    cases = translatable(function.cases)
    checks = Checks()
    checks.require("runs", len(cases) >= LEAST, "too few of its cases have a meaning in JavaScript")
    prompt = [*example(f"{TASK}\n\n{fenced(SHOWN_CODE)}", fenced(SHOWN_TRANSLATED, "javascript"))]
    request = f"{TASK}\n\n{fenced(function.code)}"
    prompt += [Message("user", request)]
    stage = "translate"
    for number in range(1 + settings.repairs):
        answer = await ask(stage, prompt, sample=number)
        code = javascript_in(answer.text)
        wrong = [said for said in await ask.compute(failures, code, function.name, cases) if said]
        if not wrong:
            break
        told = f"It does not do the same: {wrong[0]}. Write it again."
        prompt = [*prompt[:3], Message("assistant", answer.text[:800] or "-"), Message("user", told)]
        stage = "repair"
    ask.facts["same_results"] = 1 - len(wrong) / len(cases)
    checks.require("same results", not wrong, wrong[0] if wrong else "")
    return [Made(checks.passed, messages=turns(request, fenced(code, "javascript")))]


def javascript_in(answer: str) -> str:
    return next(iter(fenced_blocks(answer)), answer).strip("\n")


KIND = Kind(
    about="A Python function in JavaScript; both are run and must give the same results.",
    source="code",
    report="2.2",
    seeded_by="functions that run",
    seeds=seeds,
    make=make,
    stages=("translate", "repair"),
    checks=("runs", "same results"),
    calls=lambda settings: 1 + settings.repairs,
    settings=CodeTranslationSettings,
)
