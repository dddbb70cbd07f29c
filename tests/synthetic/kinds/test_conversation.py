"""Conversations: turns that follow from each other, plans that are kept, answers that the passage bears out."""

import itertools
import json

import numpy as np
import pytest

from hornbook.synthetic.dialogue import check_turn, said_before, spoken, with_evidence
from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.conversation._profiles import two_profiles
from tests.synthetic.kinds.scripted import passage_of, run_kind

TEXT = (
    "A glacier is a large body of ice that moves slowly under its own weight. Because the ice at its bottom melts "
    "under pressure, the glacier slides over the ground. Rivers of melted water flow out of its lower end in summer. "
    "Stones that the glacier carried remain as moraines when the ice melts."
)
PASSAGE = passage_of(TEXT)
QUESTION = "Question: Why does a glacier slide over the ground?"
RIGHT = "the ice at its bottom melts under pressure"


def rejection(name, script, **settings):
    with pytest.raises(Rejected) as caught:
        run_kind(name, PASSAGE, script, **settings)
    return caught.value.check


# ---- turns


@pytest.mark.parametrize(
    ("turn", "earlier", "check"),
    [
        ("The passage says that glaciers are ice.", [], "form"),
        ("Ice moves.", [], "length"),
        ("Stones remain as moraines then.", ["Do rivers flow in summer?"], "takes up"),
        ("The glacier slides over the ground.", ["So the glacier slides over the ground?"], "no repetition"),
        ("A glacier is like a binary tree with children.", [], "not the example"),
        ("A glacier attracts tourists who buy postcards.", [], "groundedness"),
        ("A glacier is a body of 30 ice rivers.", [], "numbers"),
    ],
)
def test_a_turn_is_rejected_for_what_is_wrong_with_it(turn, earlier, check):
    with pytest.raises(Rejected) as caught:
        check_turn(turn, earlier, TEXT, "", 0.6)
    assert caught.value.check == check


def test_labels_and_quotes_of_a_speaker_are_taken_off():
    assert spoken('**Ana:** "The ice melts."\nTom: Why?') == "The ice melts."
    assert spoken("  \n") == ""


def test_what_was_said_is_found_in_any_earlier_turn():
    assert said_before("The ice melts!", ["Hello.", "the ice melts"]) == 1.0
    assert said_before("Rivers flow in summer.", ["The ice melts."]) == 0.0


def test_a_reply_quotes_the_sentence_unless_it_is_one():
    assert with_evidence("the ice at its bottom melts", "Why does it slide?", TEXT).endswith('over the ground."')
    sentence = TEXT.split(". ")[0] + "."
    assert with_evidence(sentence, "What is a glacier?", TEXT) == sentence


def test_two_profiles_differ_in_every_part():
    for seed in range(50):
        one, other = two_profiles(np.random.default_rng(seed))
        assert all(mine != theirs for mine, theirs in zip(one, other, strict=True))
    profiles = {str(two_profiles(np.random.default_rng(seed))[0]) for seed in range(50)}
    assert len(profiles) == 50


# ---- multi_agent

SCENARIO = "Suppose the ice at the bottom of the glacier melts only in summer."


def agents(moves=("explain", "example", "ask"), **changed):
    """A script of four turns; `moves` is what the reviews plan."""
    planned, turns = iter(moves), iter(changed.pop("turns", TURNS))
    script = {
        "describe": "Description: About glaciers.\nGrade: 4",
        "open": "Why does a glacier slide over the ground?",
        "review": lambda prompt, sample: json.dumps({"review": "It asks about ice.", "next": next(planned)}),
        "scenario": SCENARIO,
        "turn": lambda prompt, sample: next(turns),
        "summarise": "Rivers flow out in summer, and the glacier slides when its ice melts.",
    }
    return script | changed


