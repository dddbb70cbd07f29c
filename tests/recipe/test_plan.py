"""Plans: the report's figures at full size, and why a stage would run."""

import re
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.mixture.epochs import epochs
from hornbook.recipe.hardware import parse_hardware
from hornbook.recipe.plan import duration, print_plan, short_number, stage_cost
from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.status import stage_statuses
from hornbook.teacher.prices import DATE

ROOT = Path(__file__).parent.parent.parent
RECIPES = [*(ROOT / "recipes").glob("*.yaml"), *(ROOT / "recipes" / "experiments").glob("*.yaml")]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_that_comes_with_the_project_can_be_planned(path, capsys):
    print_plan(load_recipe(path), Path("nowhere"), "h100:8")
    assert "To run:" in capsys.readouterr().out


def test_the_full_size_recipe_has_the_reports_figures():
    recipe = load_recipe(ROOT / "recipes" / "phi-4.yaml")
    cost = stage_cost(recipe, recipe.stage("pretrain"))
    assert cost.parameters == pytest.approx(14.66e9, rel=1e-3)
    assert cost.tokens == 10**13
    settings = recipe.stage("mixture").settings
    passes = epochs(settings.shares, settings.tokens, settings.declared_unique_tokens)
    table_5 = {"web": 1.2, "web_rewrite": 5.2, "synthetic": 13.8, "code": 2.4, "acquired": 1.7}
    assert {name: round(number, 1) for name, number in passes.items()} == table_5


def test_the_epochs_are_printed(capsys):
    print_plan(load_recipe(ROOT / "recipes" / "phi-4.yaml"), Path("nowhere"), "h100:1920")
    shown = capsys.readouterr().out
    for figure in ("14.66 B", "13.8", "5.2", "1.2"):
        assert figure in shown


def test_the_synthesis_of_the_full_size_recipe_has_the_reports_tokens():
    """About 400 B unweighted tokens (report 2.2), by the kinds' own sizes."""
    recipe = load_recipe(ROOT / "recipes" / "phi-4.yaml")
    cost = stage_cost(recipe, recipe.stage("synthetic"))
    assert cost.tokens == pytest.approx(400e9, rel=0.2)
    assert cost.calls > 10**9 and cost.tokens_in > cost.tokens_out > cost.tokens


EXPECTED = [  # what the recipe says, and calls, tokens in and tokens out, in parts of what is planned without it
    ("{}", (1, 1, 1)),
    ("{kept: 0.45}", (2, 2, 2)),
]


@pytest.mark.parametrize(("expect", "parts"), EXPECTED)
def test_the_plan_shows_calls_and_tokens_and_takes_what_is_expected(tmp_path, monkeypatch, capsys, expect, parts):
    (tmp_path / "recipe.yaml").write_text(f"""
teacher: {{url: "http://a", model: mine}}
stages:
  one: {{kind: synth, documents: ./docs, kinds: [faq], records: 9000}}
  two: {{kind: synth, documents: ./docs, kinds: [faq], records: 9000, expect: {expect}}}
  three: {{kind: synth, documents: ./docs, kinds: [faq], expect: {{teacher_calls: 70, answer_tokens_per_call: 1000}}}}
""")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    loaded = load_recipe(tmp_path / "recipe.yaml")
    one, two, three = (stage_cost(loaded, stage) for stage in loaded.stages)
    numbers = [(cost.calls, cost.tokens_in, cost.tokens_out) for cost in (one, two)]
    assert [other / planned for planned, other in zip(*numbers, strict=True)] == pytest.approx(parts, rel=1e-3)
    assert one.tokens == two.tokens and one.calls == 20_000  # written and verified, 0.9 of them kept
    assert (three.calls, three.tokens_out) == (70, 70_000)
    print_plan(loaded, tmp_path / "run", "cpu:2")
    shown = capsys.readouterr().out
    assert " in " in shown and " out " in shown and re.search(r"\([\d.]+ M tokens in, [\d.]+ M out\)", shown)


def test_a_stage_that_was_never_run_says_so(tmp_path):
    recipe = load_recipe(ROOT / "recipes" / "pocket.yaml")
    assert {standing.why for standing in stage_statuses(recipe, tmp_path)} == {"not run yet"}


@pytest.mark.parametrize(
    ("text", "message"), [("h10", "did you mean 'h100'"), ("h100:x", "expected NAME or NAME:COUNT")]
)
def test_unknown_hardware_is_named(text, message):
    with pytest.raises(HornbookError, match=message):
        parse_hardware(text)


def test_numbers_read_well():
    assert [short_number(n) for n in (12, 1.5e6, 1e13, None)] == ["12", "1.5 M", "10 T", ""]
    assert [duration(n) for n in (5, 90, 7200, 864000, 0)] == ["5 s", "1.5 min", "2.0 h", "10.0 days", ""]


def test_several_teachers_share_the_calls_and_the_price_by_weight(tmp_path, monkeypatch):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("""
teacher: {local: smollm2}
stages:
  one: {kind: synth, documents: ./docs, kinds: [textbook], teacher: {url: "http://a", model: a, price_out: 8}}
  two:
    kind: synth
    documents: ./docs
    kinds: [textbook]
    teachers:
      - {url: "http://a", model: a, price_out: 8, weight: 1}
      - {url: "http://b", model: b, price_out: 4, weight: 3}
""")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    loaded = load_recipe(recipe)
    one, two = (stage_cost(loaded, stage) for stage in loaded.stages)
    assert one.calls == two.calls > 0
    assert two.price == pytest.approx(one.price * 5 / 8)


PRICES = [  # the teacher, what the plan says is to be paid ("" where nothing is known), and where that is from
    ("{local: smollm2}", "", False),
    ("{url: 'http://a', model: mine}", "", False),
    ("{url: 'http://a', model: mine, price_in: 0, price_out: 0}", "0.00 to pay", False),
    ("{url: 'http://a', model: mine, price_out: 8}", r"[1-9][\d.]* to pay", False),
    ("{url: 'https://a', model: gpt-4o-mini}", r"\d\.\d*[1-9]\d* to pay", True),
    ("{url: 'https://a', model: gpt-4o-mini, price_in: 1000, price_out: 1000}", r"[1-9]\d*\.\d+ to pay", False),
]


@pytest.mark.parametrize(("teacher", "to_pay", "assumed"), PRICES)
def test_the_plan_prints_a_price_only_where_it_is_known(tmp_path, monkeypatch, capsys, teacher, to_pay, assumed):
    (tmp_path / "recipe.yaml").write_text(f"""
teacher: {teacher}
stages:
  one: {{kind: synth, documents: ./docs, kinds: [textbook], records: 1000}}
""")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    print_plan(load_recipe(tmp_path / "recipe.yaml"), tmp_path / "run", "cpu:2")
    shown = capsys.readouterr().out
    assert "teacher calls" in shown and ("to pay" in shown) == bool(to_pay)
    assert re.search(to_pay, shown) and (f"as of {DATE}" in shown) == assumed


def test_a_sum_in_which_a_price_is_unknown_is_a_least_one(tmp_path, monkeypatch, capsys):
    (tmp_path / "recipe.yaml").write_text("""
teacher: {local: smollm2}
stages:
  one: {kind: synth, documents: ./docs, kinds: [textbook]}
  two: {kind: synth, documents: ./docs, kinds: [textbook], teacher: {url: "http://a", model: a, price_out: 8}}
""")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    print_plan(load_recipe(tmp_path / "recipe.yaml"), tmp_path / "run", "cpu:2")
    assert "at least" in capsys.readouterr().out
