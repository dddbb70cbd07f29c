"""The multiple-choice oracle: finds which choice a reply picks, by letter or by text; the last statement counts."""

import re
import string
from collections.abc import Callable, Iterator, Sequence

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import find_answer, strip_markup
from hornbook.oracles.judgement import Judgement, correct, not_attempted, wrong
from hornbook.oracles.number import is_plain, parse_number
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import canonical_text

Form = Callable[[str], str]  # a normalisation under which two texts must be equal

_LATEX = re.compile(r"\\(?:text|textbf|mathbf|mathrm|mbox|bf|rm)\s*\{([^{}]*)\}|\\(?:left|right|quad|[,;!:])")
_WHOLE = re.compile(r"^[\W_]*([A-Z])[\W_]*$", re.IGNORECASE)
# a leading letter: "B) Paris", "(B) Paris", "B. Paris", "B: Paris", "B - Paris"
_LEADING = re.compile(r"^\W*([A-Z])\s*(?:[).:\]]|\s[-–—]|,\s(?=because|since))(?=\s|$|\w)", re.IGNORECASE)
# a letter that names a choice within a sentence; A and I, which are words too, need more context
_NAMED = re.compile(
    r"\(([A-Z])\)"
    r"|\b(?:option|choice|answer|letter|statement|选项|選項|答案|答え)\s*(?:is\s+)?[:：]?\s*\(?([A-Z])\b(?![’'\w])"
    r"|(?<![\w’'.-])([B-HJ-Z])(?=\s*(?:$|[).,:;!?。，]|\s(?:is|was|because|since|and|or|as|\W)|です|だ|。|はい))"
    r"|(?<![\w’'.-])([AI])(?=\s*(?:$|[):;!?。]|\.\s*$|,\s*[A-Z]\b|\s(?:or|and|is|because|since)\b|です))"
)
_DENIED_BEFORE = re.compile(
    r"(?:not|isn't|never|neither|nor|except|eliminate|rule\s+out|exclude|reject|discard)\s+(?:\w+\s+){0,2}\W*$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"^[).:\]]?\s*(?:[^.,;\n]{0,40}?\s)?(?:is|are|was|were|seems?|must be|can be|cannot be|can't be)\s*(?:\w+\s+)?"
    r"(?:not|wrong|incorrect|false|impossible|eliminated|ruled out|excluded|out)\b"
    r"|^[).:\]]?\s*(?:isn't|cannot|can't)",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"^[).:\]]?\s*(?:[,/&]|or\b|and\b|oder\b|und\b|ou\b|et\b|或|和)\s*(?:and\s+|or\s+|possibly\s+)?\W*$", re.IGNORECASE
)


