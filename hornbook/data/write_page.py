"""Pages of this package's stages: templates in `template/` with one style sheet, nothing loaded from elsewhere."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.base.files import write_text

TEMPLATES = Path(__file__).parent / "template"
# The texts and pages of others are shown without scripts, and nothing is loaded for them.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src data:; object-src data:"


def write_page(path: Path, template: str, **values: Any) -> Path:
    """Write the page that a template makes of `values`; returns its path."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    write_text(path, environment.get_template(template).render(style=style, policy=POLICY, **values))
    return path
