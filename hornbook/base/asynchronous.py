"""Running a coroutine from synchronous code, also where an event loop is already running, as in a notebook."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


def run_coroutine(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Like `asyncio.run`, but may be called within an event loop."""
    with EventLoopRunner() as runner:
        return runner.run(coroutine)


class EventLoopRunner:
    """Like `asyncio.Runner`: one loop for several coroutines, for example those of an open connection.

    asyncio allows one running loop per thread. If the caller's thread has one, the coroutine runs in another thread.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """The coroutine's result. An interrupt (Ctrl-C) cancels it."""
        return self._in_free_thread(lambda: self._runner.run(coroutine))

    def close(self) -> None:
        """Cancel remaining tasks and close the loop."""
        self._in_free_thread(self._runner.close)

    def _in_free_thread(self, work: Callable[[], Result]) -> Result:
        if not _inside_a_loop():
            return work()
        with ThreadPoolExecutor(1, "hornbook-loop") as thread:
            future = thread.submit(contextvars.copy_context().run, work)
            try:
                return future.result()
            except KeyboardInterrupt:  # raised in the main thread only
                loop = self._runner.get_loop()
                loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
                raise


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
