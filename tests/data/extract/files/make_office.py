r"""Makes the files of Word, OpenDocument, ePub, XML and TeX here from sources/: `python3 make_office.py`.

Needs Debian's pandoc and libreoffice-writer. The tests compare what is extracted with the sources; nothing of this is
needed to run them.
"""

import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = ("tides", "pride", "manual", "notebook")
PANDOC = [  # suffix of the file, what pandoc is asked for, sources
    ("docx", ["-t", "docx"], (*SOURCES, "sundials")),
    ("odt", ["-t", "odt"], (*SOURCES, "sundials")),
    ("epub", ["-t", "epub3", "--mathml"], SOURCES),
    ("2.epub", ["-t", "epub2", "--epub-chapter-level=2", "--mathml"], SOURCES),
    ("jats.xml", ["-t", "jats"], SOURCES),
    ("docbook.xml", ["-t", "docbook5", "--mathml"], SOURCES),
    ("docbook4.xml", ["-t", "docbook4", "--mathml"], ("manual", "tides")),
    ("tei.xml", ["-t", "tei"], ("manual", "tides")),
    ("fb2", ["-t", "fb2"], ("pride",)),
    ("tex", ["-t", "latex"], SOURCES),
    ("listings.tex", ["-t", "latex", "--listings", "--top-level-division=chapter"], SOURCES),
]
CONVERTED = [  # file, format that LibreOffice makes of it
    *[(f"{name}.odt", "docx", "MS Word 2007 XML") for name in (*SOURCES, "sundials")],
    *[(f"{name}.docx", "odt", "writer8") for name in (*SOURCES, "sundials")],
    ("pride.odt", "epub", "EPUB"),  # (of tables it loses the header rows)
]
BEAMER = r"\newcommand{\dd}[2]{\frac{d#1}{d#2}}"


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def smaller(file: Path) -> None:
    """The same zip archive without its pictures and previews."""
    with zipfile.ZipFile(file) as archive:
        kept = {
            name: archive.read(name) for name in archive.namelist() if not name.startswith(("Thumbnails/", "Pictures/"))
        }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in kept.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, data, stored)


def several_files(folder: Path) -> None:
    """The tides as a document of several files, with a macro of its author in its equations."""
    text = (folder / "tides.tex").read_text()
    preamble, body = text.split("\\begin{document}")
    parts = re.split(r"(?=\\hypertarget\{[a-z-]+\}\{%\n\\section)", body.removesuffix("\\end{document}\n"))
    parts = [part.replace(r"\frac{dh}{dt}", r"\dd{h}{t}") for part in parts]
    (folder / "chapters").mkdir(exist_ok=True)
    for number, part in enumerate(parts[1:], 1):
        (folder / "chapters" / f"part{number}.tex").write_text(part)
    inputs = "\n".join(f"\\input{{chapters/part{number}}} % the next" for number in range(1, len(parts)))
    (folder / "several.tex").write_text(
        f"{preamble}{BEAMER}\n\\begin{{document}}{parts[0]}{inputs}\n\\end{{document}}\n"
    )


def main() -> None:
    office = HERE / "office"
    office.mkdir(exist_ok=True)
    for suffix, options, sources in PANDOC:
        for name in sources:
            run("pandoc", HERE / "sources" / f"{name}.md", "-s", *options, "-o", office / f"{name}.{suffix}")
    for name, suffix, filter_name in CONVERTED:
        with tempfile.TemporaryDirectory() as folder:
            run("soffice", "--headless", "--convert-to", f"{suffix}:{filter_name}", "--outdir", folder, office / name)
            made = next(Path(folder).iterdir())
            made.rename(office / f"{made.stem}.writer.{suffix}")
    several_files(office)
    for file in office.iterdir():
        if file.suffix in (".docx", ".odt", ".epub"):
            smaller(file)


if __name__ == "__main__":
    main()
