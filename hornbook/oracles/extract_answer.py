"""Extract the final answer of a reply; all oracles use this."""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from hornbook.base.sentences import sentence_ends
from hornbook.base.thinking import TURN
from hornbook.oracles.answer_words import CLOSINGS, HEADING, STATED

MOST_BOXES = 50  # the last boxes that are tried
MOST_MARKS = 20  # the last statements that are tried; also levels of nested markup
LONGEST_BOX = 4000  # characters

_SPECIAL = re.compile(r"<\|[a-z_]+\|>|</?(?:answer|final_answer|output|result|solution|s)>")
_TAGGED = re.compile(r"<(answer|final_answer)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*(\{|[^\s{\\$]+)")
_BLOCK = re.compile(r"\s*(?:\\\[|\$\$)\s*(.*?)\s*(?:\\\]|\$\$|\Z)", re.DOTALL)
_NOTHING = re.compile(r"^[\W_]*$|^```\w*$|^\\[\[\]()]$")
_AROUND = "*_`#> \t\n\"“”„«»‘’'"


class ExtractedAnswer(NamedTuple):
    """An answer, and where it was found: in a box, after words that state it, in the last line that fits."""

    text: str
    source: Literal["box", "stated", "line", ""]


def extract_answer(reply: str, can_be: Callable[[str], bool] | None = None) -> str:
    """The answer's text ("" if there is none); see `find_answer`."""
    return find_answer(reply, can_be).text


def find_answer(reply: str, can_be: Callable[[str], bool] | None = None) -> ExtractedAnswer:
    """The last balanced box anywhere; else the last stated answer; else the last line that can be an answer.

    `can_be` says whether a text can be an answer (a number, a choice …); by default any text with words can. Markdown
    and LaTeX markup around the answer and a final full stop are removed. Time is linear in the reply's length.
    """
    text = _SPECIAL.sub(" ", _TAGGED.sub(lambda tag: f"\n#### {tag[2].strip()}\n", TURN.sub("", reply))).strip()
    box = last_box(text)
    if box:
        return ExtractedAnswer(strip_markup(box), "box")
    lines = _without_closing(text.split("\n"))
    text = "\n".join(lines)
    fits = can_be or (lambda answer: not _NOTHING.match(answer))
    for begin in reversed([mark.end() for mark in STATED.finditer(text)][-MOST_MARKS:]):
        answer = _stated(text[begin : begin + LONGEST_BOX])
        if answer and fits(answer):
            return ExtractedAnswer(answer, "stated")
    if can_be is None and STATED.search(text):  # "The answer is", and nothing after it
        return ExtractedAnswer("", "")
    for line in reversed(lines):
        answer = strip_markup(line)
        if not _NOTHING.match(line.strip()) and fits(answer):
            return ExtractedAnswer(answer, "line")
    return ExtractedAnswer("", "")


def stated_text(reply: str) -> str:
    """Everything after the last words that state an answer; else the last line. For answers of several lines."""
    text = _SPECIAL.sub(" ", TURN.sub("", reply)).strip()
    marks = list(STATED.finditer(text))
    return strip_markup(text[marks[-1].end() :]) if marks else find_answer(reply).text


def last_box(text: str) -> str:
    """The content of the last balanced `\\boxed{…}`; if none is balanced, the last one's to the end of its line."""
    open_box = ""
    for match in reversed(list(_BOX.finditer(text))[-MOST_BOXES:]):
        if match[1] != "{":
            return match[1].rstrip(".,;")
        content = _balanced(text[match.end() : match.end() + LONGEST_BOX])
        if content is not None and content.strip():
            return content.strip()
        if content is None and not open_box:
            open_box = text[match.end() :].split("\n")[0].strip().rstrip("$ .")
    return open_box


def _balanced(text: str) -> str | None:
    """The text up to the brace that closes the one opened before it; None if it is not closed."""
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


def strip_markup(text: str) -> str:
    """A text without surrounding markup: Markdown, quotes, LaTeX delimiters, list marks, a final full stop."""
    text = re.sub(r"^\s*(?:[-*+•]|#{1,6})\s+", "", text.strip())
    text = re.sub(r"(?<![\w)])\*\*|\*\*(?![\w(])|__|`", "", text)  # a power stays
    for _ in range(MOST_MARKS):  # they may be nested
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
    """The answer at the beginning of the text after the words that state it."""
    block = _BLOCK.match(after)
    if block:
        return strip_markup(block[1])
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
            return strip_markup(line[:start])
    return strip_markup(line)


def _without_closing(lines: list[str]) -> list[str]:
    """The lines without closing courtesies ("Let me know if …"); at least one line is kept."""
    end = len(lines)
    while end > 1 and (not lines[end - 1].strip() or CLOSINGS.match(lines[end - 1].strip(_AROUND))):
        end -= 1
    return lines[:end]
