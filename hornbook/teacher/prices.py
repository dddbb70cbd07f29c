"""Prices of hosted models, for plans and budgets without prices in the settings."""

import re

DATE = "August 2025"  # of the providers' price lists, for single calls without discounts
BATCH = 0.5  # factor for calls in batches
DOLLARS = {  # per million tokens: prompt, answer
    "gpt-5": (1.25, 10.0),
    "gpt-5-mini": (0.25, 2.0),
    "gpt-5-nano": (0.05, 0.4),
    "gpt-4.1": (2.0, 8.0),
    "gpt-4.1-mini": (0.4, 1.6),
    "gpt-4.1-nano": (0.1, 0.4),
    "gpt-4o": (2.5, 10.0),
    "gpt-4o-mini": (0.15, 0.6),
    "o3": (2.0, 8.0),
    "o4-mini": (1.1, 4.4),
    "o3-mini": (1.1, 4.4),
    "claude-opus-4-1": (15.0, 75.0),
    "claude-opus-4": (15.0, 75.0),
    "claude-sonnet-4": (3.0, 15.0),
    "claude-3-7-sonnet": (3.0, 15.0),
    "claude-3-5-haiku": (0.8, 4.0),
    "gemini-2.5-pro": (1.25, 10.0),
    "gemini-2.5-flash": (0.3, 2.5),
    "gemini-2.5-flash-lite": (0.1, 0.4),
    "gemini-2.0-flash": (0.1, 0.4),
    "deepseek-chat": (0.27, 1.1),
    "deepseek-reasoner": (0.55, 2.19),
    "mistral-large": (2.0, 6.0),
    "mistral-medium": (0.4, 2.0),
    "mistral-small": (0.1, 0.3),
    "grok-4": (3.0, 15.0),
    "grok-3": (3.0, 15.0),
    "grok-3-mini": (0.3, 0.5),
}
_VERSION = re.compile(r"[-@](?:latest|\d{4}-\d\d-\d\d|\d{8}|\d{4}|\d{3})$")


def known_prices(model: str) -> tuple[float, float] | None:
    """Dollars per million prompt and answer tokens; None for a model that is not in the table.

    A provider before the name (`openai/`) and a version after it (`-2024-08-06`, `-latest`) are ignored.
    """
    return DOLLARS.get(_VERSION.sub("", model.lower().rpartition("/")[2]))
