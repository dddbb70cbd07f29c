"""Asking a model: questions → sampled replies, as a base model (plain) or as a chat model is asked."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from transformers import PreTrainedTokenizerBase

from hornbook.base.files import read_records, write_records
from hornbook.base.progress import Bar
from hornbook.base.records import Message, Question
from hornbook.base.workspace import Workspace
from hornbook.inference.open_engine import open_engine
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.preference.settings import Style
from hornbook.tokenizer.chat import encode_plain, encode_prompt, encode_reply, plain_text, stop_ids

REQUESTS_PER_CHUNK = 2048  # what a killed stage loses at most; fixed, for it decides which prompts share a batch
NEXT_QUESTION = "\nQuestion:"  # a base model that goes on to the next question has finished this one


class Reply(msgspec.Struct):
    """One sampled reply. `tokens` as they were sampled, the end token included when there is one."""

    question: str  # Question.id
    sample: int
    tokens: list[int]
    finish: str  # "stop", "length", or "no room" for a prompt that fills the model's context
    text: str


class Encoder:
    """How a model is asked: questions and replies as its token ids, and what it sampled as text.

    `style` "plain" asks as `Question: ...\\nSolution:`, "chat" by the tokenizer's chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, style: Style) -> None:
        self.tokenizer, self.style = tokenizer, style
        self._stops = set(stop_ids(tokenizer))

    def prompt(self, question: str, before: Sequence[Message] = ()) -> list[int]:
        """Token ids of the question, behind the turns `before` it, that end where the reply begins."""
        turns = [*before, Message("user", question)]
        return encode_prompt(self.tokenizer, turns) if self.style == "chat" else self.plain(plain_text(turns))

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that goes on, with the begin token if this tokenizer sets one."""
        return encode_plain(self.tokenizer, text)

    def chat_prompt(self, question: Question) -> list[int]:
        return encode_prompt(self.tokenizer, [*question.before, Message("user", question.prompt)])

    def chat_reply(self, question: Question, text: str) -> list[int]:
        """Token ids of `text` as this model's complete reply in a chat, the end token included."""
        before = [*question.before, Message("user", question.prompt)]
        return encode_reply(self.tokenizer, before, Message("assistant", text))

    def text(self, tokens: list[int]) -> str:
        """What a sampled reply says."""
        text = self.tokenizer.decode([token for token in tokens if token not in self._stops], skip_special_tokens=True)
        if self.style == "plain":
            text = text.split(NEXT_QUESTION)[0]
        return text.strip()


class Respondent:
    """A model that answers questions as `encoder` puts them, whatever engine samples it."""

    def __init__(self, engine: Engine, encoder: Encoder) -> None:
        self.engine, self.encoder, self.tokenizer = engine, encoder, encoder.tokenizer

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that goes on, as `encode_plain` makes them."""
        return encode_plain(self.tokenizer, text)

    def replies(
        self, questions: list[Question], samples: int, sampling: Sampling, work: Workspace, label: str
    ) -> list[Reply]:
        """`samples` replies to each question, in the order of question ids and samples.

        Finished chunks are kept in `work.path/replies` until `forget_replies`, so that a killed stage continues.
        """
        wanted = [(question, sample) for question in questions for sample in range(samples)]
        done: list[Reply] = []
        with work.progress(f"{label} replies", len(wanted), "replies") as bar:
            for start in range(0, len(wanted), REQUESTS_PER_CHUNK):
                kept = work.path / "replies" / f"{label}-{start:08d}.parquet"
                chunk = wanted[start : start + REQUESTS_PER_CHUNK]
                if kept.exists():
                    done += read_records(kept, Reply)
                    bar.advance(len(chunk))
                else:
                    replies = self._sample(chunk, sampling, bar)
                    write_records(kept, Reply, replies)
                    done += replies
        return sorted(done, key=lambda reply: (reply.question, reply.sample))

    def _sample(self, chunk: list[tuple[Question, int]], sampling: Sampling, bar: Bar) -> list[Reply]:
        prompts = {question.id: self.encoder.prompt(question.prompt, question.before) for question, _ in chunk}
        no_room = {name for name, prompt in prompts.items() if len(prompt) >= self.engine.context}
        asked = [(question, sample) for question, sample in chunk if question.id not in no_room]
        requests = [Request(prompts[question.id], f"{question.id}/{sample}") for question, sample in asked]
        rollouts = self.engine.sample(requests, sampling, lambda _: bar.advance(1))
        replies = [
            Reply(question.id, sample, rollout.tokens, rollout.finish, self.encoder.text(rollout.tokens))
            for (question, sample), rollout in zip(asked, rollouts, strict=True)
        ]
        replies += [Reply(q.id, sample, [], "no room", "") for q, sample in chunk if q.id in no_room]
        return replies


@contextmanager
def open_respondent(
    model: Path | str, encoder: Encoder, settings: BackendSettings, *, seed: int
) -> Iterator[Respondent]:
    """The model at `model`, computed as the settings say; closed afterwards, and its memory free for the next.

    Args:
        model: a Hugging Face folder, a stage's folder with `model/` in it, or a hub name.
        seed: seed of the sampled replies.
    Raises HornbookError for a model that cannot be loaded, a missing package, and a server that does not answer.
    """
    with open_engine(settings, model, encoder.tokenizer, seed=seed, probabilities=False) as engine:
        respondent = Respondent(engine, encoder)
        yield respondent
        del respondent.engine


def by_question(replies: list[Reply]) -> dict[str, list[Reply]]:
    """Replies of each question, by Question.id."""
    grouped: dict[str, list[Reply]] = {}
    for reply in replies:
        grouped.setdefault(reply.question, []).append(reply)
    return grouped


def forget_replies(work: Workspace) -> None:
    """Remove what was kept for a continuation, once the stage's output is written."""
    shutil.rmtree(work.path / "replies", ignore_errors=True)
