"""The bytes of `curate` do not depend on processes, on kills, or on where it runs."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.data.curate import curate
from hornbook.data.curation import read_shards
from hornbook.data.curation.run_shards import MOST_DEATHS, run_shards
from hornbook.data.curation.shard import RejectedDocument
from hornbook.data.settings import CurateSettings
from tests.data.test_curate import essay

NOTICE = "All rights reserved by the society of essays."
SHARD_CHARS = 15_000
FILES = ("documents.parquet", "rejected.parquet", "book.json", "rejects.jsonl")
RUN = f"""
import sys
from pathlib import Path
from hornbook.base.workspace import Workspace
from hornbook.data.curate import curate
from hornbook.data.curation import read_shards
from hornbook.data.settings import CurateSettings
read_shards.SHARD_CHARS = {SHARD_CHARS}
work = Workspace(Path(sys.argv[1]), name="documents")
curate(CurateSettings.model_validate_json(sys.argv[2]), work, documents=[Path(sys.argv[3])])
work.close()
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Documents of several files with copies in other shards, a line that all of some have, and broken rows."""
    folder = tmp_path_factory.mktemp("corpus")
    for file in range(3):
        rows = []
        for number in range(file * 100, file * 100 + 100):
            text = essay(number) + (f"\n{NOTICE}" if number % 4 == 0 else "")
            rows.append(json.dumps({"text": text, "origin": f"essay{number}"}))
            if number % 10 == 0:
                rows.append(json.dumps({"text": essay(number // 2) + " At the end.", "origin": f"near{number}"}))
        (folder / f"{file}.jsonl").write_text("\n".join([*rows, "{broken"]))
    (folder / "page.md").write_text(essay(1000))
    return folder


SETTINGS = CurateSettings(against=["arc_easy"], min_quality=0.0, workers=2)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def undisturbed(corpus, tmp_path_factory):
    """What one process writes."""
    out = tmp_path_factory.mktemp("undisturbed")
    small_shards(out, corpus, SETTINGS.model_copy(update={"workers": 1}))
    return out


def small_shards(out, corpus, settings=SETTINGS, chars=SHARD_CHARS):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_shards, "SHARD_CHARS", chars)
        work = Workspace(out, name="documents")
        curate(settings, work, documents=[corpus])
        work.close()
    return work


def test_a_line_of_many_documents_is_cut_and_copies_in_other_shards_are_found(corpus, undisturbed):
    kept = read_records(undisturbed, Document)
    assert not any(NOTICE in document.text for document in kept)
    notes = json.loads((undisturbed / "book.json").read_text())["notes"]
    assert notes["repeated_lines"]["examples"][0]["text"] == NOTICE
    out = read_records(undisturbed / "rejected.parquet", RejectedDocument)
    assert sum(row.reason.startswith("near duplicate") for row in out) >= 28
    assert not (undisturbed / "shards").exists()


@pytest.mark.parametrize("workers", [2, 3])
def test_processes_write_the_same_bytes_as_one(corpus, undisturbed, tmp_path, workers):
    small_shards(tmp_path / "out", corpus, SETTINGS.model_copy(update={"workers": workers}))
    assert contents(tmp_path / "out") == contents(undisturbed)


@pytest.mark.parametrize("chars", [5_000, 1 << 30])
def test_the_division_into_shards_changes_no_document(corpus, undisturbed, tmp_path, chars):
    small_shards(tmp_path / "out", corpus, SETTINGS.model_copy(update={"workers": 1}), chars)
    assert read_records(tmp_path / "out", Document) == read_records(undisturbed, Document)
    assert (tmp_path / "out" / "rejects.jsonl").read_bytes() == (undisturbed / "rejects.jsonl").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_kills_at_random_moments_change_no_byte(corpus, undisturbed, tmp_path, seed):
    dice = random.Random(seed)
    out = tmp_path / "out"
    begin = time.monotonic()
    subprocess.run(command(tmp_path / "timed", corpus), check=True, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    kills = 0
    for _ in range(5):
        process = subprocess.Popen(command(out, corpus), stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=0.9 * seconds * dice.random())
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills
    subprocess.run(command(out, corpus), check=True, stderr=subprocess.DEVNULL)
    assert contents(out) == contents(undisturbed)


def command(out, corpus):
    return [sys.executable, "-c", RUN, str(out), SETTINGS.model_dump_json(), str(corpus)]


def mark(folder, number, settings):
    """A step that writes a file, and dies at the first attempt of shard 1, or always (settings: how often)."""
    died = folder / f"died{number}"
    deaths = len(died.read_text()) if died.exists() else 0
    if number == 1 and deaths < int(settings):
        died.write_text("x" * (deaths + 1))
        os._exit(9)
    (folder / f"done{number}").write_text("")


def test_the_shard_of_a_process_that_dies_is_done_by_another(tmp_path):
    assert sorted(run_shards(mark, tmp_path, range(5), "1", "local", workers=2)) == [0, 1, 2, 3, 4]
    assert len(list(tmp_path.glob("done*"))) == 5


def test_a_shard_that_kills_every_process_ends_the_run_in_one_line(tmp_path):
    with pytest.raises(HornbookError, match=f"^{MOST_DEATHS} processes died at shard 1"):
        list(run_shards(mark, tmp_path, range(5), "99", "local", workers=2))


def refuse(folder, number, settings):
    raise HornbookError(f"shard {number}: no")


def test_what_a_step_raises_is_raised(tmp_path):
    with pytest.raises(HornbookError, match=r"^shard \d: no$"):
        list(run_shards(refuse, tmp_path, range(3), "", "local", workers=2))


@pytest.mark.slow
def test_two_ray_workers_one_of_them_killed_write_the_same_bytes(corpus, undisturbed, tmp_path):
    ray = pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
    killed = []
    try:
        killer = threading.Thread(target=lambda: killed.append(kill_a_worker()))
        killer.start()
        small_shards(tmp_path / "out", corpus, SETTINGS.model_copy(update={"runner": "ray"}))
        killer.join()
    finally:
        ray.shutdown()
    assert killed[0]
    assert contents(tmp_path / "out") == contents(undisturbed)


def kill_a_worker(seconds=60):
    """SIGKILL to a process that filters a shard."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "cmdline").read_bytes().startswith(b"ray::filter_shard"):
                    time.sleep(0.2)
                    os.kill(int(folder.name), signal.SIGKILL)
                    return True
            except OSError:
                continue
        time.sleep(0.02)
    return False
