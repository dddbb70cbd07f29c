"""The trivia stage: facts, texts that state them different numbers of times, and questions about them."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

import msgspec

from hornbook.base.files import write_records
from hornbook.base.records import Document, Message, Question, Sample, make_id
from hornbook.base.rng import derive, rng
from hornbook.base.workspace import Workspace
from hornbook.synthetic.trivia.bogus import bogus_subjects
from hornbook.synthetic.trivia.facts import Fact, facts_of
from hornbook.synthetic.trivia.settings import TriviaSettings
from hornbook.synthetic.trivia.templates import ASKED, READ, asked, in_all_forms, statement


def trivia(settings: TriviaSettings, work: Workspace) -> None:
    """Write texts that state facts different numbers of times, and questions about facts and about bogus things.

    Half of the statements of a fact are lines of `documents.parquet`, half are questions with their answer in
    `samples.parquet`. `questions.parquet` (to measure and teach) asks in all forms, so that no form tells whether to
    answer. `heldout/questions.parquet` (to evaluate) is about other subjects, and none of its questions occurs in the
    samples: about its fact, they ask in other words. A bogus question has task "bogus" and no answer: a refusal is
    right. The note `trivia` has the numbers of facts, questions and statements of each table.

    Raises HornbookError when the tzdata package lacks its tables.
    """
    facts = {kind: _choose(facts_of(kind), settings.facts, work.seed) for kind in sorted(set(settings.kinds))}
    stated = _how_often([fact for chosen in facts.values() for fact in chosen], settings.repeats, work.seed)
    heldout = {fact for fact in stated if _is_held_out(_prompt(fact, work.seed), settings.heldout_share, work.seed)}
    documents = _pages(stated, settings, work.seed)
    samples = [
        _sample(fact, number, fact in heldout, settings.source)
        for fact, times in stated.items()
        for number in range(times // 2)
    ]
    where = _first_documents(stated, documents)

    train: list[Question] = []
    held: list[Question] = []
    for fact in stated:
        if fact in heldout:
            held.append(_question(fact, _prompt(fact, work.seed), stated[fact], where.get(fact, [])))
        else:
            prompts = in_all_forms(fact.kind, fact.subject)
            train += [_question(fact, prompt, stated[fact], where.get(fact, [])) for prompt in prompts]
    for kind, chosen in facts.items():
        random = rng(work.seed, "bogus", kind)
        for subject in islice(bogus_subjects(kind, random), round(settings.bogus_share * len(chosen))):
            prompt = asked(kind, subject, derive(work.seed, "asked", kind, subject))
            if _is_held_out(prompt, settings.heldout_share, work.seed):
                held.append(_bogus(prompt))
            else:
                train += map(_bogus, in_all_forms(kind, subject))

    write_records(work.path / "documents.parquet", Document, sorted(documents, key=lambda document: document.id))
    write_records(work.path / "samples.parquet", Sample, sorted(samples, key=lambda sample: sample.id))
    write_records(work.path / "questions.parquet", Question, sorted(train, key=lambda question: question.id))
    write_records(work.path / "heldout/questions.parquet", Question, sorted(held, key=lambda question: question.id))
    work.count(records_in=len(stated), records_out=len(documents), samples=len(samples))
    work.count(questions=len(train), heldout=len(held))
    work.note(
        "trivia",
        {
            "facts": {kind: len(chosen) for kind, chosen in facts.items()},
            "stated": {str(times): count for times, count in sorted(Counter(stated.values()).items())},
            "questions": dict(sorted(Counter(question.task for question in train).items())),
            "heldout": dict(sorted(Counter(question.task for question in held).items())),
            "characters": sum(len(document.text) for document in documents)
            + sum(len(message.content) for sample in samples for message in sample.messages),
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


def _pages(stated: dict[Fact, int], settings: TriviaSettings, seed: int) -> list[Document]:
    """Reference texts of `settings.page` statements each, with half of all statements of each fact."""
    lines = [(fact, number) for fact, times in stated.items() for number in range((times + 1) // 2)]
    order = rng(seed, "pages").permutation(len(lines))
    shuffled = [lines[index] for index in order]
    pages = [shuffled[start : start + settings.page] for start in range(0, len(shuffled), settings.page)]
    texts = ["\n".join(statement(fact, number) for fact, number in page) for page in pages]
    origins = [{fact.origin for fact, _ in page} for page in pages]
    return [_document(text, settings.source, origins[number], number) for number, text in enumerate(texts)]


def _sample(fact: Fact, number: int, held_out: bool, source: str) -> Sample:
    """A fact as a question with its answer; `number` chooses the question's form.

    The forms in which questions are asked later occur only where the question of the fact is not held out.
    """
    forms = READ[fact.kind] if held_out else READ[fact.kind] + ASKED[fact.kind]
    prompt = forms[number % len(forms)].format(subject=fact.subject)
    return Sample(
        id=make_id("sample", prompt, fact.answer, str(number)),
        source=source,
        kind="trivia",
        messages=[Message("user", prompt), Message("assistant", fact.answer)],
        checks=[fact.origin],
    )


def _document(text: str, source: str, origins: Iterable[str], number: int) -> Document:
    """A document; `number` makes the ids of intended repetitions distinct."""
    return Document(
        id=make_id("document", text, str(number)),
        text=text,
        source=source,
        origin=" ".join(sorted(origins)),
        kind="reference",
        language="en",
        language_score=1.0,
        quality=1.0,
    )


def _first_documents(stated: dict[Fact, int], documents: list[Document]) -> dict[Fact, list[str]]:
    """For each fact that is stated, the first document (by id) with its first statement."""
    by_line: dict[str, str] = {}
    for document in sorted(documents, key=lambda document: document.id):
        for line in document.text.split("\n"):
            by_line.setdefault(line, document.id)
    return {fact: [by_line[statement(fact, 0)]] for fact, times in stated.items() if times}


def _question(fact: Fact, prompt: str, times: int, documents: list[str]) -> Question:
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


def _bogus(prompt: str) -> Question:
    return Question(id=make_id("question", "bogus", prompt), task="bogus", prompt=prompt, oracle="trivia")


def _prompt(fact: Fact, seed: int) -> str:
    return asked(fact.kind, fact.subject, derive(seed, "asked", fact.kind, fact.subject))


def _is_held_out(prompt: str, share: float, seed: int) -> bool:
    """Each question is assigned independently, by its own random number."""
    return derive(seed, "heldout", prompt) % 10_000 < share * 10_000
