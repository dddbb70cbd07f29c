"""The stage that collects questions which people asked, with their answers, out of documents (report §2.2)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.data.extract.questions import find_questions
from hornbook.data.readers.load import stream_records
from hornbook.data.settings import QuestionSettings


def collect_questions(settings: QuestionSettings, work: Workspace, *, documents: Sequence[Path]) -> None:
    """Write questions.parquet: each question once, with its answer and the id of its document as its parent.

    `documents` are files or folders, as `curate` reads them, or its output. Raises HornbookError for missing files, and
    when no document asks a question that it answers.
    """
    found: dict[str, Question] = {}
    read = asking = 0
    with work.progress("reading", len(documents), "sources") as bar:
        for path in documents:
            for document in stream_records(path, "documents", work.reject, columns=settings.columns):
                questions = find_questions(document)
                read += 1
                asking += bool(questions)
                for question in questions:
                    found.setdefault(question.id, question)
            bar.advance()
    if not found:
        raise HornbookError(
            f"questions: none of {read} documents asks a question and answers it; expected headings that end in '?', "
            f"Q: and A:, exercises with solutions, or threads{work.first_set_aside()}"
        )
    write_records(work.path / "questions.parquet", Question, list(found.values()))
    work.count(records_in=read, records_out=len(found), documents_with_questions=asking)
    work.note("tasks", dict(sorted(Counter(question.task for question in found.values()).items())))
