"""Rules about which words and letters a reply has."""

import numpy as np

from hornbook.synthetic.constraints.parts import occurrences, written_words
from hornbook.synthetic.constraints.rule import Rule, Topic, Values, aspects, between, one_of, quoted, some

COMMON, RARE = "abcdhilmnoprst", "jkqxz"


def some_terms(rng: np.random.Generator, topic: Topic) -> Values | None:
    chosen = some(rng, topic.terms, between(rng, 1, 3))
    return {"words": chosen} if chosen else None


def a_term(rng: np.random.Generator, topic: Topic) -> Values | None:
    return {"word": one_of(rng, topic.terms), "n": topic.more(between(rng, 2, 4))} if topic.terms else None


def quoted_values(values: Values) -> Values:
    return {"words": quoted(values["words"])}


RULES = (
    Rule(
        "include_words",
        some_terms,
        ("Use the words {words}.", "Your answer must contain {words}.", "Make sure that {words} appear in it."),
        lambda reply, values: all(occurrences(word, reply) for word in values["words"]),
        aspects("vocabulary"),
        aspects("language letters"),
        quoted_values,
    ),
    Rule(
        "avoid_words",
        some_terms,
        (
            "Do not use the words {words}.",
            "Avoid {words} altogether.",
            "Your answer must not contain {words}.",
        ),
        lambda reply, values: not any(occurrences(word, reply) for word in values["words"]),
        aspects("vocabulary avoided"),
        aspects("language"),
        quoted_values,
    ),
    Rule(
        "word_frequency",
        a_term,
        ('Use the word "{word}" at least {n} times.', 'The word "{word}" has to appear {n} times or more.'),
        lambda reply, values: occurrences(values["word"], reply) >= values["n"],
        aspects("vocabulary"),
        aspects("language letters"),
    ),
    Rule(
        "letter_frequency",
        lambda rng, topic: {"letter": one_of(rng, COMMON), "n": between(rng, 5, 12)},
        (
            'Use the letter "{letter}" at least {n} times.',
            'The letter "{letter}", small or capital, must occur {n} times or more.',
        ),
        lambda reply, values: reply.lower().count(values["letter"]) >= values["n"],
        aspects("frequency"),
        aspects("language"),
    ),
    Rule(
        "avoid_letter",
        lambda rng, topic: {"letter": one_of(rng, RARE)},
        (
            'Do not use the letter "{letter}", neither small nor capital.',
            'Write without the letter "{letter}".',
        ),
        lambda reply, values: values["letter"] not in reply.lower(),
        aspects("letters"),
        aspects("language"),
    ),
    Rule(
        "capital_words",
        lambda rng, topic: {"n": between(rng, 1, 3)},
        (
            "Write at least {n} of the words in capital letters only.",
            "For emphasis, put {n} or more words of two letters or more in ALL CAPITALS.",
        ),
        lambda reply, values: sum(word.isupper() and len(word) > 1 for word in written_words(reply)) >= values["n"],
        aspects("case"),
    ),
    Rule(
        "no_digits",
        lambda rng, topic: {},
        ("Do not use any digits.", "Write all numbers as words: no digit from 0 to 9 may appear."),
        lambda reply, values: not any(letter.isdigit() for letter in reply),
        aspects("digits"),
    ),
)
