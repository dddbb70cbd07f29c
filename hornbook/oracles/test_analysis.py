"""Static analysis of Python tests: the names that they expect of the program, and whether they test anything."""

import ast
import builtins
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple

from hornbook.oracles.test_texts import PythonSource, as_run, bound_names, free_names, parse_python

BUILTINS = frozenset(dir(builtins))
# Module names by which tests import the program under test.
PROGRAM = {"solution", "main", "program", "submission", "candidate", "answer", "your_module", "my_module"}
# Names that tests often use without importing them, because the program does.
_COMMON = {
    **dict.fromkeys(["isclose", "pi", "inf", "nan"], "math"),
    "deepcopy": "copy",
    "Decimal": "decimal",
    "Fraction": "fractions",
}


class AnalysedTests(NamedTuple):
    """The tests of a question, ready to run.

    Attributes:
        tests: source texts, run in order.
        wanted: names that the program must define: the tests use them, and nothing else defines them.
        helpers: the part of the question's header that the tests may use: its imports and its complete functions.
        classes: those of `wanted` that the tests use as classes.
        collected: test functions and classes that are run after the texts.
        modules: names by which the tests import the program.
        folders: folders of the packages outside the standard library that the tests import.
    """

    tests: list[str]
    wanted: list[str]
    helpers: str
    classes: list[str]
    collected: list[str]
    modules: list[str]
    folders: list[str]


NOTHING = AnalysedTests([], [], "", [], [], [], [])


def analyse_tests(tests: list[str], setup: list[str], prefix: str, entry_point: str) -> AnalysedTests:
    """Raises ValueError for tests without assertions, for a text that is not Python, and for a missing package."""
    texts = [parse_python(text, f"test {number}") for number, text in enumerate(tests, 1)]
    everything = [*(parse_python(text, "the set-up") for text in setup), *texts]
    if _defines(texts, "check") and not _calls(texts, "check"):
        if not entry_point:
            raise ValueError("the tests define check, and nothing calls it")
        texts.append(parse_python(f"check({entry_point})", "the entry point"))
        everything.append(texts[-1])
    if not any(_decides(text) for text in texts):
        raise ValueError("the tests test nothing: no assert, no raise")
    helpers, to_be_written = helpers_in(prefix, entry_point)
    modules, imported = _imported_from_program(everything)
    known = set().union(*map(bound_names, everything), bound_names(parse_python(helpers, "the header"))) - {*imported}
    used = [*imported, *(name for text in everything for name in free_names(text))]
    free = [name for name in dict.fromkeys(used) if name not in known]
    wanted, imports = _by_owner(free, texts)
    if entry_point in used and entry_point not in wanted:
        wanted.append(entry_point)
    _check_bases(texts, wanted)
    return AnalysedTests(
        tests=[as_run(text, (known | BUILTINS) - {*wanted}) for text in texts],
        wanted=wanted,
        helpers=imports + helpers,
        classes=[name for name in wanted if _is_class(name, everything, to_be_written)],
        collected=_collected(texts),
        modules=modules,
        folders=_folders(everything),
    )


def _by_owner(free: list[str], texts: list[PythonSource]) -> tuple[list[str], str]:
    """Split the names that the tests use and do not define: those of the program, and import lines for the others."""
    modules = {name for name in free if name in sys.stdlib_module_names and _only_read_from(texts, name)}
    others = [name for name in free if name not in BUILTINS and name not in modules]
    wanted = [name for name in others if name not in _COMMON] or others
    common = [name for name in others if name not in wanted]
    if not wanted:  # the function under test may have the name of a builtin: take the first that is called
        wanted = [name for name in free if name in BUILTINS and _calls(texts, name)][:1]
    imports = [f"import {name}\n" for name in sorted(modules)]
    imports += [f"from {_COMMON[name]} import {name}\n" for name in common]
    return wanted, "".join(imports)


def _imported_from_program(texts: list[PythonSource]) -> tuple[list[str], list[str]]:
    """The modules that stand for the program, and the names imported from them."""
    modules: dict[str, None] = {}
    names: dict[str, None] = {}
    for text in texts:
        for node in ast.walk(text.tree):
            if isinstance(node, ast.ImportFrom) and node.module in PROGRAM and not node.level:
                modules[node.module] = None
                names |= dict.fromkeys(alias.name for alias in node.names if alias.name != "*")
            if isinstance(node, ast.Import):
                modules |= {alias.name: None for alias in node.names if alias.name in PROGRAM}
    return list(modules), list(names)


def _folders(texts: list[PythonSource]) -> list[str]:
    """The folders of the packages that the tests import at their top level."""
    names = set()
    for text in texts:
        for node in text.tree.body:
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return sorted({_folder(name) for name in names - PROGRAM - sys.stdlib_module_names})


