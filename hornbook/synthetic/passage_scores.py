"""What a program sees in a passage: whether it is text at all, its complexity, kind of information, chain of reasoning
and dependencies (report §D.1.1). The teacher's grades (curation.py) replace these where it is asked."""

import re
from collections import Counter
from collections.abc import Sequence

from hornbook.base.sentences import sentences
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.blocks import ends_a_sentence
from hornbook.synthetic.words import UNSPACED, content_words, repetition, words

LICENCE = re.compile(
    r"all rights reserved|permission is hereby granted|redistribution and use in source|without warranty|as is\" basis"
    r"|the software is provided|gnu (?:lesser |affero )?general public licen[cs]e|apache license|licensed under the"
    r"|terms and conditions|governing permissions|liable for any|creative commons|alle rechte vorbehalten"
    r"|tous droits réservés|todos los derechos reservados"
)
MOST_REPEATED_LINES = 0.5  # share of a text's lines that occurred before
LEAST_LETTERS = 0.35  # share of the characters that are not white space
LONGEST_WORD = 120  # characters without white space, in a script that writes spaces: no word, but data
FEW_WORDS = 4  # of a line of navigation
MENU_LINES = 6  # fewer such lines may be a heading and a list
# Labels, not filters: a text in a language without marks here is a "statement", or known by its form
KINDS_OF_INFORMATION = [  # of equally frequent ones the first counts; matched against lower-case text
    (
        "definition",
        re.compile(
            r"\b(is an?|are called|is called|known as|defined as|refers to|(?:ist|sind|war) (?:eine?|der|die|das)"
            r"|bezeichnet|est une?|désigne|es una?|è una?|é uma?)\b|とは|である。|を指す|是指|是一"
            r"|هو|является|이란"
        ),
    ),
    (
        "explanation",
        re.compile(
            r"\b(because|since|therefore|thus|hence|reason|so that|weil|denn|daher|deshalb|folglich|sodass|parce que"
            r"|donc|puisque|porque|por lo tanto|poiché|quindi|потому|поэтому)\b|ため|ので|から、|因为|因此|所以"
            r"|لأن|때문"
        ),
    ),
    (
        "procedure",
        re.compile(
            r"\b(first|then|next|finally|step|algorithm|compute[sd]?|until|repeat\w*|zuerst|danach|anschließend|schritt"
            r"|d'abord|ensuite|enfin|étape|primero|luego|paso)\b|まず|次に|最後に|首先|然后|^ *\(?\d{1,2}[.)] ",
            re.MULTILINE,
        ),
    ),
    (
        "example",
        re.compile(
            r"\b(for example|for instance|e\.g\.|such as|zum beispiel|z\. ?b\.|par exemple|por ejemplo)|例えば|例如"
        ),
    ),
]
LIFE = re.compile(
    r"\(?[*†]? ?\b(?:1\d|20)\d\d\)? ?[–-] ?(?:[^()\n]{0,40} )?(?:1\d|20)\d\d\b|\bborn\b|\bgeboren\b|\* ?\d"
    r"|\bnée? (?:le|à|en)\b|\bnaci(?:ó|do)\b|生まれ|出生|родил|ولد"
)
DIED = re.compile(
    r"[–-].{0,40}(?:1\d|20)\d\d\)|\b(?:he|she|who) (?:was|became|died)|\bdied\b|†|\bgestorben\b|\bmorte?\b"
    r"|\bmurió\b|死去|没|逝世|умер|توفي"
)
PERSON = re.compile(r"\b(?:he|she|his|her|him|seine[rsnm]?|él|fue una?)\b|彼女?[はのが]|[他她](?:在|的|是)")
YEAR = re.compile(
    r"(?<![\d.,])(?:1[0-9]|20)\d\d(?![\d.,]\d|\d)|\b\d{1,4} (?:BCE?|CE|AD|v\. Chr|av\. J)|\d{1,2}世紀|紀元前"
)
FORMULA = re.compile(r"[=≈≤≥∑∫√⇌→∂±]|\\[a-z]{3,}|[A-Z][a-z]?[₀-₉]|\b[A-Z][a-z]?\d[A-Z(]|\^\S")
CODE = re.compile(r"^\s*(?:```|~~~|>>> )", re.MULTILINE)
TABLE = re.compile(r"^\s*\|.*\|", re.MULTILINE)
REASONS = [  # sentence patterns with an assumption (a) and a conclusion (c)
    re.compile(r"^(?P<w>Since|Because|As) (?P<a>[^,]{10,}), (?P<c>.{10,})$"),
    re.compile(r"^(?P<w>If) (?P<a>[^,]{5,}?)(?:, then|,| then) (?P<c>.{10,})$"),
    re.compile(r"^(?P<c>.{10,}?),? (?P<w>because|since)(?! of\b) (?P<a>.{10,})$"),
    re.compile(r"^(?P<a>.{10,}?)[,;] (?P<w>so|thus|hence|therefore),? (?P<c>.{10,})$"),
]
REASONS += [  # German, French, Spanish; Japanese; Chinese
    re.compile(r"^(?P<w>Weil|Da|Wenn|Comme|Puisque|Si|Como|Puesto que) (?P<a>[^,]{10,}), (?P<c>.{10,})$"),
    re.compile(r"^(?P<c>.{10,}?),? (?P<w>weil|denn|parce que|puisque|car|porque|puesto que) (?P<a>.{10,})$"),
    re.compile(r"^(?P<a>.{10,}?)[,;] (?P<w>sodass|daher|deshalb|also|donc|por lo que|por lo tanto),? (?P<c>.{10,})$"),
    re.compile(r"^(?P<a>.{5,}?)(?P<w>ため|ので|から)、(?P<c>.{5,})$"),
    re.compile(r"^(?P<w>因为|由于)(?P<a>[^,，]{4,})[,，](?:所以|因此)?(?P<c>.{4,})$"),
]
FOLLOWS = re.compile(
    r"^(?:(Therefore|Thus|Hence|Consequently|It follows that|So|Daher|Deshalb|Folglich|Also|Donc|Por lo tanto),? "
    r"|(そのため|したがって|よって|因此|所以)[、,，]?)(?P<c>.{5,})$"
)
POINTS_BACK = re.compile(r"(it|this|that|these|those|they|such|here|however|otherwise)\b", re.IGNORECASE)
BEFORE = "(the paragraph before)"
# probably a noun; a lookahead, because it may be "the" before another noun
NOUN = re.compile(r"\b(?:the|an?|each|every|any|of)\s+(?=([^\W_]+)(?<!ed)(?<!ing)(?<!ly)\b(?!-))", re.IGNORECASE)
DEFINED = re.compile(r"\b(\w+)\W+(?:is|are|means?|refers?)\b|\b(?:called|known as|named|term)\W+((?:\w+\W+){0,2}\w+)")
NAME = re.compile(r"\b(?:[A-Za-z]+_\w+|[a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w*|\w+\(\))")


