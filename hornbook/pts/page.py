"""page.html: a search on one self-contained page with filters, without network access."""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.base.files import read_records, write_text
from hornbook.base.records import Pair, Pivot
from hornbook.pts.records import RolloutRecord, SearchedSolution

Decode = Callable[[list[int]], str]
SHOWN = 4  # distinct continuations shown on each side, the most frequent first
CHARACTERS = 500  # shown of each


def pivot_tokens(pivot: Pivot) -> list[int]:
    return pivot.solution_tokens[pivot.position : pivot.position + pivot.length]


class RolloutsByPrefix:
    """Rollouts by the prefix that they start from, and the pair of each pivot."""

    def __init__(self, rollouts: list[RolloutRecord], pairs: list[Pair], decode: Decode) -> None:
        self.decode = decode
        self.begun: dict[tuple[str, tuple[int, ...]], list[RolloutRecord]] = {}
        for rollout in rollouts:
            self.begun.setdefault((rollout.question, tuple(rollout.prefix_tokens)), []).append(rollout)
        self.pairs = {parent: pair for pair in reversed(pairs) for parent in pair.parents}

    def sides(self, pivot: Pivot) -> list[dict[str, Any]]:
        """The accepted side, then the rejected one; a pivot without a pair has only its own."""
        pair = self.pairs.get(pivot.id)
        if pair:
            tokens = {"accepted": pair.chosen_tokens, "rejected": pair.rejected_tokens}
        else:
            tokens = {"accepted" if pivot.delta > 0 else "rejected": pivot_tokens(pivot)}
        return [self._side(role, pivot, side) for role, side in tokens.items()]

    def _side(self, role: str, pivot: Pivot, side: list[int]) -> dict[str, Any]:
        end = pivot.solution_tokens[: pivot.position] + side
        passed = self.through(pivot.question, end)
        return {
            "role": role,
            "text": self.decode(side),
            "pivot": side == pivot_tokens(pivot),
            "right": sum(success for _, success in passed),
            "made": len(passed),
            "rollouts": [
                [self._text(list(tokens)), success, count]
                for (tokens, success), count in Counter(passed).most_common(SHOWN)
            ],
        }

    def through(self, question: str, end: list[int]) -> list[tuple[tuple[int, ...], bool]]:
        """Continuation after `end` and verdict of every rollout that starts at or before it and passes through it."""
        passed = []
        for given in range(len(end), -1, -1):
            rest = end[given:]
            for rollout in self.begun.get((question, tuple(end[:given])), []):
                conditioned = not rest and rollout.avoid >= 0  # its next token was restricted
                if rollout.tokens[: len(rest)] == rest and not conditioned:
                    passed.append((tuple(rollout.tokens[len(rest) :]), rollout.success))
        return passed

    def _text(self, tokens: list[int]) -> str:
        text = self.decode(tokens)
        return text if len(text) <= CHARACTERS else text[:CHARACTERS] + " …"


TEMPLATES = Path(__file__).parent / "template"
SCRIPTS = ("logic.js", "curve.js", "tokens.js", "view.js")  # logic.js does not use the DOM, so tests can run it alone
PAGE_BYTES = 8_000_000  # of embedded data, which a browser opens quickly; further solutions are left out and counted
BINS = 10


def write_page(folder: Path, decode: Decode, title: str = "Pivotal tokens") -> Path:
    """Write FOLDER/page.html from the solutions, pivots, pairs and rollouts in FOLDER; returns its path.

    `decode` turns token ids into text (rollouts are stored as ids). Solutions with the largest pivots come first; those
    beyond `PAGE_BYTES` are left out, and the page shows how many.
    Raises HornbookError for a folder without the files of a search.
    """
    solutions = read_records(folder / "solutions.parquet", SearchedSolution)
    pivots = read_records(folder / "pivots.parquet", Pivot)
    pairs = read_records(folder / "pairs.parquet", Pair)
    rollouts = read_records(folder / "rollouts.parquet", RolloutRecord)
    text = render_page(solutions, pivots, pairs, rollouts, decode, title)
    write_text(folder / "page.html", text)
    return folder / "page.html"


def render_page(
    solutions: list[SearchedSolution],
    pivots: list[Pivot],
    pairs: list[Pair],
    rollouts: list[RolloutRecord],
    decode: Decode,
    title: str,
) -> str:
    """The page's HTML."""
    followed = RolloutsByPrefix(rollouts, pairs, decode)
    shown, left_out = _within_budget(_ranked(solutions, pivots), followed)
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    context = {
        "title": title,
        "facts": _facts(solutions, pivots, rollouts),
        "histogram": _histogram(rollouts),
        "left_out": left_out,
        "data": Markup(embed(b'{"solutions":[' + b",".join(shown) + b"]}")),
        "style": Markup(style),
        "script": Markup(script),
        # This policy stops other scripts and all requests, whatever a question's text contains.
        "policy": f"default-src 'none'; style-src '{_sha256(style)}'; script-src '{_sha256(script)}'",
    }
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html.jinja").render(context)


