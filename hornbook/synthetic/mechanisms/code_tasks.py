"""Tasks about code: what a teacher is given of a seed, and what programs hold its answer to by running it
(report §2.2, D: execution in a loop)."""

import ast
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, NamedTuple

from hornbook.base.records import Question, make_id
from hornbook.base.settings import setting
from hornbook.oracles.extract_code import blocks_in, code_in, parse_program
from hornbook.synthetic.answers import FENCE
from hornbook.synthetic.kind import RecordContext, Rejected
from hornbook.synthetic.mechanisms.text_checks import WritingSettings
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import CallExample, Program, program_of, same_value
from hornbook.synthetic.programs.examples import run_examples, wrong_claims
from hornbook.synthetic.programs.javascript import failures, translatable
from hornbook.synthetic.programs.mutants import Broken, broken_variants
from hornbook.synthetic.programs.running import run_calls
from hornbook.synthetic.programs.sql import QueryResult, run_queries, same_rows
from hornbook.synthetic.programs.suites import Suite, read_suite, run_suite
from hornbook.synthetic.programs.tracing import Trace, trace

SUBTLEST = 3  # broken variants to choose from: those that fail for the fewest calls
COPIES = 4  # of a database, without some of the rows
VERDICT = re.compile(r"^\W*verdict\W*:\W*(approve|request changes)", re.IGNORECASE | re.MULTILINE)
RESULT = re.compile(r"^\W*result\W*:\s*[*_`]*(.+?)[*_`]*\s*$", re.IGNORECASE | re.MULTILINE)
LINES = re.compile(r"\blines? (\d+)(?:\s*(?:-|–|to|and)\s*(\d+))?", re.IGNORECASE)
INNER = re.compile(r"\([^()]*\)")
TaskName = Literal["explain", "document", "test", "fix", "review", "translate", "extend", "predict", "query"]


class RunCodeSettings(WritingSettings):
    """Answers about code that are run."""

    task: TaskName = setting("explain", "what is asked about the code")
    repairs: int = setting(3, "times that an answer goes back with what is wrong when it is run", ge=0)
    examples: int = setting(2, "least `>>>` examples in an explanation or a docstring", ge=0)
    min_share: float = setting(
        0.6, "least share of broken variants that tests catch, or of an execution's values that are told", ge=0, le=1
    )
    most_steps: int = setting(40, "longest execution that is told, in lines that run", ge=1)
    sound: float = setting(0.0, "share of the functions to review that have no mistake", ge=0, le=1)


class Judged(NamedTuple):
    """What running an answer showed: check → what is wrong, the answer's code and prose, and how good it is."""

    problems: dict[str, str]
    code: str = ""
    prose: str = ""
    grade: float = 1.0
    question: Question | None = None


class Task(NamedTuple):
    """How a seed is prepared for the prompts (stages of its own come first), and how an answer is judged.

    What is prepared has at least `code` as it is shown, and `facts` for the verifier.
    """

    prepare: Callable[[Any, RecordContext, RunCodeSettings], Awaitable[dict[str, Any]]]
    judge: Callable[[dict[str, Any], str, RunCodeSettings], Judged]
    checks: tuple[str, ...]


async def given_function(seed: Passage, ask: RecordContext, settings: RunCodeSettings) -> dict[str, Any]:
    """The function with its behaviour. Raises Rejected ("runs"): seeds of other runs need not run here."""
    program = await ask.compute(program_of, seed)
    if program is None:
        raise Rejected("runs", "not by itself")
    cases = case_lines(program.cases)
    facts = f"The function:\n{program.code}\n\nCalls, and what they gave when they were run:\n{cases}"
    return {"program": program, "code": program.code, "name": program.name, "cases": cases, "facts": facts}


