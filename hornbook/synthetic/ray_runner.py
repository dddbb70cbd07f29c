"""The jobs of a synthesis on a Ray cluster (`--runner ray`): the same records, made by many processes (report §2.2).

Shards of jobs, in order, are mapped over the cluster by the same `run_jobs`. Ledger and budget are in one process, the
vault, on the driver's node, so no call is paid for twice, and the budget holds for all workers together. When a worker
dies, what it had in flight stays charged, and its shard runs again elsewhere; its answers are in the ledger.
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
from hornbook.synthetic.engine import Job, Outcome, run_jobs
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.vault import DIED, RemoteBank, Vault
from hornbook.teacher.router import TeacherUsage, open_teachers
from hornbook.teacher.settings import TeacherSettings

SHARDS_PER_WORKER = 4  # so that none waits long for the last
LARGEST_SHARD = 4096  # jobs; all that a shard made is held in memory
MOST_DEATHS = 5  # of workers at one shard, before it is the shard that is to blame
MOST_WAITING = 1 << 16  # calls that wait for each other or for the budget at a time

Shard = list[tuple[int, Job]]  # with their places among all jobs


class _Done(msgspec.Struct):
    """What a worker hands back: outcomes with their places, and what was used."""

    outcomes: list[tuple[int, Outcome]]
    spent: TeacherUsage


def run_on_ray(
    jobs: Sequence[Job],
    settings: SynthSettings,
    ledger: Path,
    seed: int,
    on_done: Callable[[Outcome, TeacherUsage], None],
    wanted: Callable[[Job], bool],
) -> list[Outcome]:
    """As `run_jobs`, on the Ray cluster that there is (`RAY_ADDRESS`, or `ray start` here), else on this machine alone.

    Raises HornbookError where Ray is missing, where the vault or one shard's workers die, and as `run_jobs` does.
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
    vault: Any = (
        ray.remote(Vault)
        .options(num_cpus=0, max_concurrency=MOST_WAITING, scheduling_strategy=here)
        .remote(ledger.absolute())
    )
    cores = int(ray.cluster_resources().get("CPU", 1))
    workers = max(1, min(cores, len(jobs), *(teacher.concurrency for teacher in settings.writers)))
    try:
        return _map(list(enumerate(jobs)), settings, ledger.absolute(), vault, workers, seed, on_done, wanted)
    except ray.exceptions.RayActorError:
        raise HornbookError(DIED) from None
    finally:
        with suppress(ray.exceptions.RayActorError):
            ray.get(vault.close.remote())
        ray.kill(vault)


def _shared_out(settings: SynthSettings, workers: int) -> SynthSettings:
    """The settings of each of so many workers: of the calls in flight it gets its part."""
    writers = [each.model_copy(update={"concurrency": each.concurrency // workers}) for each in settings.writers]
    return settings.model_copy(update={"teacher": None, "teachers": writers})


def _map(
    jobs: Shard,
    settings: SynthSettings,
    ledger: Path,
    vault: Any,
    workers: int,
    seed: int,
    on_done: Callable[[Outcome, TeacherUsage], None],
    wanted: Callable[[Job], bool],
) -> list[Outcome]:
    """Runs the shards, each again while its workers die; the outcomes in the order of the jobs."""
    import ray

    own_kinds = [str(Path(name).absolute()) for name in settings.kinds if name.endswith(".py")]
    settings = _shared_out(settings, workers)
    size = min(LARGEST_SHARD, max(1, -(-len(jobs) // (workers * SHARDS_PER_WORKER))))
    waiting = [jobs[start : start + size] for start in range(0, len(jobs), size)][::-1]
    deaths = [0] * len(jobs)  # at the shard that begins with that job
    running: dict[Any, tuple[str, Shard]] = {}
    outcomes: dict[int, Outcome] = {}
    spent = TeacherUsage(0, 0, 0.0)
    failed: HornbookError | None = None
    names = (f"worker-{number}" for number in count())
    worker = ray.remote(_work).options(num_cpus=1, max_retries=0)
    while running or (waiting and not failed):
        while waiting and len(running) < workers and not failed:
            shard, name = waiting.pop(), next(names)
            left = [(place, job) for place, job in shard if wanted(job)]
            task = ray.cloudpickle.dumps((left, settings, ledger, seed))
            running[worker.remote(own_kinds, task, vault, name)] = name, shard
        (ended,), _ = ray.wait(list(running), num_returns=1)
        name, shard = running.pop(ended)
        ray.get(vault.gone.remote(name))
        try:
            done: _Done = ray.get(ended)
        except ray.exceptions.RayTaskError as error:
            if not isinstance(error.cause, HornbookError):
                raise
            failed = failed or error.cause  # those under way find out for themselves; what they are answered is kept
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


def _work(own_kinds: list[str], task: bytes, vault: Any, name: str) -> _Done:
    """One shard, in a process of the cluster. The task can be read once the user's own kinds are loaded."""
    for path in own_kinds:
        load_kind(path)
    shard: Shard
    settings: SynthSettings
    shard, settings, ledger, seed = pickle.loads(task)

    def open_bank(teacher: TeacherSettings, folder: Path, model: str) -> RemoteBank:
        return RemoteBank(vault, name, teacher, model)

    async def run() -> _Done:
        jobs = [job for _, job in shard]
        async with open_teachers(settings.writers, ledger, open_bank) as teachers:
            made = await run_jobs(jobs, teachers, settings.passages, seed, lambda outcome: None)
            return _Done([(place, outcome) for (place, _), outcome in zip(shard, made, strict=True)], teachers.spent())

    return asyncio.run(run())
