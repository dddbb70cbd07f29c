"""What a program takes for borne out by a passage, and which steps of reasoning it reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.chains import capitalised, clear_steps, in_sentence
from hornbook.synthetic.groundedness import evidence, is_supported, negations, numbers, states_reference, support

TEXT = (
    "A bridge of stone spans the river. It was built in 1,204 by three masons. Carts do not use it in winter. "
    "The market lies on the far bank."
)


def test_numbers_are_read_in_words_and_digits():
    assert numbers("1,204 stones, 2.5 tons and three men") == {"1204", "2.5", "3"}
    assert numbers("one of them") == set()


@pytest.mark.parametrize(
    ("statement", "true"),
    [
        ("Three masons built it in 1204.", True),
        ("The bridge spans the river.", True),
        ("Carts do not use it in winter.", True),
        ("Carts use it in winter.", False),
        ("Four masons built it in 1204.", False),
        ("The market does not lie on the far bank.", False),
        ("Emperors drank wine there.", False),
    ],
)
def test_a_statement_must_have_words_numbers_and_negation_of_the_text(statement, true):
    assert is_supported(statement, TEXT) is true


def test_support_counts_words_close_together():
    assert support("A bridge built by masons", TEXT) == 1.0
    assert support("The bridge market", TEXT) == 0.5
    assert evidence("Where does the market lie?", TEXT) == "The market lies on the far bank."


def test_a_long_answer_states_a_short_reference():
    assert states_reference("It was, I think, built by the three masons.", "three masons")
    assert not states_reference("It was built by masons.", "three masons")
    assert not states_reference("It was not built by the three masons.", "three masons")


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_can_be_held_against_any_other(statement, text):
    assert 0.0 <= support(statement, text) <= 1.0
    assert states_reference(statement, statement) and negations(text) >= 0


def test_only_steps_that_can_be_understood_alone_are_clear():
    text = (
        "If the bridge is closed in winter, carts must take the ferry; it is slow. Since it is old, they repair it. "
        "The river rises in spring because of rain from the hills. Because the market moved, trade is slow here."
    )
    assert [(step.assumption, step.conclusion) for step in clear_steps(text)] == [
        ("the bridge is closed in winter", "carts must take the ferry"),
    ]


def test_parts_of_a_step_are_fitted_into_sentences():
    assert capitalised("the gate is shut") == "The gate is shut."
    assert in_sentence("The gate is shut") == "the gate is shut"
    assert in_sentence("HTTP is a protocol") == "HTTP is a protocol"
