"""Where the answer of a reply is. Add a line for a reply whose answer is not found."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.thinking import without_thinking
from hornbook.oracles.extract_answer import extract_answer, find_answer

ANSWERS = [  # reply, answer, where it was found
    (r"First \boxed{3}, no: \boxed{3\sqrt{2}}", r"3\sqrt{2}", "box"),
    (r"\boxed{5} and then much more.\n" + "words " * 50, "5", "box"),
    (r"so $\fbox{6}$", "6", "box"),
    (r"the answer is \boxed{\frac{3}{4}", r"\frac{3}{4}", "box"),
    (r"\boxed 7", "7", "box"),
    ("Answer: 42\nExplanation: 6*7", "42", "stated"),
    ("The answer is $6$. We used 3 steps.", "6", "stated"),
    ("**Final Answer**\n\n42", "42", "stated"),
    ("### Answer\n42", "42", "stated"),
    ("#### 42\n\nThis is because 6*7 is 42.", "42", "stated"),
    ("Answer:\n\\[\n x = 42 \n\\]", "x = 42", "stated"),
    ("<answer>Paris</answer>", "Paris", "stated"),
    ("The correct answer is: **B) Paris**", "B) Paris", "stated"),
    ("Answer: 3\nNo, again.\nANSWER : 7<|im_end|>", "7", "stated"),
    ("The answer is St. Louis. It lies on a river.", "St. Louis", "stated"),
    ("Answer: J. R. R. Tolkien", "J. R. R. Tolkien", "stated"),
    ("答案是42。", "42", "stated"),
    ("最终答案：42", "42", "stated"),
    ("答えは東京です。", "東京", "stated"),
    ("Die Antwort lautet 42.", "42", "stated"),
    ("La réponse est 42.", "42", "stated"),
    ("La respuesta es 42.", "42", "stated"),
    ("A resposta é 42.", "42", "stated"),
    ("Ответ: 42", "42", "stated"),
    ("उत्तर: ४२", "४२", "stated"),
    ("الجواب هو 42.", "42", "stated"),
    ("so it is\n\n  seven \n\n", "seven", "line"),
    ("It is Oslo.\n\nLet me know if you have any questions!", "It is Oslo", "line"),
    ("Answer:", "", ""),
    ("", "", ""),
]
THINKING = [  # reply, what is left; None where a block is cut off
    ("<think>6</think>7", "7"),
    ("<thinking>6</thinking>\n7", "\n7"),
    ("<think>5<think>6</think>6</think>7", "7"),
    ("6, I suppose</think>7", "7"),
    ("[THINK]6[/THINK]7", "7"),
    ("◁think▷6◁/think▷7", "7"),
    ("<|begin_of_thought|>6<|end_of_thought|>7", "7"),
    ("<seed:think>6</seed:think>7", "7"),
    ("<|channel|>analysis<|message|>6<|end|><|start|>assistant<|channel|>final<|message|>7<|return|>", "7"),
    ("<|channel|>analysis<|message|>6", None),
    ("<think>6", None),
    ("7 <think>wait", None),
    ("no thoughts", "no thoughts"),
]
LONG = [  # what is repeated
    *("answer: ", "the answer to ", "**", "*_", "答案是", ". ", "\n", "$$", "<think>", "<answer>", "- "),
    *(r"\boxed{", r"\["),
]


@pytest.mark.parametrize(("reply", "answer", "source"), ANSWERS)
def test_the_answer_and_its_place(reply: str, answer: str, source: str) -> None:
    assert find_answer(reply) == (answer, source)


@pytest.mark.parametrize(("reply", "rest"), THINKING)
def test_thinking_is_dropped(reply: str, rest: str | None) -> None:
    assert without_thinking(reply) == rest


def test_a_line_that_can_be_an_answer() -> None:
    reply = "There are 42 of them.\nThat was easy."
    assert extract_answer(reply, str.isdigit) == ""
    assert extract_answer(reply, lambda line: "42" in line) == "There are 42 of them"


@pytest.mark.parametrize("part", LONG)
def test_a_hundred_kilobytes_of_nothing_take_no_time(part: str) -> None:
    begin = time.process_time()
    find_answer(part * (100_000 // len(part)), lambda text: False)
    without_thinking(part * (100_000 // len(part)))
    assert time.process_time() - begin < 10  # a second on a busy machine; what is not linear takes minutes


@given(st.text(max_size=400))
def test_any_text_has_an_answer_or_none(text: str) -> None:
    assert isinstance(find_answer(text).text, str)
    assert without_thinking(text) is None or isinstance(without_thinking(text), str)
