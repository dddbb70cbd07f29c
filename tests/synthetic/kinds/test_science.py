"""Questions of science: relevance, groundedness, difficulty."""

import pytest

from hornbook.synthetic.kind import Rejected
from tests.synthetic.kinds.scripted import passage_of, run_kind

GLACIER = (
    "A glacier is a body of ice that moves slowly under its own weight. Because the lower layers of the ice are under "
    "great pressure, a thin film of water forms at the bottom of the glacier. The glacier slides over this film "
    "by about "
    "20 metres in a year. Stones that are frozen into the ice scratch the rock below."
)
ASKED = {
    "question": "Question: What forms at the bottom of the glacier under great pressure?",
    "reference": "Answer: a thin film of water",
    "answer": ["a film of water", "a thin film of water", "A thin water film.", "stones"],
    "unaided": ["a moraine", "a thin film of water", "crevasses", "rock"],
}


@pytest.fixture
def passage():
    return passage_of(GLACIER)


def test_a_science_question_has_a_grounded_reference_and_a_difficulty(passage):
    (made,) = run_kind("science_question", passage, ASKED)
    assert made.question.answer == "a thin film of water" and made.grade == 0.75
    assert "a thin film of water forms" in made.messages[1].content


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"question": "What colour is the thin sky, great and slow?"}, "question|relevance"),
        ({"reference": "a herd of reindeer"}, "reference: not in the passage"),
        ({"reference": "the bottom of the glacier"}, "reference: not in the passage, or in the question"),
        ({"answer": ["stones", "the weight", "20 metres", "scratches"]}, "groundedness: 0.00"),
        ({"unaided": "a thin film of water"}, "difficulty: 1.00"),
    ],
)
def test_questions_beside_the_point_unanswerable_or_known_to_all_are_rejected(passage, changes, check):
    with pytest.raises(Rejected, match=check):
        run_kind("science_question", passage, ASKED | changes)
