"""What `import hornbook` gives: quickly, and on lists of rows as on files."""

import ast
import inspect
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hornbook

STAGES = [name for name, module in hornbook._PUBLIC.items() if module.endswith("stages")]
PAGE = "Copper conducts heat well, which is why pans are often made of it. The handle stays cool, for it is wood. " * 4
QUICK = {"min_quality": 0.0, "against": [], "languages": []}


def test_the_import_is_quick_and_imports_nothing_heavy() -> None:
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import hornbook"], check=True)
        taken.append(time.perf_counter() - began)
    assert statistics.median(taken) < 0.2
    heavy = "import sys, hornbook; print({'torch', 'pyarrow', 'pydantic', 'click', 'msgspec'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", heavy], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_type_checkers_see_the_names_that_are_there() -> None:
    tree = ast.parse(Path(hornbook.__file__ or "").read_text())
    seen = {
        alias.asname: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0
        for alias in node.names if alias.asname
    }  # fmt: skip
    assert seen == hornbook._PUBLIC
    assert all(callable(getattr(hornbook, name)) and name in dir(hornbook) for name in seen)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_the_common_parameters_and_a_result(name: str) -> None:
    signature = inspect.signature(getattr(hornbook, name))
    assert [*signature.parameters][-4:] == ["out", "seed", "overwrite", "settings"]
    assert hasattr(signature.return_annotation, "counts")


def test_rows_and_a_file_give_the_same(tmp_path: Path) -> None:
    rows = [{"text": f"Page {number}. {PAGE}", "source": "web"} for number in range(3)]
    file = tmp_path / "documents.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    of_rows = hornbook.curate(rows, out=tmp_path / "a", near_duplicate=2, **QUICK)
    of_file = hornbook.curate(str(file), out=tmp_path / "b", near_duplicate=2, **QUICK)
    assert [d.text for d in of_rows.documents] == [d.text for d in of_file.documents]
    assert of_rows.documents and of_rows.counts == of_file.counts
    again = hornbook.curate(of_rows.documents, out=tmp_path / "c", near_duplicate=2, **QUICK)
    assert [d.id for d in again.documents] == [d.id for d in of_rows.documents]
    tokenizer = hornbook.train_tokenizer(of_rows, out=tmp_path / "d", vocab_size=300)
    assert (tokenizer.tokenizer / "tokenizer.json").exists()


def test_called_again_it_is_done_and_of_other_rows_it_is_refused(tmp_path: Path) -> None:
    rows = [{"text": PAGE, "source": "web"}]
    first = hornbook.curate(rows, out=tmp_path / "a", **QUICK)
    made = (first.path / "documents.parquet").stat().st_mtime_ns
    assert hornbook.curate(rows, out=tmp_path / "a", **QUICK).documents == first.documents
    assert (first.path / "documents.parquet").stat().st_mtime_ns == made
    with pytest.raises(hornbook.HornbookError, match="has other content"):
        hornbook.curate([{"text": PAGE + "More."}], out=tmp_path / "a", **QUICK)
    assert hornbook.curate([{"text": PAGE + "More."}], out=tmp_path / "a", overwrite=True, **QUICK).documents


@pytest.mark.parametrize(
    ("documents", "settings", "line"),
    [
        ([], {}, r"^curate: documents: an empty list$"),
        ([1, 2], {}, r"^curate: documents: expected paths, or rows .*got int$"),
        (["a.txt", {"text": "b"}], {}, r"got dict and str$"),
        ([{"text": object()}], {}, r"^curate: documents: row 1 is not plain data"),
        ([{"text": PAGE}], {"min_qualty": 1}, r"^curate.min_qualty: unknown key .did you mean 'min_quality'"),
        ("no/such/file.jsonl", {}, r"no/such/file.jsonl: no such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    documents: object, settings: dict[str, object], line: str, tmp_path: Path
) -> None:
    with pytest.raises(hornbook.HornbookError, match=line) as raised:
        hornbook.curate(documents, out=tmp_path / "out", against=[], **settings)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
