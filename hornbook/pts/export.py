"""Export a search as JSON lines for other tools: pivots, pairs, token advantages and sentence counterfactuals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import atomic, read_records
from hornbook.base.records import Pair, Pivot
from hornbook.pts.page import pivot_tokens
from hornbook.pts.records import RolloutRecord, SearchedSolution
from hornbook.pts.sentence_counterfactuals import sentence_rows
from hornbook.pts.token_advantages import advantage_rows
from hornbook.tokenizer.chat import stop_ids

FILES = {
    "jsonl": "pivots.jsonl",
    "trl": "trl.jsonl",
    "trl-text": "trl-text.jsonl",
    "advantages": "advantages.jsonl",
    "sentences": "sentences.jsonl",
}


def export_search(folder: Path, format: str, tokenizer: PreTrainedTokenizerBase) -> Path:
    """Write the output of a search in FOLDER as JSON lines to the file named by FILES; returns the file's path.

    `jsonl` gives a line for each pivot, `trl` for each pair as ids, `trl-text` for each pair as text, `advantages` for
    each solution, `sentences` for each sentence that some rollouts replaced (docs/pts-export.md). The two for TRL work
    with any stage's folder of pairs. Use the ids: a token may be part of a character, and a prefix that is tokenised
    again may differ from the one that was sampled.
    Raises HornbookError for another format, or a folder without the files of a search.
    """
    if format not in FILES:
        raise HornbookError(f"export format {format!r}; expected one of {', '.join(sorted(FILES))}")
    return _write(folder / FILES[format], _rows(folder, format, TokenDecoder(tokenizer)))


def _rows(folder: Path, format: str, text: "TokenDecoder") -> Iterator[dict[str, Any]]:
    if format == "trl":
        yield from (trl_row(pair, text) for pair in read_records(folder / "pairs.parquet", Pair))
        return
    if format == "trl-text":
        yield from (text_row(pair, text) for pair in read_records(folder / "pairs.parquet", Pair))
        return
    solutions = read_records(folder / "solutions.parquet", SearchedSolution)
    if format == "sentences":
        yield from sentence_rows(solutions, read_records(folder / "rollouts.parquet", RolloutRecord), text.of)
        return
    pivots = read_records(folder / "pivots.parquet", Pivot)
    if format == "advantages":
        yield from advantage_rows(solutions, pivots)
    else:
        yield from pivot_rows(pivots, read_records(folder / "pairs.parquet", Pair), solutions, text)


class TokenDecoder:
    """Token ids as text. Incomplete characters are shown as �; special tokens are kept."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    def of(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def without_end(self, tokens: list[int]) -> str:
        """The text of a complete reply without the end token, which a trainer appends itself."""
        stops = set(stop_ids(self.tokenizer))
        return self.of(tokens[:-1] if tokens and tokens[-1] in stops else tokens)

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))


def trl_row(pair: Pair, text: TokenDecoder) -> dict[str, Any]:
    """A pair with ids in TRL's columns. The text columns deliberately have other names than TRL's.

    Columns named prompt, chosen and rejected would be tokenised again by TRL, silently, with an EOS appended.
    """
    return {
        "id": pair.id,
        "prompt_ids": pair.prompt_tokens,
        "chosen_ids": pair.chosen_tokens,
        "rejected_ids": pair.rejected_tokens,
        "prompt_text": text.of(pair.prompt_tokens),
        "chosen_text": text.of(pair.chosen_tokens),
        "rejected_text": text.of(pair.rejected_tokens),
    }


def text_row(pair: Pair, text: TokenDecoder) -> dict[str, Any]:
    """A pair as text in TRL's columns `prompt`, `chosen` and `rejected`.

    `ends` says whether the sides are complete replies: where they are not, a trainer must append no EOS. `same_ids` is
    whether the texts, tokenised, are the very ids that were sampled.
    """
    side = text.without_end if pair.ends else text.of
    texts = {"prompt": text.of(pair.prompt_tokens), "chosen": side(pair.chosen_tokens)}
    texts["rejected"] = side(pair.rejected_tokens)
    sampled = [pair.prompt_tokens + tokens for tokens in (pair.chosen_tokens, pair.rejected_tokens)]
    again = [text.ids(text.of(tokens)) for tokens in sampled]
    return {"id": pair.id, "kind": pair.kind, **texts, "ends": pair.ends, "same_ids": again == sampled}


def pivot_rows(
    pivots: list[Pivot], pairs: list[Pair], solutions: list[SearchedSolution], text: TokenDecoder
) -> Iterator[dict[str, Any]]:
    """A row for each pivot. Where no opposite token was found, that side is null."""
    questions = {solution.question: solution for solution in solutions}
    pair_of = {parent: pair for pair in reversed(pairs) for parent in pair.parents}
    for pivot in pivots:
        pair, question = pair_of.get(pivot.id), questions[pivot.question]
        own = pivot_tokens(pivot)
        accepted = pair.chosen_tokens if pair else own if pivot.delta > 0 else []
        rejected = pair.rejected_tokens if pair else own if pivot.delta < 0 else []
        prefix = pivot.prompt_tokens + pivot.solution_tokens[: pivot.position]
        yield {
            "id": pivot.id,
            "question_id": pivot.question,
            "task": question.task,
            "question": question.prompt,
            "prefix": text.of(prefix),
            "prefix_ids": prefix,
            "prompt_length": len(pivot.prompt_tokens),
            "pivot": _side(own, text),
            "accepted": _side(accepted, text),
            "rejected": _side(rejected, text),
            "p_before": pivot.p_before,
            "p_after": pivot.p_after,
            "delta": pivot.delta,
            "delta_interval": [pivot.delta_low, pivot.delta_high],
            "n_before": pivot.n_before,
            "n_after": pivot.n_after,
            "n_fresh": pivot.n_fresh,
            "confirmed": pivot.confirmed,
            "error": pivot.error,
        }


def _side(tokens: list[int], text: TokenDecoder) -> dict[str, Any] | None:
    return {"text": text.of(tokens), "ids": tokens} if tokens else None


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    with atomic(path) as temporary, temporary.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
    return path
