r"""TeX → Markdown: pylatexenc parses, its nodes become elements of HTML, which are written as those of all formats.

Before that the files are joined, the author's macros expanded, and what `\ref` and `\cite` stand for is counted.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from pylatexenc import latexwalker as nodes
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.macrospec import LatexContextDb, MacroSpec, VerbatimArgsParser, std_environment, std_macro

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source
from hornbook.data.extract.html_tree import Child, Element
from hornbook.data.extract.markdown_writer import heading, join_blocks
from hornbook.data.extract.tex_labels import Labels, find_labels
from hornbook.data.extract.tex_macros import argument, expand_macros
from hornbook.data.extract.tex_names import (
    BLOCKS,
    CODE,
    DROPPED_ENVIRONMENTS,
    DROPPED_MACROS,
    INLINE_CODE,
    LISTS,
    MACRO_ARGUMENTS,
    MATH,
    SECTIONS,
    TABLES,
)
from hornbook.data.extract.tex_source import divide, read_tex
from hornbook.data.extract.tex_tables import table_rows
from hornbook.data.extract.xml_elements import NotedText, made

PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
LABEL = re.compile(r"\s*\\label\s*\{([^{}]*)\}")


def extract_tex(source: Source) -> ExtractedDocument:
    """The document's text with its title, author and date; equations as they stand, with the author's macros expanded.

    Raises NotExtractable for binary data, for macros without end and for TeX without text.
    """
    text, definitions = expand_macros(read_tex(source))
    preamble, body = divide(text)
    converter = _Converter(find_labels(body, definitions.theorems), definitions.theorems)
    said = {name: converter.command(preamble + body, name) for name in ("title", "author", "date")}
    blocks = converter.blocks(body)
    if not blocks:
        raise NotExtractable("TeX without text")
    title = said.pop("title")
    text = join_blocks([*([heading(title, 1)] if title else []), *blocks, *converter.written_notes()])
    return ExtractedDocument(text, title, "", {key: value for key, value in said.items() if value})


class _Converter:
    """Turns nodes of pylatexenc into elements of HTML. Footnotes are gathered on the way."""

    def __init__(self, labels: Labels, theorems: dict[str, str]) -> None:
        self._noted = NotedText()
        self._labels, self._theorems = labels, theorems
        self._counts: dict[str, int] = {}

    def blocks(self, tex: str) -> list[str]:
        """The blocks of Markdown of a piece of TeX."""
        return self._noted.blocks(self._parsed(tex))

    def command(self, tex: str, name: str) -> str:
        r"""The argument of `\title`, `\author` or `\date` on one line."""
        match = re.search(rf"\\{name}\s*(?:\[[^\]]*\])?\s*(?=\{{)", tex)
        if not match or (name == "date" and r"\today" in tex[match.end() : match.end() + 12]):
            return ""
        given = re.sub(r"\\and\b|\\\\|\\thanks\s*\{[^{}]*\}", ", ", argument(tex, match.end())[0])
        return (
            " ".join(" ".join(_Converter(self._labels, {}).blocks(given)).split())
            .replace(" ,", ",")
            .replace(",,", ",")
            .strip(", ")
        )

    def written_notes(self) -> list[str]:
        return self._noted.written_notes()

    def _parsed(self, tex: str) -> list[Child]:
        walker = nodes.LatexWalker(tex, latex_context=_context(), tolerant_parsing=True)
        return self._converted(walker.get_latex_nodes()[0])

    def _converted(self, found: Sequence[object]) -> list[Child]:
        """The children of an element; paragraphs where empty lines divide the text."""
        paragraphs: list[list[Child]] = [[]]
        for node in found:
            if isinstance(node, nodes.LatexCharsNode):
                first, *more = PARAGRAPH_END.split(node.chars)
                paragraphs[-1].append(first)
                paragraphs += [[part] for part in more]
            elif isinstance(node, nodes.LatexMacroNode) and node.macroname == "par":
                paragraphs.append([])
            else:
                paragraphs[-1] += self._node(node)
        if len(paragraphs) == 1:
            return paragraphs[0]
        return [made("div", paragraph) for paragraph in paragraphs if paragraph != [""]]

    def _node(self, node: object) -> list[Child]:
        if isinstance(node, nodes.LatexGroupNode):
            return self._group(node)
        if isinstance(node, nodes.LatexMathNode):
            return self._math(_inside(node), node.displaytype == "display")
        if isinstance(node, nodes.LatexEnvironmentNode):
            return self._environment(node)
        if isinstance(node, nodes.LatexMacroNode):
            return self._macro(node)
        if isinstance(node, nodes.LatexSpecialsNode):
            return [_plain(node)] if node.specials_chars != "&" else [" "]
        return []

    def _group(self, node: nodes.LatexGroupNode) -> list[Child]:
        inner = self._converted(node.nodelist)
        first = next((n for n in node.nodelist if not isinstance(n, nodes.LatexCharsNode) or n.chars.strip()), None)
        is_code = isinstance(first, nodes.LatexMacroNode) and first.macroname in ("tt", "ttfamily")
        return [made("code", inner)] if is_code else inner

    def _macro(self, node: nodes.LatexMacroNode) -> list[Child]:
        name = node.macroname
        if name in DROPPED_MACROS:
            return []
        if name in ("\\", "newline", "linebreak", "tabularnewline"):
            return [made("br", [])]
        if name in SECTIONS:
            return [made(f"h{SECTIONS[name]}", self._argument(node))]
        if name in INLINE_CODE:
            verbatim = getattr(node.nodeargd, "verbatim_text", None)
            return [made("code", self._argument(node) if verbatim is None else [verbatim])]
        if name in ("footnote", "footnotetext", "thanks"):
            return self._note(node)
        if "cite" in name.lower() and name != "nocite":
            return [self._citation(node)]
        if name.lower().endswith("ref") and name != "href":
            return [self._reference(node)]
        if name == "caption":
            return [made("p", self._argument(node))]
        if name == "bibitem":
            key = _raw(self._given(node)).strip()
            return [made("br", []), made("br", []), f"[{self._labels.citations.get(key, key)}] "]
        if name in ("textsubscript", "textsuperscript"):
            return [made("sub" if name == "textsubscript" else "sup", self._argument(node))]
        if name in ("lq", "rq", "enquote", "say"):
            return ["“", *self._argument(node), "”"]
        if name in MACRO_ARGUMENTS:  # its text is its last argument
            return self._argument(node)
        plain = _plain(node)
        children = [given for given in _arguments(node) if given is not None]
        return self._converted(children) if children and len(plain) > 3 else [plain]

    def _environment(self, node: nodes.LatexEnvironmentNode) -> list[Child]:
        name = node.environmentname
        base = name.rstrip("*")
        if base in DROPPED_ENVIRONMENTS:
            return []
        if base in MATH:
            return self._math(node.latex_verbatim(), True, name)
        if base in CODE:
            return [_code(node)]
        if base == "Highlighting":  # code with macros for its colours, as pandoc writes it
            return [made("pre", [self._code_text(node.nodelist).strip("\n")])]
        if base in LISTS:
            return [self._list(node, LISTS[base])]
        if base in TABLES:
            return [self._table(node)]
        inner = _without_options(node.nodelist) if base in BLOCKS or base in self._theorems else node.nodelist
        children = self._converted(inner)
        if base in self._theorems or base == "proof":
            return [made("div", [self._theorem_title(node, base), *children])]
        if base == "abstract":
            return [made("h2", ["Abstract"]), made("div", children)]
        if base == "thebibliography":
            return [made("h2", ["References"]), made("div", children)]
        return [made("blockquote" if base in ("quote", "quotation", "verse") else "div", children)]

    def _code_text(self, found: Sequence[object]) -> str:
        """The text of coloured code, with its blanks and line ends."""
        parts = []
        for node in found:
            if isinstance(node, nodes.LatexCharsNode):
                parts.append(node.chars)
            elif isinstance(node, nodes.LatexGroupNode):
                parts.append(self._code_text(node.nodelist))
            elif isinstance(node, nodes.LatexMacroNode) and (given := self._given(node)) is not None:
                parts.append(self._code_text(given.nodelist if isinstance(given, nodes.LatexGroupNode) else [given]))
            elif isinstance(node, nodes.LatexMacroNode | nodes.LatexSpecialsNode):
                parts.append(node.specials_chars if isinstance(node, nodes.LatexSpecialsNode) else _plain(node))
        return "".join(parts).removeprefix("[]")

    def _theorem_title(self, node: nodes.LatexEnvironmentNode, base: str) -> str:
        if base == "proof":
            return "Proof. "
        self._counts[base] = self._counts.get(base, 0) + 1
        number = "" if node.environmentname.endswith("*") else f" {self._counts[base]}"
        match = re.match(r"\\begin\{[^{}]*\}\s*\[([^\[\]]*)\]", node.latex_verbatim())
        return f"{self._theorems[base]}{number}{f' ({match[1]})' if match else ''}. "

    def _math(self, tex: str, display: bool, environment: str = "") -> list[Child]:
        """An equation as it stands. Its labels are left out; one that is referred to keeps its number as a tag."""

        def tag(match: re.Match[str]) -> str:
            label = match[1]
            return rf" \tag{{{self._labels.numbers[label]}}}" if label in self._labels.equations else ""

        tex = LABEL.sub(tag, tex)
        if environment.rstrip("*") in ("equation", "displaymath", "math"):
            tex = re.sub(
                rf"^\\begin\{{{re.escape(environment)}\}}|\\end\{{{re.escape(environment)}\}}$", "", tex.strip()
            )
            display = environment != "math"
        tex = "\n".join(line.strip() for line in tex.strip().split("\n") if line.strip())
        return [made("script", [tex], {"type": "math/tex" + ("; mode=display" if display else "")})] if tex else []

    def _list(self, node: nodes.LatexEnvironmentNode, tag: str) -> Element:
        items: list[tuple[list[Child], list[object]]] = []
        for child in node.nodelist:
            if isinstance(child, nodes.LatexMacroNode) and child.macroname == "item":
                label = self._given(child)
                items.append((self._converted([label]) if label is not None else [], []))
            elif items:
                items[-1][1].append(child)
        children: list[Child] = []
        for label, content in items:
            body = self._converted(content)
            if tag == "dl":
                children += [made("dt", label), made("dd", body)]
            else:
                children.append(made("li", [*label, *([" "] if label else []), *body]))
        return made(tag, children)

    def _table(self, node: nodes.LatexEnvironmentNode) -> Element:
        rows, header_rows = table_rows(_table_body(node))
        made_rows = [made("tr", [made("td", self._parsed(cell.strip())) for cell in row]) for row in rows]
        if not header_rows:
            return made("table", made_rows)
        return made("table", [made("thead", made_rows[:header_rows]), made("tbody", made_rows[header_rows:])])

    def _note(self, node: nodes.LatexMacroNode) -> list[Child]:
        name = self._noted.name_of()
        self._noted.add(name, self._argument(node))
        return [self._noted.reference(name)]

    def _citation(self, node: nodes.LatexMacroNode) -> str:
        keys = [key.strip() for key in _raw(self._given(node)).split(",")]
        notes = [_raw(a) for a in _arguments(node)[:-1] if isinstance(a, nodes.LatexGroupNode)]
        shown = [self._labels.citations.get(key, key) for key in keys]
        return f"[{', '.join([*shown, *[' '.join(note.split()) for note in notes if note.strip()]])}]"

    def _reference(self, node: nodes.LatexMacroNode) -> str:
        labels = [label.strip() for label in _raw(self._given(node)).split(",")]
        shown = ", ".join(self._labels.numbers.get(label, label) for label in labels)
        return f"({shown})" if node.macroname == "eqref" else shown

    def _given(self, node: nodes.LatexMacroNode) -> object:
        """The last argument of a macro."""
        found = [given for given in _arguments(node) if given is not None]
        return found[-1] if found else None

    def _argument(self, node: nodes.LatexMacroNode) -> list[Child]:
        given = self._given(node)
        return (
            []
            if given is None
            else self._converted(given.nodelist if isinstance(given, nodes.LatexGroupNode) else [given])
        )


@lru_cache(maxsize=1)
def _context() -> LatexContextDb:
    """What pylatexenc knows, and the arguments of more macros and environments."""
    context = nodes.get_default_latex_context_db()
    macros = [std_macro(name, spec) for name, spec in MACRO_ARGUMENTS.items()]
    macros.append(MacroSpec("lstinline", args_parser=VerbatimArgsParser("verb-macro")))
    context.add_context_category(
        "hornbook", macros=macros, environments=[std_environment("minted", "[{")], prepend=True
    )
    return context


@lru_cache(maxsize=1)
def _to_text() -> LatexNodes2Text:
    return LatexNodes2Text(strict_latex_spaces=True, keep_comments=False)


def _arguments(node: nodes.LatexMacroNode) -> list[object]:
    """What stands in the places of a macro's arguments; None for an optional one that is not given."""
    return list(node.nodeargd.argnlist or []) if node.nodeargd else []


