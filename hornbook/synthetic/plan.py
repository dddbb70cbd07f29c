"""The jobs of a synthesis: of each kind a sequence of seeds and axes, made as it is needed (report §2.2).

A job is a function of the material, the settings and the run's seed. Memory does not grow with the number of jobs where
seeds are passages or functions; other kinds hold a list of their seeds.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count, islice

import msgspec
import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.synthetic.engine import RecordJob
from hornbook.synthetic.kind import Kind, KindSettings, Material, Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.seed_sampling import SeedOrder, from_functions, from_passages
from hornbook.synthetic.settings import SynthSettings

Drawn = Iterator[tuple[Seed, int]]  # a seed, and how often it was drawn before
IN_ORDER: dict[Callable[..., object], Callable[[Material], Sequence[Passage]]] = {
    from_passages: lambda material: material.passages,
    from_functions: lambda material: material.functions,
}


class KindPlan(msgspec.Struct):
    """What is to be made of a kind: so many records, from these jobs in this order."""

    kind: Kind
    settings: KindSettings
    wanted: int
    jobs: Iterator[RecordJob]

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def most(self) -> int:
        """The number of jobs that may be begun."""
        return most_tried(self.settings)


def plan_kinds(settings: SynthSettings, material: Material, seed: int) -> list[KindPlan]:
    """The plans of all kinds, by name; each kind samples its seeds with its own random generator.

    Raises HornbookError when there are no seeds at all.
    """
    plans = []
    found = False
    for name, chosen in sorted(settings.kinds.items()):
        kind = load_kind(name, settings.profile)
        jobs = jobs_of(kind, chosen, material, seed)
        first = list(islice(jobs, 1))
        found = found or bool(first)
        plans.append(KindPlan(kind, chosen, chosen.records, chain(first, jobs)))
    if not found:
        raise HornbookError(
            f"synth: the input has no seeds: {len(material.passages)} passages, {len(material.functions)} functions "
            f"and {len(material.questions)} questions; expected documents of prose or Python"
        )
    return plans


def most_tried(settings: KindSettings) -> int:
    """The number of records to begin, at most."""
    return round(settings.records * settings.tries)


def jobs_of(kind: Kind, settings: KindSettings, material: Material, seed: int) -> Iterator[RecordJob]:
    """As many as may be begun, or as there are seeds: each seed `per_seed` times with other axes, and again, when all
    are used, in a kind that has axes."""
    per_seed = settings.per_seed if kind.axes else 1
    drawn = _drawn(kind, settings, material, seed, -(-settings.records // per_seed))
    jobs = ((one, turn * per_seed + place) for one, turn in drawn for place in range(per_seed))
    for number, (one, draw) in enumerate(islice(jobs, most_tried(settings))):
        yield RecordJob(kind, settings, one, draw, number)


def _drawn(kind: Kind, settings: KindSettings, material: Material, seed: int, wanted: int) -> Drawn:
    dice = rng(seed, "seeds", kind.name)
    if kind.seeds in IN_ORDER:
        yield from _in_order(IN_ORDER[kind.seeds](material), dice, again=bool(kind.axes))
        return
    found: dict[str, Seed] = {}
    most = most_tried(settings)
    while wanted:
        more = [one for one in kind.seeds(material, wanted, dice, settings) if one.id not in found]
        for one in more:
            if one.id not in found:
                found[one.id] = one
                yield one, 0
        if not more or wanted >= most:
            break
        wanted, dice = min(most, 2 * wanted), rng(seed, "seeds", kind.name)
    for turn in count(1) if kind.axes and found else ():
        for one in found.values():
            yield one, turn


def _in_order(passages: Sequence[Passage], dice: np.random.Generator, again: bool) -> Drawn:
    """Passages in the order of `SeedOrder`, all of them once before it ends, or, if `again`, without end."""
    left = len(passages)
    for draw in SeedOrder(passages, dice).draw():
        if draw.round == 0 or again:
            yield draw.passage, draw.round
        left -= draw.round == 0
        if not left and not again:
            return
