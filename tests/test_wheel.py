"""The wheel: everything in it that is needed, and nothing needed that only an extra installs."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow

EXTRAS = {  # what the extras install, by the name that is imported
    "data": ["datasets"],
    "local": ["gguf", "xllamacpp"],
    "gym": ["reasoning_gym"],
    "lora": ["peft"],
    "javascript": ["quickjs", "_quickjs"],
    "trackers": ["tensorboard", "wandb"],
    "ray": ["ray"],
    "vllm": ["vllm"],
}
WITHOUT = f"""
import sys
from importlib.machinery import PathFinder

class WithoutExtras(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = {sorted({name for names in EXTRAS.values() for name in names})}
        return None if name.partition(".")[0] in absent else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutExtras
"""
IMPORT_ALL = """
import hornbook, importlib, pkgutil
names = [found.name for found in pkgutil.walk_packages(hornbook.__path__, "hornbook.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names), hornbook.__file__)
"""
COMMAND = "from hornbook.cli.main import main\nmain()\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "hornbook", source / "hornbook", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(words, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture
def run(wheel: Path, tmp_path: Path):
    """Run Python with the unpacked wheel and without the extras' packages, in an empty folder."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "OMP_NUM_THREADS": "1"}

    def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT + code, *words]
        return subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, timeout=200)

    return run


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        str(f.relative_to(ROOT)) for f in (ROOT / "hornbook").rglob("*") if f.is_file() and "__pycache__" not in f.parts
    }
    assert ours - held == set() and "hornbook/py.typed" in held
    assert any(name.endswith("yields.json") for name in held) and any(name.endswith(".jinja") for name in held)


def test_the_table_above_knows_every_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(extras) - {"eval", "demo", "dev", "browser"}  # which are made of the others, or for us


def test_every_module_is_imported_without_the_extras(run) -> None:
    done = run(IMPORT_ALL)
    assert done.returncode == 0, done.stderr[-2000:]
    count, file = done.stdout.split()
    assert int(count) > 300 and "/site/" in file


def test_commands_work_from_an_empty_folder(run, tmp_path: Path) -> None:
    (tmp_path / "empty/docs").mkdir()
    (tmp_path / "empty/docs/a.md").write_text("Copper conducts heat well, and so does silver. " * 20)
    for words in (
        ["--help"],
        ["train", "sft", "--help"],
        ["curate", "docs", "--against", "[]", "--languages", "[]", "--min-quality", "0", "--out", "clean"],
        ["tokenizer", "--documents", "clean", "--vocab-size", "300", "--out", "tokenizer"],
    ):
        done = run(COMMAND, *words)
        assert done.returncode == 0, (words, done.stderr[-2000:])


@pytest.mark.parametrize(
    ("words", "package"),
    [
        (["reasoning", "--out", "out"], "reasoning-gym"),
        (["tokenizer", "--documents", "hub:some/set", "--out", "out"], "datasets"),
    ],
)
def test_a_command_without_its_extra_says_so_in_one_line(run, tmp_path: Path, words: list[str], package: str) -> None:
    (tmp_path / "empty/docs").mkdir()
    (tmp_path / "empty/docs/a.md").write_text("Copper conducts heat well, and so does silver. " * 40)
    done = run(COMMAND, *words)
    errors = [line for line in done.stderr.splitlines() if line.startswith("hornbook: ")]
    assert done.returncode == 2 and len(errors) == 1 and "Traceback" not in done.stderr, done.stderr[-2000:]
    assert errors[0].endswith(f": pip install {package}")
