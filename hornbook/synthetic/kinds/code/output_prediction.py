"""Output prediction: what does this call return? The steps are those of the real execution; the teacher puts them
into words, and must say the values that were there (report §2.2)."""

from hornbook.base.records import Message, Question, make_id
from hornbook.base.sentences import whole_sentences
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.code._code import (
    SHOWN_CODE,
    fenced,
    numbers_in,
    program,
    prose,
    require_about,
    says,
    turns,
)
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import CallExample, Program, from_runnable
from hornbook.synthetic.programs.tracing import Trace, trace
from hornbook.synthetic.prompting import first_accepted

TASK = "Tell the execution of the call in a few sentences, step by step, and end with the value it returns."
SHOWN_CALL = "count_even([1, 4])"
SHOWN_STEPS = """total = 0  (total is 0)
for number in numbers:  (number is 1)
if number % 2 == 0:
for number in numbers:  (number is 4)
if number % 2 == 0:
total += 1  (total is 1)
return total
It returns 1"""
SHOWN_TOLD = (
    "First total is 0. Then number is 1; its remainder by 2 is not 0, so total stays 0. Next number is 4, which can be "
    "divided by 2, so total becomes 1. The call returns 1."
)


class OutputPredictionSettings(KindSettings):
    """Calls told step by step."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(200, "longest telling, in tokens", ge=1)
    tries: int = setting(3, "tellings tried", ge=1)
    most_steps: int = setting(16, "longest execution, in lines that run", ge=1)
    min_values: float = setting(0.5, "least share of the values in the execution that must be told", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: OutputPredictionSettings) -> list[Made]:
    function = await program(passage, ask)
    case, traced = await ask.compute(longest, function, settings.most_steps)
    if traced is None:
        raise Rejected("trace", f"no case runs within {settings.most_steps} steps")
    prompt = [*example(asked(SHOWN_CODE, SHOWN_CALL, SHOWN_STEPS), SHOWN_TOLD)]
    prompt += [Message("user", asked(function.code, case.call, listed(function.code, traced)))]

    async def told(number: int) -> Made:
        answer = await ask("tell", prompt, sample=number)
        return check(function, case, traced, whole_sentences(prose(answer.text)), settings)

    return [await first_accepted(settings.tries, told)]


def longest(function: Program, most: int) -> tuple[CallExample, Trace | None]:
    """The case with the longest execution among the first few that can be shown."""
    traced = [(case, trace(function.code, function.name, case.arguments, most)) for case in function.cases[:4]]
    return max(traced, key=lambda one: len(one[1].steps) if one[1] else 0)


def listed(code: str, traced: Trace) -> str:
    lines = code.split("\n")
    told = []
    for step in traced.steps:
        changed = ", ".join(f"{name} is {value}" for name, value in step.changed.items())
        told.append(lines[step.line - 1].strip() + (f"  ({changed})" if changed else ""))
    return "\n".join([*told, f"It returns {traced.result}"])


def asked(code: str, call: str, steps: str) -> str:
    return f"{fenced(code)}\n\nCall: {call}\nThe lines that run, with new values:\n{steps}\n\n{TASK}"


def check(function: Program, case: CallExample, traced: Trace, text: str, settings: OutputPredictionSettings) -> Made:
    checks = Checks()
    checks.require("runs", True)
    checks.require("trace", traced.result == case.result, "it gives something else when traced")
    steps = listed(function.code, traced)
    known = f"{function.code}\n{case.call}\n{steps}"
    require_about(checks, "telling", text, known, 0.4, (40, 1200))
    values = {value for step in traced.steps for value in step.changed.values()}
    share = sum(says(text, value) for value in values) / len(values) if values else 1.0
    checks.require("values", share >= settings.min_values, f"{share:.2f} of them are told")
    new = sorted(numbers_in(text) - numbers_in(known))
    checks.require("no other numbers", not new, ", ".join(new))
    end = text[text.rfind("return") :] if "return" in text else text[-len(case.result) - 30 :]
    checks.require("result", says(end, case.result), f"{case.result} is not at its end")
    prompt = f"{fenced(function.code)}\n\nWhat does `{case.call}` return? Go through it step by step."
    reply = f"{text}\nAnswer: {case.result}"
    question = Question(
        id=make_id("question", prompt, case.result), task="output_prediction", prompt=prompt, answer=case.result,
        oracle="exact", entry="{}", solution=reply,
    )  # fmt: skip
    return Made(checks.passed, messages=turns(prompt, reply), grade=min(1.0, len(traced.steps) / 16), question=question)


KIND = Kind(
    about="What a call returns, told step by step; the steps and the value are those of the real execution.",
    source="code",
    report="2.2",
    seeded_by="functions that run",
    seeds=from_runnable,
    make=make,
    stages=("tell",),
    checks=("runs", "trace", "telling", "values", "no other numbers", "result"),
    calls=lambda settings: settings.tries,
    settings=OutputPredictionSettings,
)