async def given_broken(seed: Passage, ask: RecordContext, settings: RunCodeSettings) -> dict[str, Any]:
    """A function with one mistake in a known line, or, for some reviews, without one."""
    given = await given_function(seed, ask, settings)
    program: Program = given["program"]
    variants = (await ask.compute(broken_variants, program.code))[:SUBTLEST]
    if not variants:
        raise Rejected("runs", "no broken variant is known")
    chosen = variants[int(ask.rng.integers(len(variants)))]
    broken = None if ask.rng.random() < settings.sound else chosen
    code = broken.mutant.code if broken else program.code
    numbered = "\n".join(f"{number:>2}  {line}" for number, line in enumerate(code.split("\n"), 1))
    shown = dict.fromkeys([*([broken.case] if broken else []), *program.cases])
    calls = [case for case in program.cases if case in list(shown)[:4]]
    given |= {"broken": broken, "code": code, "numbered": numbered, "failure": "", "expected": case_lines(calls)}
    mistake = "It has no mistake."
    if broken:
        wrong, right = (one.split("\n")[broken.mutant.line - 1].strip() for one in (code, program.code))
        given |= {"failure": failure(broken), "wrong": wrong, "right": right, "line": broken.mutant.line}
        mistake = (
            f"Its only mistake is line {broken.mutant.line}: `{wrong}` should be `{right}`. {failure(broken)}\n"
            f"All that it does wrong:\n{chr(10).join(await ask.compute(differences, code, program))}\n\n"
            f"Without the mistake:\n{program.code}"
        )
    given["facts"] = (
        f"The function under discussion:\n{numbered}\n\n{mistake}\n\nWhat it should give:\n{given['cases']}"
    )
    given = await with_request(given, ask)
    if broken and given["request"]:
        given["facts"] += f"\n\nThe message about it:\n{given['request']}"
        unsaid = [one for one in (broken.case.call, broken.case.result) if plain(one) not in plain(given["request"])]
        if unsaid:
            raise Rejected("request", f"it does not say {' and '.join(unsaid)}")
    return given


async def given_extension(seed: Passage, ask: RecordContext, settings: RunCodeSettings) -> dict[str, Any]:
    """A function, what somebody wants of it, and tests for that by a second hand, which has not seen a solution."""
    given = await with_request(await given_function(seed, ask, settings), ask)
    code = code_in(await ask.write("tests", **given))
    suite = read_suite(code, given["name"])
    if suite is None or not suite.tests or suite.redefines:
        raise Rejected("tests", "none that can be run")
    (before,) = await ask.compute(run_suite, [given["code"]], suite)
    if not any(result.error for result in before):
        raise Rejected("tests", "the function passes them as it is")
    given["facts"] += f"\n\nWhat was asked for:\n{given['request']}\n\nTests of it, which the answer passes:\n{code}"
    return given | {"suite": suite, "tests": code}


async def given_execution(seed: Passage, ask: RecordContext, settings: RunCodeSettings) -> dict[str, Any]:
    """A function and the call of it with the longest execution that can be shown, line by line."""
    given = await given_function(seed, ask, settings)
    program: Program = given["program"]

    def traced() -> tuple[CallExample, Trace | None]:
        found = [
            (case, trace(program.code, program.name, case.arguments, settings.most_steps)) for case in program.cases[:4]
        ]
        return max(found, key=lambda one: len(one[1].steps) if one[1] else 0)

    case, steps = await ask.compute(traced)
    if steps is None or steps.result != case.result:
        raise Rejected("trace", f"no call runs within {settings.most_steps} steps")
    lines = program.code.split("\n")
    told = [
        lines[step.line - 1].strip() + "".join(f"    # {name} is {value}" for name, value in step.changed.items())
        for step in steps.steps
    ]
    listed = "\n".join([*told, f"It returns {steps.result}"])
    facts = f"{given['facts']}\n\nThe lines that ran for {case.call}, with new values:\n{listed}"
    return given | {"call": case.call, "result": case.result, "trace": steps, "steps": listed, "facts": facts}


