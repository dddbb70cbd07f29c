"""How a model can be computed so that the numbers are right, found by trying against plain forwards."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.utils import logging

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.rng import rng
from hornbook.inference.attention_windows import UNKNOWN, room_of, windows_of
from hornbook.inference.forward import kind_of, last_logits, vocabulary_size
from hornbook.inference.generate import forced, go_on
from hornbook.inference.kv_cache import make_rows
from hornbook.inference.prefix_attention import sharing
from hornbook.inference.prefix_cache import PREFIX, Plan, PrefixCache, round_up

LENGTHS = 7, 72  # tokens tried, of which the last is more than a chunk of a prefix
OWN = 3  # of them, those computed one by one
DRIFT = 12  # and through `generate`, where what a state is off by grows from token to token
BOUND = 1e-4  # nats, in float32
STRICT = 5e-5  # the same for states, which go on drifting
LAST = 1e-2  # the same where nothing is left to try: what reads the whole text anew is off by rounding alone, or by far
ROUNDED = 0.25  # nats, in a narrower precision, in which rounding alone is off by a tenth
WIDENED = 2_000_000_000  # weights: models of a narrower precision are tried in float32 up to this size
LIKELIEST = 1024  # tokens compared: far down the tail of a large vocabulary rounding is of no consequence


class Way(Enum):
    """How rollouts are computed, the fastest first."""

    SHARED = "rows that share the prefixes they start from"
    OWN = "rows with copies of their prefixes"
    GENERATE = "transformers' generate with its own cache"
    AFRESH = "transformers' generate without a cache"


@torch.inference_mode()
def bytes_per_token(model: PreTrainedModel) -> int:
    """Of keys and values of all layers."""
    text = tuple(texts_of(model, [min(LENGTHS)])[0])
    _, prefix = next(PrefixCache(model, 0, len(text)).provide([text]))
    return prefix.bytes // len(text)


@torch.inference_mode()
def find_way(model: PreTrainedModel, crossed: tuple[int, ...] = (), *, share: bool = True) -> Way:
    """The fastest way whose log-probabilities are those of plain forwards, each of a text of its own.

    Tried with long and short texts together; where texts are to go beyond the edges `crossed` (see `windows`), with
    lengths on both sides of each, and prefixes are not shared; nor are they without `share`. The bound is absolute: a
    model that is wrong in all its ways passes in none. Raises HornbookError where no way is right.
    """
    texts = texts_of(model, _lengths(model, crossed))
    ways = list(Way)
    if crossed or not share:
        ways.remove(Way.SHARED)
    if windows_of(model).original in crossed:  # a step of many rows would take the factors of the longest for all
        ways.remove(Way.OWN)
    failed = "it says other things when it reads a text token by token"
    with widened(model), _quiet():
        expected = plain(model, texts, OWN)
        for way in ways:
            try:
                if way is Way.GENERATE and not crossed:
                    texts = texts_of(model, _lengths(model, crossed, DRIFT))
                    expected = plain(model, texts, DRIFT)
                found = through(model, way, texts, len(expected[0]), beyond=bool(crossed))
            except Exception as error:  # whatever a model's own code makes of caches and attention it does not know
                failed = one_line(error)
                continue
            if same(model, found, expected, {Way.GENERATE: STRICT, Way.AFRESH: LAST}.get(way, BOUND)):
                return way
    raise HornbookError(f"{kind_of(model)}: such a model cannot be sampled from by the PyTorch engine: {failed}")


def can_share(model: PreTrainedModel) -> bool:
    """Whether rows can share the prefixes they start from, as long as no window is crossed."""
    return find_way(model) is Way.SHARED


@torch.inference_mode()
def scores_together(model: PreTrainedModel) -> bool:
    """Whether short texts may be padded to the length of longer ones in one forward pass.

    Raises HornbookError for models whose forward is not that of a causal language model.
    """
    texts = texts_of(model, _lengths(model, ()))
    longest = max(map(len, texts))
    padded_RT = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    with widened(model):
        expected = plain(model, texts, OWN)
        whole = [last_logits(model, torch.tensor([text]), OWN)[0].log_softmax(-1) for text in texts]
        if not same(model, whole, expected, LAST):
            raise HornbookError(
                f"{kind_of(model)}: what such a model says of a token hangs on the tokens after it; "
                "only causal language models can be sampled from and scored"
            )
        try:
            table_RTV = last_logits(model, padded_RT, longest).log_softmax(-1)
        except Exception:  # whatever a model's own code makes of padding
            return False
        found = [table_TV[len(text) - OWN : len(text)] for table_TV, text in zip(table_RTV, texts, strict=True)]
        return same(model, found, expected)


def same(model: PreTrainedModel, found: list[Tensor], expected: list[Tensor], bound: float = BOUND) -> bool:
    """Whether the likeliest tokens have the log-probabilities [N, V] that were expected, text by text."""
    for found_NV, expected_NV in zip(found, expected, strict=True):
        likeliest_NL = expected_NV.topk(min(LIKELIEST, expected_NV.shape[-1])).indices
        off_NL = found_NV.gather(-1, likeliest_NL) - expected_NV.gather(-1, likeliest_NL)
        exact = model.dtype.itemsize >= torch.float32.itemsize
        right = off_NL.abs().max() <= bound if exact else off_NL.square().mean().sqrt() <= ROUNDED
        if not bool(right):  # NaN is wrong too
            return False
    return True


def texts_of(model: PreTrainedModel, lengths: list[int]) -> list[list[int]]:
    """Texts of tokens out of the middle of the vocabulary: the first and the last ones are often special."""
    vocabulary, choose = vocabulary_size(model), rng(0, "probe")
    return [choose.integers(vocabulary // 4, max(1, vocabulary * 3 // 4), length).tolist() for length in lengths]


def plain(model: PreTrainedModel, texts: list[list[int]], last: int) -> list[Tensor]:
    """What the model says [last, V] after each of the last tokens of a text when it reads no more than up to there.

    Raises HornbookError where the model cannot read a text.
    """
    try:
        said = [
            [last_logits(model, torch.tensor([text[: len(text) - left]]), 1)[0] for left in reversed(range(last))]
            for text in texts
        ]
    except Exception as error:  # whatever a model's own code meets
        raise HornbookError(f"{kind_of(model)}: the model's own forward pass fails: {one_line(error)}") from error
    return [torch.cat(logits).log_softmax(-1) for logits in said]


def through(model: PreTrainedModel, way: Way, texts: list[list[int]], last: int, *, beyond: bool) -> list[Tensor]:
    """The same, computed in this way; `beyond` the reach of some layers. Rows compute OWN tokens, whatever `last`."""
    if way in (Way.SHARED, Way.OWN):
        with sharing(model) if way is Way.SHARED else nullcontext():
            return _by_rows(model, texts, shared=way is Way.SHARED, beyond=beyond)
    return [_by_generate(model, text, last, cached=way is Way.GENERATE) for text in texts]


@contextmanager
def widened(model: PreTrainedModel) -> Iterator[None]:
    """Let a model of a narrower precision compute in float32 for the time of the `with` block, if it is small enough.

    What is wrong shows there far below what rounding does in bfloat16. The weights come back as they were.
    """
    tensors = [*model.parameters(), *model.buffers()]
    narrow = [tensor for tensor in tensors if tensor.is_floating_point() and tensor.dtype.itemsize == 2]
    if sum(tensor.numel() for tensor in narrow) > WIDENED:
        narrow = []
    before = [tensor.data for tensor in narrow]
    for tensor in narrow:
        tensor.data = tensor.data.float()
    try:
        yield
    finally:
        for tensor, data in zip(narrow, before, strict=True):
            tensor.data = data


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers says nothing of what is tried and does not work."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _lengths(model: PreTrainedModel, crossed: tuple[int, ...], last: int = OWN) -> list[int]:
    """Of texts to try: within the reach of all layers, or near and on both sides of the edges that are crossed."""
    most = room_of(model) - 1
    if not crossed:
        most = min(most, windows_of(model).span)
    sides = {edge + more for edge in crossed for more in (-1, OWN - 1, max(16, edge // 4))}
    wanted = {*LENGTHS, 3 * last, *sides}
    return sorted({max(last + 1, min(length, most)) for length in wanted})


def _by_rows(model: PreTrainedModel, texts: list[list[int]], *, shared: bool, beyond: bool) -> list[Tensor]:
    heads = [tuple(text[:-OWN]) for text in texts]
    rows, columns = len(texts), round_up(max(map(len, heads)), PREFIX)
    layout = Plan(rows, OWN, rows, 1, columns) if shared else Plan(rows, columns + OWN, 0, 0, 0)
    windows = windows_of(model)
    cache = make_rows(layout, model.dtype, model.device, windows if beyond else None)
    for row, head in enumerate(heads):
        cache.reserve(row, head, len(head))
    cache.fill(PrefixCache(model, 0, min(room_of(model), windows.original or UNKNOWN)).provide(heads))
    said_NRV = []
    for number in range(OWN):
        cut_R = torch.tensor([len(head) for head in heads], device=model.device)
        own_R = torch.full_like(cut_R, number)
        options = cache.at(cut_R, own_R)
        token_R1 = torch.tensor([[text[number - OWN]] for text in texts], device=model.device)
        position_R1 = (cut_R + own_R)[:, None]
        output = model(token_R1, position_ids=position_R1, past_key_values=cache, use_cache=True, **options)
        said_NRV.append(output.logits[:, -1].float().log_softmax(-1))
    return list(torch.stack(said_NRV, 1))


def _by_generate(model: PreTrainedModel, text: list[int], last: int, *, cached: bool) -> Tensor:
    """Beside a text of the same length, as in a batch."""
    text_BT = torch.tensor([text, text[::-1]])
    start = len(text) - last + 1
    choose, met = forced(text_BT[:, start:])
    go_on(model, text_BT[:, :start], last, choose, lambda: len(met) == last, cached=cached)
    return torch.stack([said_BV[0] for said_BV in met])
