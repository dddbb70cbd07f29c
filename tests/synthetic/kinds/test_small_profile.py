"""Kinds for a teacher of some hundred million parameters: short answers, and words in common that may reject them."""

import json

import pytest

from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.teacher.client import Completion
from tests.synthetic.kinds.scripted import ScriptedTeacher, passage_of, run_kind

AQUEDUCT = (
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows downhill, "
    "the channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall by "
    "about 30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through "
    "mountains."
)
TEXTBOOK = (
    "Water cannot climb, so engineers who bring it to a city give their channel a steady fall. An aqueduct starts at a "
    "distant spring; where there are valleys it stands on arches, and tunnels take it through the mountains."
)
QUESTION = "Why must the channel of an aqueduct fall steadily?"
ANSWER = "Water flows downhill only, and the channel carries it from a spring to the city by that fall alone."
TURNS = [
    "Student: Why does the channel fall along its whole length?",
    "Teacher: Water flows downhill only, so a channel that rises carries nothing to the city.",
    "Student: And where valleys lie between the spring and the engineers?",
    "Teacher: There the aqueducts stood on arches, and tunnels went through mountains.",
]
EXAMPLE = "People can walk across the frozen lake in winter, ice bears the weight of people."


def scored(reasoning, accuracy):
    return json.dumps({"scores": {"reasoning": reasoning, "accuracy": accuracy}, "advice": ["Say why."]})


GOOD = {
    "textbook": {"write": TEXTBOOK},
    "exercise": {"question": f"Question: {QUESTION}", "write": f"Answer: {ANSWER}"},
    "discussion": {"write": "\n".join(TURNS)},
    "self_revision": {"question": QUESTION, "write": ANSWER, "critique": scored(5, 4), "revise": "Never."},
}
DEFECTS = [
    ("textbook", {"write": AQUEDUCT}, "own words"),
    ("textbook", {"write": f"{EXAMPLE} {EXAMPLE.replace('winter', 'summer').replace('frozen', 'warm')}"}, "key terms"),
    ("textbook", {"write": "The water goes down. " * 12}, "no repetition"),
    ("exercise", {"question": "Who painted the ceiling of the chapel?", "min_terms": 0}, "grounded"),
    ("exercise", {"write": EXAMPLE}, "key terms"),
    ("exercise", {"write": f"{EXAMPLE} {ANSWER} {ANSWER.replace('Water', 'The water')}"}, "not the example"),
    ("discussion", {"write": "\n".join(TURNS[:3])}, "turns"),
    ("discussion", {"write": "I like aqueducts."}, "turns"),
    ("self_revision", {"write": "Elephants in golden coats pull wagons full of emperors."}, "grounded"),
    ("self_revision", {"write": QUESTION.replace("Why must", "Yes,")}, "answers"),
    ("self_revision", {"critique": scored(5, 1), "revise": ANSWER}, "rubric"),
    ("self_revision", {"critique": "It is good."}, "form"),
]  # fmt: skip


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


def run(name, passage, **settings):
    script = {stage: settings.pop(stage) for stage in GOOD[name] if stage in settings}
    return run_kind(name, passage, GOOD[name] | script, profile="small", **settings)[0]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_is_kept(passage, name):
    said = run(name, passage).written()
    assert said in (TEXTBOOK, ANSWER, "\n\n".join(TURNS))


@pytest.mark.parametrize(("name", "defect", "check"), DEFECTS)
def test_each_check_turns_away_what_it_is_for(passage, name, defect, check):
    with pytest.raises(Rejected) as reason:
        run(name, passage, **defect)
    assert reason.value.check == check


def test_a_discussion_ends_where_it_turns_in_circles(passage):
    again = [*TURNS, "Student: Really? Why does the channel fall along its whole length?", TURNS[1]]
    assert run("discussion", passage, write="\n".join(again)).text == "\n\n".join([*TURNS, again[4]])


def test_of_an_answer_that_is_cut_off_the_whole_sentences_are_kept(passage, monkeypatch):
    async def cut(self, messages, *, purpose, **options):
        self.asked.append((purpose, messages[-1].content))
        return Completion(purpose, f"{TEXTBOOK} The engineers were", "length", 1, 1)

    monkeypatch.setattr(ScriptedTeacher, "complete", cut)
    assert run("textbook", passage).text == TEXTBOOK


def test_answers_are_revised_until_they_are_good_enough_and_the_best_is_kept(passage):
    said = []

    def criticise(prompt, sample):
        said.append(prompt)
        return scored(2, 2) if len(said) == 1 else scored(5, 4)

    made = run("self_revision", passage, write="It is the water.", critique=criticise, revise=ANSWER, rounds=4)
    assert made.messages[1].content == ANSWER and made.grade == 0.9
    assert len(said) == 2 and "It is the water." in said[0] and ANSWER in said[1]


STEPS = "Water flows downhill only.\nSo the channel must fall along its whole length.\nAnswer: {}"
VOTES = {
    "question": "Must the channel of an aqueduct fall?",
    "solve": [STEPS.format(said) for said in ("yes", "no", "yes")],
}


def test_questions_on_which_some_answers_agree_and_not_all_are_kept(passage):
    made, *others = run_kind("plurality", passage, VOTES, profile="small", solutions=3)
    assert made.messages[0].content == f"{AQUEDUCT}\n\n{VOTES['question']}" and not others
    assert made.question.answer == "yes" and made.question.prompt == made.messages[0].content
    assert made.grade == pytest.approx(2 / 3, abs=1e-3)


@pytest.mark.parametrize("answers", [["yes"] * 4, ["yes", "no", "yes", "no"], ["yes", "no", "here", "there"], ["yes"]])
def test_questions_too_easy_too_hard_or_ambiguous_are_dropped(passage, answers):
    script = VOTES | {"solve": [STEPS.format(said) for said in answers]}
    with pytest.raises(Rejected, match="plurality"):
        run_kind("plurality", passage, script, profile="small", solutions=4)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_small_profile_verifies_nothing(name):
    full, small = load_kind(name), load_kind(name, "small")
    if small.prompts != full.prompts:
        assert not getattr(small.settings(), "verified", False) and small.settings().max_tokens <= 600
