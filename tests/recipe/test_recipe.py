"""Reading a recipe: what is wrong is said in one line that names the place."""

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.recipe.recipe import load_recipe

GOOD = """
seed: 1
stages:
  documents: {kind: curate}
  tokenizer: {kind: tokenizer, documents: documents}
  mixture: {kind: mixture, tokenizer: tokenizer, documents: documents, tokens: 1000, context: 64, shares: {web: 1.0}}
  pretrain: {kind: pretrain, tokens: mixture, tokenizer: tokenizer}
"""


def recipe(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    return load_recipe(path)


def keys(loaded):
    return {stage.name: stage.key for stage in loaded.stages}


def test_a_good_recipe_is_read_in_order(tmp_path):
    assert list(keys(recipe(tmp_path, GOOD))) == ["documents", "tokenizer", "mixture", "pretrain"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seed: 1", "sed: 1"), r"sed: unknown key \(did you mean 'seed'\?\)"),
        (("seed: 1", "seed: one"), "seed: expected a whole number, got 'one'"),
        (("{kind: curate}", "{kind: curate, seed: x}"), r"stages\.documents\.seed: expected a whole number, got 'x'"),
        (("kind: pretrain", "kind: pretrian"), r"unknown kind 'pretrian' \(did you mean 'pretrain'\?\)"),
        (("tokens: 1000", "tokns: 1000"), r"stages\.mixture\.tokns: unknown key \(did you mean 'tokens'\?\)"),
        (("tokens: 1000", "tokens: lots"), r"stages\.mixture\.tokens: .*got 'lots'"),
        (("tokens: mixture", "tokens: documents"), "stage 'documents' makes documents, not tokens; .*: mixture"),
        (("tokens: mixture", "tokens: misture"), "no stage 'misture' above this one; .*: mixture"),
        (("tokens: mixture,", ""), r"stages\.pretrain\.tokens: missing; expected a stage above that makes tokens"),
        (("{web: 1.0}", "{web: 1.0"), "not valid YAML"),
        (("stages:", "stages: []\nname:"), "stages: expected a mapping"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, change, message):
    assert change[0] in GOOD
    with pytest.raises(HornbookError, match=message) as caught:
        recipe(tmp_path, GOOD.replace(*change))
    assert "\n" not in str(caught.value)


def test_a_missing_file_of_the_user_is_named_before_anything_runs(tmp_path):
    loaded = recipe(tmp_path, GOOD.replace("tokens: mixture", "tokens: ./nowhere"))
    with pytest.raises(HornbookError, match=r"stages\.pretrain\.tokens: \./nowhere: no such file or folder"):
        loaded.check_files()


def test_a_missing_recipe(tmp_path):
    with pytest.raises(HornbookError, match="no such recipe"):
        load_recipe(tmp_path / "none.yaml")


def test_a_changed_setting_changes_the_keys_of_its_stage_and_of_what_follows(tmp_path):
    before, after = keys(recipe(tmp_path, GOOD)), keys(recipe(tmp_path, GOOD.replace("context: 64", "context: 128")))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"mixture", "pretrain"}


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("seed: 1\n", "") + "seed: 1", "---" + GOOD])
def test_another_seed_can_be_given(tmp_path, text):
    given = recipe(tmp_path, text)
    other = load_recipe(tmp_path / "r.yaml", 4)
    assert (given.seed, other.seed) == (1, 4)
    assert not set(keys(given).values()) & set(keys(other).values())
    again = recipe(tmp_path, other.text)
    assert again.seed == 4 and keys(again) == keys(other)


def test_a_seed_can_be_given_to_a_recipe_without_one(tmp_path):
    (tmp_path / "r.yaml").write_text(GOOD.replace("seed: 1\n", ""))
    assert recipe(tmp_path, load_recipe(tmp_path / "r.yaml", 4).text).seed == 4


def test_a_stage_with_a_seed_of_its_own_is_the_same_whatever_the_seed_of_the_recipe(tmp_path):
    own = recipe(tmp_path, GOOD.replace("{kind: curate}", "{kind: curate, seed: 7}"))
    others = load_recipe(own.path, seed=2)
    assert own.stages[0].key == others.stages[0].key
    assert own.stages[0].seed == derive(7, "curate")  # as `hornbook curate --seed 7`
    assert own.stages[1].seed != others.stages[1].seed


def test_what_cannot_change_the_output_does_not_change_the_keys(tmp_path):
    threads = GOOD.replace("tokens: mixture,", "tokens: mixture, threads: 1, expect: {tokens: 5},")
    assert keys(recipe(tmp_path, GOOD)) == keys(recipe(tmp_path, threads))


def test_a_changed_input_file_changes_the_key(tmp_path):
    mine = tmp_path / "mine.jsonl"
    text = GOOD.replace("{kind: curate}", f"{{kind: curate, documents: {mine}}}")
    mine.write_text('{"text": "a"}\n')
    before = keys(recipe(tmp_path, text))
    mine.write_text('{"text": "b"}\n')
    assert before["documents"] != keys(recipe(tmp_path, text))["documents"]


SAMPLING = """
stages:
  pts: {model: ./model, questions: ./questions, batch_size: 8}
  evaluation: {model: ./model, questions: ./questions}
  judged-pairs: {model: ./model, questions: ./questions}
  refusal: {model: ./model, questions: ./questions}
"""
SERVER = "engine: {backend: server, url: http://here:1}"


@pytest.mark.parametrize("stage", ["pts", "evaluation", "judged-pairs", "refusal"])
def test_what_samples_is_chosen_by_the_same_settings_in_every_stage(tmp_path, stage):
    def with_engine(engine):
        return recipe(tmp_path, SAMPLING.replace(f"{stage}: {{", f"{stage}: {{{engine}, "))

    (served,) = [s for s in with_engine(SERVER).stages if s.name == stage]
    assert (served.settings.engine.backend, served.settings.engine.url) == ("server", "http://here:1")
    before, here = keys(recipe(tmp_path, SAMPLING)), keys(with_engine(SERVER))
    there = keys(with_engine("engine: {backend: server, url: http://there:2, concurrency: 9, served_model: m}"))
    assert here == there  # where it is does not matter, what it is does
    assert {name for name in before if before[name] != here[name]} == {stage}
    for wrong, message in [
        ("engine: {backend: sever}", rf"stages\.{stage}\.engine\.backend: input should be .*got 'sever'"),
        ("engine: {url: http://here:1}", rf"stages\.{stage}\.engine: backend server goes with url"),
        ("engine: {server: http://here:1}", rf"stages\.{stage}\.engine\.server: unknown key"),
    ]:
        with pytest.raises(HornbookError, match=message) as caught:
            with_engine(wrong)
        assert "\n" not in str(caught.value)


def test_a_recipe_says_once_what_samples_and_a_stage_may_say_otherwise(tmp_path):
    own = SAMPLING.replace("judged-pairs: {", f"judged-pairs: {{{SERVER}, ")
    once = recipe(tmp_path, f"engine: {{backend: vllm}}\n{own}")
    backends = {stage.name: stage.settings.engine.backend for stage in once.stages}
    assert backends == {"pts": "vllm", "evaluation": "vllm", "judged-pairs": "server", "refusal": "vllm"}
    alone = recipe(tmp_path, SAMPLING.replace("refusal: {", "refusal: {engine: {backend: vllm}, "))
    assert keys(once)["refusal"] == keys(alone)["refusal"]
