"""Rules about how a reply begins and ends."""

from hornbook.synthetic.constraints.parts import lines, paragraphs, written_words
from hornbook.synthetic.constraints.rule import Rule, Values, aspects, one_of

OPENINGS = ("In short", "The first thing to know is", "Let us begin", "Here is what matters", "To put it simply")
ENDINGS = ("That is all.", "So much for that.", "This is the main point.", "There is more to learn.", "The end.")
OPEN, CLOSE = '"“', '"”'


def in_quotes(reply: str, values: Values) -> bool:
    text = reply.strip()
    inside = text[1:-1]
    marked = len(text) > 2 and text[0] in OPEN and text[-1] in CLOSE
    return marked and not any(mark in inside for mark in OPEN + CLOSE) and bool(written_words(inside))


def repeats(reply: str, values: Values) -> bool:
    """The request first, word for word, then an answer."""
    text = reply.strip().lstrip("\"'“*").lower()
    request = values["request"].strip().lower()
    return text.startswith(request) and len(written_words(text[len(request) :])) >= 3


def postscript(reply: str, values: Values) -> bool:
    """The last paragraph or line begins with the mark, has text after it, and is not the whole reply."""
    last = [lines(reply)[-1], paragraphs(reply)[-1]] if written_words(reply) else []
    mark = values["mark"]
    return any(part.startswith(mark) and written_words(part[len(mark) :]) and part != reply.strip() for part in last)


RULES = (
    Rule(
        "start_phrase",
        lambda rng, topic: {"phrase": one_of(rng, OPENINGS)},
        ('Begin with the words "{phrase}".', 'The answer has to start with "{phrase}".'),
        lambda reply, values: reply.strip().lower().startswith(values["phrase"].lower()),
        aspects("start"),
        aspects("case language letters avoided"),
    ),
    Rule(
        "end_phrase",
        lambda rng, topic: {"phrase": one_of(rng, ENDINGS)},
        ('End with exactly this sentence: "{phrase}"', 'The very last words must be "{phrase}" Nothing follows them.'),
        lambda reply, values: reply.strip().endswith(values["phrase"]) and len(reply.strip()) > len(values["phrase"]),
        aspects("end"),
        aspects("case language letters avoided openings"),
    ),
    Rule(
        "in_quotes",
        lambda rng, topic: {},
        (
            "Put the whole answer between double quotation marks.",
            'Wrap your entire answer in double quotation marks ("), and use none inside.',
        ),
        in_quotes,
        aspects("start end quotes"),
    ),
    Rule(
        "repeat_request",
        lambda rng, topic: {"request": topic.request},
        (
            "First repeat the request word for word, without these conditions, then answer it.",
            "Before you answer, repeat the first sentence of this request exactly as it stands.",
        ),
        repeats,
        aspects("start"),
        aspects("case language letters avoided length sentences commas digits"),
    ),
    Rule(
        "postscript",
        lambda rng, topic: {"mark": one_of(rng, ("P.S.", "P.P.S.", "N.B."))},
        (
            'Add a postscript at the end that begins with "{mark}" on a line of its own.',
            'Close with a last line that starts with "{mark}".',
        ),
        postscript,
        aspects("end"),
        aspects("case sentences"),
    ),
    Rule(
        "ends_with_question",
        lambda rng, topic: {},
        ("End with a question to the reader.", "The last sentence has to be a question."),
        lambda reply, values: reply.strip().rstrip("\"'”*)").endswith("?"),
        aspects("end"),
    ),
)
