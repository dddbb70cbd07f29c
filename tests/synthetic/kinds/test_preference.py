"""Preference data: the better reply is better by a program, or by a judge who says so in both orders."""

import json

import msgspec
import numpy as np
import pytest

from hornbook.base.records import Question, make_id
from hornbook.oracles.code import score_code
from hornbook.oracles.settings import OracleSettings
from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.preference._functions import draw
from hornbook.synthetic.kinds.preference.checked_code import closed
from hornbook.synthetic.kinds.preference.refusal_pair import declines
from tests.synthetic.kinds.scripted import passage_of, run_kind
from tests.synthetic.kinds.test_instructions import AQUEDUCT

PLAIN = "An aqueduct is a channel that brings water from a spring to the city, over valleys and through mountains."
NO_COMMA = PLAIN.replace(",", "")
LOUD = f"{NO_COMMA} What a sight!"
TOPIC = "Topic: Channels of an aqueduct"
ONE_RULE = {"rules": ["no_commas"], "constraints": 1}


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


QUESTION = "Question: How does the channel of an aqueduct cross valleys?"
ARCHED = "Arches carried the channel over the valleys."
VAGUE = "The channel of an aqueduct crosses valleys somehow."
SCORES = {ARCHED: (5, 4, 3), VAGUE: (1, 4, 3)}


def judge(prompt: str, sample: int, scores: dict[str, tuple[int, int, int]] = SCORES, first: int = 0) -> str:
    """Grades of the listed replies in their order; `first` is what the judge adds to the first of a list."""
    listed = [text for text in scores if text in prompt]
    listed.sort(key=lambda text: prompt.rindex(text))
    grades = [[min(5, grade + first * (place == 0)) for grade in scores[text]] for place, text in enumerate(listed)]
    names = ("accuracy", "style", "detail")
    return json.dumps({"replies": [{"faults": "some"} | dict(zip(names, grade, strict=True)) for grade in grades]})


def judged(passage, **script):
    script = {"question": QUESTION, "reply": ARCHED, "recall": VAGUE, "judge": judge} | script
    return run_kind("judged_replies", passage, script, informed=1, recalled=1)


def test_the_reply_that_is_more_accurate_is_preferred(passage):
    (made,) = judged(passage)
    assert made.messages[-1].content == ARCHED and made.rejected == VAGUE
    assert "accuracy" in made.checks and "overall" not in made.checks and made.grade == 1.0
    (made,) = judged(passage, recall=ARCHED, reply=VAGUE)
    assert made.messages[-1].content == ARCHED


def test_where_accuracy_is_equal_the_mean_of_the_three_decides(passage):
    (made,) = judged(passage, judge=lambda prompt, _: judge(prompt, 0, {ARCHED: (4, 5, 4), VAGUE: (4, 2, 2)}))
    assert made.messages[-1].content == ARCHED and "overall" in made.checks and "accuracy" not in made.checks


def test_a_judge_who_prefers_a_place_makes_no_pair(passage):
    same = {ARCHED: (3, 3, 3), VAGUE: (3, 3, 3)}
    with pytest.raises(Rejected, match="no difference that both orders see"):
        judged(passage, judge=lambda prompt, _: judge(prompt, 0, same, first=2))
    (made,) = judged(passage, judge=lambda prompt, _: judge(prompt, 0, {ARCHED: (4, 4, 4), VAGUE: (2, 2, 2)}, first=1))
    assert made.rejected == VAGUE


def test_a_preferred_reply_must_be_borne_out_and_judgements_must_fit(passage):
    invention = "Gladiators lifted barrels of wine across marble bridges for their emperor."
    scores = {ARCHED: (1, 1, 1), invention: (5, 5, 5)}
    with pytest.raises(Rejected, match="groundedness"):
        judged(passage, recall=invention, judge=lambda prompt, _: judge(prompt, 0, scores))
    with pytest.raises(Rejected, match="form"):
        judged(passage, judge='{"replies": [{"faults": "", "accuracy": 9, "style": 1, "detail": 1}]}')
    with pytest.raises(Rejected, match="replies"):
        judged(passage, recall=ARCHED)


