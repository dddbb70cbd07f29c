"""The text of a teacher's answer: without thinking, labels, code fences around it, and what only leads up to it.

Teachers are asked for tags around the text (TAGGED, in the system turn). Those who forget them answer "Sure! Here is
the section:", put the text between fences or rules, and close with an offer of more help. What they were asked for is
then taken out by its form. Words decide nothing here: a preamble is a short first paragraph before a fence, a rule or a
tag, or, where the caller says that there may be one, one that ends in a colon and that no list follows.
"""

import re

from hornbook.base.thinking import without_thinking
from hornbook.synthetic.kind import Rejected

TAGGED = "Put the text that was asked for between <text> and </text>; JSON stands alone, without these tags."
TAG = re.compile(r"^[ \t]*<(?P<tag>text|answer|document)>", re.MULTILINE)
FENCE = re.compile(
    r"^(?P<mark>`{3,}|~{3,})[ \t]*(?P<label>[^\n`]*)\n(?P<inner>.*?)\n(?P=mark)[ \t]*$", re.DOTALL | re.MULTILINE
)
TEXT_FENCE = re.compile(  # a text that may hold labelled fences itself, up to the last
    r"^(?P<mark>`{3,}|~{3,})[ \t]*(?:markdown|md|text|txt)[ \t]*\n(?P<inner>.*)\n(?P=mark)[ \t]*$",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
INNER_FENCE = re.compile(r"^(?:`{3,}|~{3,})[ \t]*(\S*)", re.MULTILINE)
TEXT_LABELS = ("", "markdown", "md", "text", "txt", "plain", "plaintext", "plain text")
RULE = re.compile(r"(?:\A|(?<=\n\n))[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)  # no underlined heading
LIST = re.compile(
    r"\s*(?:[-*+•][ \t]|[|>]|\d{1,3}[.)]|[a-zA-Z][.)][ \t]|`{3}|~{3}|\$\$|\\\[)"
)  # what a colon of the text leads to
ENDS = (".", "!", "?", ":", "：", "。", "！", "।")
COLON = (":", "：")
LONGEST_LEAD = 240  # characters of a paragraph that only leads up to the text


def text_of(answer: str, *, label: str = "", fenced: bool = False, preamble: bool = True) -> str:
    """The text that was asked for.

    `label` is one that the prompt asked for, such as "Question". A text that holds `fenced` blocks keeps them. Without
    `preamble`, a first paragraph that ends in a colon is the text's own: solutions and replies begin in that way.

    Raises Rejected ("finished") if the answer is only thinking, or empty.
    """
    said = without_thinking(answer)
    if said is None or not said.strip():
        raise Rejected("finished", "only thinking" if said is None else "an empty answer")
    text = _between_tags(said.strip().replace("\r\n", "\n"))
    if text is None:
        text = _without_frame(said.strip().replace("\r\n", "\n"), fenced)
        text = _without_preamble(text, label) if preamble else text
    text = _without_label(text, label) if label else text
    if not text:
        raise Rejected("finished", "an empty answer")
    return text


def _between_tags(text: str) -> str | None:
    """What stands between tags; None where there are none, or where they are part of the text: an answer in tags after
    its solution, an element of a page."""
    opening = TAG.search(text)
    if not opening:
        return None
    before, tag = text[: opening.start()].strip(), opening["tag"]
    closing = f"</{tag}>"
    end = text.rfind(closing, opening.end())
    inner = text[opening.end() : end if end >= 0 else len(text)].strip()
    if not _leads(before) or (tag == "answer" and not before.endswith(COLON) and len(before) >= len(inner)):
        return None
    if end >= 0 and len(text[end + len(closing) :].strip()) > LONGEST_LEAD:
        return None
    return inner


def _without_frame(text: str, fenced: bool) -> str:
    """Without a fence or rules around the whole, and the short paragraphs that lead up to them or follow them."""
    outer = None if fenced else TEXT_FENCE.search(text)
    if outer and _frames(text, outer):
        inner = INNER_FENCE.search(outer["inner"])
        if not inner or inner[1]:
            return outer["inner"].strip()
    fences = list(FENCE.finditer(text))
    if len(fences) == 1 and not fenced and _frames(text, fences[0]):
        whole = fences[0][0].strip() == text
        if whole or fences[0]["label"].strip().casefold() in TEXT_LABELS:
            return fences[0]["inner"].strip()
    rules = list(RULE.finditer(text))
    if rules and _leads(text[: rules[0].start()].strip()):
        text = text[rules[0].end() :].strip()
        if rules[1:] and len(text[(last := text.rfind(rules[-1][0].strip())) :].strip()) <= LONGEST_LEAD:
            text = text[:last].strip() or text
    return text


def _frames(text: str, fence: re.Match[str]) -> bool:
    after = text[fence.end() :].strip()
    return _leads(text[: fence.start()].strip()) and len(after) <= LONGEST_LEAD and "\n\n" not in after


def _leads(before: str) -> bool:
    """Whether what stands before a fence, a rule or a tag only leads up to it: a sentence or two, no heading."""
    short = len(before) <= LONGEST_LEAD and "\n\n" not in before and not before.startswith("#")
    return short and (not before or before.rstrip("*_ ").endswith(ENDS))


def _without_preamble(text: str, label: str) -> str:
    """Without a short first paragraph that ends in a colon, unless a list follows, or it is the label."""
    head, separator, rest = text.partition("\n\n")
    colon = len(head) <= LONGEST_LEAD and "\n" not in head and head.rstrip("*_ ").endswith(COLON)
    named = label and head.strip("*_#>: ：").casefold() == label.casefold()
    return rest.strip() if separator and colon and not named and not LIST.match(rest) else text


def _without_label(text: str, label: str) -> str:
    """Without the label at its beginning, bold or a heading, with a colon or on a line of its own."""
    found = re.match(rf"[*_#>\s]*{re.escape(label)}[*_]*[ \t]*(?:[:：]|(?=\n))[*_]*\s*", text, re.IGNORECASE)
    if not found:
        return text
    rest = text[found.end() :].strip()
    return rest.removesuffix("**").strip() if rest.count("**") % 2 else rest