async def given_database(seed: Question, ask: RecordContext, settings: RunCodeSettings) -> dict[str, Any]:
    """A database, a question to it, and a query that answers it: by a second hand that has seen no other, or, for a
    database that a program made, the query that the question was made from."""
    script, error = seed.prompt, ""
    for number in range(1 + settings.repairs if "design" in ask.kind.prompts else 0):
        said = await ask.write("design", attempt=number, start=seed.prompt, error=error, before=script)
        script = f"{sql_in(said)};"
        ((first, *_),) = await ask.compute(run_queries, script, ["SELECT 1"])
        error = first.error
        if not error:
            break
    if error:
        raise Rejected("script", error)
    given: dict[str, Any] = {"query": seed.answer, "code": script}
    given["question"] = await ask.write("question", label="Question", **given)
    solved = await ask.write("solve", preamble=False, **given) if "solve" in ask.kind.prompts else ""
    reference = sql_in(solved) if solved else seed.answer
    runs = await ask.compute(run_queries, script, [reference], COPIES)
    if not runs[0][0].rows:
        raise Rejected("reference", runs[0][0].error or "no rows")
    rows = "\n".join(map(str, runs[0][0].rows))
    facts = f"The database:\n{script}\n\nThe question:\n{given['question']}\n\nThe rows of the answer:\n{rows}"
    return given | {"reference": reference, "facts": facts}


async def with_request(given: dict[str, Any], ask: RecordContext) -> dict[str, Any]:
    """With what somebody writes who wants something of the code, where the kind has a prompt for that."""
    return given | {"request": await ask.write("request", **given) if "request" in ask.kind.prompts else ""}


