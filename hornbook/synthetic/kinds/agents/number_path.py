"""From one number to another (report §D.3)."""

from hornbook.synthetic.environments.number_path import EXAMPLE, NumberPath, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(
    NumberPath,
    draw,
    EXAMPLE,
    "A number reached by an agent with a few operations, told as a chain of thought that is replayed.",
)
