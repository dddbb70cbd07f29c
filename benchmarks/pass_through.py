"""Do READMEs and source files of installed packages pass through `hornbook.extract` unchanged?

    python -m benchmarks.pass_through 500 FOLDERS... -- 1000 FOLDERS...

Draws so many READMEs of the first folders and source files of the others, extracts them, and counts what is unchanged,
changed and set aside, with every changed piece that is neither an image, a badge nor a comment. For Python packages
the README is the body of METADATA.
"""

import difflib
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator

from hornbook.base.errors import HornbookError
from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source, extract_source, no_files
from hornbook.data.extract.languages import language_of
from hornbook.data.readers.sources import find_sources

README = re.compile(r"(?i)^readme([.-][\w-]+)?(\.md|\.markdown|\.rst|\.txt)?$|\.(md|rst)$")
NAMED = re.compile(
    r"(?im)!\[|<img|<picture|<!--|image::|figure::|raw::|^\s*\.\.|^\s*\[[^\]]+\]:|\|[^|\n]+\||^\s*:\w+:|^\s*$"
)


def main() -> None:
    arguments = sys.argv[1:]
    middle = arguments.index("--")
    _report("READMEs", list(_readmes(arguments[1:middle])), int(arguments[0]))
    _report("source files", list(_sources(arguments[middle + 2 :])), int(arguments[middle + 1]))


def _readmes(folders: list[str]) -> Iterator[tuple[str, bytes]]:
    for source in find_sources(folders, "Document", None):
        if source.path.name == "METADATA":
            body = source.path.read_bytes().partition(b"\n\n")
            suffix = "rst" if b"text/x-rst" in body[0] else "md"
            if body[2].strip():
                yield f"{source.name}/README.{suffix}", body[2]
        elif README.search(source.path.name) and source.path.suffix not in (".gz", ".html") and source.path.is_file():
            yield source.name, source.path.read_bytes()


def _sources(folders: list[str]) -> Iterator[tuple[str, bytes]]:
    for source in find_sources(folders, "Document", None):
        if language_of(source.path.name) and source.path.is_file():
            yield source.name, source.path.read_bytes()


def _report(what: str, found: list[tuple[str, bytes]], count: int) -> None:
    drawn = random.Random(0).sample(found, min(count, len(found)))
    counts: Counter[str] = Counter()
    other: list[str] = []
    began = time.process_time()
    for name, data in drawn:
        try:
            text = extract_source(Source(data, name, "", no_files)).text
        except (NotExtractable, HornbookError) as reason:
            counts["set aside: " + str(reason).partition(":")[0]] += 1
            continue
        whole = decode(data)
        counts["unchanged" if text == whole else "changed"] += 1
        removed = _removed(whole, text) if text != whole else []
        other += [f"{name}: {piece!r}" for piece in removed if not NAMED.search(piece)]
    seconds = time.process_time() - began
    print(f"{len(drawn)} of {len(found)} {what}, {sum(len(data) for _, data in drawn) / 1e6 / seconds:.1f} MB/s")
    for outcome, number in counts.most_common():
        print(f"  {outcome}: {number}")
    print(f"  removed pieces that are not named in the docs, or pieces added: {len(other)}")
    for line in other[:40]:
        print(f"    {line[:300]}")


def _removed(before: str, after: str) -> list[str]:
    """Neighbouring lines that were removed or changed, as they were."""
    old, new = before.splitlines(), after.splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return ["\n".join(old[begin:end]) or "\n".join(new[a:b]) for tag, begin, end, a, b in blocks if tag != "equal"]


if __name__ == "__main__":
    main()
