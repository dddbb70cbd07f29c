"""Which questions of benchmarks stand in the data that the model was trained on (report §9, appendix B).

Each score is given once more without them. A training text is counted for the one question that it shares most with, so
a text that holds many questions hides some: what is found is the least.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hornbook.base.confidence_intervals import estimate
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.decontaminator import CONTAMINATED, Decontaminator
from hornbook.data.readers.load import stream_records
from hornbook.evaluation.harness.records import AnsweredTask
from hornbook.evaluation.metrics import ScoredReply, values_by_score

TEXTS_AT_A_TIME = 512
BOILERPLATE = 50  # an n-gram in so many questions (of a small set: in half of them) is its form, not its content


def contaminated_questions(questions: Mapping[str, BenchmarkItem], texts: Iterable[str]) -> set[str]:
    """The ids of questions that a text contains, by the rule with which training data is decontaminated."""
    if not questions:
        return set()
    names = list(questions)
    items = [questions[name] for name in names]
    finder = Decontaminator(items, boilerplate=max(2, min(BOILERPLATE, len(items) // 2)))
    by_item: dict[str, set[str]] = {}
    for name, item in questions.items():
        by_item.setdefault(item.id, set()).add(name)
    found: set[str] = set()
    waiting = iter(texts)
    while part := list(islice(waiting, TEXTS_AT_A_TIME)):
        for verdict in finder.verdicts(part):
            if verdict.label == CONTAMINATED:
                found |= by_item[verdict.item]
    return found


def training_texts(
    samples: Sequence[Path], documents: Sequence[Path], reject: Callable[[str, str], None]
) -> Iterator[str]:
    """The texts that a model was trained on: documents, and conversations each as one text."""
    for sample in stream_records(samples, "samples", reject) if samples else ():
        yield "\n".join(message.content for message in sample.messages)
    for document in stream_records(documents, "documents", reject) if documents else ():
        yield document.text


def asked_texts(answered: Iterable[AnsweredTask]) -> dict[str, BenchmarkItem]:
    """The questions of tasks by their ids ("task/number"), without the solved examples before them."""
    found: dict[str, BenchmarkItem] = {}
    for task in answered:
        texts: dict[str, str] = {}
        for name, record in task.records():
            chat = record["doc"].get("question") or str(record["arguments"][0][0])
            texts[f"{name}/{record['doc_id']}"] = "\n".join(_texts(record["doc"])) if task.asked.tasks else chat
        for key, text in _without_form(texts).items():
            found[key] = BenchmarkItem(id=key, benchmark=task.asked.name, split="", question=text)
    return found


def _without_form(texts: dict[str, str]) -> dict[str, str]:
    """The texts without what all of them begin and end with: the form in which a task asks."""
    if len(texts) < 2:
        return texts
    begin = _shared(texts.values())
    rest = {key: text[begin:] for key, text in texts.items()}
    end = _shared([text[::-1] for text in rest.values()])
    return {key: text[: len(text) - end] for key, text in rest.items()}


def _shared(texts: Collection[str]) -> int:
    """How many characters all texts have in common at their beginning."""
    first, last = min(texts), max(texts)
    differ = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return next(differ, len(first))


def mark_scores(scores: list[dict[str, Any]], answers: list[ScoredReply], found: set[str]) -> None:
    """Add to each score how many of its questions are in the training data ("in_training"), and the mean of the others
    ("without_them"; None if there is none)."""
    values = values_by_score(answers)
    for score in scores:
        questions = values.get(score["name"], {})
        clean = [of for name, of in questions.items() if name not in found]
        score["in_training"] = len(questions) - len(clean)
        score["without_them"] = estimate(clean).mean if clean else None


def _texts(value: Any) -> Iterator[str]:
    """All texts in a record, in the order of its columns."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
