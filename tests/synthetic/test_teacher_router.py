"""Several teachers in one synthesis: a record keeps its teacher, and the books say who wrote what."""

import asyncio
from collections import defaultdict

import msgspec

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.synthetic.kind import VERIFY, KindSettings, RecordContext
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.stage import synth
from hornbook.teacher.ledger import Call
from hornbook.teacher.router import open_teachers
from hornbook.teacher.settings import TeacherSettings
from tests.synthetic.factory import CALLS, RECORDS, page_of, registered, serving, write_documents
from tests.synthetic.truth.recorded import CHECKED


def test_a_record_keeps_its_teacher_and_weights_share_them_out(tmp_path):
    documents = write_documents(tmp_path / "documents")
    with serving() as (large, _), serving() as (small, _), registered():
        settings = {
            "teachers": [
                {"url": large.url, "model": "large", "weight": 1},
                {"url": small.url, "model": "small", "weight": 3},
            ],
            "kinds": {"retold": {"records": RECORDS}},
            "passages": {"min_value": 0},
            "against": [],
            "near_duplicate": 2.0,
        }
        work = Workspace(tmp_path / "out", seed=5, ledger=tmp_path / "ledger")
        synth(SynthSettings.parse(settings, ""), work, documents=[documents])
    row = work.notes["yields"]["retold"]
    assert sum(row["teachers"].values()) == row["passed"] == RECORDS
    assert row["teachers"]["small"] > row["teachers"]["large"] > 0
    for server, name in ((large, "large"), (small, "small")):
        pages = defaultdict(int)
        for body in server.bodies:
            pages[page_of(body)] += 1
        assert len(pages) == row["teachers"][name] and set(pages.values()) == {CALLS}
    lines = (tmp_path / "ledger/calls.jsonl").read_bytes().splitlines()
    models = {call.key: call.model for call in (msgspec.json.decode(line, type=Call) for line in lines)}
    assert all(len({models[key] for key in sample.calls}) == 1 for sample in read_records(work.path, Sample))


def test_a_verifier_of_another_model_answers_its_stage_alone_from_the_same_ledger(tmp_path):
    async def run() -> None:
        with serving() as (writer, _), serving() as (checker, _):
            large = TeacherSettings(url=writer.url, model="large")
            small = TeacherSettings(url=checker.url, model="small")
            for verifier in (small, large):
                async with open_teachers([large], tmp_path, verifier=verifier) as teachers:
                    assert {teachers.choose("kind", str(seed)).model for seed in range(20)} == {"large"}
                    ask = RecordContext(
                        teachers.choose("kind"),
                        CHECKED,
                        KindSettings(),
                        PassageSettings(),
                        rng(0),
                        verifier=teachers.verifier,
                    )
                    await ask(VERIFY, "Give a title.\n\npage 1")
                    assert teachers.spent().calls == 1
            assert len(writer.bodies) == len(checker.bodies) == 1
        models = {msgspec.json.decode(line, type=Call).model for line in (tmp_path / "calls.jsonl").open("rb")}
        assert models == {"large", "small"}

    asyncio.run(run())
