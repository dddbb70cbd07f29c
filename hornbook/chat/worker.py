"""The thread in which the model computes, for a server whose event loop must not wait."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from hornbook.base.errors import HornbookError, one_line
from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.reply_text import ReplyPiece, ReplyText
from hornbook.inference.settings import Sampling
from hornbook.inference.streaming import SampledToken, StreamRequest

Result = TypeVar("Result")


class ReplyEnd(NamedTuple):
    """A reply is complete: "stop" or "length"."""

    finish: str


class Replies:
    """The replies to one request, numbered, piece by piece. Close it when nobody waits any more.

    `events` has (number, ReplyPiece), (number, ReplyEnd), or (0, HornbookError) when the model has failed.
    """

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[int, ReplyPiece | ReplyEnd | HornbookError]] = asyncio.Queue()
        self.wanted = True
        self._loop = asyncio.get_running_loop()

    def tell(self, number: int, event: ReplyPiece | ReplyEnd | HornbookError) -> None:
        """From the worker's thread."""
        if self.wanted:
            self._loop.call_soon_threadsafe(self.events.put_nowait, (number, event))

    def close(self) -> None:
        """Whatever is still being computed ends with its next token."""
        self.wanted = False


class ReplyWorker:
    """Computes the tokens of all replies that are wanted, together; what is called in between runs between two steps.

    Only its thread touches the model and its tokenizer.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._open: list[Replies] = []
        self._thread = threading.Thread(target=self._work, name="hornbook-chat", daemon=True)
        self._thread.start()

    async def call(self, function: Callable[[], Result]) -> Result:
        """What the function returns, run in the thread; raises what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()

        def tell(settle: Callable[[Any], None], value: Any) -> None:
            if not answer.done():
                settle(value)

        def run() -> None:
            try:
                result = function()
            except BaseException as error:
                loop.call_soon_threadsafe(tell, answer.set_exception, error)
            else:
                loop.call_soon_threadsafe(tell, answer.set_result, result)

        self._inbox.put(run)
        return await answer

    async def begin(
        self, prompts: list[list[int]], count: int, sampling: Sampling, seed: int, top: int, stop: list[str]
    ) -> Replies:
        """`count` replies to each of the prompts. Raises HornbookError where one leaves no room."""
        replies = Replies()

        def add() -> None:
            wanted = [
                self._live(replies, number, prompt, sampling, seed, top, stop)
                for number, prompt in enumerate(prompt for prompt in prompts for _ in range(count))
            ]
            for live in wanted:
                self.loaded.batch.check(live)
            self._open = [replies, *(other for other in self._open if other.wanted)]
            for live in wanted:
                self.loaded.batch.add(live)

        await self.call(add)
        return replies

    def close(self) -> None:
        """End the thread after the step that it is in."""
        self._inbox.put(None)
        self._thread.join()

    def _live(
        self,
        replies: Replies,
        number: int,
        prompt: list[int],
        sampling: Sampling,
        seed: int,
        top: int,
        stop: list[str],
    ) -> StreamRequest:
        text = ReplyText(self.loaded.tokenizer, stop)

        def told(token: SampledToken) -> bool:
            for piece in text.add(token):
                replies.tell(number, piece)
            if text.finish:
                replies.tell(number, ReplyEnd(text.finish))
            return replies.wanted and not text.finish

        return StreamRequest(prompt, sampling, told, seed=seed, key=str(number) if number else "", top=top)

    def _work(self) -> None:
        batch = self.loaded.batch
        while True:
            try:
                todo = self._inbox.get(block=not batch.busy)
            except queue.Empty:
                self._step()
                continue
            if todo is None:
                return
            todo()

    def _step(self) -> None:
        try:
            self.loaded.batch.step()
        except Exception as error:  # whatever a model's own code, or a full memory, makes of it
            self.loaded.batch.clear()
            reason = str(error) if isinstance(error, HornbookError) else one_line(error)
            for replies in self._open:
                replies.tell(0, HornbookError(reason))
            self._open = []
