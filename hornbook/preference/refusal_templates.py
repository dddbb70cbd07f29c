"""Built-in refusals and bogus questions, used without a teacher or where its text fails the check (appendix A.1)."""

import re

import numpy as np

from hornbook.base.records import Question, make_id

REFUSALS = (
    "I do not know the answer to that.",
    "I'm not sure, so I would rather not guess.",
    "Sorry, I don't know that.",
    "I cannot recall that with confidence.",
    "I don't have reliable information about that.",
    "That is something I do not know.",
    "I am not certain enough to answer that.",
    "Unfortunately, I don't remember that.",
)
BOGUS_REFUSALS = (
    "I do not know of anything by that name.",
    "I'm not familiar with that; it may not exist.",
    "Sorry, I have never heard of it, so I cannot say.",
    "I don't have any information about that. Could the name be wrong?",
    "I cannot verify that it exists, so I will not guess.",
    "I am not aware of it; perhaps the name is different.",
)

# A name inside a sentence: capitalised words, not the first word of the question.
_NAME = re.compile(r"(?<=[a-z,'’] )[A-ZÀ-Þ][\w'’.-]*\w(?: (?:(?:of|de|da|the|and) )?[A-ZÀ-Þ][\w'’.-]*\w)*")
_VOWELS = re.compile(r"[aeiouyàâãäåáèéêëíìîïóòôõöúùûü]+", re.IGNORECASE)


def names_in(text: str) -> list[str]:
    """The capitalised names in a text, except its first word."""
    return _NAME.findall(text)


def known_words(questions: list[Question]) -> set[str]:
    """Every capitalised word of the questions and answers, in lower case; an invented name must be none of them."""
    texts = [text for question in questions for text in (question.prompt, question.answer)]
    return {word.casefold() for text in texts for word in re.findall(r"\b[A-ZÀ-Þ][\w'’-]+", text)}


def bogus_variant(question: Question, known: set[str], random: np.random.Generator) -> str | None:
    """The question about an invented name, made of parts of known ones; None if it contains no name to replace."""
    names = names_in(question.prompt)
    if not names:
        return None
    longest = max(names, key=lambda name: (len(name), name))
    invented = invent_name(sorted(known), known, random)
    return question.prompt.replace(longest, invented) if invented else None


def invent_name(parts: list[str], known: set[str], random: np.random.Generator, tries: int = 50) -> str | None:
    """The beginning of one known word and the end of another, if the result is not a known word."""
    whole = [word for word in parts if word.isalpha() and len(word) >= 4]
    if len(whole) < 2:
        return None
    for _ in range(tries):
        first, second = (whole[index] for index in random.integers(len(whole), size=2))
        name = _beginning(first) + _ending(second)
        if name not in known and 4 <= len(name) <= 14:
            return name.capitalize()
    return None


def _beginning(word: str) -> str:
    """Up to the first vowels and the consonant after them: "Portugal" → "port"."""
    vowels = _VOWELS.search(word, 1)
    return word[: vowels.end() + 1] if vowels else word[:3]


def _ending(word: str) -> str:
    """From the last vowels on, not counting the final letter: "Portugal" → "al"."""
    vowels = list(_VOWELS.finditer(word[:-1]))
    return word[vowels[-1].start() :] if vowels else word[-2:]


def bogus_question(origin: Question, prompt: str, calls: list[str]) -> Question:
    """A question without an answer; the oracle counts every attempt as wrong."""
    return Question(
        id=make_id("question", "bogus", prompt),
        parents=[origin.id],
        calls=calls,
        task="bogus",
        prompt=prompt,
        oracle="trivia",
    )
