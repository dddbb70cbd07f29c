"""Conversations as public data sets have them → the messages that come out. Add a row for a form that is missing."""

import json
from pathlib import Path
from typing import Any

import pytest

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Message, Sample

U, A = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
PLAIN = [("user", "2+2?"), ("assistant", "4")]
CALL = '[{"type":"function","function":{"name":"f","arguments":{"a":1}},"id":"1"}]'

FORMS: list[tuple[str, Any, list[tuple[str, str]]]] = [  # name, row (or rows), role and content of each message
    ("messages", {"messages": [U, A]}, PLAIN),
    ("messages as a JSON text", {"messages": json.dumps([U, A])}, PLAIN),
    ("messages in columns", {"messages": {"role": ["user", "assistant"], "content": ["2+2?", "4"]}}, PLAIN),
    ("content in parts", {"messages": [{"role": "user", "content": [{"type": "text", "text": "2+2?"}]}, A]}, PLAIN),
    ("ShareGPT", {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}, PLAIN),
    (
        "OpenHermes",
        {"system_prompt": None, "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "q"},
                                                  {"from": "gpt", "value": "a"}]},
        [("system", "s"), ("user", "q"), ("assistant", "a")],
    ),
    ("UltraChat as it was published", {"id": "0", "data": ["q", "a", "q2", "a2"]},
     [("user", "q"), ("assistant", "a"), ("user", "q2"), ("assistant", "a2")]),
    ("UltraChat 200k, Tulu", {"prompt": "2+2?", "prompt_id": "x", "messages": [U, A]}, PLAIN),
    (
        "OASST, a row a message",
        [
            {"message_id": "1", "parent_id": None, "text": "q", "role": "prompter"},
            {"message_id": "2", "parent_id": "1", "text": "worse", "role": "assistant", "rank": 1},
            {"message_id": "3", "parent_id": "1", "text": "better", "role": "assistant", "rank": 0},
            {"message_id": "4", "parent_id": "3", "text": "unanswered", "role": "prompter", "rank": None},
        ],
        [("user", "q"), ("assistant", "better")],
    ),
    (
        "OASST, trees",
        {"message_tree_id": "1", "prompt": {"text": "q", "role": "prompter", "replies": [
            {"text": "gone", "role": "assistant", "rank": 0, "deleted": True, "replies": []},
            {"text": "a", "role": "assistant", "rank": 1, "replies": []}]}},
        [("user", "q"), ("assistant", "a")],
    ),
    ("Guanaco", {"text": "### Human: q### Assistant: a### Human: x### Assistant: y"},
     [("user", "q"), ("assistant", "a"), ("user", "x"), ("assistant", "y")]),
    ("Dolly", {"instruction": "q", "context": "c", "response": "a", "category": "x"},
     [("user", "q\n\nc"), ("assistant", "a")]),
    ("Alpaca", {"instruction": "q", "input": "i", "output": "a"}, [("user", "q\n\ni"), ("assistant", "a")]),
    ("Alpaca without input", {"instruction": "q", "input": "", "output": "a"}, [("user", "q"), ("assistant", "a")]),
    ("Alpaca with history", {"instruction": "q2", "input": "", "output": "a2", "history": [["q", "a"]]},
     [("user", "q"), ("assistant", "a"), ("user", "q2"), ("assistant", "a2")]),
    ("Orca", {"id": "f", "system_prompt": "s", "question": "q", "response": "a"},
     [("system", "s"), ("user", "q"), ("assistant", "a")]),
    ("Capybara", {"source": "x", "conversation": [{"input": "q", "output": "a"}, {"input": "r", "output": "b"}]},
     [("user", "q"), ("assistant", "a"), ("user", "r"), ("assistant", "b")]),
    ("Magpie", {"uuid": "u", "instruction": "2+2?", "response": "4",
                "conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}, PLAIN),
    ("WildChat", {"conversation": [{**U, "language": "English", "toxic": False}, A], "model": "m"}, PLAIN),
    ("OpenThoughts",
     {"system": "s", "conversations": [{"from": "user", "value": "q"}, {"from": "assistant", "value": "a"}]},
     [("system", "s"), ("user", "q"), ("assistant", "a")]),
    ("OpenThoughts, its metadata", {"problem": "q", "deepseek_reasoning": "r", "deepseek_solution": "a"},
     [("user", "q"), ("assistant", "<think>\nr\n</think>\n\na")]),
    ("reasoning beside the content", {"messages": [U, {**A, "reasoning_content": "easy"}]},
     [("user", "2+2?"), ("assistant", "<think>\neasy\n</think>\n\n4")]),
    ("FLAN", {"inputs": "2+2?", "targets": "4"}, PLAIN),
    ("prompt and completion", {"prompt": "2+2?", "completion": "4"}, PLAIN),
    ("prompt and completion, conversational", {"prompt": [U], "completion": [A]}, PLAIN),
    ("MetaMath", {"type": "x", "query": "2+2?", "original_question": "o", "response": "4"}, PLAIN),
    ("GSM8K as a chat", {"question": "2+2?", "answer": "4"}, PLAIN),
    ("a preference gives its better side", {"prompt": "2+2?", "chosen": "4", "rejected": "5"}, PLAIN),
    (
        "Glaive",
        {"system": "SYSTEM: s",
         "chat": "USER: q\n\n\nASSISTANT: <functioncall> {} <|endoftext|>\n\n\nFUNCTION RESPONSE: 1"
                 "\n\n\nASSISTANT: a <|endoftext|>"},
        [("system", "s"), ("user", "q"), ("assistant", "<functioncall> {}"), ("tool", "1"), ("assistant", "a")],
    ),
    (
        "Hermes function calling",
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "c"},
                           {"from": "tool", "value": "1"}, {"from": "gpt", "value": "a"}], "tools": "[]"},
        [("user", "q"), ("assistant", "c"), ("tool", "1"), ("assistant", "a")],
    ),
    ("Llama 2's text", {"text": "<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nq [/INST] a </s><s>[INST] q2 [/INST] a2 </s>"},
     [("system", "s"), ("user", "q"), ("assistant", "a"), ("user", "q2"), ("assistant", "a2")]),
    ("Alpaca's text", {"text": "Below is an instruction.\n\n### Instruction:\nq\n\n### Input:\ni\n\n### Response:\na"},
     [("user", "q\n\ni"), ("assistant", "a")]),
    ("LIMA", {"conversations": ["2+2?", "4"], "source": "x"}, PLAIN),
    ("roles in capitals", {"messages": [{**U, "role": "User"}, {**A, "role": "ASSISTANT"}]}, PLAIN),
    ("one text with ChatML", {"text": "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n"}, PLAIN),
]  # fmt: skip

