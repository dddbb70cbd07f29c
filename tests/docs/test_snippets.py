"""Code, recipes and names on the pages: Python runs, recipes are read and run, options and names exist."""

import ast
import asyncio
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.cli.main import hornbook
from hornbook.recipe.recipe import SHARED, load_recipe
from hornbook.recipe.run import run_recipe
from tests.docs.pages import Block, blocks, spans
from tests.docs.tables import CODE, NOT_OPTIONS, PARSED_CODE
from tests.oracles.test_llm_judge import serving
from tests.teacher.mock_server import default_answer


def of(language: str) -> list[Any]:
    """Blocks of a language as cases of a test."""
    return [pytest.param(block, id=f"{block.page}:{block.line}") for block in blocks() if block.language == language]


def is_parsed(block: Block) -> bool:
    return any(block.page == page and begin in block.text for page, begin in PARSED_CODE)


@pytest.mark.parametrize("block", of("python"))
@pytest.mark.parametrize("in_a_notebook", [False, True])
def test_python_of_the_pages_runs(block: Block, in_a_notebook: bool, workshop: Path) -> None:
    if is_parsed(block):
        read_python(block.text)
        return

    def run() -> None:
        exec(compile(block.text, block.page, "exec"), {"__name__": "page"})

    async def cell() -> None:
        run()

    if in_a_notebook:  # there, an event loop is running already
        asyncio.run(cell())
    else:
        run()


def read_python(text: str) -> None:
    """It compiles, and what it imports of Hornbook is there."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hornbook"):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, name.name) for name in node.names)


def test_a_handed_over_model_is_read_as_the_page_says(workshop: Path) -> None:
    (block,) = [block for block in blocks() if block.first.startswith("model = AutoModelForCausalLM")]
    names: dict[str, Any] = {}
    text = block.text.replace("runs/pocket/artifacts/sft-.../model", "sft/model")
    exec(f"from transformers import AutoModelForCausalLM, AutoTokenizer\n{text}", names)
    assert len(names["tokenizer"]) <= names["model"].config.vocab_size


def test_the_signature_of_a_stage_is_as_shown() -> None:
    (block,) = [block for block in blocks() if block.first.startswith("def sft(")]
    shown = ast.parse(block.text.strip() + ": ...").body[0]
    assert isinstance(shown, ast.FunctionDef)
    from hornbook.training.sft import sft

    assert parameters_of(shown) == [*inspect.signature(sft).parameters]


def parameters_of(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]]


# "about:" begins the file of a kind
RECIPES = [case for case in of("yaml") if not case.values[0].first.startswith("about:")]


@pytest.mark.parametrize("block", RECIPES)
def test_a_recipe_of_the_pages_is_read_as_it_stands(block: Block, workshop: Path) -> None:
    (workshop / "page.yaml").write_text(recipe_of(block.text))
    assert load_recipe(workshop / "page.yaml").stages


@pytest.mark.parametrize("block", RECIPES)
def test_a_recipe_of_the_pages_runs(block: Block, workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = recipe_of(block.text)
    text = re.sub(r"records: \d+", "records: 1", text)
    monkeypatch.setenv("MY_KEY", "a key")
    with serving(default_answer) as teacher:
        (workshop / "page.yaml").write_text(re.sub(r"http://[a-z]+:8000/v1", teacher.url, text))
        run_recipe(load_recipe(workshop / "page.yaml"), workshop / "runs/page")
    (made,) = (workshop / "runs/page/artifacts").glob("synthetic-*")
    assert read_records(made, Sample) is not None and teacher.requests


def recipe_of(text: str) -> str:
    """A recipe around a part of one: what it shares among stages, or a stage with the stages above it."""
    part = yaml.safe_load(text)
    documents = {"kind": "curate", "documents": ["./my-docs"], "against": [], "min_quality": 0.0}
    synthetic = {"kind": "synth", "documents": "documents", "kinds": {"textbook": {"records": 1}}, "against": []}
    shared = {name: part.pop(name) for name in list(part) if name in SHARED}
    if "teachers" in part:
        synthetic["teachers"] = part.pop("teachers")
    stages = {"documents": documents, "synthetic": synthetic} | part
    if not shared and not {"teacher", "teachers"} & set(stages["synthetic"]):
        shared = {"teacher": {"url": "http://localhost:8000/v1", "model": "my-model"}}
    return yaml.safe_dump({"name": "page", **shared, "stages": stages}, sort_keys=False)


@pytest.mark.parametrize("span", sorted({span for _, span in spans() if re.match(r"hornbook\.\w+", span)}))
def test_names_and_calls_in_sentences(span: str, workshop: Path) -> None:
    """A call with values is made; one with names for its arguments fits the signature; a bare name exists."""
    if ", *," in span:  # a signature
        name, _, parameters = span.partition("(")
        (shown,) = ast.parse(f"def it({parameters}: ...").body
        assert isinstance(shown, ast.FunctionDef) and parameters_of(shown) == [
            *inspect.signature(named(name)).parameters
        ]
        return
    tree = ast.parse(span, mode="eval").body
    call = tree.value if isinstance(tree, ast.Attribute) and isinstance(tree.value, ast.Call) else tree
    function = named(ast.unparse(call.func if isinstance(call, ast.Call) else call))
    if isinstance(call, ast.Call):
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        if all(isinstance(value, ast.Constant) for value in values):
            assert eval(span, {"hornbook": importlib.import_module("hornbook")})
        else:
            positional = [a for a in call.args if not isinstance(a, ast.Starred)]
            inspect.signature(function).bind(*positional, **{str(k.arg): k.value for k in call.keywords})


def named(path: str) -> Any:
    """The module, class or function of a dotted name."""
    for cut in range(path.count(".") + 1, 0, -1):
        parts = path.split(".")
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise AssertionError(f"{path}: no such name")


def options(command: click.Command = hornbook) -> Iterator[str]:
    """Every option of every command."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from options(below)
    for parameter in command.get_params(click.Context(command)):
        yield from (*parameter.opts, *parameter.secondary_opts)


def options_in_sentences() -> set[tuple[str, str]]:
    """(page, option) of all between backticks, but for the commands there, which other tests read."""
    found = ((page, span) for page, span in spans() if not span.startswith(("hornbook ", "python ")))
    return {(page, option) for page, span in found for option in re.findall(r"(?<!\S)--[\w.-]+", span)}


def test_options_in_sentences_exist() -> None:
    known = set(options())
    assert {
        (page, option) for page, option in options_in_sentences() if option not in known | set(NOT_OPTIONS)
    } == set()
    assert set(NOT_OPTIONS) <= {option for _, option in options_in_sentences()}


def test_what_is_listed_stands_in_the_pages() -> None:
    for page, begin in [*PARSED_CODE, *CODE]:
        assert any(block.page == page and begin in block.text for block in blocks()), (page, begin)
