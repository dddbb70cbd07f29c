"""Numbers of a text that its passage lacks: a program's check, which may reject a text and never accepts one.

A number that the passage does not have is not always wrong: a text may round, count years or write a share as a
percentage. What follows in such a way from one number, or from two years, passes. A text that calculates is left to the
check of its equations and to the verifier.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from hornbook.base.sentences import sentences
from hornbook.oracles.number import numbers_in
from hornbook.synthetic.arithmetic import equations

COUNTED = 12  # numbers up to this one count things ("for two reasons"), and are often written as words
YEARS = (1000, 2100)
ROUNDED = Fraction(1, 20)  # relative error of a rounded number
FACTORS = [Fraction(factor) for factor in (7, 24, 60, 100)]  # units of time, and shares as percentages
_UNIT = re.compile(
    r"kilomet|\bkm\b|\bmiles?\b|\bfeet\b|\bfoot\b|\binch|°F|Fahrenheit|\bpounds?\b|\bgallons?\b|\bounces?\b", re.I
)
_DIGITS_AFTER_LETTERS = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?=\d)")
_ITEM = re.compile(r"^\W*\d{1,2}[.)]\s")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_UNITS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_WORDS = {
    **{word: Fraction(value) for value, word in enumerate(_TEENS, 13)},
    **{
        f"{ten}-{unit}".strip("-"): Fraction(10 * tens + value)
        for tens, ten in enumerate(_TENS, 2)
        for value, unit in enumerate(_UNITS)
    },
    "hundred": Fraction(100),
    "thousand": Fraction(1000),
    "million": Fraction(10**6),
}


def foreign_number(text: str, passage: str) -> str:
    """The first number in digits that neither the passage has nor follows from one of its numbers; "" if none is.

    "" too where nothing can be told: the text calculates or converts, or the passage has no number in digits.
    """
    given = set(_numbers(passage))
    converts = set(_UNIT.findall(text)) - set(_UNIT.findall(passage))
    if not given or converts or any(equations(text)):
        return ""
    given |= {value for word, value in _WORDS.items() if re.search(rf"\b{word}\b", passage.lower())}
    return next((f"{float(value):g}" for value in _numbers(text) if not _follows(value, given)), "")


def _numbers(text: str) -> Iterator[Fraction]:
    """The numbers in digits, without signs; one with a size ("2.3 million") is two."""
    for sentence in sentences(_DIGITS_AFTER_LETTERS.sub(" ", text)):
        for number in numbers_in(_ITEM.sub("", sentence)):
            yield from {abs(Fraction(number.value)), abs(Fraction(number.sized))}


def _follows(value: Fraction, given: set[Fraction]) -> bool:
    if value <= COUNTED and value.denominator == 1:
        return True
    years = [other for other in given if YEARS[0] <= other <= YEARS[1] and other.denominator == 1]
    if any(abs(abs(one - other) - value) <= 1 for one in years for other in years):
        return True
    if any(value == other // 100 + 1 or value == other // 10 * 10 for other in years):  # a century, a decade
        return True
    converted = [other * factor for other in given for factor in FACTORS]
    converted += [other / factor for other in given for factor in FACTORS]
    return value in {*given, *converted} or any(
        abs(value - other) <= ROUNDED * other and _digits(value) < _digits(other) for other in (*given, *converted)
    )


def _digits(value: Fraction) -> int:
    """How many digits it is written with, without zeros at its ends."""
    return len(f"{float(value):.10g}".replace(".", "").strip("0"))
