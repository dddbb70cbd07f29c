"""The sets of benchmark items that texts are compared with (setting `against`): named ones, and the user's files."""

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xxhash

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest
from hornbook.data.benchmarks import PACKAGE, BenchmarkItem, benchmark_names, load_benchmark
from hornbook.data.harness_data import INFRA, harness_rows
from hornbook.data.readers.formats import inner_suffix
from hornbook.data.readers.hub import read_hub
from hornbook.data.readers.questions import read_question
from hornbook.data.readers.sources import HUB, RECORD_SUFFIXES
from hornbook.data.record_files import record_rows, record_text

ALL = "all"
# The benchmarks of appendix B that no package ships, and where they are; "" for those that were not published.
ELSEWHERE = {
    "agieval": "",
    "arena_hard": f"{HUB}lmarena-ai/arena-hard-auto-v0.1::train",
    "mcphi": "",
    "mmlu_pro": f"{HUB}TIGER-Lab/MMLU-Pro::test",
    "mt_bench": f"{HUB}HuggingFaceH4/mt_bench_prompts::train",
    "phibench": "",
}
SEALED = {"aime_2025": ("math-ai/aime25", ""), "gpqa": ("Idavidrein/gpqa", "gpqa_diamond")}  # no text is ever shown
OTHER_NAMES = {"arc_c": "arc_challenge", "arc_e": "arc_easy", "gpqa_diamond": "gpqa", "open_book_qa": "openbookqa"}
_PLAIN = re.compile(r"[\W_]+")


def load_sets(against: Sequence[str] | str) -> list[BenchmarkItem]:
    """The items of all sets: names of benchmarks, `all` for those whose packages are installed, files of records, and
    data sets of a hub (`hub:NAME:CONFIG:SPLIT`).

    Raises HornbookError for an unknown name or file, and for a package that is missing.
    """
    named = [against] if isinstance(against, str) else list(against)
    return [item for name in dict.fromkeys(_expanded(named)) for item in _load(name)]


def known_sets() -> list[str]:
    """The names of all sets, whether they are installed or not."""
    return sorted([*benchmark_names(), *SEALED, *ELSEWHERE])


def installed_sets() -> list[str]:
    """The sets whose packages are installed."""
    open_ones = benchmark_names() if importlib.util.find_spec(PACKAGE) else []
    return sorted([*open_ones, *(SEALED if importlib.util.find_spec(INFRA[0]) else [])])


def missing_of_report() -> str:
    """One line: which benchmarks of appendix B are not in `all`, and how to give them."""
    hub = ", ".join(f"{name} ({place})" for name, place in ELSEWHERE.items() if place)
    files = ", ".join(name for name, place in ELSEWHERE.items() if not place)
    line = f"not in 'all', of the report's benchmarks: {hub}, which are read when they are named; {files}: give a file"
    absent = [name for name in [*benchmark_names(), *SEALED] if name not in installed_sets()]
    return f"{line}; without their packages: {', '.join(absent)}" if absent else line


def sets_identity(against: Sequence[str]) -> list[str]:
    """What the sets hold, for the key of a stage: `all` by its names, a file by its content."""
    return [
        f"{name}:{xxhash.xxh3_64_hexdigest(_bytes(name))}" if _is_file(name) else name for name in _expanded(against)
    ]


def _expanded(named: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in named:
        found += installed_sets() if name == ALL else [_known(name)]
    return found


def _known(name: str) -> str:
    """The benchmark's own name: MMLU-Pro is mmlu_pro; a path or a data set of a hub is left as it is."""
    if name.startswith(HUB) or _is_file(name):
        return name
    known = [*known_sets(), *OTHER_NAMES]
    plain = {_PLAIN.sub("", one): OTHER_NAMES.get(one, one) for one in known}
    found = plain.get(_PLAIN.sub("", name.lower()))
    if not found:
        raise HornbookError(f"against: '{name}' is neither a benchmark nor a file{nearest(name, [ALL, *known])}")
    return found


def _is_file(name: str) -> bool:
    return not name.startswith(HUB) and inner_suffix(Path(name)) in RECORD_SUFFIXES


def _load(name: str) -> list[BenchmarkItem]:
    if name in ELSEWHERE and not ELSEWHERE[name]:
        raise HornbookError(
            f"against: {name} is not in any package; name a file with its items (.jsonl, .csv, .parquet)"
        )
    place = ELSEWHERE.get(name, name)
    if place.startswith(HUB):
        return _items(name.removeprefix(HUB), [located.row for located in read_hub(place.removeprefix(HUB))])
    if _is_file(name):
        _bytes(name)
        return _items(Path(name).name, record_rows(Path(name), _refuse))
    return _sealed(name) if name in SEALED else load_benchmark(name)


def _sealed(name: str) -> list[BenchmarkItem]:
    rows = [row for split in harness_rows(*SEALED[name]).values() for row in split]
    items = []
    for number, row in enumerate(rows, 1):
        if name == "gpqa":
            choices = [row["Correct Answer"], *(row[f"Incorrect Answer {place}"] for place in (1, 2, 3))]
            form = {"question": row["Question"], "choices": choices, "answer_index": 0}
        else:
            form = {"question": row["problem"], "answer": str(row["answer"])}
        items.append(BenchmarkItem(id=f"{name}/{number}", benchmark=name, split="test", **form))
    return items


def _bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError:
        raise HornbookError(f"against: {name}: no such file") from None


def _refuse(where: str, reason: str) -> None:
    raise HornbookError(f"against: {where}: {reason}")


def _items(name: str, rows: list[dict[str, Any]]) -> list[BenchmarkItem]:
    items = [_item(name, number, row) for number, row in enumerate(rows, 1)]
    if not any(item.question for item in items):
        raise HornbookError(f"against: {name} has no texts to compare with")
    return items


def _item(name: str, number: int, row: dict[str, Any]) -> BenchmarkItem:
    """A question in any known form with its parts; of any other row all texts."""
    form: dict[str, Any]
    try:
        read = read_question(row)
        tests = [test for test in read.tests if isinstance(test, str)]
        right = read.choices.index(read.answer) if read.answer in read.choices else -1
        form = {"question": read.question, "choices": read.choices, "answer_index": right, "tests": "\n".join(tests)}
        form["answer"] = read.solution or ("" if read.choices else read.answer)
    except (ValueError, TypeError, KeyError, AttributeError):
        form = {"question": record_text(row)}
    key = next((str(row[field]) for field in ("id", "question_id", "task_id") if row.get(field)), str(number))
    return BenchmarkItem(id=f"{name}/{key}", benchmark=name, split="", **form)
