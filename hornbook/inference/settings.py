"""How to sample from a model, and which engine samples."""

from typing import Literal, Self

from pydantic import model_validator

from hornbook.base.device import device_setting
from hornbook.base.precision import Precision
from hornbook.base.settings import Settings, setting


class BackendSettings(Settings):
    """PyTorch in this process, vLLM in this process, or a server that takes and returns token ids."""

    backend: Literal["torch", "vllm", "server"] = setting("torch", "what computes the model")
    dtype: Precision = setting(
        "auto",
        "precision of the model; auto: what HORNBOOK_DTYPE says, else bfloat16 where the hardware is fast at it "
        "(torch), vLLM's own choice (vllm)",
    )
    device: str = device_setting(" the model (backend torch)")
    url: str = setting("", "the server's address, e.g. http://localhost:8000 (backend server)", in_key=False)
    served_model: str = setting("", "the model's name at a server with several; empty takes its first", in_key=False)
    api_key_env: str = setting("", "environment variable that holds the server's key, if it wants one", in_key=False)
    concurrency: int = setting(64, "requests in flight at a time (backend server)", in_key=False, ge=1)
    timeout: float = setting(600.0, "seconds to wait for one answer of the server", in_key=False, gt=0)
    retries: int = setting(8, "tries after the first one, with growing pauses, before giving up", in_key=False, ge=0)
    backoff: float = setting(0.5, "seconds before the second try; doubles with each, up to 30", in_key=False, ge=0)
    cache_gb: float = setting(4.0, "memory for keys and values, in GB (backend torch)", in_key=False, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.backend == "server") != bool(self.url):
            raise ValueError("backend server goes with url, and url with backend server")
        if self.backend == "server" and self.dtype != "auto":
            raise ValueError("dtype goes with backends torch and vllm: a server computes in the precision it was given")
        if self.backend != "torch" and self.device != "auto":
            raise ValueError("device goes with backend torch: vLLM and servers choose their own")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        return self


class Sampling(Settings):
    """The sampling distribution. Filters apply after the temperature, in the order top-k, top-p, min-p."""

    temperature: float = setting(1.0, "softmax temperature; 0 takes the likeliest token", ge=0)
    top_p: float = setting(
        1.0, "keep the likeliest tokens that together hold this probability; 1 keeps all", gt=0, le=1
    )
    top_k: int = setting(0, "keep this many of the likeliest tokens; 0 keeps all", ge=0)
    min_p: float = setting(0.0, "drop tokens below this fraction of the likeliest token's probability", ge=0, lt=1)
    max_new_tokens: int = setting(256, "longest completion, in tokens", ge=1)
    stop: list[str] = setting([], "texts on which a completion ends; the token that completes one is kept")
