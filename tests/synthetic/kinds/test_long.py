"""Long documents: long enough, of one subject, with questions at the end that need their beginning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.collection import parents_of
from hornbook.synthetic.kind import Material, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.kinds.long._pages import reading_lists, tokens
from hornbook.synthetic.kinds.long.long_chapter import Section, cross_reference
from hornbook.synthetic.kinds.long.long_recall import halves
from hornbook.synthetic.passages import Page, PassageSettings
from tests.synthetic.kinds.scripted import passage_of, run_kind

WORDS = [
    *["amber", "basil", "cedar", "dahlia", "ember", "fjord", "garnet", "hazel"],
    *["indigo", "jasper", "kelp", "lotus", "maple", "nectar", "olive", "pearl"],
]


def about(number):
    """A passage on the number-th invented city, whose answers stand in no other."""
    name, goods = f"{WORDS[number].capitalize()}ville", WORDS[number - 1]
    return passage_of(
        f"The old harbour of {name} trades in {goods} wood and copper kettles all through the cold season. Its "
        f"{WORDS[number]} guild elects a new warden whenever the spring flood reaches the lower market gate. Every "
        f"sailor pays one coin to the keeper of the {WORDS[number]} tower before the ship may leave."
    )


def page_of(*numbers, name="page"):
    return Page(id=name, text="", origin=f"docs/{name}.txt", passages=[about(number) for number in numbers])


def material(*pages):
    return Material([], [], [], list(pages), PassageSettings())


def city(prompt):
    """The city that the last passage of a prompt is about."""
    return next(word for word in WORDS if f"{word.capitalize()}ville" in prompt.split("Passage: ")[-1])


def goods(prompt):
    return WORDS[WORDS.index(city(prompt)) - 1]


def question(prompt, sample):
    return f"Question: What wood does the harbour of {city(prompt).capitalize()}ville trade in?"


def rejection(name, page, script, **settings):
    with pytest.raises(Rejected) as caught:
        run_kind(name, page, script, **settings)
    return caught.value.check


# ---- seeds


def test_a_short_page_is_joined_by_the_pages_most_like_it():
    near, far = page_of(1, name="near"), page_of(9, 10, name="far")
    start = page_of(1, 2, name="start")
    (joined,) = reading_lists(material(start, far, near), 1, tokens(about(1).text) * 2 + 10)
    assert joined.parents == parents_of(joined) == ["start", "near"]  # by which a record is traced to its documents
    assert parents_of(start) == ["start"]
    assert len(joined.passages) == 3


@given(st.lists(st.integers(1, 4), max_size=8), st.integers(40, 400), st.integers(1, 5))
def test_reading_lists_are_long_enough_and_share_no_page(sizes, needed, count):
    pages = [page_of(*range(1, size + 1), name=str(number)) for number, size in enumerate(sizes)]
    lists = reading_lists(material(*pages), count, needed)
    assert len(lists) <= count
    used = [name for one in lists for name in (one.parents or [one.id])]
    assert len(used) == len(set(used))
    for one in lists:
        length = sum(tokens(passage.text) for passage in one.passages)
        assert needed <= length < needed + tokens(about(1).text) + 5


@pytest.mark.parametrize("name", ["long_chapter", "long_dialogue", "long_recall"])
def test_by_default_documents_have_the_report_s_four_thousand_tokens(name):
    kind = load_kind(name)
    settings = kind.settings()
    assert settings.min_tokens == 4096
    assert list(kind.seeds(material(page_of(1, 2)), 2, np.random.default_rng(1), settings)) == []
    assert kind.calls(kind.settings(min_tokens=1024)) <= kind.calls(settings)


# ---- long_recall

LONG = page_of(*range(1, 9))


def recall(**changed):
    def answer(prompt, sample):
        return f"{goods(prompt.split('?')[0])} wood and copper kettles"

    return {"question": question, "answer": answer} | changed


def test_recall_questions_need_both_ends_of_the_document():
    messages = run_kind("long_recall", LONG, recall(), min_tokens=400)[0].messages
    document, asked = messages[0].content.rsplit("\n\n", 1)
    assert all(passage.text in document for passage in LONG.passages) and "# test" in document
    first, last = (int(part.split(":")[0]) for part in messages[1].content.split("Section ")[1:])
    assert last - first >= 4
    for section in (first, last):
        assert WORDS[section - 1] in messages[1].content and WORDS[section].capitalize() in asked


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"answer": ["teak", "oak", "pine"]}, "agreement"),
        ({"answer": "silk and silver coins"}, "agreement"),
        ({"question": "No question."}, "question"),
    ],
)
def test_recall_without_sure_answers_is_rejected(changed, check):
    assert rejection("long_recall", LONG, recall(**changed), min_tokens=400) == check


def test_what_stands_in_two_sections_is_not_asked_for():
    twice = Page(id="p", text="", origin="o", passages=[about(1)] * 8)
    assert rejection("long_recall", twice, recall(), min_tokens=400) == "only there"


def test_a_short_document_is_rejected():
    assert rejection("long_recall", page_of(1, 2), recall(), min_tokens=400) == "long"


@given(st.integers(2, 200), st.floats(0, 0.9))
def test_the_two_ends_are_as_far_apart_as_asked(sections, apart):
    early, late = halves(sections, apart)
    assert early and late and early[0] >= 0 and late[-1] < sections
    assert late[0] - early[-1] >= min(sections - 1, apart * sections)


# ---- long_chapter


def chapter(**changed):
    def section(prompt, sample):
        name = city(prompt)
        things = ("guild", "warden", "flood", "gate", "sailor", "coin", "keeper", "tower", "ship", "harbour", "kettles")
        trade = f"In {name.capitalize()}ville is {goods(prompt)} wood."
        return f"{trade} There are {', and '.join(f'the {name} {thing}' for thing in things)}."

    return {
        "outline": lambda prompt, sample: f"The {city(prompt).capitalize()} Tower",
        "section": section,
        "summary": lambda prompt, sample: f"The {city(prompt)} guild of the harbour chooses its warden.",
        "question": question,
        "answer": lambda prompt, sample: f"{WORDS[WORDS.index(city(prompt.split('What')[-1])) - 1]} wood",
    } | changed


def test_a_chapter_has_outline_sections_and_an_exercise_on_an_early_one():
    text = run_kind("long_chapter", page_of(*range(1, 11)), chapter(), min_tokens=400)[0].text
    assert text.startswith("In this chapter\n1. The Basil Tower\n2. The Cedar Tower")
    assert "\n\n2. The Cedar Tower\n" in text
    answer = text.split("Answer\n")[1]
    section = int(answer.split("section ")[1].rstrip(")"))
    assert section <= 2 and answer.startswith(f"{WORDS[section - 1]} wood")


def test_sections_are_written_with_what_went_before():
    prompts = []

    def section(prompt, sample):
        prompts.append(prompt)
        return chapter()["section"](prompt, sample)

    run_kind("long_chapter", page_of(*range(1, 11)), chapter(section=section), min_tokens=400)
    assert "So far:" not in prompts[0]
    assert "So far: The basil guild" in prompts[1] and "The cedar guild" in prompts[2]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"section": "This is a wonderful city where everybody likes music and there is dancing all night long. " * 2},
         "long"),
        ({"outline": "Something Else Entirely"}, "long"),
        ({"summary": "Nothing of the kind happens."}, "long"),
        ({"answer": ["teak", "oak", "pine"]}, "agreement"),
    ],
)  # fmt: skip
def test_a_chapter_that_lacks_a_part_is_rejected(changed, check):
    assert rejection("long_chapter", page_of(*range(1, 11)), chapter(**changed), min_tokens=400) == check


def test_a_section_refers_to_the_earlier_one_that_it_takes_up_not_to_its_neighbour():
    first, second, third = (
        Section(about(1), title, text, "Its gist.")
        for title, text in (
            ("Ships", "Sailors pay a coin to the keeper."),
            ("Rain", "It rains in autumn."),
            ("Fees", "A sailor pays the keeper a coin again."),
        )
    )
    assert cross_reference(2, [first, second, third]) == '(Recall section 1, "Ships": Its gist.)'
    assert cross_reference(1, [first, second, third]) == ""
