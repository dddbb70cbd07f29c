"""Instruction following: what holds by program is kept, what breaks a constraint is sent back, then given up."""

import json

import numpy as np
import pytest

from hornbook.base.errors import HornbookError
from hornbook.oracles.score import judge_question
from hornbook.synthetic.constraints.drawing import RULES, draw_constraints
from hornbook.synthetic.constraints.edits import EDITS, draw_task
from hornbook.synthetic.constraints.rule import Topic
from hornbook.synthetic.kind import RecordContext, Rejected
from hornbook.synthetic.kinds import load_kind
from tests.synthetic.kinds.forms import FORMS, as_json, in_form, require_diverse
from tests.synthetic.kinds.scripted import passage_of, run_kind

AQUEDUCT = (
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows downhill, "
    "the channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall by "
    "about 30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through "
    "mountains."
)
REQUEST = "Explain to my pupils how a city got its water in the old days."
GOOD = (
    "Long before there were pumps a city could drink from a spring far away. People built a stone bed for the stream "
    "that sank a little with every step. It crossed low ground on rows of arches and went straight through hills. "
    "Nothing had to push: its own weight kept the water moving until it reached the fountains."
)
COMMAS = GOOD.replace("pumps a", "pumps, a")
LIST = "- The bed sinks all the way.\n- Arches bear it above low ground.\n- Hills are pierced by tunnels."
YES, NO = as_json(why="It does.", fulfils="yes"), as_json(why="It is about something else.", fulfils="no")
NO_COMMAS = {"rules": ["no_commas"], "constraints": [1, 1], "verified": False}
WRITTEN = {"request": REQUEST, "reply": GOOD, "repair": GOOD, "judge": YES}


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


# -- texts under constraints


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["constrained_writing", "constrained_rewrite"])
def test_good_replies_are_kept_in_every_form_of_answer(passage, name, form):
    (made,) = run_kind(name, passage, in_form(form, WRITTEN), **NO_COMMAS)
    asked, reply = (message.content for message in made.messages)
    assert reply == GOOD and {"constraints", "does the task"} <= set(made.checks)
    assert REQUEST in asked and "comma" in asked and (AQUEDUCT in asked) == (name == "constrained_rewrite")
    assert judge_question(made.question, GOOD).score == 1 and judge_question(made.question, COMMAS).score == 0


DEFECTS = [
    ("constrained_writing", {"reply": COMMAS, "repair": COMMAS}, "constraints"),
    ("constrained_writing", {"judge": NO}, "does the task"),
    ("constrained_writing", {"judge": "It is very good."}, "form"),
    ("constrained_writing", {"reply": "Water fell."}, "length"),
    ("constrained_writing", {"reply": f"{GOOD} " * 4}, "no repetition"),
    ("constrained_writing", {"request": "<think>They want a"}, "finished"),
    ("constrained_rewrite", {"reply": AQUEDUCT.replace(",", "")}, "own words"),
    ("constrained_rewrite", {"reply": COMMAS, "repair": COMMAS}, "constraints"),
    ("constrained_rewrite", {"judge": NO}, "does the task"),
]


@pytest.mark.parametrize(("name", "defect", "check"), DEFECTS)
def test_each_check_turns_away_what_it_is_for(passage, name, defect, check):
    with pytest.raises(Rejected) as reason:
        run_kind(name, passage, WRITTEN | defect, **NO_COMMAS)
    assert reason.value.check == check


def test_a_reply_that_breaks_a_constraint_is_sent_back_with_it(passage):
    def repair(prompt: str, sample: int) -> str:
        assert COMMAS in prompt and ("without commas" in prompt or "any commas" in prompt)
        return GOOD

    (made,) = run_kind("constrained_writing", passage, WRITTEN | {"reply": COMMAS, "repair": repair}, **NO_COMMAS)
    assert made.messages[1].content == GOOD


@pytest.mark.parametrize(("name", "absent"), [("constrained_writing", "background"), ("constrained_rewrite", "none")])
def test_the_verifier_holds_replies_to_the_passage(passage, monkeypatch, name, absent):
    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        checks.require("truth", False, absent)

    monkeypatch.setattr(RecordContext, "verify", verify)
    with pytest.raises(Rejected, match=f"truth: {absent}"):
        run_kind(name, passage, WRITTEN, **NO_COMMAS | {"verified": True})


def test_lists_have_exactly_so_many_entries(passage):
    script = WRITTEN | {"reply": LIST, "repair": LIST}
    kept, asked = 0, set()
    for seeded in range(24):
        try:
            (made,) = run_kind("list_format", passage, script, seeded=seeded, constraints=[1, 1], verified=False)
        except Rejected as rejected:
            asked.add(rejected.check)
            continue
        kept += 1
        assert "3" in made.messages[0].content and made.messages[1].content == LIST
    assert kept and asked == {"constraints"}  # other numbers, tables


