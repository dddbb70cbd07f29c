"""`hornbook.extract`: bytes of any format → their text. The registry of formats.

>>> hornbook.extract(open("paper.pdf", "rb").read()).text
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.packages import missing_package
from hornbook.data.extract.detect import detect_format
from hornbook.data.extract.document import ExtractedDocument, NotExtractable


class Source(NamedTuple):
    """What an extractor gets. `name` is a path or URL, for the suffix; "" if unknown."""

    data: bytes
    name: str
    url: str
    read_beside: Callable[[str], bytes | None]  # another file by its path relative to this one; None: not there
    charset: str = ""  # as HTTP declares it


Extractor = Callable[[Source], ExtractedDocument]

EXTRACTORS = {  # format: "module:function", imported when the first such document comes
    "html": "html:extract_html",
    "tex": "tex:extract_tex",
    "epub": "epub:extract_epub",
    "xml": "xml:extract_xml",
    "word": "word:extract_word",
    "opendocument": "opendocument:extract_opendocument",
    "pdf": "pdf:extract_pdf",
    "notebook": "notebook:extract_notebook",
    "markdown": "markdown:extract_markdown",
    "restructured_text": "restructured_text:extract_restructured_text",
    "text": "plain_text:extract_text",
    "code": "source_code:extract_code",
}
LONGEST_VALUE = 300  # characters of a value of metadata; some pages put a whole licence there
DISTRIBUTIONS = {"charset_normalizer": "charset-normalizer"}  # module → what pip installs


def no_files(path: str) -> bytes | None:
    """`read_beside` of a source that stands alone."""
    return None


def extract(data: bytes, mime: str | None = None, url: str | None = None) -> ExtractedDocument:
    """The text of a document in any known format.

    Args:
        data: the bytes of the file.
        mime: its type if known; otherwise the format is detected from the content, and from the suffix of `url`.
        url: where it comes from; relative links and the suffix are read from it.

    Raises NotExtractable with the reason when there is no text in it, HornbookError for a format whose library is not
    installed.
    """
    return extract_source(Source(data, url or "", url or "", no_files), mime or "")


def extract_source(source: Source, mime: str = "") -> ExtractedDocument:
    """As `extract`, for a source that may have files beside it. The format is put into the metadata."""
    name = detect_format(source.data, source.name, mime)
    extractor = load_extractor(name)
    try:
        document = extractor(source)
    except (NotExtractable, HornbookError):
        raise
    except ImportError as error:
        raise _missing(name, error) from None
    except RecursionError:
        raise NotExtractable(f"too deeply nested {name}") from None
    except MemoryError:
        raise NotExtractable(f"out of memory while reading this {name}") from None
    except Exception as error:  # a defect of a library on unusual bytes must not stop the other documents
        raise NotExtractable(f"unreadable {name}: {one_line(error)}") from None
    if not document.text.strip():
        raise NotExtractable(f"no text in this {name}")
    document.text, document.title = _unicode(document.text), _unicode(document.title)
    document.metadata = {key: _unicode(value) for key, value in document.metadata.items()} | {"format": name}
    return document


def _unicode(text: str) -> str:
    """The text with U+FFFD for halves of characters, which some libraries give and no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def load_extractor(name: str) -> Extractor:
    """The function of a format. Raises HornbookError when its library is not installed."""
    module, _, function = EXTRACTORS[name].partition(":")
    try:
        extractor: Extractor = getattr(import_module(f"hornbook.data.extract.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise _missing(name, error) from None
    return extractor


def _missing(name: str, error: Exception) -> HornbookError:
    module = (getattr(error, "name", "") or "").split(".")[0]
    if not module or module == "hornbook":
        return HornbookError(f"{name}: this version of Hornbook cannot read the format")
    return missing_package(f"reading {name}", DISTRIBUTIONS.get(module, module))
