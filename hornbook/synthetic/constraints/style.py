"""Rules about style: case, punctuation, sound, sentences that begin alike, the language."""

from hornbook.synthetic.constraints.parts import lower_words, worded_sentences, written_words
from hornbook.synthetic.constraints.rule import Rule, Values, aspects, between, one_of

STARTS = ("The", "It", "This", "We", "You")
LANGUAGES = {"de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese"}
SURE = 0.5  # least probability by the language identifier


def alliterates(reply: str, values: Values) -> bool:
    """`n` different words in a row begin with the same letter."""
    n = values["n"]
    for sentence in worded_sentences(reply):
        said = lower_words(sentence)
        for start in range(len(said) - n + 1):
            run = said[start : start + n]
            if run[0][0].isalpha() and len({word[0] for word in run}) == 1 and len(set(run)) == n:
                return True
    return False


def in_language(reply: str, values: Values) -> bool:
    from hornbook.data.filters.language import identify  # loads its model

    language, sure = identify([reply])[0]
    return language == values["code"] and sure >= SURE


def new_openings(reply: str, values: Values) -> bool:
    first = [lower_words(sentence)[0] for sentence in worded_sentences(reply)]
    return len(first) > 1 and len(set(first)) == len(first)


RULES = (
    Rule(
        "lower_case",
        lambda rng, topic: {},
        ("Use small letters only.", "Write everything in lower case: no capital letters."),
        lambda reply, values: bool(written_words(reply)) and reply == reply.lower(),
        aspects("case"),
    ),
    Rule(
        "upper_case",
        lambda rng, topic: {},
        ("Use capital letters only.", "Write everything in upper case: no small letters."),
        lambda reply, values: bool(written_words(reply)) and reply == reply.upper(),
        aspects("case"),
    ),
    Rule(
        "no_commas",
        lambda rng, topic: {},
        ("Do not use any commas.", "Write without commas."),
        lambda reply, values: "," not in reply and bool(written_words(reply)),
        aspects("commas"),
    ),
    Rule(
        "no_exclamations",
        lambda rng, topic: {},
        ("Do not use exclamation marks.", "No exclamation mark may appear."),
        lambda reply, values: "!" not in reply and bool(written_words(reply)),
        aspects("exclamations"),
    ),
    Rule(
        "alliteration",
        lambda rng, topic: {"n": between(rng, 2, 3)},
        (
            "Somewhere, let {n} different words in a row begin with the same letter.",
            "Include an alliteration: at least {n} different words in a row with the same first letter.",
        ),
        alliterates,
        aspects("alliteration"),
    ),
    Rule(
        "sentences_start",
        lambda rng, topic: {"word": one_of(rng, STARTS)},
        ('Begin every sentence with the word "{word}".', 'Each sentence has to start with "{word}".'),
        lambda reply, values: (
            bool(written_words(reply))
            and all(written_words(sentence)[0] == values["word"] for sentence in worded_sentences(reply))
        ),
        aspects("sentences start openings"),
        aspects("case language quotes"),
    ),
    Rule(
        "new_openings",
        lambda rng, topic: {},
        (
            "No two sentences may begin with the same word; write at least two.",
            "Write two sentences or more, and begin each with a different word.",
        ),
        new_openings,
        aspects("sentences"),
    ),
    Rule(
        "language",
        lambda rng, topic: {"code": one_of(rng, sorted(LANGUAGES))},
        ("Answer in {name}.", "Write the whole answer in {name}, not in English."),
        in_language,
        aspects("language"),
        aspects("case"),
        lambda values: {"name": LANGUAGES[values["code"]]},
    ),
)