def no_text(text: str) -> str:
    """Why a text is clearly none that data can be made from, in any language; "" if it may be one."""
    bare = "".join(text.split())
    if not bare:
        return "empty"
    if sum(map(str.isalpha, text)) < LEAST_LETTERS * len(bare):
        return "numbers and signs"
    if len(set(LICENCE.findall(text.lower()))) >= 2:
        return "licence"
    long_words = [word for word in text.split() if len(word) > LONGEST_WORD and word.isascii()]
    if sum(map(len, long_words)) > 0.5 * len(bare):
        return "encoded data"
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) >= MENU_LINES:
        if 1 - len(set(lines)) / len(lines) > MOST_REPEATED_LINES:
            return "repeated lines"
        if all(len(words(line)) <= FEW_WORDS and line[-1].isalnum() and len(line) < 40 for line in lines):
            return "navigation"
    return ""


def text_score(text: str) -> float:
    """In [0, 1]: the share of a text that is running text of its own words; names of program code count against it."""
    bare = "".join(text.split())
    if not bare:
        return 0.0
    tokens = words(text)
    letters = sum(map(str.isalpha, text)) / len(bare)
    names = len(NAME.findall(text)) / max(1, len(tokens))
    open_ended = sum(len(line) for line in text.split("\n\n") if not ends_a_sentence(line)) / len(text)
    repeated = max(0.0, repetition(text) - 0.2)
    return round(min(1.0, max(0.0, 1 - max(0.0, 0.9 - letters) - 3 * names - 0.3 * open_ended - repeated)), 4)


