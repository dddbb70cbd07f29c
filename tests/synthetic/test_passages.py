"""Cutting and scoring of passages: any subject, script and form; and functions of program code."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.base.token_estimate import estimate_tokens, token_weight
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.passage_scores import (
    BEFORE,
    chain_of_reasoning,
    dependencies,
    information,
    key_terms,
    no_text,
    text_score,
)
from hornbook.synthetic.passages import PassageSettings, excerpts, passages
from hornbook.synthetic.words import Rarity
from tests.synthetic import pages_of_many_kinds as many
from tests.synthetic.corpus import CODE

FULL, UNCHECKED = PassageSettings(), PassageSettings(curation="off")
BOUNDS = PassageSettings(tokens=(20, 60), curation="off")  # a page repeated is set aside
SMALL = PassageSettings(tokens=(20, 120), prose=True)


def cut(text, settings=FULL, language="en"):
    document = Document(id="doc-1", text=text, source="web", origin="a", language=language)
    return passages(document, settings, Rarity([text]))


def bare(text):
    return "".join(text.split())


@pytest.mark.parametrize(("name", "text", "kind"), many.PAGES)
def test_a_page_of_any_kind_is_taken_whole_and_as_it_stands(name, text, kind):
    (found,) = cut(text, language=name.split()[0])
    assert found.text == text.strip("\n").rstrip() and (found.first_line, found.last_line) == (
        1,
        len(found.text.split("\n")),
    )
    assert found.information in kind.split() and 1 <= found.complexity <= 5


@pytest.mark.parametrize(("name", "text", "kind"), many.PAGES)
def test_a_page_of_any_kind_is_cut_between_sentences(name, text, kind):
    found = cut(many.long(text), BOUNDS)
    assert len(found) >= 2
    for passage in found:
        assert 20 <= passage.tokens <= 60
        assert passage.text in many.long(text)


@pytest.mark.parametrize(("text", "sentence"), many.UNBROKEN)
def test_what_belongs_together_is_never_divided(text, sentence):
    page = "\n\n".join([text] * 6)
    found = cut(page, PassageSettings(tokens=(10, 60), curation="off"))
    assert found and all(passage.text.count(sentence[:4]) == passage.text.count(sentence) for passage in found)


@pytest.mark.parametrize(("why", "text"), many.NO_TEXTS)
def test_what_is_no_text_is_set_aside(why, text):
    assert no_text(text) == why and cut(text) == []
    assert bool(cut(text, UNCHECKED)) == bool(text.strip())


def test_headings_begin_passages_and_small_sections_are_joined():
    body = "Bees live in colonies with one queen. They make honey from the nectar of flowers all summer long. " * 2
    page = f"# Bees\n\n{body}\n\n## Queens\n\nOne.\n\n## Workers\n\n{body}\n\nDrones\n------\n\n{body}"
    found = cut(page, PassageSettings(tokens=(30, 400)))
    assert [passage.text.split("\n")[0] for passage in found] == ["# Bees", "## Queens", "Drones"]
    assert [(passage.first_line, passage.last_line) for passage in found] == [(1, 3), (5, 11), (13, 16)]


def test_lists_tables_formulas_and_code_stay_with_their_prose():
    (found,) = cut(many.MIXED)
    for line in many.MIXED.strip().split("\n"):
        assert line in found.text
    assert found.text.count("\n") == many.MIXED.strip().count("\n")


def test_a_small_teacher_gets_paragraphs_of_prose_on_one_line():
    page = (
        "Hash tables\n===========\n\nA *hash table* finds a value by its key, because the place\nof a key follows from "
        "its hash. It takes the same time for any number of keys.\n\n>>> table[3]\n'x'\n\n- a list\n\nfragment of words"
    )
    (found,) = cut(page, SMALL)
    assert found.text.startswith("A hash table finds") and found.text.endswith("keys.") and "\n" not in found.text
    assert (found.first_line, found.last_line) == (4, 5)


def test_a_page_of_a_hundred_thousand_tokens_loses_nothing():
    chapter = "\n\n".join(text for name, text, _ in many.PAGES if "table" not in name)
    page = "\n\n".join(f"# Chapter {number}\n\n{chapter}" for number in range(1 + 100_000 // estimate_tokens(chapter)))
    found = list(excerpts(page, PassageSettings()))
    assert bare("".join(text for _, _, text in found)) == bare(page)
    assert all(50 <= estimate_tokens(text) <= 4000 for _, _, text in found)


LINES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["", "", "# Heading", "- item one", "| a | b |", "```", "$$", "    code = 1", "====", "Title", "1. x"]
    ),
    st.lists(
        st.sampled_from(["One fact is here.", "Das ist so.", "これは本です。", "它很大！", "Why?"]), max_size=9
    ).map(" ".join),
)


@given(st.lists(LINES, max_size=40), st.integers(1, 60), st.integers(2, 200), st.booleans())
@settings(deadline=None)
def test_any_page_is_cut_within_its_limits(lines, least, more, prose):
    page = "\n".join(lines)
    chosen = PassageSettings(tokens=(least, least + more + least), prose=prose, curation="off")
    found = list(excerpts(page, chosen))
    assert found == list(excerpts(page, chosen))
    place = 0
    for first, last, text in found:
        assert 1 <= first <= last <= page.count("\n") + 1
        if not prose:
            shown = "\n".join(page.split("\n")[first - 1 : last])
            assert text in shown and text.strip()
            assert min(least, token_weight(page)) - 1e-6 <= token_weight(text) <= chosen.tokens[1] + 1e-6
            place = page.index(text, place) + len(text)  # in order, and none within another


@given(st.lists(st.sampled_from([text for _, text, _ in many.PAGES]), min_size=1, max_size=5), st.integers(20, 200))
@settings(deadline=None, max_examples=40)
def test_no_sentence_is_lost(texts, longest):
    page = "\n\n".join(texts)
    found = list(excerpts(page, PassageSettings(tokens=(1, max(120, longest)))))
    assert bare("".join(text for _, _, text in found)) == bare(page)


def test_limits_that_leave_no_room_are_refused():
    with pytest.raises(HornbookError, match=r"tokens: expected \[shortest, longest\], longest at least twice shortest"):
        PassageSettings.parse({"tokens": [50, 60]}, "passages")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Since the sum is even, one of the two is odd.", [("the sum is even", "one of the two is odd", "since")]),
        (
            "The list has nine members. Therefore one\nbox holds two of them.",
            [("The list has nine members", "one box holds two of them", "therefore")],
        ),
        (
            "Weil die Straßen gesperrt waren, kam alles durch die Luft.",
            [("die Straßen gesperrt waren", "kam alles durch die Luft", "weil")],
        ),
        ("雨が強く降ったため、試合は中止になった。", [("雨が強く降った", "試合は中止になった", "ため")]),
        ("因为水泵被拆除,所以疫情结束了。", [("水泵被拆除", "疫情结束了", "因为")]),
        ("It rained. Nobody came.", []),
    ],
)
def test_chains_of_reasoning_are_read_from_the_text(text, steps):
    assert chain_of_reasoning(text) == steps


def test_a_passage_depends_on_what_it_uses_and_does_not_say():
    text = "This holds for every quasigroup. A semilattice is an order in which any two have a meet; see FreeLattice."
    assert dependencies(text, ["quasigroup", "semilattice"]) == [BEFORE, "FreeLattice", "quasigroup"]
    assert dependencies("A semilattice is an order.", ["semilattice"]) == []
    german = "Das Kalotypieverfahren von 1840 war neu. Beim Kalotypieverfahren entsteht ein Negativ."
    assert dependencies(german, ["kalotypieverfahren", "negativ"], "de") == ["kalotypieverfahren"]


def test_running_text_scores_higher_than_notes_on_an_interface():
    prose = "A hash table finds a value by its key. Because the place of a key follows from its hash, this is fast."
    notes = "Override this in base_handler. The default of max_items is read from config_values and cache_dir."
    assert text_score(prose) > 0.9 > 0.7 > text_score(notes) and text_score("") == 0.0


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The aqueduct carries water. Without the aqueduct no water would reach the city.", ["aqueduct", "water"]),
        ("植物は光を使う。植物の光合成には水が要る。", ["植物", "光合成"]),
        ("地球绕太阳运行。地球是行星。", ["地球", "太阳"]),
    ],
)
def test_key_terms_are_what_the_text_is_about(text, terms):
    assert key_terms(text, 2)[0] == terms[0] and set(terms) <= set(key_terms(text, 8))


def test_the_kind_of_information_of_a_function_or_an_empty_text_is_known():
    assert information("") == "statement" and information("```\nx\n```") == "code"


def test_only_functions_that_stand_alone_become_seeds():
    document = Document(id="doc-1", text=CODE.format(n=3), source="code", origin="code", kind="code")
    (found,) = functions(document)
    assert found.origin == "code:shifted3" and found.text.startswith("def shifted3(")
    lines = document.text.split("\n")[found.first_line - 1 : found.last_line]
    assert "\n".join(lines) == found.text


def test_docstrings_are_taken_out_and_the_rest_still_parses():
    code = (
        'def area(w, h):\n    """The area.\n\n    Of a rectangle.\n    """\n    product = w * h\n    return product\n'
    )
    (found,) = functions(Document(id="d", text=code, source="code", origin="c", kind="code"))
    assert "rectangle" not in found.text and ast.parse(found.text)


def test_code_that_does_not_parse_has_no_functions():
    assert functions(Document(id="d", text="def (:", source="code", origin="c", kind="code")) == []
