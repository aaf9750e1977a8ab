"""How a block of inputs is looked at: plain columns, lists of objects, or grids of cells."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.rows import Piece, Weights
from codesign.data.schema import Column

MOMENTA = ("pt", "pt_rel", "et", "energy")  # the first of them that a list of objects has tells which slots are filled
SAMPLE_VALUES = 1 << 22  # 16 MB

Values = NDArray[np.float32]


class Entries(NamedTuple):
    """Values of rows, cells or filled slots.

    Attributes:
        values: shape (n, columns).
        labels: class indices, shape (n,).
        order: places of their rows in the split, shape (n,).
        weights: of their rows, shape (n,); None where every row counts once.
    """

    values: Values
    labels: NDArray[np.uint8]
    order: NDArray[np.intp]
    weights: Weights | None


@dataclass(frozen=True)
class Layout:
    """How a block is looked at.

    Attributes:
        name: name of the block.
        columns: its columns.
        row_shape: (columns,) or (slots, columns).
        classes: class names.
        rows: rows of the split.
        bins: most bins of a histogram.
        wide: too many columns to show each.
        weighted: rows have weights, which means and histograms use.
    """

    name: str
    columns: tuple[Column, ...]
    row_shape: tuple[int, ...]
    classes: tuple[str, ...]
    rows: int
    bins: int
    wide: bool
    weighted: bool = False

    @property
    def names(self) -> list[str]:
        """Column names."""
        return [column.name for column in self.columns]

    @property
    def momentum(self) -> int | None:
        """Column that is zero in an empty slot; None where there are no objects."""
        if len(self.row_shape) == 1 or self.wide:
            return None
        return next((self.names.index(name) for name in MOMENTA if name in self.names), None)

    @property
    def kind(self) -> str:
        """``objects``: slots that may be empty; ``cells``: a grid; ``columns``: one value per row and column."""
        if len(self.row_shape) == 1:
            return "columns"
        return "cells" if self.momentum is None else "objects"

    @property
    def every(self) -> int:
        """Every how many rows one goes into the sample, for the quantiles."""
        return max(1, -(-self.rows * int(np.prod(self.row_shape)) // SAMPLE_VALUES))

    def entries(self, piece: Piece) -> Entries:
        """All rows, cells or filled slots."""
        values, slots = piece.values, 1 if len(self.row_shape) == 1 else self.row_shape[0]
        flat = values.reshape(len(values) * slots, values.shape[-1])
        labels, order = np.repeat(piece.labels, slots), np.repeat(piece.order, slots)
        weights = None if piece.weights is None else np.repeat(piece.weights, slots)
        if self.momentum is None:
            return Entries(flat, labels, order, weights)
        filled = flat[:, self.momentum] > 0
        return Entries(flat[filled], labels[filled], order[filled], None if weights is None else weights[filled])

    def leading(self, values: Values) -> Values:
        """Largest finite momentum of each row of objects, zero where there is no object, shape (n,)."""
        assert self.momentum is not None
        momenta = values[..., self.momentum]
        return np.asarray(np.max(momenta, axis=1, where=np.isfinite(momenta), initial=0.0), np.float32)