def test_every_turn_adds_a_constraint_and_every_reply_keeps_to_all_so_far(passage):
    loud = f"{COMMAS} What a sight!"

    def write(prompt: str, sample: int) -> str:
        said = loud.replace(",", "") if "comma" in prompt else loud
        return said.replace("!", ".") if "xclamation" in prompt else said

    settings = {"rules": ["no_commas", "no_exclamations"], "constraints": [2, 2], "verified": False}
    (made,) = run_kind("constraint_turns", passage, WRITTEN | {"reply": write, "repair": write}, **settings)
    assert [message.role for message in made.messages] == ["user", "assistant"] * 2
    assert made.messages[1].content != made.messages[3].content == f"{GOOD} What a sight."
    assert judge_question(made.question, made.messages[-1].content).score == 1
    with pytest.raises(Rejected, match="turns"):  # the first reply broke no other rule: nothing was left to ask for
        run_kind("constraint_turns", passage, WRITTEN, **settings)


def test_an_unknown_rule_is_an_error_that_names_the_nearest():
    with pytest.raises(HornbookError, match=r"no such rule 'no_comma'.*no_commas"):
        load_kind("constrained_writing").settings.parse({"rules": ["no_comma"]}, "kinds.constrained_writing")


def test_the_numbers_of_constraints_fit_the_size_of_the_reply():
    topic = {size: Topic("Why?", ["water"], size) for size in (60, 300)}
    for rule, key in (("least_words", "n"), ("most_characters", "n"), ("words_between", "high"), ("bullets", "n")):
        drawn = {
            size: draw_constraints(np.random.default_rng(5), one, 1, [rule])[0].values[key]
            for size, one in topic.items()
        }
        assert drawn[300] > drawn[60]
    assert len(RULES) >= 25


def test_words_are_not_counted_where_no_spaces_are_written():
    glacier = passage_of(AQUEDUCT)
    glacier.language = "ja"
    glacier.text = "氷河は氷の塊である。底に薄い水の膜ができる。氷河はこの膜の上を滑る。氷の中の石は岩を削る。"
    for seed in range(40):
        with pytest.raises(Rejected) as reason:  # a reply that keeps to nothing but what needs no words
            run_kind(
                "constrained_writing", glacier, WRITTEN | {"reply": "!", "repair": "!"}, seeded=seed, verified=False
            )
        assert "word" not in str(reason.value) and "sentence" not in str(reason.value)
        task = draw_task(glacier, np.random.default_rng(seed))
        assert task and not any('word "' in request for request in task.requests)


# -- facts as JSON

FIELDS = [
    {"name": "fall", "type": "number", "asks": "fall of the channel in centimetres a kilometre"},
    {"name": "over_valleys", "type": "text", "asks": "what carried the channel over valleys"},
    {"name": "first_sentence", "type": "quotation", "asks": "the first sentence"},
    {"name": "obstacles", "type": "list of texts", "asks": "what the channel had to cross"},
    {"name": "uphill", "type": "yes or no", "asks": "whether water flows uphill"},
    {"name": "builder", "type": "text", "asks": "name of the emperor who built it"},
]
VALUES = {
    "fall": 30,
    "over_valleys": "arches",
    "first_sentence": "An aqueduct is a channel that carries water from a distant spring to a city.",
    "obstacles": ["valleys", "mountains"],
    "uphill": False,
    "builder": None,
}
EXTRACTED = {
    "fields": as_json(request="I need these facts from the text.", fields=FIELDS),
    "extract": [as_json(**VALUES), as_json(**VALUES | {"over_valleys": "rows of arches"})],
    "compare": as_json(over_valleys={"why": "the same things", "holds": True}),
}


@pytest.mark.parametrize("form", FORMS)
def test_facts_as_json_are_kept_in_every_form_of_answer(passage, form):
    (made,) = run_kind("json_extraction", passage, in_form(form, EXTRACTED), verified=False)
    assert json.loads(made.messages[1].content) == VALUES
    assert AQUEDUCT in made.messages[0].content and "null" in made.messages[0].content


@pytest.mark.parametrize(
    ("defect", "lost"),
    [
        ({"extract": [as_json(**VALUES), as_json(**VALUES | {"fall": 45})]}, {"fall"}),
        ({"extract": [as_json(**VALUES), as_json(**VALUES | {"builder": "Trajan"})]}, {"builder"}),
        ({"extract": as_json(**VALUES | {"first_sentence": "An aqueduct carries water."})}, {"first_sentence"}),
        ({"compare": as_json(over_valleys={"why": "others", "holds": False})}, {"over_valleys"}),
    ],
)
def test_values_that_differ_or_are_no_quotations_are_left_out(passage, defect, lost):
    (made,) = run_kind("json_extraction", passage, EXTRACTED | defect, verified=False)
    assert VALUES.keys() - json.loads(made.messages[1].content).keys() == lost
    assert not any(f"{name} (" in made.messages[0].content for name in lost)


def test_extractions_without_agreement_or_form_are_rejected(passage):
    other = {"fall": 4, "over_valleys": None, "first_sentence": None, "obstacles": None, "uphill": True, "builder": "X"}
    for defect, check in (
        ({"extract": [as_json(**VALUES), as_json(**other)]}, "agreed"),
        ({"extract": "I do not know."}, "form"),
        ({"fields": as_json(request="I need facts.", fields=[])}, "form"),
    ):
        with pytest.raises(Rejected) as reason:
            run_kind("json_extraction", passage, EXTRACTED | defect, verified=False)
        assert reason.value.check == check


