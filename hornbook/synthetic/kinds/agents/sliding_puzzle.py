"""Tiles slid into order (report §D.3)."""

from hornbook.synthetic.environments.sliding_puzzle import EXAMPLE, SlidingPuzzle, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(
    SlidingPuzzle, draw, EXAMPLE, "A sliding puzzle solved by an agent, told as a chain of thought that is replayed."
)
