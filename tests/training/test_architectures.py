"""Training on packed texts and on trees says what plain passes over each text alone say, whatever the architecture.

Texts are shorter and longer than the windows, chunks and original contexts of `tests.architectures`.
"""

from collections.abc import Iterator

import pytest
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.base.records import Pair
from hornbook.model.packed_attention import packed
from hornbook.model.packing_check import BOUND, check_packing
from hornbook.model.row_layout import RowLayout
from hornbook.training.dpo_data import group_pairs, pair_batch
from hornbook.training.dpo_loss import Dpo, log_ratios
from hornbook.training.lm import NextToken, TrainingText, lm_batch
from tests.architectures import ARCHITECTURES, ORIGINAL, WINDOW, make

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")
OF_GRADIENT = 1e-4  # how far it may be off, beside its length: rounding alone makes 2e-5 in delta rules
FAST = [  # one of each kind: usual, window, caps, sinks, scaled logits, rotary factors, no registry, composite, states
    "llama",
    "mistral with a window",
    "gemma2",
    "gpt_oss",
    "granite",
    "phi3 with longrope",
    "gptj",
    "gemma3",
    "mamba",
]
PACKED = [  # what is common must be fast: texts in a row, replies in trees
    "llama",
    "mistral with a window",
    "gemma2",
    "gemma3_text",
    "gpt_oss",
    "granite",
    "cohere2",
    "qwen2 with a window",
    "phi3",
    "phi3 with a window",
    "deepseek_v3",
]
LENGTHS = [WINDOW + 30, 12, WINDOW, ORIGINAL + 1, WINDOW - 1, 3, ORIGINAL, 12]
PAIRS = [  # lengths of prompt, chosen and rejected side; those with equal prompts share one
    (12, 6, 2),
    (12, 1, 4),
    (9, 1, 1),
    (12, 1, 1),
    (WINDOW - 3, 8, 1),
    (WINDOW + 20, 3, 7),
    (ORIGINAL - 4, 5, 4),
    (ORIGINAL, 1, 1),
    (1, 2, 1),
]


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Models this small are slower with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def text(length: int, seed: int = 0) -> list[int]:
    return torch.randint(4, 80, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


def pairs() -> list[Pair]:
    sides = [(text(p), text(chosen, p + 1), text(rejected, p + 2)) for p, chosen, rejected in PAIRS]
    return [
        Pair(id=str(i), kind="k", prompt_tokens=prompt, chosen_tokens=chosen, rejected_tokens=rejected)
        for i, (prompt, chosen, rejected) in enumerate(sides)
    ]


def plain(model: PreTrainedModel, tokens: list[int]) -> torch.Tensor:
    """log p of each token but the first."""
    log_p = model(torch.tensor([tokens]), use_cache=False).logits[0, :-1].log_softmax(-1)
    return log_p.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]


def planned(name: str) -> tuple[PreTrainedModel, RowLayout]:
    model = make(name)
    return model, check_packing(model)


def check_sft(model: PreTrainedModel) -> None:
    documents = [text(length, length + seed) for seed, length in enumerate(LENGTHS)]
    targets = sum(map(len, documents)) - len(documents)
    losses, gradients = [], []
    for alone in (False, True):
        model.zero_grad()
        if alone:
            loss = -sum(plain(model, document).sum() for document in documents) / targets
            loss.backward()
        else:
            with packed(model):
                loss = (
                    NextToken()(model, lm_batch([TrainingText(document) for document in documents], CPU)).total
                    / targets
                )
                loss.backward()
        losses.append(loss.item())
        gradients.append({n: w.grad.clone() for n, w in model.named_parameters() if w.grad is not None})
    assert losses[0] == pytest.approx(losses[1], abs=BOUND)
    assert gradients[0].keys() == gradients[1].keys()
    packed_W, plain_W = (torch.cat([gradient.flatten() for gradient in found.values()]) for found in gradients)
    assert (packed_W - plain_W).norm() <= OF_GRADIENT * plain_W.norm()


@torch.no_grad()
def check_dpo(model: PreTrainedModel, plan: RowLayout) -> None:
    made = pairs()
    wanted = [
        sum(sign * plain(model, [*p.prompt_tokens, *side])[len(p.prompt_tokens) - 1 :].sum() for sign, side in sides)
        for p in made
        for sides in [((1, p.chosen_tokens), (-1, p.rejected_tokens))]
    ]
    batch = pair_batch(group_pairs(made, plan), made, CPU)
    with packed(model):
        got = log_ratios(model, batch, False)
        loss = Dpo(torch.zeros(len(made)), 0.1, 0.0, False)(model, batch).total / len(made)
    wanted_P = torch.stack([wanted[index] for index in batch.pairs])
    torch.testing.assert_close(got, wanted_P, atol=1e-4, rtol=1e-5)  # sums over tokens of as many nats
    assert loss.item() == pytest.approx(-(0.1 * wanted_P).sigmoid().log().mean().item(), abs=BOUND)


@pytest.mark.parametrize("name", FAST)
def test_a_model_learns_the_same_as_from_texts_alone(name: str) -> None:
    model, plan = planned(name)
    check_sft(model)
    check_dpo(model, plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in {*FAST, "bert"}])
def test_so_does_every_other_one(name: str) -> None:
    model, plan = planned(name)
    check_sft(model)
    check_dpo(model, plan)


@pytest.mark.parametrize("name", PACKED)
def test_common_models_are_packed(name: str) -> None:
    assert planned(name)[1][:2] == ("packed", True)


@pytest.mark.parametrize("name", ["llama", "gemma2", "bloom"])
def test_the_check_is_made_in_bfloat16_too(name: str) -> None:
    model = make(name)
    assert check_packing(model, half=True) == check_packing(model)
    model.bfloat16()
    assert check_packing(model, half=True).rows == ("padded" if name == "bloom" else "packed")


class Broken(torch.nn.Module):
    """An output matrix whose every call says something else."""

    def __init__(self, matrix: torch.nn.Linear) -> None:
        super().__init__()
        self.matrix, self.calls, self.weight = matrix, 0, matrix.weight

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.matrix(hidden).roll(self.calls, -1)


def test_what_is_no_language_model_is_one_line() -> None:
    with pytest.raises(HornbookError, match=r"^bert: cannot be trained: .* tokens after it$"):
        planned("bert")


def test_what_cannot_be_right_is_one_line() -> None:
    fickle = make("llama")
    fickle.lm_head = Broken(fickle.lm_head)
    two_sided = make("llama")
    for layer in two_sided.model.layers:
        layer.register_forward_hook(lambda _, __, out: out + out.flip(1))
    blocked = make("llama")
    blocked.model.norm.register_forward_hook(lambda _, __, out: out.detach())
    for model, reason in ((fickle, "."), (two_sided, "tokens after it"), (blocked, "no gradient")):
        with pytest.raises(HornbookError, match=f"^llama: cannot be trained: .*{reason}") as raised:
            check_packing(model)
        assert "\n" not in str(raised.value)
