"""The losses are TRL's: recorded by `trl_losses`, to 1e-5 for each pair, whatever shares a forward pass with it."""

import json

import pytest
import torch

from hornbook.base.records import Pair
from hornbook.model.packed_attention import packed
from hornbook.training.dpo_data import group_pairs, pair_batch
from hornbook.training.dpo_loss import Dpo, dpo_losses, log_ratios
from tests.training.trl_losses import FIXTURE, example_pairs, formula_model

SMOOTHING = 0.1


@pytest.fixture(scope="module")
def recorded() -> dict:
    return json.loads(FIXTURE.read_text())


def margins(beta: float, normalise: bool) -> torch.Tensor:
    pairs = [
        Pair(
            id=str(number),
            kind="k",
            prompt_tokens=row["prompt_ids"],
            chosen_tokens=row["chosen_ids"],
            rejected_tokens=row["rejected_ids"],
        )
        for number, row in enumerate(example_pairs())
    ]
    batch = pair_batch(group_pairs(pairs), pairs, torch.device("cpu"))
    assert len(batch.trees.parts) == 6  # of seven pairs, two share a prompt and a reply
    found_P = torch.zeros(len(pairs))
    policy, reference = formula_model(0.0), formula_model(0.3)
    with torch.no_grad(), packed(policy), packed(reference):
        ratios = (log_ratios(model, batch, normalise) for model in (policy, reference))
        found_P[batch.pairs] = beta * (next(ratios) - next(ratios))
    return found_P


def test_sigmoid_loss(recorded: dict) -> None:
    losses_P = dpo_losses(margins(recorded["beta"], False), 0.0)
    assert losses_P.tolist() == pytest.approx(recorded["losses"]["sigmoid"], abs=1e-5)


def test_loss_normalised_by_length(recorded: dict) -> None:
    losses_P = dpo_losses(margins(recorded["beta"], True), 0.0)
    assert losses_P.tolist() == pytest.approx(recorded["losses"]["sigmoid_norm"], abs=1e-5)


def test_label_smoothing_mixes_the_losses_of_the_pair_and_of_the_pair_turned_round(recorded: dict) -> None:
    straight, turned = (torch.tensor(recorded["losses"][name]) for name in ("sigmoid", "sigmoid_turned"))
    losses_P = dpo_losses(margins(recorded["beta"], False), SMOOTHING)
    assert losses_P.tolist() == pytest.approx(((1 - SMOOTHING) * straight + SMOOTHING * turned).tolist(), abs=1e-5)


def test_the_objective_sums_these_losses(recorded: dict) -> None:
    row = example_pairs()[3]
    pair = Pair(
        id="a",
        kind="k",
        prompt_tokens=row["prompt_ids"],
        chosen_tokens=row["chosen_ids"],
        rejected_tokens=row["rejected_ids"],
    )
    batch = pair_batch(group_pairs([pair, pair]), [pair, pair], torch.device("cpu"))
    policy, reference = formula_model(0.0), formula_model(0.3)
    with torch.no_grad(), packed(policy), packed(reference):
        loss = Dpo(log_ratios(reference, batch, False), recorded["beta"], 0.0, False)(policy, batch)
    assert loss.total.item() == pytest.approx(2 * recorded["losses"]["sigmoid"][3], abs=1e-5)
