"""Questions about passages: what is kept, and what each check turns away."""

import json

import pytest

from hornbook.oracles.score import is_right
from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.reading.multiple_choice import read_choice
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


DEDUCED = {"question": "Question: How do people get to the market?", "answer": "people walk across it to the market"}


def test_a_step_of_the_chain_becomes_a_question_with_its_answer():
    passage = passage_of(LAKE.replace("across it", "across the ice"))
    (made,) = run_kind("deduction", passage, DEDUCED)
    assert [message.content for message in made.messages] == [
        "Suppose that the lake is frozen from December to March. How do people get to the market?",
        "Since the lake is frozen from December to March, people walk across the ice to the market in the village "
        "of Aune.",
    ]
    assert made.grade == 1.0


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"question": "Do people walk across the ice to the market in the village of Aune?"}, "holds its own answer"),
        ({"question": "Which emperor built marble palaces?"}, "about something else"),
        ({"question": "I do not know."}, "no question"),
        ({"answer": "by a marble palace"}, "found again: by 0.00"),
    ],
)
def test_deductions_that_are_given_away_or_not_found_again_are_rejected(changes, check):
    passage = passage_of(LAKE.replace("across it", "across the ice"))
    with pytest.raises(Rejected, match=check):
        run_kind("deduction", passage, DEDUCED | changes)


def choose(prompt, sample):
    """The right option, wherever it stands."""
    return next(line for line in prompt.splitlines() if "brass bell" in line and ". " in line and len(line) < 60)


CHOICE = {
    "question": f"Question: {QUESTION}",
    "answer": "Answer: a ferry with a brass bell.",
    "distractors": json.dumps({"wrong": ["a steam train", "a ferry with a brass bell", "a wooden bridge", "a camel"]}),
    "choose": choose,
}


def test_options_are_shuffled_and_the_oracle_knows_the_right_one(passage):
    letters = set()
    for seeded in range(12):
        (made,) = run_kind("multiple_choice", passage, CHOICE, seeded=seeded)
        question = made.question
        assert sorted(question.choices) == ["a camel", "a ferry with a brass bell", "a steam train", "a wooden bridge"]
        assert question.choices[ord(question.answer) - ord("A")] == "a ferry with a brass bell"
        assert is_right(question, made.messages[1].content) and not is_right(question, "Answer: a camel")
        letters.add(question.answer)
    assert letters == set("ABCD")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"choose": "A"}, "found again"),  # the same place whatever stands there
        ({"choose": "I like them all."}, "found again"),
        ({"answer": "a marble palace"}, "right option"),
        ({"distractors": json.dumps({"wrong": ["the lake", "the market", "granite", "a ferry"]})}, "distractors"),
        ({"distractors": json.dumps({"wrong": ["a camel", "the camel", "A camel.", "a steam train"]})}, "distractors"),
    ],
)
def test_choices_that_are_not_clear_are_rejected(passage, changes, check):
    with pytest.raises(Rejected, match=check):
        run_kind("multiple_choice", passage, CHOICE | changes, seeded=3)


def test_a_choice_is_read_by_letter_or_by_its_words():
    options = ["a camel", "the river Aune", "a train"]
    assert read_choice("B", options) == read_choice("(B) the river", options) == read_choice("River Aune.", options)
    assert read_choice("a camel or a train", options) == read_choice("", options) == ""


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
