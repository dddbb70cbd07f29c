"""Settings of the teacher: where it is, which model it is, how hard and how dearly it may be asked."""

import re
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from hornbook.base.settings import Settings, setting
from hornbook.teacher.prices import BATCH, known_prices

MOST_AT_ONCE, MOST_IN_ROUND = 1024, 16_384  # records
FILES = "files"  # name of the model that answers by files, if it is given none
OURS = ("model", "messages", "prompt", "stream", "n")  # what a call is, and how its answer comes


class TeacherSettings(Settings):
    """The model that writes synthetic data: an endpoint (`url`), a local model (`local`), files of requests and answers
    (`files`) or a ledger of answers (`recorded`)."""

    url: str = setting("", "base URL of an OpenAI-compatible endpoint, e.g. http://localhost:8000/v1", in_key=False)
    model: str = setting(
        "",
        "name of the model at that endpoint; for a local model and files a name to know it by; of a recording that "
        "has several, the one to use",
    )
    local: str = setting("", "a model to run here: smollm2, the path of a .gguf file, or a Hugging Face folder or name")
    engine: Literal["torch", "vllm"] = setting(
        "torch", "local Hugging Face models: what runs them; vllm (pip install vllm) uses all visible GPUs"
    )
    files: str = setting(
        "",
        "a folder: requests are written to requests-0001.jsonl and on, a file a round, in the batch format of vLLM and "
        "the providers; answers are read from answers*.jsonl as they come",
        in_key=False,
    )
    wait: bool = setting(
        True,
        "files: wait for the answers; otherwise the run ends with exit code 75 when all that it can ask is written",
        in_key=False,
    )
    recorded: str = setting(
        "",
        "answers of an earlier run, without a model: its folder, its ledger (calls.jsonl, also .gz), or a recording in "
        "this package, by name",
    )
    api: Literal["chat", "completions"] = setting(
        "chat", "chat, or completions for base models: messages become a plain transcript of User: and Assistant:"
    )
    weight: float = setting(1.0, "with several teachers: its share of the records, relative to the others'", gt=0)
    context: int = setting(2048, "local models: longest prompt and answer together, in tokens", ge=64)
    threads: int = setting(0, "local models: CPU threads; 0 for all cores", in_key=False, ge=0)
    cache_gb: float = setting(4.0, "local Hugging Face models: memory for keys and values, in GB", in_key=False, gt=0)
    batch: bool = setting(
        False,
        "ask through the endpoint's batch API, answered within a day; prices are then those of batches",
        in_key=False,
    )
    api_key_env: str = setting("", "environment variable that holds the endpoint's key, if it wants one", in_key=False)
    concurrency: int = setting(
        64, "most calls in flight at a time; fewer where the server shows that it takes fewer", in_key=False, ge=1
    )
    headers: dict[str, str] = setting(
        {},
        "headers to send along, e.g. {api-key: $AZURE_KEY}: $NAME stands for that environment variable",
        in_key=False,
    )
    extra_body: dict[str, Any] = setting(
        {}, "fields to send along with each call, e.g. {top_k: 20}; they win over ours, and null leaves one of ours out"
    )
    thinking_tokens: int = setting(
        0, "tokens that a reasoning model may think before each answer, besides the longest answer", ge=0
    )
    keep_thinking: bool = setting(
        False, "put a reasoning model's thinking into chats, before the answer, between <think> and </think>"
    )
    timeout: float = setting(300.0, "seconds to wait for one answer of an endpoint", in_key=False, gt=0)
    retries: int = setting(8, "tries after the first one, with growing pauses, before giving up", in_key=False, ge=0)
    backoff: float = setting(0.5, "seconds before the second try; doubles with each, up to 30", in_key=False, ge=0)
    price_in: float | None = setting(
        None, "price of a million prompt tokens; by default that of a known hosted model", in_key=False, ge=0
    )
    price_out: float | None = setting(None, "price of a million answered tokens, likewise", in_key=False, ge=0)
    budget: float | None = setting(None, "money the model may cost in this run, never passed", in_key=False, ge=0)
    budget_tokens: int | None = setting(
        None, "tokens, prompts and answers, it may take in this run, never passed", in_key=False, ge=0
    )

    @model_validator(mode="before")
    @classmethod
    def _name_files(cls, values: Any) -> Any:
        unnamed = isinstance(values, dict) and values.get("files") and not values.get("model")
        return values | {"model": FILES} if unnamed else values

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(map(bool, (self.url, self.local, self.files, self.recorded))) != 1:
            raise ValueError(
                "give one of url (an endpoint), local (a model to run here), files (a folder for requests and answers) "
                "and recorded (answers of an earlier run)"
            )
        if self.url and not self.model:
            raise ValueError("give the endpoint's model: with url goes model")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        if self.batch and not self.url:
            raise ValueError("batch needs an endpoint that has a batch API (url)")
        if not self.wait and not self.files:
            raise ValueError("wait is for a teacher that answers by files")
        if self.engine == "vllm" and not self.local:
            raise ValueError("engine is for a model to run here (local)")
        if self.budget is not None and not any(self.prices or ()):
            raise ValueError("a budget in money needs price_in or price_out")
        if self.extra_body and self.local:
            raise ValueError("extra_body is sent to an endpoint: with it goes url or files")
        if ours := [name for name in OURS if name in self.extra_body]:
            raise ValueError(f"extra_body cannot set {ours[0]}")
        return self

    @field_validator("headers")
    @classmethod
    def _plain(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~\w-]+", name, re.ASCII) or re.search(r"[\x00-\x1f\x7f]", value):
                raise ValueError(f"{name!r} is not a header")
        return headers

    @property
    def name(self) -> str:
        """What the model is called in messages to people."""
        return self.model or self.local or self.recorded

    @property
    def in_rounds(self) -> bool:
        """Whether calls are collected and answered together, hours later perhaps."""
        return self.batch or bool(self.files)

    @property
    def records_at_once(self) -> int:
        """How many records to process at a time: more where they wait for rounds, which should be large."""
        return MOST_IN_ROUND if self.in_rounds else MOST_AT_ONCE

    @property
    def limited(self) -> bool:
        """Whether there is a budget."""
        return self.budget is not None or self.budget_tokens is not None

    @property
    def prices(self) -> tuple[float, float] | None:
        """Of a million tokens of prompts and of answers, as far as known; None where nothing is."""
        known = self._known_prices
        if self.price_in is None and self.price_out is None:
            return known
        unsaid = known or (0.0, 0.0)
        return (
            unsaid[0] if self.price_in is None else self.price_in,
            unsaid[1] if self.price_out is None else self.price_out,
        )

    @property
    def assumes_prices(self) -> bool:
        """Whether a price comes from the table of known models."""
        return self._known_prices is not None and (self.price_in is None or self.price_out is None)

    @property
    def _known_prices(self) -> tuple[float, float] | None:
        share = BATCH if self.in_rounds else 1.0
        known = known_prices(self.model) if self.url or self.files else None
        return known and (known[0] * share, known[1] * share)

    def money(self, prompt_tokens: float, answer_tokens: float) -> float:
        """What so many tokens cost, as far as prices are known."""
        price_in, price_out = self.prices or (0.0, 0.0)
        return (prompt_tokens * price_in + answer_tokens * price_out) / 1e6
