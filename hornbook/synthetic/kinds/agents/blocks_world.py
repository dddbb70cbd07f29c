"""Stacks of blocks put in another order (report §D.3)."""

from hornbook.synthetic.environments.blocks_world import EXAMPLE, BlocksWorld, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(
    BlocksWorld, draw, EXAMPLE, "Blocks restacked by an agent, told as a chain of thought that is replayed."
)
