"""Answers of an earlier run as a teacher, without a model: to replay a corpus, or to run the whole factory offline."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.settings import digest
from hornbook.teacher.backend import TeacherAnswer
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.ledger import Call, CallRequest, read_call, read_head

SHIPPED = Path(__file__).parents[1] / "synthetic" / "recorded"  # a folder for each recording, with its ledger
LEDGERS = ("calls.jsonl", "calls.jsonl.gz", "teacher/calls.jsonl", "teacher/calls.jsonl.gz")
GZIP = b"\x1f\x8b"
SAME_SETTINGS = (
    "thinking_tokens and extra_body of the teacher and the settings of the stage must be those of the recording"
)


class Recording:
    """The answers of one model in a ledger, by the same keys as there. Nothing is written.

    Attributes:
        model: the model's name in the ledger.
    """

    def __init__(self, given: str, model: str) -> None:
        """`given` is a folder with a ledger, a ledger's file, or the name of a recording in this package. `model` is
        needed for a ledger of several models.

        Raises HornbookError if there is no such ledger, or none of its calls is the model's.
        """
        path = find_ledger(given)
        self.where = str(path)
        self._file = _opened(path)
        self._places: dict[str, tuple[int, int]] = {}  # key -> offset, length
        self._prompts: dict[str, str] | None = None  # messages and sample -> key
        heads = {}
        for offset, line in self._lines():
            try:
                head = read_head(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # a line that a killed process left
            if head.key not in heads:
                heads[head.key] = (head.model, offset, len(line))
        self.model = _choose(model, Counter(name for name, _, _ in heads.values()), path)
        self._places = {key: (at, size) for key, (name, at, size) in heads.items() if name == self.model}

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Raises CallFailed, which names the stage that asked, if the ledger has no answer to this request."""
        call = self._call(request.key) if request.key in self._places else None
        if call is None:
            hint = self._nearest(request)
            raise CallFailed(f"not in the recording {self.where}: a request of {request.purpose}{hint}")
        return TeacherAnswer(
            text=call.text,
            finish=call.finish,
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            thinking=call.thinking,
        )

    async def close(self) -> None:
        self._file.close()

    def _nearest(self, request: CallRequest) -> str:
        """What differs from the recording's request with the same messages, if it has one."""
        if self._prompts is None:
            calls = (call for key in self._places if (call := self._call(key)))
            self._prompts = {_prompt(call): call.key for call in calls}
        key = self._prompts.get(_prompt(request))
        there = self._call(key) if key else None
        if there is None:
            return ""
        names = request.parameters.__struct_fields__
        both = [(name, getattr(request.parameters, name), getattr(there.parameters, name)) for name in names]
        differ = ", ".join(f"{name} is {here!r} and was {was!r}" for name, here, was in both if here != was)
        return f"; it has the same messages with other parameters ({differ}): {SAME_SETTINGS}"

    def _call(self, key: str) -> Call | None:
        offset, length = self._places[key]
        self._file.seek(offset)
        try:
            return read_call(self._file.read(length))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        offset = 0
        for line in self._file:
            yield offset, line
            offset += len(line)


def find_ledger(given: str) -> Path:
    """The file of a ledger. Raises HornbookError, with what there is, if there is none."""
    known = sorted(folder.name for folder in SHIPPED.glob("*") if _ledger_in(folder))
    folder = SHIPPED / given if given in known else Path(given)
    if folder.is_file():
        return folder
    if found := _ledger_in(folder):
        return found
    what = f"no ledger in it; expected {' or '.join(LEDGERS[::2])}" if folder.is_dir() else "no such file or folder"
    names = f"has {', '.join(known)}" if known else "has none"
    raise HornbookError(f"teacher.recorded: {given}: {what}, and no recording of this package (it {names})")


def _ledger_in(folder: Path) -> Path | None:
    return next((folder / name for name in LEDGERS if (folder / name).is_file()), None)


def _opened(path: Path) -> BinaryIO:
    """The ledger's bytes; a compressed one is read into memory."""
    try:
        file = path.open("rb")
        if file.read(2) != GZIP:
            file.seek(0)
            return file
        with file:
            return io.BytesIO(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, zlib.error) as error:
        raise HornbookError(f"teacher.recorded: {path}: cannot be read ({one_line(error)})") from None


def _choose(model: str, models: Counter[str], path: Path) -> str:
    """The name of the model whose calls are used."""
    if not models:
        raise HornbookError(f"teacher.recorded: {path}: no answered calls in it; expected the lines of a ledger")
    if model in models or (not model and len(models) == 1):
        return model or next(iter(models))
    listed = ", ".join(f"{name} ({count:,} calls)" for name, count in models.most_common())
    problem = f"no calls of {model} in it" if model else "it has calls of several models; choose one with teacher.model"
    raise HornbookError(f"teacher.recorded: {path}: {problem}: {listed}")


def _prompt(request: CallRequest) -> str:
    return digest([request.messages, request.sample])
