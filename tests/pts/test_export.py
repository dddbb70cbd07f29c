"""Exports: what other tools read has the very ids that were sampled, whatever their text looks like."""

import json
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Pair, Pivot
from hornbook.pts.export import export_search
from hornbook.pts.records import SearchedSolution
from tests.inference.tiny import tiny_tokenizer
from tests.pts.search_fixtures import write_search

TOKENIZER = tiny_tokenizer()


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """The written search, its characters replaced by ids of the tiny tokenizer."""
    write_search(tmp_path)
    size = len(TOKENIZER)
    for name, cls in (("pivots", Pivot), ("pairs", Pair), ("solutions", SearchedSolution)):
        records = read_records(tmp_path / f"{name}.parquet", cls)
        for record in records:
            for field in ("prompt_tokens", "solution_tokens", "chosen_tokens", "rejected_tokens"):
                if hasattr(record, field):
                    setattr(record, field, [token % size for token in getattr(record, field)])
            if isinstance(record, Pivot):
                record.token %= size
        write_records(tmp_path / f"{name}.parquet", cls, records)
    return tmp_path


def test_trl_has_the_ids_of_every_pair_and_no_eos(folder: Path) -> None:
    pairs = read_records(folder, Pair)
    exported = rows(export_search(folder, "trl", TOKENIZER))
    ids = [(row["prompt_ids"], row["chosen_ids"], row["rejected_ids"]) for row in exported]
    assert ids == [(pair.prompt_tokens, pair.chosen_tokens, pair.rejected_tokens) for pair in pairs]
    assert all(len(chosen) == len(rejected) == 1 for _, chosen, rejected in ids)


def test_trl_refuses_to_be_taken_for_text(folder: Path) -> None:
    """Under TRL's text columns the pairs would be tokenised again and an EOS appended."""
    assert not {"prompt", "chosen", "rejected"} & set(rows(export_search(folder, "trl", TOKENIZER))[0])


def test_jsonl_has_a_line_for_each_pivot(folder: Path) -> None:
    pivots = read_records(folder, Pivot)
    exported = rows(export_search(folder, "jsonl", TOKENIZER))
    assert [row["id"] for row in exported] == [pivot.id for pivot in pivots]
    first = exported[0]
    assert first["prefix_ids"] == pivots[0].prompt_tokens + pivots[0].solution_tokens[:4]
    assert first["accepted"]["ids"] == [pivots[0].token] == first["pivot"]["ids"]
    assert first["rejected"]["text"] == TOKENIZER.decode(first["rejected"]["ids"])
    assert first["delta"] == pytest.approx(0.4) and first["delta_interval"] == pytest.approx([0.25, 0.55])
    assert (first["n_before"], first["n_after"], first["n_fresh"], first["confirmed"]) == (40, 40, 60, True)


def test_a_pivot_without_an_opposite_has_one_side(folder: Path) -> None:
    write_records(folder / "pairs.parquet", Pair, [])
    raises, lowers = rows(export_search(folder, "jsonl", TOKENIZER))
    assert raises["accepted"] and raises["rejected"] is None
    assert lowers["rejected"] and lowers["accepted"] is None
    assert rows(export_search(folder, "trl", TOKENIZER)) == []


class HalfCharacters:
    """A tokenizer over bytes: most of its tokens are no whole character."""

    def decode(self, tokens: list[int], **options: bool) -> str:
        return bytes(token % 256 for token in tokens).decode("utf-8", "replace")


def test_tokens_that_are_no_whole_characters_keep_their_ids(folder: Path) -> None:
    pairs = read_records(folder, Pair)
    pairs[0].chosen_tokens, pairs[0].rejected_tokens = [0xE2], [0x0A]
    write_records(folder / "pairs.parquet", Pair, pairs)
    row = rows(export_search(folder, "trl", HalfCharacters()))[0]  # type: ignore[arg-type]
    assert (row["chosen_ids"], row["chosen_text"], row["rejected_text"]) == ([0xE2], "�", "\n")


def test_another_format_is_named(folder: Path) -> None:
    with pytest.raises(
        HornbookError, match="export format 'csv'; expected one of advantages, jsonl, sentences, trl, trl-text"
    ):
        export_search(folder, "csv", TOKENIZER)
