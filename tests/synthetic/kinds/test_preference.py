"""Preference data: the better reply is better by a program, or by a judge who says so in both orders.

A line of DEFECTS is a kind, what its teacher says otherwise, and the check that must name it.
"""

import ast
import json
import re

import numpy as np
import pytest

from hornbook.base.records import Question, make_id
from hornbook.oracles.code import score_code
from hornbook.oracles.settings import OracleSettings
from hornbook.synthetic.constraints.oracle import ORACLE
from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.kinds.preference._functions import defines, draw
from tests.synthetic.kinds.scripted import FORMS, first_prompts, in_form, passage_of, run_kind

AQUEDUCT = passage_of(
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows downhill, "
    "the channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall by "
    "about 30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through "
    "mountains."
)


def requested(number: int = 0) -> Question:
    return next(one for place in range(50) if (one := draw(np.random.default_rng((number, place)))))


REQUEST = requested()
NAME = REQUEST.prompt.split("`")[1].split("(")[0]
PROGRAM = REQUEST.solution.removeprefix("```python\n").removesuffix("\n```")
NONE = f"def {NAME}(items):\n    return None"
SUM = Question(
    id="q", task="sums", oracle="number", answer="11",
    prompt="A box holds 5 red and 6 blue balls. How many balls are that?",
)  # fmt: skip
RIGHT = "The box holds 5 red balls and 6 blue ones, and every ball is one or the other.\n\n5 + 6 = 11\n\nAnswer: 11"
WRONG = "The box holds 5 red balls and 6 blue ones, and the difference counts here.\n\n6 - 5 = 1\n\nAnswer: 1"
SOUND = json.dumps({"why": "All holds.", "wrong_step": "", "sound": True})
UNSOUND = json.dumps({"why": "No.", "wrong_step": "every ball is one or the other", "sound": False})

QUESTION = "How did the channel of an old aqueduct cross the valleys on its way to the city?"
ARCHED = (
    "It crossed them on arches. Since water runs only downhill, the channel could not follow the ground down into a "
    "valley and up again; row upon row of arches held it at the height that its steady fall asked for."
)
VAGUE = (
    "It crossed them in pipes of lead, which were laid along the floor of each valley and rose again behind it, as the "
    "pressure of the water drove it up the other side; that was how all of them were built, without exception."
)
LETTER = "Please explain to my sister, for a letter, how an aqueduct brings water to a city."
PLAIN = (
    "An aqueduct brings water from a far spring into the city. Its channel falls a little all the way, for water runs "
    "only downhill, and arches and tunnels keep it on its course."
)
NO_COMMA = PLAIN.replace(",", "")
ASKED = {
    "question": "What led the channel of an old aqueduct through mountains?",
    "answer": "tunnels",
    "evidence": ["Arches carried the channel over valleys, and tunnels led it through mountains."],
}
ANSWERED = "Tunnels led it through the mountains, while arches carried it over valleys."
REFUSED = "The text does not say what led the channel through mountains; it only says how steadily it must fall."
DECLINED = "I am not sure what led it through mountains, and a history of building would tell."
SLIP = "It was tunnels, I cannot say."
INVENTED = "A chain of wooden bridges led it around the mountains, as the text says."


def marks(scores, first=0):
    """A judge's marks of the listed replies in their order; `first` is what the first of a list gets more."""

    def judge(prompt, sample):
        listed = sorted((text for text in scores if text in prompt), key=prompt.rindex)
        given = [[min(5, mark + first * (place == 0)) for mark in scores[text]] for place, text in enumerate(listed)]
        names = ("accuracy", "style", "detail")
        return json.dumps({"replies": [{"faults": "some"} | dict(zip(names, one, strict=True)) for one in given]})

    return judge


def readings(prompt, sample):
    """What each reply does: here words are enough, since the replies are known."""
    replies = re.findall(r'<reply number="\d+">\n(.*?)\n</reply>', prompt, re.DOTALL)
    said = {ANSWERED: "tunnels", INVENTED: "wooden bridges", "Tunnels did.": "tunnels", SLIP: "tunnels"}
    return json.dumps({"replies": [{"declines": one not in said, "answer": said.get(one, "")} for one in replies]})


def refuse(prompt, sample):
    return REFUSED if "aqueduct is a channel" in prompt else DECLINED


