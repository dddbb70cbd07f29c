"""A rendered conversation: its text, and the positions of the assistant's replies in it.

A reply is sampled from its prompt. With most templates a finished conversation begins with the prompt of every reply.
With others it does not: the prompt opens a thinking block that a finished reply does not have, or earlier turns are
rendered differently once later ones exist. Then the text is the prompt of the last reply, as sampled from, followed by
that reply, and earlier replies are taken as they are rendered there.
"""

import itertools
import re
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.base.thinking import first_opening, opens_thinking, split_thinking
from hornbook.tokenizer.chat_template import render_template, template_features, template_of, tokenizer_name
from hornbook.tokenizer.end_tokens import stop_ids
from hornbook.tokenizer.template_dates import run_date
from hornbook.tokenizer.token_spans import HIDDEN
from hornbook.tokenizer.turns import as_turns, read_tools

CLOSINGS = {"<|begin_of_thought|>": "<|end_of_thought|>", "<unused94>": "<unused95>", "<|channel>thought": "<channel|>"}


class Span(NamedTuple):
    """A reply in the text, with the token that ends it."""

    begin: int
    finish: int
    learn: bool


class RenderedChat:
    """The turns of a conversation with a tokenizer's template. Raises HornbookError if the template rejects them."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, messages: list[Message], tools: str = "") -> None:
        given = read_tools(tools)
        self.tokenizer, self.template = tokenizer, template_of(tokenizer, bool(given))
        self.tools = given if given and template_features(tokenizer, self.template).tools else None
        made = as_turns(tokenizer, self.template, messages, given)
        self.turns = [turn for turn, _ in made]
        self.learn = [learn for _, learn in made]
        # a reply without a turn before it has no prompt
        self.replies = [at for at, turn in enumerate(self.turns) if at and turn["role"] == "assistant"]
        self.moment = run_date(tokenizer)
        self._ends: list[str] | None = None
        self._texts: dict[tuple[int, bool, int | None], str] = {}

    def prompt(self) -> tuple[str, list[Span]]:
        """The prompt of the assistant's next turn, and the replies in it as far as they can be located."""
        return self.text(len(self.turns), prompt=True), self._earlier(len(self.turns), strict=False)

    def finished(self) -> tuple[str, list[Span]]:
        """The whole conversation, and the replies in it. Raises HornbookError if one cannot be located."""
        if not self.replies:
            return self.text(len(self.turns)), []
        last = self.replies[-1]
        text, begin, as_written = self._last(last)
        finish = self._finish(text, last, begin) if as_written else None
        if finish is None:
            finish = begin + self._end_in(text[begin:])[1]
        if self._content(last).strip() and not text[begin:finish].strip():
            raise HornbookError(
                f"{tokenizer_name(self.tokenizer)}: its chat template does not write what the assistant says"
            )
        return text, [*self._earlier(last, strict=True), Span(begin, finish, self.learn[last])]

    def text(self, count: int, *, prompt: bool = False, hidden: int | None = None) -> str:
        """The first `count` turns as rendered, with HIDDEN instead of the content of turn number `hidden`."""
        key = (count, prompt, hidden)
        if key not in self._texts:
            turns = self.turns[:count]
            if hidden is not None:
                content = turns[hidden]["content"]
                content = HIDDEN if isinstance(content, str) else [{"type": "text", "text": HIDDEN}]
                turns[hidden] = turns[hidden] | {"content": content}
            made = render_template(
                self.tokenizer, self.template, turns, tools=self.tools, prompt=prompt, moment=self.moment
            )
            self._texts[key] = made
        return self._texts[key]

    def _last(self, turn: int) -> tuple[str, int, bool]:
        """The text up to or beyond the last reply, where the reply begins, and whether the template rendered the text
        as a whole."""
        prompt = self.text(turn, prompt=True)
        for count in (len(self.turns), turn + 1):
            if self.text(count).startswith(prompt):
                return self.text(count), len(prompt), True
        return prompt + self._as_sampled(turn, prompt), len(prompt), False

    def _as_sampled(self, turn: int, prompt: str) -> str:
        """The reply as it would be sampled after `prompt`, for a conversation that is rendered differently."""
        whole, thought = self.text(turn + 1), self._header(turn)[1]
        begin = self._begin(turn + 1, turn, prompt=False)
        before, found, behind = self.text(turn + 1, hidden=turn).partition(HIDDEN)
        if begin is None or not found or len(before) < begin or not whole.endswith(behind):
            raise self._no_prompt()
        body = whole[begin : len(whole) - len(behind)]
        if not thought:
            return body + behind
        parts = split_thinking(body)
        if parts.answer is None:
            raise HornbookError("a reply whose thinking does not end")
        if not opens_thinking(prompt):  # the prompt has closed the thinking already
            return parts.answer.lstrip("\n") + behind
        thinking = parts.thinking or split_thinking(self._content(turn)).thinking
        line = "\n" if thought.endswith("\n") else ""
        gap = "\n\n" if line and not parts.answer.startswith("\n") else ""
        return f"{thinking}{line}{closing(thought.strip())}{gap}{parts.answer}{behind}"

    def _earlier(self, count: int, strict: bool) -> list[Span]:
        """The replies among the first `count` turns, in the prompt of these turns."""
        spans: list[Span] = []
        for turn in self.replies:
            if turn >= count:
                break
            found = self._find(count, turn)
            if found and (not spans or found[0] >= spans[-1].finish):
                begin, finish = found
                spans.append(Span(begin, self._through_end(begin, finish, count), self.learn[turn]))
            elif strict and self.learn[turn]:
                raise self._no_prompt()
        return spans

    def _find(self, count: int, turn: int) -> tuple[int, int] | None:
        """Where an earlier reply begins and ends in the prompt of the first `count` turns; None if unclear."""
        text = self.text(count, prompt=True)
        begin = self._begin(count, turn, prompt=True)
        if begin is None:
            return None
        if text.startswith(self.text(turn, prompt=True)) and (finish := self._finish(text, turn, begin)) is not None:
            return begin, finish
        _, found, behind = self.text(count, prompt=True, hidden=turn).partition(HIDDEN)
        next_content = self.text(count, prompt=True, hidden=turn + 1).find(HIDDEN) if turn + 1 < count else len(text)
        end = begin + self._end_in(text[begin:])[1]
        if end <= next_content and self._end_in(text[begin:end]) != (end - begin, end - begin):
            return begin, end
        content_end = len(text) - len(behind)
        if not found or not text.endswith(behind) or content_end < begin:
            return None
        tail = self.text(turn + 1, hidden=turn).partition(HIDDEN)[2]
        for length in reversed(self._end_in(tail)):
            if behind.startswith(tail[:length]):
                return begin, content_end + length
        return begin, content_end

    def _begin(self, count: int, turn: int, prompt: bool) -> int | None:
        """Where a reply begins in the text of the first `count` turns: after its prompt, or the part of it that is
        there; None if unclear."""
        text, own_prompt = self.text(count, prompt=prompt), self.text(turn, prompt=True)
        if text.startswith(own_prompt):
            return len(own_prompt)
        header, thought = self._header(turn)
        # what the template writes between the turn before and the reply
        between = self.text(turn, prompt=True, hidden=turn - 1).partition(HIDDEN)
        behind = self.text(count, prompt=prompt, hidden=turn - 1).partition(HIDDEN)
        gap = between[2].removesuffix(thought)
        if between[1] and behind[1] and behind[2].startswith(gap) and text.endswith(behind[2]):
            return len(text) - len(behind[2]) + len(gap)
        before, found, _ = self.text(count, prompt=prompt, hidden=turn).partition(HIDDEN)
        begin = before.rfind(header) + len(header) if header and header in before else len(before)
        in_order = self.text(count, prompt=prompt, hidden=turn - 1).find(HIDDEN) < len(before)
        return begin if found and in_order and text.startswith(before[:begin]) else None

    def _finish(self, text: str, turn: int, begin: int) -> int | None:
        """Where a reply that begins at `begin` ends: after its end token, if the template writes one."""
        until_here = self.text(turn + 1)
        for length in reversed(self._end_in(until_here[begin:])):  # some write one only after the last reply
            if text.startswith(until_here[: begin + length]):
                return begin + length
        return None

    def _through_end(self, begin: int, finish: int, count: int) -> int:
        """`finish`, or after the token there if a reply without an end token ends with the token of the next turn."""
        text = self.text(count, prompt=True)
        before, behind = self._end_in(text[begin:])
        return begin + behind if before == finish - begin else finish

    def _end_in(self, text: str) -> tuple[int, int]:
        """Positions before and after the first end token in `text`; the text's length, twice, if there is none."""
        if self._ends is None:
            self._ends = self.tokenizer.convert_ids_to_tokens(stop_ids(self.tokenizer))
        found = min(((text.index(end), -len(end)) for end in self._ends if end in text), default=(len(text), 0))
        return found[0], found[0] - found[1]

    def _header(self, turn: int) -> tuple[str, str]:
        """What the template writes before the assistant's reply: its header, and the thinking block that it opens."""
        plain, prompt = self.text(turn), self.text(turn, prompt=True)
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(plain, prompt, strict=False))
        begun = prompt[sum(1 for _ in same) :]
        at = first_opening(begun)
        return begun[:at], begun[at:]

    def _content(self, turn: int) -> str:
        content = self.turns[turn]["content"]
        return str(content if isinstance(content, str) else content[0]["text"])

    def _no_prompt(self) -> HornbookError:
        return HornbookError(
            f"{tokenizer_name(self.tokenizer)}: its chat template rewrites earlier turns, so replies have no prompt"
        )


def closing(opening: str) -> str:
    """The mark that closes a thinking block: </think> for <think>."""
    return CLOSINGS.get(opening) or re.sub(r"^(<\||<|\[|◁)", r"\1/", opening)
