"""Disks on three pegs (report §D.3)."""

from hornbook.synthetic.environments.tower_of_hanoi import EXAMPLE, TowerOfHanoi, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(
    TowerOfHanoi, draw, EXAMPLE, "A tower of Hanoi solved by an agent, told as a chain of thought that is replayed."
)
