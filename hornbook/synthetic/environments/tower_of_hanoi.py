"""Tower of Hanoi: disks on three pegs, never a larger one on a smaller one (report §D.3, its own example)."""

import re

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove, and_list

PEGS = "ABC"
DISKS = (2, 4)
MOVE = re.compile(
    r"\bmov(?:e[sd]?|ing) (?:the )?(?:\w+ )?disk (\d)(?: away)?(?: from)?(?: peg)? ([ABC])(?: over)?"
    r" (?:on)?to (?:peg )?([ABC])\b",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "Peg A holds disk 2, peg B holds disk 1 and peg C is empty.",
    "move disk 2 from peg A to peg C",
    "Disk 2 is free and belongs at the bottom of peg C.",
)


class TowerOfHanoi(msgspec.Struct, frozen=True):
    """A state is the peg (0 to 2) of each disk, the smallest disk first."""

    start: tuple[int, ...]
    goal: int  # the peg that all disks must stand on

    def task(self) -> str:
        return (
            f"Three pegs A, B and C hold {len(self.start)} disks, numbered by size; disk 1 is the smallest. "
            f"{self.show(self.start)} One disk is moved at a time, always the topmost of its peg, and never onto a "
            "smaller disk. "
            f"Move all disks to peg {PEGS[self.goal]}."
        )

    def show(self, state: tuple[int, ...]) -> str:
        """Disks from the bottom to the top."""
        held = [
            [str(disk + 1) for disk in reversed(range(len(state))) if state[disk] == peg] for peg in range(len(PEGS))
        ]
        parts = [f"peg {PEGS[peg]} {_content(disks)}" for peg, disks in enumerate(held)]
        text = and_list(parts)
        return text[0].upper() + text[1:] + "."

    def successors(self, state: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        tops = {peg: disk for disk, peg in reversed(list(enumerate(state)))}
        return {
            f"move disk {disk + 1} from peg {PEGS[peg]} to peg {PEGS[other]}": (
                *state[:disk],
                other,
                *state[disk + 1 :],
            )
            for peg, disk in sorted(tops.items())
            for other in range(len(PEGS))
            if other != peg and tops.get(other, len(state)) > disk
        }

    def why_not(self, state: tuple[int, ...], move: str) -> str:
        found = MOVE.search(move)
        if not found or not 0 < int(found[1]) <= len(state):
            return "There is no such move."
        disk, peg, other = int(found[1]) - 1, PEGS.index(found[2].upper()), PEGS.index(found[3].upper())
        if state[disk] != peg:
            return f"Disk {disk + 1} is not on peg {PEGS[peg]}."
        if peg in state[:disk]:
            return f"Disk {disk + 1} is not the topmost disk of peg {PEGS[peg]}."
        if other in state[:disk]:
            return f"Peg {PEGS[other]} holds a smaller disk than disk {disk + 1}."
        return "A disk must go to another peg."

    def reached(self, state: tuple[int, ...]) -> bool:
        return all(peg == self.goal for peg in state)

    def remaining(self, state: tuple[int, ...]) -> int:
        return sum(peg != self.goal for peg in state)

    def read(self, text: str) -> list[str]:
        return [
            f"move disk {disk} from peg {peg.upper()} to peg {other.upper()}" for disk, peg, other in MOVE.findall(text)
        ]


def draw(rng: np.random.Generator) -> TowerOfHanoi:
    """Two to four disks in any legal position."""
    disks = int(rng.integers(DISKS[0], DISKS[1] + 1))
    return TowerOfHanoi(tuple(rng.integers(len(PEGS), size=disks).tolist()), int(rng.integers(len(PEGS))))


def _content(disks: list[str]) -> str:
    return f"holds disk{'s' * (len(disks) > 1)} {and_list(disks)}" if disks else "is empty"
