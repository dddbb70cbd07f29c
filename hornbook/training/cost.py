"""The cost of training stages, for `hornbook plan`."""

from hornbook.base.stage import Cost, Planned
from hornbook.model.settings import ModelSettings, flops_per_token, parameters


def training_cost(shape: ModelSettings | None, vocabulary: int | None, planned: Planned) -> Cost:
    """The cost of one training stage, of a model whose `shape` and `vocabulary` may be unknown.

    It trains on the tokens given by `expect`, else on those of its mixture; rows are as long as the mixture's, or as
    those that the model was last trained on.
    """
    rows = planned.of("tokens")
    tokens = planned.number("tokens") or rows.tokens
    context = rows.context or planned.of("model").context
    if shape is None or vocabulary is None:
        return Cost(tokens=tokens, context=context)
    return Cost(
        tokens=tokens,
        parameters=parameters(shape, vocabulary),
        flops=float(flops_per_token(shape, vocabulary, context)) * tokens if tokens else None,
        vocabulary=vocabulary,
        context=context,
        shape=shape,
    )
