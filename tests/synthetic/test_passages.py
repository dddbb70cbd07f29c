"""Cutting and grading of passages and functions."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Document
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.passage_scores import (
    BEFORE,
    chain_of_reasoning,
    dependencies,
    educational_value,
    key_terms,
)
from hornbook.synthetic.passages import PassageSettings, passages
from hornbook.synthetic.seed_sampling import spread_over_documents
from hornbook.synthetic.words import Rarity
from tests.synthetic.corpus import CODE, page

TEACHING = (
    "A hash table is a structure that finds a value by its key. Because the place of a key follows from its hash, a "
    "look-up takes the same time for any number of keys. For example, a phone book could be kept in one."
)
HOUSEKEEPING = (
    "Deprecated keyword argument, kept for backward compatibility. Override this attribute in a subclass of "
    "base_handler. The default of max_items is imported from the module config_values."
)


def cut(text, **settings):
    settings = {"min_page_value": 0.0} | settings
    document = Document(id="doc-1", text=text, source="web", origin="a")
    return passages(document, PassageSettings(**settings), Rarity([text]))


def test_teaching_text_is_worth_more_than_notes_on_an_interface():
    assert educational_value(TEACHING) > 0.6 > 0.4 > educational_value(HOUSEKEEPING)
    assert educational_value("") == 0.0


def test_lines_point_at_the_paragraph_in_the_document():
    text = f"Hash tables\n===========\n\n{TEACHING}\n\n>>> table[3]\n'x'\n\n- a list\n\n{HOUSEKEEPING}"
    (found,) = cut(text)
    assert found.text == TEACHING and (found.first_line, found.last_line) == (4, 4)
    assert found.information == "definition" or found.information == "explanation"


def test_a_long_paragraph_ends_with_a_whole_sentence():
    (found,) = cut(" ".join([TEACHING] * 5), max_chars=450)
    assert len(found.text) <= 450 and found.text.endswith(".")


@given(st.lists(st.text(max_size=300), max_size=12), st.integers(1, 400), st.integers(1, 500))
def test_any_text_is_cut_within_its_limits(parts, least, most):
    text = "\n\n".join(parts)
    for found in cut(text, min_chars=least, max_chars=most, min_value=0.0):
        assert least <= len(found.text)
        assert 1 <= found.first_line <= found.last_line <= text.count("\n") + 1


def test_chains_of_reasoning_are_read_from_the_text():
    steps = chain_of_reasoning(
        "Since the sum is even, one of the two is odd. The list has nine members. Therefore one box holds two of them. "
        "If n is a prime number, then it has two divisors."
    )
    assert steps == [
        ("the sum is even", "one of the two is odd", "since"),
        ("The list has nine members", "one box holds two of them", "therefore"),
        ("n is a prime number", "it has two divisors", "if"),
    ]


def test_pages_are_scored_before_they_are_cut():
    mixed = f"{TEACHING}\n\n{HOUSEKEEPING}\n\n{HOUSEKEEPING}"
    (found,) = cut(mixed)
    assert found.text == TEACHING and found.page_value < 0.5 < found.value
    assert cut(mixed, min_page_value=0.5) == [] != cut(TEACHING, min_page_value=0.5)


def test_a_passage_depends_on_what_it_uses_and_does_not_say():
    text = "This holds for every quasigroup. A semilattice is an order in which any two have a meet; see FreeLattice."
    assert dependencies(text, ["quasigroup", "semilattice"]) == [BEFORE, "FreeLattice", "quasigroup"]
    assert dependencies("A semilattice is an order.", ["semilattice"]) == []


def test_key_terms_are_what_the_text_is_about():
    assert key_terms("The aqueduct carries water. Without the aqueduct no water would reach the city.", 2) == [
        "aqueduct",
        "water",
    ]


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


@given(st.integers(0, 40), st.integers(0, 10))
def test_seeds_are_spread_over_documents_before_any_is_used_twice(count, seed):
    import numpy as np

    found = [passage for number in range(6) for passage in cut_page(number)]
    chosen = spread_over_documents(found, count, np.random.default_rng(seed))
    assert len(chosen) == min(count, len(found)) == len({passage.id for passage in chosen})
    assert len({passage.document for passage in chosen[:6]}) == min(6, len(chosen))


def cut_page(number):
    document = page(number)
    return passages(
        document,
        PassageSettings(min_chars=100, min_value=0.0, min_page_value=0.0, max_chars=250),
        Rarity([document.text]),
    )
