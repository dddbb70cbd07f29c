"""A reply as an oracle judges it."""

from hornbook.base.records import Question
from hornbook.oracles.registry import judge_here
from hornbook.oracles.settings import OracleSettings


def judged(oracle: str, answer: str, reply: str, **more: object) -> tuple[bool, str]:
    """(whether it is right, the outcome's name)."""
    judgement = judge_here(
        Question(id="q", task="t", prompt="?", answer=answer, oracle=oracle, **more), reply, OracleSettings()
    )
    assert not judgement.failed, judgement.reason
    return judgement.right is True, judgement.outcome
