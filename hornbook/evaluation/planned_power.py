"""What an evaluation will be able to show, said before it starts (`hornbook plan` and `hornbook eval`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from hornbook.base.files import read_json
from hornbook.evaluation.metrics import BENCHMARK, REASONING
from hornbook.evaluation.power import SPREAD, detectable, questions_for
from hornbook.evaluation.settings import EvaluationSettings

DIFFERENCES = (0.05, 0.02, 0.01)  # for which the needed questions are said
TRIVIA = "trivia"
TASK_QUESTIONS = {  # questions of well-known tasks, as asked here (see docs/evaluation.md for the splits)
    "aime25": 30, "chat_aime25": 30, "chat_amc": 25, "chat_arena": 500, "chat_humaneval_plus": 164, "chat_ifeval": 541,
    "chat_mgsm": 2750, "chat_mmlu_pro": 12_032, "chat_simpleqa": 4326, "minerva_math": 5000, "mmlu_pro": 12_032,
    "arc_challenge": 1172, "arc_easy": 2376, "boolq": 3270, "cb": 56, "chat_drop": 1000,
    "chat_gpqa": 198, "chat_humaneval": 164, "chat_math": 5000, "chat_mmlu": 14_042, "commonsense_qa": 1221,
    "copa": 100, "gpqa_diamond_zeroshot": 198, "gsm8k": 1319, "gsm8k_cot": 1319, "hellaswag": 10_042,
    "humaneval": 164, "lambada_openai": 5153, "mbpp": 500, "mmlu": 14_042, "nq_open": 3610, "openbookqa": 500,
    "piqa": 1838, "rte": 277, "sciq": 1000, "social_iqa": 1954, "triviaqa": 7993, "winogrande": 1267,
}  # fmt: skip


class PlannedScore(NamedTuple):
    """A score, the questions behind it (None: not known yet), and the spread of differences (see `power`), assumed or
    measured."""

    score: str
    questions: int | None
    spread: float = SPREAD


def planned_scores(settings: EvaluationSettings, *, asks_questions: bool) -> list[PlannedScore]:
    """The scores that follow from the settings alone."""
    found = []
    if asks_questions:
        found += [PlannedScore(REASONING, settings.max_questions), PlannedScore(TRIVIA, settings.max_trivia)]
    found += [PlannedScore(f"{BENCHMARK}:{name}", settings.max_items) for name in settings.benchmarks]
    for task in settings.single_tasks:
        known = TASK_QUESTIONS.get(task)
        most = settings.limit or known
        found.append(PlannedScore(f"{BENCHMARK}:{task}", min(most, known) if most and known else None))
    return [score for score in found if score.questions != 0]


def counted_scores(counts: Mapping[str, int], before: Path | None) -> list[PlannedScore]:
    """Scores with the questions that were found; spreads are those that `before`, an earlier evaluation, measured
    between its model and the one before it."""
    rows = read_json(before / "scores.json")["comparisons"] if before else []
    measured = {row["score"]: row["spread"] for row in rows if row.get("spread")}
    return [
        PlannedScore(score, count, _measured(score, measured) or SPREAD) for score, count in counts.items() if count
    ]


def _measured(score: str, measured: Mapping[str, float]) -> float | None:
    """Of the score, or of its first metric ("benchmark:hellaswag acc")."""
    return next((spread for name, spread in measured.items() if name == score or name.startswith(f"{score} ")), None)


def power_table(scores: list[PlannedScore], title: str = "What these questions can show") -> Table:
    """For each score the smallest difference from another model, in points, that is significant four times in five,
    and the questions that differences of 5, 2 and 1 points need."""
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("score")
    for name in ("questions", "differ on", "shows", *(f"{100 * one:.0f} points need" for one in DIFFERENCES)):
        table.add_column(name, justify="right", no_wrap=True)
    for score, questions, spread in scores:
        needs = [questions_for(difference, spread) for difference in DIFFERENCES]
        table.add_row(
            escape(score),
            f"{questions:,}" if questions else "?",
            f"{spread**2:.0%}",
            f"{100 * detectable(questions, spread):.1f}" if questions else "",
            *(f"{number:,}" if number else "-" for number in needs),
        )
    return table
