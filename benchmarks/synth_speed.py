"""The client's CPU time per request, and a run's wall time compared with the minimum by the requests' latencies."""

import math

from benchmarks.harness import Claim
from benchmarks.synth_bench import Bench, at_most, beside, shown
from benchmarks.synth_sides import OURS, SIDES, Job, greedy
from benchmarks.synth_work import passages


def cpu(bench: Bench) -> list[Claim]:
    """CPU milliseconds per request: a run of all requests less a run of a twentieth, so that starting up drops out."""
    few, many = Job(passages(bench.requests // 40)), Job(passages(bench.requests // 2))
    spent: dict[str, list[float]] = {side.name: [] for side in SIDES}
    asking: list[float] = []
    with bench.server("none") as server:
        for _ in range(bench.rounds):
            for side in SIDES:
                folder = bench.fresh(side.name)
                small = bench.whole(side, few, bench.fresh(side.name), server.url)
                large = bench.whole(side, many, folder, server.url)
                spent[side.name].append(1000 * (large.cpu - small.cpu) / (many.requests - few.requests))
                if side is OURS:  # once more with all answers in the ledger: what is missing now was the asking
                    again = bench.whole(side, many, folder, server.url)
                    asking.append(1000 * (large.cpu - again.cpu) / many.requests)
    bench.figures("CPU per request, ms", spent)
    bench.figures("of it, asking and keeping the answer", {OURS.name: asking})
    return [
        at_most("CPU per request, the whole factory", spent[OURS.name], "ms", 1.0),
        shown("CPU per request, the asking alone", asking, "ms"),
        *beside("CPU per request", spent, "ms"),
    ]


def tail(bench: Bench) -> list[Claim]:
    """Wall time of a run under heavy-tailed latencies, without imports, over the least that they allow.

    The least is what a client takes that always has its 50 requests in flight and costs nothing, in the order in which
    the side sent them; beside it, the least in any order: all latencies over 50, or the longest.
    """
    job = Job(passages(bench.tail_requests), titled=False)
    walls, asking, over, over_any = ({side.name: list[float]() for side in SIDES} for _ in range(4))
    least = in_order = 0.0
    for _ in range(bench.rounds):
        for side in SIDES:
            with bench.server("heavy") as server:
                done = bench.whole(side, job, bench.fresh(side.name), server.url)
                events = server.events()
            latencies = [event.latency for event in events if event.what == "asked"]
            least = max(sum(latencies) / job.concurrency, max(latencies))
            in_order = greedy(latencies, job.concurrency)
            walls[side.name].append(done.seconds or math.nan)
            asking[side.name].append(events[-1].at - events[0].at)
            over[side.name].append(walls[side.name][-1] / max(least, in_order))
            over_any[side.name].append(walls[side.name][-1] / least)
    bench.figures(f"{job.requests:,} requests with a heavy tail, s", walls)
    bench.figures("of it, from the first request to the last answer", asking)
    bench.figures("times the bound of the latencies, in the order asked", over)
    bench.figures(f"times the bound in any order ({least:.1f} s)", over_any)
    return [
        at_most("Wall time over the bound of the latencies", over[OURS.name], "times", 1.1),
        shown("Wall time over the bound in any order", over_any[OURS.name], "times"),
        *beside("Wall time, latencies with a heavy tail", walls, "s"),
    ]
