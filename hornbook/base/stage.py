"""Declaring a stage: `@stage(...)` beside its function makes it a part of recipes, a command and a line of the plan.

Nothing heavy is imported here, and declarations import nothing heavy either: `hornbook --help` reads all of them. So
a declared function imports what does the work in its body, and its settings class only for the type checker; the
class is found in the `settings` module of the package when it is needed.
"""

import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.table import Table

    from hornbook.base.settings import Settings

Function = TypeVar("Function", bound=Callable[..., None])
NOT_INPUTS = ("settings", "work")  # the parameters that each stage has


@dataclass(frozen=True)
class Input:
    """An input of a stage: what it must hold, and whether several or none will do."""

    holds: str
    many: bool
    optional: bool


@dataclass(frozen=True)
class Cost:
    """What a stage will take, as far as settings tell; and what the costs of the stages that it feeds follow from.

    Attributes:
        tokens: tokens that are trained on, or made to be.
        parameters: of the model that is trained.
        flops: of the training.
        calls: to the teacher, and `price` what they cost; `assumes_prices` where that is by the table of known models.
        vocabulary: entries of the tokenizer that is made or used.
        context: tokens a row.
        shape: the model's settings.
    """

    tokens: int | None = None
    parameters: int | None = None
    flops: float | None = None
    calls: int | None = None
    price: float | None = None
    assumes_prices: bool = False
    vocabulary: int | None = None
    context: int = 0
    shape: Any = None


@dataclass(frozen=True)
class Planned:
    """What a stage's cost follows from, besides its settings: `inputs` has the costs of the stages that feed it (files
    of the user's own have none), and `expect` is what the recipe says that settings cannot tell."""

    inputs: Mapping[str, Cost] = field(default_factory=dict)
    expect: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str) -> Cost:
        return self.inputs.get(name, Cost())

    def number(self, name: str) -> int | None:
        """A number of `expect`."""
        return int(self.expect[name]) if name in self.expect else None


@dataclass(frozen=True)
class StageType:
    """A declared stage; see `stage` for the attributes."""

    name: str
    function: Callable[..., None]
    makes: tuple[str, ...]
    report: str
    example: str
    command: str
    argument: str = ""
    version: int = 1
    together: bool = False
    holds: Mapping[str, str] = field(default_factory=dict)
    cost: Callable[[Any, Planned], Cost] | None = None
    listing: Callable[[str], Iterable[str]] | None = None
    tables: Callable[[Path], Iterable["Table"]] | None = None

    @property
    def does(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @cached_property
    def settings(self) -> type["Settings"]:
        """The class of the function's parameter `settings`. This imports the package's settings."""
        cls: type[Settings] = self._hint("settings")
        return cls

    @cached_property
    def inputs(self) -> dict[str, Input]:
        """By name: the function's keyword parameters, whose types and defaults say whether several or none will do."""
        names = [name for name in self._parameters if name not in NOT_INPUTS]
        return {
            name: Input(
                holds=self.holds.get(name, name),
                many=typing.get_origin(self._hint(name)) in (Sequence, list),
                optional=self._parameters[name].default is not inspect.Parameter.empty,
            )
            for name in names
        }

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.function).parameters

    def _hint(self, name: str) -> Any:
        hint = self._parameters[name].annotation
        if not isinstance(hint, str):
            return hint
        package = self.function.__module__.rpartition(".")[0]
        return getattr(importlib.import_module(f"{package}.settings"), hint)


DECLARED: dict[str, StageType] = {}  # all stages whose declarations were imported, in that order


def stage(
    name: str,
    *,
    makes: tuple[str, ...],
    report: str = "",
    example: str = "",
    command: str = "",
    argument: str = "",
    version: int = 1,
    together: bool = False,
    holds: Mapping[str, str] | None = None,
    cost: Callable[[Any, Planned], Cost] | None = None,
    listing: Callable[[str], Iterable[str]] | None = None,
    tables: Callable[[Path], Iterable["Table"]] | None = None,
) -> Callable[[Function], Function]:
    """Declare a function `(settings, work, *, INPUTS)` as a stage; the function stays as it is.

    Its docstring's first line says what it does; its settings and inputs are those of its signature: an input of the
    type Path takes one source, one of the type Sequence[Path] several, and one with a default may be left out.

    Args:
        name: its kind in a recipe.
        makes: what its output holds (documents, samples, questions, tokenizer, tokens, model, pairs, scores, advice).
        report: section of the report that it implements.
        example: a command, for its help.
        command: its words on the command line, if they are not its name.
        argument: the input that is given without a flag.
        version: raise it when the same settings and inputs would give another output than before.
        together: under torchrun all processes take part; any other stage is the first one's work.
        holds: what inputs must hold, of those that are not called by it.
        cost: what it will take, for `hornbook plan`.
        listing: gives the lines of `--list NAME`, where there is something to choose from.
        tables: gives the tables which the command prints of its finished folder.
    """

    def declare(function: Function) -> Function:
        DECLARED[name] = StageType(
            name=name,
            function=function,
            makes=makes,
            report=report,
            example=example,
            command=command or name,
            argument=argument,
            version=version,
            together=together,
            holds=holds or {},
            cost=cost,
            listing=listing,
            tables=tables,
        )
        return function

    return declare


def declared(function: Callable[..., None]) -> StageType:
    """What `function`, which is declared as a stage, is known as."""
    return next(stage_type for stage_type in DECLARED.values() if stage_type.function is function)
