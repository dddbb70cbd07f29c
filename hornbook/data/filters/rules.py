"""Quality rules that need no teacher: those of Gopher, of C4 and of FineWeb, from their papers.

- Gopher: Rae et al. 2021 (arXiv 2112.11446), appendix A.1.1 and table A1; words by a sample.
- C4: Raffel et al. 2020 (JMLR 21), section 2.2. C4 cuts lines without a full stop out of its texts. Here a text is
  judged by the lines that C4 would leave, and kept whole: headings, lists and tables have no full stop. Program code
  in fences and TeX may have curly brackets. Its list of offensive words is not used.
- FineWeb: Penedo et al. 2024 (arXiv 2406.17557), section 3.6.

They are for prose; nothing in them is learned from labels.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from hornbook.base.records import Document
from hornbook.data.filters.repetition import repetition

UNSPACED = frozenset(["ja", "zh", "wuu", "yue", "th", "lo", "km", "my", "bo", "dz"])  # no spaces between words
CHARS_PER_WORD = 2  # of these languages
WORDS = 1_000  # of a text that are looked at: their lengths, letters and repetition

STOP_WORDS = frozenset(["the", "be", "to", "of", "and", "that", "have", "with"])  # Gopher's, of English
_LETTER = re.compile(r"[^\W\d_]")
_BULLETS = ("-", "*", "+", "•", "‣", "●", "▪", "◦", "–", "·")
_ELLIPSES = ("...", "…", "……")
_TERMINAL = tuple('.!?"”’»。！？」』।۔؟։។॥')
_CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_TEX = re.compile(r"\$\$[^$]{1,4000}\$\$|\$[^$\n]{1,400}\$|\\\[.{1,4000}?\\\]|\\\([^\n]{1,400}?\\\)", re.DOTALL)


def gopher(text: str, language: str) -> str:
    """The first of Gopher's rules that the text breaks, "" if there is none."""
    words = text.split()
    spaced = language not in UNSPACED
    count = len(words) if spaced else len("".join(words)) // CHARS_PER_WORD
    if not 50 <= count <= 100_000:
        return f"{count} words"
    words = words[:WORDS] if spaced else list("".join(words)[: WORDS * CHARS_PER_WORD])
    if spaced:
        length = sum(map(len, words)) / len(words)
        if not 3 <= length <= 10:
            return f"words of {length:.1f} characters"
        if sum(map(str.isalpha, words)) < 0.8 * len(words):  # counted quickly, those with a comma not
            letters = len([word for word in words if _LETTER.search(word)]) / len(words)
            if letters < 0.8:
                return f"{letters:.0%} of the words have letters"
    symbols = max(text.count("#"), text.count("...") + text.count("…")) / count
    if symbols > 0.1:
        return f"{symbols:.2f} symbols a word"
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    bullets = sum(line.startswith(_BULLETS) for line in lines) / len(lines)
    if bullets > 0.9:
        return f"{bullets:.0%} of the lines are items of a list"
    ellipses = sum(line.endswith(_ELLIPSES) for line in lines) / len(lines)
    if ellipses > 0.3:
        return f"{ellipses:.0%} of the lines end with an ellipsis"
    if language == "en" and len(STOP_WORDS.intersection(words)) < 2 and _stop_words(words) < 2:
        return "fewer than two stop words"
    return repetition(words, lines, text, spaced)


def _stop_words(words: list[str]) -> int:
    return len(STOP_WORDS.intersection(map(str.lower, words)))


def c4(text: str, language: str) -> str:
    """The first of C4's rules for pages that the text breaks, "" if there is none."""
    lowered = text.lower()
    if "lorem ipsum" in lowered:
        return "lorem ipsum"
    if "{" in text and "{" in _TEX.sub("", _CODE.sub("", text)):
        return "a curly bracket"
    least = 5 if language not in UNSPACED else 1
    sentences = 0
    for line in text.split("\n"):
        line = line.rstrip()
        if line.endswith(_TERMINAL) and "javascript" not in line.lower() and len(line.split(None, least)) >= least:
            sentences += max(1, sum(map(line.count, ".!?。！？।۔؟։")))
            if sentences >= 3:
                return ""
    return f"{sentences} sentences in whole lines"


def fineweb(text: str, language: str) -> str:
    """The first of FineWeb's three rules that the text breaks, "" if there is none."""
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    ended = sum(line.endswith(_TERMINAL) for line in lines) / len(lines)
    if ended <= 0.12:
        return f"{ended:.0%} of the lines end with a full stop"
    counts = Counter(lines)
    repeated = sum((number - 1) * len(line) for line, number in counts.items()) / sum(map(len, lines))
    if repeated >= 0.1:
        return f"{repeated:.0%} of the characters in repeated lines"
    short = sum(len(line) < 30 for line in lines) / len(lines)
    return f"{short:.0%} of the lines are short" if short >= 0.67 else ""


RULES: dict[str, Callable[[str, str], str]] = {"gopher": gopher, "c4": c4, "fineweb": fineweb}


def rule_reason(document: Document, rules: Iterable[str]) -> str:
    """The reason to drop a document: the first of the named sets of rules that it breaks; "" for code, and for one that
    breaks none."""
    if document.kind == "code" or not document.text.strip():
        return ""
    for name in rules:
        if broken := RULES[name](document.text, document.language):
            return f"rules: {name}, {broken}"
    return ""
