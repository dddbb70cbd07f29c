"""Encode rendered text as token ids, split where replies begin and end.

A special token in a message is replaced by a mark: its number between two private-use characters. A mark is encoded as
the ordinary characters of the token.
"""

import re
from collections import deque
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from hornbook.base.thinking import opens_thinking, split_thinking

OPEN, CLOSE = "\ue000", "\ue001"
HIDDEN = f"{OPEN}hidden{CLOSE}"  # replaces a message's content, to find where the template writes it
MARK = re.compile(rf"{OPEN}(\d+){CLOSE}")


def mark_special_tokens(tokenizer: PreTrainedTokenizerBase, text: str, by_assistant: bool = False) -> str:
    """`text` with marks for the special tokens in it. The assistant may open and close its thinking."""
    spelt, number = _special_tokens(tokenizer)

    def mark(found: re.Match[str]) -> str:
        name = found[0]
        return name if by_assistant and _is_thinking(name) else f"{OPEN}{number[name]}{CLOSE}"

    return spelt.sub(mark, text)


def encode_split(tokenizer: PreTrainedTokenizerBase, text: str, cuts: list[int]) -> list[list[int]]:
    """Token ids of the pieces of `text` between `cuts`, positions in ascending order; the last piece ends the text.

    The pieces up to a cut do not depend on the text after it, since sampling starts from them. Joined, they are the ids
    of the whole text unless a token would cross a cut; after such a cut, the text is encoded separately.
    """
    pieces: list[list[int]] = []
    start = previous = 0
    known: list[int] = []  # ids of text[start:previous]
    goes_on = False
    for cut in [*cuts, len(text)]:
        ids = _encode(tokenizer, text[start:cut], goes_on)
        if ids[: len(known)] != known:
            start, known, goes_on = previous, [], previous > 0
            ids = _encode(tokenizer, text[start:cut], goes_on)
        pieces.append(ids[len(known) :])
        known, previous = ids, cut
        if (token := _last_anchor(tokenizer, text[start:cut])) and token[1] in ids:
            start, goes_on = start + token[0], False
            known = ids[len(ids) - 1 - ids[::-1].index(token[1]) :]
    return pieces


def clear_caches(tokenizer: PreTrainedTokenizerBase) -> None:
    """Call this after adding special tokens to a tokenizer."""
    _special_tokens.cache_clear()
    _anchors.cache_clear()


def _last_anchor(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, int] | None:
    """Position and id of the last special token of a text: the ids from it on do not depend on the text before."""
    pattern, ids = _anchors(tokenizer)
    last = deque(pattern.finditer(text), maxlen=1)
    return (last[0].start(), ids[last[0][0]]) if last else None


@lru_cache(maxsize=8)
def _anchors(tokenizer: PreTrainedTokenizerBase) -> tuple[re.Pattern[str], dict[str, int]]:
    added = tokenizer.added_tokens_decoder.items()
    ids = {each.content: id for id, each in added if each.special and not (each.lstrip or each.normalized)}
    ordered = sorted(ids, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, ordered)) or "(?!)"), ids


def special_names(tokenizer: PreTrainedTokenizerBase) -> set[str]:
    return {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}


def _encode(tokenizer: PreTrainedTokenizerBase, text: str, goes_on: bool) -> list[int]:
    special = list(_special_tokens(tokenizer)[1])
    tokens: list[int] = []
    for index, part in enumerate(MARK.split(text)):
        if index % 2:
            tokens += _part(tokenizer, special[int(part)], goes_on or index > 0, split_special_tokens=True)
        elif part:
            tokens += _part(tokenizer, part, goes_on or index > 0)
    return tokens


def _part(tokenizer: PreTrainedTokenizerBase, text: str, goes_on: bool, **how: bool) -> list[int]:
    """Token ids of a text; of a continued one, without the space that SentencePiece puts before every text."""
    if goes_on and _puts_space(tokenizer):
        line = tokenizer.encode("\n", add_special_tokens=False)
        ids = tokenizer.encode("\n" + text, add_special_tokens=False, **how)
        if ids[: len(line)] == line:
            return list(ids[len(line) :])
    return list(tokenizer.encode(text, add_special_tokens=False, **how))


@lru_cache(maxsize=8)
def _puts_space(tokenizer: PreTrainedTokenizerBase) -> bool:
    line, inside, alone = (tokenizer.encode(text, add_special_tokens=False) for text in ("\n", "\na", "a"))
    return bool(inside[: len(line)] == line and inside[len(line) :] != alone)


@lru_cache(maxsize=8)
def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[re.Pattern[str], dict[str, int]]:
    """A pattern for special tokens (longest first) and marks in a message, and a number for each."""
    ordered = sorted(special_names(tokenizer) | {OPEN}, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, ordered))), {name: number for number, name in enumerate(ordered)}


@lru_cache(maxsize=4096)
def _is_thinking(name: str) -> bool:
    return opens_thinking(name) or split_thinking(f"a{name}b").thinking == "a"
