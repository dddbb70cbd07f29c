"""Rules that count: words, characters, sentences, paragraphs."""

from hornbook.synthetic.constraints.parts import paragraphs, worded_sentences, written_words
from hornbook.synthetic.constraints.rule import Rule, aspects, between

RULES = (
    Rule(
        "least_words",
        lambda rng, topic: {"n": topic.sized(5 * between(rng, 4, 20))},
        (
            "Write at least {n} words.",
            "Your answer must have {n} words or more.",
            "Do not stay below {n} words.",
        ),
        lambda reply, values: len(written_words(reply)) >= values["n"],
        aspects("length"),
    ),
    Rule(
        "most_words",
        lambda rng, topic: {"n": topic.sized(5 * between(rng, 5, 16))},
        ("Use at most {n} words.", "Keep it to {n} words or fewer.", "Your answer may not be longer than {n} words."),
        lambda reply, values: len(written_words(reply)) <= values["n"],
        aspects("length"),
    ),
    Rule(
        "words_between",
        lambda rng, topic: {
            "low": topic.sized(low := 5 * between(rng, 4, 12)),
            "high": topic.sized(low + 5 * between(rng, 3, 6)),
        },
        (
            "Write between {low} and {high} words.",
            "The length must be {low} to {high} words.",
            "Use no fewer than {low} and no more than {high} words.",
        ),
        lambda reply, values: values["low"] <= len(written_words(reply)) <= values["high"],
        aspects("length"),
    ),
    Rule(
        "most_characters",
        lambda rng, topic: {"n": topic.sized(50 * between(rng, 4, 10))},
        (
            "Use at most {n} characters, spaces included.",
            "The whole answer has to fit into {n} characters.",
        ),
        lambda reply, values: len(reply.strip()) <= values["n"],
        aspects("length"),
    ),
    Rule(
        "exact_sentences",
        lambda rng, topic: {"n": between(rng, 3, 5) * topic.more(1)},
        ("Answer in exactly {n} sentences.", "Write {n} sentences, no more and no fewer."),
        lambda reply, values: len(worded_sentences(reply)) == values["n"],
        aspects("length sentences"),
    ),
    Rule(
        "short_sentences",
        lambda rng, topic: {"n": between(rng, 10, 18)},
        (
            "No sentence may have more than {n} words.",
            "Keep every sentence at {n} words or fewer.",
        ),
        lambda reply, values: all(len(written_words(sentence)) <= values["n"] for sentence in worded_sentences(reply)),
        aspects("length sentences"),
    ),
    Rule(
        "exact_paragraphs",
        lambda rng, topic: {"n": topic.more(between(rng, 2, 3))},
        (
            "Write exactly {n} paragraphs, with a blank line between them.",
            "Divide the answer into {n} paragraphs by blank lines.",
        ),
        lambda reply, values: len(paragraphs(reply)) == values["n"],
        aspects("layout"),
    ),
)
