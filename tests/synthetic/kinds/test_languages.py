"""Other languages: what a translation must keep, and how a wrong one shows."""

import pytest

from hornbook.base.errors import HornbookError
from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.languages._languages import digits, names, same_content
from tests.synthetic.kinds.scripted import passage_of, run_kind

ENGLISH = "The tower of London was built by William in 1078, and many visitors see it every summer."
GERMAN = "Der Tower von London wurde 1078 von William erbaut, und viele Besucher sehen ihn jeden Sommer."
BACK = "The Tower of London was built in 1078 by William, and many visitors see it every summer."
PASSAGE = passage_of(ENGLISH)
QUESTION, FRAGE = "When was the tower of London built?", "Wann wurde der Tower von London gebaut?"


def script(**changed):
    return {"describe": "Description: A tower.\nGrade: 4", "translate": GERMAN, "back": BACK} | changed


def rejection(name, answers, **settings):
    with pytest.raises(Rejected) as caught:
        run_kind(name, PASSAGE, answers, languages=["de"], **settings)
    return caught.value.check


def test_a_translation_that_comes_back_is_kept_with_its_similarity():
    made = run_kind("translation", PASSAGE, script(), languages=["de"])[0]
    assert made.messages[0].content.endswith(ENGLISH) and "German" in made.messages[0].content
    assert made.messages[1].content == GERMAN
    assert made.grade > 0.9


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"translate": BACK}, "language"),
        ({"translate": "La tour de Londres fut construite par William en 1078, et on la visite en été."}, "language"),
        ({"translate": "Der Tower von London wurde 1078 von William erbaut."}, "length ratio"),
        ({"translate": GERMAN.replace("1078", "1087")}, "numbers"),
        ({"translate": GERMAN.replace("William", "Wilhelm")}, "names"),
        ({"back": "The castle was made in the year 1078, and people like it."}, "translated back"),
    ],
)
def test_a_wrong_translation_is_rejected(changed, check):
    assert rejection("translation", script(**changed), tries=1) == check


def test_the_second_try_counts_when_the_first_fails():
    assert run_kind("translation", PASSAGE, script(translate=[BACK, GERMAN]), languages=["de"], tries=2)


def test_an_unknown_language_is_named():
    with pytest.raises(HornbookError, match="'xx' is none of de, es"):
        run_kind("translation", PASSAGE, script(), languages=["xx"])


def foreign(**changed):
    return {
        "describe": "Description: A tower.\nGrade: 4",
        "question": f"Question: {QUESTION}",
        "answer": "in 1078",
        "translate question": FRAGE,
        "translate answer": GERMAN,
        "back": lambda prompt, sample: QUESTION if "Wann" in prompt else BACK,
    } | changed


def test_a_foreign_question_is_answered_in_its_language_from_the_english_passage():
    messages = run_kind("foreign_question", PASSAGE, foreign(), languages=["de"])[0].messages
    assert messages[0].content == f"{ENGLISH}\n\n{FRAGE}"
    assert messages[1].content == GERMAN


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"answer": ["in 1078", "by William", "every summer"]}, "agreement"),
        ({"translate question": QUESTION}, "language"),
        ({"translate question": FRAGE.replace("?", ".")}, "question form"),
        ({"translate answer": BACK}, "language"),
        ({"back": "Something else entirely was said."}, "translated back"),
    ],
)
def test_a_foreign_question_is_rejected_for_what_is_wrong(changed, check):
    assert rejection("foreign_question", foreign(**changed), tries=1) == check


def test_what_must_be_kept_is_numbers_and_names():
    assert digits("1,000 or 2.5") == digits("1.000 oder 2,5") == {"1000", "25"}
    assert names("The tower of London has a read_only door. It is old.") == {"London", "read_only"}
    assert same_content("red apples", "apples that are red") == 1.0
    assert same_content("", "") == 0.0
