"""Our engine as a model of lm-evaluation-harness: log-likelihoods, rolling log-likelihoods, generation.

Texts are tokenised, and replies cut, as by lm-eval's own model `hf`. Imported only where lm-eval is installed.
"""

from collections import Counter
from typing import Any

import msgspec
import xxhash
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import has_bos_prefix, normalize_gen_kwargs, postprocess_generated_text
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.evaluation.harness.journal import Journal
from hornbook.inference.rollouts import Request, ScoringEngine
from hornbook.inference.settings import Sampling
from hornbook.inference.shared_scoring import plan_rows

REPLIES_PER_BATCH = 256  # at most this many are lost with a killed evaluation
REPLY_TOKENS = 256  # lm-eval's default limit
KNOWN_OPTIONS = {"do_sample", "until", "max_gen_toks", "temperature", "top_p", "top_k", "min_p"}


class EngineModel(TemplateLM):
    """Answers lm-eval's requests. What texts have in common at their beginning (solved examples, a question with
    several answers) is encoded once; answers are kept in the journal batch by batch.

    Args:
        max_new_tokens: longest reply in tokens, whatever a task says; None leaves it to the task.
        sealed: whether replies may quote questions whose text must not be kept; they are then not in the journal.
    """

    def __init__(
        self,
        engine: ScoringEngine,
        tokenizer: PreTrainedTokenizerBase,
        journal: Journal,
        work: Workspace,
        *,
        max_new_tokens: int | None = None,
        sealed: bool = False,
    ) -> None:
        super().__init__()
        self.engine, self.tokenizer, self.journal, self.work = engine, tokenizer, journal, work
        self.max_new_tokens, self.sealed = max_new_tokens, sealed

    @property
    def eot_token_id(self) -> int:
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text without a context."""
        begin = self.tokenizer.bos_token_id
        return self.eot_token_id if begin is None else int(begin)

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        if add_special_tokens is None:
            add_special_tokens = not has_bos_prefix(string, self.tokenizer.decode(self.prefix_token_id))
        return list(self.tokenizer.encode(string, add_special_tokens=add_special_tokens))

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        """(log-likelihood, whether greedy decoding gives it) of each continuation after its context."""
        return super().loglikelihood(requests, disable_tqdm=True)

    def _loglikelihood_tokens(
        self, requests: list[tuple[tuple[str, str], list[int], list[int]]], **_: Any
    ) -> list[tuple[float, bool]]:
        """The same for token ids; a context that is too long loses its beginning."""
        pairs = [self._fitted(context, continuation) for _, context, continuation in requests]
        texts = [(*context, *continuation[:-1]) for context, continuation in pairs]
        found: list[tuple[float, bool]] = [(0.0, True)] * len(pairs)
        with self.work.progress("log-likelihoods", len(pairs), "requests") as bar:
            for numbers in plan_rows(texts):
                for number, (total, greedy) in zip(
                    numbers, self._scores([pairs[number] for number in numbers]), strict=True
                ):
                    found[number] = total, greedy
                bar.advance(len(numbers))
        return found

    def _fitted(self, context: list[int], continuation: list[int]) -> tuple[list[int], list[int]]:
        """Both, cut from the left to the model's context."""
        text = (context + continuation)[-self.engine.context :]
        begin = max(1, len(text) - len(continuation))
        return text[:begin], text[begin:]

    def _scores(self, pairs: list[tuple[list[int], list[int]]]) -> list[Any]:
        def score() -> list[Any]:
            scored = self.engine.score([context for context, _ in pairs], [text for _, text in pairs])
            return [(sum(one.logprobs), one.greedy) for one in scored]

        return self.journal.answers(pairs, score)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """The log-likelihood of each whole text, in windows of the model's context that do not overlap."""
        windows = []
        for number, request in enumerate(requests):
            pieces = get_rolling_token_windows(
                token_list=self.tok_encode(request.args[0]),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.engine.context - 1,
                context_len=1,
            )
            windows += [(number, *make_disjoint_window(piece)) for piece in pieces]
        totals = [0.0] * len(requests)
        scored = self._loglikelihood_tokens([(("", ""), context, text) for _, context, text in windows])
        for (number, *_), (total, _greedy) in zip(windows, scored, strict=True):
            totals[number] += total
        return totals

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """A reply to each prompt, cut before its first stop text."""
        prompts = [self.tok_encode(request.args[0]) for request in requests]
        options = [self._sampling(request.args[1]) for request in requests]
        groups: dict[bytes, list[int]] = {}
        for number in sorted(range(len(requests)), key=lambda number: prompts[number]):
            groups.setdefault(msgspec.json.encode(options[number].model_dump()), []).append(number)
        replies = [""] * len(requests)
        with self.work.progress("replies", len(requests), "replies") as bar:
            for numbers in groups.values():
                sampling = options[numbers[0]]
                asked = self._requests([prompts[number] for number in numbers], sampling)
                for start in range(0, len(numbers), REPLIES_PER_BATCH):
                    part = slice(start, start + REPLIES_PER_BATCH)
                    for number, text in zip(numbers[part], self._replies(asked[part], sampling), strict=True):
                        replies[number] = text
                    bar.advance(len(numbers[part]))
        return replies

    def _sampling(self, given: dict[str, Any]) -> Sampling:
        options = normalize_gen_kwargs(given, REPLY_TOKENS)
        if unknown := sorted(set(options) - KNOWN_OPTIONS):
            raise HornbookError(f"generation option '{unknown[0]}' is not supported")
        most = self.max_new_tokens or options["max_gen_toks"]
        if most >= self.engine.context:
            self.work.warn(f"replies of {most:,} tokens do not fit the model: at most {self.engine.context // 2:,}")
            most = self.engine.context // 2
        chosen = {name: options[name] for name in ("top_p", "top_k", "min_p") if name in options}
        return Sampling(
            temperature=options["temperature"] if options["do_sample"] else 0.0,
            max_new_tokens=most,
            stop=[text for text in options["until"] if text],
            **chosen if options["do_sample"] else {},
        )

    def _requests(self, prompts: list[list[int]], sampling: Sampling) -> list[Request]:
        """A request for each prompt, without its beginning where it is too long; equal ones have different keys."""
        room, seen = self.engine.context - sampling.max_new_tokens, Counter[str]()
        requests = []
        for prompt in prompts:
            text = prompt[-room:]
            name = xxhash.xxh3_128_hexdigest(msgspec.json.encode(text))
            requests.append(Request(text, f"{name}/{seen[name]}"))
            seen[name] += 1
        return requests

    def _replies(self, requests: list[Request], sampling: Sampling) -> list[str]:
        def sample() -> list[str]:
            rollouts = self.engine.sample(requests, sampling)
            texts = [self.tokenizer.decode(rollout.tokens, skip_special_tokens=True) for rollout in rollouts]
            return [postprocess_generated_text(text, sampling.stop, None) for text in texts]

        return self.journal.answers([sampling.model_dump(), requests], sample, keep=not self.sealed)
