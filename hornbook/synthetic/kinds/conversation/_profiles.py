"""Participants of a conversation: profiles put together from many parts by program, so that they differ (§D.1.3)."""

from typing import NamedTuple

import numpy as np

NAMES = (
    "Amara", "Ana", "Aylin", "Björn", "Chen", "Dalia", "Elif", "Emeka", "Farah", "Goran", "Hana", "Ines",
    "Ivan", "Jamal", "Jonas", "Kaveh", "Kofi", "Lan", "Leila", "Luca", "Mei", "Mia", "Nadia", "Noor", "Oskar",
    "Pedro", "Priya", "Ravi", "Rosa", "Samir", "Sofia", "Tom", "Uma", "Viktor", "Wanjiru", "Yusuf", "Zoe",
)  # fmt: skip
ROLES = (
    "a nurse", "a carpenter", "a retired judge", "a first-year student", "a data analyst", "a farmer", "a bus driver",
    "a school teacher", "an accountant", "a game designer", "a librarian", "a network engineer", "a journalist",
    "a chess coach", "a physicist", "a translator", "a shop owner", "a test engineer", "an architect", "a cook",
    "a sound engineer", "a museum guide", "a pharmacist", "a pilot",
)  # fmt: skip
MANNERS = (
    "patient", "blunt", "curious", "careful", "quick", "playful", "sceptical", "warm", "dry", "methodical", "modest",
    "enthusiastic", "practical", "thoughtful",
)  # fmt: skip
AIMS = (
    "wants to explain it to a child", "must decide something by tonight", "prepares an examination",
    "once got it wrong and wants to know why", "looks for a counterexample", "wants to use it at work tomorrow",
    "wants to know the reason, not the rule", "compares it with what is done elsewhere", "checks a colleague's claim",
    "writes a short guide about it", "wonders what happens in rare cases", "is new to all of this",
    "teaches it every year", "wants the shortest true statement",
)  # fmt: skip


class Profile(NamedTuple):
    """Who speaks."""

    name: str
    role: str
    manner: str
    aim: str

    def __str__(self) -> str:
        return f"{self.name}, {self.role}, {self.manner}, who {self.aim}"


def two_profiles(random: np.random.Generator) -> tuple[Profile, Profile]:
    """Two participants who differ in every part."""
    drawn = [
        [parts[place] for place in random.choice(len(parts), size=2, replace=False)]
        for parts in (NAMES, ROLES, MANNERS, AIMS)
    ]
    return Profile(*(pair[0] for pair in drawn)), Profile(*(pair[1] for pair in drawn))
