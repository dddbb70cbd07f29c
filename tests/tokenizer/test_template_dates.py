"""Templates that write the date: that of the run, whenever it goes on."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from hornbook.base.records import Message
from hornbook.tokenizer.chat import encode_chat, encode_prompt
from hornbook.tokenizer.template_dates import DATE_FILE, fix_date
from tests.tokenizer.tokenizers import byte_level

REST = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
HELLO = [Message("user", "Hello")]
MOMENT = "2024-02-05T07:08:09"
# (how a template asks for the date, what it writes on that day)
ASKED = [
    ("{{ strftime_now('%d %B %Y') }}", "05 February 2024"),
    ("{{ strftime_now('%Y-%m-%dT%H:%M:%S') }}", "2024-02-05T07:08:09"),
    ("{{ strftime_now('%-d.%-m.%y, %A, %I %p') }}", "5.2.24, Monday, 07 AM"),
    ("{%- set f = '%b' %}{{ strftime_now(f) }}", "Feb"),
    ("{% if strftime_now is defined %}{% set day = strftime_now('%d %b') %}{% endif %}{{ day }}", "05 Feb"),
    ("{% macro head() %}{{ 'It is ' + strftime_now('%Y') }}{% endmacro %}{{ head() }}", "It is 2024"),
    ("\nFirst line\n{{ strftime_now('100 %%') }}", "\nFirst line\n100 %"),
]  # fmt: skip


def on(folder: Path, moment: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / DATE_FILE).write_text(json.dumps({"date": moment}))


@pytest.mark.parametrize(("template", "written"), ASKED)
def test_the_date_is_that_of_the_run(template: str, written: str, tmp_path: Path) -> None:
    tokenizer = byte_level(template + REST, ["</s>"], eos_token="</s>")
    on(tmp_path, MOMENT)
    fix_date(tokenizer, tmp_path)
    assert tokenizer.decode(encode_prompt(tokenizer, HELLO)) == written + "Hello"


def test_the_first_start_writes_the_date_and_later_ones_read_it(tmp_path: Path) -> None:
    made = [byte_level("{{ strftime_now('%H:%M:%S %f') }}" + REST, ["</s>"], eos_token="</s>") for _ in range(2)]
    fix_date(made[0], tmp_path)
    first = json.loads((tmp_path / DATE_FILE).read_text())["date"]
    assert abs((datetime.now() - datetime.fromisoformat(first)).total_seconds()) < 60
    fix_date(made[1], tmp_path)
    assert encode_prompt(made[0], HELLO) == encode_prompt(made[1], HELLO)
    assert [file.name for file in tmp_path.iterdir()] == [DATE_FILE]


def test_other_templates_leave_no_file_and_without_a_run_it_is_now(tmp_path: Path) -> None:
    fix_date(byte_level(REST, ["</s>"], eos_token="</s>"), tmp_path)
    assert not list(tmp_path.iterdir())
    free = byte_level("{{ strftime_now('%Y') + ': ' }}" + REST, ["</s>"], eos_token="</s>")
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "you"}]
    ours = encode_chat(free, [*HELLO, Message("assistant", "you")])[0]
    assert ours == free.apply_chat_template(turns, return_dict=False)
