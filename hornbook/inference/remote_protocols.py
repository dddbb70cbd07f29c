"""Protocols of rollout servers (llama.cpp, vLLM): token ids in, token ids and log-probabilities out."""

import math
from typing import Annotated, Any, Protocol, TypeVar

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.http import TryAgain
from hornbook.base.settings import digest
from hornbook.inference.remote_http import RolloutServer
from hornbook.inference.remote_rollouts import BAN, TOP, Draw, ServerReply, check_filter_order, filtered
from hornbook.inference.rollouts import check_context
from hornbook.inference.settings import Sampling

ALL = 1 << 20  # more tokens than any vocabulary has
TINY = 1e-45  # the smallest float32: a lower bound for the probability of a sampled token
FORCE = 1e4  # added to a logit
STOP_CHUNK = 32  # tokens per request when stop texts are detected here, not by the server

TokenId = Annotated[int, msgspec.Meta(ge=0)]


class ServerProtocol(Protocol):
    """`chunk` is the number of tokens per request (0: all) when there are stop texts."""

    context: int
    fingerprint: str
    chunk: int

    def check(self, sampling: Sampling, probabilities: bool, avoiding: bool) -> None:
        """Raises HornbookError when this server cannot sample like this, or does not report the probabilities.

        Avoiding a token requires them, even if `probabilities` is false.
        """

    async def draw(self, draw: Draw) -> ServerReply: ...

    async def score(self, prefix: list[int], continuation: list[int]) -> list[float]: ...

    async def text(self, tokens: list[int]) -> str:
        """`tokens` as decoded by the server; empty if it cannot do that."""


class _LlamaToken(msgspec.Struct):
    id: TokenId
    prob: float = 0.0
    logprob: float = 0.0
    top_probs: list["_LlamaToken"] = []


class _LlamaReply(msgspec.Struct):
    tokens: list[TokenId] = []
    stop_type: str = ""
    completion_probabilities: list[_LlamaToken] = []


class LlamaCpp:
    """llama.cpp's own `/completion`: its samplers in the order of `Sampling`, and probabilities after them.

    Stop texts are not sent, because the server drops the probabilities of their tokens from the reply.
    """

    chunk = STOP_CHUNK

    def __init__(self, remote: RolloutServer, props: dict[str, Any], model: dict[str, Any]) -> None:
        self.remote = remote
        self.context: int = props["default_generation_settings"]["n_ctx"]
        meta = model.get("meta") or {}
        name = str(props.get("model_alias") or props.get("model_path")).rpartition("/")[2]
        self.fingerprint = f"{name}@{digest([meta.get(fact) for fact in ('n_vocab', 'n_params', 'size', 'ftype')])}"

    def check(self, sampling: Sampling, probabilities: bool, avoiding: bool) -> None:
        """Everything is supported."""

    async def draw(self, draw: Draw) -> ServerReply:
        reply = await self._ask(draw, post_sampling_probs=True, n_probs=ALL if draw.top else 1)
        first = reply.completion_probabilities[0].top_probs if draw.top else []
        return ServerReply(
            tokens=reply.tokens,
            logprobs=[math.log(max(token.prob, TINY)) for token in reply.completion_probabilities],
            ended=reply.stop_type == "eos",
            top={token.id: math.log(max(token.prob, TINY)) for token in first},
        )

    async def score(self, prefix: list[int], continuation: list[int]) -> list[float]:
        """One forced token at a time: the log-probability reported is that of the logits before all samplers."""
        found: list[float] = []
        for position, token in enumerate(continuation):
            draw = Draw(prefix + continuation[:position], 1, 0, Sampling(temperature=0))
            reply = await self._ask(draw, post_sampling_probs=False, n_probs=1, logit_bias=[[token, FORCE]])
            if reply.tokens != [token]:
                raise HornbookError(f"{self.remote.root}: llama.cpp gave token {reply.tokens[0]}, expected {token}")
            found.append(reply.completion_probabilities[0].logprob)
        return found

    async def text(self, tokens: list[int]) -> str:
        return str((await self.remote.look("/detokenize", {"tokens": tokens})).get("content", ""))

    async def _ask(self, draw: Draw, **more: Any) -> _LlamaReply:
        sampling = draw.sampling
        body = {
            "prompt": draw.prompt,
            "n_predict": draw.limit,
            "seed": draw.seed,
            "temperature": sampling.temperature,
            "top_k": sampling.top_k,
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
            "samplers": ["temperature", "top_k", "top_p", "min_p"],  # without penalties, DRY, XTC ...
            "dynatemp_range": 0.0,
            "mirostat": 0,
            "stop": [],
            "ignore_eos": False,
            "logit_bias": [] if draw.ban < 0 else [[draw.ban, False]],
            "return_tokens": True,
            "cache_prompt": True,
        }
        reply = await self.remote.ask("/completion", body | more, lambda reply: _decode(reply, _LlamaReply))
        _same_length(self.remote, reply.tokens, reply.completion_probabilities)
        return reply


