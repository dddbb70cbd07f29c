"""The result of an oracle."""

from typing import Literal, NamedTuple

Outcome = Literal["correct", "wrong", "not attempted", "not judged"]
RIGHT = 0.99  # scores from here on count as right
LONGEST_SHOWN = 80  # characters of an answer shown in a reason or a judgement


class Judgement(NamedTuple):
    """The score of a reply, with the reason.

    Attributes:
        score: in [0, 1]; 1 is right.
        reason: why the score is not 1; "" otherwise.
        extracted: the answer as it was found in the reply; "" if there is none.
        outcome: "not attempted" for a reply without an answer (a refusal, an empty reply, a thinking block that is cut
            off); "not judged" where the oracle itself failed, which says nothing about the reply.
    """

    score: float
    reason: str = ""
    extracted: str = ""
    outcome: Outcome = "correct"

    @property
    def failed(self) -> bool:
        return self.outcome == "not judged"

    @property
    def right(self) -> bool | None:
        """None where the reply could not be judged."""
        return None if self.failed else self.score >= RIGHT


def correct(extracted: str = "") -> Judgement:
    return Judgement(1.0, "", extracted)


def wrong(reason: str, extracted: str = "", score: float = 0.0) -> Judgement:
    return Judgement(score, reason, extracted, "wrong")


def not_attempted(reason: str = "no answer") -> Judgement:
    return Judgement(0.0, reason, "", "not attempted")


def not_judged(reason: str) -> Judgement:
    return Judgement(0.0, reason, "", "not judged")


def correct_if(same: bool, given: str, expected: str) -> Judgement:
    """Correct if `same`, else wrong with both answers in the reason."""
    shown = given[:LONGEST_SHOWN]
    return correct(shown) if same else wrong(f"got {shown!r}, expected {expected[:LONGEST_SHOWN]!r}", shown)
