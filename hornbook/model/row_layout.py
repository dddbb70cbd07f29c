"""How texts are computed with a model: together in a row, or padded in rows of their own (see `packed`)."""

from typing import Literal, NamedTuple

from transformers import PreTrainedModel

ATTRIBUTE = "hornbook_plan"  # of a model; copies of the model keep it

Rows = Literal["packed", "padded", "single"]


class Plan(NamedTuple):
    """What is right for a model, and fast.

    Attributes:
        rows: texts one after the other in a row, texts in padded rows of their own, or each in a pass of its own.
        trees: whether texts that begin alike may share that beginning as the prefix of a tree.
        own_head: whether the model does more to its logits than multiply with the output matrix.
        switch: length beyond which a text gets other rotary factors, which are those of the longest in its pass.
        shared: whether a text that begins another one may be computed as a part of that; not around `switch`.
        one_pass: whether there must be just one pass (every process of several has to make the same number).
        note: what is slower than with other models, in words; empty if nothing is.
    """

    rows: Rows = "packed"
    trees: bool = True
    own_head: bool = False
    switch: int | None = None
    shared: bool = True
    one_pass: bool = False
    note: str = ""


USUAL = Plan()  # of Llama and its like


def plan_of(model: PreTrainedModel) -> Plan:
    """The plan that was made for a model; the usual one, if none was."""
    return getattr(model, ATTRIBUTE, USUAL)


def has_plan(model: PreTrainedModel) -> bool:
    """Whether a plan was made for the model."""
    return hasattr(model, ATTRIBUTE)


def give_plan(model: PreTrainedModel, plan: Plan) -> None:
    """From here on `model` is computed in this way."""
    setattr(model, ATTRIBUTE, plan)