def judge_explanation(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    problem = examples_problem(given, text, settings)
    wrong = wrong_claims(given["code"], given["name"], prose_of(text))
    told = "; ".join(filter(None, [problem, *wrong]))
    return Judged({"examples run": told} if told else {}, prose=prose_of(text))


def judge_docstring(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    code = code_in(text, [given["name"]]).strip("\n")
    found, original = (function_named(one, given["name"]) for one in (code, given["code"]))
    docstring = ast.get_docstring(found) if found else None
    problems = {}
    if found is None or original is None or without_docstring(found) != without_docstring(original):
        problems["code unchanged"] = "the function is not there, or more than its docstring differs"
    parameters = [argument.arg for argument in original.args.args] if original else []
    missing = [name for name in parameters if not re.search(rf"\b{re.escape(name)}\b", docstring or "")]
    if not docstring or missing:
        problems["parameters"] = f"it says nothing of {', '.join(missing)}" if docstring else "there is no docstring"
    if told := examples_problem(given, docstring or "", settings):
        problems["examples run"] = told
    prose = re.sub(r"^\s*>>> .*(?:\n(?!\s*$).*)*", "", docstring or "", flags=re.MULTILINE)
    return Judged(problems, code=code, prose=prose.strip())


def judge_tests(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    """Tests that pass on the function and fail on broken variants of it. The grade is the share that they catch."""
    program: Program = given["program"]
    code = code_in(text).strip("\n")
    suite = read_suite(code, program.name)
    if suite is None or not suite.tests or suite.redefines:
        again = "the function is defined again" if suite and suite.redefines else "no test that can be run"
        return Judged({"tests": again}, code=code)
    variants = broken_variants(program.code)
    own, *others = run_suite([program.code, *(one.mutant.code for one in variants)], suite)
    missed = [one for one, results in zip(variants, others, strict=True) if not any(result.error for result in results)]
    share = 1 - len(missed) / max(1, len(variants))
    problems = {}
    if failing := [result.error for result in own if result.error]:
        problems["tests pass"] = "; ".join(failing[:4] + given_by_calls(program, failing[:4]))
    if share < settings.min_share:
        told = [f"line {one.mutant.line} as `{one.mutant.code.split(chr(10))[one.mutant.line - 1].strip()}`"
                for one in missed[:4]]  # fmt: skip
        problems["tests catch mistakes"] = f"all tests still pass with {'; with '.join(told)}"
    return Judged(problems, code=code, grade=round(share, 4))


def judge_fix(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    code = code_in(text, [given["name"]]).strip("\n")
    wrong = differences(code, given["program"])
    return Judged({"fixed": "; ".join(wrong[:3])} if wrong else {}, code=code, prose=prose_of(text))


def judge_review(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    """The right verdict, the line that is wrong, and better code that does what it should."""
    broken: Broken | None = given["broken"]
    verdicts = VERDICT.findall(text)
    approved = verdicts[-1].lower() == "approve" if verdicts else None
    problems = {}
    if approved is None:
        problems["verdict"] = "there is no line that begins with Verdict:"
    elif approved == bool(broken):
        problems["verdict"] = given["failure"] or "every call gives what it should"
    code = code_in(text, [given["name"]]).strip("\n") if blocks_in(text) else ""
    wrong = differences(code, given["program"]) if code or broken else []
    if wrong:
        problems["fixed"] = "; ".join(wrong[:3]) if code else "there is no corrected function"
    named = [(int(first), int(last or first)) for first, last in LINES.findall(text)]
    if broken and not any(first <= broken.mutant.line <= last for first, last in named):
        problems["line"] = given["failure"]
    return Judged(problems, code=code, prose=prose_of(text))


def judge_translation(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    cases = translatable(given["program"].cases)
    code = code_in(text, language="javascript").strip("\n")
    wrong = [told for told in failures(code, given["name"], cases) if told]
    return Judged({"same results": "; ".join(wrong[:3])} if wrong else {}, code=code, prose=prose_of(text))


def judge_extension(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    """What worked before works, and the tests that a second hand wrote pass."""
    suite: Suite = given["suite"]
    code = code_in(text, [given["name"]]).strip("\n")
    problems = {}
    if wrong := differences(code, given["program"]):
        problems["old behaviour"] = "; ".join(wrong[:3])
    (results,) = run_suite([code], suite)
    failing = [result.error for result in results if result.error]
    if failing := failing or wrong_claims(code, given["name"], prose_of(text)):
        problems["new behaviour"] = "; ".join(failing[:4])
    return Judged(problems, code=code, prose=prose_of(text))


def judge_telling(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    """The result, and the values on the way to it."""
    steps: Trace = given["trace"]
    stated = RESULT.findall(text)
    problems = {}
    if not stated or not same_value(stated[-1], given["result"]):
        problems["result"] = f"{stated[-1] if stated else 'no line that begins with Result:'}, not {given['result']}"
    values = {value for step in steps.steps for value in step.changed.values()}
    told = sum(says(text, value) for value in values) / len(values) if values else 1.0
    if told < settings.min_share:
        problems["values"] = f"{told:.0%} of the values that variables take are told"
    asked = f"```python\n{given['code']}\n```\n\nWhat does `{given['call']}` return?"
    question = Question(
        id=make_id("question", asked, given["result"]), task="output_prediction", prompt=asked, answer=given["result"],
        oracle="exact", entry="{}", solution=text,
    )  # fmt: skip
    return Judged(problems, prose=prose_of(text), question=question)


def judge_query(given: dict[str, Any], text: str, settings: RunCodeSettings) -> Judged:
    """The same rows as the reference gives, on the database and on copies without some of its rows."""
    query, reference = sql_in(text), given["reference"]
    ordered = any("ORDER BY" in outermost(one).upper() for one in (query, reference))
    for mine, theirs in run_queries(given["code"], [query, reference], COPIES):
        if not same_rows(mine, theirs, ordered):
            told = mine.error or f"{rows_told(mine)} instead of {rows_told(theirs)}"
            return Judged({"same rows": told}, code=query, prose=prose_of(text))
    return Judged({}, code=query, prose=prose_of(text))


def examples_problem(given: dict[str, Any], text: str, settings: RunCodeSettings) -> str:
    """What is wrong with the `>>>` examples; "" if they give what they state, and are enough."""
    found = run_examples(given["code"], text)
    wrong = [str(one) for one in found if one.wrong]
    few = len(found) < settings.examples
    return "; ".join([*wrong[:4], *([f"{len(found)} examples with >>>, {settings.examples} are wanted"] * few)])


def differences(code: str, program: Program) -> list[str]:
    """For each known call of the function how the code differs from it."""
    (results,) = run_calls([code], program.name, [case.arguments for case in program.cases])
    return [
        f"{case.call} should give {case.result}, but "
        + (f"gives {result.value}" if result.value else f"raises {result.error}")
        for case, result in zip(program.cases, results, strict=True)
        if not same_value(result.value, case.result)
    ]


def given_by_calls(program: Program, failing: Iterable[str]) -> list[str]:
    """What the calls of the function in failing assertions really give."""
    calls: list[str] = []
    for line in failing:
        tree = parse_program(line)
        for node in ast.walk(tree) if tree else []:
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == program.name and not node.keywords:
                calls.append(ast.unparse(ast.Tuple(node.args, ast.Load())))
    (results,) = run_calls([program.code], program.name, calls) if calls else ([],)
    told = zip(calls, results, strict=True)
    return [f"{program.name}{arguments} gives {result.value}" for arguments, result in told if result.value]


def failure(broken: Broken) -> str:
    got = f"gives {broken.result}" if broken.result else f"raises {broken.error}"
    return f"{broken.case.call} should give {broken.case.result}, but {got}."


def case_lines(cases: Iterable[CallExample]) -> str:
    """Cases as lines `call -> result`."""
    return "\n".join(f"{case.call} -> {case.result}" for case in cases)


def prose_of(text: str) -> str:
    return FENCE.sub("", text).strip()


def says(text: str, value: str) -> bool:
    """Whether a value of a program, a text without its quotes, stands in the text by itself."""
    return re.search(rf"(?<![\w.]){re.escape(value.strip(chr(39) + chr(34)))}(?!\w|\.\d)", text) is not None


def plain(text: str) -> str:
    """Without spaces and quotation marks, in which people write the same value differently."""
    return re.sub(r"[\s'\"`]", "", text)


def function_named(code: str, name: str) -> ast.FunctionDef | None:
    tree = parse_program(code)
    functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)] if tree else []
    return next((one for one in functions if one.name == name), None)


def without_docstring(function: ast.FunctionDef) -> str:
    """The function's syntax tree as text."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return ast.dump(function.args) + "".join(map(ast.dump, body))


def sql_in(answer: str) -> str:
    """The last block of SQL of an answer, or its text where nothing is fenced."""
    blocks = [block.text for block in blocks_in(answer) if block.label in ("sql", "sqlite", "")]
    return (blocks[-1] if blocks else answer).strip().rstrip(";")


def outermost(query: str) -> str:
    """The query without what stands in brackets."""
    while INNER.search(query):
        query = INNER.sub("", query)
    return query


def rows_told(result: QueryResult) -> str:
    rows = result.rows or []
    return f"{len(rows)} rows, the first {rows[0]}" if rows else "no rows"


TASKS: dict[TaskName, Task] = {
    "explain": Task(given_function, judge_explanation, ("examples run",)),
    "document": Task(given_function, judge_docstring, ("code unchanged", "parameters", "examples run")),
    "test": Task(given_function, judge_tests, ("tests", "tests pass", "tests catch mistakes")),
    "fix": Task(given_broken, judge_fix, ("request", "fixed")),
    "review": Task(given_broken, judge_review, ("verdict", "line", "fixed")),
    "translate": Task(given_function, judge_translation, ("same results",)),
    "extend": Task(given_extension, judge_extension, ("tests", "old behaviour", "new behaviour")),
    "predict": Task(given_execution, judge_telling, ("trace", "result", "values")),
    "query": Task(given_database, judge_query, ("script", "reference", "same rows")),
}
