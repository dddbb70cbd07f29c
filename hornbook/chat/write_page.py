"""The page that talks to the server: one document that loads nothing from anywhere else."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.searched_questions import SearchedQuestion, pivot_json
from hornbook.inference.settings import Sampling
from hornbook.pts.records import SearchedSolution

TEMPLATES = Path(__file__).parent / "template"
SCRIPTS = ("logic.js", "page.js")  # logic.js touches no document, so tests can run it alone
LISTED = 50  # searched questions, those with the largest pivots


def page(loaded: LoadedModel, sampling: Sampling, seed: int | None, system: str) -> tuple[str, str]:
    """The page's HTML, and the policy under which nothing but it can run, whatever a model says."""
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    model, engine = loaded.batch.model, loaded.batch.engine
    context = {
        "name": loaded.name,
        "model": loaded.id,
        "about": f"{model.num_parameters():,} parameters, a context of {engine.context:,} tokens",
        "searched": bool(loaded.searched and loaded.searched.questions),
        "system": system,
        "temperature": f"{sampling.temperature:g}",
        "top_p": f"{sampling.top_p:g}",
        "max_tokens": sampling.max_new_tokens,
        "seed": "" if seed is None else seed,
        "style": Markup(style),
        "script": Markup(script),
    }
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; style-src '{_sha256(style)}'; "
        f"script-src '{_sha256(script)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return environment.get_template("page.html.jinja").render(context), policy


def questions(loaded: LoadedModel) -> list[dict[str, Any]]:
    """The searched questions with their solutions, in parts: text, and pivotal tokens with what they change."""
    searched = loaded.searched.questions[:LISTED] if loaded.searched else []
    return [
        {
            "text": question.text,
            "pivots": len(question.pivots),
            "solutions": [
                {"right": solution.verdict, "parts": _parts(question, solution)}
                for solution in question.solutions
                if question.along(solution)
            ],
        }
        for question in searched
    ]


def _parts(question: SearchedQuestion, solution: SearchedSolution) -> list[dict[str, Any]]:
    return [
        {"text": text} | ({"pivot": pivot_json(pivot)} if pivot else {}) for text, pivot in question.parts(solution)
    ]


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
