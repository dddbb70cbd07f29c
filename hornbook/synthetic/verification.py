"""Whether a text is true to its passage: a verifier finds each claim supported, contradicted or absent (report §2.2).

Programs decide first what they can, which costs no call: equations that do not hold, numbers that the passage lacks.
They may reject a text, never accept one. What a text may add to its passage is its kind's own setting.
"""

import re
from collections.abc import Iterator

from hornbook.synthetic.arithmetic import false_equation
from hornbook.synthetic.claims import (
    Claim,
    ClaimLines,
    NotVerified,
    NumberedText,
    claims_request,
    number_sentences,
    read_claims,
)
from hornbook.synthetic.kind import VERIFY, Absent, Checks, RecordContext, Rejected
from hornbook.synthetic.passage_numbers import foreign_number

ALLOWED: dict[Absent, tuple[str, ...]] = {  # absent claims that do not reject a text, by what is known of them
    "none": (),
    "background": ("true",),
    "any": ("true", "doubtful", "false"),
}
LONGEST_PART = 1500  # tokens of a text that one call checks
BYTES_PER_TOKEN = 4  # about that of all scripts: one letter of Japanese has three
TOKENS_PER_SENTENCE = 80  # room for the lines on one sentence; a careful answer takes about 20
SPEAKER = re.compile(r"[^\W\d_][\w .]{0,30}:(?=\s)")
CHECKS = ("arithmetic", "numbers", "verification", "truth")


async def require_true(
    checks: Checks, ask: RecordContext, text: str, passage: str, absent: Absent = "none", numbers: bool = True
) -> None:
    """Reject a text with an equation that does not hold ("arithmetic"), a number that its passage lacks ("numbers"), or
    a claim that is contradicted, or absent and not allowed ("truth"); and one of which the verifier gave no answer that
    can be relied on ("verification").

    `absent` is what the text may add to its passage: nothing, what the verifier knows to be true, or anything (as a
    story may). Without `numbers`, figures are left to the verifier: another language may write them otherwise.
    """
    require_programs(checks, text, passage, absent, numbers)
    found = await find_claims(ask, text, passage)
    checks.require("verification", True)
    wrong = untrue(found, absent)
    checks.require("truth", not wrong, "; ".join(map(str, wrong)))


def require_programs(checks: Checks, text: str, passage: str, absent: Absent, numbers: bool = True) -> None:
    """What programs can decide. Numbers that are new are no fault where a text may add to its passage."""
    wrong = false_equation(text)
    checks.require("arithmetic", not wrong, wrong)
    foreign = foreign_number(text, passage) if absent == "none" and numbers else ""
    checks.require("numbers", not foreign, f"{foreign} is not in the passage")


async def find_claims(ask: RecordContext, text: str, passage: str) -> list[Claim]:
    """The verifier's findings on all claims of the text, in its order; a long text is checked in parts, each against
    the whole passage. An answer that leaves out a sentence or cites one that does not exist is asked for once more.

    Raises Rejected ("verification") if that fails too.
    """
    source = number_sentences(passage, "P")
    found: list[Claim] = []
    first, before = 1, ""
    for part in parts(text):
        numbered = number_sentences(part, "T", first)
        if numbered.sentences:
            found += await _part_claims(ask, numbered, source, before)
            first = numbered.last + 1
        before = part.rsplit("\n\n", 1)[-1]
    return found


def untrue(claims: list[Claim], absent: Absent) -> list[Claim]:
    """The claims that reject a text that may add `absent` to its passage."""
    return [
        claim
        for claim in claims
        if claim.verdict == "contradicted" or (claim.verdict == "absent" and claim.known not in ALLOWED[absent])
    ]


def parts(text: str, longest: int = LONGEST_PART) -> Iterator[str]:
    """The text in parts of at most about `longest` tokens, cut between paragraphs; between lines, where a paragraph
    is longer. A longer line stays whole, and so do a turn of a dialogue's first speaker and its answer, which may
    correct it."""
    held = ""
    for paragraph in _with_answers(text.split("\n\n")):
        fits = len(paragraph.encode()) <= longest * BYTES_PER_TOKEN
        for number, piece in enumerate([paragraph] if fits else paragraph.split("\n")):
            joined = held + ("\n" if number else "\n\n") * bool(held) + piece
            if held and len(joined.encode()) > longest * BYTES_PER_TOKEN:
                yield held
                joined = piece
            held = joined
    if held:
        yield held


def _with_answers(paragraphs: list[str]) -> Iterator[str]:
    """Paragraphs, with the turns of the speaker who begins joined to what is said next."""
    speaker = SPEAKER.match(paragraphs[0])
    held = ""
    for paragraph in paragraphs:
        held += "\n\n" * bool(held) + paragraph
        if not speaker or not paragraph.startswith(speaker[0]):
            yield held
            held = ""
    if held:
        yield held


async def _part_claims(ask: RecordContext, text: NumberedText, passage: NumberedText, before: str) -> list[Claim]:
    def fault(answer: ClaimLines) -> str:
        try:
            read_claims(answer, passage, text)
        except NotVerified as error:
            return str(error)
        return ""

    room = TOKENS_PER_SENTENCE * (len(text.sentences) + 2)
    request = claims_request(passage, text, before)
    try:
        answer = await ask.json(VERIFY, request, ClaimLines, fault, max_tokens=room, temperature=0.0)
    except Rejected as failure:
        raise Rejected("verification", str(failure)) from None
    return read_claims(answer, passage, text)
