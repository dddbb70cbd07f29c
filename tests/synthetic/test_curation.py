"""Pages and passages graded by the teacher, before the kinds run."""

import asyncio
import json
import re
from pathlib import Path

import numpy as np
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Document, Sample, make_id
from hornbook.base.workspace import Workspace
from hornbook.synthetic import stage
from hornbook.synthetic.curation import SHOWN_TOKENS, curate, shown
from hornbook.synthetic.passages import Page, Passage, PassageSettings, ReasoningStep, passages
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.words import Rarity
from hornbook.teacher.errors import TeacherError
from tests.synthetic.corpus import write_corpus
from tests.synthetic.fake import FakeTeacher, good_teacher, opening

AGAIN = "not the JSON"  # of the request for another answer
STEP = {"assumption": "the moon pulls", "conclusion": "there are tides", "description": "the sea follows the pull"}


def graded(stage_name: str, prompt: str, sample: int) -> str:
    """The grade of a page or passage is that of the number behind "number"; asked again, the teacher has no answer."""
    if AGAIN in prompt:
        return "I do not know."
    number = int(re.findall(r"number (\d+)", prompt)[-1])
    grade = number % 6
    if stage_name == "page":
        said = {"kind": "article", "subject": "Earth and Space", "educational_value": grade}
    else:
        said = {
            "description": f"It is about number {number}.", "information": "Explanation", "educational_value": grade,
            "factual_content": 2, "complexity": 3, "obscurity": 4, "has_chain": number % 2 == 0,
            "chain": [STEP], "depends_on": ["gravity"],
        }  # fmt: skip
    return json.dumps(said)


def page(number: int) -> Page:
    text = f"This is number {number} of many. The moon pulls at the sea, and there are tides. Sailors know them well."
    document = Document(id=f"doc-{number}", text=text, source="web", origin="a", language="en")
    cut = passages(document, PassageSettings(tokens=(5, 100)), Rarity([text]))
    return Page(id=document.id, text=text, origin="a", passages=cut)


def run(folder: Path, wanted: int, pages: int = 60, *, say=graded, seed: int = 0, reject=print, **options: object):
    """(accepted passages, the teacher)"""
    teacher = FakeTeacher(folder, say, **options)
    dice = np.random.default_rng(seed)
    every = [page(number) for number in range(pages)]
    return asyncio.run(curate(every, teacher, PassageSettings(), wanted, dice, reject)), teacher


def test_the_teacher_fills_in_the_metadata(tmp_path: Path) -> None:
    accepted, _ = run(tmp_path, 100)
    assert len(accepted) == 30  # the grades 3 to 5
    found = next(each for each in accepted if "number 4 " in each.text)
    assert (found.description, found.information, found.subject) == (
        "It is about number 4.", "explanation", "earth and space",
    )  # fmt: skip
    assert (found.value, found.page_value, found.factual, found.complexity, found.obscurity) == (0.75, 0.75, 2, 3, 4)
    assert found.has_chain and found.chain == [ReasoningStep(**STEP)] and found.depends_on == ["gravity"]
    assert len(found.calls) == 2 and found.parents == ["doc-4"]
    assert not any(each.has_chain or each.chain for each in accepted if "number 3 " in each.text)


def test_only_as_many_pages_are_graded_as_are_needed(tmp_path: Path) -> None:
    accepted, teacher = run(tmp_path, 5, pages=600)
    assert len(accepted) >= 5 and teacher.asked.count("curation/page") <= 40
    assert set(teacher.asked) == {"curation/page", "curation/passage"}


def test_what_is_set_aside_has_a_reason(tmp_path: Path) -> None:
    reasons: dict[str, str] = {}
    run(tmp_path, 100, pages=6, reject=reasons.__setitem__)
    assert reasons["doc-2"] == "page of little educational value: 2 of 5"
    assert reasons["doc-0"].startswith("curation/page: no answer in form")  # a grade of 0


def test_the_result_depends_on_the_answers_alone(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "a", 8)
    again, _ = run(tmp_path / "b", 8)
    known, teacher = run(tmp_path / "a", 8)
    other, _ = run(tmp_path / "c", 8, seed=1)
    assert first == again == known != other and teacher.asked == []


def test_an_answer_cut_off_or_out_of_form_is_asked_for_again_and_a_failed_call_costs_its_page_only(
    tmp_path: Path,
) -> None:
    def wrong_first(stage_name: str, prompt: str, sample: int) -> str:
        if stage_name == "page":
            return graded("page", "number 4", 0) if AGAIN in prompt else "I like it."
        return graded(stage_name, prompt, sample)

    accepted, teacher = run(tmp_path / "form", 3, pages=6, say=wrong_first)
    assert len(accepted) == 3 and teacher.asked.count("curation/page") > 6 and len(accepted[0].calls) == 3
    accepted, _ = run(tmp_path / "refused", 100, pages=6, refuse="number 3 ")
    assert sorted(each.parents for each in accepted) == [["doc-4"], ["doc-5"]]
    with pytest.raises(TeacherError, match="no call was answered"):
        run(tmp_path / "none", 100, pages=6, refuse="number")


def test_a_page_is_shown_to_its_1500th_token_and_no_sentence_is_divided() -> None:
    sentence = "The moon pulls at the sea, and there are tides. "
    text = shown(sentence * 1000)
    assert text.endswith("tides.") and len(text) < len(sentence) * SHOWN_TOKENS / 10
    assert shown("short") == "short" and 0 < len(shown("x" * 1_000_000)) <= 8 * SHOWN_TOKENS


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", pages=12)


def synth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, corpus: Path, grade: int) -> tuple[Workspace, list[str]]:
    def say(stage_name: str, prompt: str, sample: int) -> str:
        if stage_name not in ("page", "passage"):
            return good_teacher(stage_name, prompt, sample)
        return graded(stage_name, f"number {grade}", sample)

    teachers: list[FakeTeacher] = []
    monkeypatch.setattr(stage, "open_teachers", opening(teachers, say))
    values = {
        "teacher": {"local": "smollm2"}, "kinds": {"textbook": {"records": 4}, "exercise": {"records": 4}},
        "passages": {"curation": "teacher", "tokens": [20, 120], "prose": True}, "against": [],
        "profile": "small",
    }  # fmt: skip
    work = Workspace(tmp_path / "out", seed=5, name="synthetic")
    stage.synth(SynthSettings.parse(values, "synthetic"), work, documents=[corpus])
    work.close()
    return work, [purpose for teacher in teachers for purpose in teacher.asked]


def test_all_kinds_share_the_curated_passages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, corpus: Path) -> None:
    work, asked = synth(monkeypatch, tmp_path, corpus, 4)
    used = read_records(work.path / "passages.parquet", Passage)
    assert used and all(each.description and each.factual == 2 and len(each.calls) >= 2 for each in used)
    assert asked.count("curation/page") <= 12
    assert read_records(work.path / "samples.parquet", Sample)
    assert work.notes["coverage"]["subject"][0][0] == "earth and space"


def test_a_teacher_that_accepts_nothing_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, corpus: Path
) -> None:
    with pytest.raises(
        HornbookError, match=r"accepts no passage of 12 pages; the first of 12 set aside: .*value: 1 of 5"
    ):
        synth(monkeypatch, tmp_path, corpus, 1)


def test_ids_do_not_depend_on_the_grades() -> None:
    assert page(4).passages[0].id == make_id("passage", "doc-4", page(4).text)
