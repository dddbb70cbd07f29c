"""Options are made from settings: typed, choices shown, lists and mappings, and what is misspelt has a hint."""

import subprocess
import sys
from typing import Literal

import click
import pytest
from click.testing import CliRunner

from hornbook.base.settings import Settings, setting
from hornbook.cli.main import hornbook
from hornbook.cli.options import given_settings, repeat_flags, setting_options


class Inner(Settings):
    url: str = setting("", "an address")
    batch: bool = setting(False, "in batches")


class Everything(Settings):
    rows: int = setting(3, "a number", ge=1)
    rate: float | None = setting(0.5, "a number, or null")
    drop: bool = setting(False, "yes or no")
    runner: Literal["local", "ray"] = setting("local", "one of two")
    names: list[str] = setting(["a"], "several names")
    sizes: list[int] = setting([1, 2], "several numbers")
    stop: list[str] = setting([], "texts with commas", whole_texts=True)
    shares: dict[str, float] = setting({}, "a mapping")
    kinds: dict[str, dict[str, int]] = setting({}, "a mapping, or names", keys_alone=True)
    system: str = setting("", "any text")
    inner: Inner | None = setting(None, "settings of its own")


def parsed(*words: str) -> dict:
    options = list(setting_options(Everything))
    words, _ = repeat_flags(words, {flag for option in options if option.multiple for flag in option.opts})
    context = click.Command("x", params=options).make_context("x", words)
    return given_settings(options, context.params)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {}),
        ("--rows 5 --rate null", {"rows": 5}),
        ("--rate 1e-3", {"rate": "1e-3"}),  # YAML's number is a text to it, and a number to the settings
        ("--drop", {"drop": True}),
        ("--no-drop", {"drop": False}),
        ("--runner ray", {"runner": "ray"}),
        ("--names web code --rows 4", {"names": ["web", "code"], "rows": 4}),
        ("--names web,code", {"names": ["web", "code"]}),
        ("--names web --names code", {"names": ["web", "code"]}),
        ("--names=web code", {"names": ["web", "code"]}),
        ("--names [web,code]", {"names": ["web", "code"]}),
        ("--names []", {"names": []}),
        ("--sizes 10 20,30", {"sizes": [10, 20, 30]}),
        ("--shares {web:0.5}", {"shares": {"web:0.5": None}}),
        ("--kinds web code", {"kinds": ["web", "code"]}),
        ("--system null", {"system": "null"}),
        ("--inner.url http://a --inner.no-batch", {"inner": {"url": "http://a", "batch": False}}),
    ],
)
def test_words_become_settings(words, expected):
    assert parsed(*words.split()) == expected


def test_mappings_are_yaml_and_may_stand_beside_names():
    assert parsed("--shares", "{web: 0.5, code: 0.5}") == {"shares": {"web": 0.5, "code": 0.5}}
    assert parsed("--kinds", "{web: {records: 2}}", "code") == {"kinds": {"web": {"records": 2}, "code": {}}}


def test_texts_keep_their_commas_where_commas_mean_something():
    assert parsed("--stop", "a, b", "c") == {"stop": ["a, b", "c"]}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("--rowss 3", "'--rows'"),
        ("--runner rya", "'rya' is not one of local, ray (did you mean 'ray'?)"),
        ("--runner xyz", "'xyz' is not one of local, ray"),
    ],
)
def test_what_is_misspelt_is_told_with_the_nearest(words, hint):
    with pytest.raises(click.UsageError) as error:
        parsed(*words.split())
    assert hint in error.value.format_message()


@pytest.mark.parametrize("words", [["crate"], ["train", "stf"]])
def test_a_misspelt_command_is_told_with_the_nearest(words):
    assert "did you mean '" in CliRunner().invoke(hornbook, words).output


def test_help_shows_choices_and_defaults():
    shown = CliRunner().invoke(hornbook, ["train", "sft", "--help"], terminal_width=200).output
    for text in ("--sharding [none|fsdp]", "[default: none]", "--compile / --no-compile", "--lora.targets TEXT..."):
        assert text in shown


def test_an_argument_that_a_list_has_taken_is_missed(tmp_path):
    model = tmp_path / "my-model"
    model.mkdir()
    shown = CliRunner().invoke(hornbook, ["eval", "--benchmarks", "piqa", str(model), "--out", str(tmp_path / "o")])
    assert f"'{model}' was read as a value of --benchmarks" in shown.output and "put MODEL first" in shown.output


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shells_complete_commands_options_and_choices(shell):
    assert "_HORNBOOK_COMPLETE" in CliRunner().invoke(hornbook, ["completion", shell]).output
    for words, number, expected in [
        ("hornbook tra", 1, "train"),
        ("hornbook train sft --epo", 3, "--epochs"),
        ("hornbook train sft --sharding f", 4, "fsdp"),
    ]:
        done = subprocess.run(
            [sys.executable, "-m", "hornbook"],
            env={"_HORNBOOK_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": str(number), "PATH": "/bin"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert expected in done.stdout.splitlines(), done.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['hornbook', '--help']\n"
        "from hornbook.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'pyarrow', 'transformers', 'numpy', 'pydantic'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == "set()\n"
