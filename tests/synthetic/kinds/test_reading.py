"""Questions about passages: what is kept, and what each check turns away."""

import json

import pytest

from hornbook.synthetic.kind import Rejected
from tests.synthetic.kinds.scripted import passage_of, run_kind

LAKE = (
    "The lake lies between two ridges of granite. Since the lake is frozen from December to March, people walk "
    "across it "
    "to the market in the village of Aune. In summer a ferry with a brass bell carries them over."
)
QUESTION = "What carries people over the lake in summer?"
ANSWER = "A ferry carries people over the lake in summer, and it has a brass bell."
PREPARED = json.dumps({"requirements": ["Name what carries them"], "plan": ["Look for the summer"]})


@pytest.fixture
def passage():
    return passage_of(LAKE)


def critique(advice="Say more about the ferry.", **scores):
    return json.dumps(scores | {"advice": advice})


def revision(**changes):
    script = {
        "question": f"Question: {QUESTION}",
        "prepare": PREPARED,
        "draft": "It is a boat of wood, on the lake in summer.",
        "critique": critique(reasoning=2, accuracy=2),
        "revise": ANSWER,
    }
    return script | changes


def test_answers_are_revised_until_they_are_good_enough_and_the_best_is_kept(passage):
    scores = [critique(reasoning=2, accuracy=2), critique(reasoning=5, accuracy=4)]
    said = []

    def criticise(prompt, sample):
        said.append(prompt)
        return scores[len(said) - 1]

    (made,) = run_kind("self_revision", passage, revision(critique=criticise), rounds=4)
    assert made.messages[1].content == ANSWER and made.grade == 0.9
    assert len(said) == 2 and "boat" in said[0] and ANSWER in said[1]


def test_the_criteria_of_the_rubric_are_settings(passage):
    scored = revision(critique=critique(style=4, depth=3))
    (made,) = run_kind("self_revision", passage, scored, rounds=1, criteria=["style", "depth"])
    assert made.grade == 0.7
    with pytest.raises(Rejected, match="form"):
        run_kind("self_revision", passage, revision(), criteria=["style"])
    weak = revision(draft=ANSWER, critique=critique(style=5, depth=1))
    with pytest.raises(Rejected, match="rubric: depth scored 1"):
        run_kind("self_revision", passage, weak, criteria=["style", "depth"], rounds=0)


def test_a_highly_scored_answer_that_the_passage_does_not_bear_out_is_passed_over(passage):
    praised = critique(reasoning=5, accuracy=5)
    with pytest.raises(Rejected, match="groundedness"):
        invented = "Elephants in golden coats pull wagons full of emperors and singers."
        run_kind("self_revision", passage, revision(draft=invented, critique=praised))
    with pytest.raises(Rejected, match="answers: only repeats"):
        run_kind("self_revision", passage, revision(draft=QUESTION.replace("What", "It"), critique=praised))


VOTES = {
    "question": "Question: Is there a ferry on the lake in summer?",
    "answer": ["yes", "yes", "yes", "no", "yes"],
    "work": ["In summer a ferry carries people over the lake.\nAnswer: yes"],
}


def test_questions_of_plurality_have_its_answer_as_reference(passage):
    (made, _) = run_kind("plurality", passage, VOTES)
    assert made.question.answer == "yes" and made.grade == 0.8
    with pytest.raises(Rejected, match="all answers agree"):
        run_kind("plurality", passage, VOTES | {"answer": "yes"})
    with pytest.raises(Rejected, match="agreement"):
        run_kind("plurality", passage, VOTES | {"work": "It lies between ridges of granite.\nAnswer: no"})
