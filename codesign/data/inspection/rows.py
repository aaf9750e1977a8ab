"""The rows of a data set piece by piece, as they are stored, NaN included."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.dataset import SPLITS, Dataset
from codesign.data.schema import chunk_shape, row_ranges

Weights = NDArray[np.float64]


class Piece(NamedTuple):
    """Some rows of a split.

    Attributes:
        rows: places in the file, shape (n,), rising.
        order: places among the rows of the split, shape (n,).
        labels: class indices, shape (n,).
        values: shape (n, columns) or (n, objects, columns).
        weights: of the rows, shape (n,); None where every row counts once.
    """

    rows: NDArray[np.intp]
    order: NDArray[np.intp]
    labels: NDArray[np.uint8]
    values: NDArray[np.float32]
    weights: Weights | None = None


def pieces(
    dataset: Dataset, block: str, split: str | None, rows: int | None = None, weights: Weights | None = None
) -> Iterator[Piece]:
    """Read a block piece by piece.

    Args:
        dataset: open data set.
        block: name of the input block.
        split: one of `SPLITS`, or ``None`` for every row.
        rows: rows of the file per piece; ``None`` for one chunk on disk, a few MB.
        weights: of all rows of the split, shape (rows of the split,); ``None`` where every row counts once.

    Yields:
        Rows of the split; never an empty piece.

    Raises:
        DataError: the file is damaged.
    """
    mask = np.ones(len(dataset), np.bool_) if split is None else dataset.splits() == SPLITS.index(split)
    labels = dataset.labels()
    seen = 0
    for piece in row_ranges(len(dataset), rows or chunk_shape(dataset.row_shape(block))[0]):
        chosen = np.flatnonzero(mask[piece])
        if chosen.size == 0:
            continue
        values = dataset.read_rows(block, piece)
        taken = values if chosen.size == len(values) else values[chosen]
        places = piece.start + chosen
        order = seen + np.arange(chosen.size)
        yield Piece(places, order, labels[places], taken, None if weights is None else weights[order])
        seen += chosen.size
