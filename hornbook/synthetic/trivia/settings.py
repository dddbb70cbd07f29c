"""Settings of the trivia stage."""

from typing import Literal

from hornbook.base.settings import Settings, setting

Kind = Literal["city_country", "city_continent", "country_code", "http_status"]
KINDS: tuple[Kind, ...] = ("city_country", "city_continent", "country_code", "http_status")


class TriviaSettings(Settings):
    """Facts that a model meets often, seldom or never, and questions about them."""

    kinds: list[Kind] = setting(default_factory=lambda: list(KINDS), help="tables of facts to use", min_length=1)
    facts: int = setting(160, "facts per table at most (chosen at random)", ge=1)
    repeats: list[int] = setting(
        default_factory=lambda: [0, 4, 16, 64],
        help="how often the documents state a fact: each fact is given one of these at random, equally many each",
        min_length=1,
    )
    heldout_share: float = setting(0.4, "share of the questions kept for evaluation", ge=0, le=1)
    bogus_share: float = setting(0.25, "questions about things that do not exist, per real question", ge=0, le=1)
    page: int = setting(6, "statements per reference document", ge=1)
