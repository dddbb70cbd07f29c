"""The checks of finished records, run again for an audit: what is right passes, what was changed fails."""

import asyncio
import json

import msgspec
import pytest

from hornbook.base.records import Message, Sample
from hornbook.base.rng import rng
from hornbook.synthetic.audit import FRESH
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import NotAudited, RecordContext, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.passages import PassageSettings
from tests.synthetic.kinds.scripted import ScriptedTeacher, passage_of

AQUEDUCT = (
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows "
    "downhill, the "
    "channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall "
    "by about "
    "30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through mountains."
)
SIMPLE = (
    "An aqueduct is a channel for water. It starts at a spring. It ends in a city. The water flows downhill. So the "
    "channel has to fall all the way. It has arches over valleys. It has tunnels through mountains."
)


def recheck(name, seed, script, *, text="", messages=(), **settings):
    kind = load_kind(name)
    chosen = kind.settings.parse(settings, name)
    teacher = ScriptedTeacher(script)
    ask = RecordContext(teacher, kind, chosen, PassageSettings(), rng(1), fresh=FRESH)  # type: ignore[arg-type]
    ask.values |= drawn_values(RecordJob(kind, chosen, seed), 1)
    sample = Sample(id="s", source="synthetic", kind=name, text=text, messages=list(messages))
    asyncio.run(kind.recheck(sample, seed, ask, chosen))
    return teacher


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


def test_a_rewrite_is_held_to_its_checks_again(passage):
    small = {"verified": False, "tokens": [20, 200]}
    recheck("simplification", passage, {}, text=SIMPLE, **small)
    for text, check in ((AQUEDUCT, "own words"), (SIMPLE[:40], "length"), ("le canal est beau " * 12, "repetition")):
        with pytest.raises(Rejected, match=check):
            recheck("simplification", passage, {}, text=text, **small)


def test_the_verifier_answers_in_samples_of_its_own(passage):
    asked = []

    def verify(prompt, sample):
        asked.append(sample)
        return json.dumps({"lines": []})

    with pytest.raises(Rejected, match="verification"):
        recheck("simplification", passage, {"verify": verify}, text=SIMPLE, tokens=[20, 200])
    assert asked and min(asked) >= FRESH


def judged(same="yes"):
    answers = [{"number": number, "why": "w", "same": same} for number in range(6)]
    return json.dumps({"why": "w", "sound": "yes", "answers": answers})


def test_a_question_is_answered_anew(passage):
    name = next(
        name for name in FAMILIES
        if load_kind(name).mechanism == "grounded_qa" and "chain" not in load_kind(name).prompts
    )  # fmt: skip
    solution = "The channel falls steadily because water flows downhill only. Answer: because water flows downhill"
    turns = [Message("user", "Why must the channel fall along its whole length?"), Message("assistant", solution)]
    small = {"verified": False, "tokens": [5, 500]}
    recheck(name, passage, {"answer": solution, "judge": judged()}, messages=turns, **small)
    with pytest.raises(Rejected, match="consistent"):
        script = {"answer": "Answer: because kings wanted it so", "judge": judged(same="no")}
        recheck(name, passage, script, messages=turns, **small)
    with pytest.raises(NotAudited):
        recheck(name, passage, {}, text="no conversation", **small)


CODE = '''def doubled(numbers):
    """Each number times two."""
    result = []
    for number in numbers:
        result.append(number * 2)
    return result
'''
TESTS = """```python
def test_values():
    assert doubled([1, 2]) == [2, 4]
    assert doubled([]) == []
    assert doubled([-3, 0]) == [-6, 0]
```"""


def test_code_is_run_again():
    seed = msgspec.structs.replace(passage_of(AQUEDUCT), text=CODE, information="function")
    turns = [Message("user", "Write tests."), Message("assistant", TESTS)]
    recheck("code_tests", seed, {}, messages=turns)
    turns[-1] = Message("assistant", TESTS.replace("[2, 4]", "[2, 5]"))
    with pytest.raises(Rejected, match="tests pass"):
        recheck("code_tests", seed, {}, messages=turns)
    with pytest.raises(NotAudited):
        recheck("debugging", seed, {}, messages=turns)


def test_kinds_of_these_mechanisms_can_be_audited():
    for name in FAMILIES:
        kind = load_kind(name)
        assert (kind.recheck is not None) == (kind.mechanism in ("rewrite", "grounded_qa", "run_code")), name
