"""What a record costs by its kind's own prompts and sizes: calls and tokens of each stage (report §2.2).

A prompt is rendered for an example seed, whose text counts as long as passages are on average. Before it, a stage's
answer is as long as its prompt expects (`Prompt.tokens`), as its mechanism says, or as the kind's own text.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.claims import claims_request, number_sentences
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import VERIFY, Kind, KindSettings, Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.measured_yields import Measured, measured
from hornbook.synthetic.mechanisms import load_mechanism
from hornbook.synthetic.mechanisms.mechanism import Usual
from hornbook.synthetic.passages import Page, Passage, PassageSettings
from hornbook.synthetic.plan import most_tried
from hornbook.synthetic.prompts import Named
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.show_kind import example_seed
from hornbook.synthetic.verification import LONGEST_PART
from hornbook.teacher.cost import Expected

KEPT = 0.9  # share of the records begun that pass all checks, where nothing was measured with the same teacher
CLAIMS = 0.62  # tokens of a verifier's answer for each token that it checks: measured over tests/synthetic/truth
OTHER_PROMPT = 400  # tokens of a prompt that a program makes


class Said(Named):
    """An answer of an earlier stage with so many tokens."""

    def __init__(self, name: str, tokens: float) -> None:
        super().__init__(name=name)
        self.text = "word " * round(tokens)  # a token each

    def __str__(self) -> str:
        return self.text


class OfRecord(NamedTuple):
    """A kind's records: stage → what a record that is begun costs, and the length of one that is kept, in tokens."""

    stages: dict[str, Expected]
    tokens: float

    def all(self) -> Expected:
        return Expected.of(self.stages.values())


def of_record(kind: Kind, settings: KindSettings, passages: PassageSettings) -> OfRecord:
    """What a record of the kind costs, and how long it is."""
    usual = usual_calls(kind, settings)
    answers = {stage: _answer(stage, usual.get(stage, Usual()), kind, settings) for stage in kind.stages}
    size = _written(kind, settings)
    if kind.prompts.keys() & {"write"} and kind.prompts["write"].tokens:
        size = answers["write"] * max(1.0, usual["write"].calls)
    least = getattr(settings, "min_tokens", 0)
    size = max(size, least)
    seed, length = example_seed(kind, settings), 0.0 if least else math.sqrt(math.prod(passages.tokens))
    stages = {}
    for stage in kind.stages:
        calls, shown, _ = usual.get(stage, Usual())
        answer = answers[stage]
        if stage == VERIFY:
            calls, answer = calls * max(1.0, answer / LONGEST_PART), min(answer, LONGEST_PART)
            prompt = _verifier_prompt() + (shown or _source(seed, length)) + answer
            answer *= CLAIMS
        else:
            prompt = shown + _prompt(stage, kind, settings, seed, length, answers)
        stages[stage] = Expected(calls, calls * prompt, calls * answer)
    return OfRecord(stages, size)


def of_run(settings: SynthSettings, kept: float | None = None) -> tuple[Expected, Expected, float]:
    """What the teachers write and what the verifier checks in a run, and the tokens of the records that are kept.

    So many records of each kind are begun that the wanted ones are left; `kept` is the share, by default the measured.
    """
    written: list[Expected] = []
    checked: list[Expected] = []
    tokens = 0.0
    names = {teacher.name for teacher in settings.writers}
    for name, chosen in settings.kinds.items():
        kind = load_kind(name)
        record = of_record(kind, chosen, settings.passages)
        begun = min(chosen.records / (kept or _kept(measured().get(name), names)), most_tried(chosen))
        for stage, cost in record.stages.items():
            (checked if stage == VERIFY else written).append(cost.times(begun))
        tokens += chosen.records * record.tokens
    return Expected.of(written), Expected.of(checked), tokens


def usual_calls(kind: Kind, settings: KindSettings) -> Mapping[str, Usual]:
    """Stage → what is usual, as the kind's mechanism says; where it does not, half of the largest number of calls:
    an answer is seldom asked for again."""
    if not kind.mechanism:
        return {stage: Usual() for stage in kind.stages}
    mechanism = load_mechanism(kind.mechanism, kind.name)
    most = mechanism.calls(settings, kind.prompts)
    said = mechanism.usual(settings, kind)
    return {stage: said.get(stage) or Usual(max(1.0, most.get(stage, 2) / 2)) for stage in kind.stages}


def _kept(row: Measured | None, teachers: set[str]) -> float:
    return row.kept / row.seeds if row and row.kept and row.teacher in teachers else KEPT


def _written(kind: Kind, settings: KindSettings) -> float:
    """The length of the kind's text: between the least and the most, as many times the one as the other."""
    least, most = getattr(settings, "tokens", (settings.max_tokens / 4, settings.max_tokens))
    return math.sqrt(max(1, least) * most)


def _answer(stage: str, usual: Usual, kind: Kind, settings: KindSettings) -> float:
    prompt = kind.prompts.get(stage)
    if prompt and prompt.tokens:
        return prompt.tokens
    room = (prompt.max_tokens if prompt else None) or settings.max_tokens
    return min(usual.answer or _written(kind, settings), math.inf if stage == VERIFY else room)


def _prompt(
    stage: str, kind: Kind, settings: KindSettings, seed: Seed | None, length: float, answers: Mapping[str, float]
) -> float:
    """Tokens of a prompt of the stage. Earlier answers are as long as they are expected, and so are passages, unless
    `length` is 0."""
    if stage not in kind.prompts or seed is None:
        return OTHER_PROMPT
    before = {**answers, "text": _written(kind, settings)}
    known: dict[str, Any] = {name: Said(name, tokens) for name, tokens in before.items()}
    values = known | drawn_values(RecordJob(kind, settings, seed), 0)
    sent = "\n".join(turn.content for turn in kind.prompts[stage].messages(kind.system, values, named=True))
    texts = {one.text for one in _passages(seed) if length and one.information != "function"}
    return estimate_tokens(sent) + sum(sent.count(text) * (length - estimate_tokens(text)) for text in texts)


def _passages(seed: Seed | None) -> list[Passage]:
    return seed.passages if isinstance(seed, Page) else [seed] if isinstance(seed, Passage) else []


def _source(seed: Seed | None, length: float) -> float:
    return sum(length or estimate_tokens(one.text) for one in _passages(seed))


@cache
def _verifier_prompt() -> int:
    """Tokens of a verifier's prompt without text and passage."""
    nothing = number_sentences("", "P")
    return sum(estimate_tokens(turn.content) for turn in claims_request(nothing, nothing))
