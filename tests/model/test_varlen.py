"""FlashAttention for documents of different lengths: when it is asked, and with what. No GPU: never run on one."""

import pytest
import torch

from hornbook.model import packed_attention as attention
from hornbook.model.packed_attention import packed_attention

LENGTHS = [5, 3, 4]


class OnGpu(torch.Tensor):
    """A tensor in main memory that says otherwise, as do those made of it."""

    is_cuda = True


class Asked:
    """In place of PyTorch's function: notes what it is given, and gives an output of the right shape."""

    def __call__(self, q, k, v, begins, ends, longest, _, **options):
        self.dtypes, self.longest, self.options = (q.dtype, k.dtype, v.dtype), longest, options
        return torch.empty_like(q)


@pytest.fixture
def asked(monkeypatch) -> Asked:
    """The function of a GPU that has it, called with tensors that are on a GPU by name alone."""
    stub = Asked()
    monkeypatch.setattr(attention, "varlen_attn", stub)
    monkeypatch.setattr(attention, "VARLEN", True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    return stub


def attend(query_dtype: torch.dtype, **options: object) -> torch.Tensor:
    """Attention as under autocast: rotary embeddings leave queries and keys in `query_dtype`, values are bfloat16."""
    tokens = sum(LENGTHS)
    q, k = (torch.ones(1, heads, tokens, 16, dtype=query_dtype).as_subclass(OnGpu) for heads in (4, 2))
    v = torch.ones(1, 2, tokens, 16, dtype=torch.bfloat16).as_subclass(OnGpu)
    return packed_attention(torch.nn.Identity(), q, k, v, None, document_lengths=LENGTHS, **options)[0]


@pytest.mark.parametrize("query_dtype", [torch.float32, torch.bfloat16])
def test_it_is_asked_under_autocast_too(asked: Asked, query_dtype: torch.dtype) -> None:
    output = attend(query_dtype, scaling=0.3)
    assert asked.dtypes == (torch.bfloat16,) * 3
    assert asked.longest == 5
    assert asked.options == {"scale": 0.3, "window_size": (-1, 0), "enable_gqa": True}
    assert output.shape == (1, sum(LENGTHS), 4, 16)
    assert output.dtype == torch.bfloat16


def test_a_window_counts_the_token_itself(asked: Asked) -> None:
    attend(torch.float32, sliding_window=4)
    assert asked.options["window_size"] == (3, 0)


@pytest.mark.parametrize("option", [{"softcap": 30.0}, {"dropout": 0.1}, {"s_aux": torch.zeros(4)}])
def test_it_is_not_asked_for_what_it_does_not_know(asked: Asked, option: dict[str, object]) -> None:
    attend(torch.float32, **option)
    assert not hasattr(asked, "dtypes")


def test_on_a_cpu_mixed_precisions_give_what_the_values_precision_gives() -> None:
    draw = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(1, heads, sum(LENGTHS), 16, generator=draw).bfloat16() for heads in (4, 2, 2))
    module = torch.nn.Identity()
    mixed = packed_attention(module, q.float(), k.float(), v, None, document_lengths=LENGTHS)[0]
    assert torch.equal(mixed, packed_attention(module, q, k, v, None, document_lengths=LENGTHS)[0])
