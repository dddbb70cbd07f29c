"""Curator's side of `benchmarks/synth.py`: two LLM blocks, the second on the rows of the first."""

import json
from pathlib import Path
from typing import Any

import litellm.litellm_core_utils.default_encoding  # noqa: F401  brings the encoding that curator would download
from bespokelabs import curator

from benchmarks.synth_work import MODEL, RETELL, TITLE, UNTITLED, run


class Title(curator.LLM):
    def prompt(self, row: dict[str, str]) -> str:
        return TITLE.format(**row)

    def parse(self, row: dict[str, str], response: str) -> dict[str, str]:
        return {"text": row["text"], "title": response}


class Retelling(curator.LLM):
    def prompt(self, row: dict[str, str]) -> str:
        return (RETELL if "title" in row else UNTITLED).format(**row)

    def parse(self, row: dict[str, str], response: str) -> dict[str, str]:
        return {"text": row["text"], "retold": response}


def work(asked: dict[str, Any]) -> list[str]:
    def block(kind: type[curator.LLM], tokens: int) -> curator.LLM:
        return kind(
            model_name=MODEL,
            backend="openai",
            generation_params={"max_tokens": tokens, "temperature": 0.7},
            backend_params={
                "base_url": asked["url"],
                "api_key": "none",
                "max_concurrent_requests": asked["concurrency"],
                "max_requests_per_minute": 10_000_000,  # no limit of its own
                "max_tokens_per_minute": 10_000_000_000,
                "request_timeout": 60,
            },
        )

    rows: Any = [{"text": text} for text in json.loads(Path(asked["rows"]).read_text())]
    if asked["titled"]:
        rows = block(Title, asked["title_tokens"])(rows, working_dir=asked["folder"]).dataset
    retold = block(Retelling, asked["retell_tokens"])(rows, working_dir=asked["folder"]).dataset
    return [f"{row['text']}\n{row['retold']}" for row in retold]


if __name__ == "__main__":
    run(work)