def embed(encoded: bytes) -> str:
    """JSON that is safe inside a script element: `<` and line separators are escaped."""
    return encoded.decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _ranked(solutions: list[SearchedSolution], pivots: list[Pivot]) -> list[tuple[SearchedSolution, list[Pivot]]]:
    """Solutions with their pivots, those with the largest first. Solutions with a common prefix share pivots."""
    of_question: dict[str, list[Pivot]] = {}
    for pivot in pivots:
        of_question.setdefault(pivot.question, []).append(pivot)
    placed = [(solution, _on(solution, of_question.get(solution.question, []))) for solution in solutions]
    return sorted(placed, key=lambda item: -max((abs(pivot.delta) for pivot in item[1]), default=-1.0))


def _on(solution: SearchedSolution, pivots: list[Pivot]) -> list[Pivot]:
    tokens = solution.solution_tokens
    shared = [
        pivot
        for pivot in pivots
        if pivot.prompt_tokens == solution.prompt_tokens
        and pivot.solution_tokens[: pivot.position + pivot.length] == tokens[: pivot.position + pivot.length]
    ]
    return sorted(shared, key=lambda pivot: pivot.position)


def _within_budget(
    ranked: Iterable[tuple[SearchedSolution, list[Pivot]]], followed: RolloutsByPrefix
) -> tuple[list[bytes], int]:
    """Encoded solutions, as many as fit into the page, and the number of those left out."""
    shown: list[bytes] = []
    remaining, left_out = PAGE_BYTES, 0
    for solution, pivots in ranked:
        encoded = b"" if left_out else msgspec.json.encode(_solution(solution, pivots, followed))
        if left_out or len(encoded) > remaining:
            left_out += 1
        else:
            shown.append(encoded)
            remaining -= len(encoded)
    return shown, left_out


def _solution(solution: SearchedSolution, pivots: list[Pivot], followed: RolloutsByPrefix) -> dict[str, Any]:
    return {
        "id": solution.id,
        "task": solution.task,
        "question": solution.prompt,
        "tokens": solution.strings,
        "verdict": solution.verdict,
        "points": [
            [point.position, *_rounded(point.p, point.low, point.high), point.n] for point in solution.estimates
        ],
        "pivots": [_pivot(pivot, followed) for pivot in pivots],
    }


def _pivot(pivot: Pivot, followed: RolloutsByPrefix) -> dict[str, Any]:
    before, after, delta, low, high = _rounded(
        pivot.p_before, pivot.p_after, pivot.delta, pivot.delta_low, pivot.delta_high
    )
    return {
        "at": pivot.position,
        "length": pivot.length,
        "before": before,
        "after": after,
        "samples": [pivot.n_before, pivot.n_after],
        "delta": delta,
        "low": low,
        "high": high,
        "fresh": pivot.n_fresh,
        "error": round(pivot.error, 4),
        "confirmed": pivot.confirmed,
        "sides": followed.sides(pivot),
    }


def _rounded(*values: float) -> list[float]:
    return [round(value, 4) for value in values]


def _facts(
    solutions: list[SearchedSolution], pivots: list[Pivot], rollouts: list[RolloutRecord]
) -> list[tuple[str, str]]:
    raising = sum(pivot.delta > 0 for pivot in pivots)
    facts = [
        ("solutions searched", len(solutions)),
        ("pivotal tokens", len(pivots)),
        ("confirmed", sum(pivot.confirmed for pivot in pivots)),
        ("raise p(success)", raising),
        ("lower it", len(pivots) - raising),
        ("rollouts", len(rollouts)),
        ("tokens sampled", sum(len(rollout.tokens) for rollout in rollouts)),
    ]
    return [(label, f"{value:,}") for label, value in facts]


def _histogram(rollouts: list[RolloutRecord]) -> dict[str, Any]:
    """Histogram of the questions' p(success), from the rollouts that start at the prompt."""
    tried: dict[str, list[bool]] = {}
    for rollout in rollouts:
        if not rollout.prefix_tokens and rollout.avoid < 0:
            tried.setdefault(rollout.question, []).append(rollout.success)
    p = [sum(verdicts) / len(verdicts) for verdicts in tried.values()]
    bins = [min(int(value * BINS), BINS - 1) for value in p]
    counts = [bins.count(number) for number in range(BINS)]
    tallest = max(counts, default=0) or 1
    return {
        "questions": len(p),
        "bars": [
            {"count": count, "height": round(80 * count / tallest, 1), "label": f"{number / BINS:g}"}
            for number, count in enumerate(counts)
        ],
        "words": ", ".join(f"{n / BINS:g} to {(n + 1) / BINS:g}: {c}" for n, c in enumerate(counts)),
    }
