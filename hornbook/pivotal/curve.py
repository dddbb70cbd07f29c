"""p(success) along a whole solution, out of the rollouts that left it here and there."""

from hornbook.pivotal.chain import Chain
from hornbook.pivotal.estimates import Z
from hornbook.pivotal.evidence import NEAR
from hornbook.pivotal.pools import Pools
from hornbook.pivotal.records import Point


def curve(chain: Chain, pools: Pools) -> list[Point]:
    """A point before every token and one after the last, from the end, where the verdict is known, to the beginning.

    p = π · p after + (1 - π) · s, token by token, where s is the success of those who left there. It is taken to be
    near the p after, as if one more rollout had said so; where nobody left, it is that. Intervals (95 %, normal) add up
    the variances of all s that have a weight.
    """
    length = len(chain.solution.tokens)
    p, variance, n = float(chain.solution.success), 0.0, 0
    points = [Point(length, p, p, p, 0)]
    for node, branch in zip(reversed(chain.nodes), reversed(chain.branches), strict=True):
        made, right = len(pools.of(branch)), pools.right(branch)
        s = (right + p) / (made + 1)
        s_variance = s * (1 - s) / (made + 1) + (NEAR**2 if made == 0 else 0.0)
        n += made
        p_end, variance_end, reach = p, variance, 1.0
        for place in reversed(range(node.start, node.end)):
            reach *= float(chain.stay_T[place])
            p = reach * p_end + (1 - reach) * s
            variance = reach**2 * variance_end + (1 - reach) ** 2 * s_variance
            half = Z * variance**0.5
            points.append(Point(place, p, max(0.0, p - half), min(1.0, p + half), n))
    return points[::-1]
