"""A row in any known form → a question with its reference answer or tests."""

import ast
import re
from typing import Any

import msgspec

from hornbook.base.records import Message, Record, make_id
from hornbook.data.readers.benchmarks import known_form
from hornbook.data.readers.choices import choices_of, right_choice
from hornbook.data.readers.fields import Row, loaded, text_field
from hornbook.data.readers.messages import messages_of

QUESTION = ("question", "prompt", "problem", "query", "instruction", "input", "text")
ANSWER = (
    "answer", "final_answer", "target", "ideal", "gold", "reference", "expected", "ground_truth", "gold_answer",
    "expected_answer", "reference_answer", "correct_answer", "label", "output", "response",
)  # fmt: skip
WORKED = ("solution", "code", "rationale", "explanation", "canonical_solution", "generated_solution")
TESTS = ("tests", "test_list", "test_cases", "unit_tests")
PASSAGE = ("passage", "article", "narrative", "support", "context", "story")  # what a question is about
SETUP = ("setup", "test_imports", "test_setup_code")
IDS = ("id", "question_id", "task_id", "unique_id")
PROGRAMS = {"c", "c++", "cpp", "java", "javascript", "js", "go", "rust", "rs", "python", "py"}


class QuestionRow(Record, kw_only=True):
    """A question in its row's form, before an oracle is chosen.

    `answer` is the reference (for multiple choice, the text of the right choice), `tests` are texts of programs or
    {"input": ..., "output": ...} cases, `before` are the turns before the question, `entry` is everything else that an
    oracle may need (`entry_text` is that of a Question record). `is_prompt`: `question` is the complete prompt, and the
    choices are not added to it.
    """

    question: str
    answer: str = ""
    choices: list[str] = []
    tests: list[Any] = []
    solution: str = ""
    before: list[Message] = []
    level: str = ""
    task: str = ""
    oracle: str = ""
    entry: dict[str, Any] = {}
    entry_text: str = ""
    setup: list[str] = []
    entry_point: str = ""
    language: str = ""
    is_prompt: bool = False


def read_question(row: Row) -> QuestionRow:
    """The question in a row of any known benchmark, of a Question record, or with a question and an answer.

    Raises ValueError if there is no question, neither an answer nor tests, or a field has a wrong type.
    """
    if "task" in row and "oracle" in row:
        return _ours(row)
    row = known_form(row)
    question, before, said = _question(row)
    choices = choices_of(row.get("choices") if row.get("choices") is not None else row.get("options"))
    answer, solution, aliases = _answer(row, choices, said)
    entry = _entry(row)
    if aliases:
        entry["aliases"] = aliases
    tests = _tests(row)
    if not (answer or tests or entry or row.get("oracle")):  # with an oracle, "" may be right (a bogus question)
        empty = next((name for name in ANSWER if name in row), "")
        raise ValueError(
            f"no answer: {empty} is empty"
            if empty
            else f"no answer: expected one of {', '.join(ANSWER[:4])}, or tests; its fields: {', '.join(row)}"
        )
    given = next((row[name] for name in IDS if row.get(name) not in (None, "")), None)
    content = msgspec.json.encode([answer, choices, tests, entry], order="deterministic").decode()
    return QuestionRow(
        id=str(given) if given is not None else make_id("question", question, content),
        question=question,
        answer=answer,
        choices=choices,
        tests=tests,
        solution=solution,
        before=before,
        task=str(row.get("task") or row.get("data_source") or ""),
        oracle=str(row.get("oracle") or ""),
        entry=entry,
        setup=[part for name in SETUP for part in _lines(row.get(name)) if part.strip()],
        entry_point=str(row.get("entry_point") or ""),
        language=_language(row),
    )


def _ours(row: Row) -> QuestionRow:
    """A Question record."""
    prompt = text_field(row, QUESTION[1:2] + QUESTION[:1])
    if not prompt.strip():
        raise ValueError("no question: expected a text in prompt")
    given = row.get("id")
    answer = text_field(row, ("answer",))
    choices = [str(choice) for choice in row.get("choices") or []]
    entry = _object(row, "entry")
    return QuestionRow(
        id=str(given) if given not in (None, "") else make_id("question", prompt, answer, str(row.get("entry") or "")),
        parents=_lines(row.get("parents")),
        calls=_lines(row.get("calls")),
        question=prompt,
        answer=answer,
        choices=choices,
        tests=entry.get("tests") or [],
        solution=text_field(row, ("solution",)),
        before=messages_of(row["before"]) if row.get("before") else [],
        level=text_field(row, ("level",)),
        task=str(row["task"] or ""),
        oracle=str(row["oracle"] or ""),
        entry=entry,
        entry_text=text_field(row, ("entry",)),
        is_prompt=True,
    )


