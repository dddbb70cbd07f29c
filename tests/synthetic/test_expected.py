"""What a record costs: every kind's stages are counted, and the numbers follow the kind's settings."""

import pytest

from hornbook.synthetic.expected import OfRecord, of_record, of_run, usual_calls
from hornbook.synthetic.kind import VERIFY
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.measured_yields import Measured
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.settings import SynthSettings

PASSAGES = PassageSettings()
TEACHER = {"url": "http://a", "model": "mine"}


def of(name: str, passages: PassageSettings = PASSAGES, **settings: object) -> OfRecord:
    kind = load_kind(name)
    return of_record(kind, kind.settings.parse(settings, name), passages)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_stage_of_every_kind_costs_something_and_no_more_than_the_largest_number(name: str) -> None:
    kind = load_kind(name)
    record = of_record(kind, kind.settings(), PASSAGES)
    assert record.tokens > 0 and set(record.stages) == set(kind.stages)
    assert all(
        cost.calls >= 0 and cost.prompt_tokens >= 0 and cost.answer_tokens >= 0 for cost in record.stages.values()
    )
    assert record.all().prompt_tokens > 0 and record.all().answer_tokens > 0
    if kind.mechanism:
        assert 1 <= record.all().calls <= kind.calls(kind.settings())
        assert set(usual_calls(kind, kind.settings())) == set(kind.stages)


MORE = [  # kind, settings that make a record dearer, and the stages that they make dearer
    ("simplification", {"tokens": [1000, 6000]}, {"write", VERIFY}),
    ("deduction", {"steps": 5}, {"question", "answer", VERIFY}),
    ("deduction", {"unaided": 9}, {"unaided"}),
    ("tutoring", {"turns": [20, 40]}, {"write", "review"}),
    ("tower_of_hanoi", {"most_moves": 40}, {"act"}),
    ("long_chapter", {"min_tokens": 8000}, {"section", "summary", "solve"}),
    ("json_extraction", {"max_tokens": 9000}, set()),
]


@pytest.mark.parametrize(("name", "settings", "stages"), MORE)
def test_what_makes_records_longer_makes_them_dearer(name: str, settings: dict[str, object], stages: set[str]) -> None:
    before, after = of(name).stages, of(name, **settings).stages
    assert {stage for stage in stages if after[stage].prompt_tokens + after[stage].answer_tokens
            > 1.2 * sum(before[stage][1:])} == stages  # fmt: skip


def test_longer_passages_make_prompts_longer_where_they_are_shown() -> None:
    short, long = (of("faq", PassageSettings(tokens=tokens)).stages for tokens in ((50, 200), (1000, 4000)))
    assert long["write"].prompt_tokens - short["write"].prompt_tokens == pytest.approx(1900, abs=20)
    assert long[VERIFY].prompt_tokens - short[VERIFY].prompt_tokens == pytest.approx(1900, abs=20)
    assert long["write"].answer_tokens == short["write"].answer_tokens


def test_a_run_begins_as_many_records_as_its_teacher_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Measured(seeds=8, made=5, kept=4, calls=31, tokens=900, teacher="mine")
    monkeypatch.setattr("hornbook.synthetic.expected.measured", lambda: {"faq": row})
    settings = SynthSettings.parse({"teacher": TEACHER, "kinds": ["faq"], "records": 900}, "synth")
    other = SynthSettings.parse({"teacher": TEACHER | {"model": "other"}, "kinds": ["faq"], "records": 900}, "synth")
    assert of_run(settings)[0].calls == 1800  # half of what that teacher began was kept
    assert of_run(other)[0].calls == pytest.approx(1000)  # it was measured with another
    assert of_run(other, kept=0.3)[0].calls == pytest.approx(3000)
    assert of_run(other)[1].calls == pytest.approx(1000) and of_run(other)[2] == of_run(settings)[2]
