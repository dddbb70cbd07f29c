"""What the kinds of instructions share: topics, requests, and replies tried and repaired until they keep to all."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import field_validator

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.base.settings import nearest, setting
from hornbook.synthetic.constraints.drawing import RULES, as_instruction, broken
from hornbook.synthetic.constraints.rule import Constraint, Topic
from hornbook.synthetic.kind import Checks, KindSettings, RecordContext, Rejected, example
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    finished,
    first_accepted,
    require_fluent,
    shot,
    unlabelled,
)
from hornbook.synthetic.words import content_words, grounded, leaked, ngrams, stems, words

NAME_TOPIC = "Name the topic of the passage in two to six words."
NAMED_TOPIC = "Topic: the root of a binary heap"
REQUESTS = (
    "Explain {topic}.",
    "What should a beginner know about {topic}?",
    "Write a short note about {topic}.",
    "Write an entry of an encyclopedia about {topic}.",
    "Describe {topic} to a curious child.",
    "Write the opening of a talk about {topic}.",
    "Sum up what matters about {topic}.",
    "Write a post for a blog about {topic}.",
    "What is worth knowing about {topic}?",
    "Prepare notes for a lesson about {topic}.",
    "Write a leaflet about {topic}.",
    "Tell a colleague in writing about {topic}.",
)
SHOWN_REPLY = "In a binary heap every parent is at most as large as its children; so the smallest is at the root."
ECHO = 5  # words
LEAST_TOLD = 4  # words of the notes, besides the topic's, without which a reply is empty
QUOTED = re.compile(r'"[^"]*"')
CONTENT = (
    "length",
    "no repetition",
    "not the example",
    "no small talk",
    "no echo",
    "about the topic",
    "says something",
)


class FollowingSettings(KindSettings):
    """Replies under constraints that a program checks."""

    max_tokens: int = setting(200, "longest reply, in tokens", ge=1)
    constraints: int = setting(3, "constraints of a record, at most; at least one", ge=1)
    rules: list[str] = setting([], "rules to draw constraints from; all that fit the kind, if none is named")
    tries: int = setting(4, "replies tried until one keeps to all constraints", ge=1)
    repairs: int = setting(2, "times the best of them is sent back with what it breaks, at most", ge=0)
    min_about: float = setting(
        0.4, "least share of the topic's words, or of its own, that the reply shares", ge=0, le=1
    )

    @field_validator("rules")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in RULES:
                raise HornbookError(f"rules: no such rule '{name}'{nearest(name, sorted(RULES))}")
        return names

    def drawn_from(self, fitting: Sequence[str]) -> list[str]:
        """The named rules that fit the kind, or all that do."""
        return [name for name in fitting if not self.rules or name in self.rules]


def all_but(*names: str) -> list[str]:
    return sorted(RULES.keys() - set(names))


async def name_topic(passage: Passage, ask: RecordContext, tries: int = 2) -> str:
    """What the passage is about, in a few of its own words: as the teacher names it, else its two main terms.

    Raises Rejected ("topic") for a passage without any.
    """

    async def attempt(number: int) -> str:
        prompt = shot(NAME_TOPIC, NAMED_TOPIC, passage)
        answer = await ask("topic", prompt, max_tokens=20, temperature=0.5, stop=["\n"], sample=number)
        topic = unlabelled(answer.text).removeprefix("Topic:").strip(" \"'*.")
        if not is_topic(topic, passage):
            raise Rejected("topic", topic[:60] or "none")
        return topic if topic[:2].isupper() else topic[0].lower() + topic[1:]

    try:
        topic = await first_accepted(tries, attempt)
        ask.facts["topic_named"] = 1.0
    except Rejected:
        ask.facts["topic_named"] = 0.0
        terms = key_terms(passage.text, 2)
        Checks().require("topic", len(terms) == 2, "the passage has no terms")
        topic = " and ".join(terms)
    return topic


def is_topic(text: str, passage: Passage) -> bool:
    """A phrase in the passage's words, no sentence, nothing twice, nothing of the prompt's example."""
    said = content_words(text)
    short = bool(said) and len(set(said)) == len(said) and len(words(text)) <= 8
    phrase = not any(mark in text for mark in ".!?:;,\n") and "passage" not in said and "topic" not in said
    return short and phrase and grounded(text, passage.text) >= 0.7 and not leaked(text, NAMED_TOPIC, passage.text)


def topic_for(passage: Passage, request: str) -> Topic:
    return Topic(request, key_terms(passage.text))


def request_about(topic: str, rng: np.random.Generator) -> str:
    return REQUESTS[int(rng.integers(len(REQUESTS)))].format(topic=topic)


def with_constraints(request: str, constraints: Sequence[Constraint]) -> str:
    return " ".join([request, *map(as_instruction, constraints)])


def ask_from_notes(said: str, passage: Passage) -> list[Message]:
    """How the teacher is asked: with the passage to draw on, which the record does not show."""
    shown = "Explain where the smallest element of a binary heap is. Do not use any exclamation marks."
    return [*example(f"{shown}\n\nNotes: {SHOWN}", SHOWN_REPLY), Message("user", f"{said}\n\nNotes: {passage.text}")]


async def follow(
    prompt: list[Message],
    constraints: Sequence[Constraint],
    content: Callable[[str], Checks],
    ask: RecordContext,
    settings: FollowingSettings,
    round: int = 0,
) -> tuple[str, list[str]]:
    """(a reply that keeps to all constraints and passes `content`, the checks it passed).

    The first of several tries that does; else the best of them is sent back with what it breaks, a few times.
    Raises Rejected: by the content where no try passed that, else "constraints" with those that are still broken.
    """
    best: tuple[int, str, list[str]] | None = None
    failure = Rejected("constraints")

    def consider(reply: str) -> bool:
        nonlocal best, failure
        try:
            passed = content(reply).passed
        except Rejected as rejected:
            failure = rejected
            return False
        count = len(broken(constraints, reply))
        if best is None or count < best[0]:
            best = (count, reply, passed)
        return count == 0

    tried = repaired = 0
    done = False
    while not done and tried < settings.tries:
        answer = await ask("write", prompt, sample=round * settings.tries + tried)
        done = consider(tidied(finished(answer)))
        tried += 1
    while not done and best and repaired < settings.repairs:
        wrong = " ".join(map(as_instruction, broken(constraints, best[1])))
        again = f"Your answer does not keep to this: {wrong} Write it again so that it does, and keeps to all the rest."
        turns = [*prompt, Message("assistant", best[1]), Message("user", again)]
        done = consider(tidied(finished(await ask("repair", turns, sample=repaired))))
        repaired += 1
    ask.facts |= {"first_try": float(done and tried == 1), "repaired": float(done and repaired > 0)}
    if best is None:
        raise failure
    if best[0]:
        raise Rejected("constraints", ", ".join(constraint.rule for constraint in broken(constraints, best[1])))
    return best[1], [*best[2], "constraints"]


def tidied(text: str) -> str:
    """Without spaces at the ends and blank lines in a row."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def require_content(
    reply: str, said: str, source: str, topic: str, constraints: Sequence[Constraint], least: float
) -> Checks:
    """The checks of `CONTENT`: fluent, about the topic, not empty, nothing of what was asked. Raises Rejected."""
    checks = Checks()
    spoken = {constraint.rule for constraint in constraints}
    shown = f"{SHOWN} {SHOWN_REPLY}"
    require_fluent(checks, reply, (20, 6000), shown, f"{source} {said}")
    own = reply if "repeat_request" not in spoken else reply[len(said) :]
    checks.require("no echo", not echoes(own, constraints), "repeats the conditions")
    about = len(stems(reply) & stems(topic)) / max(1, len(stems(topic)))
    enough = max(about, grounded(reply, source)) >= least
    checks.require("about the topic", enough or "language" in spoken, f"{about:.2f} of its words")
    told = stems(reply) & stems(source) - stems(topic)
    checks.require("says something", len(told) >= LEAST_TOLD or "language" in spoken, "little but the topic")
    return checks


def echoes(reply: str, constraints: Sequence[Constraint]) -> bool:
    """Whether the reply says a condition, or five words of one; what a condition puts in quotes may well be in it."""
    said = set(ngrams(words(reply), ECHO))
    for constraint in constraints:
        condition = words(QUOTED.sub(" ", as_instruction(constraint)))
        spoken = ngrams(condition, ECHO) or [tuple(condition)]
        size = len(spoken[0])
        if (said if size == ECHO else set(ngrams(words(reply), size))) & set(spoken):
            return True
    return False


def calls_of(settings: Any, rounds: int = 1) -> int:
    """Most calls of `follow`, so many times."""
    return rounds * (settings.tries + settings.repairs)
