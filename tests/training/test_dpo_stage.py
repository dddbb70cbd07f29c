"""What a user relies on when DPO is killed, has long pairs, several processes, adapters, or first tokens only."""

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from hornbook.base.precision import VARIABLE
from hornbook.base.records import Pair
from hornbook.base.workspace import Workspace
from hornbook.model.load_save import load_model
from hornbook.model.prefix_tree import Tree
from hornbook.model.settings import LoraSettings
from hornbook.tokenizer.chat import load_tokenizer
from hornbook.training import dpo as stage
from hornbook.training import dpo_reference as reference
from hornbook.training import losses as likelihood
from hornbook.training.dpo_data import PairGroup, balance_by_tokens
from hornbook.training.settings import DpoSettings
from tests.training.conftest import CONTEXT, write_lines

FAST = {"threads": 1, "dtype": "float32", "learning_rate": 1e-3}


def pair(id: str, prompt: list[int], chosen: list[int], rejected: list[int], ends: bool = False) -> Pair:
    return Pair(id=id, kind="k", prompt_tokens=prompt, chosen_tokens=chosen, rejected_tokens=rejected, ends=ends)


def mixed_pairs(count: int) -> list[Pair]:
    made = []
    for i in range(count):
        prompt = [(5 * i + j) % 290 for j in range(4 + i % 9)]
        sides = ([10 + i], [90 + i]) if i % 2 else ([10 + i, 7, 8], [90 + i, 9])
        made.append(pair(f"p{i}", prompt, *sides, ends=i % 4 == 0))
    return made