SUM = Question(
    id="q", task="sums", oracle="number", answer="11",
    prompt="A box holds 5 red and 6 blue balls. How many balls are that?",
)  # fmt: skip
RIGHT = "There are 5 red and 6 blue balls.\n5 + 6 = 11\nAnswer: 11"
WRONG = "There are 5 red and 6 blue balls.\n6 - 5 = 1\nAnswer: 1"


def test_a_right_solution_is_preferred_to_a_wrong_one_as_well_formed():
    (made,) = run_kind("checked_math", SUM, {"solve": [RIGHT, "Answer: 7", WRONG, RIGHT]}, solutions=4)
    assert made.messages[-1].content == RIGHT and made.rejected == WRONG and made.grade == 0.5


def test_the_solution_that_came_with_the_question_stands_in_if_it_is_right():
    worked = msgspec.structs.replace(SUM, solution=RIGHT)
    (made,) = run_kind("checked_math", worked, {"solve": WRONG}, solutions=2)
    assert made.messages[-1].content == RIGHT and made.rejected == WRONG and made.grade == 1.0
    for solution, check in ((WRONG, "answer"), ("Answer: 11", "steps"), (RIGHT.replace("+ 6", "+ 7"), "arithmetic")):
        with pytest.raises(Rejected, match=check):
            run_kind("checked_math", msgspec.structs.replace(SUM, solution=solution), {"solve": WRONG}, solutions=2)


@pytest.mark.parametrize(
    ("solutions", "check"),
    [
        ([WRONG, WRONG], "answer"),
        ([RIGHT, RIGHT], "wrong solution"),
        ([RIGHT, "5 + 6 = 11 balls, I guess.\nIt may be a dozen, or not."], "wrong solution"),
        ([RIGHT, "There are 5 and 6 balls.\nAnswer: eleven balls, red and blue"], "wrong solution"),
        ([RIGHT.replace("5 + 6 = 11", "5 + 5 = 11"), WRONG], "arithmetic"),
    ],
)
def test_without_a_right_and_a_plausible_wrong_solution_there_is_no_pair(solutions, check):
    with pytest.raises(Rejected, match=check):
        run_kind("checked_math", SUM, {"solve": solutions}, solutions=2)


def request(seed: int = 0) -> Question:
    return next(question for number in range(50) if (question := draw(np.random.default_rng((seed, number)))))


def test_function_requests_have_tests_that_their_reference_passes_and_others_fail():
    prompts = set()
    for seed in range(12):
        question = request(seed)
        prompts.add(question.prompt)
        name = question.prompt.split("`")[1].split("(")[0]
        if seed < 4:
            assert score_code(question, question.solution, OracleSettings())[0] == 1
            assert score_code(question, f"def {name}(items):\n    return items", OracleSettings())[0] == 0
    assert len(prompts) > 8


def test_a_program_that_passes_is_preferred_to_one_that_runs_and_fails():
    question = request()
    name = question.prompt.split("`")[1].split("(")[0]
    wrong, broken = f"```python\ndef {name}(items):\n    return None\n```", "```python\ndef oops(:\n```"
    script = {"program": [broken, wrong, f"{question.solution}\nThis works."]}
    (made,) = run_kind("checked_code", question, script, programs=3)
    assert made.messages[-1].content == question.solution and made.rejected == wrong
    assert made.checks == ["tests", "failing program"] and made.grade == 0.6667
    with pytest.raises(Rejected, match="failing program"):
        run_kind("checked_code", question, {"program": [question.solution, broken]}, programs=2)


def test_the_reference_stands_in_where_no_program_passes_if_it_passes_itself():
    question = request()
    name = question.prompt.split("`")[1].split("(")[0]
    wrong = f"```python\ndef {name}(items):\n    return None\n```"
    (made,) = run_kind("checked_code", question, {"program": wrong}, programs=2)
    assert made.messages[-1].content == question.solution and made.rejected == wrong and made.grade == 1.0
    with pytest.raises(Rejected, match="tests"):
        run_kind("checked_code", msgspec.structs.replace(question, solution=wrong), {"program": wrong}, programs=2)


