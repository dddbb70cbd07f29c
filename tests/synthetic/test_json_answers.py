"""JSON as models write it → what is read. Add a row for a slip that is missing."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.synthetic.json_answers import read
from hornbook.synthetic.structured_output import schema_of


class Step(msgspec.Struct):
    text: str
    grade: float = 1.0


class Shape(msgspec.Struct):
    question: str
    answer: str
    steps: list[str] = []


class Nested(msgspec.Struct):
    steps: list[Step]
    title: str | None = None


PLAIN = '{"question": "What?", "answer": "4", "steps": ["a", "b"]}'
WHOLE, SHORT = Shape("What?", "4", ["a", "b"]), Shape("What?", "4")

ANSWERS: list[tuple[str, str, Shape]] = [
    ("plain", PLAIN, WHOLE),
    ("in a fence", f"```json\n{PLAIN}\n```", WHOLE),
    ("in a fence that is not closed", f"Sure!\n```json\n{PLAIN}", WHOLE),
    ("prose around it", f"Here it is:\n{PLAIN}\nHope this helps!", WHOLE),
    ("braces in the prose", f"Here is the {{JSON}} you asked for:\n{PLAIN}", WHOLE),
    ("a set before it", f"Let S = {{1,2}}. {PLAIN}", WHOLE),
    ("a set behind it", f"{PLAIN}\nNote that {{1, 2}} is a set.", WHOLE),
    ("thinking with a draft", f'<think>maybe {{"question": "draft", "answer": "5"}} no</think>\n{PLAIN}', WHOLE),
    ("a draft before the answer", f'First: {{"question": "draft", "answer": "5"}}\nBetter:\n{PLAIN}', WHOLE),
    ("in a list", f"[{PLAIN}]", WHOLE),
    ("within a key", f'{{"result": {PLAIN}}}', WHOLE),
    ("single quotes", "{'question': 'What?', 'answer': '4', 'steps': ['a', 'b']}", WHOLE),
    ("None", '{"question": "What?", "answer": "4", "steps": None}', SHORT),
    ("NaN", '{"question": "What?", "answer": "4", "steps": NaN}', SHORT),
    ("quotes of print", "{“question”: “What?”, “answer”: “4”}", SHORT),
    ("a newline in a string", '{"question": "What\nnow?", "answer": "4"}', Shape("What\nnow?", "4")),
    ("quotes in a string", '{"question": "What is "x"?", "answer": "4"}', Shape('What is "x"?', "4")),
    ("a trailing comma", '{"question": "What?", "answer": "4", "steps": ["a", "b",],}', WHOLE),
    ("a comment", '{"question": "What?", // asked\n "answer": "4"}', SHORT),
    ("cut off in a string", '{"question": "What?", "answer": "4", "steps": ["a", "b', WHOLE),
    ("cut off behind a key", '{"question": "What?", "answer": "4", "steps":', SHORT),
    ("a number for a text", '{"question": "What?", "answer": 4}', SHORT),
    ("a list for a text", '{"question": "What?", "answer": ["4"]}', SHORT),
    ("a text for a list", '{"question": "What?", "answer": "4", "steps": "a"}', Shape("What?", "4", ["a"])),
    ("keys in other case", '{"Question": "What?", "ANSWER": "4"}', SHORT),
    ("more keys than asked", '{"question": "What?", "answer": "4", "notes": {"a": 1}}', SHORT),
    ("full-width punctuation", '｛"question"：　"What?"，"answer"："4"｝', SHORT),
    ("a mark at the start", f"\ufeff{PLAIN}", WHOLE),
    ("spaces without width", f"\u200b{PLAIN}", WHOLE),
    ("spaces that do not break", PLAIN.replace(" ", "\u00a0"), WHOLE),
    ("a brace in a string", '{"question": "What?", "answer": "}"}', Shape("What?", "}")),
    ("LaTeX, valid as escapes", r'{"question": "$\frac{1}{2} \times \beta \neq \rho$", "answer": "4"}',
     Shape(r"$\frac{1}{2} \times \beta \neq \rho$", "4")),
    ("LaTeX, invalid as escapes", r'{"question": "$\alpha \sqrt{2} \(x\) \%$", "answer": "4"}',
     Shape(r"$\alpha \sqrt{2} \(x\) \%$", "4")),
    ("LaTeX as it should be", r'{"question": "$\\frac{1}{2}\\\\ \\text{cm}$", "answer": "4"}',
     Shape(r"$\frac{1}{2}\\ \text{cm}$", "4")),
    ("newlines and tabs that are meant", r'{"question": "a\nnext\n\treturn\r\nend", "answer": "4"}',
     Shape("a\nnext\n\treturn\r\nend", "4")),
    ("a pattern", r'{"question": "\d+\b", "answer": "4"}', Shape("\\d+\b", "4")),
    ("half a character at the end", r'{"question": "What?", "answer": "4\ud83d"}', SHORT),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), ANSWERS, ids=[answer[0] for answer in ANSWERS])
def test_what_is_meant_is_read(name: str, text: str, expected: Shape) -> None:
    assert read(text, Shape) == (expected, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I cannot do that.", "no JSON object"),
        (f"<think>so {PLAIN}", "the thinking is cut off"),
        ('{"question": "What?"}', "answer"),
        ('{"question": {"a": 1}, "answer": "4"}', "question"),
        ("", "no JSON object"),
    ],
)
def test_what_does_not_fit_says_why(text: str, reason: str) -> None:
    found, said = read(text, Shape)
    assert found is None and reason in said and "\n" not in said


def test_what_is_nested_is_read_in_the_same_way() -> None:
    text = '{"Steps": [{"text": 1, "Grade": "0.5"}, {"text": "b"}], "title": null}'
    assert read(text, Nested)[0] == Nested([Step("1", 0.5), Step("b")])


def test_the_reason_is_that_of_the_whole_object_not_of_one_inside_it() -> None:
    assert "steps[1].text" in read('{"title": "t", "steps": [{"text": "a"}, {"text": {}}]}', Nested)[1]


@settings(max_examples=300, deadline=2000)
@given(st.text(alphabet="{}[]\",:\\ \n'abfnrtu1.`</think>", max_size=80) | st.text(max_size=60))
def test_no_text_does_harm(text: str) -> None:
    found, reason = read(text, Shape)
    assert found is None or not reason


@settings(max_examples=200, deadline=None)
@given(
    question=st.text(max_size=30), steps=st.lists(st.text(max_size=9), max_size=3), before=st.text("{[ ab", max_size=9)
)
def test_what_a_library_writes_is_read_back(question: str, steps: list[str], before: str) -> None:
    plain = question.encode("utf-8", "ignore").decode().replace("\b", "").replace("\f", "")
    plain = re.sub(r"[\t\r\n](?=[a-zA-Z])", " ", plain)  # "\to" is read as LaTeX
    if "think" not in plain and "\ufeff" not in plain and "\u200b" not in plain and "\\" not in plain:
        shape = Shape(plain, "4", [step for step in steps if step.isalnum()])
        assert read(msgspec.json.encode(shape).decode(), Shape) == (shape, "")


def test_a_field_may_be_called_title_or_description():
    class Page(msgspec.Struct):
        """What its schema says of itself."""

        title: str
        description: str

    schema = msgspec.json.decode(schema_of(Page))
    assert list(schema["properties"]) == schema["required"] == ["title", "description"]
    assert "title" not in schema and "description" not in schema
