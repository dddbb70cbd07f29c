"""Prompts as data: Jinja templates of a kind's file, rendered for one record.

A template sees the seed and its metadata, what was drawn for the record, and the results of the stages before.
`{{ source }}` is the seed's text with what is known about it, `{{ brief }}` the axes that were drawn.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from jinja2 import meta, nodes

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.synthetic.passages import Page, Passage

SHARED = Path(__file__).with_name("kinds")  # templates that kinds include stand beside them


class Named(jinja2.Undefined):
    """What nothing gave, shown as its name in angle brackets, also where a template goes through it or into it."""

    def __str__(self) -> str:
        return f"<{self._undefined_name}>"

    def __iter__(self) -> Iterator[Any]:
        yield self

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Named(name=f"{self._undefined_name}.{name}")

    def items(self) -> list[tuple[Any, Any]]:
        return [(Named(name=f"{self._undefined_name}: key"), Named(name=f"{self._undefined_name}: value"))]

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __truediv__ = __call__
    __lt__ = __le__ = __gt__ = __ge__ = __call__

    def __getitem__(self, key: Any) -> Any:
        return Named(name=f"{self._undefined_name}[{key}]")


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one stage sends. `examples` are solved ones, as earlier turns: (asked, answered).

    `tokens` is the length of an answer to expect, from which the cost is planned; None: the kind's own. Of an answer
    that is cut off, `cut` keeps the whole sentences (of code, all): small teachers seldom come to an end by themselves.
    """

    user: str
    system: str | None = None
    examples: list[tuple[str, str]] = []
    tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    stop: list[str] = []
    cut: bool = False

    def messages(self, system: str, values: Mapping[str, Any], named: bool = False) -> list[Message]:
        """The turns as sent; `system` is the kind's, where the prompt has none of its own. What nothing gave is an
        error, or, if it is to be `named`, shown as its name."""

        def text(template: str) -> str:
            return render(template, values, named)

        told = text(system if self.system is None else self.system)
        turns = [Message("system", told)] if told else []
        for asked, answered in self.examples:
            turns += [Message("user", text(asked)), Message("assistant", text(answered))]
        return [*turns, Message("user", text(self.user))]


@cache
def _environment(named: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(SHARED),
        undefined=Named if named else jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,
    )


@cache
def _template(text: str, named: bool = False) -> jinja2.Template:
    return _environment(named).from_string(text)


def check_template(text: str, where: str) -> None:
    """Raises HornbookError with place and line if it is no template, or includes what is none."""
    try:
        names_in(text)
    except jinja2.TemplateSyntaxError as error:
        raise HornbookError(f"{where}: line {error.lineno} of the template: {one_line(error)}") from None
    except jinja2.TemplateNotFound as error:
        raise HornbookError(f"{where}: no template {error.name} to include") from None


@cache
def names_in(text: str) -> frozenset[str]:
    """The names that a template uses, also `axes.audience`, and those of the templates that it includes.

    Left out are those of a part that is there only if something `is defined`. Raises jinja2.TemplateNotFound.
    """
    tree = _environment(False).parse(text)
    found = set(meta.find_undeclared_variables(tree))
    parts: list[Any] = [*tree.find_all((nodes.Getattr, nodes.Getitem))]
    for part in parts:
        key = part.attr if isinstance(part, nodes.Getattr) else getattr(part.arg, "value", None)
        if isinstance(part.node, nodes.Name) and part.node.name in found and isinstance(key, str):
            found.add(f"{part.node.name}.{key}")
    for call in tree.find_all(nodes.Call):  # options.get("name"), which need not be there
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "get" and call.args:
            found.add(f"get {getattr(call.args[0], 'value', '')}")
    for name in filter(None, meta.find_referenced_templates(tree)):
        source, *_ = jinja2.FileSystemLoader(SHARED).get_source(_environment(False), name)
        found |= names_in(source) - {one.name for one in tree.find_all(nodes.Name) if one.ctx == "store"}
    doubtful = [block for block in tree.find_all(nodes.If) if "name='defined'" in repr(block.test)]
    return frozenset(found - {one.name for block in doubtful for one in block.find_all(nodes.Name)})


def render(template: str, values: Mapping[str, Any], named: bool = False) -> str:
    """The template's text. Raises HornbookError that names a variable which nothing gave."""
    try:
        return _template(template, named).render(values).strip()
    except jinja2.UndefinedError as error:
        raise HornbookError(f"template {template.strip()[:60]!r}: {one_line(error)}") from None


def source_of(seed: Passage | Page) -> str:
    """A passage as prompts show it: its text, and what is known about it. A page's passages, numbered."""
    if isinstance(seed, Page):
        return "\n\n".join(
            f'<passage number="{number}" kind="{passage.information}" complexity="{passage.complexity} of 5">\n'
            f"{passage.text}\n</passage>"
            for number, passage in enumerate(seed.passages, start=1)
        )
    passage = seed
    known = {
        "Kind of information": passage.information,
        "About": passage.description,
        "Complexity": f"{passage.complexity} of 5",
        "Obscurity": f"{passage.obscurity} of 5",
        "Depends on": ", ".join(passage.depends_on[:6]),
        "Reasoning": "; ".join(f"{step.assumption} -> {step.conclusion}" for step in passage.chain[:3]),
    }
    lines = "\n".join(f"{name}: {value}" for name, value in known.items() if value)
    return f"<passage>\n{passage.text}\n</passage>\n\n<about_the_passage>\n{lines}\n</about_the_passage>"
