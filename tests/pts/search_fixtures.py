"""A small finished search, written by hand: three solutions over characters, with pivots both ways."""

from pathlib import Path

from hornbook.base.files import write_records
from hornbook.base.records import Pair, Pivot
from hornbook.pts.records import Point, RolloutRecord, SearchedSolution

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> <b>√2\u2028?"
PROMPT = [1, 2]


def decode(tokens: list[int]) -> str:
    return "".join(chr(token) for token in tokens)


def encode(text: str) -> list[int]:
    return [ord(character) for character in text]


def solution(number: int, text: str, verdict: bool, estimates: list[float], prompt: str) -> SearchedSolution:
    return SearchedSolution(
        id=f"solution-{number}",
        question=f"question-{number}",
        task=f"task_{number}",
        prompt=prompt,
        prompt_tokens=PROMPT,
        solution_tokens=encode(text),
        strings=list(text),
        logprobs=[-0.5] * len(text),
        verdict=verdict,
        estimates=[Point(i, p, max(0.0, p - 0.1), min(1.0, p + 0.1), 40) for i, p in enumerate(estimates)],
    )


def pivot(of: SearchedSolution, position: int, confirmed: bool = True) -> Pivot:
    before, after = of.estimates[position].p, of.estimates[position + 1].p
    return Pivot(
        id=f"pivot-{of.id}-{position}",
        question=of.question,
        solution=of.id,
        prompt_tokens=of.prompt_tokens,
        solution_tokens=of.solution_tokens,
        position=position,
        token=of.solution_tokens[position],
        p_before=before,
        p_after=after,
        n_before=40,
        n_after=40,
        delta=after - before,
        delta_low=after - before - 0.15,
        delta_high=after - before + 0.15,
        n_fresh=60,
        confirmed=confirmed,
    )


def pair(of: Pivot, other: str) -> Pair:
    sides = [[of.token], encode(other)]
    chosen, rejected = sides if of.delta > 0 else sides[::-1]
    prompt = of.prompt_tokens + of.solution_tokens[: of.position]
    return Pair(
        id=f"pair-{of.id}",
        parents=[of.id],
        kind="pivotal",
        prompt_tokens=prompt,
        chosen_tokens=chosen,
        rejected_tokens=rejected,
    )


def made(question: str, prefix: str, text: str, success: bool, number: int, avoid: int = -1) -> RolloutRecord:
    return RolloutRecord(
        question=question,
        stream="search" if avoid < 0 else "off",
        number=number,
        avoid=avoid,
        prefix_tokens=encode(prefix),
        tokens=encode(text),
        finish="stop",
        success=success,
    )


def searched() -> tuple[list[SearchedSolution], list[Pivot], list[Pair], list[RolloutRecord]]:
    right = solution(1, "ab\n G=1", True, [0.5, 0.5, 0.48, 0.5, 0.5, 0.9, 0.92, 1.0], HOSTILE)
    wrong = solution(2, "xBy", False, [0.6, 0.6, 0.2, 0.15], "How many legs has a dog?")
    plain = solution(3, "zz", True, [0.5, 0.51, 0.5], "And a cat?")
    pivots = [pivot(right, 4), pivot(wrong, 1, confirmed=False)]
    rollouts = [
        *(made("question-1", "", "ab\n G=1", True, n) for n in range(3)),
        made("question-1", "ab\n ", "B=2</script>", False, 3),
        made("question-1", "ab\n G", "?1", False, 4, avoid=ord("=")),  # forced off: says nothing of p(success) after G
        made("question-2", "x", "By", False, 0),
        made("question-2", "", "xGy", True, 1),
        made("question-3", "", "zz", True, 0),
    ]
    return [right, wrong, plain], pivots, [pair(pivots[0], "B"), pair(pivots[1], "G")], rollouts


def write_search(folder: Path) -> Path:
    solutions, pivots, pairs, rollouts = searched()
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder / "solutions.parquet", SearchedSolution, solutions)
    write_records(folder / "pivots.parquet", Pivot, pivots)
    write_records(folder / "pairs.parquet", Pair, pairs)
    write_records(folder / "rollouts.parquet", RolloutRecord, rollouts)
    return folder
