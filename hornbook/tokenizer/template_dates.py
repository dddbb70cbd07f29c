"""The date in some chat templates: fixed to the run's start, so that a run continued later has the same prompts."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from hornbook.base.files import read_json, write_json

DATE_FILE = "date.json"
LETTERS = "aAbBcCdDeFGghHIjklmMnpPrRsStTuUVwWxXyYzZf%"
CODES = [f"%-{letter}" for letter in "dmyjHIMSUWV"] + [f"%{letter}" for letter in LETTERS]

# transformers passes no functions to a template, so this is a macro in the template's own language
STRFTIME = (
    "{%- macro strftime_now(format) -%}{%- set made = namespace(text=format) -%}"
    "{%- for code, value in run_date.items() -%}{%- set made.text = made.text | replace(code, value) -%}{%- endfor -%}"
    "{{ made.text }}{%- endmacro -%}{{ '' }}"
)


def fix_date(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Fix the date for `tokenizer` to the start of the run in `folder`, if its chat template writes a date.

    The first call writes `date.json` there; later ones, of other processes and on other days, read it.
    """
    if "strftime_now" not in str(tokenizer.chat_template):
        return
    file = folder / DATE_FILE
    if not file.exists():
        own = folder / f"{DATE_FILE}.{os.getpid()}"
        write_json(own, {"date": datetime.now().isoformat(timespec="seconds")})
        try:
            os.link(own, file)  # with several processes, the first one wins
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            os.replace(own, file)
        own.unlink(missing_ok=True)
    tokenizer.run_date = datetime.fromisoformat(read_json(file)["date"])


def run_date(tokenizer: PreTrainedTokenizerBase) -> datetime:
    """The date fixed for `tokenizer`, or now."""
    fixed: datetime | None = getattr(tokenizer, "run_date", None)
    return fixed or datetime.now()


def dated(template: str, moment: datetime) -> tuple[str, dict[str, Any]]:
    """A template that writes `moment` instead of now, and the variables to render it with."""
    if "strftime_now" not in template:
        return template, {}
    return STRFTIME + template, {"run_date": {code: moment.strftime(code) for code in CODES}}
