"""`hornbook plan`: which stages would run and why, and their cost, without running anything."""

from pathlib import Path

from rich.table import Table

from hornbook.base.progress import answers
from hornbook.base.stage import Cost, Planned
from hornbook.evaluation.planned_power import planned_scores, power_table
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.mixture.settings import LONG, MixtureSettings
from hornbook.recipe.artifacts import ArtifactStore
from hornbook.recipe.hardware import GIB, Hardware, parse_hardware
from hornbook.recipe.recipe import Recipe, Stage
from hornbook.recipe.status import stage_statuses
from hornbook.teacher.prices import DATE
from hornbook.training.settings import LoopSettings


def print_plan(recipe: Recipe, run: Path, hardware_name: str) -> None:
    """Print stages with their state and cost, the mixtures with their epochs, and the sums.

    Raises HornbookError for unknown hardware.
    """
    hardware = parse_hardware(hardware_name)
    answers.print(f"[bold]{recipe.name}[/bold]  {recipe.path}, run folder {run}, on {hardware.count} × {hardware.name}")
    answers.print(_stage_table(recipe, run, hardware))
    for stage in recipe.stages:
        if isinstance(stage.settings, MixtureSettings):
            answers.print(_mixture_table(stage, ArtifactStore(run)))
    scores = [
        score
        for stage in recipe.stages
        if isinstance(stage.settings, EvaluationSettings)
        for score in planned_scores(stage.settings, asks_questions=bool(stage.inputs.get("questions")))
    ]
    if scores:
        answers.print(power_table(list(dict.fromkeys(scores)), "what the questions of evaluations can show"))
    memory = _memory_table(recipe, hardware)
    if memory.row_count:
        answers.print(memory)
        answers.print(
            " Peak GiB. gathered: gathered weights and their gradients; whole: all weights before and after training, "
            "instead of\n the rest; recomputed: activations with activation_checkpointing; "
            "→ as the recipe has it; ! does not fit"
        )
    _print_sums(recipe, run, hardware)


def stage_cost(recipe: Recipe, stage: Stage) -> Cost:
    """The cost of one stage of a recipe, as its declaration computes it; only an input's first source counts."""
    names = {other.name: other for other in recipe.stages}
    sources = {name: names[given[0]] for name, given in stage.inputs.items() if given and given[0] in names}
    planned = Planned({name: stage_cost(recipe, source) for name, source in sources.items()}, stage.expect)
    if stage.kind.cost is None:
        return Cost(calls=planned.number("teacher_calls"))
    return stage.kind.cost(stage.settings, planned)


def _stage_table(recipe: Recipe, run: Path, hardware: Hardware) -> Table:
    table = Table(box=None)
    for name in ("stage", "kind", "state", "tokens", "parameters", "FLOPs", "time", "calls", "in", "out", "price"):
        table.add_column(name, no_wrap=True)
    table.add_column("why it will run")
    for standing in stage_statuses(recipe, run):
        cost = stage_cost(recipe, standing.stage)
        time = cost.flops / hardware.flops_per_second if cost.flops else None
        table.add_row(
            standing.stage.name,
            standing.stage.kind.name,
            standing.state,
            short_number(cost.tokens),
            short_number(cost.parameters),
            f"{cost.flops:.2e}" if cost.flops else "",
            duration(standing.seconds or time),
            *(short_number(number or None) for number in (cost.calls, cost.tokens_in, cost.tokens_out)),
            "" if cost.price is None else f"{cost.price:,.2f}",
            standing.why,
        )
    return table


