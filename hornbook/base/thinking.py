"""Splitting the thinking of a reasoning model (thinking blocks, channels) from its answer."""

import re
from typing import NamedTuple

_THOUGHT = (
    r"(?:seed:)?(?:think|thinking|thought|thoughts|thought_process|reasoning|scratchpad|inner_monologue|analysis)"
)
_OPENING = rf"<{_THOUGHT}>|\[think\]|<\|(?:begin_of_thought|thinking|think)\|>|◁think▷|<unused94>|<\|channel>thought"
_CLOSING = rf"</{_THOUGHT}>|\[/think\]|<\|(?:end_of_thought|/thinking|/think)\|>|◁/think▷|<unused95>|<channel\|>"
_MARK = re.compile(rf"(?<!`)(?:(?P<opening>{_OPENING})|{_CLOSING})", re.IGNORECASE)  # not in backticks
_OPEN_AT_END = re.compile(rf"(?:{_OPENING})\s*$", re.IGNORECASE)
_FIRST = re.compile(_OPENING, re.IGNORECASE)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]*<\|message\|>")
TURN = re.compile(r"<\|(?:im_end|endoftext|eot_id|end|return|eom_id|end_of_text)\|>|</s>|<end_of_turn>|<eos>")


class Parts(NamedTuple):
    """The parts of a reply; `answer` is None if the reply was cut off within the thinking."""

    thinking: str
    answer: str | None


def split_thinking(reply: str) -> Parts:
    """The thinking of a reply and its answer.

    A template may have opened the block in the prompt: text before an unmatched closing mark is thinking too.
    """
    if "<|channel|>" in reply:
        return _final_channel(reply)
    kept: list[str] = []
    thought: list[str] = []
    depth = begin = 0
    for mark in _MARK.finditer(reply):
        before, begin = reply[begin : mark.start()], mark.end()
        if mark["opening"]:
            (thought if depth else kept).append(before)
            depth += 1
        elif depth:
            thought.append(before)
            depth -= 1
        else:
            thought, kept = [*thought, *kept, before], []
    rest = reply[begin:]
    if depth:
        return Parts("".join([*thought, rest]).strip(), None)
    return Parts("".join(thought).strip(), "".join([*kept, rest]))


def without_thinking(reply: str) -> str | None:
    """The reply without its thinking; None if it was cut off within the thinking."""
    return split_thinking(reply).answer


def opens_thinking(prompt: str) -> bool:
    """Whether a prompt ends with an opening mark, so that the reply begins with thinking."""
    return _OPEN_AT_END.search(prompt) is not None


def first_opening(text: str) -> int:
    """The position of the first opening mark in a text; its length if there is none."""
    found = _FIRST.search(text)
    return found.start() if found else len(text)


def _final_channel(reply: str) -> Parts:
    """The parts of a reply in channels: the channel `final` is the answer."""
    channels = list(_CHANNEL.finditer(reply))
    final = [channel for channel in channels if channel[1] == "final"]
    thinking = reply[: final[-1].start()] if final else reply
    thinking = TURN.sub("", _CHANNEL.sub("", thinking)).replace("<|start|>assistant", "").strip()
    return Parts(thinking, TURN.sub("", reply[final[-1].end() :]) if final else None)
