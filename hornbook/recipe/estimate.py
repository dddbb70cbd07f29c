"""What a stage will take, from settings alone: each stage declares its own cost, from its inputs' costs."""

from hornbook.base.stage import Cost, Planned
from hornbook.recipe.recipe import Recipe, Stage


def estimate(recipe: Recipe, stage: Stage) -> Cost:
    """The cost of one stage of a recipe. Of an input with several sources the first one counts."""
    names = {other.name: other for other in recipe.stages}
    sources = {name: names[given[0]] for name, given in stage.inputs.items() if given and given[0] in names}
    planned = Planned({name: estimate(recipe, source) for name, source in sources.items()}, stage.expect)
    if stage.kind.cost is None:
        return Cost(calls=planned.number("teacher_calls"))
    return stage.kind.cost(stage.settings, planned)
