"""Settings of the trivia stage."""

from typing import Literal

from hornbook.base.settings import Settings, setting

FactKind = Literal["city_country", "city_continent", "country_code", "http_status", "error_name"]
KINDS: tuple[FactKind, ...] = ("city_country", "city_continent", "country_code", "http_status", "error_name")


class TriviaSettings(Settings):
    """Facts that a model meets often, seldom or never, and questions about them."""

    kinds: list[FactKind] = setting(
        default_factory=lambda: ["city_country", "city_continent", "http_status"],
        help=f"tables of facts to use, of {', '.join(KINDS)}",
        min_length=1,
    )
    facts: int = setting(100, "facts per table at most (chosen at random)", ge=1)
    repeats: list[int] = setting(
        default_factory=lambda: [0, 12, 48, 120],
        help="how often the documents state a fact: each fact is given one of these at random, equally many each",
        min_length=1,
    )
    heldout_share: float = setting(0.5, "share of the questions kept for evaluation", ge=0, le=1)
    source: str = setting("acquired", "source of the documents, which a mixture gives a share")
    bogus_share: float = setting(0.3, "questions about things that do not exist, per real question", ge=0, le=1)
    page: int = setting(6, "statements per reference document", ge=1)
