"""Makes the PDF files of this folder from the texts in sources/, each by another tool: `python3 make_pdfs.py`.

Needs Debian's pandoc, texlive-latex-recommended, texlive-publishers, lmodern, groff, libreoffice-writer-nogui,
libreoffice-math-nogui, chromium, qpdf and python3-cairo. The tests compare what is extracted with the sources; nothing
of this is needed to run them.
"""

import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
FONTS = r"\usepackage[T1]{fontenc}\usepackage{mathptmx}"
LATEX = {  # name → (source, what stands before the document)
    "accents": ("accents", r"\documentclass{article}\usepackage[utf8]{inputenc}"),
    "article": ("manual", r"\documentclass{article}\pagestyle{headings}" + FONTS),
    "book": ("pride", r"\documentclass[a5paper,10pt]{book}\pagestyle{headings}"),
    "ieee": ("tides", r"\documentclass[conference]{IEEEtran}"),
    "twocolumn": (
        "tides",
        r"\documentclass[twocolumn,a4paper]{article}\pagestyle{headings}\usepackage[margin=2cm]{geometry}" + FONTS,
    ),
}
PACKAGES = r"""
\usepackage{booktabs,array,calc,amsmath,amssymb,longtable,fancyvrb,textcomp,hyperref}
\def\tightlist{}\newcommand{\passthrough}[1]{#1}\newcounter{none}
"""
STYLE = """
body {font: 11pt serif; text-align: justify} table {border-collapse: collapse}
td, th {border: 1px solid #888; padding: 2px 6px}
"""


def run(*command, folder, **kwargs):
    return subprocess.run([str(part) for part in command], cwd=folder, check=True, capture_output=True, **kwargs).stdout


def pandoc(source, to, *options):
    return run("pandoc", HERE / "sources" / f"{source}.md", "-t", to, *options, folder=HERE).decode()


def latex(name, folder):
    source, preamble = LATEX[name]
    top = ["--top-level-division=chapter"] if name == "book" else []
    body = pandoc(source, "latex", "--no-highlight", *top)
    body = re.sub(r"\\begin\{longtable\}\[\]", r"\\begin{center}\\begin{tabular}", body)  # one that columns allow
    body = body.replace(r"\end{longtable}", r"\bottomrule\end{tabular}\end{center}")
    body = re.sub(r"\\(endhead|endfoot|endfirsthead|endlastfoot)|\\noalign\{\}", "", body)
    title = re.search(r"title: (.*)", (HERE / "sources" / f"{source}.md").read_text())[1]
    front = rf"\title{{{title}}}\author{{The Author}}" + (r"\date{}" if name != "ieee" else "")
    (folder / f"{name}.tex").write_text(
        preamble + PACKAGES + front + r"\begin{document}\maketitle " + body + r"\end{document}"
    )
    for _ in range(2):
        run("pdflatex", "-interaction=nonstopmode", f"{name}.tex", folder=folder)


def groff(folder):
    """Two columns by the ms macros, and a page of a manual."""
    text = pandoc("pride", "ms", "-s", "-V", "fontfamily=T").replace(".SH", ".2C\n.SH", 1)
    (folder / "groff-columns.pdf").write_bytes(run("groff", "-ms", "-Tpdf", "-k", folder=folder, input=text.encode()))
    text = pandoc("manual", "man", "-s")
    (folder / "groff-man.pdf").write_bytes(
        run("groff", "-man", "-t", "-Tpdf", "-k", folder=folder, input=text.encode())
    )


def writer(folder):
    """A page in one column, and one in two by the section's settings."""
    for source, name, columns in (
        ("tides", "writer", ""),
        ("pride", "writer-columns", '<w:cols w:num="2" w:space="500"/>'),
    ):
        pandoc(source, "docx", "-s", "-o", folder / f"{name}0.docx")
        with zipfile.ZipFile(folder / f"{name}0.docx") as old, zipfile.ZipFile(folder / f"{name}.docx", "w") as new:
            for item in old.namelist():
                data = old.read(item)
                if item == "word/document.xml" and columns:
                    data = re.sub(rb"<w:sectPr\s*/>|<w:sectPr>", b"<w:sectPr>" + columns.encode(), data)
                    data = data if b"</w:sectPr>" in data else data.replace(b"</w:body>", b"</w:sectPr></w:body>")
                new.writestr(item, data)
        profile = f"-env:UserInstallation=file://{folder}/office"
        run("soffice", profile, "--headless", "--convert-to", "pdf", f"{name}.docx", folder=folder)


def browser(folder):
    for source, name, extra in (
        ("manual", "chromium", ""),
        ("languages", "languages", ""),
        ("tides", "chromium-columns", "body{columns:2;hyphens:auto}"),
    ):
        page = pandoc(source, "html", "-s", "--mathml", "--metadata", "lang=en")
        page = re.sub(r"<style>.*?</style>", f"<style>{STYLE}{extra}</style>", page, flags=re.DOTALL)
        (folder / f"{name}.html").write_text(page)
        run(*CHROMIUM, f"--print-to-pdf={name}.pdf", f"{name}.html", folder=folder)


DRAW = """
import sys, textwrap, cairo
paragraphs = [" ".join(part.split()) for part in sys.stdin.read().split("\\n\\n")]
surface = cairo.PDFSurface("cairo.pdf", 420, 595)
pen = cairo.Context(surface)
pen.select_font_face("DejaVu Serif")
y, page = 50, 1
def show(text, x, y, size):
    pen.set_font_size(size); pen.move_to(x, y); pen.show_text(text)
for paragraph in filter(None, paragraphs):
    head = paragraph.startswith("#")
    size = 16 if head else 10
    for number, line in enumerate(textwrap.wrap(paragraph.lstrip("# "), 56)):
        if y > 540:
            show(f"- {page} -", 200, 575, 8); pen.show_page(); y, page = 50, page + 1
        show(line, 40 + (12 if number == 0 and not head else 0), y, size)
        y += size * 1.3
    y += 8 if head else 0
show(f"- {page} -", 200, 575, 8)
surface.finish()
"""


def encrypted(folder):
    """One that a password opens, and one that anybody may read."""
    for name, password in (("encrypted", "secret"), ("restricted", "")):
        options = ["--encrypt", password, "owner", "256", "--extract=n", "--", "--pages", ".", "1", "--"]
        run("qpdf", "cairo.pdf", *options, f"{name}.pdf", folder=folder)


def cairo(folder):
    text = (HERE / "sources" / "pride.md").read_text().partition("---\n\n")[2].replace("*", "")
    run("/usr/bin/python3", "-c", DRAW, folder=folder, input=text.encode())


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for name in LATEX:
            latex(name, folder)
        for make in (groff, writer, browser, cairo, encrypted):
            make(folder)
        for path in sorted(folder.glob("*.pdf")):
            shutil.copy(path, HERE / path.name)


if __name__ == "__main__":
    main()
