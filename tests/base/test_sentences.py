"""Sentences are split alike wherever they are counted, cut or read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.sentences import sentences, whole_sentences


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It is 3.5 or v2.0 long. Done.", ["It is 3.5 or v2.0 long.", "Done."]),
        (
            "Dr. Jones met J. Smith of the U.S. Army. They left.",
            ["Dr. Jones met J. Smith of the U.S. Army.", "They left."],
        ),
        (
            "See No. 5 and fig. 2. The answer is no. It ends.",
            ["See No. 5 and fig. 2.", "The answer is no.", "It ends."],
        ),
        ("Use a list, e.g. this one, etc. and go on. Bye.", ["Use a list, e.g. this one, etc. and go on.", "Bye."]),
        ('He said "stop." (Really?) Yes.', ['He said "stop."', "(Really?)", "Yes."]),
        ("1. First thing. Then more\n2. Second thing", ["1. First thing.", "Then more", "2. Second thing"]),
        ("Wait... what?! Good.", ["Wait...", "what?!", "Good."]),
        ("a line\nanother line", ["a line", "another line"]),
        ("它是红色。它很大！", ["它是红色。", "它很大！"]),
        ("「行こう。」と彼は言った。雨だった。", ["「行こう。」と彼は言った。", "雨だった。"]),
        ("هل وصل؟ نعم وصل. انتهى", ["هل وصل؟", "نعم وصل.", "انتهى"]),
        (
            "Am 24. Juni begann es. Er war 24. Danach ging er.",
            ["Am 24. Juni begann es.", "Er war 24.", "Danach ging er."],
        ),
        (
            "Im 19. Jahrhundert, z. B. in Bonn bzw. Köln. Ende.",
            ["Im 19. Jahrhundert, z. B. in Bonn bzw. Köln.", "Ende."],
        ),
        ("it is x. then y", ["it is x.", "then y"]),
        ("It is plan B.", ["It is plan B."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, split: list[str]) -> None:
    assert sentences(text) == split


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("One. Two and", "One."),
        ("1. Not a sentence yet", ""),
        ("Text by Dr. Jones and", ""),
        ("Done.\nNot do", "Done."),
        ("no end", ""),
    ],
)
def test_an_unfinished_sentence_is_cut_off(text: str, whole: str) -> None:
    assert whole_sentences(text) == whole


@given(st.text('aB. !?\n1。"', max_size=60))
def test_sentences_keep_all_but_white_space(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert text.startswith(whole_sentences(text)) or text.lstrip().startswith(whole_sentences(text))
