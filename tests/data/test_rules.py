"""The rules of Gopher, C4 and FineWeb: what breaks each, and what breaks none."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Document
from hornbook.data.document_filters import DocumentFilters
from hornbook.data.filters.rules import RULES, rule_reason
from hornbook.data.settings import CurateSettings
from tests.data.test_language import PARAGRAPHS

GOOD = """
A heap is a tree whose parents are never larger than their children. Because the smallest element is always at the
root, it can be found at once. When it is removed, the last leaf takes its place and sinks until the order holds again.

For example, to sort a list we push every item and then pop them one after the other. That takes n log n comparisons,
whatever the order of the items was. A sorted list would have to move half of its items for each new one.
"""
GERMAN = """
Der Zug verlässt jeden Morgen den Bahnhof, und die Leute in der Stadt kennen das Geräusch gut. Wenn Schnee fällt, kommt
er später, und dann stehen alle auf dem Bahnsteig und reden über das Wetter und die Ernte.

Früher gab es hier keine Eisenbahn, sagt der alte Vorsteher. Man ging zu Fuß in die Nachbarstadt, zwei ganze Tage lang.
Heute dauert die Fahrt eine Stunde, aber nur wenige erinnern sich an den alten Weg.
"""
CHINESE = """
火车每天早上离开车站，镇上的人们都很熟悉那个声音。
下雪的时候，火车会晚一点到，大家就在站台上等着，谈论天气和今年的收成。
老站长说，他年轻时这里还没有铁路，人们走路去邻近的城市，要花整整两天。
现在坐车只要一个小时，但是很少有人记得从前的路了。
"""


def distinct_words(count, seed=1):
    chosen = random.Random(seed)
    return ["".join(chosen.choices("abcdefghijklmnopqrstuvwxyz", k=chosen.randint(3, 8))) for _ in range(count)]


STOPS = "the of and that "
BREAKS = [  # rules, text, language, part of the reason
    ("gopher", "Too few words of the text.", "en", "words"),
    ("gopher", STOPS + "a b c d e f g h " * 10, "en", "words of"),
    ("gopher", STOPS + " ".join(distinct_words(60)) + " 12 34 56 78 90 11 " * 10, "en", "have letters"),
    ("gopher", STOPS + " ".join(f"#{word}" for word in distinct_words(60)), "en", "symbols"),
    ("gopher", "\n".join(f"- {' '.join(distinct_words(9, n))} the of" for n in range(10)), "en", "items of a list"),
    ("gopher", "\n".join(f"{' '.join(distinct_words(30, n))} the of ..." for n in range(4)), "en", "ellipsis"),
    ("gopher", " ".join(distinct_words(80)), "en", "stop words"),
    ("gopher", GOOD + "Home and login\n" * 12, "en", "lines"),
    ("gopher", (GOOD.strip() + "\n\n") * 3, "en", "are repeated"),
    ("gopher", GOOD + "buy it now " * 40, "en", "gram"),
    ("gopher", GOOD + f"{' '.join(distinct_words(40))} " * 2, "en", "repeated 5-grams"),
    ("gopher", PARAGRAPHS["ja"] + "この文は何度も繰り返されるとても長い文です。" * 6, "ja", "repeated"),
    ("c4", GOOD + "Lorem ipsum dolor sit amet.", "en", "lorem ipsum"),
    ("c4", GOOD + "function f() { return 1; }", "en", "curly bracket"),
    ("c4", "\n".join(" ".join(distinct_words(9, n)) for n in range(9)), "en", "sentences"),
    ("c4", "Short lines.\n" * 9, "en", "sentences"),
    ("c4", "Please enable Javascript to see this page in full.\n" * 9, "en", "sentences"),
    ("fineweb", "\n".join(" ".join(distinct_words(9, n)) for n in range(20)), "en", "full stop"),
    ("fineweb", GOOD + "This line of a menu is there again and again.\n" * 4, "en", "repeated lines"),
    ("fineweb", "\n".join(f"Line {word}." for word in distinct_words(20)), "en", "short"),
]
KEEPS = [
    (GOOD, "en"),
    (GOOD + "\nIn a fence:\n\n```c\nint f(void) { return 1; }\n```\n", "en"),
    (GOOD + "\nThe sum is $\\sum_{i=1}^{n} i$.\n", "en"),
    ("# Heaps\n" + GOOD + "\n- the root is the smallest\n- a leaf sinks\n", "en"),
    (GERMAN, "de"),
    (CHINESE, "zh"),
]


@pytest.mark.parametrize(("rules", "text", "language", "part"), BREAKS, ids=lambda value: value[-12:])
def test_each_rule_is_broken_by_its_kind_of_text(rules, text, language, part):
    assert part in RULES[rules](text, language)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(("text", "language"), KEEPS, ids=lambda value: value[:8])
def test_good_text_breaks_none(rules, text, language):
    assert RULES[rules](text, language) == ""


def document(text, **fields):
    return Document(id="1", text=text, source="web", origin="o", **fields)


def test_code_is_not_judged_and_the_first_broken_set_is_named():
    assert rule_reason(document("x = {}\n" * 9, kind="code"), [*RULES]) == ""
    assert rule_reason(document("Lorem ipsum. " * 50, language="la"), ["c4", "gopher"]) == "rules: c4, lorem ipsum"
    assert rule_reason(document(GOOD, language="en"), [*RULES]) == ""


def test_curate_uses_the_rules_that_it_is_told():
    found = [document(GOOD + "function f() { return 1; }")]
    assert DocumentFilters(CurateSettings(min_quality=0)).judge(found) == [""]
    assert DocumentFilters(CurateSettings(min_quality=0, rules=["c4"])).judge(found) == ["rules: c4, a curly bracket"]


@given(st.text(max_size=400), st.sampled_from(["en", "ja", "de", ""]))
def test_any_text_can_be_judged(text, language):
    assert rule_reason(document(text, language=language), [*RULES]).partition(":")[0] in ("", "rules")


@given(st.lists(st.sampled_from("abcde"), min_size=60, max_size=200))
def test_repetition_is_what_counting_finds(letters):
    """The most frequent pair, and repeated 5-grams, counted plainly."""
    from hornbook.data.filters.repetition import MOST_FREQUENT, REPEATED, repetition

    words = [letter * 3 for letter in letters]
    reason = repetition(words, [" ".join(words)], " ".join(words), True)
    shares = {n: _share_of_most_frequent(words, n) for n in MOST_FREQUENT}
    again = {n: _share_repeated(words, n) for n in REPEATED}
    broken = any(shares[n] > most for n, most in MOST_FREQUENT.items())
    assert bool(reason) == (broken or any(again[n] > most for n, most in REPEATED.items()))


def _share_of_most_frequent(words, n):
    ngrams = [tuple(words[place : place + n]) for place in range(len(words) - n + 1)]
    most = max(map(ngrams.count, ngrams))
    return most * n / len(words) if most > 1 else 0


def _share_repeated(words, n):
    covered, seen = set(), set()
    for place in range(len(words) - n + 1):
        ngram = tuple(words[place : place + n])
        covered.update(range(place, place + n) if ngram in seen else ())
        seen.add(ngram)
    return len(covered) / len(words)
