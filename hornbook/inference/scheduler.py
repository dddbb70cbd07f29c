"""The rows that are decoded together: prefixes enter, a step samples a token for each rollout, what has ended leaves.

Rollouts that are alike so far share a row, with its cache and its place in the forward pass; each draws its next token
from the row's distribution by its own random number, and one that draws another token takes its own way in a new row.
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
from hornbook.inference.sampling import Stops, draw, probabilities, uniforms, without
from hornbook.inference.settings import Sampling


class Start(NamedTuple):
    """Rollouts that begin alike: numbers and keys of their requests. `head` is the shared prefix that covers theirs,
    but for its last token."""

    numbers: list[int]
    keys: list[str]
    prefix: list[int]
    limit: int
    avoid: int
    head: Tokens


class DivergedRollouts(NamedTuple):
    """Members that left `row` when they sampled `token`, their `length`-th, and have no row of their own yet."""

    row: int
    length: int
    token: int
    logprob: float
    members: list[int]


def mask(tokens: list[int], vocabulary: int) -> Tensor:
    """True [vocabulary] at `tokens`; a tokenizer may know more of them than the model."""
    mask_V = torch.zeros(vocabulary, dtype=torch.bool)
    mask_V[[token for token in tokens if token < vocabulary]] = True
    return mask_V


class Batch:
    """The rollouts under way, in up to as many rows as `cache` has; their prefixes come from `store`.

    Rows 0 to `width` are computed; those without members among them are idle: their result is dropped. A fork that
    finds no row waits: what it needs stays in the row it left, which it inherits if that ends first.
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
        """`max_rollouts` is how many rollouts may be under way."""
        device = model.device
        self.model, self.sampling, self.stops, self.seed = model, sampling, stops, seed
        self.store, self.cache = store, cache
        rows, most = cache.rows, sampling.max_new_tokens
        self.width = 0
        self.members: list[list[int]] = [[] for _ in range(rows)]  # of each row
        self.heads: list[Tokens] = [()] * rows
        self.waiting: list[DivergedRollouts] = []
        self.number: list[int] = [-1] * max_rollouts  # the request of each member
        self.unused = list(range(max_rollouts))  # members that are nobody
        self.uniform_MN = torch.zeros((max_rollouts, most), dtype=torch.float64, device=device)
        self.moved = True  # members changed their rows since the last step
        vocabulary = vocabulary_size(model)
        self.stop_V = mask(stops.tokens, vocabulary).to(device)
        self.last_V = mask(stops.last, vocabulary).to(device)  # may complete a stop text
        self.alive_R = torch.zeros(rows, dtype=torch.bool, device=device)
        self.avoid_R = torch.full((rows,), -1, device=device)  # in the first step of a row
        self.fresh: list[int] = []  # rows before their first step that avoid something
        self.token_R = torch.zeros(rows, dtype=torch.long, device=device)  # fed in the next step ...
        self.cut_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... after this much of the prefix ...
        self.done_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... and so many tokens sampled so far
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

    def admit(self, queue: deque[Start]) -> None:
        """Begin with the front of the queue in idle rows, as far as the cache has room."""
        self.fresh = []
        for row in self._idle():
            if not queue or len(queue[0].numbers) > len(self.unused):
                break
            start = queue[0]
            if not self.cache.reserve(row, start.head, len(start.prefix) - 1):
                break
            queue.popleft()
            named = zip(start.numbers, start.keys, strict=True)
            self.members[row] = [self._enrol(number, key, start.limit) for number, key in named]
            self.heads[row] = start.head
            self.alive_R[row] = True
            self.token_R[row] = start.prefix[-1]
            self.cut_R[row] = len(start.prefix) - 1
            self.done_R[row] = 0
            self.limit_R[row] = start.limit
            self.avoid_R[row] = start.avoid
            if start.avoid >= 0:
                self.fresh.append(row)
        self._supply()

    def step(self) -> Iterator[tuple[int, Rollout]]:
        """Sample the next token of every rollout; those that end with it, by number of their request."""
        probs_RV = self._distribution()
        if self.moved:
            self._line_up()
        width, row_L = self.width, self.row_L
        step_R1 = self.done_R[:width, None]
        token_L, logprob_L = draw(probs_RV, self.uniform_MN[self.member_L, step_R1[row_L, 0]], row_L)
        token_R, logprob_R = token_L[self.first_R], logprob_L[self.first_R].float()  # a row goes where its first goes
        self.sampled_RN[:width].scatter_(1, step_R1, token_R[:, None])
        self.logprob_RN[:width].scatter_(1, step_R1, logprob_R[:, None])
        self.token_R[:width] = token_R
        self.done_R[:width] += self.alive_R[:width]
        yield from self._part(token_L, logprob_L)
        yield from self._finish()
        self._settle()

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
        self.waiting = [fork._replace(row=place[fork.row]) for fork in self.waiting]
        self.width = self._rounded(len(kept))
        self.moved = True

    def _distribution(self) -> Tensor:
        """What each row samples its next token from [R, V]."""
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
            probs_RV[fresh] = without(logits_RV[fresh], probs_RV[fresh], self.avoid_R[fresh], self.sampling)
            self.fresh = []
        return probs_RV

    def _line_up(self) -> None:
        """All members, row by row: who they are, their rows, and where in this line each row begins."""
        device = self.alive_R.device
        line = [member for members in self.members for member in members]
        counts = torch.tensor([len(members) for members in self.members[: self.width]], device=device)
        self.member_L = torch.tensor(line, device=device)
        self.row_L = torch.arange(self.width, device=device).repeat_interleave(counts)
        self.first_R = (counts.cumsum(0) - counts).clamp(max=len(line) - 1)
        self.moved = False

    def _part(self, token_L: Tensor, logprob_L: Tensor) -> Iterator[tuple[int, Rollout]]:
        """Take those that did not go where their row goes out of it; what has ended among them is finished."""
        leaves_L = token_L != self.token_R[self.row_L]
        if not bool(leaves_L.any()):
            return
        forks: dict[tuple[int, int], DivergedRollouts] = {}
        columns = (self.row_L, self.done_R[self.row_L], token_L, logprob_L, self.member_L)
        for row, done, token, logprob, member in zip(*(c[leaves_L].tolist() for c in columns), strict=True):
            forks.setdefault((row, token), DivergedRollouts(row, done, token, logprob, [])).members.append(member)
        gone = {member for fork in forks.values() for member in fork.members}
        for row in {row for row, _ in forks}:
            self.members[row] = [member for member in self.members[row] if member not in gone]
        self.moved = True
        for (row, token), fork in forks.items():
            stopped = token in self.stops.tokens
            if not stopped and token in self.stops.last:
                stopped = self.stops.complete([*self.sampled_RN[row, : fork.length - 1].tolist(), token])
            if stopped or fork.length >= int(self.limit_R[row]):
                before = fork.length - 1
                yield from self._leave(
                    fork.members,
                    [*self.sampled_RN[row, :before].tolist(), token],
                    [*self.logprob_RN[row, :before].tolist(), fork.logprob],
                    stopped,
                )
            else:
                self.waiting.append(fork)

    def _finish(self) -> Iterator[tuple[int, Rollout]]:
        """The rollouts whose rows ended with the last step."""
        width = self.width
        stopped_R = self.stop_V[self.token_R[:width]]
        if self.stops.texts:
            for row in (self.alive_R[:width] & self.last_V[self.token_R[:width]]).nonzero()[:, 0].tolist():
                stopped_R[row] |= self.stops.complete(self.sampled_RN[row, : int(self.done_R[row])].tolist())
        ended_R = self.alive_R[:width] & (stopped_R | (self.done_R[:width] >= self.limit_R[:width]))
        for row in ended_R.nonzero()[:, 0].tolist():
            count = int(self.done_R[row])
            yield from self._leave(
                self.members[row],
                self.sampled_RN[row, :count].tolist(),
                self.logprob_RN[row, :count].tolist(),
                bool(stopped_R[row]),
            )
            self._vacate(row)

    def _leave(
        self, members: list[int], tokens: list[int], logprobs: list[float], stopped: bool
    ) -> Iterator[tuple[int, Rollout]]:
        for member in members:
            yield self.number[member], Rollout([*tokens], [*logprobs], "stop" if stopped else "length")
        self.unused += members

    def _vacate(self, row: int) -> None:
        """The row goes to a fork that left it, else it is idle. The last to leave needs most of what is in it."""
        self.moved = True
        heirs = [fork for fork in self.waiting if fork.row == row]
        if heirs:
            heir = max(heirs, key=lambda fork: fork.length)
            self.waiting.remove(heir)
            self._follow([heir], [row])
            return
        self.members[row] = []
        self.alive_R[row] = False
        self.cut_R[row] = self.done_R[row] = 0
        self.cache.leave(row)

    def _settle(self) -> None:
        """Give idle rows to the forks that wait, the first first, as far as the cache has room."""
        if not self.waiting:
            return
        idle, settled = deque(self._idle()), dict[int, DivergedRollouts]()  # by row
        full: set[Tokens] = set()
        for fork in self.waiting:
            head = self.heads[fork.row]
            if not idle:
                break
            if head in full or not self.cache.reserve(idle[0], head, int(self.cut_R[fork.row])):
                full.add(head)
                continue
            settled[idle.popleft()] = fork
        if not settled:
            return
        rows, forks = list(settled), list(settled.values())
        before = [fork.row for fork in forks]
        self.cache.copy(before, rows, [int(self.cut_R[row]) for row in before], max(fork.length for fork in forks))
        for state in (self.alive_R, self.cut_R, self.limit_R, self.sampled_RN, self.logprob_RN):
            state[rows] = state[before]
        for row, fork in settled.items():
            self.heads[row] = self.heads[fork.row]
        self.waiting = [fork for fork in self.waiting if fork not in forks]
        self._follow(forks, rows)
        self._supply()

    def _follow(self, forks: list[DivergedRollouts], rows: list[int]) -> None:
        """The members of `forks` go on in `rows`, which hold what they sampled before."""
        for fork, row in zip(forks, rows, strict=True):
            self.members[row] = fork.members
            self.sampled_RN[row, fork.length - 1] = self.token_R[row] = fork.token
            self.logprob_RN[row, fork.length - 1] = fork.logprob
            self.done_R[row] = fork.length

    def _supply(self) -> None:
        """Shared prefixes for rows that were given a place, and the width and order of all rows anew."""
        self.cache.fill(self.store.provide([head for _, head, _ in self.cache.waiting]))
        self.width = max(self.width, self._rounded(max((r for r, m in enumerate(self.members) if m), default=-1) + 1))
        self.moved = True

    def _enrol(self, number: int, key: str, limit: int) -> int:
        """A member for a request, with its random numbers."""
        member = self.unused.pop()
        self.number[member] = number
        self.uniform_MN[member, :limit] = torch.from_numpy(uniforms(self.seed, key, limit))
        return member

    def _idle(self) -> list[int]:
        return [row for row, members in enumerate(self.members) if not members]

    def _rounded(self, rows: int) -> int:
        return min(round_up(rows, ROWS), len(self.members))
