"""What a claim says, and what the JSON file holds."""

import json
import math
from pathlib import Path

import pytest

from benchmarks.harness import Claim, meter, number, write_claims
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
