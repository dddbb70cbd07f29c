"""Keys and values of the rollouts under way: shared trunks with what each row adds, or a whole copy for each row.

Shapes: rows R, key heads G, columns C, width D; slots S, seats P, columns of trunks T.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from hornbook.inference.attention_windows import COLUMNS, Windows
from hornbook.inference.prefix_cache import Plan, Tokens, Trunk, round_up

FEW = 4  # seats are rounded up to this


def make_rows(layout: Plan, dtype: torch.dtype, device: torch.device, windows: Windows | None = None) -> "OwnRows":
    """An empty cache. With `windows`, layers that have one are given a mask of their own."""
    if layout.slots:
        return SharedRows(*layout, dtype, device)
    return OwnRows(layout.rows, layout.capacity, dtype, device, windows)


class OwnRows(Cache):
    """Each row has its prefix and its tokens in columns of its own, for models whose attention cannot share them.

    A row's tokens lie from column 0 on, without padding between; a mask hides what is stale, and from layers that see
    only a part of the text (`windows`) the rest.
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
        self.waiting: list[tuple[int, Tokens, int]] = []  # a place, and how much of which trunk belongs there

    def reserve(self, row: int, head: Tokens, cut: int) -> bool:
        """Let row `row` start with the first `cut` tokens of the trunk `head`, if it fits; `waiting` must be filled."""
        if cut:
            self.waiting.append((row, head, cut))
        return True

    def fill(self, trunks: Iterable[tuple[Tokens, Trunk]]) -> None:
        """Copy trunks, which may be longer than their `head`, to where they are waited for."""
        for head, trunk in trunks:
            for place, waited, length in self.waiting:
                if waited == head:
                    self._copy(trunk, place, length)
        self.waiting = []

    def copy(self, sources: list[int], rows: list[int], cuts: list[int], own: int) -> None:
        """Let `rows`, which are reserved, hold what `sources` do: their prefixes of `cuts` tokens and `own` more."""
        self._copy_columns(sources, rows, max(cuts) + own)
        self.waiting = [place for place in self.waiting if place[0] not in rows]

    def leave(self, row: int) -> None:
        """Row `row` is idle."""

    def compact(self, kept: list[int]) -> None:
        """Move the rows `kept` (ascending) to the front."""
        for store in (*self.keys, *self.values):
            store[: len(kept), :, : self.seen] = store[kept, :, : self.seen]

    def at(self, cut_R: Tensor, own_R: Tensor) -> dict[str, Any]:
        """The next step writes one token per row, after `cut_R` tokens of prefix and `own_R` of its own.

        Returns what the model's forward has to be given for it.
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
        """Some models ask; ours are told their positions."""
        return self.seen - 1

    def _at(self, column_R: Tensor) -> Tensor:
        """Where to write; how many columns to see; and what hides the stale ones [R, 1, 1, C]."""
        self.column_R = column_R
        self.seen = min(round_up(int(column_R.max()) + 1, COLUMNS), self.capacity)
        hidden_RC = torch.arange(self.seen, device=self.device) > column_R[:, None]
        mask_RC = torch.zeros(hidden_RC.shape, dtype=self.dtype, device=self.device)
        return mask_RC.masked_fill_(hidden_RC, torch.finfo(self.dtype).min)[:, None, None]

    def _copy_columns(self, sources: list[int], rows: list[int], columns: int) -> None:
        for store in (*self.keys, *self.values):
            store[rows, :, :columns] = store[sources, :, :columns]

    def _copy(self, trunk: Trunk, place: int, length: int) -> None:
        for layer_idx, (keys, values) in enumerate(zip(trunk.keys, trunk.values, strict=True)):
            keys_RGCD, values_RGCD = self._layer(layer_idx, keys[None], values[None])
            keys_RGCD[place, :, :length] = keys[:, :length]
            values_RGCD[place, :, :length] = values[:, :length]

    def _layer(self, layer_idx: int, *like: Tensor) -> tuple[Tensor, Tensor]:
        """Columns for keys and for values as wide as those in `like`, which may differ from each other."""
        while len(self.keys) <= layer_idx:  # zeros, not empty: stale memory may hold NaN, which no mask hides
            for store, part_RGTD in zip((self.keys, self.values), like, strict=True):
                store.append(part_RGTD.new_zeros((self.rows, part_RGTD.shape[1], self.capacity, part_RGTD.shape[3])))
        return self.keys[layer_idx], self.values[layer_idx]


class SharedRows(OwnRows):
    """Rows whose prefixes are beginnings of trunks; only what a row adds is its own.

    A trunk in use lies in a slot, with seats for several rows; one with more rows than seats has several slots. Slots
    are of one size, so that a step is a few kernels whatever the number of trunks.
    """

    def __init__(
        self, rows: int, capacity: int, slots: int, seats: int, columns: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        super().__init__(rows, capacity, dtype, device)
        self.slots, self.seats, self.trunk_columns = slots, seats, columns
        self.trunk_keys: list[Tensor] = []
        self.trunk_values: list[Tensor] = []
        self.text: list[Tokens | None] = [None] * slots  # in each slot
        self.taken: list[int] = [0] * slots  # seats of each slot
        self.slot: list[int] = [-1] * rows  # of each row; -1: idle
        self.cut: list[int] = [0] * rows
        self.seat_R = torch.zeros(0, dtype=torch.long)
        self.columns = 0  # of trunks that a step attends to
        self.changed = True

    def reserve(self, row: int, head: Tokens, cut: int) -> bool:
        slot = self._free_slot(head)
        if slot is None:
            return False
        if self.text[slot] != head:
            self.text[slot] = head
            if head:
                self.waiting.append((slot, head, len(head)))
        self.slot[row], self.cut[row] = slot, cut
        self.taken[slot] += 1
        self.changed = True
        return True

    def copy(self, sources: list[int], rows: list[int], cuts: list[int], own: int) -> None:
        self._copy_columns(sources, rows, own)

    def leave(self, row: int) -> None:
        self.taken[self.slot[row]] -= 1
        self.slot[row] = -1
        self.changed = True

    def compact(self, kept: list[int]) -> None:
        super().compact(kept)
        live = [slot for slot, taken in enumerate(self.taken) if taken]
        for store in (*self.trunk_keys, *self.trunk_values):
            store[: len(live)] = store[live]
        place, unused = {slot: number for number, slot in enumerate(live)}, self.slots - len(live)
        self.text = [self.text[slot] for slot in live] + [None] * unused
        self.taken = [self.taken[slot] for slot in live] + [0] * unused
        idle = self.rows - len(kept)
        self.slot = [place[self.slot[row]] for row in kept] + [-1] * idle
        self.cut = [self.cut[row] for row in kept] + [0] * idle
        self.changed = True

    def at(self, cut_R: Tensor, own_R: Tensor) -> dict[str, Any]:
        self.own_R11C = self._at(own_R)
        if self.changed or len(own_R) != len(self.seat_R):
            self._arrange(len(own_R))
        return {"attention_mask": self.own_R11C, "trunks": self}

    def trunk_layer(self, layer_idx: int) -> tuple[Tensor, Tensor]:
        """Keys and values [S, G, T, D] of the slots and columns in use."""
        slots = len(self.mask_SP1T)
        keys, values = self.trunk_keys[layer_idx], self.trunk_values[layer_idx]
        return keys[:slots, :, : self.columns], values[:slots, :, : self.columns]

    def _arrange(self, rows: int) -> None:
        """Who sits where, and how much of the trunk each sees: in all slots as many seats as the fullest needs."""
        self.changed = False
        sitting = self._seat()
        slots = max((slot + 1 for slot, those in enumerate(sitting) if those), default=1)
        seats = round_up(max(1, *map(len, sitting)), FEW)
        row_of_seat, cuts, seat = [0] * (slots * seats), [0] * (slots * seats), [0] * self.rows
        for slot, those in enumerate(sitting):
            for number, row in enumerate(those, slot * seats):
                row_of_seat[number], cuts[number], seat[row] = row, self.cut[row], number
        self.columns = min(round_up(max(cuts), COLUMNS), self.trunk_columns)
        self.seat_R = torch.tensor(seat[:rows], device=self.device)
        self.row_of_seat = torch.tensor(row_of_seat, device=self.device)
        cut_SP11 = torch.tensor(cuts, device=self.device).view(slots, -1, 1, 1)
        hidden_SP1T = torch.arange(self.columns, device=self.device) >= cut_SP11
        mask_SP1T = torch.zeros(hidden_SP1T.shape, dtype=self.dtype, device=self.device)
        self.mask_SP1T = mask_SP1T.masked_fill_(hidden_SP1T, torch.finfo(self.dtype).min)

    def _seat(self) -> list[list[int]]:
        """The rows of each slot: those of one trunk anew, evenly in as few of its slots as hold them."""
        rows_of: dict[Tokens | None, list[int]] = {}
        for row, slot in enumerate(self.slot):
            if slot >= 0:
                rows_of.setdefault(self.text[slot], []).append(row)
        sitting: list[list[int]] = [[] for _ in range(self.slots)]
        for text, rows in rows_of.items():
            slots = [slot for slot, taken in enumerate(self.taken) if taken and self.text[slot] == text]
            needed = -(-len(rows) // self.seats)
            for number, slot in enumerate(slots):
                sitting[slot] = rows[number::needed] if number < needed else []
                self.taken[slot] = len(sitting[slot])
                for row in sitting[slot]:
                    self.slot[row] = slot
        return sitting

    def _free_slot(self, head: Tokens) -> int | None:
        """A slot with a seat at the same trunk, or the first in which nobody sits."""
        empty = None
        for slot, (text, taken) in enumerate(zip(self.text, self.taken, strict=True)):
            if text == head and taken < self.seats:
                return slot
            if empty is None and not taken:
                empty = slot
        return empty

    def _copy(self, trunk: Trunk, place: int, length: int) -> None:
        for layer_idx, (keys, values) in enumerate(zip(trunk.keys, trunk.values, strict=True)):
            if len(self.trunk_keys) <= layer_idx:
                for store, part in ((self.trunk_keys, keys), (self.trunk_values, values)):
                    store.append(part.new_zeros((self.slots, part.shape[0], self.trunk_columns, part.shape[2])))
            self.trunk_keys[layer_idx][place, :, :length] = keys[:, :length]
            self.trunk_values[layer_idx][place, :, :length] = values[:, :length]
