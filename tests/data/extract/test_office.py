"""Word, OpenDocument, ePub, XML and TeX files by pandoc and LibreOffice have the text of their sources."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source, extract, extract_source
from tests.data.extract.compare import MATH, f1, runs, table_rows, words

FILES = Path(__file__).parent / "files"
OFFICE = sorted(file.name for file in (FILES / "office").iterdir() if file.is_file())


def extracted(name: str) -> ExtractedDocument:
    folder = FILES / "office"

    def read_beside(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    return extract_source(Source((folder / name).read_bytes(), name, "", read_beside))


def source_of(name: str) -> str:
    stem = name.partition(".")[0]
    return (FILES / "sources" / f"{'tides' if stem == 'several' else stem}.md").read_text()


def compact(tex: str) -> str:
    """TeX without blanks, dollar signs and braces around single letters, which MathML cannot tell apart."""
    return re.sub(r"\{(\w)\}", r"\1", re.sub(r"[\s$]", "", tex))


@pytest.mark.parametrize("name", OFFICE)
def test_words_tables_and_formulas_of_the_source(name: str) -> None:
    text, source = extracted(name).text, source_of(name)
    found, expected = words(text), words(source)
    assert f1(found, expected) >= 0.95
    assert f1(runs(found), runs(expected)) >= 0.9
    rows = table_rows(text)
    assert [row for row in table_rows(source) if row not in rows] == []
    if ".writer." not in name:  # LibreOffice itself loses letters of formulas when it converts
        assert [formula for formula in MATH.findall(source) if compact(formula) not in compact(text)] == []


@pytest.mark.parametrize("name", [name for name in OFFICE if name.startswith("tides.")])
def test_title_headings_footnotes_and_lists(name: str) -> None:
    document = extracted(name)
    lines = document.text.split("\n")
    assert any(line.startswith("#") and line.endswith(" The stilling well") for line in lines)
    assert any(line.startswith("[^1]: The range at neighbouring ports") for line in lines)
    assert "indispensable.[^1]" in document.text
    assert "- Either of them drifts." in document.text and "3. Add the terms for every minute" in document.text
    assert document.title == "How Tides Are Measured and Predicted"


@pytest.mark.parametrize("name", [name for name in OFFICE if name.startswith("notebook.")])
def test_code_keeps_its_lines_and_indentation(name: str) -> None:
    code = (
        "for length, seconds in zip(lengths, measured):\n    expected = 10 * 2 * math.pi * math.sqrt(length / 9.81)\n"
    )
    assert code in extracted(name).text


XML = {  # name: (XML, must contain, must not contain)
    "JATS: a reference to a note in a group": (
        "<article><body><p>A<xref ref-type='fn' rid='n'>*</xref>.</p></body><back><fn-group><fn id='n'>"
        "<p>Note.</p></fn></fn-group></back></article>",
        ["A[^1].", "[^1]: Note."], ["*"]
    ),
    "JATS: front matter is metadata": (
        "<article><front><article-meta><article-id>77</article-id><title-group><article-title>On H<sub>2</sub>O"
        "</article-title></title-group></article-meta></front><body><p>Text.</p></body></article>",
        ["# On H2O", "Text."], ["77"]
    ),
    "JATS: an abstract among the metadata is text": (
        "<article><front><article-meta><abstract><p>In short.</p></abstract></article-meta></front><body><sec>"
        "<title>One</title><p>Text.</p></sec></body></article>",
        ["## Abstract\n\nIn short.\n\n## One\n\nText."], []
    ),
    "TEI: a preface is text": (
        "<TEI><teiHeader/><text><front><div><head>Preface</head><p>Dear reader.</p></div></front><body>"
        "<p>Text.</p></body></text></TEI>",
        ["Preface\n\nDear reader.\n\nText."], []
    ),
    "JATS: lists and tables": (
        "<article><body><list list-type='order'><list-item><p>one</p></list-item></list><table-wrap><label>T1</label>"
        "<caption><p>Cap.</p></caption><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td colspan='2'>c"
        "</td></tr></tbody></table></table-wrap></body></article>",
        ["1. one", "Cap.", "a | b\n--- | ---\nc |"], []
    ),
    "DocBook: an admonition is text": (
        "<chapter><title>T</title><note><para>Mind it.</para></note><para>Use <command>ls</command>.</para></chapter>",
        ["T", "Mind it.", "Use `ls`."], ["[^"]
    ),
    "DocBook: terms": (
        "<section><variablelist><varlistentry><term>a</term><listitem><para>first</para></listitem></varlistentry>"
        "</variablelist></section>",
        ["a\n: first"], []
    ),
    "DocBook: code": (
        "<section><programlisting language='c'>int x;\n  y;</programlisting></section>", ["```c\nint x;\n  y;\n```"], []
    ),
    "DocBook: own entities and those of HTML": (
        "<!DOCTYPE book [<!ENTITY v '1.2'>]><book><para>Version &v; &mdash; &lt;b&gt;&unknown;.</para></book>",
        ["Version 1.2 — <b>unknown."], []  # declared elsewhere, perhaps the name of a program
    ),
    "DocBook: the parts of a menu stand in their sentence": (
        "<section><para>Select <menuchoice><guimenu>File</guimenu><guimenuitem>Open</guimenuitem></menuchoice> or press"
        " <keycombo><keycap>Ctrl</keycap><keycap>O</keycap></keycombo> now.</para></section>",
        ["Select File > Open or press Ctrl+O now."], []
    ),
    "TEI: a note is a footnote, verse has lines": (
        "<TEI><teiHeader><title>Hidden</title></teiHeader><text><body><div><head>H</head><lg><l>one</l><l>two</l></lg>"
        "<p>x<note>N.</note></p></div></body></text></TEI>",
        ["H", "one\n\ntwo", "x[^1]", "[^1]: N."], ["Hidden"]
    ),
    "FictionBook: notes stand apart, pictures are dropped": (
        "<FictionBook xmlns:l='x'><body><section><title><p>One</p></title><p>x<a l:href='#n' type='note'>[1]</a>"
        "</p></section></body><body name='notes'><section id='n'><title><p>1</p></title><p>N.</p></section></body>"
        "<binary>AAAA</binary></FictionBook>",
        ["One", "x[^1]", "[^1]: N."], ["AAAA"]
    ),
    "unknown elements give their text": (
        "<data><entry><name>Kettle</name><about>Boils <b>water</b> fast.</about></entry></data>",
        ["Kettle", "Boils water fast."], []
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", XML)
def test_xml(name: str) -> None:
    xml, wanted, unwanted = XML[name]
    text = extract(f"<?xml version='1.0'?>{xml}".encode(), "application/xml").text
    assert [part for part in wanted if part not in text] == [], text
    assert [part for part in unwanted if part in text] == [], text


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    xml = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a><p>Text &x; here.</p></a>'
    assert extract(xml.encode(), "application/xml").text == "Text here."


def test_entities_that_expand_one_another_stay_small() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    xml = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{levels}]><a><p>Text &l11;</p></a>'
    assert extract(xml.encode(), "application/xml").text == "Text"


def run(text: str, properties: str = "") -> str:
    return f"<m:r>{properties}<m:t>{text}</m:t></m:r>"


A, B, N, X = (run(letter) for letter in "abnx")
UPRIGHT = run("sin", "<m:rPr><m:sty m:val='p'/></m:rPr>")
EQUATIONS = {  # OMML within <m:oMath>: TeX
    f"<m:f><m:num>{A}</m:num><m:den>{B}</m:den></m:f>": r"\frac{a}{b}",
    f"<m:f><m:fPr><m:type m:val='noBar'/></m:fPr><m:num>{N}</m:num><m:den>{A}</m:den></m:f>": r"\binom{n}{a}",
    f"<m:rad><m:deg/><m:e>{X}</m:e></m:rad>": r"\sqrt{x}",
    f"<m:rad><m:deg>{run('3')}</m:deg><m:e>{X}</m:e></m:rad>": r"\sqrt[3]{x}",
    f"<m:sSubSup><m:e>{X}</m:e><m:sub>{run('i')}</m:sub><m:sup>{run('2')}</m:sup></m:sSubSup>": "x_i^2",
    f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{A}</m:sub><m:sup>{N}</m:sup><m:e>{X}</m:e></m:nary>":
        r"\sum_a^nx",
    f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=')'/></m:dPr><m:e>{run('0,1')}</m:e></m:d>": "[0,1)",
    f"<m:m><m:mr><m:e>{A}</m:e><m:e>{B}</m:e></m:mr></m:m>": r"\begin{matrix} a & b \end{matrix}",
    f"<m:func><m:fName>{UPRIGHT}</m:fName><m:e>{X}</m:e></m:func>":
        r"\sin x",
}  # fmt: skip


@pytest.mark.parametrize("omml", EQUATIONS)
def test_equations_of_word(omml: str) -> None:
    assert (
        f"${EQUATIONS[omml]}$"
        in extract(word_file(f"<w:p><w:r><w:t>x </w:t></w:r><m:oMath>{omml}</m:oMath></w:p>")).text
    )


def word_file(body: str) -> bytes:
    """A Word document with this body."""
    made = io.BytesIO()
    types = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Override PartName="/word/document.xml" '
        f'ContentType="{types}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        f'xmlns:m="{office}/math"><w:body>{body}</w:body></w:document>',
    }
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return made.getvalue()


@pytest.mark.parametrize("name", ["tides.docx", "tides.odt", "tides.epub", "tides.jats.xml", "tides.tex"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_mutated_bytes_are_extracted_or_refused(name: str, data: st.DataObject) -> None:
    content = bytearray((FILES / "office" / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    try:
        assert extract_source(Source(bytes(content), name, "", lambda path: None)).text.strip()
    except NotExtractable as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["tides.docx", "tides.odt", "tides.epub"])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_mutated_parts_are_extracted_or_refused(name: str, data: st.DataObject) -> None:
    """The archive is whole, and a part in it is damaged."""
    made = io.BytesIO()
    with zipfile.ZipFile(FILES / "office" / name) as archive, zipfile.ZipFile(made, "w") as damaged:
        for info in archive.infolist():
            content = bytearray(archive.read(info))
            if info.filename.endswith(("xml", "opf", "rels")) and content:
                place = data.draw(st.integers(0, len(content) - 1))
                content[place : place + 20] = data.draw(st.binary(max_size=20))
            damaged.writestr(info.filename, bytes(content))
    try:
        assert extract_source(Source(made.getvalue(), name, "", lambda path: None)).text.strip()
    except NotExtractable as error:
        assert "\n" not in str(error)
