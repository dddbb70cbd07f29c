"""Sample replies to questions from a base model (plain prompts) or a chat model (chat template)."""

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

REQUESTS_PER_CHUNK = 2048  # at most this many are lost with a killed stage; fixed, since it decides what shares a batch
NEXT_QUESTION = "\nQuestion:"  # a base model that continues with the next question has finished its reply


class SampledReply(msgspec.Struct):
    """One sampled reply. `tokens` are those sampled, including the end token if there is one."""

    question: str  # Question.id
    sample: int
    tokens: list[int]
    finish: str  # "stop", "length", or "no room" for a prompt that fills the model's context
    text: str


class Encoder:
    """Encodes questions and replies as token ids, and decodes sampled replies.

    The prompt in `style` "plain" is `Question: ...\\nSolution:`, in "chat" it is the tokenizer's chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, style: Style) -> None:
        self.tokenizer, self.style = tokenizer, style
        self._stops = set(stop_ids(tokenizer))

    def prompt(self, question: str, before: Sequence[Message] = ()) -> list[int]:
        """Token ids of the prompt: the turns `before` the question and the question, up to where the reply begins."""
        turns = [*before, Message("user", question)]
        return encode_prompt(self.tokenizer, turns) if self.style == "chat" else self.plain(plain_text(turns))

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that is to be continued, with the begin token if this tokenizer adds one."""
        return encode_plain(self.tokenizer, text)

    def chat_prompt(self, question: Question) -> list[int]:
        return encode_prompt(self.tokenizer, [*question.before, Message("user", question.prompt)])

    def chat_reply(self, question: Question, text: str) -> list[int]:
        """Token ids of `text` as this model's complete reply in a chat, including the end token."""
        before = [*question.before, Message("user", question.prompt)]
        return encode_reply(self.tokenizer, before, Message("assistant", text))

    def text(self, tokens: list[int]) -> str:
        """The text of a sampled reply, without end tokens and following questions."""
        text = self.tokenizer.decode([token for token in tokens if token not in self._stops], skip_special_tokens=True)
        if self.style == "plain":
            text = text.split(NEXT_QUESTION)[0]
        return text.strip()


class Respondent:
    """A model that answers questions: an engine with a prompt encoder."""

    def __init__(self, engine: Engine, encoder: Encoder) -> None:
        self.engine, self.encoder, self.tokenizer = engine, encoder, encoder.tokenizer

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that is to be continued, see `encode_plain`."""
        return encode_plain(self.tokenizer, text)

    def replies(
        self,
        questions: list[Question],
        samples: int,
        sampling: Sampling,
        work: Workspace,
        label: str,
        enough_tokens: int = 0,
    ) -> list[SampledReply]:
        """`samples` replies to each question, in the order of question ids and samples.

        With `enough_tokens`, no further chunk begins once the replies have so many.

        Finished chunks are kept in `work.path/replies` until `delete_replies`, so that a killed stage can continue.
        """
        wanted = [(question, sample) for question in questions for sample in range(samples)]
        done: list[SampledReply] = []
        with work.progress(f"{label} replies", len(wanted), "replies") as bar:
            for start in range(0, len(wanted), REQUESTS_PER_CHUNK):
                if enough_tokens and sum(len(reply.tokens) for reply in done) >= enough_tokens:
                    break
                kept = work.path / "replies" / f"{label}-{start:08d}.parquet"
                chunk = wanted[start : start + REQUESTS_PER_CHUNK]
                if kept.exists():
                    done += read_records(kept, SampledReply)
                    bar.advance(len(chunk))
                else:
                    replies = self._sample(chunk, sampling, bar)
                    write_records(kept, SampledReply, replies)
                    done += replies
        return sorted(done, key=lambda reply: (reply.question, reply.sample))

    def _sample(self, chunk: list[tuple[Question, int]], sampling: Sampling, bar: Bar) -> list[SampledReply]:
        prompts = {question.id: self.encoder.prompt(question.prompt, question.before) for question, _ in chunk}
        too_long = {name for name, prompt in prompts.items() if len(prompt) >= self.engine.context}
        fitting = [(question, sample) for question, sample in chunk if question.id not in too_long]
        requests = [Request(prompts[question.id], f"{question.id}/{sample}") for question, sample in fitting]
        rollouts = self.engine.sample(requests, sampling, lambda _: bar.advance(1))
        replies = [
            SampledReply(question.id, sample, rollout.tokens, rollout.finish, self.encoder.text(rollout.tokens))
            for (question, sample), rollout in zip(fitting, rollouts, strict=True)
        ]
        replies += [SampledReply(q.id, sample, [], "no room", "") for q, sample in chunk if q.id in too_long]
        return replies


@contextmanager
def open_respondent(
    model: Path | str, encoder: Encoder, settings: BackendSettings, *, seed: int
) -> Iterator[Respondent]:
    """The model at `model` with the engine of the settings; closed afterwards, so that its memory is freed.

    Args:
        model: a Hugging Face folder, a stage's folder with `model/` in it, or a hub name.
        seed: seed of the sampled replies.
    Raises HornbookError for a model that cannot be loaded, a missing package, and a server that does not answer.
    """
    with open_engine(settings, model, encoder.tokenizer, seed=seed, probabilities=False) as engine:
        respondent = Respondent(engine, encoder)
        yield respondent
        del respondent.engine


def by_question(replies: list[SampledReply]) -> dict[str, list[SampledReply]]:
    """Replies of each question, by Question.id."""
    grouped: dict[str, list[SampledReply]] = {}
    for reply in replies:
        grouped.setdefault(reply.question, []).append(reply)
    return grouped


def delete_replies(work: Workspace) -> None:
    """Remove the chunks kept for a continuation, once the stage's output is written."""
    shutil.rmtree(work.path / "replies", ignore_errors=True)
