"""The parts of a reply that rules count: words, sentences, paragraphs, lines."""

import re

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]*]*(?=\s|$)")
BULLET = re.compile(r"^\s*[-*•]\s+(?=\S)", re.MULTILINE)
NUMBERED = re.compile(r"^\s*(\d+)[.)]\s+(?=\S)", re.MULTILINE)


def written_words(text: str) -> list[str]:
    """The words in their original case; "don't" and "well-known" are one word each."""
    return WORD.findall(text)


def lower_words(text: str) -> list[str]:
    return [word.lower() for word in written_words(text)]


def sentences(text: str) -> list[str]:
    """What ends in ".", "!" or "?", or with a line. A decimal point or one within a word ends nothing."""
    found = []
    for line in lines(text):
        start = 0
        for end in SENTENCE_END.finditer(line):
            found.append(line[start : end.end()].strip())
            start = end.end()
        found.append(line[start:].strip())
    return [sentence for sentence in found if written_words(sentence)]


def paragraphs(text: str) -> list[str]:
    """The paragraphs, which are separated by blank lines."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def lines(text: str) -> list[str]:
    """Lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def occurrences(phrase: str, text: str) -> int:
    """How often the phrase occurs in the text as whole words, ignoring case."""
    return len(re.findall(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE))
