"""True and false texts, and a verifier whose answers were recorded.

    python -m tests.synthetic.truth.recorded OUT [TEXTS.jsonl ...]

writes OUT: for each text whose answer is not recorded in replies.jsonl, the request that the verifier gets, in the
batch format, in random order, without label or defect. Its answers are added to replies.jsonl, as lines of
{"custom_id", "answer"}.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hornbook.base.records import Message
from hornbook.base.rng import rng
from hornbook.synthetic.claims import Claim
from hornbook.synthetic.kind import VERIFY, Kind, KindSettings, RecordContext, Rejected
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.verification import find_claims
from hornbook.teacher.client import Completion
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.ledger import CallRequest, Parameters, call_key
from hornbook.teacher.protocol import OpenAiProtocol
from hornbook.teacher.settings import TeacherSettings

HERE = Path(__file__).parent
TEXTS = [HERE / "texts.jsonl", HERE / "more.jsonl"]
SETTINGS = TeacherSettings(url="http://localhost:8000/v1", model="verifier")


class GoldText(msgspec.Struct):
    """A text about a passage. `beyond`: it adds true knowledge that the passage lacks. `language`: the passage's."""

    passage: str
    kind: str
    text: str
    true: bool
    language: str = "en"
    defect: str = ""
    beyond: bool = False


class Reply(msgspec.Struct):
    custom_id: str
    answer: str


class RecordedVerifier:
    """Attributes: answers: by key of the call; unanswered: the requests that have none, by key."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.unanswered: dict[str, CallRequest] = {}

    async def complete(
        self, messages: list[Message], *, purpose: str, sample: int = 0, temperature: float = 0.7, top_p: float = 1.0,
        max_tokens: int = 256, stop: Sequence[str] = (), schema: str = "",
    ) -> Completion:  # fmt: skip
        parameters = Parameters(temperature, top_p, max_tokens, list(stop), schema)
        key = call_key(SETTINGS.model, messages, parameters, sample)
        if key not in self.answers:
            self.unanswered[key] = CallRequest(
                key=key, model=SETTINGS.model, purpose=purpose, messages=messages, parameters=parameters, sample=sample
            )
            raise CallFailed("no answer is recorded; the module's head says how to write the request")
        return Completion(key, self.answers[key], "stop", 0, 0)


async def nothing_made(*_: object) -> list[object]:
    return []


CHECKED = Kind(
    about="Nothing: it stands for the kind of a gold text.",
    source="synthetic",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=nothing_made,  # type: ignore[arg-type]
    stages=(VERIFY,),
    checks=(),
    calls=lambda settings: 0,
    name="truth",
)


def read_lines(path: Path, shape: type) -> list:
    return [msgspec.json.decode(line, type=shape) for line in path.read_bytes().splitlines()]


def gold_texts(paths: Sequence[Path] = TEXTS) -> list[GoldText]:
    return [text for path in paths for text in read_lines(path, GoldText)]


def recorded_answers() -> dict[str, str]:
    path = HERE / "replies.jsonl"
    return {reply.custom_id: reply.answer for reply in read_lines(path, Reply)} if path.exists() else {}


def checked(gold: GoldText, verifier: RecordedVerifier) -> list[Claim]:
    """What the verifier finds of a text. Raises Rejected, and CallFailed for an answer that is not recorded."""
    ask = RecordContext(verifier, CHECKED, KindSettings(), PassageSettings(), rng(0, "truth"))  # type: ignore[arg-type]
    return asyncio.run(find_claims(ask, gold.text, gold.passage))


def write_requests(to: Path, paths: Sequence[Path]) -> int:
    """Write the unanswered requests; their number."""
    verifier = RecordedVerifier(recorded_answers())
    for gold in gold_texts(paths):
        try:
            checked(gold, verifier)
        except (CallFailed, Rejected):
            continue
    protocol = OpenAiProtocol(SETTINGS)
    requests = list(verifier.unanswered.values())
    random.Random(20).shuffle(requests)
    lines = [
        {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": protocol.body(request, {})}
        for request in requests
    ]
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return len(lines)


if __name__ == "__main__":
    out, *files = map(Path, sys.argv[1:])
    print(f"{write_requests(out, files or TEXTS)} requests: {out}")
