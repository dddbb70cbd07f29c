"""Messages for models that lack something: a chat format, or a server that holds answers to a JSON schema."""

from collections.abc import Sequence

import msgspec

from hornbook.base.records import Message
from hornbook.teacher.ledger import CallRequest

NAMES = {"user": "User", "assistant": "Assistant"}
NEXT_TURN = "\nUser:"  # where a base model begins to write the user's part too
MOST_STOPS = 4  # that OpenAI's API takes
IN_WORDS = "Answer with one JSON object that keeps to this JSON schema, and with nothing else:"


def transcript(messages: Sequence[Message]) -> str:
    """Messages as plain text that a base model goes on with: instructions of the system first, as they are, then

        User: What is two and two?

        Assistant:

    with an empty line between turns. The text ends without a space, since most tokenizers join it to the next word.
    """
    turns = [f"{NAMES[m.role]}: {m.content}" if m.role in NAMES else m.content for m in messages]
    return "\n\n".join([*turns, "Assistant:"])


def ending_with_turn(request: CallRequest) -> CallRequest:
    """The same call, ended where the transcript's next turn begins (as far as there is room for one more stop)."""
    stops = [*request.parameters.stop, NEXT_TURN][:MOST_STOPS]
    return msgspec.structs.replace(request, parameters=msgspec.structs.replace(request.parameters, stop=stops))


def with_schema(messages: Sequence[Message], schema: str) -> list[Message]:
    """The messages, the last of which asks for the JSON schema in words."""
    *before, last = messages
    return [*before, msgspec.structs.replace(last, content=f"{last.content}\n\n{IN_WORDS}\n{schema}")]


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """The messages with what the system says put before the first turn of the user, for models without that role."""
    said = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    if not said:
        return turns
    first = next((place for place, turn in enumerate(turns) if turn.role == "user"), None)
    if first is None:
        return [Message("user", "\n\n".join(said)), *turns]
    content = "\n\n".join([*said, turns[first].content])
    return [*turns[:first], msgspec.structs.replace(turns[first], content=content), *turns[first + 1 :]]
