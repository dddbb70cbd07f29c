"""Rollouts from vLLM in this process (report §4.3 at scale). Not yet run on a GPU: tested against a fake."""

import gc
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from transformers import PreTrainedTokenizerBase

from hornbook.base.files import fingerprint
from hornbook.base.packages import missing_package
from hornbook.base.precision import Precision, resolve_precision
from hornbook.base.rng import derive, rng
from hornbook.inference.remote_rollouts import (
    BAN,
    TOP,
    Draw,
    ServerReply,
    append_tokens,
    check_filter_order,
    different_first_token,
    filtered,
    only_avoided,
)
from hornbook.inference.rollouts import Request, Rollout, check_context
from hornbook.inference.sampling import Stops, read_defaults
from hornbook.inference.settings import Sampling
from hornbook.model.load_save import model_folder
from hornbook.tokenizer.end_tokens import end_ids


class VllmEngine:
    """Samples completions and scores continuations (see `rollouts.Engine`) with vLLM 0.10.2 or later, prefixes cached.

    Seeds depend on (seed, key) and the position in the rollout; vLLM decides whether equal seeds give equal rollouts in
    another batch. `avoid` works as in `remote_engine.ServerEngine`. Log-probabilities are those after temperature and
    filters. Close it after use (it is a context manager): it holds most of the GPU's memory.
    """

    def __init__(
        self, model: Path | str, tokenizer: PreTrainedTokenizerBase, *, seed: int = 0, dtype: Precision = "auto"
    ) -> None:
        """Raises HornbookError without the package vllm, and when there is no model."""
        try:
            import vllm
        except ImportError:
            raise missing_package("backend vllm", "vllm") from None
        folder = model_folder(model)
        self.tokenizer, self.seed = tokenizer, seed
        self._params: Any = vllm.SamplingParams
        self._llm: Any = vllm.LLM(
            model=folder,
            dtype=resolve_precision(dtype),
            seed=derive(seed) % 2**32,
            enable_prefix_caching=True,
            logprobs_mode="processed_logprobs",
        )
        self.stop = end_ids(tokenizer, read_defaults(folder))  # vLLM has downloaded the folder by now
        self._stops = lru_cache(lambda texts: Stops(tokenizer, self.stop, list(texts)))
        self.context: int = self._llm.llm_engine.model_config.max_model_len
        files = sorted([*Path(folder).glob("*.safetensors"), *Path(folder).glob("*.json")])
        self.fingerprint = f"{Path(folder).name}@{fingerprint(*files)}" if files else folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._llm = None  # vLLM frees its memory when nothing refers to it any more
        gc.collect()

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in their order; at the end `on_done` is called with the number of tokens of each.

        Raises HornbookError for an empty prefix and for one that fills the context.
        """
        check_filter_order(sampling)
        for request in requests:
            check_context(self.context, request.prefix)
        limits = [
            min(request.limit or sampling.max_new_tokens, sampling.max_new_tokens, self.context - len(request.prefix))
            for request in requests
        ]
        stops = self._stops(tuple(sampling.stop))
        rollouts = [Rollout([], [], "length") for _ in requests]
        avoiding = [index for index, request in enumerate(requests) if request.avoid >= 0]
        firsts = self._others_than([requests[index] for index in avoiding], sampling)
        for index, first in zip(avoiding, firsts, strict=True):
            append_tokens(rollouts[index], first, stops, limits[index])
        unfinished = [
            index
            for index, rollout in enumerate(rollouts)
            if rollout.finish == "length" and len(rollout.tokens) < limits[index]
        ]
        draws = [
            Draw(
                prompt=requests[index].prefix + rollouts[index].tokens,
                limit=limits[index] - len(rollouts[index].tokens),
                seed=self._seed(requests[index], len(rollouts[index].tokens)),
                sampling=sampling,
            )
            for index in unfinished
        ]
        for index, part in zip(unfinished, self._draw(draws), strict=True):
            append_tokens(rollouts[index], part, stops, limits[index])
        for rollout in rollouts:
            if on_done:
                on_done(len(rollout.tokens))
        return rollouts

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix."""
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            check_context(self.context, prefix, len(continuation))  # vLLM needs space for one more token
        texts = [prefix + continuation for prefix, continuation in zip(prefixes, continuations, strict=True)]
        params = self._params(max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
        outputs = self._generate(texts, [params] * len(texts))
        return [
            [at[token].logprob for at, token in zip(output.prompt_logprobs[len(prefix) :], continuation, strict=True)]
            for output, prefix, continuation in zip(outputs, prefixes, continuations, strict=True)
        ]

    def _others_than(self, requests: list[Request], sampling: Sampling) -> list[ServerReply]:
        """First tokens other than those to avoid."""
        banned = [sampling.temperature == 0 or not filtered(sampling)] * len(requests)
        found: dict[int, ServerReply] = {}
        tries = 0
        while waiting := [index for index in range(len(requests)) if index not in found]:
            draws = [
                Draw(
                    prompt=requests[index].prefix,
                    limit=1,
                    seed=self._seed(requests[index], 0, tries),
                    sampling=sampling,
                    ban=requests[index].avoid if banned[index] else -1,
                    top=True,
                )
                for index in waiting
            ]
            for index, reply in zip(waiting, self._draw(draws), strict=True):
                request = requests[index]
                if banned[index]:
                    found[index] = reply
                elif only_avoided(reply, request.avoid):  # then the filters apply to the other tokens alone
                    banned[index] = True
                elif other := different_first_token(
                    reply, request.avoid, rng(self.seed, "rollout", request.key).random()
                ):
                    found[index] = other
            tries += 1
        return [found[index] for index in range(len(requests))]

    def _draw(self, draws: list[Draw]) -> list[ServerReply]:
        outputs = self._generate([draw.prompt for draw in draws], [self._to_params(draw) for draw in draws])
        replies: list[ServerReply] = []
        for draw, output in zip(draws, outputs, strict=True):
            made = output.outputs[0]
            tokens = list(made.token_ids)
            greedy = draw.sampling.temperature == 0  # then one token has probability 1
            replies.append(
                ServerReply(
                    tokens=tokens,
                    logprobs=[
                        0.0 if greedy else at[token].logprob for at, token in zip(made.logprobs, tokens, strict=True)
                    ],
                    ended=made.finish_reason == "stop",
                    top={token: known.logprob for token, known in made.logprobs[0].items()} if draw.top else {},
                )
            )
        return replies

    def _to_params(self, draw: Draw) -> Any:
        sampling = draw.sampling
        stop = [text for text in sampling.stop if text]
        return self._params(
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            seed=draw.seed,
            max_tokens=draw.limit,
            stop=stop,
            stop_token_ids=self.stop,
            ignore_eos=True,  # only `stop_token_ids` end a rollout
            logprobs=TOP if draw.top else 0,
            logit_bias=None if draw.ban < 0 else {draw.ban: BAN},
            detokenize=bool(stop),
            skip_special_tokens=False,
        )

    def _generate(self, prompts: list[list[int]], params: list[Any]) -> list[Any]:
        if not prompts:
            return []
        return self._llm.generate([{"prompt_token_ids": prompt} for prompt in prompts], params, use_tqdm=False)

    def _seed(self, request: Request, *position: int) -> int:
        return derive(self.seed, "rollout", request.key, *position)
