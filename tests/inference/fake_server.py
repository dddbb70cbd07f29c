"""A rollout server on loopback, in the words of vLLM or of llama.cpp, that fails on demand."""

import asyncio
import json
import math
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from aiohttp import web
from transformers import PreTrainedModel

from hornbook.inference.sampling import probabilities
from hornbook.inference.settings import Sampling

Body = dict[str, Any]
STOPS = (0, 3)  # of tests.inference.tiny


class Model:
    """What a server serves: `logits` of the next token after a text."""

    def logits(self, text: list[int]) -> np.ndarray:
        raise NotImplementedError

    def after(self, text: list[int], sampling: Sampling, bias: dict[int, float] | None = None) -> np.ndarray:
        logits_V = self.logits(text).copy()
        for token, change in (bias or {}).items():
            logits_V[token] += change
        return probabilities(torch.from_numpy(logits_V)[None], sampling)[0].double().numpy()


class Table(Model):
    """The logits of the next token hang on the last one alone."""

    def __init__(self, vocabulary: int = 71, seed: int = 0, scale: float = 2.0) -> None:
        self.logits_VV = np.random.default_rng(seed).normal(0, scale, (vocabulary, vocabulary))
        self.logits_VV[:, list(STOPS)] -= 3

    def logits(self, text: list[int]) -> np.ndarray:
        return self.logits_VV[text[-1]]

    def distribution(self, last: int, sampling: Sampling, bias: dict[int, float] | None = None) -> np.ndarray:
        return self.after([last], sampling, bias)


class Network(Model):
    """A model of PyTorch's, in this process."""

    def __init__(self, network: PreTrainedModel) -> None:
        self.network = network

    @torch.inference_mode()
    def logits(self, text: list[int]) -> np.ndarray:
        return self.network(torch.tensor([text])).logits[0, -1].float().numpy()


class Phrases(Model):
    """Goes on after each known prompt with one of its replies, all equally likely; elsewhere it knows nothing."""

    def __init__(self, vocabulary: int, replies: dict[tuple[int, ...], list[list[int]]]) -> None:
        self.vocabulary, self.replies = vocabulary, replies

    def logits(self, text: list[int]) -> np.ndarray:
        logits_V = np.full(self.vocabulary, -30.0)
        for prompt, replies in self.replies.items():
            said = text[len(prompt) :]
            if tuple(text[: len(prompt)]) == prompt:
                for token, count in Counter(r[len(said)] for r in replies if r[: len(said)] == said != r).items():
                    logits_V[token] = math.log(count)
        return logits_V


