"""Prompts for models without a chat format or system role, and for servers without JSON schemas."""

from collections.abc import Sequence

import msgspec

from hornbook.base.records import Message
from hornbook.teacher.ledger import CallRequest

NAMES = {"user": "User", "assistant": "Assistant"}
NEXT_TURN = "\nUser:"  # a base model that writes this has finished its turn
MOST_STOPS = 4  # maximum of OpenAI's API
IN_WORDS = "Answer with one JSON object that keeps to this JSON schema, and with nothing else:"


def transcript(messages: Sequence[Message]) -> str:
    """Messages as plain text that a base model continues: the system's instructions first, unchanged, then

        User: What is two and two?

        Assistant:

    with an empty line between turns. The text ends without a space, since most tokenizers join it to the next word.
    """
    turns = [f"{NAMES[m.role]}: {m.content}" if m.role in NAMES else m.content for m in messages]
    return "\n\n".join([*turns, "Assistant:"])


def ending_with_turn(request: CallRequest) -> CallRequest:
    """The call with the transcript's next turn as an additional stop text, if the maximum of stop texts allows it."""
    stops = [*request.parameters.stop, NEXT_TURN][:MOST_STOPS]
    return msgspec.structs.replace(request, parameters=msgspec.structs.replace(request.parameters, stop=stops))


def with_schema(messages: Sequence[Message], schema: str) -> list[Message]:
    """The messages, with the JSON schema as an instruction in the last one."""
    *before, last = messages
    return [*before, msgspec.structs.replace(last, content=f"{last.content}\n\n{IN_WORDS}\n{schema}")]


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """The messages with system messages moved into the first user turn, for models without a system role."""
    system = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    if not system:
        return turns
    first = next((index for index, turn in enumerate(turns) if turn.role == "user"), None)
    if first is None:
        return [Message("user", "\n\n".join(system)), *turns]
    content = "\n\n".join([*system, turns[first].content])
    return [*turns[:first], msgspec.structs.replace(turns[first], content=content), *turns[first + 1 :]]
