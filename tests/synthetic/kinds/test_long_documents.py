"""Chapters and reading lists: long enough, true to their passages, with questions that need parts far apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import RecordContext, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.mechanisms.long_document import Section, halves, lay_out
from hornbook.synthetic.passages import Page
from tests.synthetic.kinds.scripted import passage_of, run_kind
from tests.synthetic.kinds.test_rewrites import DRESSES

FALSE = "It was discovered by Napoleon."  # what the verifier of these tests finds contradicted
TOWNS = ["Amberg", "Basil", "Cedar", "Dahlia", "Ember", "Fjord", "Garnet", "Hazel"]
SAID = (
    "The harbour of {0} trades in {1} wood all through the cold season, and whoever enters it pays {2} coins to the "
    "keeper of the tower. The guild of {0} elects a warden whenever the spring flood reaches the lower gate. "
)
SHORT = {"min_tokens": 350, "tokens": [20, 400]}


def passage(number):
    return passage_of(SAID.format(TOWNS[number], TOWNS[-number].lower(), 10 + number))


PAGE = Page(
    id="page",
    text="",
    origin="docs/harbours.txt",
    passages=[passage(number) for number in range(len(TOWNS))],
    parents=["doc"],
)


def section(prompt, sample):
    number = next(number for number, town in enumerate(TOWNS) if f'"Life in {town}"' in prompt)
    town = TOWNS[number]
    return (
        f"Whoever sails into {town} needs {10 + number} coins for its {town.lower()} keeper. {town} people sell "
        f"{TOWNS[-number].lower()} timber in winter, and {town} folk pick a new warden as soon as water stands at "
        f"{town}'s lower gate. That is {town} custom: a flood in {town} is a matter of votes. So {town} life follows "
        f"the river that {town} lies on, as one sees in {town} each spring when {town} meadows are under water."
    )


def judged(prompt, sample):
    """The first comparison of a question is with a reader of the whole, the others with readers who lack a section."""
    return json.dumps({"why": "as the answers say", "same": "lacks a section" not in prompt})


def planned(**changed):
    return json.dumps(
        {
            "title": "Harbours and their customs",
            "sections": [
                {"heading": f"Life in {town}", "passages": [number + 1], "shows": f"What is usual in {town}."} | changed
                for number, town in enumerate(TOWNS)
            ],
        }
    )


QUESTION = json.dumps(
    {
        "question": "How many coins are paid in the first town and the last together?",
        "answer": "27: 10 in Amberg (section 1) and 17 in Hazel (section 8), and 10 + 17 = 27.",
    }
)
RECALL = {
    "question": QUESTION,
    "solve": "10 and 17 make 27 coins.",
    "alone": "It cannot be known; the document lacks a section.",
    "judge": judged,
}
CHAPTER = RECALL | {
    "outline": planned(),
    "section": section,
    "summary": "Whoever enters pays coins; the guild elects a warden at the spring flood.",
}
SCRIPTS = {"long_recall": RECALL, "long_chapter": CHAPTER}


@pytest.fixture(autouse=True)
def verifier(monkeypatch):
    async def verify(self, checks, text, source, **options):
        checks.require("truth", FALSE not in text, "contradicted")

    monkeypatch.setattr(RecordContext, "verify", verify)


def run(name, page=PAGE, settings=SHORT, **changed):
    return run_kind(name, page, SCRIPTS[name] | changed, **settings)


def rejection(name, page=PAGE, settings=SHORT, **changed):
    with pytest.raises(Rejected) as caught:
        run(name, page, settings, **changed)
    return str(caught.value)


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_good_answers_are_kept_in_whatever_dress(name, dress):
    def dressed(said):
        return DRESSES[dress].replace("{}", said)

    script = {
        stage: dressed(said) if isinstance(said, str) else (lambda *asked, said=said: dressed(said(*asked)))
        for stage, said in SCRIPTS[name].items()
    }
    plain, made = run(name)[0], run(name, **script)[0]
    assert made.text == plain.text and made.messages == plain.messages


def test_a_chapter_has_a_title_an_outline_sections_and_exercises():
    text = run("long_chapter")[0].text
    assert text.startswith("# Harbours and their customs\n\n1. Life in Amberg\n2. Life in Basil\n")
    assert "## 2. Life in Basil\n\nWhoever sails into Basil" in text
    exercises, solutions = text.split("## Exercises")[1].split("## Solutions")
    assert exercises.strip().startswith("1. How many coins") and solutions.strip().startswith("1. 27: 10 in Amberg")


def test_a_section_is_written_from_its_passages_with_what_went_before():
    prompts = []

    def recorded(prompt, sample):
        prompts.append(prompt)
        return section(prompt, sample)

    run("long_chapter", section=recorded)
    assert "What the sections so far have said" not in prompts[0]
    assert "1. Life in Amberg: Whoever enters pays coins" in prompts[2] and "2. Life in Basil: Whoever" in prompts[2]
    assert "harbour of Cedar" in prompts[2] and "harbour of Basil" not in prompts[2]
    assert prompts[2].count("when Basil meadows are under water.") == 1  # the end of the last section


def test_a_section_may_say_what_earlier_ones_and_their_passages_say(monkeypatch):
    sources = []

    async def verify(self, checks, text, source, **options):
        sources.append(source)
        checks.require("truth", True)

    monkeypatch.setattr(RecordContext, "verify", verify)
    run("long_chapter")
    assert [town for town in TOWNS if f"harbour of {town}" in sources[2]] == TOWNS[:3]
    assert "2. Life in Basil: Whoever enters pays coins" in sources[2]


def test_a_section_that_fails_its_checks_is_tried_again_and_then_left_out():
    def section_of(prompt, sample):
        wrong = '"Life in Cedar"' in prompt or ('"Life in Basil"' in prompt and sample == 0)
        return f"{section(prompt, sample)} {FALSE if wrong else ''}"

    text = run("long_chapter", section=section_of)[0].text
    assert "Napoleon" not in text and "Life in Cedar" not in text and "2. Life in Basil\n3. Life in Dahlia" in text


def test_recall_questions_come_after_the_document_which_stands_there_once():
    (made,) = run("long_recall", settings=SHORT | {"questions": 2})
    assert [turn.role for turn in made.messages] == ["user", "assistant"] * 2
    assert all(one.text in made.messages[0].content for one in PAGE.passages)
    assert made.messages[0].content.startswith("## 1\n\n") and made.messages[2].content.startswith("How many coins")


SOLVED = json.dumps({"why": "it says so as well", "same": True})
DEFECTS = [  # kind, answers that differ, the check that turns it away
    ("long_chapter", {"outline": planned(passages=[9])}, "outline: passage 9"),
    ("long_chapter", {"outline": planned(passages=[])}, "outline: nothing for"),
    ("long_chapter", {"outline": "I would rather not."}, "form"),
    ("long_chapter", {"section": lambda prompt, sample: f"{section(prompt, sample)} {FALSE}"}, "truth"),
    ("long_chapter", {"section": "This town is nice."}, "length"),
    ("long_chapter", {"section": lambda prompt, sample: prompt.split("<passages>")[1].split("</")[0]}, "own words"),
    ("long_chapter", {"section": lambda prompt, sample: section('"Life in Hazel"', 0)}, "new"),
    ("long_chapter", {"judge": SOLVED}, "needs both: passage 1"),
    ("long_chapter", {"judge": json.dumps({"why": "another sum", "same": False})}, "second answer: another sum"),
    ("long_recall", {"judge": SOLVED}, "needs both"),
    ("long_recall", {"judge": json.dumps({"why": "another sum", "same": False})}, "second answer"),
    ("long_recall", {"question": QUESTION.replace("27: ", f"{FALSE} ")}, "truth"),
    ("long_recall", {"question": "What is a harbour?"}, "form"),
]


@pytest.mark.parametrize(("name", "changed", "check"), DEFECTS, ids=[f"{one[0]}-{one[2]}" for one in DEFECTS])
def test_one_defect_turns_a_good_answer_away(name, changed, check):
    assert check in rejection(name, **changed)


def test_readers_who_lack_a_section_lack_that_section_only():
    given_to = []

    def alone(prompt, sample):
        given_to.append(prompt)
        return str(RECALL["alone"])

    run("long_recall", alone=alone, settings=SHORT | {"questions": 1})
    missing = [[town for town in TOWNS if f"harbour of {town}" not in prompt] for prompt in given_to]
    (early,), (late,) = missing
    assert TOWNS.index(late) - TOWNS.index(early) >= 4


def test_short_documents_are_rejected():
    assert "long: " in rejection("long_recall", settings=SHORT | {"min_tokens": 4096})
    one = Page(id="p", text="", origin="o", passages=[passage_of(" ".join(page.text for page in PAGE.passages))])
    assert "far apart" in rejection("long_recall", page=one)


def test_the_numbers_of_sections_stay_where_one_is_left_out():
    sections = [Section(heading, "Text.") for heading in ("Ships", "Rain", "Fees")]
    assert lay_out(sections, without=1) == "## 1. Ships\n\nText.\n\n## 3. Fees\n\nText."


@given(st.integers(2, 200), st.floats(0, 0.9))
def test_the_two_ends_are_as_far_apart_as_asked(sections, apart):
    early, late = halves(sections, apart)
    assert early and late and early[0] >= 0 and late[-1] < sections
    assert late[0] - early[-1] >= min(sections - 1, apart * sections)


@pytest.mark.parametrize("name", SCRIPTS)
def test_of_a_thousand_records_of_twenty_seeds_990_prompts_differ(name):
    kind = load_kind(name)
    settings = kind.settings()
    sent = set()
    for number in range(20):
        page = Page(id=f"page-{number}", text="", origin="o", passages=PAGE.passages[number % 3 :])
        for draw in range(50):
            seen = drawn_values(RecordJob(kind, settings, page, draw), 3)
            first = next(iter(kind.prompts.values()))
            known = {"document": page.id, "early": "", "late": "", "asked": []}
            sent.add("\n".join(turn.content for turn in first.messages(kind.system, seen | known)))
    assert len(sent) >= 990


def test_seeds_are_long_enough_for_the_document():
    chapter, recall = (load_kind(name).settings() for name in ("long_chapter", "long_recall"))
    assert recall.source_tokens() == recall.min_tokens == chapter.min_tokens == 4096
    assert chapter.source_tokens() < 4096 < chapter.source_tokens() * 2
