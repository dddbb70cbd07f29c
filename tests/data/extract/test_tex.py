r"""TeX → Markdown: what must be in the text, and what must not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.extract import Source, extract_source, no_files
from hornbook.data.extract.tex import extract_tex

CASES = {  # name: (TeX, must contain, must not contain)
    "sections and their labels": (
        r"\section{Heat}\label{s:h} See Section~\ref{s:h}.", ["## Heat", "See Section 1."], ["label", "s:h"]
    ),
    "numbers of subsections": (
        r"\section{A}\section{B}\subsection{C}\label{c} In \ref{c}.", ["### C", "In 2.1."], []
    ),
    "comments": ("a % secret\nb\\% c\n% secret\n\nd", ["a b% c", "d"], ["secret"]),
    "a comment in verbatim is text": (
        "\\begin{verbatim}\nx = 5 % 2\n\\end{verbatim}", ["```\nx = 5 % 2\n```"], []
    ),
    "listings keep their language and indentation": (
        "\\begin{lstlisting}[language=Python, caption=x]\ndef f():\n    return 1\n\\end{lstlisting}",
        ["```python\ndef f():\n    return 1\n```"], ["caption"]
    ),
    "minted": ("\\begin{minted}{c}\nint x;\n\\end{minted}", ["```c\nint x;\n```"], []),
    "verb": (r"Use \verb|a%b{| and \texttt{ls -l}.", ["Use `a%b{` and `ls -l`."], []),
    "accents and signs": (
        r"na\"{\i}ve caf\'e Erd\H{o}s \ss{} \ae{} ``quoted'' 1--2 --- 50\,\% \& \$3",
        ["naïve café Erdős ß æ “quoted” 1–2 —", "% & $3"], ["\\"]
    ),
    "macros of the author, with arguments": (
        r"\newcommand{\vect}[1]{\mathbf{#1}}\newcommand{\R}{\mathbb{R}}Let $\vect{x} \in \R^n$.",
        [r"Let $\mathbf{x} \in \mathbb{R}^n$."], ["vect", "newcommand"]
    ),
    "an optional argument": (
        r"\newcommand{\norm}[2][2]{\|#2\|_{#1}}$\norm{x}$ and $\norm[1]{y}$", [r"$\|x\|_{2}$ and $\|y\|_{1}$"], []
    ),
    "def, let and macros in macros": (
        r"\def\half#1{\frac{#1}{2}}\let\h\half\newcommand\qq{\half{q}}$\qq + \h{r}$",
        [r"$\frac{q}{2} + \frac{r}{2}$"], ["def"]
    ),
    "operators": (r"\DeclareMathOperator{\rank}{rank}$\rank A$", [r"$\operatorname{rank} A$"], ["Declare"]),
    "an environment of the author": (
        r"\newenvironment{claim}[1]{\textbf{Claim #1:} }{ (end)}\begin{claim}{7}It holds.\end{claim}",
        ["Claim 7: It holds. (end)"], ["newenv"]
    ),
    "a macro that calls itself ends": (r"\newcommand{\x}{a}\renewcommand{\x}{\x b}text", ["text"], []),
    "equations stand as they are": (
        "before\n\\begin{align}\n a &= b \\\\\n c &\\le d\n\\end{align}\nafter",
        ["$$\n\\begin{align}\na &= b \\\\\nc &\\le d\n\\end{align}\n$$", "before", "after"], []
    ),
    "an equation that is referred to keeps its number": (
        r"\begin{equation}x=1\label{e}\end{equation} By \eqref{e}, and \begin{equation}y=2\end{equation}",
        ["$$\nx=1 \\tag{1}\n$$", "By (1)", "$$\ny=2\n$$"], ["label"]
    ),
    "displayed in brackets": (r"so \[ \sum_i x_i \] holds", ["$$\n\\sum_i x_i\n$$"], []),
    "lists": (
        r"\begin{enumerate}\item one\item two\begin{itemize}\item[--] deep\end{itemize}\end{enumerate}",
        ["1. one", "2. two", "deep"], ["item"]
    ),
    "descriptions": (r"\begin{description}\item[Term] Its meaning.\end{description}", ["Term\n: Its meaning."], []),
    "a table with its header": (
        r"\begin{tabular}{l|r}\toprule a & b\\ \midrule 1 & 2\\ $x$ & \multirow{2}{*}{y}\\ \bottomrule\end{tabular}",
        ["a | b\n--- | ---\n1 | 2\n$x$ | y"], ["toprule", "l|r"]
    ),
    "cells that span": (r"\begin{tabular}{ll}\multicolumn{2}{c}{wide}\\1&2\end{tabular}", ["wide |\n1 | 2"], ["multi"]),
    "figures keep their captions": (
        r"\begin{figure}[ht]\centering\includegraphics[width=3cm]{a.png}\caption{A heap.}\label{f}"
        r"\end{figure} Fig.~\ref{f}",
        ["A heap.", "Fig. 1"], ["a.png", "[ht]"]
    ),
    "footnotes": (r"Text.\footnote{A note with $x$.}", ["Text.[^1]", "[^1]: A note with $x$."], []),
    "citations by name and year": (
        r"As \citep{k} says \cite[p.~3]{z}.\begin{thebibliography}{9}\bibitem[Knuth(1984)]{k} Knuth, D."
        r"\bibitem{z} Zuse, K.\end{thebibliography}",
        ["As [Knuth 1984] says [2, p. 3]".replace(" 3]", "~3]"), "[Knuth 1984] Knuth, D.", "[2] Zuse, K."], ["bibitem"]
    ),
    "citations without a bibliography": (r"As \cite{knuth84,zuse} say.", ["As [knuth84, zuse] say."], []),
    "theorems": (
        r"\newtheorem{thm}{Theorem}\begin{thm}[Euler]\label{t}It holds.\end{thm}\begin{proof}Clear."
        r"\end{proof} By \ref{t}.",
        ["Theorem 1 (Euler). It holds.", "Proof. Clear.", "By 1."], ["newtheorem"]
    ),
    "links": (r"\href{http://x.org}{the site} and \url{http://y.org}", ["the site", "http://y.org"], ["x.org"]),
    "title, author and no preamble": (
        r"\documentclass{article}\usepackage{x}\title{On Heaps}\author{A. Writer\thanks{MIT} \and B. Other}"
        r"\date{\today}\begin{document}\maketitle Text.\end{document} trash",
        ["# On Heaps", "Text."], ["documentclass", "usepackage", "trash", "today"]
    ),
    "pictures are dropped": (r"a\begin{tikzpicture}\draw (0,0);\end{tikzpicture}b", ["a", "b"], ["draw"]),
    "conditional text that is off": (r"a \iffalse hidden \fi b", ["a", "b"], ["hidden"]),
    "an unknown macro gives its argument": (r"a \highlight{important} b", ["important"], ["highlight"]),
    "braces that are never closed": (r"a {b \textbf{c", ["a", "b"], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_text(name: str) -> None:
    tex, wanted, unwanted = CASES[name]
    text = extract_source(Source(tex.encode(), "a.tex", "", no_files)).text
    assert [part for part in wanted if part not in text] == [], text
    assert [part for part in unwanted if part in text] == [], text


def test_files_that_are_included_are_followed_once() -> None:
    files = {
        "chapters/one.tex": rb"One. \input{chapters/two}",
        "chapters/two.tex": rb"\documentclass{x}\begin{document}Two. \input{chapters/one}\end{document}",
        "main.bbl": rb"\begin{thebibliography}{1}\bibitem{k} Knuth.\end{thebibliography}",
    }
    main = rb"\begin{document}\include{chapters/one}\input{missing} As \cite{k}.\bibliography{refs}\end{document}"
    text = extract_source(Source(main, "main.tex", "", files.get)).text
    assert "One. Two." in text and text.count("One.") == 1
    assert "As [1]." in text and "[1] Knuth." in text


def test_metadata() -> None:
    tex = rb"\title{On Heaps}\author{A. Writer\thanks{MIT} \and B. Other}\date{May 1984}\begin{document}x\end{document}"
    found = extract_source(Source(tex, "a.tex", "", no_files))
    assert (found.title, found.metadata["author"], found.metadata["date"]) == (
        "On Heaps",
        "A. Writer, B. Other",
        "May 1984",
    )


BOMB = (
    r"\def\a{\b\b\b\b\b\b\b\b\b\b}\def\b{\c\c\c\c\c\c\c\c\c\c}\def\c{\d\d\d\d\d\d\d\d\d\d}\def\d{\e\e\e\e\e\e\e\e\e\e}"
)
BOMB += r"\def\e{\f\f\f\f\f\f\f\f\f\f}\def\f{\g\g\g\g\g\g\g\g\g\g}\def\g{xxxxxxxxxxxxxxxxxxxx}"


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (BOMB + r"\a\a\a", "macros that expand without end"),
        ("% only a comment", "no text|without text"),
        ("\0\1\2" * 9, "binary"),
    ],
)
def test_what_cannot_be_extracted_says_why(tex: str, reason: str) -> None:
    with pytest.raises(NotExtractable, match=reason):
        extract_tex(Source(tex.encode(), "a.tex", "", no_files))


PIECES = [
    r"\section{",
    "}",
    "{",
    r"\begin{align}",
    r"\end{align}",
    "$",
    "$$",
    r"\newcommand{\x}[1]{#1 ",
    r"\x",
    "&",
    r"\\",
    "%",
    "\n\n",
]
PIECES += [
    r"\begin{tabular}{l",
    r"\end{tabular}",
    r"\verb|",
    r"\item",
    r"\cite[",
    "]",
    "#1",
    "ä",
    r"\footnote{",
    r"\def\y#1",
    r"\[",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_sequence_of_markup_is_extracted_or_refused(tex: str) -> None:
    try:
        assert extract_source(Source(tex.encode(), "a.tex", "", no_files)).text.strip()
    except NotExtractable as error:
        assert "unreadable" not in str(error), f"{tex!r}: {error}"
