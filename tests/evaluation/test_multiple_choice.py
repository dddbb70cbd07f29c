from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.evaluation.answered_benchmarks import pose_items
from hornbook.evaluation.multiple_choice import PROMPT, answer_items, choose_items, encode_choice
from hornbook.inference.settings import BackendSettings
from hornbook.inference.torch_engine import TorchEngine
from hornbook.oracles.score import is_right
from hornbook.preference.generate import Encoder, Respondent, open_respondent
from hornbook.tokenizer.chat import load_tokenizer

ITEMS = [
    BenchmarkItem(
        id=f"toy/{n}",
        benchmark="toy",
        split="test",
        question=f"Which of {n}?",
        choices=["a", "two words", "ccc"],
        answer_index=0,
    )
    for n in range(5)
]


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Iterator[Respondent]:
    encoder = Encoder(load_tokenizer(tiny_model), "plain")
    with open_respondent(tiny_model, encoder, BackendSettings(dtype="float32"), seed=0) as respondent:
        yield respondent


def by_hand(model: Respondent, item: BenchmarkItem, normalise: str) -> str:
    """One forward pass per choice, without padding."""
    values = []
    assert isinstance(model.engine, TorchEngine)
    for choice in item.choices:
        prefix, continuation = encode_choice(model.encoder, item.question, choice)
        with torch.inference_mode():
            logits = model.engine.model(torch.tensor([prefix + continuation])).logits[0].log_softmax(-1)
        steps = range(len(prefix) - 1, len(prefix) + len(continuation) - 1)
        total = sum(float(logits[step, token]) for step, token in zip(steps, continuation, strict=True))
        values.append(total / {"none": 1, "token": len(continuation), "character": len(choice)}[normalise])
    return item.choices[values.index(max(values))]


@pytest.mark.parametrize("normalise", ["none", "token", "character"])
def test_picks_are_those_of_one_forward_pass_per_choice(model: Respondent, tmp_path: Path, normalise: str) -> None:
    answers = answer_items(ITEMS, model, normalise, Workspace(tmp_path))
    assert [answer.completion for answer in answers] == [by_hand(model, item, normalise) for item in ITEMS]
    assert [answer.value for answer in answers] == [float(answer.completion == "a") for answer in answers]
    assert {answer.score for answer in answers} == {"benchmark:toy"}


def test_normalisation_matters(model: Respondent, tmp_path: Path) -> None:
    long = BenchmarkItem(id="x", benchmark="toy", split="test", question="?", choices=["b", "b" * 60], answer_index=0)
    raw, each = (answer_items([long], model, how, Workspace(tmp_path))[0].completion for how in ("none", "character"))
    assert raw == "b"  # more tokens can only be less likely
    assert each in long.choices


def test_prompt_and_choice_make_up_the_whole_text(model: Respondent) -> None:
    prefix, choice = encode_choice(model.encoder, " What? ", "that one ")
    assert model.encoder.tokenizer.decode(prefix + choice) == PROMPT.format(question="What?") + " that one"
    assert model.encoder.tokenizer.decode(choice) == " that one"


def test_an_item_longer_than_the_context_is_set_aside(model: Respondent, tmp_path: Path) -> None:
    long = BenchmarkItem(
        id="long", benchmark="toy", split="test", question="x" * 999, choices=["a", "b"], answer_index=0
    )
    work = Workspace(tmp_path)
    assert len(answer_items([long, ITEMS[0]], model, "character", work)) == 1
    assert work.rejected == {"longer than the model's context": 1}


def test_real_items_are_chosen_by_the_seed_alone() -> None:
    first, again, other = (choose_items("sciq", 20, seed) for seed in (0, 0, 1))
    assert first == again != other
    assert len({item.id for item in first}) == 20


def test_a_benchmark_without_choices_or_unknown_is_one_clear_line() -> None:
    with pytest.raises(HornbookError, match="have no choices"):
        choose_items("gsm8k", 5, 0)
    with pytest.raises(HornbookError, match="did you mean 'piqa'"):
        choose_items("pika", 5, 0)


def test_gsm8k_is_asked_as_questions_that_the_number_decides() -> None:
    first, again, other = (pose_items("gsm8k", 5, seed) for seed in (0, 0, 1))
    assert first == again != other
    assert {(question.task, question.oracle) for question in first} == {("benchmark:gsm8k", "number")}
    assert all(is_right(question, f"So it is {question.answer}.") for question in first)
    assert not any(is_right(question, "Answer: -1") for question in first)