def _plain(node: object) -> str:
    """What pylatexenc makes of accents, symbols and quotation marks."""
    return str(_to_text().nodelist_to_text([node])) + (getattr(node, "macro_post_space", "") and " ")


def _raw(node: object) -> str:
    """The TeX within an argument."""
    if node is None:
        return ""
    return _inside(node) if isinstance(node, nodes.LatexGroupNode) else str(node.latex_verbatim())  # type: ignore


def _inside(node: nodes.LatexGroupNode | nodes.LatexMathNode) -> str:
    """The TeX between the delimiters."""
    begin, end = node.delimiters
    text = str(node.latex_verbatim())
    return text.removeprefix(begin).removesuffix(end)


def _without_options(found: Sequence[object]) -> list[object]:
    r"""The content of an environment without what stands in brackets and braces behind its `\begin`."""
    rest = list(found)
    if rest and isinstance(rest[0], nodes.LatexCharsNode) and (match := re.match(r"\s*\[[^\]\n]*\]", rest[0].chars)):
        rest[0].chars = rest[0].chars[match.end() :]
    while rest and isinstance(rest[0], nodes.LatexGroupNode):
        rest.pop(0)
    return rest


def _code(node: nodes.LatexEnvironmentNode) -> Element:
    text = re.sub(r"^\\begin\{[^{}]*\}|\\end\{[^{}]*\}$", "", node.latex_verbatim())
    options, language = re.match(r"(?:\[[^\]]*\])?(?:\{[^{}\n]*\})?", text), ""
    if node.environmentname in ("lstlisting", "minted", "Verbatim") and options:
        given = options[0]
        text = text[options.end() :]
        match = re.search(r"language\s*=\s*(?:\[[^\]]*\])?\s*\{?([\w+#]+)", given) or re.search(
            r"\{([\w+#]+)\}$", given
        )
        language = match[1].lower() if match else ""
    return made("pre", [text.strip("\n")], {"class": f"language-{language}"} if language else {})


def _table_body(node: nodes.LatexEnvironmentNode) -> str:
    """The TeX of a table without its begin, its columns and its end."""
    text = re.sub(r"\\end\{[^{}]*\}$", "", node.latex_verbatim())
    place = argument(text, len(r"\begin"))[1]
    while match := re.compile(r"\s*(\[[^\]]*\]|(?=\{))").match(text, place):
        place = match.end() if match[1] else argument(text, match.end())[1]
    return text[place:]