TURNS = (
    "It slides because the ice at its bottom melts under pressure.",
    "In such a case the glacier rests on stones under its own weight.",
    "Do rivers flow in summer when the glacier moves under its own weight?",
)


def test_agents_keep_to_their_plans_meet_a_scenario_and_sum_up():
    made = run_kind("multi_agent", PASSAGE, agents(), turns=4, tries=1)[0]
    assert made.text.startswith(TEXT)
    lines = made.text.split("\n\n")[-1].splitlines()
    assert lines[2] == f"({SCENARIO})"
    speakers = [line.split(":")[0] for line in lines if not line.startswith("(")]
    assert len(speakers) == 5 and len(set(speakers)) == 2
    assert all(one != other for one, other in itertools.pairwise(speakers))


def test_the_plan_decides_what_the_next_speaker_is_asked_for():
    prompts = []

    def turn(prompt, sample):
        prompts.append(prompt)
        return TURNS[len(prompts) - 1]

    run_kind("multi_agent", PASSAGE, agents(turn=turn), turns=4, tries=1)
    assert "turn that explains it" in prompts[0] and "Suppose" not in prompts[0]
    assert "turn that gives an example" in prompts[1] and f"New situation: {SCENARIO}" in prompts[1]
    assert "turn that asks a question" in prompts[2]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"open": "A glacier is a large body of ice."}, "keeps to the plan"),
        ({"review": json.dumps({"review": "It asks about ice.", "next": "ask"})}, "form"),  # the move just made
        ({"turns": ("The glacier slides over melted ice.",)}, "keeps to the plan"),  # no reason
        ({"scenario": "Rivers of melted water flow out in summer."}, "scenario"),
        ({"turns": (TURNS[0], "For example, rivers of melted water flow out.")}, "takes up"),  # not the scenario
        ({"turns": (*TURNS[:2], "So a glacier rests on stones under its own weight?")}, "no repetition"),
        ({"summarise": "We talked about many interesting things and learned a lot today."}, "takes up"),
    ],
)
def test_a_talk_that_goes_astray_is_rejected(changed, check):
    assert rejection("multi_agent", agents(**changed), turns=4, tries=1) == check


def test_a_failed_turn_is_written_again():
    script = agents(open=["A large body of ice.", "Why does a glacier slide over the ground?"])
    assert run_kind("multi_agent", PASSAGE, script, turns=4, tries=2)


# ---- tutoring


def lesson(**changed):
    return {
        "describe": "Description: About glaciers.\nGrade: 4",
        "question": QUESTION,
        "answer": RIGHT,
        "mistake": "The glacier slides because rivers push stones on it.",
        "hint": "What happens with the ice under pressure?",
        "retry": "It slides because the ice at the bottom melts under pressure.",
    } | changed


def test_a_student_who_is_wrong_is_led_to_the_answer():
    messages = run_kind("tutoring", PASSAGE, lesson())[0].messages
    assert [message.role for message in messages] == ["user", "assistant"] * 3
    assert messages[1].content == "Why does a glacier slide over the ground?"
    assert messages[3].content.endswith("?")
    assert "melts under pressure" in messages[5].content


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"answer": ["melting ice", "cold rivers", "grey stones"]}, "agreement"),
        ({"mistake": "The ice at its bottom melts under pressure, so it slides."}, "wrong first"),
        ({"mistake": "Cats are lovely animals with soft fur."}, "wrong first"),
        ({"hint": "Does the ice at its bottom melt under pressure?"}, "does not tell"),
        ({"hint": "Why would tourists buy postcards of glaciers?"}, "groundedness"),
        ({"retry": "The glacier carried stones, and moraines remain."}, "no repetition"),
    ],
)
def test_a_lesson_that_is_none_is_rejected(changed, check):
    assert rejection("tutoring", lesson(**changed)) == check


def test_a_student_who_stays_wrong_is_given_up():
    retries = "The glacier carried stones, and moraines remain."
    assert rejection("tutoring", lesson(retry=retries), hints=1) == "led to the answer"


