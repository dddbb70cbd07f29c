"""Keys and values of prefixes, each computed once for whatever starts from it or from any beginning of it."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

PREFILL_TOKENS = 4096  # tokens of one forward pass over new prefixes
PREFIX = 16  # lengths are rounded up to this, so that kernels meet fewer shapes
KINDS = ("keys", "values")
Tokens = tuple[int, ...]


def round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def trunks_of(heads: list[Tokens]) -> dict[Tokens, Tokens]:
    """Each of the texts with the longest of them that it begins."""
    trunks: dict[Tokens, Tokens] = {}
    after: Tokens = ()
    for head in sorted(set(heads), reverse=True):  # what a text begins comes right before it
        trunks[head] = trunks[after] if after[: len(head)] == head and after else head
        after = head
    return trunks


def shared_length(one: Tokens, other: Tokens) -> int:
    """How many tokens two texts have in common from the beginning."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


class Trunk:
    """A text with its keys and values [layers] of [heads, tokens, width]."""

    def __init__(self, tokens: Tokens, keys: list[Tensor], values: list[Tensor]) -> None:
        self.tokens, self.keys, self.values = tokens, keys, values
        self.bytes = sum(tensor.nbytes for tensor in (*keys, *values))


class TrunkStore:
    """Trunks by their text, the least recently used dropped first.

    `limit` bounds the bytes held, while new trunks are computed too; `peak` is the most there ever were on top of
    `others`, the bytes of the caches that share the bound. A trunk larger than the bound is computed all the same.
    """

    def __init__(self, model: PreTrainedModel, token_bytes: int, context: int) -> None:
        self.model, self.token_bytes, self.context = model, token_bytes, context
        self.limit = self.others = self.peak = self.held = 0
        self.kept: OrderedDict[Tokens, Trunk] = OrderedDict()  # from the least recently used on
        self.texts: list[Tokens] = []  # the same in alphabetical order

    def provide(self, heads: list[Tokens]) -> Iterator[tuple[Tokens, Trunk]]:
        """Each of the texts `heads` with a trunk that begins with it; what no stored trunk covers is computed."""
        missing = list(dict.fromkeys(heads))
        while missing:
            known = {head: self._nearest(head) for head in missing}
            for head in missing:
                if known[head] == len(head):
                    yield head, self._stored(head)
            missing = sorted((h for h in missing if known[h] < len(h)), key=lambda h: (known[h], len(h), h))
            part = self._part(missing, known)
            if not part:
                break
            past = max(known[head] for head in part)
            new = min(round_up(max(len(head) - known[head] for head in part), PREFIX), self.context)
            self.shrink(max(0, self.limit - 2 * len(part) * (past + new) * self.token_bytes))
            if any(self._nearest(head) != known[head] for head in part):
                continue  # room was made at the expense of what they start from: look again
            for trunk in self._compute(part, known, past, new):
                self._keep(trunk)
                yield trunk.tokens, trunk
            missing = missing[len(part) :]

    def shrink(self, limit: int) -> None:
        """Drop the least recently used until no more than `limit` bytes are held."""
        while self.kept and self.held > limit:
            self._drop(next(iter(self.kept)))

    def count(self, more: int = 0) -> None:
        """Take note of the bytes in use: of trunks, of others, and `more`."""
        self.peak = max(self.peak, self.held + self.others + more)

    def _nearest(self, head: Tokens) -> int:
        """How much of `head` a stored trunk begins with, at most."""
        return max((shared_length(text, head) for text in self._neighbours(head)), default=0)

    def _stored(self, head: Tokens) -> Trunk:
        """The trunk that shares the longest beginning with `head`; it counts as used."""
        text = max(self._neighbours(head), key=lambda text: shared_length(text, head))
        self.kept.move_to_end(text)
        return self.kept[text]

    def _neighbours(self, head: Tokens) -> list[Tokens]:
        """Before and after `head` in alphabetical order: one of them shares the longest beginning with it."""
        place = bisect_left(self.texts, head)
        return self.texts[max(0, place - 1) : place + 1]

    def _part(self, missing: list[Tokens], known: dict[Tokens, int]) -> list[Tokens]:
        """How many of the missing, from the first on, are computed together: within PREFILL_TOKENS and the bound."""
        past = longest = 0
        for count, head in enumerate(missing, 1):
            past, longest = max(past, known[head]), max(longest, round_up(len(head) - known[head], PREFIX))
            tokens = count * (past + longest)
            if count > 1 and (tokens > PREFILL_TOKENS or 2 * tokens * self.token_bytes > self.limit):
                return missing[: count - 1]
        return missing

    def _compute(self, part: list[Tokens], known: dict[Tokens, int], past: int, new: int) -> list[Trunk]:
        """One forward pass over `new` tokens of each text, after up to `past` that are known."""
        device = self.model.device
        tokens_PN = torch.zeros((len(part), new), dtype=torch.long)
        for row, head in enumerate(part):
            text = head[known[head] :]
            tokens_PN[row, : len(text)] = torch.tensor(text)  # padding after it is never seen
        cache = DynamicCache()
        options = {}
        if past:
            self._fill(cache, part, known, past)
            known_P1 = torch.tensor([known[head] for head in part], device=device)[:, None]
            options["position_ids"] = (known_P1 + torch.arange(new, device=device)).clamp(max=self.context - 1)
            options["attention_mask"] = self._mask(known_P1, past, new)
        self.model(tokens_PN.to(device), past_key_values=cache, use_cache=True, logits_to_keep=1, **options)
        self.count(2 * sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers))
        trunks = []
        for row, head in enumerate(part):
            columns = [*range(known[head]), *range(past, past + len(head) - known[head])]
            keys, values = ([getattr(layer, kind)[row, :, columns] for layer in cache.layers] for kind in KINDS)
            trunks.append(Trunk(head, keys, values))
        return trunks

    def _fill(self, cache: DynamicCache, part: list[Tokens], known: dict[Tokens, int], past: int) -> None:
        """What is known of each text, padded to `past` columns."""
        trunks = [self._stored(head) if known[head] else None for head in part]
        like = next(trunk for trunk in trunks if trunk)
        for layer_idx in range(len(like.keys)):
            filled = []
            for kind in KINDS:
                groups, _, width = getattr(like, kind)[layer_idx].shape
                store_PGUD = like.keys[0].new_zeros((len(part), groups, past, width))
                for row, (head, trunk) in enumerate(zip(part, trunks, strict=True)):
                    if trunk:
                        store_PGUD[row, :, : known[head]] = getattr(trunk, kind)[layer_idx][:, : known[head]]
                filled.append(store_PGUD)
            cache.update(*filled, layer_idx)

    def _mask(self, known_P1: Tensor, past: int, new: int) -> Tensor:
        """[P, 1, new, past + new]: each sees what is known of its text, and its new tokens causally."""
        device, dtype = known_P1.device, self.model.dtype
        past_PNU = (torch.arange(past, device=device) < known_P1)[:, None].expand(-1, new, -1)
        causal_PNN = torch.ones((new, new), dtype=torch.bool, device=device).tril().expand(len(known_P1), -1, -1)
        seen_PNC = torch.cat([past_PNU, causal_PNN], -1)
        mask_PNC = torch.zeros(seen_PNC.shape, dtype=dtype, device=device)
        return mask_PNC.masked_fill_(~seen_PNC, torch.finfo(dtype).min)[:, None]

    def _keep(self, trunk: Trunk) -> None:
        place = bisect_left(self.texts, trunk.tokens)
        for text in self.texts[max(0, place - 1) : place]:
            if trunk.tokens[: len(text)] == text:  # the longer one serves in its place
                self._drop(text)
        if trunk.tokens not in self.kept:
            insort(self.texts, trunk.tokens)
            self.kept[trunk.tokens] = trunk
            self.held += trunk.bytes
            self.count()

    def _drop(self, text: Tokens) -> None:
        self.held -= self.kept.pop(text).bytes
        del self.texts[bisect_left(self.texts, text)]
