"""Measuring with jugs that have no marks (report §D.3)."""

from hornbook.synthetic.environments.water_jugs import EXAMPLE, WaterJugs, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(
    WaterJugs, draw, EXAMPLE, "An amount measured with jugs by an agent, told as a chain of thought that is replayed."
)
