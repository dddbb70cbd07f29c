"""Word documents → Markdown, by way of mammoth's HTML. Equations, which it leaves out, are put in as TeX before."""

import io
import zipfile

import mammoth
from lxml import etree

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source
from hornbook.data.extract.html import whole_text
from hornbook.data.extract.omml import omml_to_tex
from hornbook.data.extract.xml_tree import first_text, local_name, parse_xml
from hornbook.data.extract.zip_parts import ZipParts

DOCUMENT, PROPERTIES = "word/document.xml", "docProps/core.xml"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
# Names of paragraph styles that are not Word's own, as LibreOffice, pandoc and Google write them.
STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Preformatted Text'] => pre:separator('\\n')
p[style-name='Code'] => pre:separator('\\n')
p[style-name='Plain Text'] => pre:separator('\\n')
p[style-name='Block Text'] => blockquote > p:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Quotations'] => blockquote > p:fresh
p[style-name='Definition Term'] => dl > dt:fresh
p[style-name='Definition'] => dl > dd:fresh
r[style-name='Verbatim Char'] => code
r[style-name='HTML Code'] => code
r[style-name='Source Text'] => code
r[style-name='HTML Typewriter'] => code
"""


def extract_word(source: Source) -> ExtractedDocument:
    """The text with headings, lists, tables, footnotes and equations, and the title, author and date of its properties.

    Raises NotExtractable for a broken document and for one without text.
    """
    parts = ZipParts(source.data)
    document = _with_equations(parts.read(DOCUMENT))
    try:
        html = mammoth.convert_to_html(_replaced(parts, document), style_map=STYLES, convert_image=_no_image).value
    except Exception as error:  # a defect of a library on unusual bytes must not stop the other documents
        raise NotExtractable(f"unreadable Word document: {type(error).__name__}: {error}") from None
    text = whole_text(html)
    if not text:
        raise NotExtractable("Word document without text")
    said = parse_xml(parts.read(PROPERTIES)) if PROPERTIES in parts.names else None
    title, author, date, language = (
        first_text(said, name) if said is not None else "" for name in ("title", "creator", "created", "language")
    )
    found = {"author": author, "date": date[:10]}
    return ExtractedDocument(text, title, language[:2].lower(), {key: value for key, value in found.items() if value})


def _with_equations(document: bytes) -> bytes:
    r"""The document's main part with `\(TeX\)` and `\[TeX\]` as text in the places of its equations."""
    root = parse_xml(document)
    for equation in [element for element in root.iter() if local_name(element) == "oMath"]:
        parent = equation.getparent()
        if parent is None:
            continue
        displayed = local_name(parent) == "oMathPara"
        tex = omml_to_tex(equation)
        run = etree.Element(f"{{{WORD}}}r")
        text = etree.SubElement(run, f"{{{WORD}}}t", {"{http://www.w3.org/XML/1998/namespace}space": "preserve"})
        text.text = (rf"\[{tex}\]" if displayed else rf"\({tex}\)") if tex else ""
        run.tail = equation.tail
        if displayed and (around := parent.getparent()) is not None:
            around.insert(around.index(parent), run)
        else:
            parent.replace(equation, run)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _replaced(parts: ZipParts, document: bytes) -> io.BytesIO:
    """The document with another main part, and without its images."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(parts.names):
            if not name.startswith("word/media/"):
                archive.writestr(name, document if name == DOCUMENT else parts.read(name))
    made.seek(0)
    return made


@mammoth.images.img_element  # type: ignore[untyped-decorator]
def _no_image(image: object) -> dict[str, str]:
    return {}