class _VllmLogprobs(msgspec.Struct):
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None] | None = None


class _VllmLogprob(msgspec.Struct):
    logprob: float


class _VllmChoice(msgspec.Struct):
    finish_reason: str | None = None
    token_ids: list[TokenId] | None = None
    logprobs: _VllmLogprobs | None = None
    prompt_logprobs: list[dict[str, _VllmLogprob] | None] | None = None


class _VllmReply(msgspec.Struct):
    choices: Annotated[list[_VllmChoice], msgspec.Meta(min_length=1)]


class Vllm:
    """`/v1/completions` of vLLM (0.10.2 and later), with token ids in both directions.

    SGLang has the same fields but no option for which log-probabilities it returns: use temperature 1 and no filters
    with it. Neither has been run here.

    Attributes:
        processed: whether log-probabilities are those after temperature and filters. `detect_mode` sets it.
    """

    chunk = 0

    def __init__(self, remote: RolloutServer, model: dict[str, Any], stop: list[int]) -> None:
        self.remote, self.stop = remote, stop
        self.model: str = model["id"]
        self.context: int = model["max_model_len"]
        name = str(model.get("root") or self.model).rpartition("/")[2]
        self.fingerprint = f"{name}@{digest([model.get('root'), model.get('parent')])}"
        self.processed = False

    def check(self, sampling: Sampling, probabilities: bool, avoiding: bool) -> None:
        check_filter_order(sampling)
        changed = (probabilities and (sampling.temperature != 1 or filtered(sampling))) or avoiding
        if sampling.temperature and changed and not self.processed:
            raise HornbookError(
                f"{self.remote.root}: this server reports log-probabilities before temperature and filters; "
                "start it with --logprobs-mode processed_logprobs"
            )

    async def draw(self, draw: Draw) -> ServerReply:
        bias = {} if draw.ban < 0 else {"logit_bias": {str(draw.ban): BAN}}
        choice = await self._ask(draw, logprobs=TOP if draw.top else 1, **bias)
        assert choice.logprobs and choice.token_ids
        first = (choice.logprobs.top_logprobs or [None])[0] if draw.top else None
        greedy = draw.sampling.temperature == 0  # then one token has probability 1
        return ServerReply(
            tokens=choice.token_ids,
            logprobs=[0.0 if greedy else min(logprob or 0.0, 0.0) for logprob in choice.logprobs.token_logprobs],
            ended=choice.finish_reason == "stop",
            top={int(name.removeprefix("token_id:")): logprob for name, logprob in (first or {}).items()},
        )

    async def score(self, prefix: list[int], continuation: list[int]) -> list[float]:
        check_context(self.context, prefix, len(continuation))  # vLLM needs space for one more token
        draw = Draw(prefix + continuation, 1, 0, Sampling(temperature=0))
        found = (await self._ask(draw, logprobs=1, prompt_logprobs=0)).prompt_logprobs
        if found is None or len(found) != len(draw.prompt):
            raise HornbookError(f"{self.remote.root}: the server returns no log-probabilities of a prompt; use vLLM")
        pairs = zip(found[len(prefix) :], continuation, strict=True)
        return [(at or {})[str(token)].logprob for at, token in pairs]

    async def text(self, tokens: list[int]) -> str:
        body = {"model": self.model, "tokens": tokens}
        return str((await self.remote.look("/detokenize", body)).get("prompt", ""))

    async def detect_mode(self) -> None:
        """Set `processed`: a single allowed token has log-probability 0 after the filters, and less before them."""
        token = self.stop[0] if self.stop else 0
        draw = Draw([token], 1, 0, Sampling())
        choice = await self._ask(draw, logprobs=1, allowed_token_ids=[token])
        assert choice.logprobs
        self.processed = choice.token_ids == [token] and abs(choice.logprobs.token_logprobs[0] or 0.0) < 1e-6

    async def _ask(self, draw: Draw, **more: Any) -> _VllmChoice:
        sampling = draw.sampling
        body = {
            "model": self.model,
            "prompt": draw.prompt,
            "max_tokens": draw.limit,
            "seed": draw.seed,
            "temperature": sampling.temperature,
            "top_k": sampling.top_k or -1,  # SGLang takes no 0
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
            "repetition_penalty": 1.0,  # a model's generation_config.json may set another
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "stop": [text for text in sampling.stop if text],
            "stop_token_ids": self.stop,
            "ignore_eos": True,  # only `stop_token_ids` end a rollout
            "skip_special_tokens": False,
            "return_token_ids": True,
            "return_tokens_as_token_ids": True,
        }
        reply = await self.remote.ask("/v1/completions", body | more, lambda reply: _decode(reply, _VllmReply))
        choice = reply.choices[0]
        if choice.token_ids is None or choice.logprobs is None:
            raise HornbookError(
                f"{self.remote.root}: the server returns no token ids with log-probabilities, and text tokenised again "
                "may differ from what was sampled; expected vLLM 0.10.2 or later, or llama.cpp's llama-server"
            )
        _same_length(self.remote, choice.token_ids, choice.logprobs.token_logprobs)
        return choice


