"""Keys and values of prefixes, each computed once for all rollouts that start from it or from its first tokens."""

from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from hornbook.base.errors import HornbookError

CHUNK = 64  # tokens of a prefix computed together
PREFIX = 16  # lengths are rounded up to a multiple of this, so that kernels are compiled for fewer shapes
KINDS = ("keys", "values")
Tokens = tuple[int, ...]


def round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def shared_length(one: Tokens, other: Tokens) -> int:
    """The length of the longest common prefix."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


class SharedPrefix:
    """A text with its keys and values [layers] of [heads, tokens, width]."""

    def __init__(self, tokens: Tokens, keys: list[Tensor], values: list[Tensor]) -> None:
        self.tokens, self.keys, self.values = tokens, keys, values
        self.bytes = sum(tensor.nbytes for tensor in (*keys, *values))


class PrefixCache:
    """Shared prefixes by their text; the least recently used are dropped first.

    `limit` bounds the bytes held, including those used while a prefix is computed; `others` are the bytes of other
    caches within the same budget, and `peak` is the maximum of both together. A prefix above the limit is still
    computed.
    """

    def __init__(self, model: PreTrainedModel, token_bytes: int, context: int) -> None:
        self.model, self.token_bytes, self.context = model, token_bytes, context
        self.limit = self.others = self.peak = self.held = 0
        self.kept: OrderedDict[Tokens, SharedPrefix] = OrderedDict()  # from the least recently used on
        self.texts: list[Tokens] = []  # the same in alphabetical order

    def provide(self, heads: list[Tokens]) -> Iterator[tuple[Tokens, SharedPrefix]]:
        """Each of the texts `heads` with a shared prefix that begins with it; missing ones are computed."""
        for head in dict.fromkeys(heads):
            known = self._nearest(head)
            yield head, self._stored(head) if known == len(head) else self._compute(head, known // CHUNK * CHUNK)

    def shrink(self, limit: int) -> None:
        """Drop the least recently used until at most `limit` bytes are held."""
        while self.kept and self.held > limit:
            self._drop(next(iter(self.kept)))

    def count(self, more: int = 0) -> None:
        """Update the peak with the bytes in use: of prefixes, of others, and `more`."""
        self.peak = max(self.peak, self.held + self.others + more)

    def _nearest(self, head: Tokens) -> int:
        """The longest beginning of `head` that a stored prefix has."""
        return max((shared_length(text, head) for text in self._neighbours(head)), default=0)

    def _stored(self, head: Tokens) -> SharedPrefix:
        """The prefix that shares the longest beginning with `head`; it counts as used."""
        text = max(self._neighbours(head), key=lambda text: shared_length(text, head))
        self.kept.move_to_end(text)
        return self.kept[text]

    def _neighbours(self, head: Tokens) -> list[Tokens]:
        """The stored texts before and after `head` in sorted order, of which one shares the longest beginning."""
        place = bisect_left(self.texts, head)
        return self.texts[max(0, place - 1) : place + 1]

    def _compute(self, head: Tokens, known: int) -> SharedPrefix:
        """The keys and values of a text whose first `known` tokens (whole chunks) a stored prefix has.

        Always one text and one chunk at a time: then the result for a token depends only on the tokens before it, bit
        for bit, and not on what was computed with it or kept from earlier calls.
        """
        cache = DynamicCache()
        if known:
            past = self._stored(head)
            for layer_idx, (keys, values) in enumerate(zip(past.keys, past.values, strict=True)):
                cache.update(keys[None, :, :known], values[None, :, :known], layer_idx)
        chunks = range(known, len(head), CHUNK)
        self.shrink(max(0, self.limit - 2 * (known + CHUNK * len(chunks)) * self.token_bytes))
        for start in chunks:
            text = head[start : start + CHUNK]
            tokens_1N = torch.tensor([[*text, *[0] * (CHUNK - len(text))]])  # padding after the text is not attended to
            position_1N = torch.arange(start, start + CHUNK)[None].clamp(max=self.context - 1)
            self.model(
                tokens_1N.to(self.model.device),
                position_ids=position_1N.to(self.model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        self.count(2 * sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers))
        keys, values = ([getattr(layer, kind)[0, :, : len(head)].clone() for layer in cache.layers] for kind in KINDS)
        prefix = SharedPrefix(head, keys, values)
        self._keep(prefix)
        return prefix

    def _keep(self, prefix: SharedPrefix) -> None:
        place = bisect_left(self.texts, prefix.tokens)
        for text in self.texts[max(0, place - 1) : place]:
            if prefix.tokens[: len(text)] == text:  # the longer one replaces it
                self._drop(text)
        if prefix.tokens not in self.kept:
            insort(self.texts, prefix.tokens)
            self.kept[prefix.tokens] = prefix
            self.held += prefix.bytes
            self.count()

    def _drop(self, text: Tokens) -> None:
        self.held -= self.kept.pop(text).bytes
        del self.texts[bisect_left(self.texts, text)]


ROWS = 16  # rows are rounded up to a multiple of this, so a row's result barely depends on the batch size
MAX_LANES = 16


class CacheLayout(NamedTuple):
    """Rows of `capacity` own columns each; blocks of `columns` columns and `lanes` for rows each (shared prefixes)."""

    rows: int
    capacity: int
    blocks: int
    lanes: int
    columns: int

    def tokens(self) -> int:
        """Tokens whose keys and values this holds."""
        return self.rows * self.capacity + self.blocks * self.columns


def plan_layout(heads: list[Tokens], limits: list[int], batch_size: int, tokens: int, shared: bool) -> CacheLayout:
    """The layout with the most rows whose cache stays below `tokens`, for requests that start from prefixes `heads`.

    Memory to compute a prefix is kept free. Lanes are the average number of requests per prefix, as a power of two.
    Raises HornbookError when not even one row fits.
    """
    requests = Counter(heads)
    columns = round_up(max(map(len, requests)), PREFIX)
    capacity = max(limits)
    available = tokens - 2 * round_up(columns, CHUNK)
    most = round_up(min(batch_size, len(heads)), ROWS)
    for rows in (*range(most, 0, -ROWS), *range(ROWS - 1, 0, -1)):
        if shared:
            lanes = min(MAX_LANES, rows, 1 << (-(-len(heads) // len(requests)) - 1).bit_length())
            chunks = sum(-(-count // lanes) for count in requests.values())
            made = CacheLayout(rows, capacity, min(chunks, rows, 2 * -(-rows // lanes)), lanes, columns)
        else:
            made = CacheLayout(rows, columns + capacity, 0, 0, 0)
        if made.tokens() <= available:
            return made
    raise HornbookError(
        f"cache_gb holds {tokens} tokens; one rollout of {capacity} tokens after a prefix of {columns} needs "
        f"{made.tokens() + tokens - available}"
    )
