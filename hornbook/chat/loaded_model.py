"""A model that is ready to talk: its tokenizer, the batch that its replies are computed in, and the search of it."""

from collections.abc import Callable
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from hornbook.base.records import Message
from hornbook.chat.find_model import ChosenModel
from hornbook.chat.reply_text import ReplyPiece, ReplyText
from hornbook.chat.searched_questions import SearchedQuestions
from hornbook.inference.open_engine import open_streaming_batch
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.inference.streaming import SampledToken, StreamingBatch, StreamRequest
from hornbook.tokenizer.chat import encode_plain, encode_prompt, load_tokenizer, plain_prompt, plain_text

NEXT_QUESTION = "\n\n" + plain_prompt("").partition(" ")[0]


class LoadedModel(NamedTuple):
    name: str
    id: str
    tokenizer: PreTrainedTokenizerBase
    batch: StreamingBatch
    searched: SearchedQuestions | None
    base: bool

    def prompt(self, turns: list[Message]) -> list[int]:
        """The conversation so far as token ids: by the model's chat template, or as a base model is asked.

        Raises HornbookError where the template refuses these turns.
        """
        if self.chats:
            return encode_prompt(self.tokenizer, turns)
        return encode_plain(self.tokenizer, plain_text(turns))

    @property
    def chats(self) -> bool:
        """Whether it is asked by its chat template; a base model is not."""
        return bool(self.tokenizer.chat_template) and not self.base

    @property
    def ends(self) -> list[str]:
        """Texts that end a reply: a base model goes on with a question of its own."""
        return [] if self.chats else [NEXT_QUESTION]

    def reply(
        self, prompt: list[int], sampling: Sampling, seed: int, top: int, show: Callable[[ReplyPiece], None]
    ) -> str:
        """A reply, of which `show` is told piece by piece. What interrupts it is raised, and the reply ends there.

        Raises HornbookError where the prompt leaves no room.
        """
        text = ReplyText(self.tokenizer, self.ends)

        def told(token: SampledToken) -> bool:
            for piece in text.add(token):
                show(piece)
            return not text.finish

        try:
            self.batch.add(StreamRequest(prompt, sampling, told, seed=seed, top=top))
            while self.batch.busy:
                self.batch.step()
        finally:
            self.batch.clear()
        return text.finish


def load(chosen: ChosenModel, rows: int = 1) -> LoadedModel:
    """Load what was chosen, to compute `rows` replies at a time. Raises HornbookError where it cannot be loaded."""
    tokenizer = load_tokenizer(chosen.path)
    batch = open_streaming_batch(BackendSettings(), chosen.path, tokenizer, rows)
    searched = SearchedQuestions(chosen.search, chosen.searched) if chosen.search else None
    return LoadedModel(chosen.name, chosen.id, tokenizer, batch, searched, chosen.base)
