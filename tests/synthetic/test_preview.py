"""`hornbook synth --preview N`: a page of some records with all calls and checks; the real run asks none again."""

import sys

import pytest

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.cli.main import main
from tests.synthetic import factory
from tests.synthetic.factory import CALLS, RECORDS, page_of, registered, serving, write_documents


def answer(body):
    """Of every second page the facts are wrong."""
    good = factory.answer(body)
    return good.replace('"page": ', '"page": 99') if good.startswith("{") and page_of(body) % 2 else good


@pytest.fixture
def synth(tmp_path, monkeypatch):
    """synth(URL, *words) runs the command on documents of 24 pages, into OUT."""
    documents = write_documents(tmp_path / "documents")
    out = tmp_path / "out"

    def run(url, *words):
        teacher = ["--teacher.url", url, "--teacher.model", "mock"]
        kinds = ["--kinds", "retold", "--records", "8", "--against", "[]"]
        command = ["hornbook", "synth", str(documents), *teacher, *kinds, "--out", str(out), *words]
        monkeypatch.setattr(sys, "argv", command)
        with registered():
            main()
        return out

    return run


def test_every_prompt_answer_and_check_is_shown_and_paid_once(synth):
    with serving(answer=answer) as (server, _):
        out = synth(server.url, "--preview", "2")
        asked = len(server.requests)
        page = (out / "preview.html").read_text()
        assert not (out / "samples.parquet").exists() and not (out / "stage.json").exists()
        begun = page.count("<summary><span class=")
        assert page.count('<span class="up">accepted</span>') == 2
        assert page.count('<span class="down">rejected</span> right page') == begun - 2
        assert page.count("retold/title") == begun and page.count("retold/retell") == 2
        assert "Fill in the facts." in page and "&#34;page&#34;" in page and "✓</span> length" in page
        synth(server.url)
        samples = read_records(out, Sample)
        assert (out / "preview.html").exists() and len(samples) == 8
        shown = [sample for sample in samples if sample.id in page]
        assert shown == samples[:2]
        assert len(server.requests) == len(set(server.requests)) > asked
        assert len(server.requests) <= RECORDS * CALLS


def test_the_number_is_checked(synth):
    with pytest.raises(SystemExit) as end:
        synth("http://127.0.0.1:9", "--preview", "0")
    assert end.value.code == 2
