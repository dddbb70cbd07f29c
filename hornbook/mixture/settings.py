"""Settings of the mixture stage."""

import re
from typing import Literal, Self

from pydantic import model_validator

from hornbook.base.settings import setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.mixture.epochs import SUM_TOLERANCE

TABLE_5 = {"web": 0.15, "web_rewrite": 0.15, "synthetic": 0.40, "code": 0.20, "acquired": 0.10}
LONG_OVER = {"acquired": 0.5, "code": 0.5, "synthetic": 0.25}  # §3.3, as shares of its 16K
LONG = "long"  # the part of a midtraining mixture that is long


class MixtureSettings(ColumnSettings):
    """What share of the training tokens each source gets (report §3.1-3.2), and how much is long (§3.3)."""

    tokens: int = setting(help="Tokens to train on, repetitions included and padding not.", ge=1)
    context: int = setting(4096, "Tokens a row.", ge=8)
    shares: dict[str, float] = setting(
        default_factory=lambda: dict(TABLE_5), help="Share of each source in the tokens; they sum to 1 (table 5)."
    )
    conversations: Literal["plain", "chat", "both"] = setting(
        "plain",
        "How samples are written: Question: ... Solution: ..., in the tokenizer's chat template, or half in each.",
    )
    validation_share: float = setting(0.01, "Share of each source's records held out to validate on.", ge=0, lt=1)
    long_share: float = setting(
        0.0,
        "Share of naturally long records (report: 0.3 in midtraining); the rest is recall data, in their `shares`.",
        ge=0,
        le=1,
    )
    long_made_of: Literal["documents", "joined"] = setting(
        "documents",
        "What the long share is: naturally long records, or the others joined end to end and read as one text. The "
        "report finds the first better; the second is there to compare with.",
    )
    long_over: dict[str, float] = setting(
        default_factory=lambda: dict(LONG_OVER),
        help="Which sources have long records, and over what share of the context a record of theirs is long "
        "(report: academic texts, books and code over 8K of 16K, synthetic ones over 4K).",
    )
    long_upweight_from: float = setting(
        1.0,
        "From what share of the context on a long record is seen twice as often (report: 16K of 16K).",
        ge=0,
    )
    declared_unique_tokens: dict[str, float] = setting(
        default_factory=dict, help="Unique tokens expected of each source; for `hornbook plan` only.", in_key=False
    )

    @model_validator(mode="after")
    def _shares_are_shares(self) -> Self:
        if any(share < 0 for share in self.shares.values()):
            raise ValueError("shares must not be negative")
        total = sum(self.shares.values())
        if abs(total - 1) > SUM_TOLERANCE:
            raise ValueError(f"shares must sum to 1, they sum to {total:g}")
        for name in self.shares:
            if not re.fullmatch(r"[\w-]+", name) or name == LONG:
                raise ValueError(f"'{name}' cannot name a source (letters, digits, _ and -; not '{LONG}')")
        unknown = [name for name in self.long_over if name not in self.shares]
        if unknown and "long_over" in self.model_fields_set:
            raise ValueError(f"long_over: '{unknown[0]}' has no share; shares are of {', '.join(self.shares)}")
        return self
