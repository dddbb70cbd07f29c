"""A package imports only from packages above it, and there is one implementation of each thing."""

import ast
from pathlib import Path

import pytest

PACKAGES = [
    "base", "data", "tokenizer", "model", "inference", "teacher", "sandbox", "oracles", "synthetic", "mixture",
    "training", "pts", "preference", "evaluation", "tuning", "report", "recipe", "chat", "cli", "api",
]  # fmt: skip
ROOT = Path(__file__).parent.parent / "hornbook"


def imported_packages(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            parts = name.split(".")
            if parts[0] == "hornbook" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_from_packages_above_it(package):
    allowed = set(PACKAGES[: PACKAGES.index(package) + 1])
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        below = set(imported_packages(file)) - allowed
        assert not below, f"{file.relative_to(ROOT)} imports from {below}"


def test_every_package_is_known():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == set(PACKAGES)


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
    users = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if name in set(names_in(file))}
    assert users == modules


ONE_SAMPLER = [  # what samples from a model, and the modules that alone may use it: all others call `open_engine`
    (
        "generate",
        {"inference/generate.py", "inference/vllm_engine.py", "teacher/local_vllm.py"},
    ),  # transformers', where our own loop would be wrong; vLLM's for texts, which has its own batches
    ("multinomial", set()),
    ("LLM", {"inference/vllm_engine.py"}),
    ("VllmEngine", {"inference/open_engine.py"}),
    ("ServerEngine", {"inference/open_engine.py"}),
    ("TorchEngine", {"inference/open_engine.py", "inference/streaming.py"}),
]


@pytest.mark.parametrize(("name", "modules"), ONE_SAMPLER)
def test_there_is_one_sampler(name, modules):
    users = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if name in set(names_in(file))}
    assert users == modules


def test_one_module_runs_a_program_against_tests():
    users = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if "python_tests import" in file.read_text()}
    assert users == {"oracles/code.py"}


READS_PARQUET = {  # a user's files are read in `data/readers` alone; the others read what a stage of ours has written
    "data/readers/formats.py",
    "data/readers/load.py",
    "data/record_files.py",  # to write the rows that are kept with the file's own schema
    "base/files.py",
    "mixture/packed_dataset.py",
    "mixture/holdout.py",
    "report/lineage.py",
    "report/pivotal_solutions.py",
    "report/sample_records.py",
}
READERS = {"read_table", "ParquetFile", "read_schema", "ParquetDataset", "read_parquet"}
READS_USERS_TEXT = {  # modules that decode lines of JSON, CSV or compressed text that somebody else may have written
    "DictReader": set(),
    "csv": {"data/readers/formats.py"},
    "gzip": {  # the latter two: files of one package, ledgers of ours
        "data/extract/compression.py",
        "data/benchmarks.py",
        "teacher/recorded.py",
    },
    "bz2": {"data/extract/compression.py"},
    "lzma": {"data/extract/compression.py"},
    "load_dataset": {"data/readers/hub.py"},
    "read_rows": {"data/harness_data.py", "data/readers/formats.py", "data/readers/load.py", "data/record_files.py"},
}


def test_one_package_reads_a_users_files():
    users = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if READERS & set(names_in(file))}
    assert users == READS_PARQUET


@pytest.mark.parametrize(("name", "modules"), READS_USERS_TEXT.items())
def test_one_module_knows_a_format(name, modules):
    users = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if name in set(names_in(file))}
    assert users == modules
