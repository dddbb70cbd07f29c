"""The mathematics stage: questions of mathematics-dataset, each judged by the oracle that fits its answer."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from os import environ

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package
from hornbook.base.records import Question, make_id
from hornbook.base.rng import derive
from hornbook.base.settings import nearest
from hornbook.base.workspace import Workspace
from hornbook.oracles.auto import fitting_oracle
from hornbook.synthetic.mathematics.problem_process import ProblemRequest, Problems
from hornbook.synthetic.mathematics.settings import MathematicsSettings, ModuleSettings
from hornbook.synthetic.reasoning.question_sets import (
    SPLITS,
    Split,
    drop_contaminated,
    fill_splits,
    warn_if_short,
    write_question_sets,
)

PACKAGES = {"mathematics_dataset": "mathematics-dataset", "absl": "absl-py", "six": "six"}
BATCH = 200  # problems in one answer of the process; fixed, since it decides how the random numbers are used
BATCHES_PER_QUESTION = 0.1  # of a question wanted: 20 problems, before giving up on a module with few distinct ones
PROCESS = [sys.executable, "-m", "hornbook.synthetic.mathematics.problem_process"]


def mathematics(settings: MathematicsSettings, work: Workspace) -> None:
    """Write the questions of every module in `settings.modules`, as the sets that the stage `reasoning` writes.

    They have answers and no worked solutions (report §4.3: questions with ground truth). The note `mathematics` has
    the numbers of questions per module.
    Raises HornbookError without the package, and for a module that it does not have.
    """
    missing = [name for module, name in PACKAGES.items() if not importlib.util.find_spec(module)]
    if missing:
        raise missing_package("mathematics", *missing, no_deps=True)

    def prompt_of(problem: tuple[str, str]) -> str:
        return f"{problem[0]} {settings.instruction}".rstrip()

    questions: dict[Split, list[Question]] = {split: [] for split in SPLITS}
    notes = {}
    with work.progress("", len(settings.modules), "modules") as bar, _problem_process() as process:
        for name, chosen in sorted(settings.modules.items()):
            wanted: dict[Split, int] = {
                "train": chosen.train,
                "search": settings.search,
                "heldout": settings.heldout,
                "test": settings.test,
            }
            problems = _problems(process, name, chosen, sum(wanted.values()), work.seed)
            drawn = fill_splits(name, problems, prompt_of, partial(_question, name), wanted)
            warn_if_short(work, name, drawn, wanted)
            for split in SPLITS:
                questions[split] += drawn.questions[split]
            notes[name] = {split: len(drawn.questions[split]) for split in SPLITS} | {"drawn": drawn.tries}
            bar.advance(1, name)
    questions = drop_contaminated(questions, settings.against, work)
    write_question_sets(work, questions)
    work.count(records_in=sum(note["drawn"] for note in notes.values()), records_out=sum(map(len, questions.values())))
    work.note("mathematics", notes)


@contextmanager
def _problem_process() -> Iterator["subprocess.Popen[str]"]:
    """The process that runs the package; it ends with the block, or with this process."""
    hashes = {**environ, "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        PROCESS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=hashes
    ) as process:
        yield process


def _problems(
    process: "subprocess.Popen[str]", module: str, chosen: ModuleSettings, wanted: int, seed: int
) -> Iterator[tuple[str, str]]:
    """(question, answer) of a module, batch by batch as they are used, up to a limit."""
    assert process.stdin and process.stdout
    low, high = chosen.difficulty
    for batch in range(1 + int(BATCHES_PER_QUESTION * wanted)):
        asked = ProblemRequest(module, low, high, derive(seed, module, batch), BATCH)
        try:
            process.stdin.write(msgspec.json.encode(asked).decode() + "\n")
            process.stdin.flush()
            found = msgspec.json.decode(process.stdout.readline(), type=Problems)
        except (OSError, msgspec.MsgspecError):
            raise HornbookError(f"modules.{module}: mathematics-dataset fails on it") from None
        if found.modules:
            raise HornbookError(f"modules: unknown module '{module}'{nearest(module, found.modules)}")
        yield from found.problems


def _question(module: str, problem: tuple[str, str], prompt: str) -> Question:
    answer = problem[1]
    return Question(
        id=make_id("question", module, prompt),
        task=module,
        prompt=prompt,
        answer=answer,
        oracle=fitting_oracle(answer, [], {}),
    )
