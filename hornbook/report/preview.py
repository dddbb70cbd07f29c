"""preview.html: a few records of each kind of a synthesis, with every prompt, answer and check."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.base.files import write_text
from hornbook.report.lineage import read_calls

HERE = Path(__file__).parent
NAME = "preview.html"


def write_preview(out: Path, kinds: Sequence[msgspec.Struct]) -> Path:
    """Write OUT/preview.html from what `synthetic.preview` gave, and the ledger in OUT; returns its path."""
    write_text(out / NAME, render_preview(out, msgspec.to_builtins(list(kinds))))
    return out / NAME


def render_preview(out: Path, kinds: list[dict[str, Any]]) -> str:
    """The page: each kind with its records, each record with its calls from the ledger."""
    keys = [key for kind in kinds for record in kind["records"] for key in record["calls"]]
    calls = {call["key"]: call for call in read_calls([out], keys)}
    for kind in kinds:
        for record in kind["records"]:
            record["asked"] = [calls[key] for key in record["calls"] if key in calls]
            record["failed"] = record["rejected"].partition(":")[0]
    tokens = sum(call["prompt_tokens"] + call["completion_tokens"] for call in calls.values())
    facts = [
        ("kinds", f"{len(kinds):,}"),
        ("records begun", f"{sum(len(kind['records']) for kind in kinds):,}"),
        ("accepted", f"{sum(kind['accepted'] for kind in kinds):,}"),
        ("calls", f"{len(calls):,}"),
        ("tokens", f"{tokens:,}"),
    ]
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style = Markup((HERE / "style.css").read_text(encoding="utf-8"))
    return environment.get_template("preview.html.jinja").render(kinds=kinds, facts=facts, style=style)
