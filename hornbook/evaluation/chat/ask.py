"""Ask a chat model: one that is computed here or by a server of token ids, or one behind an OpenAI-compatible endpoint.

Either way no question is asked twice: an engine's replies are kept in the evaluation's journal, an endpoint's in the
teacher's ledger.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from hornbook.base.asynchronous import run_coroutine
from hornbook.base.records import Message
from hornbook.base.workspace import Workspace
from hornbook.evaluation.harness.journal import Journal
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from hornbook.preference.generate import Respondent
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings

REPLIES_PER_BATCH = 256  # at most this many are lost with a killed evaluation
REPLY_TOKENS = 2048  # as in simple-evals
SAMPLES = 10_000  # numbers of an endpoint's samples for one seed


class Prompt(NamedTuple):
    """A question to ask for the `sample`-th time; `key` names it and decides, with the seed, what is drawn."""

    key: str
    text: str
    sample: int


class Asker(Protocol):
    """A model that can be asked; `limit` is its longest reply in tokens."""

    limit: int

    def ask(self, prompts: Sequence[Prompt], label: str, *, sealed: bool) -> list[str | None]:
        """The reply to each prompt, None where there is none; of `sealed` ones nothing is written to disk for good."""


class EngineAsker:
    """Asks an engine: PyTorch, vLLM, or a server of token ids."""

    def __init__(self, respondent: Respondent, settings: EvaluationSettings, journal: Journal, work: Workspace) -> None:
        self.respondent, self.settings, self.journal, self.work = respondent, settings, journal, work
        self.limit = longest_reply(settings)
        if self.limit >= respondent.engine.context:
            self.limit = respondent.engine.context // 2
            work.warn(f"replies of {longest_reply(settings):,} tokens do not fit the model: at most {self.limit:,}")

    def ask(self, prompts: Sequence[Prompt], label: str, *, sealed: bool) -> list[str | None]:
        engine, encoder = self.respondent.engine, self.respondent.encoder
        sampling = Sampling(temperature=self.settings.temperature, max_new_tokens=self.limit)
        replies: list[str | None] = [None] * len(prompts)
        requests = [Request(encoder.prompt(prompt.text), f"{prompt.key}/{prompt.sample}") for prompt in prompts]
        fitting = [number for number, request in enumerate(requests) if len(request.prefix) < engine.context]
        for number in set(range(len(prompts))) - set(fitting):
            self.work.reject(prompts[number].key, "longer than the model's context")
        with self.work.progress(label, len(fitting), "replies") as bar:
            for start in range(0, len(fitting), REPLIES_PER_BATCH):
                numbers = fitting[start : start + REPLIES_PER_BATCH]
                asked = [requests[number] for number in numbers]

                def sample(asked: list[Request] = asked) -> list[str]:
                    return [encoder.text(rollout.tokens) for rollout in engine.sample(asked, sampling)]

                found = self.journal.answers([sampling.model_dump(), asked], sample, keep=not sealed)
                for number, reply in zip(numbers, found, strict=True):
                    replies[number] = reply
                bar.advance(len(numbers))
        return replies


class EndpointAsker:
    """Asks a model through its chat API, many calls at a time."""

    def __init__(self, endpoint: TeacherSettings, settings: EvaluationSettings, work: Workspace) -> None:
        self.endpoint, self.settings, self.work = endpoint, settings, work
        self.limit = longest_reply(settings)

    def ask(self, prompts: Sequence[Prompt], label: str, *, sealed: bool) -> list[str | None]:
        """Raises TeacherError if no call is answered, or none will be any more. Calls that failed are counted, so that
        the same command tries them again."""
        with self.work.progress(label, len(prompts), "replies") as bar, _ledger(self.work, sealed) as ledger:

            async def ask() -> list[Completion | CallFailed]:
                async with open_teacher(self.endpoint, ledger) as teacher:

                    async def one(prompt: Prompt) -> Completion:
                        return await teacher.complete(
                            [Message("user", prompt.text)],
                            purpose=f"evaluation: {label}",
                            sample=self.settings.questions_seed * SAMPLES + prompt.sample,
                            temperature=self.settings.temperature,
                            max_tokens=self.limit,
                        )

                    limit = teacher.settings.records_at_once
                    found = await map_records(prompts, one, lambda *_: bar.advance(), limit=limit)
                    teacher.require_answers()
                    self.work.count(**teacher.losses())
                    return found

            found = run_coroutine(ask())
        for prompt, one in zip(prompts, found, strict=True):
            if isinstance(one, CallFailed):
                self.work.reject(prompt.key, f"no reply: {one}")
        return [None if isinstance(one, CallFailed) else one.text for one in found]


@contextmanager
def _ledger(work: Workspace, sealed: bool) -> Iterator[Path]:
    """The folder of the ledger; of sealed questions one that is removed afterwards."""
    if not sealed:
        yield work.ledger
        return
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def longest_reply(settings: EvaluationSettings) -> int:
    """In tokens: as the settings say, if they do."""
    return settings.max_new_tokens if "max_new_tokens" in settings.model_fields_set else REPLY_TOKENS
