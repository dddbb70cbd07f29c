"""Find out how a model can be computed correctly, by comparison with plain forward passes."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.utils import logging

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.rng import rng
from hornbook.inference.attention_windows import UNKNOWN, context_length, windows_of
from hornbook.inference.forward import kind_of, last_logits, vocabulary_size
from hornbook.inference.generate import force_tokens, run_generate
from hornbook.inference.kv_cache import make_rows
from hornbook.inference.prefix_attention import prefix_sharing
from hornbook.inference.prefix_cache import PREFIX, CacheLayout, PrefixCache, round_up
from hornbook.inference.shared_scoring import lay_out, row_logits, row_states

LENGTHS = 7, 72  # tokens of the texts tried; the last is more than a chunk of a prefix
OWN = 3  # of them, those computed one by one
DRIFT = 12  # the same through `generate`, where the error of a state grows from token to token
BOUND = 1e-4  # nats, in float32
STRICT = 5e-5  # the same for states, whose error keeps growing
LAST = 1e-2  # the same for the last mode, which rereads the whole text: its error is either rounding or far larger
ROUNDED = 0.25  # nats, in a narrower precision, whose rounding error alone is about 0.1
WIDENED = 2_000_000_000  # weights: models of a narrower precision are tried in float32 up to this size
LIKELIEST = 1024  # tokens compared: rounding in the tail of a large vocabulary does not matter


class SamplingMode(Enum):
    """Ways to compute rollouts, the fastest first."""

    SHARED = "rows that share the prefixes they start from"
    COPIED = "rows with copies of their prefixes"
    GENERATE = "transformers' generate with its own cache"
    NO_CACHE = "transformers' generate without a cache"


@torch.inference_mode()
def bytes_per_token(model: PreTrainedModel) -> int:
    """Of keys and values of all layers."""
    text = tuple(random_texts(model, [min(LENGTHS)])[0])
    _, prefix = next(PrefixCache(model, 0, len(text)).provide([text]))
    return prefix.bytes // len(text)


@torch.inference_mode()
def find_mode(model: PreTrainedModel, crossed: tuple[int, ...] = (), *, share: bool = True) -> SamplingMode:
    """The fastest mode whose log-probabilities equal those of plain forward passes, one text at a time.

    Tried with long and short texts together; if texts cross the edges `crossed` (see `windows_of`), with lengths on
    both sides of each edge and without shared prefixes; without `share` prefixes are not shared in any case. The bound
    is absolute.
    Raises HornbookError where no mode is correct.
    """
    texts = random_texts(model, _lengths(model, crossed))
    modes = list(SamplingMode)
    if crossed or not share:
        modes.remove(SamplingMode.SHARED)
    if windows_of(model).original in crossed:  # a step of many rows would take the factors of the longest for all
        modes.remove(SamplingMode.COPIED)
    failed = "its results differ when it reads a text token by token"
    with in_float32(model), _quiet():
        expected = reference_logprobs(model, texts, OWN)
        for mode in modes:
            try:
                if mode is SamplingMode.GENERATE and not crossed:
                    texts = random_texts(model, _lengths(model, crossed, DRIFT))
                    expected = reference_logprobs(model, texts, DRIFT)
                found = logprobs_by_mode(model, mode, texts, len(expected[0]), beyond=bool(crossed))
            except Exception as error:  # a model's own code may raise anything for unknown caches and attention
                failed = one_line(error)
                continue
            if logprobs_agree(
                model, found, expected, {SamplingMode.GENERATE: STRICT, SamplingMode.NO_CACHE: LAST}.get(mode, BOUND)
            ):
                return mode
    raise HornbookError(f"{kind_of(model)}: such a model cannot be sampled from by the PyTorch engine: {failed}")


def can_share(model: PreTrainedModel) -> bool:
    """Whether rows can share prefixes, as long as no window is crossed."""
    return find_mode(model) is SamplingMode.SHARED


@torch.inference_mode()
def scores_together(model: PreTrainedModel) -> bool:
    """Whether short texts may be padded to the length of longer ones in one forward pass.

    Raises HornbookError for models that are not causal language models.
    """
    texts = random_texts(model, _lengths(model, ()))
    longest = max(map(len, texts))
    padded_RT = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    with in_float32(model):
        expected = reference_logprobs(model, texts, OWN)
        whole = [last_logits(model, torch.tensor([text]), OWN)[0].log_softmax(-1) for text in texts]
        if not logprobs_agree(model, whole, expected, LAST):
            raise HornbookError(
                f"{kind_of(model)}: this model's output for a token depends on the tokens after it; "
                "only causal language models can be sampled from and scored"
            )
        try:
            table_RTV = last_logits(model, padded_RT, longest).log_softmax(-1)
        except Exception:  # a model's own code may raise anything for padding
            return False
        found = [table_TV[len(text) - OWN : len(text)] for table_TV, text in zip(table_RTV, texts, strict=True)]
        return logprobs_agree(model, found, expected)


@torch.inference_mode()
def shares_beginnings(model: PreTrainedModel) -> bool:
    """Whether texts that begin alike may be scored in one row (`shared_scoring`).

    Not on GPUs, where one attention call for each text would be slower than padded rows.
    """
    if model.device.type != "cpu":
        return False
    long, *_, last = random_texts(model, [max(_lengths(model, ())), max(_lengths(model, ()))])
    middle = len(long) // 2
    texts = sorted([tuple(long), (*long[:middle], *last[middle:]), (*long[: middle // 2], *last[: len(long) - middle])])
    with in_float32(model):
        expected = reference_logprobs(model, [list(text) for text in texts], OWN)
        try:
            row = lay_out(texts)
            states_NC = row_states(model, row)
            ends = [torch.from_numpy(place[-OWN:]) for place in row.places]
            found = [next(row_logits(model, states_NC[end], OWN)).log_softmax(-1) for end in ends]
        except Exception:  # a model's own code may raise anything for unknown attention
            return False
    return logprobs_agree(model, found, expected)


def logprobs_agree(model: PreTrainedModel, found: list[Tensor], expected: list[Tensor], bound: float = BOUND) -> bool:
    """Whether the log-probabilities [N, V] of the most likely tokens are as expected, text by text."""
    for found_NV, expected_NV in zip(found, expected, strict=True):
        likeliest_NL = expected_NV.topk(min(LIKELIEST, expected_NV.shape[-1])).indices
        off_NL = found_NV.gather(-1, likeliest_NL) - expected_NV.gather(-1, likeliest_NL)
        exact = model.dtype.itemsize >= torch.float32.itemsize
        right = off_NL.abs().max() <= bound if exact else off_NL.square().mean().sqrt() <= ROUNDED
        if not bool(right):  # NaN is wrong too
            return False
    return True


def random_texts(model: PreTrainedModel, lengths: list[int]) -> list[list[int]]:
    """Texts of random tokens from the middle of the vocabulary: the first and last ones are often special."""
    vocabulary, choose = vocabulary_size(model), rng(0, "probe")
    return [choose.integers(vocabulary // 4, max(1, vocabulary * 3 // 4), length).tolist() for length in lengths]


def reference_logprobs(model: PreTrainedModel, texts: list[list[int]], last: int) -> list[Tensor]:
    """Log-probabilities [last, V] after each of the last tokens of a text, each from a forward pass that ends there.

    Raises HornbookError where the model's forward pass fails.
    """
    try:
        logits = [
            [last_logits(model, torch.tensor([text[: len(text) - left]]), 1)[0] for left in reversed(range(last))]
            for text in texts
        ]
    except Exception as error:  # a model's own code may raise anything
        raise HornbookError(f"{kind_of(model)}: the model's own forward pass fails: {one_line(error)}") from error
    return [torch.cat(steps).log_softmax(-1) for steps in logits]


def logprobs_by_mode(
    model: PreTrainedModel, mode: SamplingMode, texts: list[list[int]], last: int, *, beyond: bool
) -> list[Tensor]:
    """The same in this mode; `beyond`: some layers do not see the whole text. Rows compute OWN tokens, not `last`."""
    if mode in (SamplingMode.SHARED, SamplingMode.COPIED):
        with prefix_sharing(model) if mode is SamplingMode.SHARED else nullcontext():
            return _by_rows(model, texts, shared=mode is SamplingMode.SHARED, beyond=beyond)
    return [_by_generate(model, text, last, cached=mode is SamplingMode.GENERATE) for text in texts]


@contextmanager
def in_float32(model: PreTrainedModel) -> Iterator[None]:
    """Let a model of a narrower precision compute in float32 within the `with` block, if it is small enough.

    Errors far smaller than bfloat16's rounding then become visible. The weights are restored afterwards.
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
    """Hide transformers' warnings about modes that do not work."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _lengths(model: PreTrainedModel, crossed: tuple[int, ...], last: int = OWN) -> list[int]:
    """Lengths of texts to try: those that all layers see whole, or near and on both sides of the crossed edges."""
    most = context_length(model) - 1
    if not crossed:
        most = min(most, windows_of(model).span)
    sides = {edge + more for edge in crossed for more in (-1, OWN - 1, max(16, edge // 4))}
    wanted = {*LENGTHS, 3 * last, *sides}
    return sorted({max(last + 1, min(length, most)) for length in wanted})


def _by_rows(model: PreTrainedModel, texts: list[list[int]], *, shared: bool, beyond: bool) -> list[Tensor]:
    heads = [tuple(text[:-OWN]) for text in texts]
    rows, columns = len(texts), round_up(max(map(len, heads)), PREFIX)
    layout = CacheLayout(rows, OWN, rows, 1, columns) if shared else CacheLayout(rows, columns + OWN, 0, 0, 0)
    windows = windows_of(model)
    cache = make_rows(layout, model.dtype, model.device, windows if beyond else None)
    for row, head in enumerate(heads):
        cache.reserve(row, head, len(head))
    cache.fill(PrefixCache(model, 0, min(context_length(model), windows.original or UNKNOWN)).provide(heads))
    logprobs_NRV = []
    for number in range(OWN):
        cut_R = torch.tensor([len(head) for head in heads], device=model.device)
        own_R = torch.full_like(cut_R, number)
        options = cache.at(cut_R, own_R)
        token_R1 = torch.tensor([[text[number - OWN]] for text in texts], device=model.device)
        position_R1 = (cut_R + own_R)[:, None]
        output = model(token_R1, position_ids=position_R1, past_key_values=cache, use_cache=True, **options)
        logprobs_NRV.append(output.logits[:, -1].float().log_softmax(-1))
    return list(torch.stack(logprobs_NRV, 1))


def _by_generate(model: PreTrainedModel, text: list[int], last: int, *, cached: bool) -> Tensor:
    """Together with another text of the same length, as in a batch."""
    text_BT = torch.tensor([text, text[::-1]])
    start = len(text) - last + 1
    choose, met = force_tokens(text_BT[:, start:])
    run_generate(model, text_BT[:, :start], last, choose, lambda: len(met) == last, cached=cached)
    return torch.stack([logprobs_BV[0] for logprobs_BV in met])
