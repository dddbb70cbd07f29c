"""How codelion/pts searches (read at commit f5750d6), written anew: what `pts run` does with its questions.

It estimates p(success) of each question from `samples` completions, drops one that is too easy or too hard, generates
one sequence and halves it by token count. A prefix is decoded to text and tokenised again, and each estimate samples up
to `max_new_tokens` more; estimates are kept by text. The end of a finished sequence is estimated like any prefix, by
sampling on after its end token. Its prompt is plain text or, with a system prompt, the chat template; here it is the
chat template, so that both sides are asked the same. It samples by `model.generate` in batches of five; here our engine
does, which makes such draws in less time: so tokens are compared, and no seconds. All questions go level by level.
"""

from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from hornbook.base.progress import progress
from hornbook.base.rng import derive
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.settings import Sampling
from hornbook.pts.judged_rollouts import Judge
from hornbook.pts.types import SearchCase

SHORTEST = 5  # tokens; shorter generations are skipped
LOW, HIGH = 0.2, 0.8


class Claimed(NamedTuple):
    """A token that is called pivotal."""

    case: int
    tokens: tuple[int, ...]  # the sequence, without the prompt
    position: int
    delta: float


class Segment(NamedTuple):
    """Tokens `start` to `end` of a case's sequence."""

    case: int
    start: int
    end: int


class Peer:
    """The peer's searcher.

    Attributes:
        tokens: sampled so far, each completion up to its first stop token.
        searched: questions that were not dropped.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: PreTrainedTokenizerBase,
        judge: Judge,
        sampling: Sampling,
        *,
        samples: int = 10,
        p_gap: float = 0.2,
    ) -> None:
        self.engine, self.tokenizer, self.judge, self.sampling = engine, tokenizer, judge, sampling
        self.samples, self.p_gap = samples, p_gap
        self.known: dict[tuple[int, str], float] = {}
        self.tokens = self.searched = 0

    def search(self, cases: list[SearchCase]) -> list[Claimed]:
        """What it calls pivotal."""
        self.cases = cases
        self.sequences: dict[int, list[int]] = {number: [] for number in range(len(cases))}
        self._estimate([Segment(number, 0, 0) for number in self.sequences])
        kept = [number for number in self.sequences if LOW <= self._p(number, 0) <= HIGH]
        self.searched = len(kept)
        requests = [Request(cases[n].prompt, f"{cases[n].question.id} sequence") for n in kept]
        for number, row in zip(kept, self._sample(requests), strict=True):
            self.sequences[number] = row
        level = [Segment(n, 0, len(self.sequences[n])) for n in kept if len(self.sequences[n]) >= SHORTEST]
        claimed = []
        while level:
            self._estimate(level)
            below: list[Segment] = []
            for segment in level:
                number, start, end = segment
                move = self._p(number, end) - self._p(number, start)
                if abs(move) >= self.p_gap and end - start > 1:
                    middle = start + (end - start) // 2
                    below += [Segment(number, start, middle), Segment(number, middle, end)]
                elif abs(move) >= self.p_gap:
                    claimed.append(Claimed(number, tuple(self.sequences[number]), start, move))
            level = below
        return claimed

    def _text(self, number: int, place: int) -> str:
        whole = [*self.cases[number].prompt, *self.sequences[number][:place]]
        return str(self.tokenizer.decode(whole, skip_special_tokens=False))

    def _p(self, number: int, place: int) -> float:
        return self.known[number, self._text(number, place)]

    def _estimate(self, segments: list[Segment]) -> None:
        """p(success) at both ends of each, where it is not known."""
        ends = {(s.case, self._text(s.case, place)): place for s in segments for place in (s.start, s.end)}
        new = {key: place for key, place in ends.items() if key not in self.known}
        requests, begun = [], []
        for (number, text), place in new.items():
            prefix = self.sequences[number][:place]
            decoded = self.tokenizer.decode(prefix, skip_special_tokens=False)
            again = self.tokenizer(text).input_ids
            name = f"{self.cases[number].question.id} {derive(0, *again)}"
            requests += [Request(again, f"{name} {turn}") for turn in range(self.samples)]
            begun += [self.tokenizer(decoded).input_ids if prefix else []] * self.samples
        rows = self._sample(requests)
        questions = [self.cases[number].question for number, _ in new for _ in range(self.samples)]
        asked = [(question, start + row) for question, start, row in zip(questions, begun, rows, strict=True)]
        right = [verdict.success for verdict in self.judge(asked)]
        for place, key in enumerate(new):
            self.known[key] = sum(right[place * self.samples :][: self.samples]) / self.samples

    def _sample(self, requests: list[Request]) -> list[list[int]]:
        """Completions, each to its first stop token."""
        if not requests:
            return []
        with progress("the peer's way", len(requests), "rollouts") as bar:
            made = self.engine.sample(requests, self.sampling, lambda _: bar.advance())
        rows = [rollout.tokens for rollout in made]
        self.tokens += sum(map(len, rows))
        return rows
