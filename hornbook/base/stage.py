"""The decorator `@stage(...)`, which makes a function available in recipes, on the command line and in the plan.

`hornbook --help` imports all declarations, so they import nothing slow: a declared function imports its implementation
in its body and its settings class under TYPE_CHECKING; the class is looked up in the package's `settings` module when
it is needed.
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
NOT_INPUTS = ("settings", "work")  # parameters of every stage


@dataclass(frozen=True)
class Input:
    """An input of a stage: what it must hold, and whether it may be several or none."""

    holds: str
    many: bool
    optional: bool


@dataclass(frozen=True)
class Cost:
    """The estimated cost of a stage, as far as it follows from settings; also the input for its consumers' estimates.

    Attributes:
        tokens: tokens that the stage trains on or makes for training.
        parameters: parameters of the trained model.
        flops: floating-point operations of the training.
        calls: teacher calls, with `tokens_in` in all their prompts and `tokens_out` in their answers; `price` is their
            cost, by the table of known models' prices if `assumes_prices`.
        vocabulary: entries of the tokenizer that the stage makes or uses.
        context: tokens per row.
        shape: the model's settings.
    """

    tokens: int | None = None
    parameters: int | None = None
    flops: float | None = None
    calls: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    price: float | None = None
    assumes_prices: bool = False
    vocabulary: int | None = None
    context: int = 0
    shape: Any = None


@dataclass(frozen=True)
class Planned:
    """What a stage's cost depends on besides its settings: the costs of the stages that make its `inputs` (files of the
    user have none), and `expect`, the figures in the recipe that settings cannot give."""

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
    shows: Callable[[str], Iterable[str]] | None = None
    tables: Callable[[Path], Iterable["Table"]] | None = None
    previews: Callable[..., Sequence[Any]] | None = None

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
        """By name: the function's keyword parameters; types and defaults say whether they may be several or none."""
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


DECLARED: dict[str, StageType] = {}  # all stages whose declarations are imported, in order of import


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
    shows: Callable[[str], Iterable[str]] | None = None,
    tables: Callable[[Path], Iterable["Table"]] | None = None,
    previews: Callable[..., Sequence[Any]] | None = None,
) -> Callable[[Function], Function]:
    """Declare a function `(settings, work, *, INPUTS)` as a stage; the function itself is not changed.

    The first line of its docstring describes it. Its settings and inputs follow from its signature: an input of type
    Path takes one source, an input of type Sequence[Path] several; an input with a default is optional.

    Args:
        name: its kind in a recipe.
        makes: what its output holds (documents, samples, questions, tokenizer, tokens, model, pairs, scores, advice).
        report: section of the report that it implements.
        example: an example command, for its help.
        command: its name on the command line, if different.
        argument: the input that is given without a flag.
        version: to be raised when the same settings and inputs would give another output than before.
        together: under torchrun all processes take part; other stages run in the process of rank 0 only.
        holds: what inputs must hold, for inputs whose name does not say it.
        cost: estimates its cost, for `hornbook plan`.
        listing: gives the lines of `--list NAME`, if there is something to choose from.
        shows: gives the lines of `--show NAME`, all that is known of one of these.
        tables: gives the tables that the command prints for its finished folder.
        previews: `(settings, work, count, *, INPUTS)` gives what `--preview COUNT` shows of the run, as a page.
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
            shows=shows,
            tables=tables,
            previews=previews,
        )
        return function

    return declare


def declared(function: Callable[..., None]) -> StageType:
    """The stage type that `function` was declared as."""
    return next(stage_type for stage_type in DECLARED.values() if stage_type.function is function)
