r"""Files of TeX → one text: comments out, `\input` and `\include` followed, the bibliography put in."""

import posixpath
import re
from collections.abc import Callable

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source

VERBATIM = r"(?:verbatim|Verbatim|BVerbatim|lstlisting|minted|alltt|filecontents)"
PROTECTED = re.compile(
    rf"\\begin\{{({VERBATIM}\*?)\}}.*?(?:\\end\{{\1\}}|\Z)"
    r"|\\(?:verb\*?|lstinline(?:\[[^\]]*\])?|mintinline\{\w+\})([^\w\s*{]).*?\2",
    re.S,
)
COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(\n[ \t]*)?")
COMMENT_BLOCK = re.compile(r"\\begin\{comment\}.*?\\end\{comment\}|\\iffalse\b.*?\\fi\b", re.S)
INPUT = re.compile(r"\\(?:input|include|subfile|subfileinclude)\s*\{\s*([^{}]+?)\s*\}|\\input\s+([\w./-]+)")
IMPORT = re.compile(r"\\(?:sub)?(?:import|inputfrom|includefrom)\*?\{([^{}]*)\}\{([^{}]+)\}")
# environments that authors define for code; they are read as listings
OWN_LISTING = re.compile(
    r"\\(?:lstnewenvironment|DefineVerbatimEnvironment|newverbatim|newtcblisting)\s*\{(\w+)\}(?!\{\w+\}\{commandchars)"
)
LISTING = re.compile(r"\\(begin|end)\{((?!lstlisting)lst\w+)\}")
BIBLIOGRAPHY = re.compile(r"\\bibliography\s*\{[^{}]*\}|\\printbibliography(\[[^\]]*\])?")
BEGIN = re.compile(r"(?:^|(?<=[}\]]))\\begin\{document\}", re.M)
DEEPEST = 12  # files that include one another
MOST = 20_000_000  # characters in all


def read_tex(source: Source) -> str:
    """The whole text. A file that is not there is left out.

    Raises NotExtractable for binary data and for files that together are longer than 20 MB.
    """
    text = decode(source.data, source.charset)
    own = OWN_LISTING.findall(text)
    listing = re.compile(rf"\\(begin|end)\{{({'|'.join(own)})\}}") if own else LISTING
    text = _with_inputs(text, source, listing, (), [MOST])
    return BIBLIOGRAPHY.sub(lambda match: _bibliography(source), text)


def without_comments(text: str) -> str:
    """The text without comments; verbatim parts stay as they are.

    A comment takes the end of its line with it, but not an empty line after it.
    """
    return COMMENT_BLOCK.sub("", outside_verbatim(text, lambda part: COMMENT.sub(r"\1", part)))


def outside_verbatim(text: str, change: Callable[[str], str]) -> str:
    """The text with `change` applied to all that is not verbatim."""
    parts: list[str] = []
    place = 0
    for match in PROTECTED.finditer(text):
        parts += [change(text[place : match.start()]), match[0]]
        place = match.end()
    return "".join([*parts, change(text[place:])])


def _with_inputs(text: str, source: Source, listing: re.Pattern[str], opened: tuple[str, ...], left: list[int]) -> str:
    text = listing.sub(r"\\\1{lstlisting}", LISTING.sub(r"\\\1{lstlisting}", text))
    left[0] -= len(text)
    if left[0] < 0:
        raise NotExtractable("TeX of more than 20 MB with all that it includes")

    def included(folder: str, name: str) -> str:
        path = posixpath.normpath(posixpath.join(folder, name.strip().strip('"')))
        if path in opened or len(opened) >= DEEPEST:
            return ""
        names = [path] if path.endswith((".tex", ".ltx", ".bbl")) else [path + ".tex", path]
        data = next((data for name in names if (data := source.read_beside(name)) is not None), None)
        return "" if data is None else _with_inputs(_body(decode(data)), source, listing, (*opened, path), left)

    def followed(part: str) -> str:
        part = IMPORT.sub(lambda match: included(match[1], match[2]), part)
        return INPUT.sub(lambda match: included("", match[1] or match[2]), part)

    return outside_verbatim(without_comments(text), followed)


def _body(text: str) -> str:
    """What a subfile with a preamble of its own adds to the document."""
    return divide(text)[1]


def divide(text: str) -> tuple[str, str]:
    r"""The preamble and the body. A `\begin{document}` that is indented belongs to an example."""
    match = BEGIN.search(text)
    if not match:
        return "", text
    end = text.rfind(r"\end{document}")
    return text[: match.start()], text[match.end() : end if end > match.end() else len(text)]


def _bibliography(source: Source) -> str:
    """The references that BibTeX or Biber wrote beside the main file."""
    name = posixpath.basename(source.name.replace("\\", "/"))
    data = source.read_beside(posixpath.splitext(name)[0] + ".bbl") if name else None
    return "" if data is None else without_comments(decode(data))
