"""KV cache of the rollouts in progress: shared prefixes plus each row's own tokens, or a copy of the prefix per row.

Shapes: rows R, key heads G, columns C, width D; blocks S, lanes P, columns of prefixes T.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from hornbook.inference.attention_windows import COLUMNS, Windows
from hornbook.inference.prefix_cache import CacheLayout, SharedPrefix, Tokens, round_up

LANE_MULTIPLE = 4  # lanes are rounded up to a multiple of this


def make_rows(
    layout: CacheLayout, dtype: torch.dtype, device: torch.device, windows: Windows | None = None
) -> "OwnRows":
    """An empty cache. With `windows`, layers with a window get a mask of their own."""
    if layout.blocks:
        return SharedRows(*layout, dtype, device)
    return OwnRows(layout.rows, layout.capacity, dtype, device, windows)


class OwnRows(Cache):
    """Each row has its prefix and its tokens in columns of its own, for models whose attention cannot share prefixes.

    A row's tokens start at column 0, without padding; a mask hides stale columns, and those outside a layer's window
    (`windows`).
    """

    def __init__(
        self, rows: int, capacity: int, dtype: torch.dtype, device: torch.device, windows: Windows | None = None
    ) -> None:
        super().__init__(layers=[])
        self.windows = windows
        self.rows, self.capacity, self.dtype, self.device = rows, capacity, dtype, device
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.row_R = torch.arange(rows, device=device)
        self.waiting: list[tuple[int, Tokens, int]] = []  # slot, prefix to copy there, and how many tokens of it

    def reserve(self, row: int, head: Tokens, cut: int) -> bool:
        """Let row `row` start with the first `cut` tokens of `head`, if it fits; then call `fill`."""
        if cut:
            self.waiting.append((row, head, cut))
        return True

    def fill(self, prefixes: Iterable[tuple[Tokens, SharedPrefix]]) -> None:
        """Copy prefixes, which may be longer than their `head`, to the slots that wait for them."""
        for head, prefix in prefixes:
            for slot, wanted, length in self.waiting:
                if wanted == head:
                    self._copy(prefix, slot, length)
        self.waiting = []

    def copy(self, sources: list[int], rows: list[int], cuts: list[int], own: int) -> None:
        """Copy `sources` to `rows`, which are reserved: prefixes of `cuts` tokens and `own` more tokens."""
        self._copy_columns(sources, rows, max(cuts) + own)
        self.waiting = [slot for slot in self.waiting if slot[0] not in rows]

    def release(self, row: int) -> None:
        """Mark row `row` as idle."""

    def compact(self, kept: list[int]) -> None:
        """Move the rows `kept` (ascending) to the front."""
        for store in (*self.keys, *self.values):
            store[: len(kept), :, : self.seen] = store[kept, :, : self.seen]

    def take(self, other: "OwnRows", rows: list[int]) -> None:
        """Let the first rows hold what `rows` of another cache do, as far as there are columns here."""
        columns = min(self.capacity, other.capacity)
        for layer_idx, like in enumerate(zip(other.keys, other.values, strict=True)):
            for store, part in zip(self._layer(layer_idx, *like), like, strict=True):
                store[: len(rows), :, :columns] = part[rows, :, :columns]

    def at(self, cut_R: Tensor, own_R: Tensor) -> dict[str, Any]:
        """Prepare the next step, which writes one token per row after `cut_R` tokens of prefix and `own_R` of its own.

        Returns keyword arguments for the model's forward.
        """
        position_R = cut_R + own_R
        mask_R11C = self._at(position_R)
        if self.windows:
            return {"attention_mask": self.windows.masks(mask_R11C, position_R, torch.finfo(self.dtype).min)}
        return {"attention_mask": mask_R11C}

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Called by each attention layer with this step's keys and values [R, G, 1, D]."""
        keys_RGCD, values_RGCD = self._layer(layer_idx, keys, values)
        rows = len(keys)
        keys_RGCD[self.row_R[:rows], :, self.column_R] = keys[:, :, 0]
        values_RGCD[self.row_R[:rows], :, self.column_R] = values[:, :, 0]
        return keys_RGCD[:rows, :, : self.seen], values_RGCD[:rows, :, : self.seen]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """For models that call it; positions are passed explicitly."""
        return self.seen - 1

    def _at(self, column_R: Tensor) -> Tensor:
        """Set the columns to write and the number of columns seen; returns the mask of stale ones [R, 1, 1, C]."""
        self.column_R = column_R
        self.seen = min(round_up(int(column_R.max()) + 1, COLUMNS), self.capacity)
        hidden_RC = torch.arange(self.seen, device=self.device) > column_R[:, None]
        mask_RC = torch.zeros(hidden_RC.shape, dtype=self.dtype, device=self.device)
        return mask_RC.masked_fill_(hidden_RC, torch.finfo(self.dtype).min)[:, None, None]

    def _copy_columns(self, sources: list[int], rows: list[int], columns: int) -> None:
        for store in (*self.keys, *self.values):
            store[rows, :, :columns] = store[sources, :, :columns]

    def _copy(self, prefix: SharedPrefix, slot: int, length: int) -> None:
        for layer_idx, (keys, values) in enumerate(zip(prefix.keys, prefix.values, strict=True)):
            keys_RGCD, values_RGCD = self._layer(layer_idx, keys[None], values[None])
            keys_RGCD[slot, :, :length] = keys[:, :length]
            values_RGCD[slot, :, :length] = values[:, :length]

    def _layer(self, layer_idx: int, *like: Tensor) -> tuple[Tensor, Tensor]:
        """Storage for the keys and values of a layer, with the widths of those in `like`."""
        while len(self.keys) <= layer_idx:  # zeros, not empty: memory may contain NaN, which a mask does not hide
            for store, part_RGTD in zip((self.keys, self.values), like, strict=True):
                store.append(part_RGTD.new_zeros((self.rows, part_RGTD.shape[1], self.capacity, part_RGTD.shape[3])))
        return self.keys[layer_idx], self.values[layer_idx]


