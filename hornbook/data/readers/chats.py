"""A row in any public form → a conversation to train on. OASST's message trees included."""

from collections.abc import Iterable, Iterator
from typing import Any

from hornbook.base.files import Reject
from hornbook.base.records import Message, Sample, make_id
from hornbook.data.readers.fields import Row, json_text, loaded, present, text_field
from hornbook.data.readers.formats import Located
from hornbook.data.readers.messages import content_of, messages_of, spoken_text, with_thinking

TURNS = ("messages", "conversations", "conversation", "turns", "dialogue", "dialog", "chat", "data")
SYSTEM = ("system", "system_prompt", "system_message")
TOOLS = ("tools", "functions", "available_tools")
# fields of a row with one question and one answer; the first that exists is used
ASKED = ("instruction", "prompt", "question", "query", "problem", "inputs", "input", "user", "human", "goal")
MATERIAL = ("input", "context")
ANSWERED = (
    "output", "completion", "response", "answer", "solution", "targets", "target", "assistant", "generation", "reply",
    "deepseek_solution", "model_answer", "gpt", "bot", "chosen",
)  # fmt: skip
REASONED = ("reasoning_content", "deepseek_reasoning", "thinking")
PICTURES = ("image", "images", "video", "videos", "audio", "audios")
KINDS_OF_OURS = ("source", "kind")


def read_chat(row: Row) -> Sample:
    """The conversation in a row: turns in any form, or one question with its answer, with the row's system message.

    Of a tree of replies, the best-ranked thread is taken; of a preference pair, the chosen reply.
    Raises ValueError if there is no conversation with a reply of the assistant.
    """
    if next((row[name] for name in PICTURES if row.get(name)), None):
        raise ValueError("a conversation with images, video or audio, which is not supported")
    messages = _conversation(row)
    if row.get("messages") == []:
        raise ValueError("messages: an empty conversation")
    if not any(message.role == "assistant" and (message.content.strip() or message.tool_calls) for message in messages):
        raise ValueError("no reply of an assistant" if messages else f"no conversation; its fields: {', '.join(row)}")
    return _sample(row, messages)


def read_sample(row: Row) -> Sample:
    """A text to train on: a conversation as in `read_chat`, or a Sample record of plain text."""
    if is_ours(row) and not row.get("messages") and isinstance(row.get("text"), str):
        return _sample(row, [])
    return read_chat(row)


def is_ours(row: Row) -> bool:
    """Whether a row is a Sample record, as the stages write them."""
    return all(isinstance(row.get(name), str) for name in KINDS_OF_OURS) and ("messages" in row or "text" in row)


def _sample(row: Row, messages: list[Message]) -> Sample:
    tools = next((json_text(loaded(row[name])) for name in TOOLS if row.get(name)), "")
    content = [part for message in messages for part in (message.role, message.content, message.tool_calls)]
    ours = is_ours(row)
    text = row.get("text") if ours and not messages else ""
    given = row.get("id")
    return Sample(
        id=str(given) if given not in (None, "") else make_id("chat", tools, str(text or ""), *content),
        parents=_texts(row, "parents"),
        calls=_texts(row, "calls"),
        source=row["source"] if ours else "chat",
        kind=row["kind"] if ours else "chat",
        text=str(text or ""),
        messages=messages,
        checks=_texts(row, "checks") if ours else [],
        grade=float(row["grade"]) if ours and isinstance(row.get("grade"), int | float) else 1.0,
        rejected=row["rejected"] if ours and isinstance(row.get("rejected"), str) else "",
        tools=tools,
        axes=_axes(row.get("axes")) if ours else {},
    )


def _axes(value: Any) -> dict[str, str]:
    """A mapping, as JSON has it, or its pairs, as Parquet has it."""
    pairs = value.items() if isinstance(value, dict) else [(one["name"], one["value"]) for one in value or []]
    return {str(name): str(said) for name, said in pairs}