def score_choice(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the reply picks the reference choice, by letter, by its text, or by its number.

    Raises ValueError when the reference is none of the choices.
    """
    choices = question.choices
    wanted = reference_of(question.answer, choices)
    if wanted is None:
        raise ValueError(f"the reference answer {question.answer!r} is none of the {len(choices)} choices")
    if not reply.strip():
        return not_attempted()
    given = picked(reply, choices)
    if given is None:
        return wrong("none of the choices", find_answer(reply).text[:80])
    same = given == wanted or choices[given].strip() == choices[wanted].strip()
    chosen = _name(given)
    return correct(chosen) if same else wrong(f"chose {chosen}, expected {_name(wanted)}", chosen)


def reference_of(answer: str, choices: list[str]) -> int | None:
    """The index of the choice that a reference names: by exact text, else letter, else text ignoring case."""
    if choices.count(answer) == 1:
        return choices.index(answer)
    exact = _of_text(answer, choices, (str.strip,))
    letter = _of_letter(_WHOLE.match(answer), choices)
    return next((index for index in (exact, letter) if index is not None), _of_text(answer, choices))


def picked(reply: str, choices: list[str]) -> int | None:
    """The index of the choice that a reply picks; None where it picks none or several."""

    def picks(text: str) -> bool:
        return _in_answer(text, choices) is not None

    whole = reply.strip()
    if whole in choices and not re.fullmatch("[A-Z]", whole):
        return choices.index(whole)
    found = find_answer(reply, picks)
    return _in_answer(found.text, choices)


def _in_answer(text: str, choices: list[str]) -> int | None:
    """The choice in an answer: by its text, by its letter alone or in front, else the last one named in a sentence."""
    text = strip_markup(_LATEX.sub(lambda match: f" {match[1] or ''} ", text))
    # A single capital letter is a label, even if it is also some choice's text; otherwise an exact text wins.
    index = _of_letter(re.fullmatch(r"\W*([A-Z])\W*", text), choices)
    index = _of_text(text, choices) if index is None else index
    if index is not None:
        return index
    leading = _WHOLE.match(text) or _LEADING.match(text)
    if leading and not _denied(text, leading.start(1), leading.end(1)):
        rest = text[leading.end() :].strip()
        later = _last_named(rest, choices) if rest and _of_text(rest, choices) is None else None
        if later is not None and re.match(r"\s*none\b|.*\b(?:so|hence|therefore|but)\b", rest, re.IGNORECASE):
            return later
        if not _SEVERAL.match(text[leading.end(1) : leading.end(1) + 1] or "x"):
            return _of_letter(leading, choices)
    named = _last_named(text, choices)
    return _of_words(text, choices) if named is None else named


def _last_named(text: str, choices: list[str]) -> int | None:
    """The last letter that is named and not negated; None where it is one of several in an enumeration."""
    names: list[tuple[int, int, int]] = []
    for match in _NAMED.finditer(text):
        group = next(number for number in range(1, 5) if match[number])
        index = _of_letter(match, choices, group)
        if index is not None and not _denied(text, match.start(group), match.end(group)):
            names.append((index, match.start(), match.end()))
    if not names:
        return None
    for (other, _, end), (index, begin, _) in zip(names[:-1][-1:], names[-1:], strict=False):
        if other != index and _SEVERAL.match(text[end:begin] or "x"):
            return None
    return names[-1][0]


def _denied(text: str, begin: int, end: int) -> bool:
    before = text[max(0, begin - 40) : begin].rstrip("( ")
    return bool(_DENIED_BEFORE.search(before + " ") or _DENIED_AFTER.match(text[end : end + 60]))


def _of_letter(match: re.Match[str] | None, choices: list[str], group: int = 1) -> int | None:
    if match is None:
        return None
    index = string.ascii_uppercase.index(match[group].upper())
    return index if index < len(choices) else None


def _of_text(
    text: str, choices: list[str], forms: Sequence[Form] = (str.strip, str.casefold, canonical_text)
) -> int | None:
    """The one choice with this text: exactly, else ignoring case, else in canonical form; or with this number."""
    for form in forms:
        same = [index for index, choice in enumerate(choices) if form(choice) and form(choice) == form(text)]
        if len({choices[index] for index in same}) == 1:
            return same[0]
        if same:
            return None
    if is_plain(text):
        value = parse_number(text)
        same = [index for index, choice in enumerate(choices) if is_plain(choice) and parse_number(choice) == value]
        return same[0] if len(same) == 1 else None
    return None


def _of_words(text: str, choices: list[str]) -> int | None:
    """The one choice whose text occurs as whole words and is not negated; if one contains another, the longer one."""
    plain = f" {canonical_text(text)} "
    places = [
        (index, place) for index, choice in enumerate(choices) for place in _places(plain, canonical_text(choice))
    ]
    kept = [
        (index, place)
        for index, place in places
        if not _denied(plain, place, place + len(canonical_text(choices[index])))
        and not any(_within(choices[index], place, choices[other], at) for other, at in places)
    ]
    return kept[0][0] if len({index for index, _ in kept}) == 1 else None


def _within(choice: str, place: int, longer: str, at: int) -> bool:
    """Whether the choice at `place` is part of a longer one at `at`."""
    size, longest = len(canonical_text(choice)), len(canonical_text(longer))
    return size < longest and at <= place and place + size <= at + longest


def _places(text: str, words: str) -> Iterator[int]:
    if len(words) > 1:
        for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text):
            yield match.start()


def _name(index: int) -> str:
    return string.ascii_uppercase[index] if index < 26 else str(index + 1)