class SharedRows(OwnRows):
    """Rows that start from a shared prefix, or from the first tokens of one; only the tokens after it are their own.

    A shared prefix in use is in a KV block with query lanes for several rows; one with more rows than lanes has several
    blocks. Blocks are of one size, so the number of kernels in a step does not depend on the number of prefixes.
    """

    def __init__(
        self, rows: int, capacity: int, blocks: int, lanes: int, columns: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        super().__init__(rows, capacity, dtype, device)
        self.blocks, self.lanes, self.prefix_columns = blocks, lanes, columns
        self.prefix_keys: list[Tensor] = []
        self.prefix_values: list[Tensor] = []
        self.text: list[Tokens | None] = [None] * blocks  # in each block
        self.taken: list[int] = [0] * blocks  # lanes in use in each block
        self.block: list[int] = [-1] * rows  # of each row; -1: idle
        self.cut: list[int] = [0] * rows
        self.lane_R = torch.zeros(0, dtype=torch.long)
        self.columns = 0  # columns of prefixes that a step attends to
        self.changed = True

    def reserve(self, row: int, head: Tokens, cut: int) -> bool:
        block = self._free_block(head)
        if block is None:
            return False
        if self.text[block] != head:
            self.text[block] = head
            if head:
                self.waiting.append((block, head, len(head)))
        self.block[row], self.cut[row] = block, cut
        self.taken[block] += 1
        self.changed = True
        return True

    def copy(self, sources: list[int], rows: list[int], cuts: list[int], own: int) -> None:
        self._copy_columns(sources, rows, own)

    def release(self, row: int) -> None:
        self.taken[self.block[row]] -= 1
        self.block[row] = -1
        self.changed = True

    def compact(self, kept: list[int]) -> None:
        super().compact(kept)
        live = [block for block, taken in enumerate(self.taken) if taken]
        for store in (*self.prefix_keys, *self.prefix_values):
            store[: len(live)] = store[live]
        slot, unused = {block: number for number, block in enumerate(live)}, self.blocks - len(live)
        self.text = [self.text[block] for block in live] + [None] * unused
        self.taken = [self.taken[block] for block in live] + [0] * unused
        idle = self.rows - len(kept)
        self.block = [slot[self.block[row]] for row in kept] + [-1] * idle
        self.cut = [self.cut[row] for row in kept] + [0] * idle
        self.changed = True

    def at(self, cut_R: Tensor, own_R: Tensor) -> dict[str, Any]:
        self.own_R11C = self._at(own_R)
        if self.changed or len(own_R) != len(self.lane_R):
            self._arrange(len(own_R))
        return {"attention_mask": self.own_R11C, "prefixes": self}

    def prefix_layer(self, layer_idx: int) -> tuple[Tensor, Tensor]:
        """Keys and values [S, G, T, D] of the blocks and columns in use."""
        blocks = len(self.mask_SP1T)
        keys, values = self.prefix_keys[layer_idx], self.prefix_values[layer_idx]
        return keys[:blocks, :, : self.columns], values[:blocks, :, : self.columns]

    def _arrange(self, rows: int) -> None:
        """Assign lanes, the same number in all blocks, and mask what each row does not see of its prefix."""
        self.changed = False
        assigned = self._assign_lanes()
        blocks = max((block + 1 for block, those in enumerate(assigned) if those), default=1)
        lanes = round_up(max(1, *map(len, assigned)), LANE_MULTIPLE)
        row_of_lane, cuts, lane = [0] * (blocks * lanes), [0] * (blocks * lanes), [0] * self.rows
        for block, those in enumerate(assigned):
            for number, row in enumerate(those, block * lanes):
                row_of_lane[number], cuts[number], lane[row] = row, self.cut[row], number
        self.columns = min(round_up(max(cuts), COLUMNS), self.prefix_columns)
        self.lane_R = torch.tensor(lane[:rows], device=self.device)
        self.row_of_lane = torch.tensor(row_of_lane, device=self.device)
        cut_SP11 = torch.tensor(cuts, device=self.device).view(blocks, -1, 1, 1)
        hidden_SP1T = torch.arange(self.columns, device=self.device) >= cut_SP11
        mask_SP1T = torch.zeros(hidden_SP1T.shape, dtype=self.dtype, device=self.device)
        self.mask_SP1T = mask_SP1T.masked_fill_(hidden_SP1T, torch.finfo(self.dtype).min)

    def _assign_lanes(self) -> list[list[int]]:
        """Rows by block: rows that share a prefix are distributed evenly over as few of its blocks as possible."""
        rows_of: dict[Tokens | None, list[int]] = {}
        for row, block in enumerate(self.block):
            if block >= 0:
                rows_of.setdefault(self.text[block], []).append(row)
        assigned: list[list[int]] = [[] for _ in range(self.blocks)]
        for text, rows in rows_of.items():
            blocks = [block for block, taken in enumerate(self.taken) if taken and self.text[block] == text]
            needed = -(-len(rows) // self.lanes)
            for number, block in enumerate(blocks):
                assigned[block] = rows[number::needed] if number < needed else []
                self.taken[block] = len(assigned[block])
                for row in assigned[block]:
                    self.block[row] = block
        return assigned

    def _free_block(self, head: Tokens) -> int | None:
        """A block of the same prefix with a free lane, or the first unused block."""
        empty = None
        for block, (text, taken) in enumerate(zip(self.text, self.taken, strict=True)):
            if text == head and taken < self.lanes:
                return block
            if empty is None and not taken:
                empty = block
        return empty

    def _copy(self, prefix: SharedPrefix, slot: int, length: int) -> None:
        for layer_idx, (keys, values) in enumerate(zip(prefix.keys, prefix.values, strict=True)):
            if len(self.prefix_keys) <= layer_idx:
                for store, part in ((self.prefix_keys, keys), (self.prefix_values, values)):
                    store.append(part.new_zeros((self.blocks, part.shape[0], self.prefix_columns, part.shape[2])))
            self.prefix_keys[layer_idx][slot, :, :length] = keys[:, :length]
            self.prefix_values[layer_idx][slot, :, :length] = values[:, :length]
