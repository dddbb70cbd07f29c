"""Fenced blocks, by their label."""

from hornbook.base.code_fences import fenced_blocks

ANSWER = "First\n```text\nno\n```\nthen\n``` Python \nx = 1\n```\nand\n```\ny = 2"


def test_blocks_are_found_by_their_label_and_an_open_one_ends_with_the_text() -> None:
    assert fenced_blocks(ANSWER) == ["no\n", "x = 1\n", "y = 2"]
    assert fenced_blocks(ANSWER, ("python", "py")) == ["x = 1\n", "y = 2"]
    assert fenced_blocks("no code") == []
