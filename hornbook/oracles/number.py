"""Numbers as people and models write them: 1,234.50, -3, 2/3, 1.5e3, 12 %, "x = 7"."""

import re
from decimal import Decimal, InvalidOperation, localcontext

from hornbook.base.records import Question
from hornbook.oracles.entry import entry_of
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.judgement import Judgement, compared, not_attempted
from hornbook.oracles.settings import OracleSettings

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"(?<![\w.])([-+]?\s?)({_DIGITS})(?:[eE]([-+]?\d{{1,4}}))?(?:\s*/\s*({_DIGITS}))?")
RELATIVE_TOLERANCE = Decimal("1e-4")  # for answers that are not whole numbers, which must be met exactly
PRECISION = 60  # significant digits


def parse_number(text: str) -> Decimal | None:
    """The last number in `text`, or None. A fraction is divided out; thousands commas are dropped."""
    found = list(_NUMBER.finditer(text.replace("−", "-")[:2000]))
    if not found:
        return None
    sign, digits, exponent, divisor = found[-1].groups()
    try:
        with localcontext() as context:
            context.prec = PRECISION
            value = Decimal(digits.replace(",", "")) * Decimal(10) ** int(exponent or 0)
            if divisor:
                value /= Decimal(divisor.replace(",", ""))
            return -value if "-" in sign else value
    except (InvalidOperation, ZeroDivisionError, ArithmeticError):
        return None


def score_number(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the last number of the answer's first line is the reference's: exactly for whole numbers, else within
    a relative tolerance (`tolerance` in the question's entry overrides it).

    Raises ValueError when the reference holds no number.
    """
    wanted = parse_number(question.answer)
    if wanted is None:
        raise ValueError(f"the reference answer {question.answer!r} holds no number")
    given = parse_number(first_line(extract_answer(reply)))
    if given is None:
        return not_attempted("no number in the answer")
    default = Decimal(0) if wanted == wanted.to_integral_value() else RELATIVE_TOLERANCE
    tolerance = Decimal(str(entry_of(question).get("tolerance", default)))
    right = abs(given - wanted) <= tolerance * abs(wanted)
    return compared(right, f"{given:f}", f"{wanted:f}")
