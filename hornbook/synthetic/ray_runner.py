"""Runs the jobs of a synthesis on a Ray cluster (`--runner ray`), with the same records as a local run (report §2.2).

Shards of jobs, in order, are mapped over the cluster by the same `make_record`. Ledger and budget are in one process,
the ledger actor, on the driver's node, so no call is paid twice, and the budget applies to all workers together. When a
worker dies, its calls in flight stay charged, and its shard runs again elsewhere; its answers are in the ledger.
"""

import asyncio
import pickle
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.ray_cluster import connect_ray
from hornbook.synthetic.engine import RecordJob, RecordOutcome, make_record
from hornbook.synthetic.job_order import JobOrder
from hornbook.synthetic.kinds import OWN, Profile, load_kind
from hornbook.synthetic.ledger_actor import DIED, LedgerActor, RemoteBank
from hornbook.synthetic.settings import SynthSettings
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import TeacherUsage, open_teachers
from hornbook.teacher.settings import TeacherSettings

SHARDS_PER_WORKER = 4  # several, for load balancing at the end
LARGEST_SHARD = 4096  # jobs; the results of a shard are held in memory
MOST_DEATHS = 5  # deaths of workers at one shard before the run is given up
MOST_WAITING = 1 << 16  # calls that wait for each other or for the budget at a time

Shard = list[RecordJob]


class _Done(msgspec.Struct):
    """A worker's result: what came of the jobs, and what was spent."""

    outcomes: list[RecordOutcome]
    spent: TeacherUsage


def run_on_ray(
    order: JobOrder,
    settings: SynthSettings,
    ledger: Path,
    seed: int,
    show: Callable[[TeacherUsage], None],
) -> None:
    """Run the jobs of `order` on the available Ray cluster (`RAY_ADDRESS`, or `ray start` here), else on this machine.

    Raises HornbookError if Ray is missing, if the ledger actor or the workers of one shard die, and as `make_record`.
    """
    ray = connect_ray("runner: ray")
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    actor: Any = (
        ray.remote(LedgerActor)
        .options(num_cpus=0, max_concurrency=MOST_WAITING, scheduling_strategy=here)
        .remote(ledger.absolute())
    )
    cores = int(ray.cluster_resources().get("CPU", 1))
    workers = max(1, min(cores, order.wanted, *(model.concurrency for model in settings.models)))
    try:
        _map(order, settings, ledger.absolute(), actor, workers, seed, show)
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
    order: JobOrder,
    settings: SynthSettings,
    ledger: Path,
    actor: Any,
    workers: int,
    seed: int,
    show: Callable[[TeacherUsage], None],
) -> None:
    """Run shards of jobs, restarting those whose workers die."""
    import ray

    own_kinds = [str(Path(name).absolute()) for name in settings.kinds if name.endswith(OWN)]
    settings = _shared_out(settings, workers)
    size = min(LARGEST_SHARD, max(1, -(-order.wanted // (workers * SHARDS_PER_WORKER))))
    again: list[Shard] = []
    deaths: Counter[tuple[str, int | None]] = Counter()  # at the shard that begins with that job
    running: dict[Any, tuple[str, Shard]] = {}
    spent = TeacherUsage(0, 0, 0.0)
    failed: HornbookError | None = None
    names = (f"worker-{number}" for number in count())
    worker = ray.remote(_work).options(num_cpus=1, max_retries=0)
    while True:
        while len(running) < workers and not failed:
            shard = again.pop() if again else list(islice(iter(order.take, None), size))
            if not shard:
                break
            name = next(names)
            task = ray.cloudpickle.dumps(([job for job in shard if order.needs(job)], settings, ledger, seed))
            running[worker.remote(own_kinds, task, settings.profile, actor, name)] = name, shard
        if not running:
            break
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
            first = (shard[0].kind.name, shard[0].number)
            deaths[first] += 1
            if deaths[first] >= MOST_DEATHS:
                failed = failed or HornbookError(
                    f"ray: {MOST_DEATHS} workers died at one shard ({type(death).__name__})"
                )
            again.append(shard)
        else:
            calls, tokens, money = done.spent
            spent = TeacherUsage(spent.calls + calls, spent.tokens + tokens, spent.money + money)
            for outcome in done.outcomes:
                order.done(outcome)
            show(spent)
    if failed:
        raise failed


def _work(own_kinds: list[str], task: bytes, profile: Profile, actor: Any, name: str) -> _Done:
    """One shard, in a process of the cluster. The task can be read once the user's own kinds are loaded."""
    for path in own_kinds:
        load_kind(path, profile)
    shard: Shard
    settings: SynthSettings
    shard, settings, ledger, seed = pickle.loads(task)

    def open_bank(teacher: TeacherSettings, folder: Path, model: str) -> RemoteBank:
        return RemoteBank(actor, name, teacher, model)

    async def run() -> _Done:
        async with open_teachers(settings.writers, ledger, open_bank, settings.verifier) as teachers:
            make = partial(make_record, teachers=teachers, cutting=settings.passages, seed=seed)
            made = await map_records(shard, make, limit=teachers.records_at_once)
            return _Done([one for one in made if isinstance(one, RecordOutcome)], teachers.spent())

    return asyncio.run(run())
