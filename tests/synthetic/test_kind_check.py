"""A kind's file that does not fit its mechanism is refused when it is read, in one line with file and key."""

import re

import pytest
import yaml

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.cli.main import main
from hornbook.synthetic import stage
from hornbook.synthetic.kind_file import merged, read_kind_file
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.settings import SynthSettings
from tests.synthetic.corpus import write_corpus
from tests.synthetic.fake import good_teacher, opening

ABOUT = {"about": "Mine.", "axes": {"disputed": ["the date"]}}
REWRITE = {**ABOUT, "mechanism": "rewrite", "prompts": {"write": "{{ source }}"}, "record": {"text": "{{ text }}"}}
JUDGE = {"prompts": {"judge": "{{ talk }} {{ must }}"}, "options": {"judge": {"kind": "They are kind."}}}
DIALOGUE = {
    **ABOUT,
    "mechanism": "dialogue",
    "prompts": {"write": "{{ source }} {{ speakers[0] }}"},
    "options": {"speakers": ["{{ axes.disputed }}", "B"]},
    "record": {"text": "{{ talk }}"},
}
COMPUTED = {"question": "computation", "operations": [1, 2], "numbers": [1, 9], "largest": 99}
SOLVING = {
    **ABOUT,
    "mechanism": "solve_and_vote",
    "prompts": {"question": "{{ computation }}", "solve": "{{ problem }}"},
    "options": COMPUTED,
    "record": {"user": "{{ problem }}", "assistant": "{{ solution }}"},
}


def read(folder, said, *changes):
    for change in changes:
        said = merged(said, change)
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(said))
    return read_kind_file(file)["mine"]


@pytest.mark.parametrize("said", [REWRITE, DIALOGUE, merged(DIALOGUE, JUDGE), SOLVING])
def test_what_fits_is_read(tmp_path, said):
    assert read(tmp_path, said).name == "mine"


@pytest.mark.parametrize("profile", ["full", "small"])
def test_all_kinds_fit(profile):
    assert all(load_kind(name, profile).prompts for name in FAMILIES)


@pytest.mark.parametrize(
    ("said", "change", "message"),
    [
        (DIALOGUE, {"options": None}, "options.speakers is missing: expected the two names"),
        (DIALOGUE, {"options": {"speakers": ["A"]}}, "options.speakers: expected the two names"),
        (DIALOGUE, {"options": {"must": {}}}, "options.must: the mechanism has no such option (known: speakers"),
        (DIALOGUE, {"options": {"verifed": ["B"]}}, "options.verifed: .* (did you mean 'verified'?)"),
        (DIALOGUE, {"options": "A"}, "options: expected names with values, got 'A'"),
        (DIALOGUE, {"options": JUDGE["options"]}, "options.judge: goes only with prompts.judge"),
        (DIALOGUE, {"prompts": JUDGE["prompts"]}, "options.judge is missing: expected requirements by name"),
        (DIALOGUE, merged(JUDGE, {"options": {"judge": {"is kind": "x"}}}), "options.judge: expected requirements"),
        (DIALOGUE, merged(JUDGE, {"options": {"judge": {"a": "{{ tal }}"}}}), "options.judge.a: no 'tal' here"),
        (DIALOGUE, {"prompts": {"scenario": "x"}}, "prompts.scenario: never asked with these settings and options"),
        (DIALOGUE, {"prompts": {"write": "{{ left }}"}}, "prompts.write: no 'left' here (known: speakers, parts"),
        (DIALOGUE, {"record": {"text": "{{ text }}"}}, "record.text: no 'text' here (known: speakers, .*talk, summary"),
        (DIALOGUE, {"options": {"speakers": ["{{ me }}", "B"]}}, "options.speakers: no 'me' here (known: seed"),
        (REWRITE, {"prompts": {"write": "{{ axes.disputte }}"}}, "no 'axes.disputte' here (known: axes.disputed)"),
        (REWRITE, {"prompts": {"write": "{% if plan %}{{ typo }}{% endif %}"}}, "prompts.write: no 'typo' here"),
        (REWRITE, {"prompts": {"write": "{{ seed.txt }}"}}, "prompts.write: no 'seed.txt' here (known: .*seed.text"),
        (REWRITE, {"prompts": {"write": "{{ options.tone }}"}}, "no 'options.tone' here (known: none)"),
        (REWRITE, {"prompts": {"write": "{% include 'x.jinja' %}"}}, "prompts.write: no template x.jinja to include"),
        (REWRITE, {"prompts": {"write": "{{ source"}}, "prompts.write: line 1 of the template"),
        (REWRITE, {"prompts": {"judge": "x"}}, "prompts.judge: never asked without prompts.solve or prompts.alone"),
        (REWRITE, {"prompts": {"solve": "x"}}, "prompts.judge is missing"),
        (REWRITE, {"options": {"form": "table"}}, "options.form: table: not known (known: questions"),
        (REWRITE, {"options": {"rubric": "explanation"}}, "options.rubric: goes only with prompts.critique"),
        (REWRITE, {"prompts": {"critique": "x", "revise": "x"}}, "options.rubric is missing"),
        (REWRITE, {"record": {"texts": "x"}}, "record: expected text, or user and assistant, got text, texts"),
        (SOLVING, {"options": {"question": None}}, "options.question is missing (known: given, written"),
        (SOLVING, {"options": {"largest": "x"}}, "options.largest: expected the largest result"),
        (SOLVING, {"options": {"question": "given"}}, "options.largest: goes only with options.question: comp"),
        (SOLVING, {"prompts": {"plant": "x"}}, "prompts.plant: never asked with these settings and options"),
        (SOLVING, {"settings": {"reviewed": False}, "prompts": {"review": "x"}}, "prompts.review: never asked"),
        (SOLVING, {"prompts": {"question": None}}, "prompts.question is missing"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, said, change, message):
    pattern = "mine.yaml: .*" + re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(HornbookError, match=pattern) as raised:
        read(tmp_path, said, change)
    assert "\n" not in str(raised.value)


def test_show_refuses_it_too(tmp_path, monkeypatch, capsys):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(merged(REWRITE, {"record": {"text": "{{ txt }}"}})))
    monkeypatch.setattr("sys.argv", ["hornbook", "synth", "--show", str(file)])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr().err
    assert end.value.code == 2 and "record.text: no 'txt' here (known: question, plan, text" in " ".join(told.split())


def test_a_variant_may_do_without_the_prompt_of_an_option(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        yaml.safe_dump(merged(merged(DIALOGUE, JUDGE), {"variants": {"other": {"prompts": {"judge": None}}}}))
    )
    assert "judge" not in read_kind_file(file)["other"].prompts


FAULTY = """
from dataclasses import replace
from hornbook.synthetic.kinds import load_kind

async def make(seed, ask, settings):
    return {}["speakers"]

KIND = replace(load_kind("textbook"), make=make)
"""


def test_an_error_in_a_kinds_code_is_not_the_teachers_weakness(tmp_path, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_text(FAULTY)
    monkeypatch.setattr(stage, "open_teachers", opening([], good_teacher))
    values = {"teacher": {"local": "smollm2"}, "kinds": [str(file), "summary"], "records": 2, "against": []}
    work = Workspace(tmp_path / "out", seed=5, name="synthetic", ledger=tmp_path / "ledger")
    with pytest.raises(HornbookError, match=r"mine: [0-9]+ records failed by an error in the kind itself, first fault"):
        stage.synth(SynthSettings.parse(values, "synthetic"), work, documents=[write_corpus(tmp_path / "corpus")])
    assert not any("too weak" in warning for warning in work.warnings)
