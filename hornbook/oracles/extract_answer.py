"""Where the answer of a reply is: the one extractor that all oracles share."""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from hornbook.base.sentences import sentence_ends
from hornbook.base.thinking import TURN
from hornbook.oracles.answer_words import CLOSINGS, HEADING, STATED

MOST_BOXES = 50  # of the last ones, should none be balanced
MOST_MARKS = 20
LONGEST_BOX = 4000  # characters

_SPECIAL = re.compile(r"<\|[a-z_]+\|>|</?(?:answer|final_answer|output|result|solution|s)>")
_TAGGED = re.compile(r"<(answer|final_answer)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*(\{|[^\s{\\$]+)")
_BLOCK = re.compile(r"\s*(?:\\\[|\$\$)\s*(.*?)\s*(?:\\\]|\$\$|\Z)", re.DOTALL)
_NOTHING = re.compile(r"^[\W_]*$|^```\w*$|^\\[\[\]()]$")
_AROUND = "*_`#> \t\n\"“”„«»‘’'"


class Found(NamedTuple):
    """An answer, and where it was: in a box, after words that state it, in the last line that can be one, nowhere."""

    text: str
    source: Literal["box", "stated", "line", ""]


def extract_answer(reply: str, can_be: Callable[[str], bool] | None = None) -> str:
    """The answer's text ("" if there is none); see `find_answer`."""
    return find_answer(reply, can_be).text


def find_answer(reply: str, can_be: Callable[[str], bool] | None = None) -> Found:
    """The last balanced box anywhere; else the last stated answer; else the last line that can be an answer.

    `can_be` says whether a text can be an answer: a number, a choice …; without it any words can. Marks of Markdown and
    of LaTeX around the answer are taken off, and so is a final full stop. Time is linear in the reply's length.
    """
    text = _SPECIAL.sub(" ", _TAGGED.sub(lambda tag: f"\n#### {tag[2].strip()}\n", TURN.sub("", reply))).strip()
    box = last_box(text)
    if box:
        return Found(bare(box), "box")
    lines = _without_closing(text.split("\n"))
    text = "\n".join(lines)
    fits = can_be or (lambda answer: not _NOTHING.match(answer))
    for begin in reversed([mark.end() for mark in STATED.finditer(text)][-MOST_MARKS:]):
        answer = _stated(text[begin : begin + LONGEST_BOX])
        if answer and fits(answer):
            return Found(answer, "stated")
    if can_be is None and STATED.search(text):  # stated, and then nothing
        return Found("", "")
    for line in reversed(lines):
        answer = bare(line)
        if not _NOTHING.match(line.strip()) and fits(answer):
            return Found(answer, "line")
    return Found("", "")


def stated_text(reply: str) -> str:
    """All that follows the last stated answer, however many lines; else the last line. For answers of several lines."""
    text = _SPECIAL.sub(" ", TURN.sub("", reply)).strip()
    marks = list(STATED.finditer(text))
    return bare(text[marks[-1].end() :]) if marks else find_answer(reply).text


def last_box(text: str) -> str:
    """What stands in the last balanced `\\boxed{…}`; where none is balanced, in the last one up to its line's end."""
    open_box = ""
    for match in reversed(list(_BOX.finditer(text))[-MOST_BOXES:]):
        if match[1] != "{":
            return match[1].rstrip(".,;")
        content = balanced(text[match.end() : match.end() + LONGEST_BOX])
        if content is not None and content.strip():
            return content.strip()
        if content is None and not open_box:
            open_box = text[match.end() :].split("\n")[0].strip().rstrip("$ .")
    return open_box


def balanced(text: str) -> str | None:
    """The beginning of a text up to the brace that closes one opened before it; None if none does."""
    depth = 1
    escaped = False
    for place, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
            if depth == 0:
                return text[:place]
    return None


def bare(text: str) -> str:
    """A text without marks around it: Markdown, quotes, LaTeX delimiters, list marks, a final full stop."""
    text = re.sub(r"^\s*(?:[-*+•]|#{1,6})\s+", "", text.strip())
    text = re.sub(r"(?<![\w)])\*\*|\*\*(?![\w(])|__|`", "", text)  # a power stays
    for _ in range(MOST_MARKS):  # one within the other
        text = text.strip(_AROUND)
        for opening, closing in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
            if text.startswith(opening) and text.endswith(closing) and len(text) >= len(opening) + len(closing):
                inside = text[len(opening) : -len(closing)]
                if opening not in inside:
                    text = inside
        if (
            text.endswith(("。", "．", "।", "！"))
            or re.search(r"[^\W\d]{2}!$", text)
            or (text.endswith(".") and not text.endswith(".."))
        ):
            text = text[:-1]
        text = text.removeprefix("\\[").removesuffix("\\]").removesuffix("です").removesuffix("입니다")
    return text


def first_line(text: str) -> str:
    return text.splitlines()[0].strip() if text.strip() else ""


def _stated(after: str) -> str:
    """The answer at the beginning of what follows the words that state it."""
    block = _BLOCK.match(after)
    if block:
        return bare(block[1])
    for line in after.lstrip(" \t*_`:：").split("\n"):
        if _NOTHING.match(line.strip()) or HEADING.match(line):
            continue
        return _to_end_of_sentence(line)
    return ""


def _to_end_of_sentence(line: str) -> str:
    """Up to the end of the first sentence. One goes on after "p.m. on" or "3.5! = 12"."""
    for start, end in sentence_ends(line):
        following = line[end:].lstrip()[:1]
        if not (following.islower() or following.isdigit() or following in "+-*/=^<>") or line[start] in "。！？।":
            return bare(line[:start])
    return bare(line)


def _without_closing(lines: list[str]) -> list[str]:
    """Without the courtesies at a reply's end ("Let me know if …"), but never without all lines."""
    end = len(lines)
    while end > 1 and (not lines[end - 1].strip() or CLOSINGS.match(lines[end - 1].strip(_AROUND))):
        end -= 1
    return lines[:end]
