"""What tokens and sentences were worth, out of a search that is written down by hand."""

import json
from pathlib import Path

import pytest

from hornbook.base.files import read_records, write_records
from hornbook.base.records import Pair
from hornbook.pts.export import export_search, text_row
from hornbook.pts.records import Point, RolloutRecord, SearchedSolution
from hornbook.pts.sentence_counterfactuals import likeness, sentence_rows
from hornbook.pts.token_advantages import advantage_rows, point_difference
from tests.inference.tiny import tiny_tokenizer
from tests.pts.search_fixtures import decode, encode, pivot, searched, solution, write_search

LIKENESS = [  # two sentences, and whether they say the same
    ("First, add the two numbers together.", "First, add the two numbers together.", True),
    ("First, add the two numbers together.", "first, add these two numbers together.", True),
    ("First, add the two numbers together.", "Let us multiply instead.", False),
    ("So 2 + 3 = 5 and that is the end.", "So 2 + 3 = 6 and that is the end.", False),
    ("So 2 + 3 it is and that is the end.", "So 2 * 3 it is and that is the end.", False),
    ("It costs 1,500 in all, I think.", "It costs 1,500 in all, I guess.", True),
    ("", "", True),
    ("Yes.", "", False),
]


@pytest.mark.parametrize(("one", "other", "alike"), LIKENESS)
def test_sentences_that_say_the_same(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= 0.8) == alike == (likeness(other, one) >= 0.8)


def test_advantages_add_up_to_the_verdict_and_have_their_intervals() -> None:
    right, wrong, _ = searched()[0]
    rows = list(advantage_rows([right, wrong], []))
    for row, of in zip(rows, (right, wrong), strict=True):
        assert {len(row[name]) for name in ("completion_ids", "advantages", "low", "high", "spans")} == {
            len(of.solution_tokens)
        }
        assert sum(row["advantages"]) == pytest.approx(of.estimates[-1].p - of.estimates[0].p)
        intervals = zip(row["low"], row["advantages"], row["high"], strict=True)
        assert all(low < move < high for low, move, high in intervals)
        assert set(row["spans"]) == {1}
    assert rows[0]["advantages"][4] == pytest.approx(0.4)


def test_a_pivot_has_its_own_interval() -> None:
    right = searched()[0][0]
    found = pivot(right, 4)
    row = next(advantage_rows([right], [found]))
    assert (row["advantages"][4], row["low"][4], row["high"][4]) == (found.delta, found.delta_low, found.delta_high)
    assert row["low"][3] != found.delta_low


def test_tokens_between_two_estimates_share_their_move() -> None:
    of = solution(1, "abcdef", True, [], "?")
    of.estimates = [Point(1, 0.2, 0.1, 0.3, 40), Point(4, 0.8, 0.7, 0.9, 40), Point(5, 0.8, 0.7, 0.9, 40)]
    row = next(advantage_rows([of], []))
    assert row["spans"] == [0, 3, 3, 3, 1, 0]  # 0: nothing is known of it
    assert row["advantages"] == pytest.approx([0, 0.2, 0.2, 0.2, 0, 0])
    assert (row["low"][0], row["high"][0]) == (-1.0, 1.0)


HALF, NEVER, ALWAYS = (0.5, 0.4, 0.6), (0.0, 0.0, 0.3), (1.0, 0.7, 1.0)


@pytest.mark.parametrize(("before", "after"), [(HALF, HALF), (NEVER, ALWAYS), (HALF, ALWAYS), ((1, 1, 1), (0, 0, 0))])
def test_a_difference_stays_within_its_bounds(before, after) -> None:
    delta, low, high = point_difference(Point(0, *before, 10), Point(1, *after, 10))
    assert -1 <= low <= delta <= high <= 1
    back = point_difference(Point(0, *after, 10), Point(1, *before, 10))
    assert back == pytest.approx((-delta, -high, -low))


