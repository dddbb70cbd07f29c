"""The cost of a search by short runs, for `hornbook plan`."""

from collections.abc import Sequence

from hornbook.base.stage import Cost, Planned
from hornbook.model.settings import ModelSettings, flops_per_token, parameters


def search_cost(shapes: Sequence[ModelSettings], tokens: int, planned: Planned) -> Cost:
    """The cost of all runs, which train on `tokens` in total; parameters are those of the largest of `shapes`."""
    vocabulary, context = planned.of("tokenizer").vocabulary, planned.of("tokens").context
    if vocabulary is None:
        return Cost(tokens=tokens)
    each = [flops_per_token(shape, vocabulary, context) for shape in shapes]
    largest = max(parameters(shape, vocabulary) for shape in shapes)
    return Cost(tokens=tokens, parameters=largest, flops=sum(each) / len(shapes) * tokens)
