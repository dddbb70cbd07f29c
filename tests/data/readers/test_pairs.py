"""Preferences as public data sets have them → prompt, chosen and rejected. Add a row for a form that is missing."""

import json
from pathlib import Path
from typing import Any

import pytest

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Pair

U = {"role": "user", "content": "2+2?"}
A, B = {"role": "assistant", "content": "4"}, {"role": "assistant", "content": "5"}
TURNS = ([("user", "2+2?")], [("assistant", "4")], [("assistant", "5")])
TEXTS = ("2+2?", "4", "5")
HH = "\n\nHuman: 1+1?\n\nAssistant: 2\n\nHuman: 2+2?\n\nAssistant: "

FORMS: list[tuple[str, Any, Any]] = [  # name, row (or rows), (prompt, chosen, rejected)
    ("texts", {"prompt": "2+2?", "chosen": "4", "rejected": "5"}, TEXTS),
    ("conversational", {"prompt": [U], "chosen": [A], "rejected": [B]}, TURNS),
    ("conversational, the prompt in both sides", {"chosen": [U, A], "rejected": [U, B]}, TURNS),
    ("UltraFeedback binarized", {"prompt": "2+2?", "prompt_id": "x", "chosen": [U, A], "rejected": [U, B],
                                 "messages": [U, A], "score_chosen": 9.0, "score_rejected": 1.0}, TURNS),
    ("UltraFeedback raw", {"source": "s", "instruction": "2+2?", "completions": [
        {"response": "5", "overall_score": 5.0}, {"response": "4", "overall_score": 8.5},
        {"response": "3", "overall_score": 7.0}]}, TEXTS),
    ("UltraFeedback raw, aspects alone", {"instruction": "2+2?", "completions": [
        {"response": "5", "annotations": {"helpfulness": {"Rating": "2"}}},
        {"response": "4", "annotations": {"helpfulness": {"Rating": "5"}}}]}, TEXTS),
    ("HH-RLHF", {"chosen": HH + "4", "rejected": HH + "5"},
     ([("user", "1+1?"), ("assistant", "2"), ("user", "2+2?")], TURNS[1], TURNS[2])),
    ("Orca DPO", {"system": "s", "question": "2+2?", "chosen": "4", "rejected": "5"},
     ([("system", "s"), ("user", "2+2?")], TURNS[1], TURNS[2])),
    ("Orca DPO without a system message", {"system": "", "question": "2+2?", "chosen": "4", "rejected": "5"}, TEXTS),
    ("Nectar", {"prompt": "\n\nHuman: 2+2?\n\nAssistant: ", "answers": [
        {"answer": "3", "rank": 2.0}, {"answer": "4", "rank": 1.0}, {"answer": "5", "rank": 7.0}]}, TURNS),
    ("SHP", {"history": "2+2?", "human_ref_A": "5", "human_ref_B": "4", "labels": 0, "score_A": 1}, TEXTS),
    ("HelpSteer", [{"prompt": "2+2?", "response": "4", "helpfulness": 4, "verbosity": 1},
                   {"prompt": "2+2?", "response": "5", "helpfulness": 1, "verbosity": 1}], TEXTS),
    ("HelpSteer2 preference", {"prompt": "2+2?", "response_1": "4", "response_2": "5", "preference_strength": -2},
     TEXTS),
    ("HelpSteer3", {"context": [U], "response1": "5", "response2": "4", "overall_preference": 1}, TURNS),
    ("KTO, paired", [{"prompt": "2+2?", "completion": "5", "label": False},
                     {"prompt": "2+2?", "completion": "4", "label": True}], TEXTS),
    ("PKU-SafeRLHF", {"prompt": "2+2?", "response_0": "5", "response_1": "4", "better_response_id": 1}, TEXTS),
    ("Chatbot Arena", {"conversation_a": [U, B], "conversation_b": [U, A], "winner": "model_b"}, TURNS),
    ("LMSYS", {"prompt": '["2+2?"]', "response_a": '["4"]', "response_b": '["5"]', "winner_model_a": 1,
               "winner_model_b": 0}, ([("user", "2+2?")], TURNS[1], TURNS[2])),
    ("LMSYS, several turns", {"prompt": '["2+2?", "And 3+3?"]', "response_a": '["4", "6"]', "response_b": '["5", "6"]',
                              "winner_model_a": 1, "winner_model_b": 0},
     (TURNS[0], [*TURNS[1], ("user", "And 3+3?"), ("assistant", "6")],
      [*TURNS[2], ("user", "And 3+3?"), ("assistant", "6")])),
    ("UltraInteract", {"trajectory": [{"from": "user", "value": "2+2?"}], "chosen": "4", "rejected": "5"}, TURNS),
    ("OpenAI's preferences",
     {"input": {"messages": [U], "tools": []}, "preferred_output": [A], "non_preferred_output": [B]}, TURNS),
    ("ShareGPT", {"conversations": [{"from": "human", "value": "2+2?"}], "chosen": {"from": "gpt", "value": "4"},
                  "rejected": {"from": "gpt", "value": "5"}}, TURNS),
    ("Stack Exchange, paired", {"question": "2+2?", "response_j": "4", "response_k": "5"}, TEXTS),
    ("TL;DR", {"info": {"post": "2+2?"}, "summaries": [{"text": "5"}, {"text": "4"}], "choice": 1}, TEXTS),
    ("Alpaca", {"instruction": "Add.", "input": "2+2", "chosen": "4", "rejected": "5"}, ("Add.\n\n2+2", "4", "5")),
]  # fmt: skip