UNREADABLE: list[tuple[str, Any, str]] = [  # name, row, what the reason says
    ("no messages", {"messages": []}, "messages: an empty conversation"),
    ("messages of null", {"messages": None}, "no conversation"),
    ("a turn without content", {"messages": [U, {"role": "assistant", "content": None}]}, "turn 2 of 2"),
    ("a role that nobody knows", {"messages": [{"role": "narrator", "content": "x"}, A]}, "unknown role 'narrator'"),
    ("a picture", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}, A]}, "image_url"),
    (
        "a picture beside it",
        {"image": "a.jpg", "conversations": [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "a"}]},
        "images",
    ),
    ("only what a user says", {"messages": [U]}, "no reply of an assistant"),
    ("an empty reply", {"instruction": "q", "input": "", "output": ""}, "no reply"),
    ("a text that is no conversation", {"text": "Once upon a time."}, "no conversation"),
    ("numbers for messages", {"messages": 7}, "expected a list of turns"),
]


def load(folder: Path, *rows: Any, **options: Any) -> Any:
    file = folder / "chats.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return hornbook.load_records(file, "chats", **options)


@pytest.mark.parametrize(("name", "row", "expected"), FORMS, ids=[form[0] for form in FORMS])
def test_a_form_is_read_as_it_comes(tmp_path: Path, name: str, row: Any, expected: list[tuple[str, str]]) -> None:
    (chat,) = load(tmp_path, *(row if isinstance(row, list) else [row]))
    assert [(message.role, message.content) for message in chat.messages] == expected


