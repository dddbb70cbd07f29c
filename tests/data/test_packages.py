"""Installed packages: their docstrings, code and pages are taken without running a line of them."""

import ast
import sys
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.data.settings import CurateSettings
from hornbook.data.sources.docstrings import dictionary_texts, docstrings, without_docstrings
from hornbook.data.sources.packages import PackageLimits, package_documents, package_version

LIMITS = PackageLimits(package_chars=100_000, min_chars=20, max_chars=10_000, page_chars=400)
LONG = "This sentence explains what the function is for, and when to call it. "


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that fails when imported, with tests and vendored code that must not be taken."""
    root = tmp_path / "sample_pkg"
    for folder in ("sub", "tests", "_vendor"):
        (root / folder).mkdir(parents=True)
    (root / "__init__.py").write_text(f'"""{LONG}"""\nraise RuntimeError("imported")\n')
    (root / "sub" / "big.py").write_text(
        "\n".join(f'def f{n}(a, b=2):\n    """{LONG}{n}"""\n    return a + b  # sum\n' for n in range(9))
    )
    for path in ("tests/data.py", "_vendor/other.py", "test_it.py", "sub/broken.py"):
        (root / path).write_text('"""Not for training, this is a test file.""" (' + "x" * 40)
    (root / "guide.md").write_text("# Guide\n\n" + LONG * 3)
    (root / "LICENSE.txt").write_text(LONG)
    monkeypatch.syspath_prepend(str(tmp_path))
    return root


def test_a_package_gives_docstrings_code_and_pages(package):
    found = {(d.source, d.origin): d for d in package_documents("sample_pkg", LIMITS, seed=0)}
    assert set(found) == {
        ("acquired", "sample_pkg"),
        ("acquired", "sample_pkg.sub.big"),
        ("code", "sample_pkg"),
        ("code", "sample_pkg.sub.big"),
        ("web", "sample_pkg/guide.md"),
    }
    page = found["acquired", "sample_pkg.sub.big"]
    assert page.kind == "reference" and "## sample_pkg.sub.big.f3(a, b=2)\n\n" + LONG + "3" in page.text
    code = found["code", "sample_pkg.sub.big"].text
    assert LONG not in code and "    return a + b  # sum" in code
    assert "sample_pkg" not in sys.modules


def test_limits_draw_whole_files_by_the_seed(package):
    for number in range(40):
        (package / f"m{number}.py").write_text(f'"""{LONG}{number}"""\nx = {number}\n')
    few = LIMITS._replace(package_chars=500)
    drawn = [[d.origin for d in package_documents("sample_pkg", few, seed)] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) < 30


def test_a_missing_package_is_an_error():
    for name in ("no_such_package_at_all", "json.nothing", "not-an-identifier"):
        with pytest.raises(HornbookError, match=f"package '{name}' is not installed"):
            list(package_documents(name, LIMITS, 0))


def test_parts_and_single_files_of_the_standard_library():
    assert {d.origin.split(":")[0] for d in package_documents("heapq", LIMITS, 0)} == {"heapq"}
    assert all(d.origin.startswith("json.decoder") for d in package_documents("json.decoder", LIMITS, 0))
    topics = [
        d for d in package_documents("pydoc_data", LIMITS._replace(package_chars=900_000), 0) if d.kind == "prose"
    ]
    assert len(topics) > 50 and any("Boolean operations" in d.text for d in topics)


def test_settings_know_the_versions_of_packages():
    settings = CurateSettings(packages=["numpy", "heapq", "yaml"])
    versions = settings.identity()["versions"]
    assert versions["numpy"] == sys.modules["numpy"].__version__ and versions["heapq"].startswith("3.")
    assert versions["yaml"] == package_version("yaml") != ""


def test_code_without_docstrings_is_the_same_program():
    """Over real files: the syntax tree differs in nothing but the docstrings taken."""
    files = sorted(Path(ast.__file__).parent.glob("*.py"))[::8]
    before = after = 0
    for file in files:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
        bare = ast.parse(without_docstrings(source, tree, 100))
        before += len(docstrings(tree, "m", 100))
        after += len(docstrings(bare, "m", 100))
        assert _skeleton(bare) == _skeleton(tree), file
    assert after < before / 4  # what is left are bodies of nothing but a docstring


def _skeleton(tree):
    """The tree without its docstrings."""
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node) and len(node.body) > 1:
            node.body = node.body[1:]
    return ast.dump(tree)


def test_texts_in_tables_are_passages():
    tree = ast.parse('topics = {"if": "The if statement " "selects.", "n": 3, 4: "x"}')
    assert [tuple(passage) for passage in dictionary_texts(tree, 5)] == [("if", "if", "The if statement selects.")]
