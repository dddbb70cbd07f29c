"""Requests that are repeated after kills, and after a change, as counted by the server."""

import random
import time

from benchmarks.harness import Claim
from benchmarks.synth_bench import Bench, beside
from benchmarks.synth_sides import (
    OURS,
    SIDES,
    Event,
    Job,
    Server,
    Side,
    Worker,
    expected_digest,
    ledger_requests,
    run,
)
from benchmarks.synth_work import passage, passages

MARGIN = 0.25  # seconds: an answer that was sent so long before a kill had arrived
SETTLE = 0.5  # seconds for the server to notice that a client is dead


def kills(bench: Bench) -> list[Claim]:
    """SIGKILL at random moments, resumed each time: repeated requests, and whether the result is the same."""
    job = Job(passages(bench.requests // 2))
    extra: dict[str, list[float]] = {}
    twice: dict[str, list[float]] = {}
    ends: dict[str, str] = {}
    for side in SIDES:
        count, paid, ends[side.name] = killed(bench, side, job)
        extra[side.name], twice[side.name] = [float(count)], [float(paid)]
    bench.figures(f"{bench.kills} kills in {job.requests:,} requests: asked again", extra)
    bench.figures("of these, answers that had arrived", twice)
    bench.row("the records in the end", ends)
    most, ours = bench.kills * job.concurrency, (extra[OURS.name][0], twice[OURS.name][0])
    goal = f"no answer that arrived, at most the {most} in flight; the same records"
    met = ours[0] <= most and ours[1] == 0 and ends[OURS.name] == "the same"
    return [
        Claim("Killed: answers that had arrived, asked again", ours[1], None, "requests", None, None, None, goal, met),
        *beside("Killed: asked again", {name: extra[name] for name in ends if ends[name] == "the same"}, "requests"),
    ]


def killed(bench: Bench, side: Side, job: Job) -> tuple[int, int, str]:
    """(requests beyond one of each, those of them whose answer had arrived, what the end was like)."""
    folder = bench.fresh(side.name)
    moments: list[tuple[float, set[str]]] = []  # of the kills, each with what our ledger held
    with bench.server("short") as server:
        for goal in goals(bench.kills, job.requests):
            worker = Worker(side, job, folder, server.url)
            reached = reach(goal, worker, server, bench.patience)
            moment = time.monotonic()
            worker.kill()
            moments.append((moment, ledger_requests(folder)))
            time.sleep(SETTLE)
            if not reached:  # it hangs, or has ended: more kills would change nothing
                break
        done = Worker(side, job, folder, server.url).wait(bench.patience, lambda: len(server.asked()))
        events = server.events()
    asked = [event.request for event in events if event.what == "asked"]
    end = "never reached" if done.exit_code is None else f"failed, exit code {done.exit_code}"
    if done.exit_code == 0:
        end = "the same" if done.digest == expected_digest(job) else f"others: {done.records:,}"
    return len(asked) - len(set(asked)), arrived_yet_asked(events, moments), end


def goals(count: int, requests: int) -> list[int]:
    """After how many requests, including repeated ones, a side is killed: random, the same for all sides."""
    chance = random.Random(7)
    return sorted(chance.randint(requests // 50, requests * 9 // 10) for _ in range(count))


def reach(goal: int, worker: Worker, server: Server, patience: float) -> bool:
    """Wait until the server has had `goal` requests; False if the worker ended or stood still before."""
    count, since = -1, time.monotonic()
    while not worker.ended():
        before, count = count, len(server.asked())
        if count >= goal:
            return True
        if count > before:
            since = time.monotonic()
        if time.monotonic() > since + patience:
            return False
        time.sleep(0.02)
    return False


def arrived_yet_asked(events: list[Event], moments: list[tuple[float, set[str]]]) -> int:
    """Requests after a kill whose answer had arrived before it: was in our ledger, or was sent well before.

    What the server sends to a client that has been killed arrives nowhere, so an answer counts only if it was sent
    well before the kill that ended the very client that asked.
    """
    sent = _arrivals(events, [moment for moment, _ in moments])
    found = 0
    for number, (moment, had) in enumerate(moments):
        until = moments[number + 1][0] if number + 1 < len(moments) else float("inf")
        arrived = had | {request for request, at in sent.items() if at < moment - MARGIN}
        found += sum(
            event.what == "asked" and moment < event.at < until and event.request in arrived for event in events
        )
    return found


def _arrivals(events: list[Event], kills: list[float]) -> dict[str, float]:
    """When the answer to each request was first sent to a client that then lived for MARGIN seconds at least."""
    asked: dict[str, float] = {}
    first: dict[str, float] = {}
    for event in events:
        if event.what == "asked":
            asked[event.request] = event.at
            continue
        end = next((kill for kill in kills if kill > asked[event.request]), float("inf"))
        if event.at < end - MARGIN:
            first.setdefault(event.request, event.at)
    return first


def changes(bench: Bench) -> list[Claim]:
    """A finished run started again: with nothing changed, with one row changed, with max_tokens of the second stage."""
    job = Job(passages(bench.requests // 2))
    touched = job._replace(rows=[passage(len(job.rows)), *job.rows[1:]])
    longer = job._replace(retell_tokens=job.retell_tokens + 1)
    steps = {  # each with the least number of requests
        "started again, nothing changed": (job, 0),
        "one row changed": (touched, 2),
        "max_tokens of the second stage changed": (longer, len(job.rows)),
    }
    counts: dict[str, dict[str, list[float]]] = {name: {} for name in steps}
    stale: set[tuple[str, str]] = set()
    for side in SIDES:
        folder = bench.fresh(side.name)
        with bench.server("none") as server:
            bench.whole(side, job, folder, server.url)
            for name, (changed, _) in steps.items():
                before = len(server.asked())
                done = run(side, changed, folder, server.url, bench.patience)
                counts[name][side.name] = [float(len(server.asked()) - before)]
                if done.digest != expected_digest(changed):
                    stale.add((name, side.name))
    claims: list[Claim] = []
    for name, (_, least) in steps.items():
        marks = {side: " and old records" * ((name, side) in stale) for side in counts[name]}
        cells = {side: f"{count:,.0f}{marks[side]}" for side, [count] in counts[name].items()}
        bench.row(f"{name}: requests of {job.requests:,}", cells)
        [ours] = counts[name][OURS.name]
        met = ours == least and (name, OURS.name) not in stale
        claims.append(Claim(name, ours, None, "requests", None, None, None, f"{least:,} requests", met))
        right = {side: count for side, count in counts[name].items() if (name, side) not in stale}
        claims += beside(name, right, "requests") if least and met else []
    return claims
