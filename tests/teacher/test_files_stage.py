"""A whole stage without a model: by files, in two runs of the command, and replayed from the first's ledger."""

import subprocess
import sys
from pathlib import Path

import pytest

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from tests.synthetic.factory import RECORDS, write_documents
from tests.teacher.by_files import reply_to, requests_in, write_lines
from tests.teacher.test_stage import KIND, environment

OPTIONS = ["--passages.min-value=0", "--against=[]"]
OPTIONS += ["--kinds={./retell.py: {}}", f"--records={RECORDS}", "--near-duplicate=2"]


def synth(folder: Path, *options: str) -> tuple[int, str]:
    words = [sys.executable, "-m", "hornbook", "synth", "documents.parquet", *OPTIONS, *options]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, timeout=120, env=environment())
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_documents(tmp_path)
    (tmp_path / "retell.py").write_text(KIND)
    return tmp_path


def test_a_stage_by_files_ends_goes_on_and_is_replayed_to_the_same_bytes(folder: Path) -> None:
    by_files = ["--teacher.files=exchange", "--teacher.no-wait", "--out=out"]
    code, told = synth(folder, *by_files)
    assert code == 75 and "Traceback" not in told
    assert f"hornbook: teacher files: wrote {RECORDS} requests to exchange/requests-0001.jsonl; run the same" in told
    write_lines(folder / "exchange" / "answers.jsonl", [reply_to(one) for one in requests_in(folder / "exchange")])
    code, told = synth(folder, *by_files)
    assert code == 0, told
    assert len(read_records(folder / "out/samples.parquet", Sample)) == RECORDS

    code, told = synth(folder, "--teacher.recorded=out", "--out=replay")
    assert code == 0, told
    assert (folder / "replay/samples.parquet").read_bytes() == (folder / "out/samples.parquet").read_bytes()

    (folder / "retell.py").write_text(KIND.replace("Retell:", "Tell again:"))
    code, told = synth(folder, "--teacher.recorded=out", "--out=changed")
    assert code == 2 and "not in the recording out/teacher/calls.jsonl: a request of retell/tell" in told
