"""Evaluation beside lm-evaluation-harness's own model `hf`: the same tasks, weights, precision and threads.

Speed: the requests of MMLU (5 solved examples), HellaSwag and GSM8K (8 solved examples, written replies), answered by
our engine and by `hf` at the best of several batch sizes, in turns in one process. Agreement: on each of five tasks the
questions whose choice differs; where it does, how far apart the two choices are.

    python -m benchmarks.evaluation smollm2/ --quick --json claims.json
"""

import random
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import torch

from benchmarks.harness import Claim, meter, part_options, run_parts, show
from hornbook.base.workspace import Workspace
from hornbook.evaluation.harness.journal import Journal
from hornbook.evaluation.harness.load import load_task
from hornbook.inference.torch_engine import TorchEngine
from hornbook.model.load_save import load_model, model_folder
from hornbook.tokenizer.chat import load_tokenizer

FOLDERS = (
    "mmlu/default",
    "hellaswag",
    "arc",
    "piqa",
    "winogrande",
    "openbookqa",
    "commonsense_qa",
    "gsm8k",
)  # of tasks
SUBJECTS = ("mmlu_anatomy", "mmlu_global_facts", "mmlu_high_school_geography", "mmlu_marketing")
AGREEMENT = {  # task → questions asked; None: all of its evaluation set
    "arc_easy": None,
    "openbookqa": None,
    "winogrande": None,
    "piqa": None,
    "commonsense_qa": None,
    "hellaswag": 1000,
}
FLOAT_ERROR = 1e-3  # nats: two choices this close are a tie
NEW_TOKENS = 256


class Size(NamedTuple):
    """How much is asked: questions of each subject of MMLU, of HellaSwag, of GSM8K, of each task of the agreement.

    0: as many as `AGREEMENT` says.
    """

    subjects: int
    mmlu: int
    hellaswag: int
    gsm8k: int
    new_tokens: int
    agreement: int
    batches: tuple[int, ...]
    turns: int


FULL = Size(4, 40, 200, 32, NEW_TOKENS, 0, (4, 8, 16), 2)
QUICK = Size(1, 16, 20, 6, 48, 10, (4,), 1)


class Bench(NamedTuple):
    """Both models on one set of weights."""

    ours: Any
    theirs: Any
    index: Any
    size: Size


def make_bench(folder: str, size: Size, threads: int) -> Bench:
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from hornbook.evaluation.harness.model import EngineModel

    torch.set_num_threads(threads)
    network, tokenizer = load_model(folder, "float32"), load_tokenizer(folder)
    scratch = Path(tempfile.mkdtemp())
    work = Workspace(scratch, name="ours")
    ours = EngineModel(TorchEngine(network, tokenizer), tokenizer, Journal(scratch / "journal", ""), work)
    theirs = HFLM(pretrained=str(model_folder(folder)), dtype="float32", device="cpu", batch_size=1)
    tasks = Path(lm_eval.__file__).parent / "tasks"
    index = TaskManager(include_defaults=False, include_path=[tasks / name for name in FOLDERS])
    return Bench(ours, theirs, index, size)


def requests(bench: Bench, names: Sequence[str], num_fewshot: int | None, limit: int | None) -> list[Any]:
    """lm-eval's requests of the tasks' first questions."""
    random.seed(0)
    made = []
    for name in names:
        for task in load_task(name, bench.index, num_fewshot).tasks.values():
            task.build_all_requests(limit=limit)
            made += task.instances
    return made


class Timed(NamedTuple):
    """Questions a second, by the clock and by processor time, of each turn."""

    wall: list[float]
    cpu: list[float]


def timed(run: Callable[[], Any], questions: int, turns: int) -> Timed:
    found = Timed([], [])
    for _ in range(turns):
        with meter() as spent:
            run()
        found.wall.append(questions / spent.wall)
        found.cpu.append(questions / spent.cpu)
    return found


