"""The process that extracts. If it hangs, is killed or runs out of memory, only one document is lost.

It receives one request after another through a pipe and answers each; `worker_pool.py` is the parent's side.
"""

import contextlib
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.data.extract.containers import Member, read_beside
from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source, extract_source

READY = b"ready"  # its first message
GRACE = 5.0  # seconds past the time limit after which it kills itself, in case its parent has died


class Extracted(msgspec.Struct):
    """A member's document, or the reason why there is none."""

    document: ExtractedDocument | None = None
    reason: str = ""


def extract_member(member: Member) -> Extracted:
    """The document of a member, with what its surroundings say of it; every failure is a reason."""

    def beside(relative: str) -> bytes | None:
        return read_beside(member.place, relative)

    name = member.url or member.name
    try:
        source = Source(member.data, name, member.url, beside, member.charset)
        document = extract_source(source, member.mime)
    except (NotExtractable, HornbookError) as error:
        return Extracted(reason=" ".join(str(error).split()))
    except Exception as error:  # a defect of ours
        return Extracted(reason=f"unreadable file: {one_line(error)}")
    own = {key: value for key, value in document.metadata.items() if value}
    document.metadata = {**member.metadata, **({"title": document.title} if document.title else {}), **own}
    return Extracted(document)


def main() -> None:
    """Serve the pipe whose descriptor is the first argument, with limits of SECONDS and MEGABYTES a document."""
    pipe, seconds, megabytes = Connection(int(sys.argv[1])), float(sys.argv[2]), int(sys.argv[3])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # libraries may write to them
        os.dup2(nowhere, standard)
    with contextlib.suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends this process
    read = msgspec.msgpack.Decoder(Member, dec_hook=lambda kind, value: kind(os.fsdecode(value))).decode
    pipe.send_bytes(READY)
    with contextlib.suppress(EOFError, OSError):  # the parent has closed the pipe
        while True:
            member = read(pipe.recv_bytes())
            signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
            answer = msgspec.msgpack.encode(extract_member(member))
            signal.setitimer(signal.ITIMER_REAL, 0)
            pipe.send_bytes(answer)


if __name__ == "__main__":
    main()
