"""Rewrites of web text for the small teacher: what is kept, and what each check turns away."""

import pytest

from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.web.discussion import discussion_of
from tests.synthetic.kinds.scripted import passage_of, run_kind

AQUEDUCT = (
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows "
    "downhill, the "
    "channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall "
    "by about "
    "30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through mountains."
)
TEXTBOOK = (
    "Water cannot climb, so engineers who bring it to a city give their channel a steady fall. An aqueduct starts at a "
    "distant spring; where there are valleys it stands on arches, and tunnels take it through the mountains."
)


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


def test_a_section_of_a_textbook_says_it_in_other_words(passage):
    (made,) = run_kind("textbook", passage, {"rewrite": f"Here is a section:\n\n{TEXTBOOK}"})
    assert made.text == TEXTBOOK
    with pytest.raises(Rejected, match="not a copy"):
        run_kind("textbook", passage, {"rewrite": AQUEDUCT})
    with pytest.raises(Rejected, match="key terms"):
        run_kind("textbook", passage, {"rewrite": TEXTBOOK}, min_terms=0.99)


def test_an_exercise_has_a_solution(passage):
    question = "Why must the channel of an aqueduct fall steadily?"
    solution = "Water flows downhill only, and the channel carries it from a spring to the city by that fall alone."
    script = {"question": f"Question: {question}", "solve": f"Answer: {solution}"}
    (made,) = run_kind("exercise", passage, script)
    assert [message.content for message in made.messages] == [question, solution]
    with pytest.raises(Rejected, match="question"):
        run_kind("exercise", passage, script | {"question": "Question: Who painted the ceiling of the chapel?"})


def test_a_discussion_ends_where_it_turns_in_circles():
    good = ["Student: What is a heap?", "Teacher: A tree.", "Student: And the root?", "Teacher: The smallest."]
    text = "\n\n".join(good)
    assert discussion_of(text) == "\n".join(good)
    assert discussion_of(text + "\nTeacher: Twice in a row.") == discussion_of(text + "\nStudent: What is a heap?")
    assert discussion_of(text + "\nThis was a dialogue.") == "\n".join(good)
    with pytest.raises(Rejected, match="3 turns"):
        discussion_of("\n".join([*good[:3], good[1]]))
