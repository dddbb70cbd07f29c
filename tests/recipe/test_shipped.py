"""Recipes that come with the package, recipes to start from, and the schema that editors check recipes by."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from hornbook.base.errors import HornbookError
from hornbook.cli.main import hornbook
from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.schema import recipe_schema
from hornbook.recipe.shipped import STARTERS, find_recipe, shipped
from hornbook.recipe.stage_registry import STAGE_TYPES

ALL = {**shipped(), **STARTERS}


@pytest.fixture(scope="module")
def validator():
    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", STARTERS)
def test_a_recipe_to_start_from_can_be_planned_as_it_is(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(hornbook, ["init", name]).exit_code == 0
    shown = CliRunner().invoke(hornbook, ["plan", f"{name}.yaml"])
    assert shown.exit_code == 0, shown.exception
    text = Path(f"{name}.yaml").read_text()
    assert f"{name}.yaml" in text and "#" in text
    again = CliRunner().invoke(hornbook, ["init", name])
    assert isinstance(again.exception, HornbookError) and "exists already" in str(again.exception)
    assert Path(f"{name}.yaml").read_text() == text


def test_recipes_are_found_by_name_and_a_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_recipe(find_recipe(Path("pocket"))).name == "pocket"
    assert find_recipe(Path("kinds")).parent.name == "experiments"
    Path("pocket").write_text("stages: {trivia: {}}")
    assert find_recipe(Path("pocket")) == Path("pocket")
    with pytest.raises(HornbookError, match=r"none: no such recipe; expected a file, or one that .*: .*pocket"):
        load_recipe(find_recipe(Path("none")))


@pytest.mark.parametrize("name", ALL)
def test_recipes_meet_the_schema(validator, name):
    validator.validate(yaml.safe_load(ALL[name].read_text()))


@pytest.mark.parametrize(
    "stages",
    [
        {},
        {"a": {}},
        {"a": {"kind": "sfd", "model": "./m", "samples": "./s"}},
        {"sft": {"samples": "./s"}},
        {"sft": {"model": "./m", "samples": "./s", "epoch": 2}},
        {"sft": {"model": "./m", "samples": "./s", "sharding": "all"}},
        {"s": {"kind": "synth", "documents": "./d", "kinds": {"textbook": {"recrods": 2}}}},
    ],
)
def test_the_schema_refuses_what_a_recipe_must_not_say(validator, stages):
    assert not validator.is_valid({"stages": stages})


def test_the_schema_takes_the_short_forms_that_recipes_take(validator):
    short = {
        "sft": {"model": "./m", "samples": ["./a", "./b"]},
        "synth": {"documents": "./d", "kinds": ["web", "textbook", "./mine.py"], "teacher": {"local": "smollm2"}},
    }
    validator.validate({"stages": short, "teacher": {"local": "smollm2"}, "engine": {"backend": "torch"}})


def test_the_schema_describes_every_stage_and_setting():
    schema = json.loads(CliRunner().invoke(hornbook, ["schema"]).output)
    for kind in STAGE_TYPES.values():
        described = schema["$defs"][f"stage {kind.name}"]
        assert described["description"] == kind.does
        assert set(described["properties"]) == {*kind.settings.model_fields, *kind.inputs, "kind", "seed", "expect"}
