"""Keys and values of many rollouts, each at its own position, in memory allocated once."""

import torch
from torch import Tensor
from transformers import Cache, DynamicCache


class RowCache(Cache):
    """A key/value cache [rows, heads, capacity, width] per layer in which every row has its own length.

    A row's tokens lie from column 0 on, without padding between; a mask hides what is stale. `at` says where the next
    step writes and how much of the cache it sees.
    """

    def __init__(self, rows: int, capacity: int) -> None:
        super().__init__(layers=[])
        self.rows, self.capacity = rows, capacity
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []

    def at(self, positions_R: Tensor, columns: int) -> None:
        """The next step writes one token per row at `positions_R` and attends to the first `columns` columns."""
        self.positions_R, self.columns = positions_R, columns
        self.row_R = torch.arange(len(positions_R), device=positions_R.device)

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Called by each attention layer with this step's keys and values [rows, heads, 1, width]."""
        keys_RHTD, values_RHTD = self._layer(layer_idx, keys)
        keys_RHTD[self.row_R, :, self.positions_R] = keys[:, :, 0]
        values_RHTD[self.row_R, :, self.positions_R] = values[:, :, 0]
        rows = len(self.row_R)
        return keys_RHTD[:rows, :, : self.columns], values_RHTD[:rows, :, : self.columns]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Some models ask; ours are told their positions."""
        return self.columns - 1

    def fill(self, rows: list[int], prefixes: DynamicCache, which: list[int]) -> None:
        """Copy computed prefixes into rows: row `rows[i]` starts with prefix `which[i]`."""
        for layer_idx, layer in enumerate(prefixes.layers):
            keys_RHTD, values_RHTD = self._layer(layer_idx, layer.keys)
            length = layer.keys.shape[2]
            keys_RHTD[rows, :, :length] = layer.keys[which]
            values_RHTD[rows, :, :length] = layer.values[which]

    def compact(self, kept: list[int], columns: int) -> None:
        """Move the rows `kept` (ascending) to the front."""
        for store in (*self.keys, *self.values):
            store[: len(kept), :, :columns] = store[kept, :, :columns]

    def _layer(self, layer_idx: int, like_RHTD: Tensor) -> tuple[Tensor, Tensor]:
        while len(self.keys) <= layer_idx:  # zeros, not empty: stale memory may hold NaN, which no mask hides
            shape = (self.rows, like_RHTD.shape[1], self.capacity, like_RHTD.shape[3])
            self.keys.append(like_RHTD.new_zeros(shape))
            self.values.append(like_RHTD.new_zeros(shape))
        return self.keys[layer_idx], self.values[layer_idx]
