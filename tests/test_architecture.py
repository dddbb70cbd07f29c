"""The house keeps its order: a room imports only from rooms above it, and never in a circle."""

import ast
from pathlib import Path

import pytest

ROOMS = [
    "base", "data", "tokenizer", "model", "inference", "teacher", "sandbox", "oracles", "synthetic", "mixture",
    "training", "pts", "preference", "evaluation", "tuning", "report", "recipe", "cli", "api",
]  # fmt: skip
HOUSE = Path(__file__).parent.parent / "hornbook"


def imported_rooms(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            parts = name.split(".")
            if parts[0] == "hornbook" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_above_it(room):
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    files = list((HOUSE / room).rglob("*.py"))
    assert files
    for file in files:
        below = set(imported_rooms(file)) - allowed
        assert not below, f"{file.relative_to(HOUSE)} imports from {below}"


def test_every_room_is_known():
    folders = {path.name for path in HOUSE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == set(ROOMS)


ONLY_IN = [  # what may be used, and the modules that alone may use it: there is one judge
    ("math_verify", {"oracles/mathematics.py"}),
    ("judge_here", {"oracles/registry.py", "oracles/isolated.py", "oracles/worker.py"}),
    ("score_code", {"oracles/code.py", "oracles/registry.py"}),
    ("score_math", {"oracles/mathematics.py", "oracles/registry.py"}),
    ("score_number", {"oracles/number.py", "oracles/registry.py"}),
    ("score_choice", {"oracles/choice.py", "oracles/registry.py"}),
    ("score_exact", {"oracles/text.py", "oracles/registry.py"}),
    ("score_trivia", {"oracles/trivia.py", "oracles/registry.py"}),
]


def names_in(file):
    """Every name that a module imports, defines, reads or calls."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.name.split(".")[0] for alias in node.names)
            yield from (getattr(node, "module", None) or "").split(".")[:1]
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


@pytest.mark.parametrize(("name", "modules"), ONLY_IN)
def test_there_is_one_judge(name, modules):
    users = {str(file.relative_to(HOUSE)) for file in HOUSE.rglob("*.py") if name in set(names_in(file))}
    assert users == modules


ONE_SAMPLER = [  # what samples from a model, and the modules that alone may use it: all others call `open_engine`
    (
        "generate",
        {"inference/generate.py", "inference/vllm_engine.py"},
    ),  # transformers', where our own loop would be wrong
    ("multinomial", set()),
    ("LLM", {"inference/vllm_engine.py"}),
    ("VllmEngine", {"inference/open_engine.py"}),
    ("ServerEngine", {"inference/open_engine.py"}),
    ("TorchEngine", {"inference/open_engine.py"}),
]


@pytest.mark.parametrize(("name", "modules"), ONE_SAMPLER)
def test_there_is_one_sampler(name, modules):
    users = {str(file.relative_to(HOUSE)) for file in HOUSE.rglob("*.py") if name in set(names_in(file))}
    assert users == modules


def test_one_module_runs_a_program_against_tests():
    users = {str(file.relative_to(HOUSE)) for file in HOUSE.rglob("*.py") if "python_tests import" in file.read_text()}
    assert users == {"oracles/code.py"}


READS_PARQUET = {  # a user's files are read in `data/readers` alone; the others read what a stage of ours has written
    "data/readers/formats.py",
    "data/readers/load.py",
    "data/record_files.py",  # to write the rows that are kept with the file's own schema
    "base/files.py",
    "mixture/packed_dataset.py",
    "mixture/holdout.py",
    "report/lineage.py",
    "report/pivots.py",
    "report/records.py",
}
READERS = {"read_table", "ParquetFile", "read_schema", "ParquetDataset", "read_parquet"}
READS_USERS_TEXT = {  # modules that decode lines of JSON, CSV or compressed text that somebody else may have written
    "DictReader": set(),
    "csv": {"data/readers/formats.py"},
    "gzip": {"data/readers/formats.py", "data/benchmarks.py"},  # the latter: files of one package
    "bz2": {"data/readers/formats.py"},
    "lzma": {"data/readers/formats.py"},
    "load_dataset": {"data/readers/hub.py"},
    "read_rows": {"data/readers/formats.py", "data/readers/load.py", "data/record_files.py"},
}


def test_one_package_reads_a_users_files():
    users = {str(file.relative_to(HOUSE)) for file in HOUSE.rglob("*.py") if READERS & set(names_in(file))}
    assert users == READS_PARQUET


@pytest.mark.parametrize(("name", "modules"), READS_USERS_TEXT.items())
def test_one_module_knows_a_format(name, modules):
    users = {str(file.relative_to(HOUSE)) for file in HOUSE.rglob("*.py") if name in set(names_in(file))}
    assert users == modules
