"""Which pages the HTML benchmark reads: Debian's documentation packages, unpacked, and where each marks its content."""

import random
from pathlib import Path

import msgspec

from hornbook.base.errors import HornbookError

SKIPPED = ("genindex", "search", "py-modindex", "modindex", "_static", "_modules")  # lists of links and source code
LARGEST = 1_000_000  # bytes of a page


class Site(msgspec.Struct):
    """A set of pages. The selectors are CSS: `main` holds the content; what `dropped` selects in it is none."""

    name: str
    package: str
    folder: str  # below usr/share/doc of the package
    main: str = "[role=main]"
    dropped: str = "a.headerlink, a.viewcode-link, .viewcode-link, button, script, style, object"
    pattern: str = "*.html"
    tuned: bool = True  # whether rules of the extractor were changed after a look at its pages


SITES = [
    Site("python", "python3.11-doc", "python3.11/html"),
    Site("linux", "linux-doc-6.1", "linux-doc-6.1/html"),
    Site("sympy", "python-sympy-doc", "python-sympy-doc/html"),
    Site("astropy", "python-astropy-doc", "python-astropy-doc/html"),
    Site("git", "git-doc", "git/html", main="#header, #content, #footnotes"),
    Site("cmake", "cmake-doc", "cmake-data/html"),
    Site("flask", "python-flask-doc", "python-flask/html"),
    Site("mathjax", "libjs-mathjax-doc", "libjs-mathjax-doc/html"),
    Site("nodejs", "nodejs-doc", "nodejs/api", main="#apicontent", dropped="a.mark, button, script, style, .srclink"),
    Site("postgresql", "postgresql-doc-15", "postgresql-doc-15/html",
         main="body > div:not(.navheader):not(.navfooter)"),
    Site("debian-handbook", "debian-handbook", "debian-handbook/html/en-US", main="body > div:not(#banner)"),
    Site("eigen", "libeigen3-doc", "libeigen3-dev/html", main=".headertitle, .contents",
         dropped="script, style", pattern="group__*.html"),
    Site("mpmath", "python-mpmath-doc", "python-mpmath-doc/html", tuned=False),
    Site("rust book", "rust-doc", "rust-doc/html/book", main="main", dropped="button, script, style", tuned=False),
    Site("octave", "octave-doc", "octave/octave.html", main="body",
         dropped=".header, a.copiable-anchor, a.copiable-link", pattern="[A-WYZ]*.html", tuned=False),
]  # fmt: skip


def site_pages(site: Site, packages: Path, most: int) -> list[Path]:
    """At most `most` pages of a site, the same ones at every call.

    Raises HornbookError, with the commands to run, where the package is not unpacked.
    """
    folder = packages / site.package / "usr/share/doc" / site.folder
    pages = [
        page
        for page in sorted(folder.rglob(site.pattern))
        if not any(part.startswith(SKIPPED) for part in page.relative_to(folder).parts)
        and 1000 < page.stat().st_size < LARGEST
    ]
    if not pages:
        raise HornbookError(
            f"no pages in {folder}: run `apt-get download {site.package}` and "
            f"`dpkg -x {site.package}_*.deb {packages / site.package}`"
        )
    return sorted(random.Random(0).sample(pages, min(most, len(pages))))
