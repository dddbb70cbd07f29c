"""What TeX's macros and environments are. Others give the text in them."""

SECTIONS = {
    "part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6,
}  # fmt: skip
LISTS = {
    "itemize": "ul", "enumerate": "ol", "description": "dl", "compactitem": "ul", "compactenum": "ol",
    "inparaenum": "ol", "labeling": "dl",
}  # fmt: skip
CODE = frozenset(("verbatim", "Verbatim", "BVerbatim", "lstlisting", "minted", "alltt"))
INLINE_CODE = frozenset(("texttt", "verb", "lstinline", "code", "path", "mintinline"))
TABLES = frozenset(("tabular", "tabularx", "longtable", "tabulary", "supertabular", "xltabular", "tblr"))
MATH = frozenset((
    "equation", "align", "gather", "multline", "eqnarray", "alignat", "flalign", "displaymath", "math", "dmath",
    "subequations",
))  # fmt: skip
BLOCKS = frozenset((
    "figure", "table", "wrapfigure", "wraptable", "minipage", "center", "sidewaystable", "sidewaysfigure", "multicols",
    "subfigure", "proof", "thebibliography", "adjustbox", "landscape", "threeparttable", "algorithm", "frame", "block",
))  # fmt: skip
DROPPED_ENVIRONMENTS = frozenset((
    "tikzpicture", "picture", "pgfpicture", "comment", "filecontents", "pspicture", "axis", "CCSXML", "tikzcd",
))  # fmt: skip
DROPPED_MACROS = frozenset((
    "label", "includegraphics", "vspace", "hspace", "setlength", "addtolength", "pagestyle", "thispagestyle",
    "bibliographystyle", "bibliography", "usepackage", "documentclass", "maketitle", "tableofcontents", "listoffigures",
    "listoftables", "newpage", "clearpage", "cleardoublepage", "noindent", "indent", "centering", "raggedright",
    "hline", "title", "author", "date", "index", "nocite", "setcounter", "addtocounter", "newcounter", "hypersetup",
    "graphicspath", "phantomsection", "pdfbookmark", "addcontentsline", "markboth", "markright", "input", "include",
    "appendix", "protect", "null", "vfill", "hfill", "smallskip", "medskip", "bigskip", "selectlanguage", "color",
    "newblock", "enlargethispage", "pagebreak", "nopagebreak", "looseness", "mainmatter", "frontmatter", "backmatter",
    "footnotemark", "def", "let", "fontsize", "pagenumbering", "arraystretch", "tightlist", "footnotesize", "small",
    "tiny", "large", "Large", "scriptsize", "normalsize", "itshape", "bfseries", "it", "bf", "tt", "ttfamily", "em",
    "rm", "sf", "sc", "scshape", "sffamily", "rmfamily", "upshape", "mdseries", "relax", "printbibliography", "today",
    "keywords", "address", "email", "affiliation", "institute", "ccsdesc", "acmConference", "linespread",
))  # fmt: skip
# Arguments of macros as pylatexenc writes them. The text of a macro that is not dropped is its last argument.
MACRO_ARGUMENTS = {
    "hypertarget": "{{", "hyperref": "[{", "href": "{{", "url": "{", "textcolor": "[{{", "colorbox": "{{",
    "vspace": "*{", "hspace": "*{", "setlength": "{{", "addtolength": "{{", "pagestyle": "{", "thispagestyle": "{",
    "bibliographystyle": "{", "bibliography": "{", "includegraphics": "*[[{", "index": "{", "setcounter": "{{",
    "addtocounter": "{{", "newcounter": "{[", "hypersetup": "{", "graphicspath": "{", "pdfbookmark": "[{{",
    "addcontentsline": "{{{", "markboth": "{{", "markright": "{", "selectlanguage": "{", "color": "[{",
    "fontsize": "{{", "pagenumbering": "{", "title": "[{", "author": "[{", "date": "{", "parbox": "[[[{{",
    "raisebox": "{[[{", "makebox": "[[{", "framebox": "[[{", "fbox": "{", "mbox": "{", "hbox": "{", "scalebox": "{[{",
    "resizebox": "*{{{", "rotatebox": "[{{", "caption": "*[{", "captionof": "{[{", "subcaption": "{", "cref": "*{",
    "Cref": "*{", "autoref": "*{", "eqref": "{", "pageref": "{", "nameref": "{", "ref": "*{", "vref": "*{",
    "subref": "{", "cite": "*[[{", "citep": "*[[{", "citet": "*[[{", "citealp": "*[[{", "citealt": "*[[{",
    "citeauthor": "*[[{", "citeyear": "*[[{", "citeyearpar": "*[[{", "parencite": "*[[{", "textcite": "*[[{",
    "autocite": "*[[{", "footcite": "[[{", "nocite": "{", "bibitem": "[{", "textsubscript": "{",
    "textsuperscript": "{", "enquote": "*{", "say": "{", "underline": "{", "uline": "{", "emph": "{", "textbf": "{",
    "textit": "{", "textrm": "{", "textsf": "{", "textsc": "{", "textsl": "{", "textup": "{", "text": "{",
    "MakeUppercase": "{", "ensuremath": "{", "passthrough": "{", "footnotetext": "[{", "footnotemark": "[",
    "keywords": "{", "address": "{", "email": "{", "affiliation": "{", "institute": "{", "code": "{", "path": "{",
    "part": "*[{", "chapter": "*[{", "section": "*[{", "subsection": "*[{", "subsubsection": "*[{",
    "paragraph": "*[{", "subparagraph": "*[{", "linespread": "{", "printbibliography": "[", "texorpdfstring": "{{",
    "foreignlanguage": "{{", "multicolumn": "{{{", "centerline": "{", "leftline": "{", "sout": "{", "hl": "{",
}  # fmt: skip