def _question(row: Row) -> tuple[str, list[Message], str]:
    """The question, the turns before it, and the reply after it if the conversation ends with one."""
    named = next((name for name in ("messages", *QUESTION) if row.get(name) not in (None, "", [])), "")
    value = row.get(named)
    if isinstance(value, str) and value.lstrip()[:2] in ("[{", "[ ", "[\n"):
        value = loaded(value)
    if isinstance(value, list):
        try:
            turns = messages_of(value)
        except ValueError as error:
            raise ValueError(f"{named}: {error}") from None
        said = turns.pop().content if turns[-1].role == "assistant" else ""
        if not turns or turns[-1].role != "user" or not turns[-1].content.strip():
            raise ValueError(f"{named}: the last turn before the reply is not a question of the user")
        return turns[-1].content, turns[:-1], said
    if value is None:
        raise ValueError(
            f"no question: expected a text in one of {', '.join(QUESTION)}; its fields: {', '.join(row) or '-'}"
        )
    if not isinstance(value, str):
        raise ValueError(f"{named}: expected a text, got {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"no question: {named} is empty")
    passage = next((row[name] for name in PASSAGE if isinstance(row.get(name), str) and row[name].strip()), "")
    if passage and named != "messages" and passage.strip() not in value:
        value = f"{passage.strip()}\n\n{value}"
    system = text_field(row, ("system", "system_prompt"))
    return value, [Message("system", system)] if system.strip() else [], ""


def _answer(row: Row, choices: list[str], said: str) -> tuple[str, str, list[str]]:
    """The reference answer, the worked solution if there is one ("... #### 42" has both), and other right answers."""
    worked = text_field(row, WORKED)
    if choices:
        return right_choice(row, choices), worked, []
    name = next((name for name in ANSWER if row.get(name) not in (None, "", [])), "")
    given = loaded(row[name]) if name and not _is_interval(row[name]) else row.get(name)
    if isinstance(given, list):
        texts = [_scalar(name, one) for one in given]
        return texts[0], worked, texts[1:]
    answer = _scalar(name, given) if given is not None else said
    solved, mark, final = answer.rpartition("####")
    if mark:
        return final.strip(), solved.strip(), []
    if not answer and worked:
        return boxed(worked) or worked.rpartition("####")[2].strip() * ("####" in worked), worked, []
    if name in ("output", "response", "target") or (said and answer == said):
        return (boxed(answer) or answer), worked, []
    return answer, worked, []


def _is_interval(value: Any) -> bool:
    """Whether a text in brackets is mathematics, such as [0, 1), and not a list."""
    return isinstance(value, str) and not value.lstrip().startswith(('["', "['"))


def _scalar(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise ValueError(f"{name}: expected a text or a number, got {'null' if value is None else type(value).__name__}")


def boxed(text: str) -> str:
    r"""The content of the last \boxed{...} or \fbox{...}, or the word after a \boxed without braces; "" if none."""
    start = max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    if start < 0:
        return ""
    rest = text[start:].partition("box" if text.startswith("\\fbox", start) else "boxed")[2]
    if not rest.startswith("{"):
        plain = re.match(r"\s+([^\s$]+)", rest)
        return plain[1].rstrip(".,;") if plain else ""
    depth = 0
    for place, letter in enumerate(rest):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return rest[1:place].strip()
    return ""


def _entry(row: Row) -> dict[str, Any]:
    """What an oracle needs besides the answer: a reasoning-gym entry, aliases, a tolerance."""
    entry = dict(_object(row, "entry"))
    metadata = row.get("metadata")
    if not entry and isinstance(metadata, dict) and metadata.get("source_dataset"):
        entry = {name: row.get(name) for name in ("question", "answer", "metadata")}
    return entry


def _object(row: Row, name: str) -> dict[str, Any]:
    """A field that is a JSON object, or the text of one; {} if it is empty."""
    value = row.get(name) or "{}"
    try:
        return msgspec.convert(msgspec.json.decode(value) if isinstance(value, str) else value, dict[str, Any])
    except msgspec.DecodeError:
        raise ValueError(f"{name}: expected a JSON object") from None


def _tests(row: Row) -> list[Any]:
    """Texts of programs that assert, and cases of input and output."""
    given: Any = next((loaded(row[name]) for name in TESTS if row.get(name)), [])
    tests = [given] if isinstance(given, str | dict) else list(given)
    test = row.get("test")
    if isinstance(test, str) and test.strip() and (row.get("entry_point") or _language(row) or _asserts(test)):
        tests.append(test)  # MBPP+ has both: MBPP's own tests and the full set
    return tests


def _asserts(text: str) -> bool:
    """Whether a text is Python with an assertion; a field named `test` may be anything."""
    if "assert" not in text:
        return False
    try:
        return bool(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _language(row: Row) -> str:
    """The programming language of a row, by its `language` (MultiPL-E) or its `task_id` (HumanEval-X's "CPP/7")."""
    for name in (row.get("language"), str(row.get("task_id") or "").partition("/")[0]):
        if isinstance(name, str) and name.lower() in PROGRAMS:
            return name
    return ""


def _lines(value: Any) -> list[str]:
    value = loaded(value)
    return [value] if isinstance(value, str) else [str(part) for part in value or []]
