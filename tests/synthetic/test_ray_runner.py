"""A synthesis on a Ray cluster of two workers: the bytes of a run without Ray, also when a worker is killed midway."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.synthetic.engine import RecordJob
from hornbook.synthetic.job_order import JobOrder
from hornbook.synthetic.kind import KindSettings
from hornbook.synthetic.plan import KindPlan
from hornbook.synthetic.ray_runner import run_on_ray
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.stage import synth
from hornbook.teacher.errors import BudgetError
from tests.synthetic import factory
from tests.synthetic.factory import CALLS, KIND, RECORDS, contents, run, serving, write_documents
from tests.synthetic.test_job_order import Kept

pytestmark = pytest.mark.slow
IN_FLIGHT = 4  # calls of each of the two workers


@pytest.fixture(scope="module")
def cluster():
    """Two workers on this machine, which find the kind that the tests bring along."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    return write_documents(tmp_path_factory.mktemp("documents"))


def ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
        found.append(process)
    return found


def at_work(name: str, seconds: float = 30) -> int:
    """The process of this cluster that runs `name` now."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                process = int(folder.name)
                if (folder / "cmdline").read_bytes().startswith(name.encode()) and os.getpid() in ancestors(process):
                    return process
        time.sleep(0.01)
    raise AssertionError(f"no {name} at work")


def killing(server, name: str) -> threading.Thread:
    """SIGKILL to the process that runs `name`, when the server has had a third of all requests."""

    def kill() -> None:
        while len(server.requests) < RECORDS * CALLS // 3:
            time.sleep(0.005)
        os.kill(at_work(name), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    return killer


def test_a_worker_killed_midway_changes_no_byte_and_no_call_is_repeated(cluster, documents, tmp_path):
    with serving(latency=lambda body: 0.05) as (server, _):
        run(server.url, tmp_path / "here", tmp_path / "ledger here", documents)
        assert Counter(server.requests).total() == RECORDS * CALLS
    with serving(latency=lambda body: 0.05) as (server, _):
        killer = killing(server, "ray::_work")
        folder, ledger = tmp_path / "there", tmp_path / "ledger there"
        run(server.url, folder, ledger, documents, "ray", budget_tokens=10_000_000)
        killer.join()
        asked = Counter(server.requests)
        assert len(asked) == RECORDS * CALLS
        assert asked.total() <= RECORDS * CALLS + IN_FLIGHT
        assert contents(folder) == contents(tmp_path / "here")
        unsettled = (ledger / "holds.jsonl").read_text().count('"hold"') - (ledger / "holds.jsonl").read_text().count(
            '"release"'
        )
        assert asked.total() - len(asked) <= unsettled <= IN_FLIGHT  # what was in flight stays charged
        before = len(server.requests)
        run(server.url, tmp_path / "again", ledger, documents, "ray")
        assert len(server.requests) == before and contents(tmp_path / "again") == contents(folder)


def test_the_budget_holds_for_all_workers_together(cluster, documents, tmp_path):
    with serving() as (server, _):
        with pytest.raises(BudgetError, match=r"^the teacher's budget is spent \([\d,]+ of 4,000 tokens;"):
            run(server.url, tmp_path / "a", tmp_path / "ledger", documents, "ray", budget_tokens=4000)
        assert 0 < server.tokens_charged <= 4000
        some = len(server.requests)
        run(server.url, tmp_path / "a", tmp_path / "ledger", documents, "ray")
        assert len(server.requests) == RECORDS * CALLS > some


def test_what_ends_a_run_here_ends_it_there_in_one_line(cluster, documents, tmp_path):
    with serving(fault=lambda body, before: 401) as (server, _), pytest.raises(HornbookError) as error:
        run(server.url, tmp_path / "a", tmp_path / "ledger", documents, "ray")
    assert "401" in str(error.value) and "\n" not in str(error.value)


def test_a_ledger_actor_that_is_killed_ends_the_run_and_loses_nothing(cluster, documents, tmp_path):
    with serving(latency=lambda body: 0.05) as (server, _):
        killer = killing(server, "ray::LedgerActor")
        with pytest.raises(HornbookError, match=r"^ray: the process that keeps the ledger died; run the same command"):
            run(server.url, tmp_path / "a", tmp_path / "ledger", documents, "ray")
        killer.join()
        run(server.url, tmp_path / "a", tmp_path / "ledger", documents, "ray")
        asked = Counter(server.requests)
        assert len(asked) == RECORDS * CALLS and asked.total() <= RECORDS * CALLS + 2 * IN_FLIGHT


def test_a_shard_that_kills_its_workers_is_given_up(cluster, tmp_path):
    async def make(seed, ask, settings):
        os._exit(1)

    def shown(spent):
        raise AssertionError("nothing can have been made")

    settings = SynthSettings.parse({"teacher": {"url": "http://127.0.0.1:9/v1", "model": "m"}, "against": []}, "")
    kind = replace(KIND, make=make, name="dying")
    job = RecordJob(kind, KindSettings(), Question(id="q", task="t", prompt="p"), number=0)
    order = JobOrder([KindPlan(kind, job.settings, 1, iter([job]))], Kept())
    with pytest.raises(HornbookError, match=r"^ray: 5 workers died at one shard"):
        run_on_ray(order, settings, tmp_path, 0, shown)


def test_a_kind_of_the_users_own_runs_there_too(cluster, documents, tmp_path):
    code = Path(factory.__file__).read_text().split("@contextmanager")[0]
    (tmp_path / "mine.py").write_text(code)
    settings = {
        "teacher": {"url": "", "model": "mock", "concurrency": 8},
        "kinds": [str(tmp_path / "mine.py")],
        "records": 5,
        "passages": {"min_value": 0},
        "against": [],
        "runner": "ray",
    }
    with serving() as (server, _):
        settings["teacher"]["url"] = server.url
        work = Workspace(tmp_path / "out", ledger=tmp_path / "ledger")
        synth(SynthSettings.parse(settings, ""), work, documents=[documents])
    assert work.notes["yields"]["mine"]["passed"] == 5


def test_without_ray_a_line_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(HornbookError, match=r"pip install ray"):
        run_on_ray(JobOrder([], Kept()), SynthSettings(teacher={"local": "smollm2"}), tmp_path, 0, print)