CODE = "```python\n{}\n```"
KINDS = {  # kind → seed, what a good teacher says, settings, the better and the worse reply
    "checked_code": (REQUEST, {"reply": CODE.format(PROGRAM), "worse": CODE.format(NONE)}, {},
                     CODE.format(PROGRAM), CODE.format(NONE)),
    "checked_math": (SUM, {"reply": RIGHT, "worse": WRONG, "review": SOUND,
                              "compare": '{"why": "", "groups": []}'}, {"tokens": [5, 400]}, RIGHT, WRONG),
    "followed_instruction": (AQUEDUCT, {"question": LETTER, "reply": NO_COMMA, "worse": PLAIN}, {"verified": False},
                             NO_COMMA, PLAIN),
    "judged_replies": (AQUEDUCT, {"question": QUESTION, "reply": ARCHED, "worse": VAGUE,
                                  "judge": marks({ARCHED: (5, 4, 4), VAGUE: (1, 4, 3)})},
                       {"verified": False, "same_language": False}, ARCHED, VAGUE),
    "refusal_pair": (AQUEDUCT, {"question": json.dumps(ASKED), "reply": ANSWERED, "worse": INVENTED,
                                "recall": INVENTED, "judge": readings,
                                "refuse": refuse, "compare": '{"why": "", "groups": []}'},
                     {"verified": False}, ANSWERED, REFUSED),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _one_rule(monkeypatch):
    """The constraint that is drawn: no commas."""
    kind = load_kind("followed_instruction", "full")
    options = {"decided_by": "constraints", "constraints": [1, 1], "rules": ["no_commas"]}
    monkeypatch.setitem(kind.__dict__, "options", options)


def run(kind, form="plain", settings=None, **changes):
    seed, script, given, _, _ = KINDS[kind]

    def formed(said):
        def answer(prompt, sample):
            text = (
                said(prompt, sample) if callable(said) else said if isinstance(said, str) else said[sample % len(said)]
            )
            return in_form(form, text)

        return answer

    return run_kind(
        kind, seed, {stage: formed(said) for stage, said in (script | changes).items()}, **given | (settings or {})
    )


@pytest.mark.parametrize("kind", KINDS)
def test_good_answers_make_a_pair_in_any_form(kind):
    *_, better, worse = KINDS[kind]
    for form in FORMS:
        made = run(kind, form)[0]
        assert [message.role for message in made.messages] == ["user", "assistant"]
        assert (made.messages[-1].content, made.rejected) == (better, worse), form


FAULTY = {
    "no list": "I cannot do this.",
    "one short": json.dumps({"replies": [{"declines": True, "answer": ""}]}),
    "a mark of nine": '{"replies": [{"faults": "", "accuracy": 9, "style": 1, "detail": 1}]}',
}
EQUAL = {ARCHED: (3, 3, 3), VAGUE: (3, 3, 3)}
DEFECTS = [
    ("checked_code", {"reply": CODE.format(NONE), "worse": CODE.format("def oops(:")}, None),  # the reference stands in
    ("checked_code", {"worse": CODE.format(PROGRAM)}, "worse reply"),
    ("checked_code", {"worse": CODE.format("def oops(:")}, "worse reply"),
    ("checked_code", {"worse": CODE.format(NONE.replace(NAME, "other"))}, "worse reply"),
    ("checked_code", {"worse": CODE.format(f"def {NAME}(items):\n    raise ValueError")}, "worse reply"),
    ("checked_math", {"reply": WRONG}, "better reply"),
    ("checked_math", {"reply": RIGHT.replace("5 + 6 = 11", "5 + 6 = 12")}, "better reply"),
    ("checked_math", {"reply": "Answer: 11", "worse": "Answer: 7"}, "better reply|worse reply"),
    ("checked_math", {"worse": RIGHT}, "worse reply"),
    ("checked_math", {"worse": "It may be a dozen, or not. I would rather not say how many there are."}, "worse reply"),
    ("checked_math", {"review": UNSOUND}, "review: every ball"),
    ("checked_math", {"review": FAULTY["no list"]}, "form"),
    ("followed_instruction", {"reply": PLAIN}, "better reply: no_commas"),
    ("followed_instruction", {"worse": NO_COMMA}, "worse reply"),
    ("followed_instruction", {"reply": "Water.", "worse": "Water, water."}, "better reply"),
    ("followed_instruction", {"reply": AQUEDUCT.text.replace(",", "")}, "own words"),
    ("judged_replies", {"judge": marks(EQUAL)}, "both orders"),
    ("judged_replies", {"judge": marks(EQUAL, first=2)}, "both orders"),
    ("judged_replies", {"judge": marks({ARCHED: (5, 5, 5), VAGUE: (5, 5, 4)})}, "both orders"),
    ("judged_replies", {"judge": FAULTY["a mark of nine"]}, "form"),
    ("judged_replies", {"reply": VAGUE}, "better reply: all replies are the same"),
    ("judged_replies", {"reply": AQUEDUCT.text, "judge": marks({AQUEDUCT.text: (5, 5, 5), VAGUE: (1, 1, 1)})}, "own"),
    ("refusal_pair", {"judge": FAULTY["one short"]}, "form"),
    ("refusal_pair", {"question": FAULTY["no list"]}, "form"),
    ("refusal_pair", {"question": json.dumps(ASKED | {"evidence": ["Tunnels were dug."]})}, "evidence removed: not in"),
    ("refusal_pair", {"question": json.dumps(ASKED | {"answer": "channel"})}, "evidence removed: the answer stands"),
    ("refusal_pair", {"question": json.dumps(ASKED | {"answer": ""})}, "question"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changes", "check"), DEFECTS)
def test_one_defect_is_turned_away_by_its_check(kind, changes, check):
    if check is None:
        changes = changes | {"worse": KINDS[kind][1]["worse"]}
        assert run(kind, **changes)[0].grade == 1.0
        return
    with pytest.raises(Rejected, match=check):
        run(kind, **changes)


def test_a_reply_that_fails_by_itself_is_the_worse_one():
    made = run("checked_math", reply=[RIGHT, WRONG, RIGHT], worse="never asked for")[0]
    assert (made.messages[-1].content, made.rejected, made.grade) == (RIGHT, WRONG, 0.3333)


def test_a_solution_that_came_with_the_question_stands_in_if_it_is_right():
    for solution, check in ((RIGHT, ""), (WRONG, "better"), (RIGHT.replace("+ 6 = 11", "+ 7 = 11"), "better")):
        seed = Question(id="q", task="sums", prompt=SUM.prompt, answer="11", oracle="number", solution=solution)
        script = {"reply": WRONG, "worse": WRONG, "review": SOUND}
        if check:
            with pytest.raises(Rejected, match=check):
                run_kind("checked_math", seed, script, tokens=[5, 400])
        else:
            (made,) = run_kind("checked_math", seed, script, tokens=[5, 400])
            assert (made.messages[-1].content, made.rejected) == (RIGHT, WRONG)


def test_the_request_of_a_followed_instruction_can_be_checked_again():
    made = run("followed_instruction")[0]
    assert made.question.oracle == ORACLE and made.question.solution == NO_COMMA
    assert made.messages[0].content == made.question.prompt and made.question.prompt.startswith(LETTER)


@pytest.mark.parametrize(
    ("scores", "checks"),
    [
        ({ARCHED: (5, 4, 3), VAGUE: (1, 4, 3)}, ["accuracy"]),
        ({ARCHED: (4, 5, 5), VAGUE: (4, 2, 2)}, ["overall"]),
    ],
)
def test_where_accuracy_is_equal_the_mean_of_the_marks_decides(scores, checks):
    (made,) = run("judged_replies", judge=marks(scores))
    assert made.messages[-1].content == ARCHED
    assert [check for check in made.checks if check in ("accuracy", "overall")] == checks
    (made,) = run("judged_replies", judge=marks(scores, first=1)) if checks == ["accuracy"] else (made,)
    assert made.rejected == VAGUE


def test_one_question_gives_pairs_with_the_text_without_its_evidence_and_from_memory():
    answered, refused, unknown = run("refusal_pair")
    assert answered.messages[0].content == f"{AQUEDUCT.text}\n\n{ASKED['question']}"
    assert (refused.messages[-1].content, refused.rejected) == (REFUSED, INVENTED)
    assert "tunnels" not in refused.messages[0].content and "spring" in refused.messages[0].content
    assert unknown.messages[0].content == ASKED["question"]
    assert (unknown.messages[-1].content, unknown.rejected) == (DECLINED, INVENTED)


def test_what_the_teacher_knows_is_answered_and_what_it_half_knows_is_left_out():
    made = run("refusal_pair", recall="Tunnels did.")
    assert (made[2].messages[-1].content, made[2].rejected) == ("Tunnels did.", DECLINED)
    assert len(run("refusal_pair", recall=["Tunnels did.", INVENTED])) == 2


def test_a_refusal_that_lets_the_answer_slip_is_none():
    with pytest.raises(Rejected, match="refusal"):
        run("refusal_pair", refuse=SLIP)


# -- requests for functions


def test_function_requests_have_tests_that_their_reference_passes_and_others_fail():
    prompts = set()
    for number in range(12):
        question = requested(number)
        prompts.add(question.prompt)
        name = question.prompt.split("`")[1].split("(")[0]
        if number < 4:
            assert score_code(question, question.solution, OracleSettings())[0] == 1
            assert score_code(question, f"def {name}(items):\n    return items", OracleSettings())[0] == 0
    assert len(prompts) > 8
    assert REQUEST.id == make_id("question", "function_request", REQUEST.prompt)
    assert defines(PROGRAM, REQUEST.prompt) and not defines("def other(): pass", REQUEST.prompt)
    assert ast.parse(PROGRAM)


# -- all kinds


@pytest.mark.parametrize("kind", KINDS)
def test_planned_records_have_different_prompts(kind):
    seed = KINDS[kind][0]
    if kind == "checked_code":
        seeds = [requested(number) for number in range(20)]
    elif isinstance(seed, Question):
        seeds = [Question(id=f"q{n}", task="t", prompt=SUM.prompt.replace("6", str(n)), answer=str(n + 5),
                          oracle="number") for n in range(20)]  # fmt: skip
    else:
        seeds = [passage_of(AQUEDUCT.text.replace("30", str(30 + number))) for number in range(20)]
    sent = first_prompts(kind, seeds)
    assert len(sent) == 1000 and len(set(sent)) >= 990


def test_all_kinds_of_the_family_are_tested():
    assert set(KINDS) == {name for name, family in FAMILIES.items() if family == "preference"}
    for name in ("checked_code", "checked_math", "followed_instruction", "judged_replies"):
        small = load_kind(name, "small")
        assert small.settings().max_tokens < load_kind(name).settings().max_tokens