UNREADABLE: list[tuple[str, Any, str]] = [
    ("KTO, of one side only", {"prompt": "q", "completion": "a", "label": True}, "no answer to this prompt is better"),
    ("equal sides", {"prompt": "q", "chosen": "a", "rejected": "a"}, "both sides are equal"),
    ("equal conversations", {"chosen": [U, A], "rejected": [U, A]}, "both sides are equal"),
    ("an empty side", {"prompt": "q", "chosen": "a", "rejected": ""}, "rejected: an empty reply"),
    ("a side of null", {"prompt": "q", "chosen": "a", "rejected": None}, "expected rejected"),
    ("no prompt", {"chosen": "a", "rejected": "b"}, "no prompt"),
    ("a tie", {"conversation_a": [U, A], "conversation_b": [U, B], "winner": "tie"}, "a tie"),
    ("sides of different questions", {"chosen": [U, A], "rejected": [{**U, "content": "3?"}, B]}, "the sides differ"),
    ("one score only", {"instruction": "q", "completions": [{"response": "a", "overall_score": 1}]}, "fewer than two"),
]


def load(folder: Path, *rows: Any) -> Any:
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return hornbook.load_records(file, "pairs")


def plain(side: Any) -> Any:
    return side if isinstance(side, str) else [(message.role, message.content) for message in side]


@pytest.mark.parametrize(("name", "row", "expected"), FORMS, ids=[form[0] for form in FORMS])
def test_a_form_is_read_as_it_comes(tmp_path: Path, name: str, row: Any, expected: Any) -> None:
    (pair,) = load(tmp_path, *(row if isinstance(row, list) else [row]))
    assert (plain(pair.prompt), plain(pair.chosen), plain(pair.rejected)) == expected
    assert pair.ends and not pair.begun


def test_of_step_dpo_the_steps_are_compared(tmp_path: Path) -> None:
    row = {"prompt": "q", "initial_reason_steps": "Step 1.\n", "chosen": "Step 2: 4", "rejected": "Step 2: 5",
           "full_chosen": "x", "full_rejected": "y", "answer": "4"}  # fmt: skip
    (pair,) = load(tmp_path, row)
    assert (pair.prompt, pair.begun, pair.chosen, pair.rejected) == ("q", "Step 1.\n", "Step 2: 4", "Step 2: 5")
    assert not pair.ends


@pytest.mark.parametrize(("name", "row", "reason"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_prefers_nothing_is_set_aside_with_its_line(tmp_path: Path, name: str, row: Any, reason: str) -> None:
    pairs = load(tmp_path, {"prompt": "q", "chosen": "a", "rejected": "b"}, row)
    assert len(pairs) == 1 and len(pairs.set_aside) == 1
    assert pairs.set_aside[0].where == f"{tmp_path}/pairs.jsonl:2" and reason in pairs.set_aside[0].reason
    with pytest.raises(HornbookError, match=r"pairs\.jsonl:1: "):
        load(tmp_path, row)


def test_pairs_of_token_ids_come_back_as_they_were(tmp_path: Path) -> None:
    pair = Pair(id="p", kind="pivotal", prompt_tokens=[1, 2], chosen_tokens=[3], rejected_tokens=[4])
    write_records(tmp_path / "pairs.parquet", Pair, [pair])
    assert hornbook.load_records(tmp_path, "pairs") == [pair]
    row = {"id": 7, "kind": "pivotal", "prompt_tokens": [1], "chosen_tokens": [2], "rejected_tokens": ["x"]}
    assert load(tmp_path, {**row, "rejected_tokens": [3]})[0].id == "7"
    with pytest.raises(HornbookError, match="not a pair of token ids"):
        load(tmp_path, row)
