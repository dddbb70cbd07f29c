"""How a reply is shown in a terminal: tokens by their probability, pivotal tokens with what they change."""

import math

import click
from transformers import PreTrainedTokenizerBase

from hornbook.base.records import Pivot
from hornbook.chat.reply_text import ReplyPiece
from hornbook.chat.searched_questions import SearchedQuestion
from hornbook.chat.token_names import printable_token, token_text
from hornbook.inference.streaming import SampledToken
from hornbook.pts.records import SearchedSolution

SURE = 0.9  # tokens of at least this probability are shown as they are
LOOKS = [(0.5, {"fg": "cyan"}), (0.2, {"fg": "yellow", "underline": True}), (0.0, {"fg": "red", "underline": True})]


def by_probability(piece: ReplyPiece, colour: bool) -> str:
    """A piece by the probability of its tokens: coloured, or with the probability behind it."""
    p = math.exp(sum(told.logprob for told in piece.tokens))
    if p >= SURE or not piece.text:
        return piece.text
    if not colour:
        return f"{piece.text}[{p:.2f}]"
    look = next(look for least, look in LOOKS if p >= least)
    return click.style(piece.text, **look)  # type: ignore[arg-type]


def with_pivot(text: str, pivot: Pivot, colour: bool) -> str:
    """A token's text with what it does to p(success)."""
    marked = f"▸{text}◂({pivot.p_before:.2f}→{pivot.p_after:.2f})"
    return click.style(marked, fg="green" if pivot.delta > 0 else "red", bold=True) if colour else marked


def solution_line(question: SearchedQuestion, solution: SearchedSolution, colour: bool) -> str:
    """A searched solution with its pivotal tokens marked, and whether it is right."""
    parts = (with_pivot(text, pivot, colour) if pivot else text for text, pivot in question.parts(solution))
    return f"{'right' if solution.verdict else 'wrong'}: {''.join(parts).strip()}"


def alternatives(tokenizer: PreTrainedTokenizerBase, number: int, told: SampledToken) -> str:
    """A token of a reply with its probability, and what the model would have said in its place."""
    others = [(token, logprob) for token, logprob in told.top if token != told.token]

    def line(token: int, logprob: float) -> str:
        return f"{printable_token(token_text(tokenizer, token))} {math.exp(logprob):.3f}"

    instead = ", ".join(line(token, logprob) for token, logprob in others)
    return f"{number:4}  {line(told.token, told.logprob)}   instead: {instead}"
