"""docs/mechanisms.md from what the mechanisms declare: `python -m tests.synthetic.mechanism_tables` writes it anew."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from hornbook.synthetic.mechanisms import NAMES, load_mechanism
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Stage

PAGE = Path(__file__).parents[2] / "docs/mechanisms.md"
HEAD = """# The mechanisms of synthetic data

What a kind's file may say, by mechanism; [add-a-dataset.md](add-a-dataset.md) explains such a file. All templates see
`seed`, `source`, `axes`, `brief` and `options`, and those below also the names beside them. A stage or option that must
be there is **needed**. A name that a template does not see is an error when the file is read. The tables are made from
the code.
"""


def page() -> str:
    return "\n".join([HEAD, *(line for name in NAMES for line in section(name))])


def section(name: str) -> Iterator[str]:
    mechanism = load_mechanism(name, name)
    about = (importlib.import_module(f"hornbook.synthetic.mechanisms.{name}").__doc__ or "").strip()
    yield f"## {name}\n\n{about}\n\nSeeds, unless the file says others: `{mechanism.seeds}`.\n"
    yield "| template | | sees |\n| --- | --- | --- |"
    for key, one in templates(mechanism):
        after = " or ".join(f"`{stage}`" for stage in one.after.split())
        told = "needed" if one.needed else ""
        yield f"| {key} | {f'{told} with {after}'.strip() if after else told} | {names(one.sees)} |"
    if mechanism.options:
        yield "\n| option | | what |\n| --- | --- | --- |"
    for key, option in mechanism.options.items():
        owner = f"`prompts.{option.of}`" if option.of in mechanism.stages else f"`{mechanism.chosen_by}: {option.of}`"
        values = f": {names(' '.join(mechanism.cases))}" if mechanism.chosen_by == f"options.{key}" else ""
        seen = "" if option.sees is None else f"; a template, which sees {names(option.sees) or 'no more'}"
        told = f"{'needed ' * option.needed}{f'with {owner}' if option.of else ''}"
        yield f"| `{key}` | {told.strip()} | {option.about}{values}{seen} |"
    yield ""


def templates(mechanism: Mechanism) -> Iterator[tuple[str, Stage]]:
    """All templates of a mechanism, with the case in which they are there, or see so much more."""
    yield from ((f"`{stage}`", one) for stage, one in mechanism.stages.items() if one)
    for sees in dict.fromkeys(mechanism.record.values()):
        roles = ", ".join(role for role, same in mechanism.record.items() if same == sees)
        yield f"`record`: {roles}", Stage(sees)
    for case, stages in mechanism.cases.items():
        same = [other for other, others in mechanism.cases.items() if others == stages]
        where = f"`{mechanism.chosen_by}`: {' or '.join(same)}" if case else f"without `{mechanism.chosen_by}`"
        for stage, one in stages.items() if case == same[0] else ():
            new = mechanism.stages.get(stage) is None and stage != "record"
            if new or one.sees or one.needed:
                yield f"`{stage}`, {where}", one if new else one._replace(sees=f"+ {one.sees}" if one.sees else "")


def names(sees: str) -> str:
    return ", ".join(name if name == "+" else f"`{name}`" for name in sees.split()).replace("+,", "also")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
