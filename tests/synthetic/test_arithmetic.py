"""Arithmetic in texts: what is certainly false is found, and what cannot be told is left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.arithmetic import equations, evaluate, false_equation, numbers, shown

TRUE_OR_UNSURE = [
    "First 3 + 4 = 7, then 2 × 7 = 14.",
    "-5*l = -37 - 8 = -45\nl = -45 / -5 = 9",
    "2 / 3 = 0.667 and 1,200 + 34 = 1,234",
    "(2 + 3) * 4^2 = 80, 2^{10} = 1024, 2^3 + 1 = 9",
    "x + 3 = 8, 20 % * 5 = 1, 34 = 1 * 24 + 10, 2 + 2 = 5x",
    "9 / 0 = 3 and 2 ^ 999999 = 7",
    r"$5 \times 12 = 60$ and \[\frac{3}{4} \cdot 12 = 9\] and $\frac12 \cdot 2 = 1$",
    r"\(x = \frac{10 \cdot 9 \cdot 8}{3 \cdot 2} = 120\), \sqrt{16} + 3 = 7",
    "5 shelves × 12 books = 60 books, 120 km / 2 hours = 60 km/h",
    "2 hours + 30 minutes = 150 minutes, 3 dozen × 2 = 72, 5 squared + 1 = 26",
    "1/3 + 1/6 = 3/6 = 1/2, 1/3 = 0.33, 2 1/2 + 1 = 3 1/2",
    "15 / 60 × 100 = 25%, 100% - 20% = 80%, 20% × 50 = 10",
    "1,800 / 2,000 = 90 per cent, 400 / 8,000 = 5 percent, 3 / 4 = 75 Prozent, 1 / 2 = 50パーセント",
    "17 / 5 = 3 remainder 2, 17 + 8 = 1 (mod 24), 50 / 8 = 6 full boxes",
    "1010 + 11 = 1101 in binary, 10:30 + 2 = 12",
    "2x - 5 = 20, x^2 - 5 = 20, 3xy = 1/2, 5 - x = 3, 2(3 + 4) = 14, log 100 + 3 = 5, 5! = 120",
    "25 pupils + 1 teacher + 1 guest = 27 people; 1 + 2 + ... + 10 = 55",
    "487 × 21 ≈ 500 × 20 = 10,000 and 2/3 ≈ 0.7",
    r"90,\!000 = 9 * 10^4, $\$3 + \$4 = \$7$, 3^2 - 4 * 36 = -135, P(1) = 7 - 2 = 5",
    "x + 3 = 8, 20 % * 5 = 1, 3 + 4 = 2 + 5, 7 + 8 = 3 (mod 12), 7 + 8 = 3 mod 12",
    r"$\tfrac{2}{3} \times 2\,300\,000 \approx 1\,533\,000$, $25/9 ≈ 2.8$, 48 × 21 ≈ 1050, 2 300 × 2 = 4 600",
    "15 % of 200 is 30, and 15\\% of 1,000 = 150. 15% of 200 is 10 more than 20. 3 + 4 = 7 and a half",
    "2 apples and 3 + 4 pears = 9 fruits, 25 pupils and 1 teacher + 1 guest = 27 people",
    "1\u202f000 + 2\u202f500 = 3\u202f500, 20% of 50 = 10% of 100, 15% of the 200 pupils are 30, x% of 200 = 30",
    "1) 3 + 4 = 7\n2. 5 - 2 = 3\n- 8 - 3 = 5\n(3) - 4 = 2",
]
FALSE = [
    ("So 3 + 4 = 8.", "3 + 4 = 8"),
    ("2 / 3 = 0.7", "2 / 3 = 0.7"),
    ("They pay 3 * 4 = $13.", "3 * 4 = 13"),
    (r"$5 \times 12 = 65$", "5 * 12 = 65"),
    (r"\[\frac{3}{4} \cdot 12 = 8\]", "((3)/(4)) * 12 = 8"),
    ("There are 5 shelves × 12 books = 65 books", "5 * 12 = 65"),
    ("1/3 + 1/6 = 3/6 = 1/3", "3/6 = 1/3"),
    ("20% × 50 = 11", "20% * 50 = 11"),
    ("f(3) = 9 - 2 = 6", "9 - 2 = 6"),
    ("So **5 × 12 = 61**.", "5 * 12 = 61"),
    ("12 × 12 = 144 − 4 = 140", "12 * 12 = 144 - 4"),
    ("x = -3 - 5 = -2", "-3 - 5 = -2"),
    ("1. 3 + 4 = 8", "3 + 4 = 8"),
    (r"$\frac{2}{3} \cdot 2\,300\,000 \approx 1\,150\,000$", "((2)/(3)) * 2300000 ≈ 1150000"),
    ("15 % of 200 is 40.", "15% * 200 = 40"),
    ("1,800 / 2,000 = 80 per cent", "1800 / 2000 = 80%"),
    ("Of these, 15% of 200 is 40 pupils.", "15% * 200 = 40"),
    ("1\u202f000 + 2\u202f500 = 3\u202f600", "1000 + 2500 = 3600"),
    ("So 3 + 4 = 8 and we go on.", "3 + 4 = 8"),
    ("So 3 + 4 = 8 books, which leaves 2.", "3 + 4 = 8"),
    ("There are 3 + 4 = 8 books on the upper shelf.", "3 + 4 = 8"),
    ("25 / 9 ≈ 3.8", "25 / 9 ≈ 3.8"),
    ("Then 1842 + 59 = 1911.", "1842 + 59 = 1911"),
]


@pytest.mark.parametrize("text", TRUE_OR_UNSURE)
def test_what_is_true_or_cannot_be_told_is_left_alone(text):
    assert false_equation(text) == ""


@pytest.mark.parametrize(("text", "wrong"), FALSE)
def test_what_is_false_is_found(text, wrong):
    assert false_equation(text) == wrong
    assert false_equation(f"Step 1 says {text}", quoted=f"1. {text}") == ""


@given(st.integers(-99, 99), st.integers(1, 99), st.integers(1, 99), st.sampled_from("+-*"))
def test_true_equations_hold_and_shifted_ones_do_not(first, second, third, sign):
    value = evaluate(f"{first} {sign} {second} + {third}")
    assert value == eval(f"{first} {sign} {second} + {third}")
    assert [each.holds for each in equations(f"So {first} {sign} {second} + {third} = {value}.")] == [True]
    assert [each.holds for each in equations(f"So {first} {sign} {second} + {third} = {value + 1}.")] == [False]


@given(st.text("0123456789+-*/^=≈()%. ab×\\{}$\n", max_size=80))
def test_no_text_breaks_it(text):
    false_equation(text)


@pytest.mark.parametrize(
    "part", ["1+1", "5% of 5 ", "5 % ", "1,000", "5 apples ", "5 and ", "1≈1", "(", "1=1", "1+1=2+", "abc ", "-", "5ab"]
)
def test_its_time_grows_with_the_text_alone(part):
    begin = time.perf_counter()
    false_equation(part * 2000)
    assert time.perf_counter() - begin < 5


def test_numbers_are_read_and_written_as_people_do():
    assert list(map(shown, numbers("1,200 of -3 and 0.5, but 7-2"))) == ["1200", "-3", "0.5", "7", "2"]
    assert shown(numbers("1")[0] / 3) == "1/3"
