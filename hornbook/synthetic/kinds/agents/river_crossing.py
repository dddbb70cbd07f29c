"""Bringing things that eat one another across a river (report §D.3)."""

from hornbook.synthetic.environments.river_crossing import EXAMPLE, RiverCrossing, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(
    RiverCrossing,
    draw,
    EXAMPLE,
    "A river crossed by an agent without losses, told as a chain of thought that is replayed.",
)