GOOD, BAD, SAME = "Add them up. ", "Guess it now. ", "Add them up now. "
SAID = [  # given tokens, what was sampled, and whether it was right
    ("", f"{GOOD}It is 5.", True),  # the solution itself: no fair sample
    ("", f"{GOOD}It is 5.", True),
    ("", f"{GOOD}It is 6.", False),
    (GOOD.rstrip(), " It is 5.", True),
    ("", f"{BAD}It is 7.", False),
    ("", f"{BAD}It is 5.", True),
    ("", "No. It is 9.", False),
    ("", f"{SAME}It is 8.", False),
    ("Add", " nothing. It is 0.", False),  # begins within the sentence: says nothing of what it could have been
]


def test_sentences_that_were_replaced() -> None:
    of = solution(1, f"{GOOD}It is 5.", True, [], "2 + 3?")
    rollouts = [
        RolloutRecord("question-1", "search", number, -1, encode(given), encode(said), "stop", right)
        for number, (given, said, right) in enumerate(SAID)
    ]
    first, last = sentence_rows([of], rollouts, decode)
    assert (first["sentence"], last["prefix"]) == (GOOD.rstrip(), GOOD.rstrip())
    assert (first["p_with"]["n"], first["p_with"]["p"]) == (3, pytest.approx(2 / 3))
    assert (first["p_without"]["n"], first["p_without"]["p"]) == (3, pytest.approx(1 / 3))
    assert first["delta"] == pytest.approx(1 / 3)
    low, high = first["delta_interval"]
    assert low < 0 < first["delta"] < high  # so few rollouts say little
    assert first["alike"] == 1  # "Add them up now." says the same
    assert [other["text"].strip() for other in first["others"]] == ["Guess it now.", "No."]
    assert (last["p_with"]["n"], last["p_without"]["n"], last["p_without"]["p"]) == (2, 1, 0.0)


def test_the_files_are_json_lines(tmp_path: Path) -> None:
    write_search(tmp_path)
    write_records(tmp_path / "solutions.parquet", SearchedSolution, [s for s in searched()[0] if s.id != "solution-1"])

    class Characters:
        def decode(self, tokens: list[int], **options: bool) -> str:
            return decode(tokens)

    for name, file in (("advantages", "advantages.jsonl"), ("sentences", "sentences.jsonl")):
        path = export_search(tmp_path, name, Characters())  # type: ignore[arg-type]
        assert path == tmp_path / file
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert rows and len({tuple(row) for row in rows}) == 1


def test_pairs_as_text_lose_their_end_token_only_where_they_are_complete() -> None:
    """TRL appends an EOS to `chosen` and `rejected`; datasets reads columns of one type."""
    tokenizer = tiny_tokenizer()
    end = tokenizer.eos_token_id
    said = tokenizer.encode("yes", add_special_tokens=False)
    from hornbook.pts.export import TokenDecoder

    text = TokenDecoder(tokenizer)
    for ends, expected in ((True, "yes"), (False, f"yes{tokenizer.eos_token}")):
        pair = Pair(id="p", kind="k", prompt_tokens=said, chosen_tokens=[*said, end], rejected_tokens=said, ends=ends)
        row = text_row(pair, text)
        assert (row["prompt"], row["chosen"], row["rejected"], row["ends"]) == ("yes", expected, "yes", ends)
    assert row["same_ids"] == (tokenizer.encode("yesyes", add_special_tokens=False) == said + said)


def test_any_folder_of_pairs_will_do_for_trl(tmp_path: Path) -> None:
    write_search(tmp_path / "search")
    (tmp_path / "pairs").mkdir()
    pairs = read_records(tmp_path / "search", Pair)
    size = len(tiny_tokenizer())
    for pair in pairs:
        for name in ("prompt_tokens", "chosen_tokens", "rejected_tokens"):
            setattr(pair, name, [token % size for token in getattr(pair, name)])
    write_records(tmp_path / "pairs/pairs.parquet", Pair, pairs)
    rows = [
        json.loads(line)
        for line in export_search(tmp_path / "pairs", "trl-text", tiny_tokenizer()).read_text().splitlines()
    ]
    assert len(rows) == len(pairs)
    assert all(isinstance(row[name], str) for row in rows for name in ("prompt", "chosen", "rejected"))