def test_the_first_block_of_code_is_kept_with_its_fence_closed():
    assert closed("Here:\n```python\nx = 1\n```\nDone.") == "```python\nx = 1\n```"
    assert closed("```python\nx = 1") == "```python\nx = 1\n```"
    assert closed(" x = 1 ") == "x = 1"


def test_a_reply_that_follows_is_preferred_to_a_fluent_one_that_does_not(passage):
    script = {"topic": TOPIC, "write": NO_COMMA, "ignore": ["Wine, wine, wine.", PLAIN, LOUD]}
    (made,) = run_kind("followed_instruction", passage, script, **ONE_RULE)
    assert made.messages[-1].content == NO_COMMA and made.rejected == PLAIN
    with pytest.raises(Rejected, match="worse reply"):
        run_kind("followed_instruction", passage, script | {"ignore": LOUD}, **ONE_RULE)
    with pytest.raises(Rejected, match="constraints: no_commas"):
        run_kind("followed_instruction", passage, script | {"write": PLAIN, "repair": PLAIN}, **ONE_RULE)


REFUSALS = {
    "question": "Question: What carried the channel over valleys?",
    "reference": "arches",
    "answer": "Arches carried the channel over valleys.",
    "refuse": "The text does not say what carried the channel over valleys.",
    "invent": "The text mentions no such thing, so I do not know.",
    "recall": "Wooden boats carried the channel over valleys.",
    "decline": "I do not know what carried the channel over valleys.",
}


def test_answers_are_preferred_where_they_can_be_known_and_refusals_where_not(passage):
    made = run_kind("refusal_pair", passage, REFUSALS | {"invent": "Ropes carried the channel over valleys."})
    answered, refused, unknown = made
    assert answered.messages[-1].content == REFUSALS["answer"] and declines(answered.rejected)
    assert AQUEDUCT in answered.messages[0].content
    assert declines(refused.messages[-1].content) and refused.rejected.startswith("Ropes")
    assert "Arches" not in refused.messages[0].content and "spring" in refused.messages[0].content
    assert unknown.messages[0].content == "What carried the channel over valleys?"
    assert unknown.messages[-1].content == REFUSALS["decline"] and unknown.rejected == REFUSALS["recall"]


def test_what_the_teacher_knows_is_answered_and_what_it_half_knows_is_left_out(passage):
    known = run_kind("refusal_pair", passage, REFUSALS | {"recall": "Stone arches did, over all valleys."})
    assert [made.rejected for made in known] == [REFUSALS["refuse"], REFUSALS["decline"]]
    assert known[1].messages[-1].content == REFUSALS["answer"] and "known or not" in known[1].checks
    half = run_kind("refusal_pair", passage, REFUSALS | {"recall": ["Stone arches did it.", "Boats did it."]})
    assert len(half) == 1


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"reference": "elephants"}, "reference"),
        ({"reference": "the channel over valleys"}, "reference"),
        ({"refuse": "The arches did it, and the text does not say more.", "decline": "It was arches."}, "refusal"),
        ({"question": "Question: Who drank the wine of the emperor?"}, "question"),
    ],
)
def test_refusals_that_give_it_away_and_questions_without_an_answer_are_rejected(changed, check):
    one_sentence = passage_of("Arches carried the channel over valleys, and tunnels led it through mountains.")
    with pytest.raises(Rejected, match=check):
        run_kind("refusal_pair", one_sentence, REFUSALS | changed)


@pytest.mark.parametrize(
    ("text", "declined"),
    [
        ("I do not know.", True),
        ("The text doesn't mention it.", True),
        ("That is not stated in the passage.", True),
        ("It was Trajan, in the year 109.", False),
        ("The arches do not touch the ground.", False),
    ],
)
def test_declining(text, declined):
    assert declines(text) is declined


def test_ids_of_requests_follow_from_their_prompts():
    question = request()
    assert question.id == make_id("question", "function_request", question.prompt)
