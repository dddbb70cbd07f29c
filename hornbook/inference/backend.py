"""Which engine samples, and where it is."""

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
