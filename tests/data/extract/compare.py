"""How much of a known source an extracted text has: by words, by runs of words, by tables and by formulas."""

import re
from collections import Counter

WORD = re.compile(r"\w+")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MATH = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)


def f1(found, expected):
    """F1 of two multisets."""
    found, expected = Counter(found), Counter(expected)
    common = sum((found & expected).values())
    return 2 * common / max(1, sum(found.values()) + sum(expected.values()))


def words(markdown):
    """The words of a Markdown text, without its front matter, formulas, links' addresses and table rules."""
    text = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
    text = re.sub(r"^[|\s:-]+$|\[\^\d+\]", " ", MATH.sub(" ", text), flags=re.MULTILINE)
    return WORD.findall(text.replace("’", "'").replace("_", " ").casefold())


def runs(tokens, length=4):
    """All runs of so many words: they are lost where the reading order is wrong."""
    return list(zip(*(tokens[start:] for start in range(length)), strict=False))


def table_rows(markdown):
    """The rows of the tables, each as its cells."""
    text = MATH.sub("", CODE.sub("", markdown))
    lines = [line.strip().strip("|") for line in text.split("\n") if "|" in line]
    rows = [[re.sub(r"[`*]", "", cell).strip() for cell in line.split("|")] for line in lines]
    return [tuple(row) for row in rows if any(re.search(r"\w", cell) for cell in row)]


SYMBOLS = {
    r"\rho": "ρ", r"\omega": "ω", r"\phi": "ϕ", r"\pi": "π", r"\sum": "∑", r"\sqrt": "√", r"\cos": "cos", r"\frac": "",
}  # fmt: skip


def formula_symbols(tex):
    """The letters, digits and signs of a formula, in any order."""
    for name, symbol in SYMBOLS.items():
        tex = tex.replace(name, symbol)
    return Counter(re.sub(r"[\s{}$^_\\|]|\\[a-z]+", "", tex))


def formulas_kept(source, text):
    """Share of the displayed formulas all of whose symbols stand between the words before and after them."""
    displayed = [found for found in MATH.finditer(source) if found[0].startswith("$$")]
    kept = 0
    text = text.replace("φ", "ϕ").replace("−", "-")
    for found in displayed:
        before = " ".join(words(source[: found.start()])[-2:])
        after = " ".join(words(source[found.end() :])[:2])
        pattern = r"\W+".join(map(re.escape, before.split())) + "(.*?)" + r"\W+".join(map(re.escape, after.split()))
        between = re.search(pattern, text, re.DOTALL | re.IGNORECASE)
        kept += bool(between and not formula_symbols(found[0]) - Counter(between[1]))
    return kept, len(displayed)
