"""Settings of the teacher: where it is, which model it is, how hard and how dearly it may be asked."""

from typing import Literal, Self

from pydantic import model_validator

from hornbook.base.settings import Settings, setting


class TeacherSettings(Settings):
    """The model that writes synthetic data: an endpoint (`url` and `model`) or a local model (`local`)."""

    url: str = setting("", "base URL of an OpenAI-compatible endpoint, e.g. http://localhost:8000/v1", in_key=False)
    model: str = setting("", "name of the model at that endpoint; for a local model, a name to know it by")
    local: str = setting("", "a model to run here: smollm2, the path of a .gguf file, or a Hugging Face folder or name")
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
    timeout: float = setting(300.0, "seconds to wait for one answer of an endpoint", in_key=False, gt=0)
    retries: int = setting(8, "tries after the first one, with growing pauses, before giving up", in_key=False, ge=0)
    backoff: float = setting(0.5, "seconds before the second try; doubles with each, up to 30", in_key=False, ge=0)
    price_in: float = setting(0.0, "price of a million prompt tokens", in_key=False, ge=0)
    price_out: float = setting(0.0, "price of a million answered tokens", in_key=False, ge=0)
    budget: float | None = setting(None, "money the model may cost in this run, never passed", in_key=False, ge=0)
    budget_tokens: int | None = setting(
        None, "tokens, prompts and answers, it may take in this run, never passed", in_key=False, ge=0
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.url) == bool(self.local):
            raise ValueError("give either url (an endpoint) or local (a model to run here)")
        if self.url and not self.model:
            raise ValueError("give the endpoint's model: with url goes model")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        if self.batch and not self.url:
            raise ValueError("batch needs an endpoint that has a batch API (url)")
        if self.budget is not None and not (self.price_in or self.price_out):
            raise ValueError("a budget in money needs price_in or price_out")
        return self

    @property
    def name(self) -> str:
        """What the model is called in messages to people."""
        return self.model or self.local