def race(bench: Bench, name: str, asked: list[Any], method: str, goal: float) -> list[Claim]:
    """Both answer the requests in turns; `hf` at the batch size that is fastest on an eighth of them."""
    questions = len({(one.task_name, one.doc_id) for one in asked})
    sample = asked[: max(4, len(asked) // 8)]

    def theirs(batch: int, part: list[Any]) -> Any:
        bench.theirs.batch_size_per_gpu = batch
        return getattr(bench.theirs, method)(part, disable_tqdm=True)

    def ours() -> Any:
        bench.ours.journal = Journal(Path(tempfile.mkdtemp()) / "journal", "")  # asked anew
        bench.ours.engine.store.shrink(0)  # nothing is kept from the turn before
        return getattr(bench.ours, method)(asked, disable_tqdm=True)

    tried = {batch: timed(partial(theirs, batch, sample), 1, 1).cpu[0] for batch in bench.size.batches}
    best = max(tried, key=tried.__getitem__)
    turns = [
        (timed(ours, questions, 1), timed(lambda: theirs(best, asked), questions, 1)) for _ in range(bench.size.turns)
    ]
    print(f"{name}: {questions} questions, batches of {best} for hf")
    claims = []
    for kind in ("wall", "cpu"):
        pairs = [(getattr(one, kind)[0], getattr(other, kind)[0]) for one, other in turns]
        ratios = sorted(mine / other for mine, other in pairs)
        middle = ratios[len(ratios) // 2]
        mine, other = (float(np.median(values)) for values in zip(*pairs, strict=True))
        unit = "questions/s" if kind == "wall" else "questions/CPU s"
        claims.append(
            Claim(f"{name}, {kind}", mine, other, unit, middle, ratios[0], ratios[-1], f"{goal:g}×", middle >= goal)
        )
    return claims


def mmlu(bench: Bench) -> list[Claim]:
    asked = requests(bench, SUBJECTS[: bench.size.subjects], 5, bench.size.mmlu)
    return race(bench, "MMLU, 5 examples", asked, "loglikelihood", 3.0)


def hellaswag(bench: Bench) -> list[Claim]:
    return race(bench, "HellaSwag", requests(bench, ["hellaswag"], 0, bench.size.hellaswag), "loglikelihood", 2.0)


def gsm8k(bench: Bench) -> list[Claim]:
    asked = requests(bench, ["gsm8k_cot"], None, bench.size.gsm8k)
    for one in asked:
        one.arguments = (one.args[0], {**one.args[1], "max_gen_toks": bench.size.new_tokens})
    claims = race(bench, "GSM8K, 8 examples", asked, "generate_until", 3.0)
    ours = bench.ours.generate_until(asked)
    theirs = bench.theirs.generate_until(asked, disable_tqdm=True)
    same = sum(one == other for one, other in zip(ours, theirs, strict=True)) / len(asked)
    return [*claims, Claim("GSM8K, same replies", same, 1.0, "share", None, None, None, "at least 0.98", same >= 0.98)]


def agreement(bench: Bench) -> list[Claim]:
    """On each task: the share of questions with the same choice, and the largest gap behind another choice."""
    bench.theirs.batch_size_per_gpu = bench.size.batches[-1]
    claims, rows = [], []
    for name, most in AGREEMENT.items():
        asked = requests(bench, [name], 0, bench.size.agreement or most)
        both = [model.loglikelihood(asked, disable_tqdm=True) for model in (bench.ours, bench.theirs)]
        by_question: dict[int, list[tuple[float, float]]] = {}
        for one, mine, other in zip(asked, *both, strict=True):
            by_question.setdefault(one.doc_id, []).append((mine[0], other[0]))
        differing = {doc: gap(values) for doc, values in by_question.items() if gap(values) is not None}
        furthest = max(abs(mine - other) for values in by_question.values() for mine, other in values)
        largest = max(filter(None, differing.values()), default=0.0)
        same = 1 - len(differing) / len(by_question)
        explained = largest <= FLOAT_ERROR
        rows.append([name, str(len(by_question)), str(len(differing)), f"{largest:.2g}", f"{furthest:.2g}"])
        goal = "every other choice is a tie"
        claims.append(Claim(f"{name}, same choice", same, 1.0, "share", None, None, None, goal, explained))
    show("Agreement", ["task", "questions", "other choice", "largest gap", "furthest likelihoods"], rows)
    return claims


def gap(values: list[tuple[float, float]]) -> float | None:
    """Where the two models choose differently: the difference, by hf, between the two choices; None where not."""
    picks = [max(range(len(values)), key=lambda number: values[number][side]) for side in (0, 1)]
    return None if picks[0] == picks[1] else values[picks[1]][1] - values[picks[0]][1]


PARTS = {"mmlu": mmlu, "hellaswag": hellaswag, "gsm8k": gsm8k, "agreement": agreement}


@click.command()
@click.argument("model")
@click.option("--threads", default=1, show_default=True, help="Threads of PyTorch, of both sides.")
@part_options(list(PARTS))
def main(model: str, threads: int, parts: tuple[str, ...], quick: bool, file: Path) -> None:
    """Measure MODEL, a folder."""
    run_parts(PARTS, parts, lambda: make_bench(model, QUICK if quick else FULL, threads), file)


if __name__ == "__main__":
    main()
