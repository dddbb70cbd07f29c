"""A row in any public form → a preference pair as text: a prompt, a chosen and a rejected reply."""

from typing import Any

import msgspec

from hornbook.base.records import Message, Pair, Record, make_id
from hornbook.data.readers.fields import Row, json_text, loaded
from hornbook.data.readers.messages import content_of, messages_of, spoken_text
from hornbook.data.readers.rated import as_preference

Side = str | list[Message]

PROMPTS = (
    "prompt",
    "question",
    "instruction",
    "query",
    "input",
    "problem",
    "context",
    "history",
    "messages",
    "conversations",
    "conversation",
    "trajectory",
)
SYSTEM = ("system", "system_prompt")
CHOSEN = (
    "chosen",
    "chosen_response",
    "response_chosen",
    "accepted",
    "preferred",
    "preferred_output",
    "win",
    "response_j",
)
REJECTED = (
    "rejected", "rejected_response", "response_rejected", "non_preferred", "non_preferred_output", "dispreferred",
    "lose", "response_k",
)  # fmt: skip


class TextPair(Record):
    """A preference as text (report §4.2): after `prompt`, `chosen` is a better reply than `rejected`.

    All three are texts, or all three are lists of messages, as in the row. `begun` is the common beginning of both
    replies if the two sides are only the next step (Step-DPO); `ends` says whether they are complete.
    """

    prompt: str | list[Message]
    chosen: str | list[Message]
    rejected: str | list[Message]
    begun: str = ""
    ends: bool = True
    kind: str = "preference"
    tools: str = ""


def read_pair(row: Row) -> TextPair | Pair:
    """The preference in a row; a Pair if the row has token ids, as the stages write them.

    Raises ValueError if there is none, if both sides are equal, and if neither side is better.
    """
    if row.get("prompt_tokens") is not None:
        return _token_pair(row)
    row = as_preference(row)
    chosen, rejected = (_side(row, names) for names in (CHOSEN, REJECTED))
    if row.get("initial_reason_steps") is not None and isinstance(chosen, str):
        return _step(row, chosen, rejected)
    if isinstance(chosen, str) and isinstance(rejected, str) and not _prompt_of(row):
        chosen, rejected = spoken_text(chosen) or chosen, spoken_text(rejected) or rejected
    prompt = _prompt(row)
    if isinstance(chosen, str) and isinstance(rejected, str) and isinstance(prompt, str):
        sides: tuple[Side, Side, Side] = (prompt, chosen, rejected)
    else:
        sides = _conversational(prompt, chosen, rejected)
    return _checked(row, *sides)


def _checked(row: Row, prompt: Side, chosen: Side, rejected: Side, begun: str = "", ends: bool = True) -> TextPair:
    if not prompt:
        raise ValueError(f"no prompt: expected one of {', '.join(PROMPTS[:5])}; its fields: {', '.join(row)}")
    for name, side in (("chosen", chosen), ("rejected", rejected)):
        if not side or (isinstance(side, str) and not side.strip()):
            raise ValueError(f"{name}: an empty reply")
    if chosen == rejected:
        raise ValueError("both sides are equal")
    given = row.get("id")
    tools = json_text(loaded(row.get("tools")))
    content = msgspec.json.encode([prompt, chosen, rejected, begun]).decode()
    return TextPair(
        id=str(given) if given not in (None, "") else make_id("pair", content),
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        begun=begun,
        ends=ends,
        kind=row["kind"] if isinstance(row.get("kind"), str) and row["kind"] else "preference",
        tools=tools,
    )


def _token_pair(row: Row) -> Pair:
    if not row.get("id"):
        row = row | {"id": make_id("pair", msgspec.json.encode(row, order="deterministic").decode())}
    elif not isinstance(row["id"], str):
        row = row | {"id": str(row["id"])}
    try:
        return msgspec.convert(row, Pair)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a pair of token ids: {error}") from None


def _step(row: Row, chosen: Side, rejected: Side) -> TextPair:
    prompt = _prompt(row)
    return _checked(row, prompt, chosen, rejected, begun=str(row["initial_reason_steps"]), ends=False)


def _prompt_of(row: Row) -> Any:
    return next((row[name] for name in PROMPTS if row.get(name)), None)


def _prompt(row: Row) -> Side:
    """The prompt; empty if it is only in the two sides themselves."""
    given = _prompt_of(row)
    if isinstance(given, dict):  # OpenAI's preferences: {"messages": [...], "tools": [...]}
        given = given.get("messages") or given.get("full_text") or given.get("text")
    given = loaded(given) if isinstance(given, str) and given.lstrip()[:2] in ("[{", '["') else given
    system = next((row[name] for name in SYSTEM if isinstance(row.get(name), str) and row[name].strip()), "")
    prompt: Side
    if given is None:
        prompt = []
    elif isinstance(given, str):
        spoken = spoken_text(given if "Human:" in given else "")
        prompt = [m for m in spoken if m.content or m.role != "assistant"] if spoken else given
        extra = row.get("input")
        if given == row.get("instruction") and isinstance(extra, str) and extra.strip() and isinstance(prompt, str):
            prompt = f"{prompt.rstrip()}\n\n{extra}"
    else:
        try:
            prompt = messages_of(given)
        except ValueError as error:
            raise ValueError(f"prompt: {error}") from None
    if not system:
        return prompt
    turns = [Message("user", prompt)] if isinstance(prompt, str) else prompt
    return turns if any(turn.role == "system" for turn in turns) else [Message("system", system), *turns]


def _side(row: Row, names: tuple[str, ...]) -> Side:
    name = next((name for name in names if row.get(name) is not None), "")
    if not name:
        raise ValueError(f"no preference: expected {names[0]}; its fields: {', '.join(map(str, row)) or '-'}")
    value = row[name]
    if isinstance(value, str):
        value = loaded(value) if value.lstrip().startswith(('[{"', "[{'")) else value
    if isinstance(value, dict) and any(key in value for key in ("role", "from")):
        value = [value]
    try:
        return messages_of(value) if isinstance(value, list) else content_of(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _conversational(prompt: Side, chosen: Side, rejected: Side) -> tuple[list[Message], list[Message], list[Message]]:
    """All three as messages; turns that both sides begin with are moved to the prompt."""
    before = [Message("user", prompt)] if isinstance(prompt, str) and prompt else list(prompt or [])
    sides = [[Message("assistant", side)] if isinstance(side, str) else side for side in (chosen, rejected)]
    shared = 0
    while shared < min(map(len, sides)) and sides[0][shared] == sides[1][shared]:
        shared += 1
    if shared == len(sides[0]) == len(sides[1]):
        raise ValueError("both sides are equal")
    if not all(side[shared:] and side[shared].role == "assistant" for side in sides):
        raise ValueError("the sides differ in something other than a reply of the assistant")
    begin = sides[0][:shared]
    if begin and [m for m in begin if m.role != "system"] != [m for m in before if m.role != "system"]:
        whole = begin if _ends_with(begin, before) or not before else [*before, *begin]
    else:
        whole = begin if len(begin) > len(before) else before
    return whole, sides[0][shared:], sides[1][shared:]


def _ends_with(turns: list[Message], prompt: list[Message]) -> bool:
    """Whether the sides repeat the prompt; it may be only the last question, or the beginning."""
    spoken = [turn for turn in prompt if turn.role != "system"]
    return not spoken or turns[-1].content.strip() == spoken[-1].content.strip() or turns[0] == spoken[0]
