r"""The numbers that `\ref` and `\cite` stand for: sections, equations, figures, tables and theorems are counted."""

import re
from collections.abc import Mapping
from typing import NamedTuple

NUMBERED = frozenset(("equation", "align", "gather", "multline", "eqnarray", "alignat", "flalign"))
ROWS = NUMBERED - {"equation", "multline"}  # each row has a number of its own
EVENT = re.compile(
    r"\\(?P<section>chapter|section|subsection|subsubsection)(?P<star>\*?)\s*[\[{]"
    r"|\\begin\{(?P<begin>[A-Za-z]+\*?)\}|\\end\{(?P<end>[A-Za-z]+\*?)\}|\\label\s*\{(?P<label>[^{}]*)\}"
    r"|\\caption\b|(?P<appendix>\\appendix)\b|\\(?P<nonumber>nonumber|notag)\b|(?P<row>\\\\)"
)
BIBITEM = re.compile(r"\\bibitem\s*(?:\[((?:[^\[\]{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\])?\s*\{([^{}]+)\}")
NAME_AND_YEAR = re.compile(r"^\{?(.*?)\}?\s*\((\w{4,5})\)")


class Labels(NamedTuple):
    """Label → number; equations that are referred to by a number; key of a reference → what stands in brackets."""

    numbers: dict[str, str]
    equations: set[str]
    citations: dict[str, str]


def find_labels(text: str, theorems: Mapping[str, str]) -> Labels:
    """Count what LaTeX counts. References without a bibliography keep their keys."""
    labels = Labels({}, set(), _citations(text))
    counters = dict.fromkeys(["chapter", "section", "subsection", "subsubsection", "equation", "figure", "table"], 0)
    current, inside = "", ""
    letters = False
    for match in EVENT.finditer(text):
        if match["appendix"]:
            letters = True
            counters["section"] = counters["chapter"] = 0
        elif match["section"]:
            if not match["star"]:
                current = _next_section(match["section"], counters, letters)
        elif name := match["begin"]:
            if name in NUMBERED or name in theorems:
                inside = name
                current = _next(counters, "equation" if name in NUMBERED else name)
        elif match["end"] and match["end"] == inside:
            inside = ""
        elif match["row"] and inside in ROWS:
            current = _next(counters, "equation")
        elif match["nonumber"]:
            counters["equation"] -= inside in NUMBERED
        elif match[0].startswith(r"\caption"):
            current = _next(
                counters,
                "table"
                if text.rfind(r"\begin{table", 0, match.start()) > text.rfind(r"\begin{figure", 0, match.start())
                else "figure",
            )
        elif label := match["label"]:
            labels.numbers[label] = current or label
            if inside in NUMBERED:
                labels.equations.add(label)
    return labels


def _next(counters: dict[str, int], name: str) -> str:
    counters[name] = counters.get(name, 0) + 1
    return str(counters[name])


def _next_section(name: str, counters: dict[str, int], letters: bool) -> str:
    levels = ["chapter", "section", "subsection", "subsubsection"]
    place = levels.index(name)
    counters[name] += 1
    for below in levels[place + 1 :]:
        counters[below] = 0
    shown = [str(counters[level]) for level in levels[: place + 1] if counters[level]]
    if letters and shown:
        shown[0] = chr(ord("A") + min(25, int(shown[0]) - 1))
    return ".".join(shown)


def _citations(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, (label, key) in enumerate(BIBITEM.findall(text), 1):
        named = NAME_AND_YEAR.match(label)
        plain = re.sub(r"\\[A-Za-z]+|[{}~]", " ", f"{named[1]} {named[2]}" if named else label)
        found[key.strip()] = " ".join(plain.split()) or str(number)
    return found
