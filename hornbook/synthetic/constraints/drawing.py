"""The table of all rules; sample compatible constraints, word them, and check replies."""

from collections.abc import Collection, Sequence

import numpy as np

from hornbook.synthetic.constraints import counts, edges, layout, style, vocabulary
from hornbook.synthetic.constraints.rule import Constraint, Rule, Topic

RULES: dict[str, Rule] = {
    rule.name: rule for family in (counts, vocabulary, layout, edges, style) for rule in family.RULES
}


def draw_constraints(
    rng: np.random.Generator, topic: Topic, count: int, names: Collection[str] = (), given: Sequence[Constraint] = ()
) -> list[Constraint]:
    """`count` constraints, or fewer if there are not enough, without conflicts among them or with those `given`.

    Args:
        names: the rules to draw from; all, if none is named.
    """
    order = sorted(names) if names else sorted(RULES)
    taken = [RULES[constraint.rule] for constraint in given]
    chosen: list[Constraint] = []
    for number in rng.permutation(len(order)).tolist():
        rule = RULES[order[number]]
        if len(chosen) == count:
            break
        if any(rule.conflicts(other) for other in taken):
            continue
        values = rule.draw(rng, topic)
        if values is not None:
            taken.append(rule)
            chosen.append(Constraint(rule.name, values, int(rng.integers(len(rule.wordings)))))
    return chosen


def as_instruction(constraint: Constraint) -> str:
    """The constraint as a sentence."""
    rule = RULES[constraint.rule]
    return rule.wordings[constraint.wording].format(**rule.shown(constraint.values))


def holds(constraint: Constraint, reply: str) -> bool:
    return RULES[constraint.rule].holds(reply, constraint.values)


def broken(constraints: Sequence[Constraint], reply: str) -> list[Constraint]:
    """The constraints that the reply violates."""
    return [constraint for constraint in constraints if not holds(constraint, reply)]
