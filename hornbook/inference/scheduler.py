"""Continuous batching: requests enter rows, a step samples a token for each rollout, finished rollouts free their row.

Rollouts with the same tokens so far share a row and its KV cache; each samples its next token from the row's
distribution with its own random number, and one that samples another token continues in a row of its own.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from hornbook.inference.forward import vocabulary_size
from hornbook.inference.kv_cache import OwnRows
from hornbook.inference.prefix_cache import ROWS, PrefixCache, Tokens, round_up
from hornbook.inference.rollouts import Rollout
from hornbook.inference.sampling import Stops, exclude_tokens, probabilities, sample_tokens, uniforms
from hornbook.inference.settings import Sampling


class RolloutStart(NamedTuple):
    """Rollouts from one prefix: numbers and keys of their requests. `head` is a shared prefix that begins with all
    tokens of their prefix except the last."""

    numbers: list[int]
    keys: list[str]
    prefix: list[int]
    limit: int
    avoid: int
    head: Tokens


class DivergedRollouts(NamedTuple):
    """Members that diverged from `row` with `token`, their `length`-th, and have no row of their own yet."""

    row: int
    length: int
    token: int
    logprob: float
    members: list[int]


def token_mask(tokens: list[int], vocabulary: int) -> Tensor:
    """True [vocabulary] at `tokens`; a tokenizer may have more tokens than the model."""
    mask_V = torch.zeros(vocabulary, dtype=torch.bool)
    mask_V[[token for token in tokens if token < vocabulary]] = True
    return mask_V


class RolloutBatch:
    """The rollouts in progress, in as many rows as `cache` has; their prefixes come from `store`.

    Rows 0 to `width` are computed; rows without members are idle and their result is dropped. Diverged rollouts wait
    for a free row; if the row that they diverged from finishes first, they take it over.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        sampling: Sampling,
        stops: Stops,
        seed: int,
        store: PrefixCache,
        cache: OwnRows,
        max_rollouts: int,
    ) -> None:
        """`max_rollouts` bounds the rollouts in progress."""
        device = model.device
        self.model, self.sampling, self.stops, self.seed = model, sampling, stops, seed
        self.store, self.cache = store, cache
        rows, most = cache.rows, sampling.max_new_tokens
        self.width = 0
        self.members: list[list[int]] = [[] for _ in range(rows)]  # of each row
        self.heads: list[Tokens] = [()] * rows
        self.waiting: list[DivergedRollouts] = []
        self.number: list[int] = [-1] * max_rollouts  # the request of each member
        self.unused = list(range(max_rollouts))  # free member numbers
        self.uniform_MN = torch.zeros((max_rollouts, most), dtype=torch.float64, device=device)
        self.moved = True  # members changed their rows since the last step
        vocabulary = vocabulary_size(model)
        self.stop_V = token_mask(stops.tokens, vocabulary).to(device)
        self.last_V = token_mask(stops.last, vocabulary).to(device)  # may complete a stop text
        self.alive_R = torch.zeros(rows, dtype=torch.bool, device=device)
        self.avoid_R = torch.full((rows,), -1, device=device)  # in the first step of a row
        self.fresh: list[int] = []  # rows before their first step with a token to avoid
        self.token_R = torch.zeros(rows, dtype=torch.long, device=device)  # fed in the next step ...
        self.cut_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... after this much of the prefix ...
        self.done_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... and this many tokens sampled so far
        self.limit_R = torch.zeros(rows, dtype=torch.long, device=device)
        self.sampled_RN = torch.zeros((rows, most), dtype=torch.long, device=device)
        self.logprob_RN = torch.zeros((rows, most), dtype=torch.float32, device=device)
        self.state = [
            self.alive_R, self.token_R, self.cut_R, self.done_R, self.limit_R, self.sampled_RN, self.logprob_RN
        ]  # fmt: skip

    @property
    def live(self) -> int:
        """Rows in use."""
        return sum(map(bool, self.members))

    def admit(self, queue: deque[RolloutStart]) -> None:
        """Start the first requests of the queue in idle rows, as many as fit into the cache."""
        self.fresh = []
        for row in self._idle():
            if not queue or len(queue[0].numbers) > len(self.unused):
                break
            start = queue[0]
            if not self.cache.reserve(row, start.head, len(start.prefix) - 1):
                break
            queue.popleft()
            named = zip(start.numbers, start.keys, strict=True)
            self.members[row] = [self._add_member(number, key, start.limit) for number, key in named]
            self.heads[row] = start.head
            self.alive_R[row] = True
            self.token_R[row] = start.prefix[-1]
            self.cut_R[row] = len(start.prefix) - 1
            self.done_R[row] = 0
            self.limit_R[row] = start.limit
            self.avoid_R[row] = start.avoid
            if start.avoid >= 0:
                self.fresh.append(row)
        self._fill_prefixes()

    def step(self) -> Iterator[tuple[int, Rollout]]:
        """Sample the next token of every rollout; yields (request number, rollout) of those that finish."""
        probs_RV = self._distribution()
        if self.moved:
            self._index_members()
        width, row_L = self.width, self.row_L
        step_R1 = self.done_R[:width, None]
        token_L, logprob_L = sample_tokens(probs_RV, self.uniform_MN[self.member_L, step_R1[row_L, 0]], row_L)
        token_R, logprob_R = token_L[self.first_R], logprob_L[self.first_R].float()  # a row follows its first member
        self.sampled_RN[:width].scatter_(1, step_R1, token_R[:, None])
        self.logprob_RN[:width].scatter_(1, step_R1, logprob_R[:, None])
        self.token_R[:width] = token_R
        self.done_R[:width] += self.alive_R[:width]
        yield from self._split_diverged(token_L, logprob_L)
        yield from self._finish()
        self._assign_rows()

    def compact(self) -> None:
        """Move the rows in use to the front and compute no more than needed."""
        kept = [row for row, members in enumerate(self.members) if members]
        place = {row: number for number, row in enumerate(kept)}
        self.cache.compact(kept)
        for state in self.state:
            state[: len(kept)] = state[kept]
        self.alive_R[len(kept) :] = False
        self.cut_R[len(kept) :] = self.done_R[len(kept) :] = 0
        self.heads = [self.heads[row] for row in kept] + [()] * (len(self.heads) - len(kept))
        self.members = [self.members[row] for row in kept] + [[] for _ in range(len(self.members) - len(kept))]
        self.waiting = [group._replace(row=place[group.row]) for group in self.waiting]
        self.width = self._rounded(len(kept))
        self.moved = True

    def _distribution(self) -> Tensor:
        """The distribution [R, V] of each row's next token."""
        width = self.width
        cut_R, done_R = self.cut_R[:width], self.done_R[:width]
        options = self.cache.at(cut_R, done_R)
        logits_RV = self.model(
            self.token_R[:width, None],
            position_ids=(cut_R + done_R)[:, None],
            past_key_values=self.cache,
            use_cache=True,
            **options,
        ).logits[:, -1]
        probs_RV = probabilities(logits_RV, self.sampling)
        if fresh := self.fresh:
            probs_RV[fresh] = exclude_tokens(logits_RV[fresh], probs_RV[fresh], self.avoid_R[fresh], self.sampling)
            self.fresh = []
        return probs_RV

    def _index_members(self) -> None:
        """Index all members row by row: their numbers, their rows, and the index of each row's first member."""
        device = self.alive_R.device
        line = [member for members in self.members for member in members]
        counts = torch.tensor([len(members) for members in self.members[: self.width]], device=device)
        self.member_L = torch.tensor(line, device=device)
        self.row_L = torch.arange(self.width, device=device).repeat_interleave(counts)
        self.first_R = (counts.cumsum(0) - counts).clamp(max=len(line) - 1)
        self.moved = False

    def _split_diverged(self, token_L: Tensor, logprob_L: Tensor) -> Iterator[tuple[int, Rollout]]:
        """Remove members that sampled another token than their row; yields those that finish with it."""
        leaves_L = token_L != self.token_R[self.row_L]
        if not bool(leaves_L.any()):
            return
        groups: dict[tuple[int, int], DivergedRollouts] = {}
        columns = (self.row_L, self.done_R[self.row_L], token_L, logprob_L, self.member_L)
        for row, done, token, logprob, member in zip(*(c[leaves_L].tolist() for c in columns), strict=True):
            groups.setdefault((row, token), DivergedRollouts(row, done, token, logprob, [])).members.append(member)
        gone = {member for group in groups.values() for member in group.members}
        for row in {row for row, _ in groups}:
            self.members[row] = [member for member in self.members[row] if member not in gone]
        self.moved = True
        for (row, token), group in groups.items():
            stopped = token in self.stops.tokens
            if not stopped and token in self.stops.last:
                stopped = self.stops.complete([*self.sampled_RN[row, : group.length - 1].tolist(), token])
            if stopped or group.length >= int(self.limit_R[row]):
                before = group.length - 1
                yield from self._complete(
                    group.members,
                    [*self.sampled_RN[row, :before].tolist(), token],
                    [*self.logprob_RN[row, :before].tolist(), group.logprob],
                    stopped,
                )
            else:
                self.waiting.append(group)

    def _finish(self) -> Iterator[tuple[int, Rollout]]:
        """Yield the rollouts whose rows finished with the last step, and free these rows."""
        width = self.width
        stopped_R = self.stop_V[self.token_R[:width]]
        if self.stops.texts:
            for row in (self.alive_R[:width] & self.last_V[self.token_R[:width]]).nonzero()[:, 0].tolist():
                stopped_R[row] |= self.stops.complete(self.sampled_RN[row, : int(self.done_R[row])].tolist())
        ended_R = self.alive_R[:width] & (stopped_R | (self.done_R[:width] >= self.limit_R[:width]))
        for row in ended_R.nonzero()[:, 0].tolist():
            count = int(self.done_R[row])
            yield from self._complete(
                self.members[row],
                self.sampled_RN[row, :count].tolist(),
                self.logprob_RN[row, :count].tolist(),
                bool(stopped_R[row]),
            )
            self._free_row(row)

    def _complete(
        self, members: list[int], tokens: list[int], logprobs: list[float], stopped: bool
    ) -> Iterator[tuple[int, Rollout]]:
        for member in members:
            yield self.number[member], Rollout([*tokens], [*logprobs], "stop" if stopped else "length")
        self.unused += members

    def _free_row(self, row: int) -> None:
        """Give the row to rollouts that diverged from it, the last first, since they share most; else it is idle."""
        self.moved = True
        heirs = [group for group in self.waiting if group.row == row]
        if heirs:
            heir = max(heirs, key=lambda group: group.length)
            self.waiting.remove(heir)
            self._continue_in([heir], [row])
            return
        self.members[row] = []
        self.alive_R[row] = False
        self.cut_R[row] = self.done_R[row] = 0
        self.cache.release(row)

    def _assign_rows(self) -> None:
        """Give idle rows to the waiting groups, in order, as many as fit into the cache."""
        if not self.waiting:
            return
        idle, settled = deque(self._idle()), dict[int, DivergedRollouts]()  # by row
        full: set[Tokens] = set()
        for group in self.waiting:
            head = self.heads[group.row]
            if not idle:
                break
            if head in full or not self.cache.reserve(idle[0], head, int(self.cut_R[group.row])):
                full.add(head)
                continue
            settled[idle.popleft()] = group
        if not settled:
            return
        rows, groups = list(settled), list(settled.values())
        before = [group.row for group in groups]
        self.cache.copy(before, rows, [int(self.cut_R[row]) for row in before], max(group.length for group in groups))
        for state in (self.alive_R, self.cut_R, self.limit_R, self.sampled_RN, self.logprob_RN):
            state[rows] = state[before]
        for row, group in settled.items():
            self.heads[row] = self.heads[group.row]
        self.waiting = [group for group in self.waiting if group not in groups]
        self._continue_in(groups, rows)
        self._fill_prefixes()

    def _continue_in(self, groups: list[DivergedRollouts], rows: list[int]) -> None:
        """Continue `groups` in `rows`, which hold what they sampled before."""
        for group, row in zip(groups, rows, strict=True):
            self.members[row] = group.members
            self.sampled_RN[row, group.length - 1] = self.token_R[row] = group.token
            self.logprob_RN[row, group.length - 1] = group.logprob
            self.done_R[row] = group.length

    def _fill_prefixes(self) -> None:
        """Fill the prefixes of newly assigned rows, and update the width."""
        self.cache.fill(self.store.provide([head for _, head, _ in self.cache.waiting]))
        self.width = max(self.width, self._rounded(max((r for r, m in enumerate(self.members) if m), default=-1) + 1))
        self.moved = True

    def _add_member(self, number: int, key: str, limit: int) -> int:
        """Assign a member number to a request, with its random numbers."""
        member = self.unused.pop()
        self.number[member] = number
        self.uniform_MN[member, :limit] = torch.from_numpy(uniforms(self.seed, key, limit))
        return member

    def _idle(self) -> list[int]:
        return [row for row, members in enumerate(self.members) if not members]

    def _rounded(self, rows: int) -> int:
        return min(round_up(rows, ROWS), len(self.members))
