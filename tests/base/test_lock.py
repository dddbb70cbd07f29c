"""One process at a time in a folder."""

import os
import subprocess
import sys

import pytest

from hornbook.base import lock
from hornbook.base.errors import HornbookError

HOLD = """
import sys, time
from pathlib import Path
from hornbook.base.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)


def test_the_second_is_told_who_is_there_and_the_file_goes_with_the_first(tmp_path):
    with lock.locked(tmp_path / "new"):
        told = rf"new: in use by process {os.getpid()} on "
        with pytest.raises(HornbookError, match=told), lock.locked(tmp_path / "new"):
            pass
        assert (tmp_path / "new/lock").exists()
    assert not (tmp_path / "new/lock").exists()
    with lock.locked(tmp_path / "new"):
        pass


def test_a_process_that_is_killed_lets_go(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(HornbookError, match=f"process {other.pid} on"), lock.locked(tmp_path):
            pass
        other.kill()
        other.wait()
        assert (tmp_path / "lock").exists()
        with lock.locked(tmp_path):
            assert f"process {os.getpid()} on" in (tmp_path / "lock").read_text()
