"""How codelion/pts searches (read at commit f5750d6), written anew: what `pts run` does with one question.

It estimates p(success) from `samples` completions by `model.generate`, `batch` at a time; no cache outlives a batch. A
prefix is decoded to text and tokenised again, and every estimate decodes for up to `max_new_tokens` more, until the
last row of its batch has ended. Sequences are halved by token count; estimates are kept by text. The end of a finished
sequence is estimated like any prefix, by sampling on after its end token. Its prompt is plain text or, with a system
prompt, the chat template; here it is the chat template, so that both sides are asked the same. The sequence that it
would generate first, and p(success) of the question, by which it drops one that is too easy or too hard, are given.
"""

from typing import NamedTuple

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.seeds import derive
from hornbook.inference.settings import Sampling
from hornbook.pivotal.outcomes import Case, Solution
from hornbook.pivotal.trials import Judge
from hornbook.tokenizer.chat import stop_ids

SHORTEST = 5  # tokens; shorter generations are skipped


class Claimed(NamedTuple):
    """A token the peer calls pivotal."""

    case: int
    tokens: tuple[int, ...]  # the sequence, without the prompt
    position: int
    delta: float


class Peer:
    """The peer's searcher for one question at a time.

    Attributes:
        tokens: sampled so far, each row up to its first stop token; what was computed beyond that is not counted.
    """

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        judge: Judge,
        sampling: Sampling,
        *,
        samples: int = 10,
        batch: int = 5,
        p_gap: float = 0.2,
    ) -> None:
        self.network, self.tokenizer, self.judge, self.sampling = network, tokenizer, judge, sampling
        self.samples, self.batch, self.p_gap = samples, batch, p_gap
        self.stops = stop_ids(tokenizer)
        self.tokens = 0

    def search(self, case: Case, solution: Solution, p: float, seed: int) -> list[Claimed]:
        """Search a solution of a question whose p(success) is known."""
        torch.manual_seed(derive(seed, "peer", case.question.id) % 2**32)
        self.case = case
        self.known = {self.tokenizer.decode(case.prompt, skip_special_tokens=False): p}
        tokens = list(solution.tokens)
        if len(tokens) < SHORTEST:
            return []
        return [
            Claimed(solution.case, solution.tokens, start, self._move(tokens, start, start + 1))
            for start, end in self._divide(tokens, 0, len(tokens))
            if end - start == 1 and abs(self._move(tokens, start, end)) >= self.p_gap
        ]

    def _divide(self, tokens: list[int], start: int, end: int) -> list[tuple[int, int]]:
        if end - start <= 1 or abs(self._move(tokens, start, end)) < self.p_gap:
            return [(start, end)]
        middle = start + (end - start) // 2
        return self._divide(tokens, start, middle) + self._divide(tokens, middle, end)

    def _move(self, tokens: list[int], start: int, end: int) -> float:
        before, after = self._estimate(tokens[:start]), self._estimate(tokens[:end])
        return after - before

    def _estimate(self, prefix: list[int]) -> float:
        text = self.tokenizer.decode([*self.case.prompt, *prefix], skip_special_tokens=False)
        if text not in self.known:
            again = self.tokenizer(text).input_ids
            begun = self.tokenizer(self.tokenizer.decode(prefix, skip_special_tokens=False)).input_ids if prefix else []
            right = 0
            for start in range(0, self.samples, self.batch):
                rows = self._generate(again, min(self.batch, self.samples - start))
                right += sum(v.success for v in self.judge([(self.case.question, begun + row) for row in rows]))
            self.known[text] = right / self.samples
        return self.known[text]

    @torch.inference_mode()
    def _generate(self, prompt: list[int], rows: int) -> list[list[int]]:
        """Completions, each to its first stop token."""
        prompt_1T = torch.tensor([prompt])
        out_RT = self.network.generate(
            prompt_1T,
            attention_mask=torch.ones_like(prompt_1T),
            do_sample=True,
            num_return_sequences=rows,
            max_new_tokens=self.sampling.max_new_tokens,
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            top_k=self.sampling.top_k,
            min_p=self.sampling.min_p or None,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        completions = [self._until_stop(row) for row in out_RT[:, len(prompt) :].tolist()]
        self.tokens += sum(map(len, completions))
        return completions

    def _until_stop(self, row: list[int]) -> list[int]:
        end = next((place for place, token in enumerate(row) if token in self.stops), len(row) - 1)
        return row[: end + 1]