def _mixture_table(stage: Stage, store: ArtifactStore) -> Table:
    settings = stage.settings
    assert isinstance(settings, MixtureSettings)
    unique = dict(settings.declared_unique_tokens)
    if store.is_done(stage):
        unique = {name: row["unique_tokens"] for name, row in store.read(stage)["notes"]["mixture"].items()}
    shares = {name: share * (1 - settings.long_share) for name, share in settings.shares.items()}
    if settings.long_share:
        shares[LONG] = settings.long_share
    table = Table("source", "share", "tokens", "unique tokens", "epochs", title=f"{stage.name}: mixture", box=None)
    for name, share in shares.items():
        known = short_number(unique[name]) if name in unique else "known once the documents are"
        passes = f"{share * settings.tokens / unique[name]:.1f}" if unique.get(name) else ""
        table.add_row(name, f"{share:.1%}", short_number(share * settings.tokens), known, passes)
    return table


def _print_sums(recipe: Recipe, run: Path, hardware: Hardware) -> None:
    to_run = [s.stage for s in stage_statuses(recipe, run) if s.state != "done"]
    costs = [stage_cost(recipe, stage) for stage in to_run]
    flops = sum(cost.flops or 0 for cost in costs)
    calls = sum(cost.calls or 0 for cost in costs)
    tokens_in, tokens_out = (sum(getattr(cost, name) or 0 for cost in costs) for name in ("tokens_in", "tokens_out"))
    prices = [cost.price for cost in costs if cost.price is not None]
    assumed = f" (known models in dollars, as of {DATE})" * any(cost.assumes_prices for cost in costs)
    least = "at least " * any(cost.calls and cost.price is None for cost in costs)
    answers.print(
        f"To run: {len(to_run)} of {len(recipe.stages)} stages; training {flops:.2e} FLOPs, "
        f"{duration(flops / hardware.flops_per_second)} on {hardware.count} × {hardware.name} "
        f"(at {hardware.utilisation:.0%} of its peak); {calls:,} teacher calls"
        + (f" ({short_number(tokens_in)} tokens in, {short_number(tokens_out)} out)" if tokens_in else "")
        + (f", {least}{sum(prices):,.2f} to pay{assumed}" if prices else "")
    )


def _memory_table(recipe: Recipe, hardware: Hardware) -> Table:
    """Memory per device of each training stage with a known model, with and without activation checkpointing."""
    table = Table(
        title=f"memory of each {hardware.name}, of {hardware.memory / GIB:g} GiB",
        box=None,
    )
    for name in ("stage", "shards", "tokens a pass", "weights", "gradients", "AdamW", "gathered", "whole"):
        table.add_column(name, no_wrap=True)
    for name in ("activations", "in all", "recomputed", "in all"):
        table.add_column(name, no_wrap=True, justify="right")
    for stage in recipe.stages:
        settings, cost = stage.settings, stage_cost(recipe, stage)
        if isinstance(settings, LoopSettings) and cost.shape and cost.vocabulary:
            from hornbook.recipe.memory import training_memory  # imports PyTorch, which takes seconds

            tokens = settings.tokens_of_a_pass(cost.context)
            shards = hardware.count if settings.sharding == "fsdp" else 1
            half = settings.dtype == "bfloat16" or (settings.dtype == "auto" and hardware.half)
            memory = training_memory(cost.shape, cost.vocabulary, cost.context, tokens, half, shards)
            held = (memory.weights, memory.gradients, memory.optimiser, memory.gathered, memory.whole)
            table.add_row(
                stage.name,
                f"{shards:,}",
                f"{tokens:,}",
                *map(_gib, held),
                _gib(memory.activations),
                _total(memory.total(False), not settings.activation_checkpointing, hardware),
                _gib(memory.recomputed),
                _total(memory.total(True), settings.activation_checkpointing, hardware),
            )
    return table


def _total(size: int, chosen: bool, hardware: Hardware) -> str:
    return f"{'→ ' if chosen else ''}{_gib(size)}" + (" !" if size > hardware.memory else "")


def _gib(size: int) -> str:
    return f"{size / GIB:.{1 if size >= GIB else 3}f}"


def short_number(number: float | None) -> str:
    """1234567 as '1.23 M'."""
    if number is None:
        return ""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.4g} {unit}"
    return f"{number:g}"


def duration(seconds: float | None) -> str:
    if not seconds:
        return ""
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
