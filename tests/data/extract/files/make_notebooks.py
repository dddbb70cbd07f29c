"""Makes the notebooks of this folder from the texts in sources/: `python make_notebooks.py`.

Needs jupytext, nbformat, nbclient, ipykernel, pandas and matplotlib (pip), and pandoc.
"""

import copy
import re
import subprocess
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def read(name):
    return (HERE / "sources" / f"{name}.md").read_text(encoding="utf-8")


def save(book, name, version=nbformat.NO_CONVERT):
    nbformat.write(book, HERE / f"{name}.ipynb", version=version)


def with_kernel(text, language, display_name):
    book = jupytext.reads(text.replace("```python", f"```{language}"), "md")
    book.metadata["kernelspec"] = {"name": language.lower(), "display_name": display_name, "language": language}
    return book


def main():
    for name in ("manual", "pride", "tides"):
        save(jupytext.reads(read(name), "md"), f"jupytext-{name}")
    source = HERE / "sources" / "tides.md"
    subprocess.run(["pandoc", source, "-o", HERE / "pandoc-tides.ipynb"], check=True)

    book = jupytext.reads(read("notebook"), "md")
    save(book, "plain")
    run = copy.deepcopy(book)
    NotebookClient(run, allow_errors=True, kernel_name="python3").execute()
    for cell in run.cells:
        cell.metadata.pop("execution", None)
    save(run, "run")
    save(nbformat.convert(copy.deepcopy(run), 3), "run-format-3")

    pictures = copy.deepcopy(book)
    pictures.cells[0].source += f"\n\n![a key](attachment:key.png) ![a dot](data:image/png;base64,{PIXEL})"
    pictures.cells[0].attachments = {"key.png": {"image/png": PIXEL}}
    save(pictures, "pictures")

    text = re.sub(
        r"```python.*?```", "```python\nx <- c(10.1, 14.3)\nsummary(x / 10)\n```", read("notebook"), flags=re.DOTALL
    )
    save(with_kernel(text, "R", "R"), "language-r")
    text = re.sub(r"```python.*?```", "```python\nperiods = [10.1, 14.3] ./ 10\n```", read("notebook"), flags=re.DOTALL)
    save(with_kernel(text, "julia", "Julia 1.10"), "language-julia")


if __name__ == "__main__":
    main()
