"""Pivotal token search in a few lines of Python (report §4.3).


found = find_pivots("sft/model", [{"question": "What is 17 + 25?", "answer": "42"}], out="pivots", p_gap=0.2)
for pivot in found.pivots:
    print(pivot.position, pivot.delta, pivot.delta_low, pivot.delta_high)
print(found.page)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hornbook.base.files import read_records, write_text
from hornbook.base.records import Pair, Pivot, Question
from hornbook.base.workspace import Workspace
from hornbook.pts.records import Difficulty, MadeRollout, SearchedSolution
from hornbook.pts.settings import PtsSettings
from hornbook.pts.stage import pts


class PivotalTokens(NamedTuple):
    """What a search found, and where it left the rest.

    `page` is the search as a web page, `rejected` counts questions that were set aside, by reason.
    """

    pivots: list[Pivot]
    pairs: list[Pair]
    solutions: list[SearchedSolution]
    difficulties: list[Difficulty]
    folder: Path
    page: Path
    rejected: dict[str, int]

    def rollouts(self) -> list[MadeRollout]:
        """Every rollout that was made."""
        return read_records(self.folder / "rollouts.parquet", MadeRollout)


def find_pivots(
    model: str | Path,
    questions: str | Path | Sequence[Question] | Sequence[dict[str, Any]],
    *,
    out: str | Path,
    seed: int = 0,
    **settings: Any,
) -> PivotalTokens:
    """Search a Hugging Face causal language model for pivotal tokens; `settings` are those of `PtsSettings`.

    `questions` are a file (JSONL, Parquet), a stage's folder, or a list of dictionaries or Question records. `out` is
    the folder for all that is written; called again with the same arguments, a search that was killed goes on.
    Raises HornbookError as `hornbook pts` would print it: an unknown setting, a model that cannot be loaded, questions
    that no oracle can judge, no question with p(success) within range.
    """
    work = Workspace(Path(out), name="pts", seed=seed)
    if isinstance(questions, str | Path):
        asked = Path(questions)
    else:
        asked = work.path / "asked.jsonl"
        write_text(asked, "".join(msgspec.json.encode(question).decode() + "\n" for question in questions))
    pts(PtsSettings.parse(settings, "find_pivots"), work, model=Path(model), questions=[asked])
    work.close()
    return PivotalTokens(
        pivots=read_records(work.path, Pivot),
        pairs=read_records(work.path, Pair),
        solutions=read_records(work.path / "solutions.parquet", SearchedSolution),
        difficulties=read_records(work.path / "difficulty.parquet", Difficulty),
        folder=work.path,
        page=work.path / "page.html",
        rejected=dict(work.rejected),
    )