def _folder(package: str) -> str:
    installed = sysconfig.get_paths()
    found = PathFinder.find_spec(package, [installed["purelib"], installed["platlib"]])
    if found is None or found.origin is None:
        raise ValueError(f"the tests import {package}, which is not installed")
    inside = Path(found.origin).parent
    return str(inside.parent if found.submodule_search_locations else inside)


def _decides(text: PythonSource) -> bool:
    """Whether something in it can fail: an assert, a raise, or a call such as assertEqual, raises, fail …"""
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Assert) and not (isinstance(node.test, ast.Constant) and node.test.value):
            return True
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name.lower().startswith(("assert", "raises", "fail", "exit")):
                return True
    return False


def _defines(texts: list[PythonSource], name: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == name for text in texts for node in text.tree.body)


def _check_bases(texts: list[PythonSource], wanted: list[str]) -> None:
    """Raises ValueError if the tests derive a class from one of the program's, which lives in another process."""
    for text in texts:
        for node in ast.walk(text.tree):
            if isinstance(node, ast.ClassDef):
                base = next((base.id for base in node.bases if isinstance(base, ast.Name) and base.id in wanted), "")
                if base:
                    raise ValueError(f"the tests derive {node.name} from the program's {base}, which is not supported")


def _calls(texts: list[PythonSource], name: str) -> bool:
    calls = (node for text in texts for node in ast.walk(text.tree) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id == name for call in calls)


def _only_read_from(texts: list[PythonSource], name: str) -> bool:
    """Whether the tests use a name only as `name.something`, and so as a module."""
    whole = attributes = 0
    for text in texts:
        for node in ast.walk(text.tree):
            whole += isinstance(node, ast.Name) and node.id == name
            attributes += isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    return whole == attributes > 0


def _collected(texts: list[PythonSource]) -> list[str]:
    """Top-level test functions and classes that nothing calls. Raises ValueError for one that needs a fixture."""
    found = []
    for text in texts:
        for node in text.tree.body:
            if isinstance(node, ast.ClassDef):
                bases = " ".join(ast.unparse(base) for base in node.bases)
                if node.name.startswith("Test") or "TestCase" in bases:
                    found.append(node.name)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                if _calls(texts, node.name):
                    continue
                asked = [argument.arg for argument in node.args.args[: len(node.args.args) - len(node.args.defaults)]]
                given = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
                if asked and "parametrize" not in given:
                    raise ValueError(f"{node.name} needs {asked[0]}: pytest fixtures are not supported")
                found.append(node.name)
    return list(dict.fromkeys(found))


def _is_class(name: str, texts: list[PythonSource], to_be_written: dict[str, bool]) -> bool:
    """Whether `name` is a class: the header defines it as one, or it is in CapWords and the tests use it as a class."""
    if name in to_be_written:
        return to_be_written[name]
    if not name[:1].isupper() or "_" in name:
        return False
    return any(_uses_as_class(text.tree, name) for text in texts)


def _uses_as_class(tree: ast.Module, name: str) -> bool:
    """Whether the tests read attributes of what calling it returns, compare two such objects, put one into a list or
    use one in a `with`; or check types at all."""

    def calls_it(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name

    nodes = list(ast.walk(tree))
    made = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and calls_it(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Attribute):
            owner = node.value
            if calls_it(owner) or (isinstance(owner, ast.Name) and owner.id in {*made, name}):
                return True
        elif isinstance(node, ast.Compare):
            if all(any(map(calls_it, ast.walk(side))) for side in (node.left, *node.comparators)):
                return True
        elif isinstance(node, ast.With):
            if any(calls_it(item.context_expr) for item in node.items):
                return True
        elif isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
            if any(map(calls_it, ast.iter_child_nodes(node))):
                return True
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            return True
    return False


def helpers_in(header: str, entry_point: str) -> tuple[str, dict[str, bool]]:
    """A header's imports, constants and complete functions; and the names still to be written (True for a class).

    Still to be written are the entry point (by default the last definition) and all definitions without a body. Both
    are empty for a header that is not Python.
    """
    tree = _header_tree(header)
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    named = [node for node in defined if node.name == entry_point] if entry_point else defined[-1:]
    open_ones = [node for node in defined if node in named or _has_no_body(node)]
    kept = [node for node in tree.body if node not in open_ones and not isinstance(node, ast.Expr)]
    names = {node.name: isinstance(node, ast.ClassDef) for node in open_ones}
    return ast.unparse(ast.Module(kept, [])), names


def _header_tree(header: str) -> ast.Module:
    for ending in ("", "\n    pass\n"):
        try:
            return ast.parse(header + ending)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])


def _has_no_body(node: ast.stmt) -> bool:
    inner = node.body if isinstance(node, ast.ClassDef) else [node]
    functions = [one for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(all(isinstance(line, ast.Expr | ast.Pass | ast.Import) for line in one.body) for one in functions)
