"""Instruction following: what holds by program is kept, what breaks a constraint is sent back, then given up."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.oracles.score import judge_question
from hornbook.synthetic.constraints.drawing import broken
from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.kinds.instructions._edits import EDITS, Task, draw_task
from hornbook.synthetic.kinds.instructions.json_extraction import FIELDS, digits
from hornbook.synthetic.kinds.instructions.verified_edit import check
from tests.synthetic.kinds.scripted import passage_of, run_kind

AQUEDUCT = (
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows downhill, "
    "the channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall by "
    "about 30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through "
    "mountains."
)
PLAIN = "An aqueduct is a channel that brings water from a spring to the city, over valleys and through mountains."
NO_COMMA = "An aqueduct is a channel that brings water from a spring to the city over valleys and through mountains."
LOUD = f"{NO_COMMA} What a sight!"
TOPIC = "Topic: Channels of an aqueduct"
ONE_RULE = {"rules": ["no_commas"], "constraints": 1}


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


def test_a_reply_is_kept_as_soon_as_it_holds_and_the_question_can_judge_others(passage):
    (made,) = run_kind("constrained_writing", passage, {"topic": TOPIC, "write": [PLAIN, NO_COMMA]}, **ONE_RULE)
    assert made.messages[1].content == NO_COMMA and "constraints" in made.checks
    assert "channels of an aqueduct" in made.messages[0].content and "comma" in made.messages[0].content
    assert AQUEDUCT not in made.messages[0].content
    assert (
        made.question
        and judge_question(made.question, NO_COMMA).score == 1
        and judge_question(made.question, PLAIN).score == 0
    )


def test_a_reply_that_breaks_a_constraint_is_sent_back_with_it(passage):
    def repair(prompt: str, sample: int) -> str:
        assert "without commas" in prompt or "any commas" in prompt
        return NO_COMMA if sample == 1 else PLAIN

    script = {"topic": TOPIC, "write": PLAIN, "repair": repair}
    (made,) = run_kind("constrained_writing", passage, script, **ONE_RULE)
    assert made.messages[1].content == NO_COMMA
    with pytest.raises(Rejected, match="constraints: no_commas"):
        run_kind("constrained_writing", passage, script, repairs=1, **ONE_RULE)


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        ("Emperors loved gladiators and marble palaces and expensive wine from the south.", "about the topic"),
        ("The channel of the aqueduct. " * 20, "no repetition"),
        ("Sure! Here is an explanation of the channels of an aqueduct.", "no small talk"),
        ("In a binary heap every parent is at most as large as its children.", "not the example"),
        ("An aqueduct channel. Write without commas. Do not use any commas.", "no echo"),
        ("", "length"),
        ("The channels of an aqueduct are channels.", "says something"),
    ],
)
def test_replies_whose_content_is_bad_are_rejected_whatever_holds(passage, reply, check):
    with pytest.raises(Rejected, match=check):
        run_kind("constrained_writing", passage, {"topic": TOPIC, "write": reply}, **ONE_RULE)


@pytest.mark.parametrize(
    "named", ["gladiators and their wine", "The channel of the channel", "The channel. It falls.", "the passage", ""]
)
def test_a_topic_that_is_not_the_passages_gives_way_to_its_main_terms(passage, named):
    (made,) = run_kind("constrained_writing", passage, {"topic": named, "write": NO_COMMA}, **ONE_RULE)
    assert "channel and" in made.messages[0].content


def test_an_unknown_rule_is_an_error_that_names_the_nearest():
    with pytest.raises(HornbookError, match=r"no such rule 'no_comma'.*no_commas"):
        load_kind("constrained_writing").settings.parse({"rules": ["no_comma"]}, "kinds.constrained_writing")


REWRITE = (
    "Water reaches the city in an aqueduct. This channel falls steadily by some 30 centimetres a kilometre since water "
    "runs downhill only. It crosses valleys on arches and mountains in tunnels."
)


def test_a_rewrite_keeps_key_terms_and_numbers_and_is_no_copy(passage):
    (made,) = run_kind("constrained_rewrite", passage, {"write": REWRITE}, **ONE_RULE)
    assert made.messages[0].content.endswith(AQUEDUCT) and made.messages[1].content == REWRITE
    bad = {
        AQUEDUCT: "not a copy",
        REWRITE.replace("30 centimetres", "40 centimetres"): "numbers",
        "A distant spring must flow downhill to a city over valleys.": "key terms",
        REWRITE.replace("city in", "city, in"): "constraints",
    }
    for reply, reason in bad.items():
        with pytest.raises(Rejected, match=reason):
            run_kind("constrained_rewrite", passage, {"write": reply, "repair": reply}, **ONE_RULE)


def test_every_turn_adds_a_constraint_and_every_reply_keeps_to_all_so_far(passage):
    def write(prompt: str, sample: int) -> str:
        return LOUD if sample < 3 else f"{NO_COMMA} What a sight."  # three tries a turn

    settings = {"rules": ["no_commas", "no_exclamations"], "constraints": 2}
    seeded = next(seed for seed in range(20) if _first_rule(passage, seed, settings) == "no_commas")
    (made,) = run_kind("constraint_turns", passage, {"topic": TOPIC, "write": write}, seeded=seeded, **settings)
    assert [message.role for message in made.messages] == ["user", "assistant"] * 2
    assert "exclamation" in made.messages[2].content
    assert made.question and judge_question(made.question, made.messages[-1].content).score == 1
    assert judge_question(made.question, LOUD).score == 0.5
    script = {"topic": TOPIC, "write": LOUD, "repair": LOUD}
    with pytest.raises(Rejected, match="constraints: no_exclamations"):
        run_kind("constraint_turns", passage, script, seeded=seeded, **settings)


def _first_rule(passage, seed, settings):
    """Which constraint comes first, seen from a run that ends with it."""
    script = {"topic": TOPIC, "write": f"{PLAIN[:-1]}!", "repair": f"{PLAIN[:-1]}!"}
    with pytest.raises(Rejected) as failed:
        run_kind("constraint_turns", passage, script, seeded=seed, **settings)
    return str(failed.value).removeprefix("constraints: ")


FACTS = {
    "channel": "The channel must fall steadily along its whole length.",
    "aqueduct": "An aqueduct carries water from a distant spring to a city.",
    "mountains": "Tunnels led it through mountains.",
    "valleys": "Arches carried the channel over valleys.",
    "engineers": "The engineers let it fall by about 30 centimetres.",
}


def fact(prompt: str, sample: int, changed: dict[str, str] | None = None) -> str:
    asked = prompt.rsplit("about ", 1)[1].rstrip("?")
    return (FACTS | (changed or {})).get(asked, "I do not know that.")


def test_a_list_has_exactly_so_many_facts_of_the_passage(passage):
    seen = set()
    for seeded in range(12):
        (made,) = run_kind("list_format", passage, {"fact": fact}, seeded=seeded, most=2)
        reply = made.messages[1].content
        assert made.question and judge_question(made.question, reply).score == 1
        assert sum(stated in reply for stated in FACTS.values()) == 2
        seen.add(reply[:2])
    assert seen == {"- ", "1.", "| "}


@pytest.mark.parametrize(
    ("said", "check"),
    [
        ("Channels, aqueducts, valleys, engineers and mountains had wine and gladiators.", "groundedness|term"),
        ("The channel fell by 45 centimetres in each kilometre.", "groundedness|term"),
        ("channel over valleys", "sentence"),
        ("I hope that the channel of the aqueduct falls.", "sentence"),
        ("It came from very far away.", "term"),
    ],
)  # fmt: skip
def test_facts_that_are_no_facts_of_the_passage_are_rejected(passage, said, check):
    with pytest.raises(Rejected, match=check):
        run_kind("list_format", passage, {"fact": said}, most=2)


def test_a_fact_is_given_without_what_introduces_it(passage):
    script = {"fact": lambda prompt, sample: f"The text says that {fact(prompt, sample)}"}
    (made,) = run_kind("list_format", passage, script, most=2)
    assert "The text says" not in made.messages[1].content


def test_the_same_fact_twice_does_not_make_a_list_of_two(passage):
    same = "The channel of the aqueduct must fall steadily along its whole length."
    script = {"fact": lambda prompt, sample: fact(prompt, sample, dict.fromkeys(FACTS, same))}
    with pytest.raises(Rejected, match="enough: 1 of 2"):
        run_kind("list_format", passage, script, most=2)


EXTRACTED = {
    "subject": "the channel of an aqueduct",
    "terms": ["aqueduct", "distant spring"],
    "statement": "Arches carried the channel over valleys.",
    "numbers": [30],
    "reason": "water only flows downhill",
    "consequence": "the channel must fall steadily along its whole length",
    "longest_sentence": ("Because water only flows downhill, the channel must fall steadily along its whole length."),
}
INVENTED = {
    "subject": "the emperor",
    "terms": ["aqueduct", "aqueduct"],
    "statement": "Arches carried wine over mountains and seas.",
    "numbers": [30, 40],
    "reason": "the emperor wished it",
    "consequence": "water only flows downhill",
    "longest_sentence": "Arches carried the channel over valleys, and tunnels led it through mountains.",
}


def test_every_field_tells_what_the_passage_says_from_what_it_does_not(passage):
    right = EXTRACTED | {"longest_sentence": max(AQUEDUCT.split(". "), key=len).rstrip(".") + "."}
    for name, field in FIELDS.items():
        assert field.offered(passage), name
        assert field.right(right[name], passage), name
        assert not field.right(INVENTED[name], passage), name
    assert digits("1,000 and 2.5 and 2.5") == [2.5, 1000.0]


def test_json_of_a_schema_is_given_as_asked(passage):
    right = EXTRACTED | {"longest_sentence": max(AQUEDUCT.split(". "), key=len).rstrip(".") + "."}
    (made,) = run_kind("json_extraction", passage, {"extract": f"Here it is: {json.dumps(right)}"})
    found = json.loads(made.messages[1].content)
    assert 2 <= len(found) <= 3 and all(right[name] == value for name, value in found.items())
    assert all(f"- {name}: " in made.messages[0].content for name in found)
    (again,) = run_kind("json_extraction", passage, {"extract": json.dumps(INVENTED), "value": json.dumps(right)})
    assert again.messages == made.messages
    with pytest.raises(Rejected, match="groundedness"):
        run_kind("json_extraction", passage, dict.fromkeys(("extract", "value"), json.dumps(INVENTED)))
    with pytest.raises(Rejected, match="form"):
        run_kind("json_extraction", passage, dict.fromkeys(("extract", "value"), "I do not know."))


def test_edits_are_computed(passage):
    results = {}
    for seed in range(200):
        task = draw_task(passage, np.random.default_rng(seed))
        assert task and task.result != task.text
        results[task.edit] = task
    assert results.keys() == EDITS.keys()
    lines = AQUEDUCT.split(". ")
    assert sorted(results["sort"].text.splitlines()) == results["sort"].result.splitlines()
    assert results["pick"].result in results["pick"].text.splitlines()
    assert results["count"].result.split(": ")[1].isdigit() and len(results["extract"].result.splitlines()) < len(lines)


def test_the_teacher_words_the_request_and_the_reply_is_computed(passage):
    def word(prompt: str, sample: int) -> str:
        asked = prompt.split("\n\n")[-1]
        return f"Please do this for me: {asked[0].lower()}{asked[1:]}" if sample else "Do whatever you like with it."

    (made,) = run_kind("verified_edit", passage, {"word": word})
    assert made.question and made.messages[1].content == made.question.answer
    assert made.messages[0].content.startswith("Please do this for me: ")
    assert judge_question(made.question, f"{made.question.answer} \n").score == 1
    assert judge_question(made.question, f"Here it is:\n{made.question.answer}").score == 0


@pytest.mark.parametrize("name", sorted(EDITS))
def test_the_examples_of_rewording_pass_the_checks_and_are_not_taken_for_other_edits(name):
    asked, reworded = EDITS[name].reworded
    assert "same request" in check(reworded, Task(name, asked, "", "")).passed
    for other, edit in EDITS.items():
        if other != name:
            with pytest.raises(Rejected):
                check(reworded, Task(other, edit.reworded[0], "", ""))


@pytest.mark.parametrize(
    ("worded", "check_name"),
    [
        ('Cut every line with the word "valleys", and keep the rest.', "same request"),
        ('Remove all lines that contain "mountains".', "parameters"),
        ('Remove every line except the ones that contain the word "valleys".', "not turned round"),
        ('Do not remove the lines that contain the word "valleys".', "not turned round"),
        ('remove lines with "valleys"', "wording"),
        ('Remove the lines that contain the word "valleys", then add a space to each line.', "nothing else"),
    ],
)
def test_wordings_that_ask_for_something_else_are_rejected(worded, check_name):
    task = Task("remove", 'Remove the lines that contain the word "valleys", and give the others.', "a\nb", "a")
    assert "same request" in check('Delete each line with the word "valleys" in it.', task).passed
    with pytest.raises(Rejected, match=check_name):
        check(worded, task)


@given(st.integers(0, 10_000))
def test_what_constrained_kinds_draw_can_be_stated_and_checked(seed):
    from hornbook.synthetic.constraints.drawing import as_instruction, draw_constraints
    from hornbook.synthetic.kinds.instructions._following import all_but, request_about, topic_for, with_constraints

    rng = np.random.default_rng(seed)
    request = request_about("the aqueduct", rng)
    constraints = draw_constraints(rng, topic_for(passage_of(AQUEDUCT), request), 3, all_but("language"))
    assert with_constraints(request, constraints).startswith(request) and len(constraints) == 3
    assert all(as_instruction(constraint) for constraint in constraints) and len(broken(constraints, PLAIN)) <= 3
