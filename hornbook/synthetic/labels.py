"""The stage that has a teacher label documents, for a small classifier to learn from (report §2.3).

A sample of the documents, spread over languages and sites, is graded from 0 to 5 for educational value, reasoning and
facts, and given one of a closed list of topics.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hornbook.base import asynchronous
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Document, Label, Message, make_id
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.data.classifier.topics import GRADES, HIGHEST, TOPICS
from hornbook.data.filters.language import identify
from hornbook.data.readers.load import stream_records
from hornbook.data.sites import site_of
from hornbook.synthetic.settings import LabelSettings
from hornbook.synthetic.structured_output import ask_for
from hornbook.teacher.client import Teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import Teachers, open_teachers

ANSWER_TOKENS = 80
SYSTEM = "You judge texts in any language by what a reader can learn from them. Answer with one JSON object only."
ASK = """Below is the beginning of a document, between two lines of equals signs. Grade it, from 0 to 5 each.

- "educational_value": 0 nothing to learn (logs, menus, boilerplate, fragments), 1 very little, 2 notes for those who \
know already, 3 facts or ideas that stand on their own, 4 clear and substantial: a student would learn from it, 5 \
excellent, as in a good textbook
- "reasoning": how far it explains why, derives, compares or argues: 0 not at all, 1 hardly, 2 a little, 3 some \
statements follow from others, 4 much of it, 5 a worked argument, proof or analysis
- "facts": how dense it is with facts that could be checked and are of lasting interest: 0 none, 3 some, 5 full of them
- "topic": one of {topics}. "travel" is also places and geography, "culture" also religion, philosophy, language and \
customs, "biography" any person's life; "other" is what has no topic: logs, licences, menus, fragments

====
{text}
===="""

Grade = Annotated[int, Meta(ge=0, le=HIGHEST)]


class Judgement(msgspec.Struct):
    """The teacher's answer."""

    educational_value: Grade
    reasoning: Grade
    facts: Grade
    topic: Literal[TOPICS]  # type: ignore[valid-type]


def label(settings: LabelSettings, work: Workspace, *, documents: Sequence[Path]) -> None:
    """Write labels.parquet: the labels of `settings.sample` documents, spread over languages and sites.

    Documents that the teacher does not answer, or not in the form asked for, are set aside with the reason. Raises
    HornbookError if there are no documents, TeacherError if the teacher cannot be used.
    """
    chosen = choose(stream_records(documents, "documents", work.reject, columns=settings.columns), settings, work.seed)
    if not chosen:
        raise HornbookError(f"label: no prose in the documents{work.first_set_aside()}")

    async def ask() -> list[Label | CallFailed | str]:
        async with open_teachers(settings.writers, work.ledger) as teachers:

            async def one(document: Document) -> Label | str:
                return await judge(document, teachers.choose("label", document.id))

            found = await map_records(chosen, one, lambda *_: bar.advance(), limit=teachers.records_at_once)
            _require_answers(teachers)
            return found

    with work.progress("", len(chosen), "documents") as bar:
        answers = asynchronous.run_coroutine(ask())
    labels = []
    for document, answer in zip(chosen, answers, strict=True):
        if isinstance(answer, Label):
            labels.append(answer)
        else:
            reason = answer if isinstance(answer, str) else f"teacher call failed: {answer}"
            work.reject(document.origin, reason)
    if not labels:
        raise HornbookError(f"label: none of {len(chosen)} answers is usable{work.first_set_aside()}")
    write_records(work.path / "labels.parquet", Label, sorted(labels, key=lambda one: one.id))
    _record_statistics(chosen, labels, work)


def choose(documents: Iterable[Document], settings: LabelSettings, seed: int) -> list[Document]:
    """The documents to label, cut to their beginnings: of each language in turn, of its sites in turn.

    Each text once, source code excepted. Prose whose language is not clear is one more language, "".
    """
    groups: dict[tuple[str, str], list[tuple[int, Document]]] = defaultdict(list)
    seen: set[str] = set()
    for document in documents:
        text = document.text.strip()[: settings.shown]
        name = make_id("label", text)
        if document.kind == "code" or not text or name in seen:
            continue
        seen.add(name)
        found, score = identify([text])[0]
        document = msgspec.structs.replace(document, text=text, language=found if score >= settings.clear else "")
        group = groups[document.language, site_of(document.origin)]
        group.append((derive(seed, "label", name), document))
    ranked: dict[str, list[tuple[int, int, Document]]] = defaultdict(list)
    for (language, _), group in groups.items():
        group.sort(key=lambda pair: pair[0])
        ranked[language] += [(number, lot, document) for number, (lot, document) in enumerate(group)]
    turns = []
    for places in ranked.values():
        places.sort(key=lambda place: place[:2])
        turns += [(number, lot, document) for number, (_, lot, document) in enumerate(places)]
    turns.sort(key=lambda place: place[:2])
    return [document for _, _, document in turns[: settings.sample]]


def messages_for(text: str) -> list[Message]:
    """The conversation that asks for the label of a text."""
    return [Message("system", SYSTEM), Message("user", ASK.format(topics=", ".join(TOPICS), text=text))]


async def judge(document: Document, teacher: Teacher) -> Label | str:
    """The label of a document, or why its answers cannot be used. Raises CallFailed."""
    calls: list[str] = []
    found, reason = await ask_for(
        Judgement,
        messages_for(document.text),
        teacher,
        purpose="label",
        max_tokens=ANSWER_TOKENS,
        used=calls.append,
    )
    if found is None:
        return f"no label in the answer: {reason}"
    return Label(
        id=make_id("label", document.text),
        parents=[document.id],
        calls=calls,
        text=document.text,
        site=site_of(document.origin),
        language=document.language,
        educational_value=found.educational_value,
        reasoning=found.reasoning,
        facts=found.facts,
        topic=found.topic,
    )


def _require_answers(teachers: Teachers) -> None:
    for teacher in teachers.teachers.values():
        teacher.require_answers()


def _record_statistics(chosen: list[Document], labels: list[Label], work: Workspace) -> None:
    work.count(
        records_in=len(chosen), records_out=len(labels), teacher_calls=len({c for one in labels for c in one.calls})
    )
    work.note("label_topics", dict(Counter(one.topic for one in labels).most_common()))
    work.note("label_languages", dict(Counter(one.language or "unclear" for one in labels).most_common()))
    work.note("label_sites", len({one.site for one in labels}))
    for name in GRADES:
        counted = Counter(getattr(one, name) for one in labels)
        work.note(f"label_{name}", [{"grade": grade, "documents": counted[grade]} for grade in range(HIGHEST + 1)])
