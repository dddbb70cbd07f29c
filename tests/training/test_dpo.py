"""Preference pairs: the arithmetic against plain models, grouping, and the stage."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import logsigmoid

from hornbook.base.errors import HornbookError
from hornbook.base.records import Pair
from hornbook.base.workspace import Workspace
from hornbook.model.build import build_model
from hornbook.model.load_save import load_model
from hornbook.model.packed_attention import packed
from hornbook.tokenizer.chat import load_tokenizer
from hornbook.training.dpo import dpo
from hornbook.training.dpo_data import group_pairs, pair_batch
from hornbook.training.dpo_loss import Dpo, log_ratios
from hornbook.training.settings import DpoSettings
from tests.training.conftest import CONTEXT, write_lines
from tests.training.run_fixtures import TINY

CPU = torch.device("cpu")
FAST = {"threads": 1, "dtype": "float32"}
tokens = st.integers(0, 3)  # few, so that prompts often begin one another


@st.composite
def pairs(draw) -> list[Pair]:
    made = []
    for number in range(draw(st.integers(1, 8))):
        prompt = draw(st.lists(tokens, min_size=1, max_size=6))
        sizes = (1, 1) if draw(st.booleans()) else (1, 5)
        chosen, rejected = (draw(st.lists(tokens, min_size=sizes[0], max_size=sizes[1])) for _ in range(2))
        made.append(
            Pair(id=f"p{number}", kind="k", prompt_tokens=prompt, chosen_tokens=chosen, rejected_tokens=rejected)
        )
    return made


def plain_log_probability(model, prompt: list[int], reply: list[int]) -> float:
    with torch.no_grad():
        log_p = model(torch.tensor([prompt + reply])).logits[0].log_softmax(-1)
    return sum(log_p[len(prompt) - 1 + i, token].item() for i, token in enumerate(reply))


@settings(max_examples=10, deadline=None)
@given(pairs(), st.booleans())
def test_log_ratios_are_those_of_whole_vocabulary_softmaxes(tokenizer, made: list[Pair], normalise: bool) -> None:
    model = build_model(TINY, tokenizer, CONTEXT, seed=1)
    with torch.no_grad():
        model.lm_head.weight.mul_(20)  # so that a wrong position or sign would show
    batch = pair_batch(group_pairs(made), made, CPU)
    with torch.no_grad(), packed(model):
        got = dict(zip(batch.pairs, log_ratios(model, batch, normalise).tolist(), strict=True))
    assert sorted(got) == list(range(len(made)))
    for index, pair in enumerate(made):
        chosen, rejected = (
            plain_log_probability(model, pair.prompt_tokens, side) / (len(side) if normalise else 1)
            for side in (pair.chosen_tokens, pair.rejected_tokens)
        )
        assert got[index] == pytest.approx(chosen - rejected, abs=1e-3)


@given(pairs())
def test_single_token_pairs_share_the_longest_document_that_continues_them(made: list[Pair]) -> None:
    groups = group_pairs(made)
    assert sorted(index for group in groups for index in group.pairs) == list(range(len(made)))
    single = [group for group in groups if group.single]
    for group in single:
        for index in group.pairs:
            prompt = made[index].prompt_tokens
            assert group.tree.prefix[: len(prompt)] == prompt
    documents = [group.tree.prefix for group in single]
    for one in documents:  # nothing is computed twice
        assert not any(other is not one and other[: len(one)] == one for other in documents)


def test_the_loss_is_dpos(tokenizer) -> None:
    made = [
        Pair(id="a", kind="k", prompt_tokens=[5, 6], chosen_tokens=[7], rejected_tokens=[8]),
        Pair(id="b", kind="k", prompt_tokens=[5], chosen_tokens=[7, 9], rejected_tokens=[8, 3, 2]),
    ]
    model = build_model(TINY, tokenizer, CONTEXT, seed=1)
    policy = [
        plain_log_probability(model, pair.prompt_tokens, pair.chosen_tokens)
        - plain_log_probability(model, pair.prompt_tokens, pair.rejected_tokens)
        for pair in made
    ]
    reference = torch.tensor([0.3, -0.8])
    margin = 0.2 * (torch.tensor(policy) - reference)
    expected = (-0.9 * logsigmoid(margin) - 0.1 * logsigmoid(-margin)).sum().item()
    with packed(model):
        loss = Dpo(reference, 0.2, 0.1, False)(model, pair_batch(group_pairs(made), made, CPU))
    assert loss.total.item() == pytest.approx(expected, abs=1e-5)
    assert loss.figures[0].item() == pytest.approx(margin.sum().item(), abs=1e-5)
    assert loss.figures[1].item() == (margin > 0).sum().item()


def some_pairs(count: int, kind: str = "pivotal", **fields) -> list[Pair]:
    trajectory = [(7 * i) % 290 + 4 for i in range(count + 3)]
    return [
        Pair(
            id=f"{kind}-{i}",
            kind=kind,
            prompt_tokens=trajectory[: i % 20 + 3],
            chosen_tokens=[10 + i % 50],
            rejected_tokens=[100 + i % 50],
            **fields,
        )
        for i in range(count)
    ]


def test_the_model_learns_to_prefer_and_the_notes_show_it(model_folder, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "pairs.jsonl", [*some_pairs(40), *some_pairs(40, "refusal")])
    work = Workspace(tmp_path / "out", seed=2)
    chosen = DpoSettings(batch_pairs=24, microbatch_tokens=64, epochs=8, learning_rate=3e-3, **FAST)
    dpo(chosen, work, model=model_folder, pairs=[file])
    assert work.notes["kinds"] == {"pivotal": 40, "refusal": 2}  # at most 5 %
    assert work.notes["refusal_share"] == pytest.approx(2 / 42)
    assert work.notes["forward_passes"]["trees"] == 1
    assert work.notes["accuracy_curve"][-1][1] > 0.9
    assert work.notes["margin_curve"][-1][1] > work.notes["margin_curve"][0][1] + 0.05
    before, after = load_model(model_folder), load_model(tmp_path / "out")
    pair = some_pairs(40)[11]
    preference = [
        plain_log_probability(model, pair.prompt_tokens, pair.chosen_tokens)
        - plain_log_probability(model, pair.prompt_tokens, pair.rejected_tokens)
        for model in (before, after)
    ]
    assert preference[1] > preference[0] + 1
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_whole_replies_learn_their_end_and_beginnings_do_not(model_folder, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(model_folder)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    after: dict[bool, float] = {}
    for ends in (True, False):
        pair = Pair(id="x", kind="k", prompt_tokens=[5, 6], chosen_tokens=[7, 8], rejected_tokens=[9, 8, 8], ends=ends)
        out = tmp_path / str(ends)
        file = write_lines(tmp_path / f"{ends}.jsonl", [pair])
        chosen = DpoSettings(epochs=20, learning_rate=1e-3, **FAST)
        dpo(chosen, Workspace(out, seed=1), model=model_folder, pairs=[file])
        after[ends] = plain_log_probability(load_model(out), [5, 6, 7, 8], [end])
    untrained = plain_log_probability(load_model(model_folder), [5, 6, 7, 8], [end])
    assert after[True] > untrained + 0.5
    assert after[True] > after[False] + 0.5


def test_bad_pairs_are_set_aside_with_their_reason(model_folder, tmp_path: Path) -> None:
    def pair(id: str, prompt: list[int], chosen: list[int], rejected: list[int], ends: bool = False) -> Pair:
        return Pair(id=id, kind="k", prompt_tokens=prompt, chosen_tokens=chosen, rejected_tokens=rejected, ends=ends)

    bad = [
        pair("equal", [1], [2], [2]),
        pair("outside", [1], [2], [300]),
        pair("negative", [-1], [2], [3]),
        pair("long", [1] * (CONTEXT - 1), [2], [3], ends=True),
        pair("empty", [], [2], [3]),
    ]
    file = write_lines(tmp_path / "pairs.jsonl", [*bad, pair("fits", [1] * (CONTEXT - 1), [2], [3])])
    work = Workspace(tmp_path / "out")
    dpo(DpoSettings(**FAST), work, model=model_folder, pairs=[file])
    work.close()
    assert work.notes["kinds"] == {"k": 1}
    rejects = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    assert {row["where"]: row["reason"].split(":")[0] for row in rejects} == {
        "equal": "both sides are equal",
        "outside": "ids outside the vocabulary",
        "negative": "ids outside the vocabulary",
        "long": "longer than the context",
        "empty": "empty prompt or side",
    }
    file = write_lines(tmp_path / "bad.jsonl", bad)
    with pytest.raises(HornbookError, match="no pair to train on among 5"):
        dpo(DpoSettings(**FAST), Workspace(tmp_path / "none"), model=model_folder, pairs=[file])
