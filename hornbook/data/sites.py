"""The site that a document comes from: documents of one site are alike."""

import re

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)", re.IGNORECASE)
_OBJECT = re.compile(r"^([A-Za-z_][\w-]*)(?:\.[\w.]+)?:[A-Za-z_][\w.]*$")  # module:qualified.name
_LINE = re.compile(r":\d+$")  # of a file of rows


def site_of(origin: str) -> str:
    """The host of an address, the package of a Python object, the folder of a file; else the file.

    >>> site_of("https://www.example.org/a/b.html"), site_of("numpy.linalg:solve"), site_of("notes/2024/may.md")
    ('example.org', 'numpy', 'notes/2024')
    """
    if found := _URL.match(origin) or _OBJECT.match(origin):
        return found[1].lower()
    return origin.rpartition("/")[0] or _LINE.sub("", origin)
