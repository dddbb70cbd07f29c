"""The pivotal tokens of a search, found again in replies to its questions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from transformers import PreTrainedTokenizerBase

from hornbook.base.files import read_records
from hornbook.base.records import Pivot
from hornbook.chat.token_names import printable_token, token_text
from hornbook.pts.records import SearchedSolution


def pivot_json(pivot: Pivot) -> dict[str, Any]:
    """A pivot as the page is told of it."""
    return {"before": pivot.p_before, "after": pivot.p_after, "confirmed": pivot.confirmed}


class SearchedQuestion(NamedTuple):
    """A question that was searched: its text, its prompt as the model saw it, and what was found in its solutions."""

    text: str
    prompt: list[int]
    solutions: list[SearchedSolution]
    pivots: list[Pivot]

    def passed(self, tokens: list[int]) -> Pivot | None:
        """The pivot that the last of these tokens of a reply completes."""
        for pivot in self.pivots:
            if pivot.solution_tokens[: pivot.position + pivot.length] == tokens:
                return pivot
        return None

    def missed(self, tokens: list[int]) -> Pivot | None:
        """A pivot that a reply did not take: alike before it, and something else in its place."""
        for pivot in self.pivots:
            before, place = pivot.solution_tokens[: pivot.position], pivot.position
            if tokens[:place] == before and place < len(tokens) and tokens[place] != pivot.solution_tokens[place]:
                return pivot
        return None

    def along(self, solution: SearchedSolution) -> list[Pivot]:
        """The pivots on one of the solutions, from its beginning on."""
        tokens = solution.solution_tokens
        ends = {pivot.position + pivot.length: pivot for pivot in self.pivots}
        return [pivot for end, pivot in sorted(ends.items()) if pivot.solution_tokens[:end] == tokens[:end]]

    def parts(self, solution: SearchedSolution) -> Iterator[tuple[str, Pivot | None]]:
        """A solution's text in parts: pivotal tokens, and what lies between them."""
        place = 0
        for pivot in self.along(solution):
            if pivot.position < place:  # within the one before
                continue
            end = pivot.position + pivot.length
            yield "".join(solution.strings[place : pivot.position]), None
            yield "".join(solution.strings[pivot.position : end]), pivot
            place = end
        yield "".join(solution.strings[place:]), None


class SearchedQuestions:
    """All questions of a search, those with the largest pivots first."""

    def __init__(self, folder: Path, model: str) -> None:
        """`model` is the name of the one that was searched, or empty. Raises HornbookError where files are missing."""
        self.model = model
        solutions = read_records(folder / "solutions.parquet", SearchedSolution)
        pivots = read_records(folder / "pivots.parquet", Pivot)
        by_id: dict[str, SearchedQuestion] = {}
        for solution in solutions:
            new = SearchedQuestion(solution.prompt, solution.prompt_tokens, [], [])
            by_id.setdefault(solution.question, new).solutions.append(solution)
        for pivot in pivots:
            by_id[pivot.question].pivots.append(pivot)
        with_pivots = [question for question in by_id.values() if question.pivots]
        self.questions = sorted(with_pivots, key=lambda question: -max(abs(pivot.delta) for pivot in question.pivots))
        self._by_text = {question.text.strip(): question for question in self.questions}

    def find(self, text: str) -> SearchedQuestion | None:
        """The question that is this text."""
        return self._by_text.get(text.strip())

    def compare(self, question: SearchedQuestion, tokens: list[int], tokenizer: PreTrainedTokenizerBase) -> list[str]:
        """What the search says of a reply to one of its questions, in a line or two."""
        taken = sum(question.passed(tokens[: end + 1]) is not None for end in range(len(tokens)))
        model = f" with {self.model}" if self.model else ""
        lines = [f"searched{model}: {taken} of {len(question.pivots)} pivotal tokens found are in this reply"]
        if missed := question.missed(tokens):
            there, here = (
                printable_token(token_text(tokenizer, t[missed.position])) for t in (missed.solution_tokens, tokens)
            )
            change = f"{missed.p_before:.2f} to {missed.p_after:.2f}"
            lines.append(f"at token {missed.position + 1} it says {here}; with {there} p(success) goes from {change}")
        return lines
