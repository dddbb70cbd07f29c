"""The trivia stage: facts, documents that state them different numbers of times, and questions about them."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

import msgspec

from hornbook.base.files import write_records
from hornbook.base.records import Document, Question, make_id
from hornbook.base.rng import derive, rng
from hornbook.base.workspace import Workspace
from hornbook.synthetic.trivia.bogus import bogus_subjects
from hornbook.synthetic.trivia.facts import Fact, facts_of
from hornbook.synthetic.trivia.settings import FactKind, TriviaSettings
from hornbook.synthetic.trivia.templates import asked, question_and_answer, statement


def trivia(settings: TriviaSettings, work: Workspace) -> None:
    """Write texts that state facts different numbers of times, and questions about facts and about bogus things.

    Writes `documents.parquet` (source acquired), `questions.parquet` (to measure and teach) and
    `heldout/questions.parquet` (to evaluate), without a question in common. A bogus question has task "bogus" and no
    answer: a refusal is right. The note `trivia` has the numbers of facts, questions and statements of each table.

    Raises HornbookError when the tzdata package lacks its tables.
    """
    facts = {kind: _choose(facts_of(kind), settings.facts, work.seed) for kind in sorted(set(settings.kinds))}
    stated = _how_often([fact for chosen in facts.values() for fact in chosen], settings.repeats, work.seed)
    documents = [*_pages(stated, settings.page, work.seed), *_read_questions(stated)]
    where = _documents_of(stated, documents)

    questions = [_question(fact, stated[fact], where[fact], work.seed) for fact in stated]
    for kind, chosen in facts.items():
        questions += _bogus(kind, round(settings.bogus_share * len(chosen)), work.seed)
    train, heldout = _split(questions, settings.heldout_share, work.seed)

    write_records(work.path / "documents.parquet", Document, sorted(documents, key=lambda document: document.id))
    write_records(work.path / "questions.parquet", Question, sorted(train, key=lambda question: question.id))
    write_records(work.path / "heldout/questions.parquet", Question, sorted(heldout, key=lambda question: question.id))
    work.count(records_in=len(stated), records_out=len(documents), questions=len(train), heldout=len(heldout))
    work.note(
        "trivia",
        {
            "facts": {kind: len(chosen) for kind, chosen in facts.items()},
            "stated": {str(times): count for times, count in sorted(Counter(stated.values()).items())},
            "questions": dict(sorted(Counter(question.task for question in train).items())),
            "heldout": dict(sorted(Counter(question.task for question in heldout).items())),
            "characters": sum(len(document.text) for document in documents),
        },
    )


def _choose(facts: list[Fact], most: int, seed: int) -> list[Fact]:
    """A random sample of at most `most` facts; each fact's random number does not depend on the others."""
    shuffled = sorted(facts, key=lambda fact: derive(seed, "fact", fact.kind, fact.subject))
    return sorted(shuffled[:most], key=lambda fact: fact.subject)


def _how_often(facts: list[Fact], repeats: list[int], seed: int) -> dict[Fact, int]:
    """How many times the documents state each fact: each number of `repeats` for equally many facts."""
    order = rng(seed, "repeats").permutation(len(facts))
    return {facts[index]: repeats[place % len(repeats)] for place, index in enumerate(order)}


def _pages(stated: dict[Fact, int], page: int, seed: int) -> list[Document]:
    """Reference texts of `page` statements each, with half of all statements of each fact."""
    lines = [(fact, number) for fact, times in stated.items() for number in range((times + 1) // 2)]
    order = rng(seed, "pages").permutation(len(lines))
    shuffled = [lines[index] for index in order]
    pages = [shuffled[start : start + page] for start in range(0, len(shuffled), page)]
    return [
        _document("\n".join(statement(fact, number) for fact, number in lines), {fact.origin for fact, _ in lines}, n)
        for n, lines in enumerate(pages)
    ]


def _read_questions(stated: dict[Fact, int]) -> list[Document]:
    """The other half of the statements: as a question with its answer, one document each."""
    return [
        _document(question_and_answer(fact, number), {fact.origin}, number)
        for fact, times in stated.items()
        for number in range(times // 2)
    ]


def _document(text: str, origins: Iterable[str], number: int) -> Document:
    """A document; `number` makes the ids of intended repetitions distinct."""
    return Document(
        id=make_id("document", text, str(number)),
        text=text,
        source="acquired",
        origin=" ".join(sorted(origins)),
        kind="reference",
        language="en",
        language_score=1.0,
        quality=1.0,
    )


def _documents_of(stated: dict[Fact, int], documents: list[Document]) -> dict[Fact, list[str]]:
    """For each fact, the first document (by id) that states it; none if it is never stated."""
    by_line: dict[str, str] = {}
    for document in sorted(documents, key=lambda document: document.id):
        for line in (document.text, *document.text.split("\n")):
            by_line.setdefault(line, document.id)
    found = {fact: [by_line.get(statement(fact, 0)), by_line.get(question_and_answer(fact, 0))] for fact in stated}
    return {fact: [name for name in names if name][:1] for fact, names in found.items()}


def _question(fact: Fact, times: int, documents: list[str], seed: int) -> Question:
    prompt = asked(fact.kind, fact.subject, derive(seed, "asked", fact.kind, fact.subject))
    return Question(
        id=make_id("question", fact.kind, prompt),
        parents=documents,
        task=fact.kind,
        prompt=prompt,
        answer=fact.answer,
        oracle="trivia",
        entry=msgspec.json.encode({"aliases": fact.aliases, "stated": times}).decode(),
        solution=fact.answer,
    )


def _bogus(kind: FactKind, count: int, seed: int) -> list[Question]:
    random = rng(seed, "bogus", kind)
    prompts = [
        asked(kind, subject, derive(seed, "asked", kind, subject))
        for subject in islice(bogus_subjects(kind, random), count)
    ]
    return [
        Question(id=make_id("question", "bogus", prompt), task="bogus", prompt=prompt, oracle="trivia")
        for prompt in prompts
    ]


def _split(questions: list[Question], share: float, seed: int) -> tuple[list[Question], list[Question]]:
    """(training, held out); each question is assigned independently by its own random number."""
    held = {question.id for question in questions if derive(seed, "heldout", question.id) % 10_000 < share * 10_000}
    return [q for q in questions if q.id not in held], [q for q in questions if q.id in held]
