"""The parts of a reply that rules count: words, sentences, paragraphs, lines."""

import re

from hornbook.base import sentences as base_sentences

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
BULLET = re.compile(r"^\s*[-*•]\s+(?=\S)", re.MULTILINE)
UNSPACED = frozenset({"ja", "zh", "th", "lo", "km", "my", "bo"})  # languages that write no spaces between words
NUMBERED = re.compile(r"^\s*(\d+)[.)]\s+(?=\S)", re.MULTILINE)


def written_words(text: str) -> list[str]:
    """The words in their original case; "don't" and "well-known" are one word each."""
    return WORD.findall(text)


def lower_words(text: str) -> list[str]:
    return [word.lower() for word in written_words(text)]


def worded_sentences(text: str) -> list[str]:
    """The sentences that have words; a line's end ends one too."""
    return [sentence for sentence in base_sentences.sentences(text) if written_words(sentence)]


def paragraphs(text: str) -> list[str]:
    """The paragraphs, which are separated by blank lines."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def lines(text: str) -> list[str]:
    """Lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def occurrences(phrase: str, text: str) -> int:
    """How often the phrase occurs in the text as whole words, ignoring case."""
    return len(re.findall(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE))