@pytest.mark.parametrize(("name", "row", "reason"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_is_no_conversation_is_set_aside_with_its_line(tmp_path: Path, name: str, row: Any, reason: str) -> None:
    chats = load(tmp_path, {"messages": [U, A]}, row)
    assert len(chats) == 1 and len(chats.set_aside) == 1
    assert chats.set_aside[0].where == f"{tmp_path}/chats.jsonl:2" and reason in chats.set_aside[0].reason
    with pytest.raises(HornbookError, match=r"chats\.jsonl:1: "):
        load(tmp_path, row)


def test_calls_of_functions_are_kept(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    openai = {
        "messages": [U, {"role": "assistant", "content": None, "tool_calls": [call]},
                     {"role": "tool", "tool_call_id": "1", "name": "f", "content": "42"}, A],
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }  # fmt: skip
    (chat,) = load(tmp_path, openai)
    assert chat.messages[1].tool_calls == CALL and chat.messages[2].tool_call_id == "1"
    assert json.loads(chat.tools) == openai["tools"]
    xlam = {"query": "q", "answers": '[{"name": "f", "arguments": {"a": 1}}]', "tools": '[{"name": "f"}]'}
    (chat,) = load(tmp_path, xlam)
    assert json.loads(chat.messages[1].tool_calls)[0]["function"] == {"name": "f", "arguments": {"a": 1}}
    observed = {"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": '{"name": "f"}'},
                                  {"from": "observation", "value": "1"}, {"from": "gpt", "value": "a"}]}  # fmt: skip
    (chat,) = load(tmp_path, observed)
    assert [message.role for message in chat.messages] == ["user", "assistant", "tool", "assistant"]


def test_of_our_own_samples_those_of_plain_text_are_no_chats(tmp_path: Path) -> None:
    turns = [Message("user", "2+2?"), Message("assistant", "4")]
    chat = Sample(id="1", source="synthetic", kind="k", messages=turns, parents=["d"], checks=["c"], grade=0.5)
    text = Sample(id="2", source="synthetic", kind="k", text="once")
    write_records(tmp_path / "samples.parquet", Sample, [chat, text])
    chats = hornbook.load_records(tmp_path, "chats")
    assert chats == [chat] and chats.set_aside[0].where.endswith("samples.parquet:2")
    assert hornbook.load_records(tmp_path, "samples") == [chat, text]


def test_a_turn_of_weight_0_says_so(tmp_path: Path) -> None:
    (chat,) = load(tmp_path, {"messages": [U, {**A, "weight": 0}, U, A]})
    assert [message.weight for message in chat.messages] == [1, 0, 1, 1]


def test_equal_ids_stay_two_records_and_missing_ones_come_from_the_content(tmp_path: Path) -> None:
    for name, answer in (("a", "4"), ("b", "four")):
        row = {"id": "1", "messages": [U, {"role": "assistant", "content": answer}]}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row))
    chats = hornbook.load_records([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], "chats")
    assert [chat.messages[1].content for chat in chats] == ["4", "four"] and len({chat.id for chat in chats}) == 2
    (first,), (again,) = (load(tmp_path, {"messages": [U, A]}) for _ in range(2))
    assert first.id == again.id


def test_records_are_read_like_rows_too(tmp_path: Path) -> None:
    (chat,) = load(tmp_path, {"messages": [U, A]})
    assert chat["messages"][0]["content"] == chat.messages[0].content
    with pytest.raises(KeyError):
        chat["nothing"]
