"""Next-token batches, the stages that use them, and what they refuse."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message, Sample
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows
from hornbook.model.build import build_model
from hornbook.model.load_save import load_model
from hornbook.model.packed_attention import packed
from hornbook.tokenizer.chat import encode_chat, load_tokenizer
from hornbook.training.lm import NextToken, RowBatches, TrainingText, lm_batch, mixture_texts
from hornbook.training.midtrain import midtrain
from hornbook.training.pretrain import pretrain
from hornbook.training.recall_eval import recall_question
from hornbook.training.settings import MidtrainSettings, PretrainSettings, SftSettings
from hornbook.training.sft import sft
from tests.training.conftest import CONTEXT, sentence, write_lines
from tests.training.run_fixtures import TINY

CPU = torch.device("cpu")
FAST = {"batch_rows": 4, "microbatch_rows": 4, "threads": 1, "dtype": "float32"}


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 299), st.booleans()), min_size=1, max_size=12), min_size=1, max_size=6)
)
def test_the_loss_is_that_of_each_learnt_token_given_its_own_document(tokenizer, documents: list) -> None:
    model = build_model(TINY, tokenizer, CONTEXT, seed=0)
    texts = [TrainingText([token for token, _ in document], [learn for _, learn in document]) for document in documents]
    expected, count = 0.0, 0
    with torch.no_grad():
        for text in texts:
            logits = model(torch.tensor([text.tokens])).logits[0]
            for position in range(1, len(text.tokens)):
                if text.learn[position]:
                    target = torch.tensor(text.tokens[position])
                    expected += cross_entropy(logits[position - 1], target).item()
                    count += 1
    batch = lm_batch(texts, CPU)
    assert batch.targets == count
    with packed(model):
        assert NextToken()(model, batch).total.item() == pytest.approx(expected, abs=1e-3)


def test_all_of_a_mixture_is_read_once(tokens) -> None:
    rows = Rows.open(tokens)
    batches = RowBatches(mixture_texts(rows), range(len(rows)), CONTEXT, 4, 3, CPU)
    read = [batch for step in range(batches.steps) for batch in batches.microbatches(step, 0, 1)]
    documents_BT = rows.batch(range(len(rows))).documents_BT
    assert sum(batch.tokens for batch in read) == (documents_BT >= 0).sum()
    shared = [
        batch for step in range(batches.steps) for rank in (0, 1) for batch in batches.microbatches(step, rank, 2)
    ]
    assert sorted(batch.tokens for batch in shared) == sorted(batch.tokens for batch in read)


def test_a_loss_that_is_not_finite_stops_with_the_rows_that_made_it(tokens, tokenizer_folder, tmp_path) -> None:
    wild = PretrainSettings(model=TINY, learning_rate=1e30, **FAST)
    with pytest.raises(HornbookError, match=r"step 2 of \d+ \(rows 4, 5, 6, 7\): the loss is"):
        pretrain(wild, Workspace(tmp_path), tokens=tokens, tokenizer=tokenizer_folder)


def test_tokens_of_another_tokenizer_are_refused(tokens, tmp_path) -> None:
    from hornbook.tokenizer.bytelevel import as_fast_tokenizer
    from hornbook.tokenizer.load_save import save_tokenizer
    from hornbook.tokenizer.settings import TokenizerSettings
    from hornbook.tokenizer.train import train_bpe

    save_tokenizer(
        as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=280), [sentence(3)])), tmp_path / "tokenizer"
    )
    with pytest.raises(HornbookError, match=r"mixed: .*another tokenizer than that of .* \(300 and 2\d\d ids\)"):
        pretrain(PretrainSettings(model=TINY), Workspace(tmp_path / "out"), tokens=tokens, tokenizer=tmp_path)


def test_midtraining_raises_base_and_context_and_asks_before_and_after(model_folder, tokens, tmp_path) -> None:
    work = Workspace(tmp_path, seed=1)
    midtrain(MidtrainSettings(recall_trials=3, **FAST), work, model=model_folder, tokens=tokens)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (config["rope_theta"], config["max_position_embeddings"]) == (10_000.0, CONTEXT)
    before, after = work.notes["recall"]["before"], work.notes["recall"]["after"]
    assert [row["distance"] for row in before] == [row["distance"] for row in after]
    assert before[-1]["distance"] == CONTEXT * 15 // 16
    for row in before:
        assert row["n"] == 3
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert row["log_likelihood"] == pytest.approx(-math.log(10), abs=0.5)  # the model is untrained


@given(distance=st.integers(0, 300), seed=st.integers(0, 99))
def test_a_recall_question_asks_for_its_first_key(tokenizer, distance: int, seed: int) -> None:
    tokens, digit = recall_question(tokenizer, distance, np.random.default_rng(seed))
    *lines, asked = tokenizer.decode(tokens).split("\n")
    assert lines[0] == f"{asked}{digit}"
    assert sum(line.startswith(asked) for line in lines) == 1
    assert len(tokens) <= distance or len(lines) == 1


def test_sft_learns_replies_alone_and_sets_aside_what_does_not_fit(model_folder, samples, tmp_path) -> None:
    others = [
        Sample(
            id="long", source="synthetic", kind="a", messages=[Message("user", "a"), Message("assistant", "b" * 99)]
        ),
        Sample(id="prose", source="synthetic", kind="a", text="no turns"),
        Sample(id="mute", source="synthetic", kind="a", messages=[Message("user", "a")]),
    ]
    work = Workspace(tmp_path / "out", seed=1)
    chosen = SftSettings(epochs=12, learning_rate=1e-2, maximum={"b": 5}, **FAST)
    sft(chosen, work, model=model_folder, samples=[samples, write_lines(tmp_path / "others.jsonl", others)])
    assert work.notes["kinds"] == {"a": 15, "b": 5}
    assert dict(work.rejected) == {
        "longer than the context": 1,
        "not a conversation with an assistant's reply": 1,
        "no reply of an assistant": 1,
    }
    curve = work.notes["loss_curve"]
    assert curve[-1][1] < curve[0][1] - 1

    tokenizer = load_tokenizer(tmp_path / "out")
    said = [Message("user", sentence(2)[:3]), Message("assistant", sentence(3)[:3])]
    tokens, mask = encode_chat(tokenizer, said)
    with torch.no_grad():
        logits = load_model(tmp_path / "out")(torch.tensor([tokens])).logits[0, :-1]
    losses = cross_entropy(logits, torch.tensor(tokens[1:]), reduction="none")
    learnt = torch.tensor(mask[1:])
    assert losses[learnt].mean() < 3 < losses[~learnt].mean()


def test_sft_is_a_function_of_the_seed(model_folder, samples, tmp_path) -> None:
    def weights(name: str, seed: int) -> bytes:
        work = Workspace(tmp_path / name, seed=seed)
        sft(SftSettings(epochs=1, learning_rate=1e-3, **FAST), work, model=model_folder, samples=[samples])
        return (tmp_path / name / "model" / "model.safetensors").read_bytes()

    assert weights("one", 1) == weights("same", 1) != weights("other", 2)


def test_a_pass_can_use_a_kind_several_times(model_folder, samples, tmp_path) -> None:
    def tokens(**repeats: int) -> int:
        work = Workspace(tmp_path / f"out{repeats}", seed=1)
        sft(SftSettings(epochs=1, repeats=repeats, **FAST), work, model=model_folder, samples=[samples])
        return work.counts["tokens"]

    once, a, b = tokens(), tokens(a=3), tokens(b=3)
    assert once < a and once < b
    assert (a - once) + (b - once) == 2 * once == tokens(a=3, b=3) - once
    with pytest.raises(HornbookError, match="'a' must be used at least once in a pass, not 0 times"):
        SftSettings.parse({"repeats": {"a": 0}}, "sft")


def test_sft_without_conversations_is_one_clear_line(model_folder, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "s.jsonl", [Sample(id="x", source="web", kind="k", text="prose")])
    with pytest.raises(HornbookError, match="no conversation to train on among 1 samples"):
        sft(SftSettings(), Workspace(tmp_path / "out"), model=model_folder, samples=[file])


@given(batch=st.integers(1, 12), microbatch=st.integers(1, 12), world=st.integers(1, 4))
def test_every_process_has_a_part_of_a_step_and_each_row_is_in_one(batch: int, microbatch: int, world: int) -> None:
    texts = [TrainingText([number + 1, 0]) for number in range(batch)]
    batches = RowBatches(lambda rows: [texts[row] for row in rows], range(batch), 2, batch, microbatch, CPU, world)
    parts = [list(batches.microbatches(0, rank, world)) for rank in range(world)]
    seen = [int(token) for part in parts for one in part for token in one.documents.tokens_N if token]
    assert sorted(seen) == list(range(1, batch + 1))
    if batch % world == 0:
        assert all(parts)
