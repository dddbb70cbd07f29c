"""The same text, but for case, spacing, accents and punctuation."""

from hornbook.base.records import Question
from hornbook.oracles.answer import normalise


def score_exact(question: Question, answer: str) -> tuple[float, str]:
    """Raises ValueError when the question has no reference answer."""
    if not question.answer.strip():
        raise ValueError("the question has no reference answer")
    wanted, given = question.answer.strip(), answer.strip()
    # Answers made of punctuation alone vanish when normalised: compare those as they are.
    same = given == wanted or (normalise(wanted) != "" and normalise(given) == normalise(wanted))
    return (1.0, "") if same else (0.0, f"got {given[:80]!r}, expected {wanted[:80]!r}")
