"""A stand-in for the package vllm that knows its own names and samples from a model of `fake_server`."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from hornbook.inference.settings import Sampling
from tests.inference.fake_server import Table
from tests.inference.tiny import tiny_tokenizer

KNOWN = {  # fields of vllm.SamplingParams, with their defaults
    "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": None, "max_tokens": 16, "stop": None,
    "stop_token_ids": None, "ignore_eos": False, "logprobs": None, "prompt_logprobs": None, "logit_bias": None,
    "detokenize": True, "skip_special_tokens": True,
}  # fmt: skip


class FakeLLM:
    """`vllm.LLM`, as far as we use it. `made` has the arguments of the newest, `asked` all that it was asked."""

    made: dict[str, Any]
    asked: list[tuple[list[int], types.SimpleNamespace]]
    table: Any = Table()
    room = 64
    decode: Callable[[list[int]], str] = tiny_tokenizer().decode

    def __init__(self, **arguments: Any) -> None:
        FakeLLM.made, FakeLLM.asked = arguments, []
        self.llm_engine = types.SimpleNamespace(model_config=types.SimpleNamespace(max_model_len=self.room))

    def generate(self, prompts: list[dict[str, Any]], params: list[Any], *, use_tqdm: bool) -> list[Any]:
        assert not use_tqdm and len(prompts) == len(params) > 0
        return [self._one(prompt["prompt_token_ids"], param) for prompt, param in zip(prompts, params, strict=True)]

    def _one(self, prompt: list[int], params: Any) -> Any:
        FakeLLM.asked.append((prompt, params))
        assert len(prompt) < self.room
        sampling = Sampling(temperature=params.temperature, top_k=params.top_k, top_p=params.top_p, min_p=params.min_p)
        random = np.random.default_rng(params.seed)
        text, logprobs, finish = list(prompt), [], "length"
        while len(logprobs) < params.max_tokens and finish == "length":
            probs_V = self.table.after(text, sampling, params.logit_bias)
            token = int(random.choice(len(probs_V), p=probs_V / probs_V.sum()))
            shown = {int(t) for t in np.argsort(-probs_V)[: params.logprobs or 0]} | {token}
            with np.errstate(divide="ignore"):
                logprobs.append({t: types.SimpleNamespace(logprob=float(np.log(probs_V[t]))) for t in shown})
            text.append(token)
            made = text[len(prompt) :]
            if token in (params.stop_token_ids or []) or any(s in FakeLLM.decode(made) for s in params.stop or []):
                assert params.detokenize or not params.stop
                finish = "stop"
        scored = None
        if params.prompt_logprobs is not None:
            raw = [
                {t: types.SimpleNamespace(logprob=float(np.log(self.table.after(prompt[:at], Sampling())[t])))}
                for at, t in enumerate(prompt[1:], 1)
            ]
            scored = [None, *raw]
        output = types.SimpleNamespace(token_ids=text[len(prompt) :], logprobs=logprobs, finish_reason=finish)
        return types.SimpleNamespace(outputs=[output], prompt_logprobs=scored)


def fake_vllm() -> Any:
    """What `import vllm` gives, as far as we use it."""

    def params(**given: Any) -> types.SimpleNamespace:
        assert given.keys() <= KNOWN.keys()
        return types.SimpleNamespace(**(KNOWN | given))

    return types.SimpleNamespace(LLM=FakeLLM, SamplingParams=params)
