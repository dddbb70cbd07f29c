"""A whole recipe, killed at random moments: it continues, asks nothing twice, and ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MINI = Path(__file__).parent / "mini.yaml"
ROOT = MINI.parent.parent.parent
KILLS = 8
IN_FLIGHT = 8  # the concurrency of mini.yaml: what a kill can cost


class MockTeacher:
    """The mock endpoint in a process of its own, with a line in `count` for every request it received."""

    def __init__(self, folder):
        self.port_file, self.count_file = folder / "port", folder / "count"
        options = ["--port-file", str(self.port_file), "--count-file", str(self.count_file)]
        self.process = subprocess.Popen([sys.executable, "-m", "tests.teacher.mock_server", *options], cwd=ROOT)
        deadline = time.monotonic() + 60
        while not (self.port_file.exists() and self.port_file.read_text().strip()):
            assert time.monotonic() < deadline, "the mock teacher did not start"
            time.sleep(0.05)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port_file.read_text().strip()}/v1"

    def requests(self):
        return self.count_file.read_text().splitlines() if self.count_file.exists() else []

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def teachers(tmp_path):
    started = []

    def start(name):
        (tmp_path / name).mkdir()
        started.append(MockTeacher(tmp_path / name))
        return started[-1]

    yield start
    for teacher in started:
        teacher.stop()


def recipe(folder, teacher):
    docs = ROOT / "docs"
    text = MINI.read_text().replace("TEACHER", teacher.url).replace("DOCUMENTS", str(docs))
    (folder / "mini.yaml").write_text(text)
    return [sys.executable, "-m", "hornbook", "run", "mini.yaml"]


def start(command, folder):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    log = (folder / "log").open("ab")
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def artifacts(folder):
    """Every file of every artifact with its bytes, but for wall-clock figures."""
    root = folder / "runs" / "mini" / "artifacts"
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith("timing")]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_random_moments_it_ends_with_the_same_bytes_and_asks_nothing_twice(tmp_path, teachers):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    first = teachers("whole")
    started = time.monotonic()
    assert start(recipe(whole, first), whole).wait() == 0, (whole / "log").read_text()[-2000:]
    seconds = time.monotonic() - started

    second = teachers("killed")
    command, moments = recipe(killed, second), random.Random(2412)
    kills = 0
    for _ in range(KILLS):
        process = start(command, killed)
        try:
            process.wait(timeout=moments.uniform(0.05, 0.4) * seconds)
            break  # finished in spite of everything
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills >= 3
    assert start(command, killed).wait() == 0, (killed / "log").read_text()[-2000:]

    expected, found = artifacts(whole), artifacts(killed)
    assert set(expected) == set(found)
    different = [name for name in expected if expected[name] != found[name]]
    assert not different
    assert set(first.requests()) == set(second.requests())
    assert len(second.requests()) - len(set(second.requests())) <= KILLS * IN_FLIGHT
    asked_again_when_done = len(second.requests())
    assert start(command, killed).wait() == 0
    assert len(second.requests()) == asked_again_when_done
