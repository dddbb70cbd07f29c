"""Hornbook's side of `benchmarks.judging`: `hornbook.judge_many` on batches of replies."""

import json
from itertools import cycle, islice
from pathlib import Path

import hornbook
from benchmarks.rounds import Rounds, job

BATCH = 256


def main() -> None:
    asked = job()
    lines = [json.loads(line) for line in Path(asked["replies"]).read_text().splitlines()]
    batches = cycle([lines[begin : begin + BATCH] for begin in range(0, len(lines), BATCH)])
    rounds = Rounds(asked["round_seconds"])
    for number, batch in enumerate(islice(batches, None)):
        if number == 1:
            rounds.begin()  # the first batch has loaded what the oracle needs
        judged = hornbook.judge_many(
            [line["reply"] for line in batch],
            [line.get("reference") for line in batch],
            asked["oracle"],
            choices=[line.get("choices") for line in batch],
            tests=[line.get("tests") for line in batch],
            prompts=[line.get("prompt", "") for line in batch],
        )
        assert sum(one.right is True for one in judged) > 0.95 * len(judged)
        if number:
            rounds.step(len(batch))


if __name__ == "__main__":
    main()
