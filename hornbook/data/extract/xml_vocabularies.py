"""What the elements of JATS, DocBook, TEI and FictionBook are in HTML. Others give their text."""

# An element's name → the element of HTML. Names are in lower case, without namespace.
ELEMENTS = {
    # blocks
    "sec": "section", "section": "section", "chapter": "section", "part": "section", "preface": "section",
    "div": "section", "div1": "section", "div2": "section", "div3": "section", "div4": "section",
    "appendix": "section", "sect1": "section", "sect2": "section", "sect3": "section", "sect4": "section",
    "sect5": "section", "simplesect": "section", "refsect1": "section", "refsect2": "section", "refsect3": "section",
    "refsection": "section", "refentry": "section", "refnamediv": "section", "refsynopsisdiv": "section",
    "app": "section", "ack": "section", "abstract": "section", "glossary": "section", "bibliography": "section",
    "ref-list": "section", "qandaset": "section", "qandadiv": "section", "book": "section", "article": "section",
    "title": "heading", "head": "heading", "article-title": "span", "subtitle": "p", "label": "label",
    "p": "p", "para": "p", "simpara": "p", "formalpara": "div", "ab": "p", "v": "p", "l": "p", "refpurpose": "p",
    "lg": "div", "stanza": "div", "poem": "div", "empty-line": "br", "lb": "br", "break": "br", "sbr": "br",
    "epigraph": "blockquote", "disp-quote": "blockquote", "blockquote": "blockquote", "quote": "q", "cite": "cite",
    "programlisting": "pre", "screen": "pre", "literallayout": "pre", "synopsis": "pre", "preformat": "pre",
    "eg": "pre", "programlistingco": "div", "cmdsynopsis": "p", "funcprototype": "p", "classsynopsis": "pre",
    "boxed-text": "div", "note": "note", "tip": "div", "warning": "div", "caution": "div", "important": "div",
    "example": "div", "informalexample": "div", "statement": "div", "fig": "div", "figure": "div", "figdesc": "p",
    "caption": "caption", "table-wrap": "div", "table-wrap-foot": "div", "mediaobject": "div", "textobject": "div",
    "question": "div", "answer": "div", "qandaentry": "div", "bibl": "p", "ref": "li", "mixed-citation": "span",
    "element-citation": "span", "biblioentry": "p", "bibliomixed": "p", "speech": "div", "sp": "div", "speaker": "p",
    # lists
    "itemizedlist": "ul", "orderedlist": "ol", "simplelist": "ul", "procedure": "ol", "substeps": "ol",
    "list": "list", "listbibl": "ul", "listitem": "li", "list-item": "li", "item": "li", "step": "li", "member": "li",
    "variablelist": "dl", "def-list": "dl", "glosslist": "dl", "varlistentry": "div", "def-item": "div",
    "glossentry": "div", "term": "dt", "glossterm": "dt", "glossdef": "dd", "def": "dd",
    # tables
    "table": "table", "informaltable": "div", "tgroup": "table", "thead": "thead", "tbody": "tbody", "tfoot": "tfoot",
    "row": "tr", "tr": "tr", "entry": "td", "cell": "td", "td": "td", "th": "th",
    # words
    "literal": "code", "command": "code", "filename": "code", "option": "code", "function": "code", "varname": "code",
    "parameter": "code", "constant": "code", "code": "code", "monospace": "code", "classname": "code",
    "methodname": "code", "type": "code", "envar": "code", "userinput": "code", "computeroutput": "code",
    "systemitem": "code", "prompt": "code", "tag": "code", "sgmltag": "code", "replaceable": "span", "package": "code",
    "sub": "sub", "subscript": "sub", "sup": "sup", "superscript": "sup",
    # equations
    "math": "math", "tex-math": "tex", "mathphrase": "span", "formula": "tex", "disp-formula": "display",
    "informalequation": "display", "equation": "display",
    # notes
    "footnote": "footnote", "fn": "footnote",
}  # fmt: skip
JOINED = {"menuchoice": " > ", "keycombo": "+"}  # what stands between the parts of menus and keys
DROPPED = frozenset((
    "teiheader", "info", "articleinfo", "bookinfo", "chapterinfo", "sectioninfo", "refmeta", "indexterm", "remark",
    "binary", "description", "toc", "index", "processing-meta", "permissions", "journal-meta", "article-meta",
    "self-uri", "graphic", "inline-graphic", "imageobject", "colspec", "spanspec", "col", "colgroup", "textdata", "alt",
    "primary", "secondary", "xsl", "abbrev-alternatives", "media", "supplementary-material", "fw",
))  # fmt: skip
METADATA = ("article-meta", "info", "articleinfo", "bookinfo")  # what an abstract may stand in
TITLES = (
    "article-meta/title-group/article-title", "title-info/book-title", "titleStmt/title", "info/title",
    "bookinfo/title", "articleinfo/title", "refmeta/refentrytitle",
)  # fmt: skip
AUTHORS = (
    "contrib/name", "contrib/string-name", "title-info/author", "titleStmt/author", "info//author/personname",
    "info//author", "bookinfo//author", "articleinfo//author",
)  # fmt: skip
LICENSES = ("permissions/license", "availability/licence", "availability/p", "legalnotice/para")
DATES = ("article-meta/pub-date/year", "title-info/date", "publicationStmt/date", "info/pubdate", "info/date")
