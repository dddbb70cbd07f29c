"""Runs of a teacher by files, and somebody who answers its requests."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hornbook.base.records import Message
from hornbook.teacher.client import Completion, Teacher, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings

Request = dict[str, Any]


def requests_in(folder: Path) -> list[Request]:
    """All requests written so far, in order."""
    files = sorted(folder.glob("requests-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def text_of(request: Request) -> str:
    return f"re: {request['body']['messages'][-1]['content']}"


def reply_to(request: Request, text: str | None = None, **more: Any) -> dict[str, Any]:
    """The line of vLLM's run-batch that answers a request."""
    message = {"role": "assistant", "content": text_of(request) if text is None else text} | more
    body = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }
    return {
        "id": "vllm-1",
        "custom_id": request["custom_id"],
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def write_lines(path: Path, lines: Sequence[Any], mode: str = "a") -> None:
    with path.open(mode) as file:
        file.writelines(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)


async def answering(folder: Path, answer: Callable[[Request, int], Any]) -> None:
    """Answer each request file once, until cancelled. `answer` gives the line for a request in the file of that number:
    None for a good one, "" for no line."""
    done: set[Path] = set()
    while True:
        await asyncio.sleep(0.005)
        for number, path in enumerate(sorted(folder.glob("requests-*.jsonl")), 1):
            if path in done:
                continue
            done.add(path)
            requests = [json.loads(line) for line in path.read_text().splitlines()]
            lines = [(one, answer(one, number)) for one in requests]
            write_lines(
                folder / f"answers-{number}.jsonl", [reply_to(one) if line is None else line for one, line in lines]
            )


async def ask(
    folder: Path, numbers: Sequence[int], *, steps: int = 1, answer: Any = None, **changes: Any
) -> tuple[list[str | CallFailed], Teacher]:
    """Records that ask `steps` times, each time about the answer before. `answer` is that of `answering`; without it
    nobody answers."""
    settings = TeacherSettings(**({"files": str(folder / "exchange")} | changes))
    async with open_teacher(settings, folder / "ledger") as teacher:

        async def worker(number: int) -> str:
            text = f"question {number}"
            for step in range(steps):
                reply: Completion = await teacher.complete([Message("user", text)], purpose=f"step {step}")
                text = reply.text
            return text

        somebody = asyncio.create_task(answering(folder / "exchange", answer)) if answer else None
        try:
            return await map_records(numbers, worker), teacher
        finally:
            if somebody:
                somebody.cancel()


def good(request: Request, round: int) -> None:
    return None
