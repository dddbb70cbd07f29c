"""The way through a maze (report §D.3)."""

from hornbook.synthetic.environments.grid_maze import EXAMPLE, GridMaze, draw
from hornbook.synthetic.kinds.agents._agent import agent_kind

KIND = agent_kind(GridMaze, draw, EXAMPLE, "A maze walked by an agent, told as a chain of thought that is replayed.")