ReplyT = TypeVar("ReplyT")


def _decode(reply: bytes, kind: type[ReplyT]) -> ReplyT:
    try:
        return msgspec.json.decode(reply, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TryAgain(f"not a completion ({one_line(error)})", not_billed=False) from None


def _same_length(remote: RolloutServer, tokens: list[int], logprobs: list[Any]) -> None:
    if not tokens or len(tokens) != len(logprobs):
        raise HornbookError(
            f"{remote.root}: the server returned {len(tokens)} token ids with {len(logprobs)} log-probabilities; "
            "expected equally many, and at least one"
        )


async def detect_protocol(remote: RolloutServer, served_model: str, stop: list[int]) -> ServerProtocol:
    """Find out which server it is. Raises HornbookError for one that reports no context length."""
    props = await remote.look("/props")
    listed = [model for model in (await remote.look("/v1/models")).get("data") or [] if isinstance(model, dict)]
    names = [str(model.get("id")) for model in listed]
    if served_model and served_model not in names:
        raise HornbookError(f"{remote.root}: no model {served_model}; it serves {', '.join(names) or 'none'}")
    model = listed[names.index(served_model) if served_model else 0] if listed else {}
    if "n_ctx" in (props.get("default_generation_settings") or {}):
        return LlamaCpp(remote, props, model)
    if not isinstance(model.get("max_model_len"), int):
        raise HornbookError(
            f"{remote.root}: neither /props nor /v1/models reports the model's context length; "
            "expected vLLM, or llama.cpp's llama-server"
        )
    vllm = Vllm(remote, model, stop)
    await vllm.detect_mode()
    return vllm
