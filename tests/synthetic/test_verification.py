"""What a verifier's answer must be like to count, what rejects a text, and which model is asked."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.rng import rng
from hornbook.synthetic.claims import ClaimLines, NotVerified, number_sentences, read_claims
from hornbook.synthetic.kind import VERIFY, Checks, KindSettings, RecordContext, Rejected
from hornbook.synthetic.passage_numbers import foreign_number
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.verification import parts, require_true
from tests.synthetic.kinds.scripted import Script, ScriptedTeacher
from tests.synthetic.truth.recorded import CHECKED

PASSAGE = "The mill was built in 1842 by two brothers. It ground rye. In 1901 it burned down after a storm."
TEXT = "Here is a summary. Two brothers built the mill in 1842. What did it grind? It ground rye until it burned down."
GOOD = ["T1 none", "T2 supported P1", "T3 none", "T4 supported P2 P3"]


def read(lines, text=TEXT):
    return read_claims(ClaimLines(lines), number_sentences(PASSAGE, "P"), number_sentences(text, "T"))


@pytest.mark.parametrize(
    ("line", "read_as"),
    [
        ("T2 supported P1", "T2 supported P1"),
        ("T2: supported, P1, P3", "T2 supported P1 P3"),
        ("[T2] supported by [P1] and [P3]", "T2 supported P1 P3"),
        ("T2 SUPPORTED P1-P3.", "T2 supported P1 P2 P3"),
        ("T2 supported P1: 1842 + 1 = 1843", "T2 supported P1: 1842 + 1 = 1843"),
        ("T2 supported: 2 × 3 = 6", "T2 supported: 2 × 3 = 6"),
        ("T2 contradicted P1 – by two sisters", "T2 contradicted P1: by two sisters"),
        ("T2 contradicted: true north lies elsewhere", "T2 contradicted: true north lies elsewhere"),
        ("T2 absent false: there was no such mill", "T2 absent false: there was no such mill"),
        ("T2 absent, doubtful", "T2 absent doubtful"),
    ],
)
def test_a_line_is_read(line, read_as):
    assert str(read([GOOD[0], line, *GOOD[2:]])[1]) == read_as


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "no line for T1, T2, T3, T4"),
        (GOOD[:3], "no line for T4"),
        ([*GOOD, "T5 supported P1"], "there is no T5"),
        ([*GOOD, "T4 supported P4"], "there is no P4"),
        ([*GOOD, "T4 contradicted P0"], "there is no P0"),
        ([f"T{number} supported" for number in range(1, 5)], "supported by no sentence"),
        ([*GOOD, "T4 supported: it sounds right"], "supported by no sentence"),
        ([*GOOD, "T4 absent: the storm was in May"], "true, doubtful or false"),
        ([*GOOD, "all is well"], "not a line"),
        (["T1 none", "T2 none", "T3 none", "T4 none"], "most of the text"),
    ],
)
def test_an_answer_that_cannot_be_relied_on_is_refused(lines, reason):
    with pytest.raises(NotVerified, match=reason):
        read(lines)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_answer_is_read_or_refused(lines):
    try:
        claims = read(lines)
    except NotVerified:
        return
    assert {claim.sentence for claim in claims} == {1, 2, 3, 4}


def test_sentences_are_numbered_where_they_stand():
    numbered = number_sentences("# Mills\n\n- One. Two!\n---\n  風車です。水車です。", "T", 3)
    assert numbered.shown == "[T3] # Mills\n\n[T4] - One. [T5] Two!\n---\n  [T6] 風車です。 [T7] 水車です。"
    assert (numbered.first, numbered.last, len(numbered.sentences)) == (3, 7, 5)


@given(st.lists(st.text(alphabet="ab .\n", max_size=60), max_size=12), st.integers(1, 20))
def test_parts_lose_nothing_and_keep_to_the_limit(paragraphs, longest):
    text = "\n\n".join(paragraphs)
    cut = list(parts(text, longest))
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(len(part.encode()) <= 4 * longest or "\n" not in part for part in cut)


def test_a_part_of_a_dialogue_does_not_end_with_a_question_whose_answer_comes_in_the_next() -> None:
    turns = [f"User: {'why ' * 30}?\n\nAssistant: {'so ' * 30}." for _ in range(8)]
    found = list(parts("\n\n".join(turns), longest=90))
    assert len(found) > 2 and all(part.startswith("User:") and "Assistant:" in part[-110:] for part in found)


def context(script: Script, verifier: ScriptedTeacher | None = None) -> RecordContext:
    cutting, seeded = PassageSettings(), rng(0, "test")
    return RecordContext(ScriptedTeacher(script), CHECKED, KindSettings(), cutting, seeded, verifier=verifier)  # type: ignore[arg-type]


def answer(*lines: str) -> str:
    return json.dumps({"claims": list(lines)})


def passed(text=TEXT, absent="none", verify: object = answer(*GOOD)) -> list[str]:
    checks = Checks()
    asyncio.run(require_true(checks, context({VERIFY: verify}), text, PASSAGE, absent))  # type: ignore[dict-item]
    return checks.passed


@pytest.mark.parametrize(
    ("line", "absent", "check"),
    [
        ("T4 supported P2 P3", "none", ""),
        ("T4 contradicted P2: it ground wheat", "any", "truth"),
        ("T4 absent true: it was rebuilt", "none", "truth"),
        ("T4 absent true: it was rebuilt", "background", ""),
        ("T4 absent doubtful: it was rebuilt", "background", "truth"),
        ("T4 absent false: it was rebuilt", "background", "truth"),
        ("T4 absent doubtful: it was rebuilt", "any", ""),
    ],
)
def test_what_a_text_may_add_is_its_kinds_setting(line, absent, check):
    verify = answer(*GOOD, line)
    if not check:
        assert passed(absent=absent, verify=verify) == ["arithmetic", "numbers", "verification", "truth"]
        return
    with pytest.raises(Rejected) as rejected:
        passed(absent=absent, verify=verify)
    assert rejected.value.check == check and line in str(rejected.value)


def test_a_bad_answer_is_asked_for_once_more_with_the_reason_and_then_the_text_is_rejected():
    def repaired(prompt, sample):
        return answer(*GOOD) if "no line for T4" in prompt else answer(*GOOD[:3])

    assert passed(verify=repaired)[-1] == "truth"
    ask = context({VERIFY: answer(*GOOD[:3])})
    with pytest.raises(Rejected, match="no line for T4") as rejected:
        asyncio.run(require_true(Checks(), ask, TEXT, PASSAGE))
    assert rejected.value.check == "verification" and len(ask.calls) == 2


def test_programs_reject_before_a_verifier_is_asked():
    for text, check in (("Then 1842 + 59 = 1911.", "arithmetic"), ("It burned down in 1955.", "numbers")):
        ask = context({})
        with pytest.raises(Rejected) as rejected:
            asyncio.run(require_true(Checks(), ask, text, PASSAGE))
        assert rejected.value.check == check and not ask.calls


def test_a_long_text_is_checked_in_parts_with_the_whole_passage():
    paragraph = " ".join(["It ground rye."] * 150)
    text = "\n\n".join([paragraph] * 6)
    ranges = iter([(1, 301), (301, 601), (601, 901)])

    def verify(prompt, sample):
        first, end = next(ranges)
        assert PASSAGE[:20] in prompt and f"[T{first}]" in prompt and f"[T{end - 1}]" in prompt
        assert ("The part of the text before" in prompt) is (first > 1)
        return answer(*(f"T{number} supported P2" for number in range(first, end)))

    assert passed(text, verify=verify)[-1] == "truth"


def test_the_verifier_may_be_another_model():
    other = ScriptedTeacher({VERIFY: answer(*GOOD)})
    ask = context({}, other)
    asyncio.run(require_true(Checks(), ask, TEXT, PASSAGE))
    assert [stage for stage, _ in other.asked] == [VERIFY] and len(ask.calls) == 1


# -- numbers


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("It burned in 1901, 59 years after it was built in 1842.", ""),
        ("It was built in the 19th century, in the 1840s, by 2 brothers.", ""),
        ("It was built about 1840.", ""),
        ("1. It ground rye.", ""),
        ("It stood for 62 years.", "62"),
        ("It burned down in 1911.", "1911"),
        ("It stood 5 km, or 3 miles, away for 62 years.", ""),  # converted: not for this program
        ("It stood for 1901 - 1842 = 59 years, or 708 months.", ""),  # calculated
    ],
)
def test_numbers_that_the_passage_lacks(text, foreign):
    assert foreign_number(text, PASSAGE) == foreign
    assert foreign_number(text, "It ground rye.") == ""
