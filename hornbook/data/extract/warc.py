"""WARC files of web archives: the pages in them (also WET files, which hold their texts)."""

from collections.abc import Iterator
from typing import IO, NamedTuple

from hornbook.base.packages import missing_package
from hornbook.data.extract.archives import printable


class Page(NamedTuple):
    url: str
    data: bytes
    mime: str
    charset: str
    date: str
    status: int  # of HTTP; 0 where there is none


def warc_pages(file: IO[bytes], most: int) -> Iterator[Page]:
    """The responses, resources and texts in a WARC file, plain or compressed, each of at most `most` bytes.

    Raises what fastwarc raises for a broken file, HornbookError if that is not installed.
    """
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ImportError:
        raise missing_package("reading WARC files", "fastwarc") from None
    wanted = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion
    for record in ArchiveIterator(file, record_types=wanted, parse_http=True, auto_decode="all"):
        http = record.http_headers
        yield Page(
            url=printable(record.headers.get("WARC-Target-URI") or "").strip("<>"),
            data=record.reader.read(most),
            mime=printable((record.http_content_type if http else record.headers.get("Content-Type")) or ""),
            charset=printable(record.http_charset or ""),
            date=printable(record.headers.get("WARC-Date") or ""),
            status=(http.status_code or 0) if http is not None else 0,
        )
