"""Run one extractor over pages: its texts and the seconds of processor time that each took.

    PYTHON benchmarks/extract_tool.py {ours,trafilatura,resiliparse} PAGES OUT

PAGES has a path on each line; OUT gets a JSON object a line. It runs in the environment of the tool, so that it imports
nothing else.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def ours() -> Callable[[str], str]:
    from hornbook.data.extract.html import html_to_text

    return html_to_text


def trafilatura() -> Callable[[str], str]:
    from trafilatura import extract

    return lambda html: extract(html) or ""


def resiliparse() -> Callable[[str], str]:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: extract_plain_text(html, main_content=True) or ""


def main() -> None:
    tool, pages, out = sys.argv[1:]
    extract = {"ours": ours, "trafilatura": trafilatura, "resiliparse": resiliparse}[tool]()
    paths = Path(pages).read_text().splitlines()
    with Path(out).open("w") as file:
        for number, path in enumerate([*paths[:1], *paths]):
            html = Path(path).read_bytes().decode("utf-8", "replace")
            start = time.process_time()
            text = extract(html)
            seconds = time.process_time() - start
            if number:  # the first page is read twice: what is loaded and compiled at first use is not counted
                print(json.dumps({"text": text, "seconds": seconds}), file=file)


if __name__ == "__main__":
    main()
