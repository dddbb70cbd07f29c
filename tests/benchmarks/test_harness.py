"""What a claim says, and what the JSON file holds."""

import json
import math
from pathlib import Path

import pytest

from benchmarks.harness import Claim, meter, number, run_parts, write_claims
from benchmarks.models import pocket_model
from hornbook.base.errors import HornbookError


def test_claims_are_written_with_every_field_and_no_number_that_json_lacks(tmp_path: Path) -> None:
    claims = [
        Claim("tokens", 10.0, 60.0, "tokens", 6.0, 5.0, 7.0, "5×", True),
        Claim("cost", 10.0, math.inf, "s", math.inf, math.nan, None, "20×", False),
    ]
    write_claims(tmp_path / "out.json", claims)
    first, second = json.loads((tmp_path / "out.json").read_text())["claims"]
    assert first == {
        "name": "tokens", "ours": 10.0, "peer": 60.0, "unit": "tokens", "ratio": 6.0, "low": 5.0, "high": 7.0,
        "goal": "5×", "met": True,
    }  # fmt: skip
    assert second["peer"] is second["ratio"] is second["low"] is second["high"] is None


def one_claim(bench: str) -> list[Claim]:
    return [Claim(bench, 1.0, 2.0, "s", 2.0, None, None, "shown", True)]


def failing(bench: str) -> list[Claim]:
    raise HornbookError("no model; run make demo")


def test_claims_are_kept_when_a_later_part_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.json"
    with pytest.raises(SystemExit, match="2"):
        run_parts({"good": one_claim, "bad": failing}, [], lambda: "bench", file)
    assert [claim["name"] for claim in json.loads(file.read_text())["claims"]] == ["bench"]
    assert capsys.readouterr().err == "error: part bad: no model; run make demo\n"


def test_a_part_may_be_skipped_unless_it_was_chosen(tmp_path: Path) -> None:
    parts = {"bad": failing, "good": one_claim}
    assert run_parts(parts, [], lambda: "bench", tmp_path / "all.json", skip_failed=True) == "bench"
    assert len(json.loads((tmp_path / "all.json").read_text())["claims"]) == 1
    with pytest.raises(SystemExit, match="2"):
        run_parts(parts, ["bad"], lambda: "bench", tmp_path / "one.json", skip_failed=True)


def test_the_meter_counts_processor_time_of_its_block() -> None:
    with meter() as spent:
        sum(range(2_000_000))
    assert spent.wall > 0
    assert spent.cpu > 0


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (math.inf, "–"), (1234.5, "1,234"), (0.12345, "0.123"), (12.0, "12")]
)
def test_figures_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


def test_without_a_pocket_run_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match="make demo"):
        pocket_model(None, tmp_path)
    with pytest.raises(HornbookError, match="make demo"):
        pocket_model(tmp_path / "nowhere")


def test_the_newest_sft_model_is_taken(tmp_path: Path) -> None:
    import os

    for age, name in enumerate(["sft-new", "sft-old"]):
        folder = tmp_path / name / "model"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    assert pocket_model(None, tmp_path) == tmp_path / "sft-new" / "model"
