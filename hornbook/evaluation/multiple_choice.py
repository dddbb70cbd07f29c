"""Multiple choice by log-likelihood: the most likely choice is the model's answer (report §5, base models)."""

from collections.abc import Iterable, Sequence

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem, load_benchmark
from hornbook.evaluation.metrics import ScoredReply
from hornbook.preference.generate import Encoder, Respondent

PROMPT = "Question: {question}\nAnswer:"  # the same for every stage and style, so that scores are comparable
ITEMS_PER_BATCH = 64


def choose_items(name: str, most: int, seed: int) -> list[BenchmarkItem]:
    """At most `most` items of a multiple-choice benchmark, chosen by the seed.

    Raises HornbookError for an unknown benchmark or one without choices.
    """
    items = [item for item in load_benchmark(name) if len(item.choices) > 1 and item.answer_index >= 0]
    if not items:
        raise HornbookError(f"benchmark '{name}': its questions have no choices; use a multiple-choice benchmark")
    return seeded_choice(items, most, seed)


def seeded_choice(items: Iterable[BenchmarkItem], most: int, seed: int) -> list[BenchmarkItem]:
    """At most `most` of the items, each once, independently of their order."""
    ranked = sorted(
        {item.id: item for item in items}.values(), key=lambda item: (derive(seed, "item", item.id), item.id)
    )
    return ranked[:most]


def answer_items(items: list[BenchmarkItem], model: Respondent, normalise: str, work: Workspace) -> list[ScoredReply]:
    """The most likely choice of each item, as replies of score "benchmark:NAME", with any engine.

    An item that fills the model's context is set aside, because not every engine could score it.
    """
    answers = []
    with work.progress("benchmarks", len(items), "items") as bar:
        for start in range(0, len(items), ITEMS_PER_BATCH):
            batch = items[start : start + ITEMS_PER_BATCH]
            answers += _answer_batch(batch, model, normalise, work)
            bar.advance(len(batch))
    return answers


def _answer_batch(items: list[BenchmarkItem], model: Respondent, normalise: str, work: Workspace) -> list[ScoredReply]:
    prefixes: list[list[int]] = []
    continuations: list[list[int]] = []
    fitting: list[BenchmarkItem] = []
    for item in items:
        encoded = [encode_choice(model.encoder, item.question, choice) for choice in item.choices]
        if any(len(prefix) + len(choice) >= model.engine.context for prefix, choice in encoded):
            work.reject(item.id, "longer than the model's context")
            continue
        fitting.append(item)
        prefixes += [prefix for prefix, _ in encoded]
        continuations += [choice for _, choice in encoded]
    scored = iter(model.engine.logprobs(prefixes, continuations))
    answers = []
    for item in fitting:
        likelihoods = [
            sum(logprobs) / _length(choice, logprobs, normalise)
            for choice, logprobs in ((choice, next(scored)) for choice in item.choices)
        ]
        pick = max(range(len(likelihoods)), key=lambda index: likelihoods[index])
        right = float(pick == item.answer_index)
        answers.append(ScoredReply(item.id, f"benchmark:{item.benchmark}", 0, right, item.choices[pick]))
    return answers


def encode_choice(model: Encoder, question: str, choice: str) -> tuple[list[int], list[int]]:
    """Token ids of the prompt and of the choice after it, cut where the prompt's own encoding ends."""
    prompt = PROMPT.format(question=question.strip())
    prefix, whole = model.plain(prompt), model.plain(f"{prompt} {choice.strip()}")
    return whole[: len(prefix)], whole[len(prefix) :]


def _length(choice: str, logprobs: Sequence[float], normalise: str) -> int:
    if normalise == "none":
        return 1
    return max(1, len(choice.strip()) if normalise == "character" else len(logprobs))