class FakeServer:
    """`kind` is llama or vllm. `fault` looks at (body, how often it came before) and says what goes wrong: None, an
    HTTP status, (status, headers), cut, garbage, hang, or a function that changes a good reply.

    It runs in a thread of its own. Attributes: `bodies` in order of arrival, `answered` (well), and `most_open`.
    """

    def __init__(
        self,
        kind: str,
        *,
        table: Model | None = None,
        fault: Callable[[Body, int], Any] = lambda body, before: None,
        processed: bool = True,
        room: int = 96,
        decode: Callable[[list[int]], str] = lambda tokens: "",
        stops: tuple[int, ...] = STOPS,
    ) -> None:
        self.kind, self.table, self.fault, self.processed, self.room = kind, table or Table(), fault, processed, room
        self.decode, self.stops = decode, stops
        self.bodies: list[Body] = []
        self.answered: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.open = self.most_open = 0

    def __enter__(self) -> "FakeServer":
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=1 << 26)
        llama = self.kind == "llama"
        if llama:
            props = {"default_generation_settings": {"n_ctx": self.room}, "model_alias": "/models/table.gguf"}
            app.router.add_get("/props", lambda _: self._json(props))
        model = {"id": "table", "root": "/models/table", "max_model_len": self.room, "created": len(self.bodies)}
        app.router.add_get("/v1/models", lambda _: self._json({"data": [{"id": "table"} if llama else model]}))
        app.router.add_post("/detokenize", self._detokenize)
        app.router.add_post("/completion" if llama else "/v1/completions", self._complete)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _json(self, said: Any) -> web.Response:
        return web.json_response(said)

    async def _detokenize(self, request: web.Request) -> web.Response:
        text = self.decode((await request.json())["tokens"])
        return web.json_response({"content" if self.kind == "llama" else "prompt": text})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        name = json.dumps(body, sort_keys=True)
        before = self.seen[name]
        self.seen[name] += 1
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await asyncio.sleep(0.002)
            fault = self.fault(body, before)
            if isinstance(fault, int):
                fault = fault, {}
            if isinstance(fault, tuple):
                return web.json_response({"error": {"message": "no luck"}}, status=fault[0], headers=fault[1])
            if fault == "hang":
                await asyncio.sleep(3600)
            if fault == "cut":
                assert request.transport
                request.transport.abort()
                return web.Response()
            reply = self._llama(body) if self.kind == "llama" else self._vllm(body)
            if fault == "garbage":
                return web.Response(body=json.dumps(reply).encode()[:-9], content_type="application/json")
            self.answered[name] += 1
            return web.json_response(fault(reply) if fault else reply)
        finally:
            self.open -= 1

    def _sample(self, body: Body, limit: int, bias: dict[int, float]) -> tuple[list[int], list[np.ndarray], bool]:
        sampling = Sampling(
            **{name: body[name] for name in ("temperature", "top_p", "min_p")}, top_k=max(body["top_k"], 0)
        )
        random = np.random.default_rng(body["seed"])
        text, tokens, seen = list(body["prompt"]), [], []
        while len(tokens) < limit:
            probs_V = self.table.after(text, sampling, bias)
            token = int(random.choice(len(probs_V), p=probs_V / probs_V.sum()))
            text.append(token)
            tokens.append(token)
            seen.append(probs_V if self.processed else self.table.after(text[:-1], Sampling()))
            ended = token in (self.stops if self.kind == "llama" else body["stop_token_ids"])
            if ended or any(stop in self.decode(tokens) for stop in body["stop"]):
                return tokens, seen, True
        return tokens, seen, False

    def _llama(self, body: Body) -> Body:
        bias = {token: -np.inf if change is False else change for token, change in body["logit_bias"]}
        tokens, seen, ended = self._sample(body, body["n_predict"], bias)
        if not body["post_sampling_probs"]:
            seen = [self.table.after(body["prompt"], Sampling())]
            told = [{"id": t, "logprob": float(np.log(p[t]))} for t, p in zip(tokens, seen, strict=True)]
        else:
            told = [
                {
                    "id": token,
                    "prob": float(probs_V[token]),
                    "top_probs": [
                        {"id": int(t), "prob": float(probs_V[t])}
                        for t in np.argsort(-probs_V)[: body["n_probs"]]
                        if probs_V[t]
                    ],
                }
                for token, probs_V in zip(tokens, seen, strict=True)
            ]
        return {"tokens": tokens, "stop_type": "eos" if ended else "limit", "completion_probabilities": told}

    def _vllm(self, body: Body) -> Body:
        bias = {int(token): change for token, change in body.get("logit_bias", {}).items()}
        if allowed := body.get("allowed_token_ids"):
            vocabulary = len(self.table.logits(body["prompt"]))
            bias = {token: -np.inf for token in range(vocabulary) if token not in allowed}
        tokens, seen, ended = self._sample(body, body["max_tokens"], bias)
        with np.errstate(divide="ignore"):
            logs = [np.maximum(np.log(probs_V), -9999.0) for probs_V in seen]
        choice = {
            "token_ids": tokens,
            "finish_reason": "stop" if ended else "length",
            "logprobs": {
                "token_logprobs": [float(log_V[token]) for token, log_V in zip(tokens, logs, strict=True)],
                "top_logprobs": [
                    {f"token_id:{t}": float(log_V[t]) for t in np.argsort(-log_V)[: body["logprobs"]]} for log_V in logs
                ],
            },
        }
        if "prompt_logprobs" in body:
            prompt = body["prompt"]
            places = range(1, len(prompt))
            raw = [float(np.log(self.table.after(prompt[:at], Sampling())[prompt[at]])) for at in places]
            entries = [{str(t): {"logprob": lp, "rank": 1}} for t, lp in zip(prompt[1:], raw, strict=True)]
            choice["prompt_logprobs"] = [None, *entries]
        return {"choices": [choice]}