def prose_sentences(text: str) -> list[str]:
    """The sentences of a text whose lines may be wrapped: only an empty line or a new item ends a paragraph."""
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\(?\d{1,2}[.)])\s)", text)
    return [sentence for paragraph in paragraphs for sentence in sentences(" ".join(paragraph.split()))]


def complexity(text: str) -> int:
    """1 to 5, from the lengths of sentences and, where there are spaces, of words (a coarse readability grade)."""
    tokens = words(text)
    if not tokens:
        return 1
    spaced = not UNSPACED.search(text)
    count = len(tokens) if spaced else estimate_tokens(text) / 1.5  # a word of Japanese has about that many tokens
    letters = sum(map(len, tokens)) / len(tokens) if spaced else 5.0
    return min(5, max(1, round((count / len(prose_sentences(text)) - 8) / 8 + min(2.0, letters - 4))))


def information(text: str) -> str:
    """The kind of information, by the form of the text, then by the most frequent marks of several languages:
    code, table, biography, history, formulas, definition, explanation, procedure, example or statement."""
    lower, size = text.lower(), max(40, estimate_tokens(text))
    lines = [line for line in text.split("\n") if line.strip()]
    if CODE.search(text):
        return "code"
    if len(TABLE.findall(text)) > len(lines) / 2:
        return "table"
    years, persons = len(YEAR.findall(text)), len(PERSON.findall(lower))
    if (LIFE.search(text) and DIED.search(text) and years) or persons > max(1.0, 0.02 * size):
        return "biography"
    if len(FORMULA.findall(text)) > 0.03 * size:
        return "formulas"
    counts = [len(marks.findall(lower)) for _, marks in KINDS_OF_INFORMATION]
    if years > max(1.0, 0.015 * size, *counts):
        return "history"
    return KINDS_OF_INFORMATION[counts.index(max(counts))][0] if max(counts) else "statement"


def chain_of_reasoning(text: str) -> list[tuple[str, str, str]]:
    """(assumption, conclusion, joining words) of each step that the text states."""
    steps, before = [], ""
    for sentence in prose_sentences(text):
        sentence = sentence.rstrip(".。")
        follows = FOLLOWS.match(sentence)
        if follows and before:
            steps.append((before, follows["c"], (follows[1] or follows[2]).lower()))
        else:
            found = next((match for pattern in REASONS if (match := pattern.match(sentence))), None)
            if found:
                steps.append((found["a"], found["c"], found["w"].lower()))
        before = sentence
    return steps


def dependencies(text: str, rare: Sequence[str] = (), language: str = "en") -> list[str]:
    """What a reader must know already, at most eight: the paragraph before if the passage refers to it, names in code,
    and those of the corpus's `rare` words that it uses as nouns and does not define. In a language whose nouns are not
    known by their articles: rare words that it uses more than once."""
    before = [BEFORE] if POINTS_BACK.match(text) else []
    if language in ("en", ""):
        nouns = set(NOUN.findall(text.lower()))
        defined = tuple(word for found in DEFINED.findall(text.lower()) for part in found for word in words(part))
        terms = [word for word in rare if word in nouns and not any(other.startswith(word) for other in defined)]
    else:
        tokens = words(text)
        terms = [word for word in rare if tokens.count(word) > 1 and (len(word) > 4 or UNSPACED.search(word))]
    names = sorted(set(NAME.findall(text)))
    known = " ".join(names).lower()
    return [*before, *names, *(word for word in terms if word not in known)][:8]


def key_terms(text: str, count: int = 6) -> list[str]:
    """The words the text is about: the most repeated, then the longest."""
    tokens = [word for word in content_words(text) if len(word) >= 5 or (len(word) > 1 and UNSPACED.search(word))]
    counts = Counter(tokens)
    return sorted(counts, key=lambda word: (-counts[word], -len(word), word))[:count]