# ---- interview


def questions(prompt, sample):
    asked = [f"Q{number}" for number in range(prompt.count("Expert:"))]
    return ["Why does the glacier slide over the ground?", "When do rivers flow out of its lower end?"][len(asked)]


def answers(prompt, sample):
    last = prompt.split("Journalist: ")[-1]
    return "Rivers of melted water flow out in summer." if "rivers" in last else "It slides as ice at its bottom melts."


def interview(**changed):
    return {
        "describe": "Description: About glaciers.\nGrade: 4",
        "question": questions,
        "answer": answers,
        "close": "So a glacier slides on melted ice at its bottom.",
    } | changed


def test_an_interview_names_its_speakers_and_alternates():
    text = run_kind("interview", PASSAGE, interview(), questions=2)[0].text
    lines = text.split("\n\n")[-1].splitlines()
    speakers = [line.split(":")[0] for line in lines]
    assert speakers[0::2] == [speakers[0]] * 3 and speakers[1::2] == [speakers[1]] * 2
    assert speakers[0] != speakers[1] and speakers[0] in text.split("talks with")[0]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"question": "Tell me of the glacier and its ice."}, "question"),
        ({"question": "Why does the glacier slide over the ground?"}, "no repetition"),
        ({"answer": "Why does the ice slide under pressure?"}, "answers"),
        ({"answer": "The glacier slides over the ground."}, "no repetition"),
        ({"answer": "It slides because wind and sunshine push it downhill daily."}, "groundedness"),
        ({"close": "Postcards of such wonders sell well in shops nearby."}, "takes up"),
    ],
)
def test_an_interview_is_rejected_for_a_bad_turn(changed, check):
    assert rejection("interview", interview(**changed), questions=2, tries=1) == check


# ---- follow_up


def chain(**changed):
    return {
        "describe": "Description: About glaciers.\nGrade: 4",
        "question": QUESTION,
        "answer": lambda prompt, sample: "in summer" if "When" in prompt else RIGHT,
        "follow up": "When do rivers flow out of its lower end?",
        "again": ["in summer", "in summer", "in winter"],
    } | changed


def test_later_questions_refer_back_and_answers_are_found_twice():
    messages = run_kind("follow_up", PASSAGE, chain(), questions=2)[0].messages
    assert [message.role for message in messages] == ["user", "assistant"] * 2
    assert messages[2].content == "When do rivers flow out of its lower end?"
    assert messages[3].content.startswith("In summer.") and "Rivers" in messages[3].content


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"follow up": "Rivers flow in summer."}, "follow-up"),
        ({"follow up": "Why does a glacier slide over ground?"}, "follow-up"),  # asked before
        ({"follow up": "When do rivers flow in summer?"}, "refers back"),
        ({"follow up": "When was its postcard printed by whom?"}, "follow-up"),
        ({"answer": RIGHT}, "answer"),  # the same answer again
        ({"again": "in winter"}, "found again"),
    ],
)
def test_a_follow_up_that_does_not_follow_is_rejected(changed, check):
    assert rejection("follow_up", chain(**changed), questions=2, tries=1) == check


def test_readers_who_cannot_say_it_briefly_point_to_a_sentence():
    """The sentence that most of them and a program find; its number differs with the order shown."""

    def point(prompt, sample):
        if "number, as JSON" not in prompt:
            return f"It is hard to say in a few words, and so I will say {sample} many more of them here again"
        lines = [line for line in prompt.splitlines() if "slides" in line]
        return json.dumps({"sentence": int(lines[0].split(".")[0])})

    messages = run_kind("tutoring", PASSAGE, lesson(answer=point))[0].messages
    assert "slides over the ground" in messages[-1].content
    assert rejection(
        "tutoring", lesson(answer="I could not possibly answer that question here today, as it depends")
    ) == ("agreement")
