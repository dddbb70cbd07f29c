"""What does DPO on pivotal tokens buy, and what DPO on whole replies for the same number of sampled tokens?

    hornbook run recipes/experiments/pivotal.yaml
    hornbook reasoning --seed 2024 --search 300 --heldout 400 --out runs/fresh-questions \\
        --tasks '{family_relationships: {samples: 0}, leg_counting: {samples: 0}, simple_equations: {samples: 0}}'
    python -m benchmarks.pts_dpo --model runs/pivotal/artifacts/base-* --samples runs/pivotal/artifacts/reasoning-* \\
        --questions runs/fresh-questions --heldout runs/fresh-questions --out runs/pts-dpo --json pts-dpo.json

With `--samples`, the base model is first taught from worked and bare solutions (see `benchmarks.mixed`), so that there
is a choice to learn; without, the model is taken as it is (`--model runs/pivotal/artifacts/sft-*`). Both arms start
from that model and one set of questions. The first searches pivotal tokens and trains on their pairs; the second
samples whole replies until it has spent as many tokens, and trains on right against wrong ones. Each model is asked the
held-out questions before and after. Every step is a stage in its own folder below `--out`: a step that is done is not
done again, one that was killed goes on where it was.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from benchmarks.harness import Claim, show, show_claims, write_claims
from benchmarks.mixed import mixed
from benchmarks.rollout_pairs import rollout_pairs
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records
from hornbook.base.stage import StageType, declared
from hornbook.evaluation.metrics import REASONING, ScoredReply, values_by_score
from hornbook.recipe.run_stage import run_alone
from hornbook.recipe.stage_registry import STAGE_TYPES

ARMS = {"pivotal": "PTS, DPO on pivotal tokens", "replies": "DPO on whole replies, same tokens"}
SAMPLING = {"temperature": 0.8, "max_new_tokens": 110}
SEARCH: dict[str, Any] = {**SAMPLING}
REPLIES: dict[str, Any] = {"pairs_per_question": 4, **SAMPLING}
DPO: dict[str, dict[str, Any]] = {
    "pivotal": {"learning_rate": 5e-5, "beta": 0.3, "epochs": 4},
    "replies": {"learning_rate": 1e-4, "beta": 0.1, "epochs": 1},
}
TAUGHT: dict[str, Any] = {"learning_rate": 1.5e-3, "epochs": 2, "batch_rows": 8, "microbatch_rows": 8}
HELDOUT: dict[str, Any] = {"samples": 4, "benchmarks": [], "max_trivia": 0, **SAMPLING}
FEW, EVERY = 80, 1_000_000  # questions: for a quick run, and more than there are
MIXED, ROLLOUT_PAIRS = declared(mixed), declared(rollout_pairs)


class Result(NamedTuple):
    """One arm of one seed. Accuracies are shares; `moved` is after - before of each held-out question."""

    arm: str
    seed: int
    pairs: int
    tokens: int
    before: float
    after: float
    low: float  # 95 % interval of after - before over questions
    high: float
    moved: dict[str, float]


class Mean(NamedTuple):
    """A mean over seeds and questions with its 95 % interval."""

    mean: float
    low: float
    high: float


class Experiment(NamedTuple):
    """Where everything is, and how much of it to use."""

    model: str
    questions: str
    heldout: str
    out: Path
    most: int  # questions of each of the two

    def run(self, seed: int) -> list[Result]:
        """Both arms of one seed."""
        folder = self.out / f"seed-{seed}"
        before = self._evaluate(folder / "before", self.model, seed)
        pivots = stage("pts", folder / "pivots", seed, self._asked(), SEARCH | {"max_questions": self.most})
        tokens = book(pivots)["counts"]["tokens"]
        replies = stage(
            ROLLOUT_PAIRS,
            folder / "replies",
            seed,
            self._asked(),
            REPLIES | {"tokens": tokens, "max_questions": self.most},
        )
        return [self._arm(arm, pairs, before, seed) for arm, pairs in (("pivotal", pivots), ("replies", replies))]

    def _asked(self) -> dict[str, Any]:
        return {"model": self.model, "questions": [self.questions]}

    def _arm(self, arm: str, pairs: Path, before: Path, seed: int) -> Result:
        folder = self.out / f"seed-{seed}"
        tuned = stage("dpo", folder / f"dpo-{arm}", seed, {"model": self.model, "pairs": [str(pairs)]}, DPO[arm])
        after = self._evaluate(folder / f"after-{arm}", str(tuned), seed, before)
        compared = next(row for row in read_json(after / "scores.json")["comparisons"] if row["score"] == REASONING)
        counts = book(pairs)["counts"]
        old, new = (accuracies(place) for place in (before, after))
        return Result(
            arm=arm,
            seed=seed,
            pairs=counts["records_out"],
            tokens=counts["tokens"],
            before=float(np.mean(list(old.values()))),
            after=float(np.mean(list(new.values()))),
            low=compared["low"],
            high=compared["high"],
            moved={question: new[question] - old[question] for question in old},
        )

    def _evaluate(self, out: Path, model: str, seed: int, before: Path | None = None) -> Path:
        """The same questions for all; each seed draws its replies anew, the same way before and after."""
        inputs: dict[str, Any] = {"model": model, "questions": [self.heldout]}
        inputs |= {"before": str(before)} if before else {}
        return stage("evaluation", out, seed, inputs, HELDOUT | {"max_questions": self.most, "questions_seed": seed})


def teach_mixed(model: str, samples: str, out: Path) -> str:
    """The model after some more SFT, on worked and bare solutions."""
    halved = stage(MIXED, out / "mixed", 0, {"samples": [samples]}, {})
    return str(stage("sft", out / "sft", 0, {"model": model, "samples": [str(halved)]}, TAUGHT))


def stage(kind: str | StageType, out: Path, seed: int, inputs: dict[str, Any], settings: dict[str, Any]) -> Path:
    """Run a stage into `out` unless it stands there; `out`."""
    kind = STAGE_TYPES[kind] if isinstance(kind, str) else kind
    given = {name: inputs.get(name, [] if taken.many else None) for name, taken in kind.inputs.items()}
    run_alone(kind, kind.settings.parse(settings, kind.name), given, out, seed, overwrite=False)
    return out


def book(folder: Path) -> dict[str, Any]:
    return dict(read_json(folder / "stage.json"))


def accuracies(evaluation: Path) -> dict[str, float]:
    """Share of right replies to each question."""
    questions = values_by_score(read_records(evaluation / "answers.parquet", ScoredReply))[REASONING]
    return {question: float(np.mean(values)) for question, values in questions.items()}


def mean_over(moved_SQ: np.ndarray) -> Mean:
    """The mean of `moved` [seeds, questions] with an interval that minds both: other seeds, other questions.

    The variance is that of the seeds' means plus that of the questions' means, which counts what is left over twice,
    to be on the safe side; degrees of freedom by Satterthwaite. One seed alone gives the interval over questions.
    """
    mean = float(moved_SQ.mean())
    parts = [(values.var(ddof=1) / len(values), len(values) - 1) for values in marginals(moved_SQ)]
    variance = sum(part for part, _ in parts)
    if not variance:
        return Mean(mean, mean, mean)
    half = student(variance**2 / sum(part**2 / free for part, free in parts)) * math.sqrt(variance)
    return Mean(mean, mean - half, mean + half)


def marginals(moved_SQ: np.ndarray) -> list[np.ndarray]:
    """The means of seeds and of questions, as far as there are several."""
    return [values for values in (moved_SQ.mean(axis=1), moved_SQ.mean(axis=0)) if len(values) > 1]


def student(free: float) -> float:
    """97.5 % quantile of Student's t with `free` degrees of freedom (1 or more; need not be whole).

    T is √free times the tangent of an angle whose density goes with cos^(free - 1).
    """
    angles = np.linspace(0, math.pi / 2, 200_001)
    share = np.cumsum(np.cos(angles) ** (free - 1))
    return math.sqrt(free) * math.tan(angles[np.searchsorted(share, 0.95 * share[-1])])


def show_results(results: list[Result]) -> None:
    """One row for each arm and seed, then one for each arm."""
    rows = []
    for arm, about in ARMS.items():
        mine = [result for result in results if result.arm == arm]
        for result in mine:
            moved = Mean(result.after - result.before, result.low, result.high)
            rows.append([about, str(result.seed), *_figures([result]), points(moved), interval(moved)])
        everything = mean_over(table([result.moved for result in mine]))
        rows.append([about, "mean", *_figures(mine), points(everything), interval(everything)])
    show("Held-out accuracy", ["", "seed", "pairs", "sampled tokens", "before", "after", "difference", "95 %"], rows)


def _figures(results: list[Result]) -> list[str]:
    def mean(name: str) -> float:
        return float(np.mean([getattr(result, name) for result in results]))

    return [f"{mean('pairs'):,.0f}", f"{mean('tokens'):,.0f}", f"{mean('before'):.1%}", f"{mean('after'):.1%}"]


def points(moved: Mean) -> str:
    return f"{100 * moved.mean:+.1f}"


def interval(moved: Mean) -> str:
    return f"{100 * moved.low:+.1f} to {100 * moved.high:+.1f}"


def table(moved: list[dict[str, float]]) -> np.ndarray:
    """[seeds, questions] of the questions that all seeds were asked."""
    shared = sorted(set.intersection(*(set(one) for one in moved)))
    return np.array([[one[question] for question in shared] for one in moved])


def claims(results: list[Result]) -> list[Claim]:
    """Pivotal tokens against the model as it was, and against whole replies; the ranges are 95 % intervals."""
    pivotal, replies = ([result for result in results if result.arm == arm] for arm in ARMS)
    before, after, other = (
        float(np.mean(values))
        for values in ([r.before for r in pivotal], [r.after for r in pivotal], [r.after for r in replies])
    )
    against_itself = mean_over(table([result.moved for result in pivotal]))
    against_replies = mean_over(table([r.moved for r in pivotal]) - table([r.moved for r in replies]))
    return [
        _claim("PTS then DPO, before and after", after, before, against_itself, "better beyond noise"),
        _claim("PTS then DPO, and DPO on replies", after, other, against_replies, "ahead beyond noise (not asked for)"),
    ]


def _claim(name: str, ours: float, peer: float, gained: Mean, goal: str) -> Claim:
    ratio, low, high = (1 + gain / peer for gain in gained)
    return Claim(name, 100 * ours, 100 * peer, "% right", ratio, low, high, goal, low > 1)


@click.command(help=__doc__, context_settings={"max_content_width": 120})
@click.option("--model", required=True, help="An SFT model: a stage's folder, a Hugging Face folder or a hub name.")
@click.option("--questions", required=True, help="Questions to search and to sample replies to.")
@click.option("--heldout", required=True, help="Questions to ask before and after.")
@click.option("--samples", help="Worked solutions; the model is first taught to leave out half of the working.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for every stage.")
@click.option("--seeds", default=3, show_default=True, help="Seeds, each with a search and training of its own.")
@click.option("--quick", is_flag=True, help="A few questions and one seed: shows that it runs, and nothing else.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the claims to this file.")
def main(
    model: str,
    questions: str,
    heldout: str,
    samples: str | None,
    out: Path,
    seeds: int,
    quick: bool,
    json_file: Path | None,
) -> None:
    if samples:
        model = teach_mixed(model, samples, out)
    experiment = Experiment(model, questions, heldout, out, FEW if quick else EVERY)
    results = [result for seed in range(1 if quick else seeds) for result in experiment.run(seed)]
    show_results(results)
    found = claims(results)
    show_claims(found)
    if json_file:
        write_claims(json_file, found)


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except HornbookError as error:
        raise SystemExit(f"pts_dpo: {error}") from None