class Killed(Exception):
    pass


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_killed_among_the_reference_terms_it_computes_only_the_rest(
    model_folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr(reference, "PAIRS_IN_A_PART", 4)
    file = write_lines(tmp_path / "pairs.jsonl", mixed_pairs(20))
    settings = DpoSettings(batch_pairs=4, **{**FAST, "dtype": precision})
    stage.dpo(settings, Workspace(tmp_path / "whole", seed=3), model=model_folder, pairs=[file])
    write_part, written = reference._write_part, []

    def at_most_two(part: Path, *rest: object) -> None:
        if len(written) == 2:
            raise Killed
        write_part(part, *rest)
        written.append(part.name)

    monkeypatch.setattr(reference, "_write_part", at_most_two)
    for _ in range(2):
        with pytest.raises(Killed):
            stage.dpo(settings, Workspace(tmp_path / "out", seed=3), model=model_folder, pairs=[file])
        assert len(written) == 2
        assert len(list((tmp_path / "out" / "checkpoints" / "reference").iterdir())) == 2
    monkeypatch.setattr(
        reference, "_write_part", lambda part, *rest: (write_part(part, *rest), written.append(part.name))
    )
    stage.dpo(settings, Workspace(tmp_path / "out", seed=3), model=model_folder, pairs=[file])
    assert len(written) == len(set(written)) > 3
    for name in ("model/model.safetensors", "metrics.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_first_margins_are_nothing_in_either_precision(model_folder, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "pairs.jsonl", mixed_pairs(12))
    for dtype, tolerance in (("float32", 1e-6), ("bfloat16", 1e-2)):
        work = Workspace(tmp_path / dtype, seed=3)
        stage.dpo(DpoSettings(**{**FAST, "dtype": dtype}), work, model=model_folder, pairs=[file])
        first = json.loads((tmp_path / dtype / "metrics.jsonl").read_text().splitlines()[0])
        assert abs(first["margin"]) < tolerance
        assert first["loss"] == pytest.approx(math.log(2), abs=tolerance)


def test_auto_is_the_precision_of_the_variable_or_of_the_processor(
    model_folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_lines(tmp_path / "pairs.jsonl", mixed_pairs(12))

    def metrics(name: str, dtype: str) -> bytes:
        work = Workspace(tmp_path / name, seed=3)
        stage.dpo(DpoSettings(**{**FAST, "dtype": dtype}), work, model=model_folder, pairs=[file])
        return (tmp_path / name / "metrics.jsonl").read_bytes()

    explicit = {dtype: metrics(dtype, dtype) for dtype in ("float32", "bfloat16")}
    assert explicit["float32"] != explicit["bfloat16"]
    for dtype, wanted in explicit.items():
        monkeypatch.setenv(VARIABLE, dtype)
        assert metrics(f"variable-{dtype}", "auto") == wanted
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for dtype, fast in (("float32", False), ("bfloat16", True)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda fast=fast: {"avx512_bf16": fast})
        assert metrics(f"processor-{dtype}", "auto") == explicit[dtype]


def test_long_pairs_lose_the_beginning_of_their_prompt_if_asked(model_folder, tmp_path: Path) -> None:
    prompt = list(range(4, 4 + CONTEXT))
    made = [
        pair("cut", prompt, [5], [6, 7]),
        pair("fits", prompt[2:], [5], [6, 7]),
        pair("reply too long", [4], [5] * CONTEXT, [6]),
    ]
    file = write_lines(tmp_path / "pairs.jsonl", made)
    work = Workspace(tmp_path / "out", seed=3)
    stage.dpo(DpoSettings(too_long="cut", **FAST), work, model=model_folder, pairs=[file])
    assert work.counts["cut"] == 1
    assert dict(work.rejected) == {"longer than the context": 1}
    assert work.notes["forward_passes"] == {"pairs": 2, "trees": 1}  # what is left of one prompt is the other's
    work = Workspace(tmp_path / "aside", seed=3)
    stage.dpo(DpoSettings(**FAST), work, model=model_folder, pairs=[file])
    assert dict(work.rejected) == {"longer than the context": 2}


def test_complete_replies_that_differ_only_in_their_end_token_are_equal(model_folder, tmp_path: Path) -> None:
    end = load_tokenizer(model_folder).convert_tokens_to_ids("<|im_end|>")
    made = [pair("equal", [4], [5], [5, end], ends=True), pair("different", [4], [5], [5, end])]
    work = Workspace(tmp_path / "out")
    stage.dpo(DpoSettings(**FAST), work, model=model_folder, pairs=[write_lines(tmp_path / "pairs.jsonl", made)])
    work.close()
    rejects = (tmp_path / "out" / "rejects.jsonl").read_text()
    assert json.loads(rejects) == {"where": "equal", "reason": "both sides are equal"}


def test_first_tokens_of_replies_say_nothing_about_how_they_end(model_folder, tmp_path: Path) -> None:
    """As the refusal stage makes them: the first five tokens, `ends` false, a short reply with its end token."""
    end = load_tokenizer(model_folder).convert_tokens_to_ids("<|im_end|>")
    made = [pair("a", [4, 5], [10, 11, 12, 13, 14], [20, 21, end]), pair("b", [4, 5], [20, 21, end], [30] * 5)]
    file = write_lines(tmp_path / "pairs.jsonl", made)
    work = Workspace(tmp_path / "out", seed=3)
    stage.dpo(DpoSettings(**FAST), work, model=model_folder, pairs=[file])
    tokens = json.loads((tmp_path / "out" / "metrics.jsonl").read_text())["tokens"]
    assert tokens == 2 + 4 + 2 + 4  # the prompt once, each of three replies once without its last token


def test_adapters_are_trained_and_the_reference_is_the_model_without(model_folder, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    file = write_lines(tmp_path / "pairs.jsonl", mixed_pairs(16))
    settings = DpoSettings(lora=LoraSettings(rank=4), batch_pairs=8, epochs=8, **FAST)
    work = Workspace(tmp_path / "out", seed=3)
    stage.dpo(settings, work, model=model_folder, pairs=[file])
    rows = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert rows[0]["margin"] == pytest.approx(0, abs=1e-6)
    assert rows[-1]["margin"] > 0.01
    assert (tmp_path / "out" / "adapter" / "adapter_model.safetensors").exists()
    before, after = load_model(model_folder).state_dict(), load_model(tmp_path / "out").state_dict()
    assert before.keys() == after.keys()
    assert torch.equal(before["model.embed_tokens.weight"], after["model.embed_tokens.weight"])
    assert not torch.equal(before["model.layers.0.mlp.down_proj.weight"], after["model.layers.0.mlp.down_proj.weight"])


def test_label_smoothing_keeps_margins_smaller(model_folder, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "pairs.jsonl", mixed_pairs(12))
    margins = []
    for smoothing in (0.0, 0.4):
        folder = tmp_path / f"smoothing-{smoothing}"
        settings = DpoSettings(label_smoothing=smoothing, epochs=6, batch_pairs=4, **FAST)
        stage.dpo(settings, Workspace(folder, seed=3), model=model_folder, pairs=[file])
        margins.append(json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])["margin"])
    assert 0 < margins[1] < margins[0]


@pytest.mark.parametrize("learns", [True, False])
def test_log_probabilities_and_their_gradients_are_those_of_a_softmax(learns: bool, monkeypatch) -> None:
    monkeypatch.setattr(likelihood, "LOGITS_AT_ONCE", 3 * 11)  # three positions at once
    draw = torch.Generator().manual_seed(1)
    head = torch.nn.Linear(6, 11, bias=False).requires_grad_(learns)
    with torch.no_grad():
        head.weight.copy_(torch.randn(11, 6, generator=draw))
    hidden_MC = torch.randn(8, 6, generator=draw).requires_grad_()
    token_M, weight_M = torch.randint(11, (8,), generator=draw), torch.randn(8, generator=draw)
    found = []
    for log_p in (likelihood.log_probabilities, lambda head, h, t: -cross_entropy(head(h), t, reduction="none")):
        said_M = log_p(head, hidden_MC, token_M)
        inputs = [hidden_MC, *head.parameters()] if learns else [hidden_MC]
        found.append([said_M, *torch.autograd.grad((said_M * weight_M).sum(), inputs)])
    torch.testing.assert_close(found[0], found[1])


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(1, 60), st.integers(1, 3))
def test_microbatches_hold_every_group_once_within_the_limit_and_for_all_processes(
    lengths: list[int], most: int, world: int
) -> None:
    groups = [PairGroup([i], Tree([0] * length), []) for i, length in enumerate(lengths)]
    parts = balance_by_tokens(groups, most, world)
    assert sorted(group.pairs[0] for part in parts for group in part) == list(range(len(lengths)))
    sizes = [sum(group.tree.tokens for group in part) for part in parts]
    assert max(sizes) <= max(most, *lengths)
    assert len(parts) % world == 0 or len(parts) == len(lengths)
    assert max(sizes) - min(sizes) <= max(lengths)
