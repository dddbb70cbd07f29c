"""Scores of a passage from its words: value, complexity, kind of information, chain of reasoning (report §D.1.1)."""

import re
from collections.abc import Sequence

from hornbook.base.sentences import sentences
from hornbook.synthetic.words import content_words, words

# Matched against lower-case text: patterns that ignore case take three times as long.
TEACHES = re.compile(
    r"\b(is an?|are called|is called|known as|means|defined as|refers to|consists of|because|since|therefore|thus|hence"
    r"|so that|for example|for instance|if|when|whereas|unlike|always|never|every|must|theorem|algorithm|method)\b"
)
HOUSEKEEPING = re.compile(
    r"\b(deprecated|versionadded|versionchanged|bug|todo|fixme|copyright|license[ds]?|backwards?|compatib\w+|default|keyword"
    r"|argument|parameter|subclass\w*|override\w*|attribute|import\w*|install\w*|http\S*|release\w*|module|wrapper)\b"
)
KINDS_OF_INFORMATION = [
    ("definition", re.compile(r"\b(is an?|are called|is called|known as|defined as|refers to)\b")),
    ("explanation", re.compile(r"\b(because|since|therefore|thus|hence|reason|so that)\b")),
    ("procedure", re.compile(r"\b(first|then|next|finally|step|algorithm|compute[sd]?|until|repeat\w*)\b")),
    ("example", re.compile(r"\b(for example|for instance|e\.g\.|such as|consider)")),
]
REASONS = [  # sentence patterns with an assumption (a) and a conclusion (c)
    re.compile(r"^(?P<w>Since|Because|As) (?P<a>[^,]{10,}), (?P<c>.{10,})$"),
    re.compile(r"^(?P<w>If) (?P<a>[^,]{5,}?)(?:, then|,| then) (?P<c>.{10,})$"),
    re.compile(r"^(?P<c>.{10,}?),? (?P<w>because|since)(?! of\b) (?P<a>.{10,})$"),
    re.compile(r"^(?P<a>.{10,}?)[,;] (?P<w>so|thus|hence|therefore),? (?P<c>.{10,})$"),
]
FOLLOWS = re.compile(r"^(Therefore|Thus|Hence|Consequently|It follows that|So),? (?P<c>.{10,})$")
POINTS_BACK = re.compile(r"(it|this|that|these|those|they|such|here|however|otherwise)\b", re.IGNORECASE)
BEFORE = "(the paragraph before)"
# probably a noun; a lookahead, because it may be "the" before another noun
NOUN = re.compile(r"\b(?:the|an?|each|every|any|of)\s+(?=([^\W_]+)(?<!ed)(?<!ing)(?<!ly)\b(?!-))", re.IGNORECASE)
DEFINES = r"\b{0}\w*\W+(?:is|are|means?|refers?)\b|\b(?:called|known as|named|term)\W+(?:\w+\W+){{0,2}}{0}"
NAME = re.compile(r"\b(?:[A-Za-z]+_\w+|[a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w*|\w+\(\))")


def educational_value(text: str) -> float:
    """In [0, 1]: sentences that define, explain and reason score high; notes on an interface score low."""
    tokens = words(text)
    if not tokens:
        return 0.0
    count, lower = len(sentences(text)), text.lower()
    teaches = len(TEACHES.findall(lower)) / count
    housekeeping = len(HOUSEKEEPING.findall(lower)) / count
    letters = sum(map(str.isalpha, text)) / len(text)
    names = len(NAME.findall(text)) / len(tokens)
    score = 0.35 + 0.3 * min(1.5, teaches) - 0.25 * min(1.5, housekeeping) - 2.0 * names + (letters - 0.75)
    return round(min(1.0, max(0.0, score)), 4)


def complexity(text: str) -> int:
    """1 to 5, from the lengths of words and sentences (a coarse readability grade)."""
    tokens = words(text)
    if not tokens:
        return 1
    per_sentence = len(tokens) / len(sentences(text))
    letters = sum(map(len, tokens)) / len(tokens)
    return min(5, max(1, round((per_sentence - 8) / 8 + (letters - 4))))


def information(text: str) -> str:
    """The kind of information with the most frequent markers, or "statement"."""
    lower = text.lower()
    counts = [len(marks.findall(lower)) for _, marks in KINDS_OF_INFORMATION]
    return KINDS_OF_INFORMATION[counts.index(max(counts))][0] if max(counts) else "statement"


def chain_of_reasoning(text: str) -> list[tuple[str, str, str]]:
    """(assumption, conclusion, joining words) of each step that the text states."""
    steps, before = [], ""
    for sentence in sentences(text):
        sentence = sentence.rstrip(".")
        follows = FOLLOWS.match(sentence)
        if follows and before:
            steps.append((before, follows["c"], follows[1].lower()))
        else:
            found = next((match for pattern in REASONS if (match := pattern.match(sentence))), None)
            if found:
                steps.append((found["a"], found["c"], found["w"].lower()))
        before = sentence
    return steps


def dependencies(text: str, rare: Sequence[str] = ()) -> list[str]:
    """What a reader must know already, at most eight: the paragraph before if the passage refers to it, names in code,
    and those of the corpus's `rare` words that it uses as nouns and does not define."""
    before = [BEFORE] if POINTS_BACK.match(text) else []
    nouns = set(NOUN.findall(text.lower()))
    terms = [word for word in rare if word in nouns and not re.search(DEFINES.format(word), text, re.IGNORECASE)]
    names = sorted(set(NAME.findall(text)))
    known = " ".join(names).lower()
    return [*before, *names, *(word for word in terms if word not in known)][:8]


def key_terms(text: str, count: int = 6) -> list[str]:
    """The words the text is about: the most repeated, then the longest."""
    tokens = [word for word in content_words(text) if len(word) >= 5]
    return sorted(set(tokens), key=lambda word: (-tokens.count(word), -len(word), word))[:count]
