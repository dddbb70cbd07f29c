"""Runs the jobs of a synthesis on a Ray cluster (`--runner ray`), with the same records as a local run (report §2.2).

Shards of jobs, in order, are mapped over the cluster by the same `run_jobs`. Ledger and budget are in one process, the
ledger actor, on the driver's node, so no call is paid twice, and the budget applies to all workers together. When a
worker dies, its calls in flight stay charged, and its shard runs again elsewhere; its answers are in the ledger.
"""

import asyncio
import logging
import os
import pickle
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package
from hornbook.synthetic.engine import RecordJob, RecordOutcome, run_jobs
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.ledger_actor import DIED, LedgerActor, RemoteBank
from hornbook.synthetic.settings import SynthSettings
from hornbook.teacher.router import TeacherUsage, open_teachers
from hornbook.teacher.settings import TeacherSettings

SHARDS_PER_WORKER = 4  # several, for load balancing at the end
LARGEST_SHARD = 4096  # jobs; the results of a shard are held in memory
MOST_DEATHS = 5  # deaths of workers at one shard before the run is given up
MOST_WAITING = 1 << 16  # calls that wait for each other or for the budget at a time

Shard = list[tuple[int, RecordJob]]  # with their index among all jobs


class _Done(msgspec.Struct):
    """A worker's result: outcomes with their indices, and what was spent."""

    outcomes: list[tuple[int, RecordOutcome]]
    spent: TeacherUsage


def run_on_ray(
    jobs: Sequence[RecordJob],
    settings: SynthSettings,
    ledger: Path,
    seed: int,
    on_done: Callable[[RecordOutcome, TeacherUsage], None],
    wanted: Callable[[RecordJob], bool],
) -> list[RecordOutcome]:
    """As `run_jobs`, on the available Ray cluster (`RAY_ADDRESS`, or `ray start` here), else on this machine only.

    Raises HornbookError if Ray is missing, if the ledger actor or the workers of one shard die, and as `run_jobs`.
    """
    try:
        import ray
    except ImportError:
        raise missing_package("runner: ray", "ray") from None
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    actor: Any = (
        ray.remote(LedgerActor)
        .options(num_cpus=0, max_concurrency=MOST_WAITING, scheduling_strategy=here)
        .remote(ledger.absolute())
    )
    cores = int(ray.cluster_resources().get("CPU", 1))
    workers = max(1, min(cores, len(jobs), *(model.concurrency for model in settings.models)))
    try:
        return _map(list(enumerate(jobs)), settings, ledger.absolute(), actor, workers, seed, on_done, wanted)
    except ray.exceptions.RayActorError:
        raise HornbookError(DIED) from None
    finally:
        with suppress(ray.exceptions.RayActorError):
            ray.get(actor.close.remote())
        ray.kill(actor)


def _shared_out(settings: SynthSettings, workers: int) -> SynthSettings:
    """The settings of each worker: the limit on concurrent calls is divided by the number of workers."""

    def share(model: TeacherSettings) -> TeacherSettings:
        return model.model_copy(update={"concurrency": model.concurrency // workers})

    verifier = share(settings.verifier) if settings.verifier else None
    writers = [share(teacher) for teacher in settings.writers]
    return settings.model_copy(update={"teacher": None, "teachers": writers, "verifier": verifier})


def _map(
    jobs: Shard,
    settings: SynthSettings,
    ledger: Path,
    actor: Any,
    workers: int,
    seed: int,
    on_done: Callable[[RecordOutcome, TeacherUsage], None],
    wanted: Callable[[RecordJob], bool],
) -> list[RecordOutcome]:
    """Run the shards, restarting those whose workers die; the outcomes are in the order of the jobs."""
    import ray

    own_kinds = [str(Path(name).absolute()) for name in settings.kinds if name.endswith(".py")]
    settings = _shared_out(settings, workers)
    size = min(LARGEST_SHARD, max(1, -(-len(jobs) // (workers * SHARDS_PER_WORKER))))
    waiting = [jobs[start : start + size] for start in range(0, len(jobs), size)][::-1]
    deaths = [0] * len(jobs)  # at the shard that begins with that job
    running: dict[Any, tuple[str, Shard]] = {}
    outcomes: dict[int, RecordOutcome] = {}
    spent = TeacherUsage(0, 0, 0.0)
    failed: HornbookError | None = None
    names = (f"worker-{number}" for number in count())
    worker = ray.remote(_work).options(num_cpus=1, max_retries=0)
    while running or (waiting and not failed):
        while waiting and len(running) < workers and not failed:
            shard, name = waiting.pop(), next(names)
            left = [(place, job) for place, job in shard if wanted(job)]
            task = ray.cloudpickle.dumps((left, settings, ledger, seed))
            running[worker.remote(own_kinds, task, actor, name)] = name, shard
        (ended,), _ = ray.wait(list(running), num_returns=1)
        name, shard = running.pop(ended)
        ray.get(actor.gone.remote(name))
        try:
            done: _Done = ray.get(ended)
        except ray.exceptions.RayTaskError as error:
            if not isinstance(error.cause, HornbookError):
                raise
            failed = failed or error.cause  # the other workers fail by themselves; their answers are in the ledger
        except ray.exceptions.RayError as death:
            deaths[shard[0][0]] += 1
            if deaths[shard[0][0]] >= MOST_DEATHS:
                failed = failed or HornbookError(
                    f"ray: {MOST_DEATHS} workers died at one shard ({type(death).__name__})"
                )
            waiting.append(shard)
        else:
            calls, tokens, money = done.spent
            spent = TeacherUsage(spent.calls + calls, spent.tokens + tokens, spent.money + money)
            for place, outcome in done.outcomes:
                outcomes[place] = outcome
                on_done(outcome, spent)
    if failed:
        raise failed
    return [outcomes[place] for place in sorted(outcomes)]


def _work(own_kinds: list[str], task: bytes, actor: Any, name: str) -> _Done:
    """One shard, in a process of the cluster. The task can be read once the user's own kinds are loaded."""
    for path in own_kinds:
        load_kind(path)
    shard: Shard
    settings: SynthSettings
    shard, settings, ledger, seed = pickle.loads(task)

    def open_bank(teacher: TeacherSettings, folder: Path, model: str) -> RemoteBank:
        return RemoteBank(actor, name, teacher, model)

    async def run() -> _Done:
        jobs = [job for _, job in shard]
        async with open_teachers(settings.writers, ledger, open_bank, settings.verifier) as teachers:
            made = await run_jobs(jobs, teachers, settings.passages, seed, lambda outcome: None)
            return _Done([(place, outcome) for (place, _), outcome in zip(shard, made, strict=True)], teachers.spent())

    return asyncio.run(run())