def test_the_verifier_sees_what_is_stated_and_not_what_is_null(passage, monkeypatch):
    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        assert "fall of the channel in centimetres a kilometre: 30" in text and "emperor" not in text
        checks.require("truth", absent != "none")

    monkeypatch.setattr(RecordContext, "verify", verify)
    with pytest.raises(Rejected, match="truth"):
        run_kind("json_extraction", passage, EXTRACTED)


# -- edits


def test_edits_are_computed(passage):
    results: dict[str, set[str]] = {}
    for seed in range(300):
        task = draw_task(passage, np.random.default_rng(seed), 1)
        assert task and task.result != task.text and len(task.requests) == 1
        results.setdefault(task.edits[0], set()).add(task.result)
    assert results.keys() == EDITS.keys()
    for result in results["count"]:
        assert result.split(": ")[1].isdigit()
    several = [draw_task(passage, np.random.default_rng(seed), 3) for seed in range(60)]
    assert {len(task.edits) for task in several if task} == {1, 2, 3}


def edit_script(passage, seeded=1, **changes):
    """A teacher who words every request politely, and somebody who solves it."""
    (made,) = run_kind(
        "verified_edit", passage, {"word": lambda prompt, sample: wording(prompt)}, seeded=seeded, solutions=0
    )
    return {"word": lambda prompt, sample: wording(prompt), "solve": made.question.answer} | changes


def wording(prompt):
    steps = [line[3:] for line in prompt.splitlines() if line[:1].isdigit() and line[1:3] == ". "]
    return f"Please do this for me: {' Then: '.join(steps)}"


@pytest.mark.parametrize("form", FORMS)
def test_the_teacher_words_the_request_and_the_reply_is_computed(passage, form):
    (made,) = run_kind("verified_edit", passage, in_form(form, edit_script(passage)))
    assert made.messages[1].content == made.question.answer and "same result" in made.checks
    assert made.messages[0].content.startswith("Please do this for me: ")
    assert judge_question(made.question, f"{made.question.answer} \n").score == 1
    assert judge_question(made.question, f"Here it is:\n{made.question.answer}").score == 0


def test_wordings_that_lead_elsewhere_or_lose_a_parameter_are_rejected(passage):
    with pytest.raises(Rejected, match="same result"):
        run_kind("verified_edit", passage, edit_script(passage, solve="Whatever you like."))
    quoting = next(
        seed for seed in range(50) if '"' in run_kind(
            "verified_edit", passage, edit_script(passage, seed), seeded=seed)[0].messages[0].content.split("\n\n")[0]
    )  # fmt: skip
    with pytest.raises(Rejected, match="wording: without"):
        lost = edit_script(passage, quoting, word="Please do what has to be done with the lines below.")
        run_kind("verified_edit", passage, lost, seeded=quoting)


def test_a_wording_is_tried_again(passage):
    script = edit_script(passage)
    good = script["word"]
    script["word"] = lambda prompt, sample: good(prompt, sample) if sample else "<think>What do they want"
    with pytest.raises(Rejected, match="finished"):
        run_kind("verified_edit", passage, script, tries=1)
    assert run_kind("verified_edit", passage, script, tries=2)


# -- instructions for texts that there are

INSTRUCTION = "Tell a visitor of ruins in four sentences how old cities were supplied, with figures of the slope."
FAITHFUL = as_json(why="The same points.", fits="yes", score=5)
REVERSED = {"instruction": INSTRUCTION, "write": GOOD, "judge": FAITHFUL}


@pytest.mark.parametrize("form", FORMS)
def test_an_instruction_that_leads_to_the_text_is_kept_with_it(passage, form):
    (made,) = run_kind("prose_reversal", passage, in_form(form, REVERSED))
    assert [message.content for message in made.messages] == [INSTRUCTION, AQUEDUCT] and made.grade == 1.0


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        ({"instruction": f"Write this: {AQUEDUCT[:160]}"}, "own words"),
        ({"instruction": f"{INSTRUCTION} {GOOD} {GOOD}"}, "no dictation"),
        ({"judge": as_json(why="It asks for a poem.", fits="no", score=5)}, "fits"),
        ({"judge": as_json(why="Half is missing.", fits="yes", score=3)}, "fidelity"),
        ({"judge": "They are alike."}, "form"),
        ({"write": "<think>What do they"}, "finished"),
    ],
)
def test_instructions_that_dictate_or_lead_elsewhere_are_rejected(passage, defect, check):
    with pytest.raises(Rejected) as reason:
        run_kind("prose_reversal", passage, REVERSED | defect)
    assert reason.value.check == check


NAMES = ("constrained_writing", "constrained_rewrite", "constraint_turns", "list_format", "json_extraction")


@pytest.mark.parametrize("name", [*NAMES, "verified_edit", "prose_reversal"])
def test_records_of_few_seeds_have_different_prompts(name):
    require_diverse(name, [passage_of(f"{AQUEDUCT} It was aqueduct number {number}.") for number in range(20)])