def _texts(row: Row, name: str) -> list[str]:
    value = row.get(name)
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _conversation(row: Row) -> list[Message]:
    if isinstance(tree := row.get("prompt"), dict) and "replies" in tree:
        return _with_system(row, best_thread(tree))
    for name in TURNS:
        value = row.get(name)
        if not value or (name == "data" and not isinstance(value, list)):
            continue
        if isinstance(value, str) and (spoken := spoken_text(value)):
            return _with_system(row, spoken)
        try:
            return _with_system(row, messages_of(value))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if (question := _question(row)) is not None:
        return _with_system(row, [*_history(row), *question, *_reply(row)])
    text = row.get("text")
    return spoken_text(text) if isinstance(text, str) else []


def _with_system(row: Row, messages: list[Message]) -> list[Message]:
    system = next((row[name] for name in SYSTEM if isinstance(row.get(name), str) and row[name].strip()), "")
    if not system or any(message.role == "system" for message in messages):
        return messages
    return [Message("system", system.removeprefix("SYSTEM:").strip()), *messages]


def _question(row: Row) -> list[Message] | None:
    """The question, with its context (Alpaca's input, Dolly's context)."""
    name = next((name for name in ASKED if row.get(name)), "")
    if not name:
        return None
    value = loaded(row[name]) if not isinstance(row[name], str) or row[name].lstrip()[:2] in ("[{", "[ ") else row[name]
    if isinstance(value, list):
        return messages_of(value)
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected a text, got {type(value).__name__}")
    given = next(
        (row[key] for key in MATERIAL if key != name and isinstance(row.get(key), str) and row[key].strip()), ""
    )
    return [Message("user", f"{value.rstrip()}\n\n{given}" if given and name == "instruction" else value)]


def _history(row: Row) -> list[Message]:
    history = loaded(row.get("history"))
    return messages_of(history) if isinstance(history, list) and history else []


def _reply(row: Row) -> list[Message]:
    if present(row, "query", "answers", "tools"):  # xLAM: the answer is function calls
        return messages_of([{"role": "assistant", "tool_calls": row["answers"]}])
    name = next((name for name in ANSWERED if row.get(name) not in (None, "") and name not in ("input",)), "")
    if not name:
        raise ValueError(f"no reply: expected one of {', '.join(ANSWERED[:6])} ...; its fields: {', '.join(row)}")
    value = row[name]
    if isinstance(value, list):
        return [message for message in messages_of(value) if message.role in ("assistant", "tool")]
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return [Message("assistant", with_thinking(text_field(row, REASONED), content_of(value)))]


def best_thread(tree: Row) -> list[Message]:
    """The best-ranked thread of an OASST message tree, up to the last reply of the assistant."""
    messages = []
    here: Any = tree
    while isinstance(here, dict):
        messages += messages_of([{"role": here.get("role") or "prompter", "content": here.get("text")}])
        replies = [reply for reply in here.get("replies") or [] if _stands(reply)]
        here = min(replies, key=_rank, default=None)
    while messages and messages[-1].role != "assistant":
        messages.pop()
    return messages


def _stands(reply: Row) -> bool:
    return not reply.get("deleted") and bool(reply.get("text"))


def _rank(reply: Row) -> float:
    rank = reply.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")


def join_trees(rows: Iterable[Located], reject: Reject) -> Iterator[Located]:
    """Join rows of single messages with parent ids (OASST) into trees; other rows are passed on."""
    found: dict[str, tuple[str, Row]] = {}
    for where, row in rows:
        if isinstance(row.get("message_id"), str) and "parent_id" in row and "text" in row:
            found[row["message_id"]] = (where, {**row, "replies": []})
        else:
            yield Located(where, row)
    roots = []
    for where, row in found.values():
        parent = row.get("parent_id")
        if not parent:
            roots.append(Located(where, {"id": row["message_id"], "prompt": row}))
        elif parent in found:
            found[parent][1]["replies"].append(row)
        else:
            reject(where, f"a reply whose parent {parent} is not in the files")
    yield from roots
