"""One training stage over the workers of a Ray cluster, joined as torchrun would join them.

    python examples/ray_train.py --workers 16 --gpus 1 -- \
        train pretrain --tokens tokens/ --tokenizer tok/ --sharding fsdp --out base

What follows `--` is a `hornbook` command. All workers must see the same files. When a worker dies, all start again and
go on from the last checkpoint.
"""

import argparse
import os
import socket
import sys

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from hornbook.base.errors import HornbookError


class Worker:
    """One process of the training run, in its own place on the cluster."""

    def address(self) -> tuple[str, int]:
        with socket.socket() as free:
            free.bind(("", 0))
            return ray.util.get_node_ip_address(), free.getsockname()[1]

    def run(self, rank: int, world: int, host: str, port: int, folder: str, command: list[str]) -> None:
        os.chdir(folder)
        # Ray shows each worker its own GPU alone: always number 0
        names = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": 0, "MASTER_ADDR": host, "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in names.items()})
        from hornbook.cli.main import hornbook

        hornbook.main(command, standalone_mode=False)


def train(workers: int, cpus: int, gpus: int, command: list[str]) -> None:
    """Run `command` in `workers` processes; raises what the first of them to fail raised."""
    group = placement_group([{"CPU": cpus, "GPU": gpus}] * workers, strategy="PACK")
    ray.get(group.ready())
    try:
        places = [PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=i) for i in range(workers)]
        kind = ray.remote(num_cpus=cpus, num_gpus=gpus)(Worker)
        actors = [kind.options(scheduling_strategy=place).remote() for place in places]
        host, port = ray.get(actors[0].address.remote())
        waiting = [actor.run.remote(i, workers, host, port, os.getcwd(), command) for i, actor in enumerate(actors)]
        while waiting:  # one by one as they end: the others of a failed worker may wait for it for ever
            ended, waiting = ray.wait(waiting)
            ray.get(ended)
    finally:
        remove_placement_group(group)  # and with it the workers that are left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, required=True, help="processes; one for each GPU")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs of a worker: 1, or 0 on a cluster of CPUs")
    parser.add_argument("--cpus", type=int, default=1, help="CPUs of a worker")
    parser.add_argument("--restarts", type=int, default=3, help="how often to start again after a worker has died")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- and a hornbook command")
    given = parser.parse_args()
    command = [word for i, word in enumerate(given.command) if i or word != "--"]
    ray.init(ignore_reinit_error=True)
    for attempt in range(given.restarts + 1):
        try:
            train(given.workers, given.cpus, given.gpus, command)
            break
        except (ray.exceptions.RayActorError, ray.exceptions.RayTaskError) as died:
            if isinstance(died, HornbookError):  # a start with the same input would end the same way
                sys.exit(f"hornbook: {died.cause}")
            if attempt == given.restarts:
                raise
            print(f"a worker died ({died}); starting all again")


if __name__ == "__main__":
    main()
