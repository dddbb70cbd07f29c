"""Rollouts that are told token by token are those that the engine samples, whoever else is answered meanwhile."""

import random

import pytest
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.inference.settings import Sampling
from hornbook.inference.streaming import SampledToken, StreamingBatch, StreamRequest
from hornbook.inference.torch_engine import Request, TorchEngine
from tests.inference.tiny import random_model, tiny_model, tiny_tokenizer

torch.set_num_threads(1)
MODEL = tiny_model()
TOKENIZER = tiny_tokenizer()
SAMPLINGS = [
    Sampling(max_new_tokens=25),
    Sampling(temperature=0.7, top_p=0.8, max_new_tokens=60),
    Sampling(temperature=0, max_new_tokens=9),
]


def batch(model: PreTrainedModel = MODEL, rows: int = 5, cache_gb: float = 1.0) -> StreamingBatch:
    return StreamingBatch(TorchEngine(model, TOKENIZER, cache_gb=cache_gb), rows)


def some_texts(count: int) -> list[list[int]]:
    choose = random.Random(count)
    return [[choose.randrange(4, 70) for _ in range(choose.randrange(1, 40))] for _ in range(count)]


class Heard:
    """What one rollout was told; `enough` ends it."""

    def __init__(self, enough: int = 1000) -> None:
        self.told: list[SampledToken] = []
        self.enough = enough

    def __call__(self, told: SampledToken) -> bool:
        self.told.append(told)
        return len(self.told) < self.enough

    @property
    def tokens(self) -> list[int]:
        return [told.token for told in self.told]


def run(live: StreamingBatch) -> None:
    while live.busy:
        live.step()


@pytest.mark.parametrize("kind", ["phi3", "gpt2", "mamba"])
def test_they_are_what_the_engine_samples(kind: str) -> None:
    model = random_model(kind)
    texts = some_texts(12)
    together, heard = batch(model), [Heard() for _ in texts]
    for number, text in enumerate(texts):
        together.add(StreamRequest(text, SAMPLINGS[number % 3], heard[number], seed=7, key=f"r{number}"))
        together.step()  # the next one comes while these are under way
    run(together)
    for number, text in enumerate(texts):
        engine = TorchEngine(model, TOKENIZER, seed=7)
        (expected,) = engine.sample([Request(text, f"r{number}")], SAMPLINGS[number % 3])
        assert heard[number].tokens == expected.tokens
        assert [told.finish for told in heard[number].told][-1] == expected.finish


def test_probabilities_are_those_of_a_plain_forward() -> None:
    texts = some_texts(6)
    together, heard = batch(), [Heard() for _ in texts]
    for text, ear in zip(texts, heard, strict=True):
        together.add(StreamRequest(text, Sampling(temperature=0.5, top_p=0.9, max_new_tokens=20), ear, top=4))
    run(together)
    for text, ear in zip(texts, heard, strict=True):
        with torch.no_grad():
            said = MODEL(torch.tensor([text + ear.tokens])).logits[0, len(text) - 1 : -1].log_softmax(-1)
        for told, row in zip(ear.told, said, strict=True):
            assert told.logprob == pytest.approx(float(row[told.token]), abs=1e-4)
            assert [pair[1] for pair in told.top] == pytest.approx(row.topk(4).values.tolist(), abs=1e-4)


def test_a_rollout_that_nobody_wants_leaves_the_others_alone() -> None:
    (one, other), alone = some_texts(2), Heard()
    single = batch()
    single.add(StreamRequest(one, SAMPLINGS[0], alone, seed=3))
    run(single)
    together, heard, left = batch(), Heard(), Heard(enough=2)
    together.add(StreamRequest(other, SAMPLINGS[1], left, seed=4))
    together.add(StreamRequest(one, SAMPLINGS[0], heard, seed=3))
    run(together)
    assert len(left.told) == 2 and heard.tokens == alone.tokens


def test_a_small_cache_lets_some_wait() -> None:
    texts = [text[:20] for text in some_texts(9)]
    live = batch()
    live.tokens = 2 * 256  # two rows
    heard = [Heard() for _ in texts]
    for text, ear in zip(texts, heard, strict=True):
        live.add(StreamRequest(text, SAMPLINGS[0], ear))
    while live.busy:
        live.step()
        assert sum(map(bool, live.rows)) <= 2
    assert all(ear.told[-1].finish for ear in heard)


def test_what_cannot_be_answered_is_refused() -> None:
    live = batch()
    with pytest.raises(HornbookError, match="no room in the model's context of 96"):
        live.add(StreamRequest([5] * 96, Sampling(), Heard()))
    with pytest.raises(HornbookError, match="empty prefix"):
        live.add(StreamRequest([], Sampling(), Heard()))
    live.tokens = 100
    with pytest.raises(HornbookError, match="do not fit the cache"):
        live.add(StreamRequest([5], Sampling(), Heard()))
