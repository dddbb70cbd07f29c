"""The text of a teacher's answer: without thinking, labels, code fences around it, and what only leads up to it.

Strong models answer "Sure! Here is the section:", put the text between fences or rules, and close with an offer of more
help. What they were asked for is taken out by its form. Words decide nothing here: a preamble is a short first
paragraph that ends in a colon, or stands before a rule or a fence.
"""

import re

from hornbook.base.thinking import without_thinking
from hornbook.synthetic.kind import Rejected

TAG = re.compile(r"<(?P<tag>text|answer|document)>\s*(?P<inner>.*?)\s*(?:</(?P=tag)>|\Z)", re.DOTALL)
FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})[^\n`]*\n(?P<inner>.*?)\n(?P=mark)[ \t]*$", re.DOTALL | re.MULTILINE)
RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
LABEL = re.compile(r"^(?:[*_#>\s]*)(?P<label>[^\W\d_][^\n:*]{0,40}?)[*_]*\s*:[*_]*(?=\s)\s*")
COLON = (":", "：")
LONGEST_LEAD = 240  # characters of a paragraph that only leads up to the text


def text_of(answer: str, *, label: str = "", fenced: bool = False) -> str:
    """The text that was asked for. `label` is one that the prompt asked for, such as "Question"; a text that holds
    `fenced` blocks keeps them.

    Raises Rejected ("finished") if the answer is only thinking, or empty.
    """
    said = without_thinking(answer)
    if said is None or not said.strip():
        raise Rejected("finished", "only thinking" if said is None else "an empty answer")
    text = said.strip()
    if tagged := TAG.search(text):
        return tagged["inner"].strip()
    text = _without_frame(text, fenced)
    found = LABEL.match(text)
    if label and found and found["label"].casefold().strip() == label.casefold():
        text = text[found.end() :].strip()
    if not text:
        raise Rejected("finished", "an empty answer")
    return text


def code_in(answer: str) -> str:
    """The longest fenced block of an answer, or all of it where nothing is fenced."""
    said = without_thinking(answer) or ""
    blocks = [match["inner"] for match in FENCE.finditer(said)]
    return max(blocks, key=len) if blocks else said.strip()


def _without_frame(text: str, fenced: bool) -> str:
    """Without a fence around the whole, and without short paragraphs that lead up to it or follow it."""
    fences = list(FENCE.finditer(text))
    if len(fences) == 1 and not fenced:
        before, after = text[: fences[0].start()].strip(), text[fences[0].end() :].strip()
        if _leads(before) and len(after) <= LONGEST_LEAD and "\n\n" not in after:
            return fences[0]["inner"].strip()
    rules = list(RULE.finditer(text))
    if rules and _leads(text[: rules[0].start()].strip()):
        text = text[rules[0].end() :].strip()
        if rules[1:] and len(text[(last := text.rfind(rules[-1][0].strip())) :].strip()) <= LONGEST_LEAD:
            text = text[:last].strip() or text
    head, separator, rest = text.partition("\n\n")
    if separator and len(head) <= LONGEST_LEAD and "\n" not in head and head.rstrip("*_ ").endswith(COLON):
        text = rest.strip()
    return text


def _leads(before: str) -> bool:
    """Whether what stands before a fence or a rule only leads up to it."""
    return len(before) <= LONGEST_LEAD and "\n\n" not in before
