"""Moments and ranges of columns, added up piece by piece, and the values that are no numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


class Moments:
    """Running statistics of the columns of a block; what is NaN or infinite does not count.

    Pieces are merged as in Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances" (1979), so that the variance of a large offset is not lost.

    Attributes:
        entries: finite values so far, shape (columns,), as all others.
        mean: their mean.
        low: the smallest, infinite where there is none.
        high: the largest, minus infinity where there is none.
        zeros: how many are zero.
        whole: whether all are whole numbers.
    """

    def __init__(self, columns: int) -> None:
        self.entries = np.zeros(columns, np.int64)
        self.mean = np.zeros(columns)
        self.low = np.full(columns, np.inf)
        self.high = np.full(columns, -np.inf)
        self.zeros = np.zeros(columns, np.int64)
        self.whole = np.ones(columns, np.bool_)
        self._squares = np.zeros(columns)

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation (divided by n), shape (columns,)."""
        return np.sqrt(self._squares / np.maximum(self.entries, 1))

    def add(self, values: Values) -> None:
        """Add values of shape (n, columns)."""
        finite = np.isfinite(values)
        entries = finite.sum(axis=0)
        exact = np.where(finite, values, 0).astype(np.float64)
        mean = exact.sum(axis=0) / np.maximum(entries, 1)
        squares = np.where(finite, (exact - mean) ** 2, 0.0).sum(axis=0)
        total = np.maximum(self.entries + entries, 1)
        shift = mean - self.mean
        self._squares += squares + shift**2 * self.entries * entries / total
        self.mean += shift * entries / total
        self.entries += entries
        self.low = np.minimum(self.low, np.min(values, axis=0, where=finite, initial=np.inf))
        self.high = np.maximum(self.high, np.max(values, axis=0, where=finite, initial=-np.inf))
        self.zeros += ((values == 0) & finite).sum(axis=0)
        self.whole &= (exact == np.rint(exact)).all(axis=0)


class NotFinite:
    """Counts NaN and infinities per column, and remembers the row of the first."""

    def __init__(self, columns: int) -> None:
        self.count = np.zeros(columns, np.int64)
        self.first_row = np.full(columns, -1, np.int64)

    def add(self, rows: NDArray[np.intp], values: Values) -> None:
        """Add rows of the file.

        Args:
            rows: their places in the file, shape (n,), rising.
            values: shape (n, columns) or (n, objects, columns).
        """
        bad = ~np.isfinite(values)
        if not bad.any():
            return
        per_row = bad.reshape(len(rows), -1, values.shape[-1]).sum(axis=1)
        first = rows[(per_row > 0).argmax(axis=0)]
        new = (per_row > 0).any(axis=0) & (self.first_row < 0)
        self.first_row[new] = first[new]
        self.count += per_row.sum(axis=0)


class Profile:
    """Mean of every cell (pixel, layer, bit) over the rows, for each class, or for all where that would be too much.

    Args:
        cells: values per row.
        classes: number of classes.
        most: values that may be kept; with more cells times classes, classes are not told apart.
    """

    def __init__(self, cells: int, classes: int, most: int) -> None:
        self.by_class = cells * classes <= most
        groups = classes if self.by_class else 1
        self._sum = np.zeros((groups, cells))
        self._entries = np.zeros((groups, cells), np.int64)

    def add(self, labels: NDArray[Any], values: Values) -> None:
        """Add rows of any shape with their class indices."""
        flat = values.reshape(len(values), -1)
        groups = labels if self.by_class else np.zeros_like(labels)
        for group in np.unique(groups):
            chosen = flat[groups == group]
            finite = np.isfinite(chosen)
            self._sum[group] += np.where(finite, chosen, 0).sum(axis=0, dtype=np.float64)
            self._entries[group] += finite.sum(axis=0)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean per group and cell, shape (groups, cells); zero where no row was."""
        return self._sum / np.maximum(self._entries, 1)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which groups have a row, shape (groups,)."""
        return np.asarray(self._entries.any(axis=1))
