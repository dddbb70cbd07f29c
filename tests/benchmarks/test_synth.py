"""What the synthesis benchmark counts, and that its server answers by content alone."""

from pathlib import Path
from statistics import mean

import pytest

from benchmarks import synth_server
from benchmarks.synth_kills import MARGIN, arrived_yet_asked
from benchmarks.synth_sides import OURS, Event, Job, Server, expected_digest, greedy, ledger_requests, run
from benchmarks.synth_work import passage, passages


def test_the_bound_is_that_of_a_client_that_never_waits() -> None:
    assert greedy([1.0] * 10, 5) == 2.0
    assert greedy([4.0, 1.0, 1.0, 1.0], 2) == 4.0
    assert greedy([1.0, 1.0, 1.0, 4.0], 2) == 5.0  # the long one came last


def test_latencies_have_a_heavy_tail_of_the_promised_mean() -> None:
    drawn = [synth_server.latency("heavy", name) for name in range(20_000)]
    assert mean(drawn) == pytest.approx(0.5, abs=0.05)
    assert 0.001 < mean(seconds == 10.0 for seconds in drawn) < 0.01
    assert all(0.05 <= synth_server.latency("short", name) <= 0.15 for name in range(1000))


def test_only_answers_that_had_arrived_before_a_kill_count_as_paid_twice() -> None:
    def event(what: str, at: float, request: str) -> Event:
        return Event(what, at, request, 0.1)

    events = [
        *(event("asked", 0.0, name) for name in "abcd"),
        event("sent", 1.0, "a"),
        event("sent", 10.0 - MARGIN / 2, "b"),  # on its way when the kill came
        event("sent", 10.0 - MARGIN / 2, "c"),  # but our ledger had it
        *(event("asked", 11.0, name) for name in "abcd"),
    ]
    assert arrived_yet_asked(events, [(10.0, {"c"})]) == 2
    assert arrived_yet_asked(events[:-4], [(10.0, {"c"})]) == 0


def test_passages_differ() -> None:
    assert len(set(passages(500))) == 500 and passages(3)[2] == passage(2)


def test_a_run_of_ours_makes_what_the_servers_answers_imply_and_pays_once(tmp_path: Path) -> None:
    job = Job(passages(12))
    with Server(tmp_path / "server", "none") as server:
        for _ in range(2):
            done = run(OURS, job, tmp_path / "ours", server.url, 60)
            assert done.exit_code == 0 and done.records == 12 and done.digest == expected_digest(job)
            assert sorted(server.asked()) == sorted(ledger_requests(tmp_path / "ours"))
            assert len(server.asked()) == job.requests
