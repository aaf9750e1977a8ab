"""Moments and ranges of columns, added up piece by piece, and the values that are no numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.rows import Weights

Values = NDArray[np.float32]


class Moments:
    """Running statistics of the columns of a block; what is NaN or infinite does not count.

    Sums are of the distances from the mean of the first values, so that the variance of a large offset is not lost;
    unlike running means they bear weights that cancel.

    Attributes:
        entries: finite values so far, shape (columns,), as all others; every one counts once.
        low: the smallest, infinite where there is none.
        high: the largest, minus infinity where there is none.
        zeros: how many are zero; every one counts once.
        whole: whether all are whole numbers.
    """

    def __init__(self, columns: int) -> None:
        self.entries = np.zeros(columns, np.int64)
        self.low = np.full(columns, np.inf)
        self.high = np.full(columns, -np.inf)
        self.zeros = np.zeros(columns, np.int64)
        self.whole = np.ones(columns, np.bool_)
        self._offset = np.zeros(columns)
        self._sums = np.zeros((3, columns))  # of the weights, and of weight times distance and its square
        self._has_negative = False

    @property
    def mean(self) -> NDArray[np.float64]:
        """Weighted mean, shape (columns,): zero where there is no value, NaN where the weights add up to nothing."""
        return self._offset + self._average(1)

    @property
    def std(self) -> NDArray[np.float64]:
        """Weighted standard deviation (divided by the sum of weights); NaN where negative weights allow none."""
        variance = self._average(2) - self._average(1) ** 2
        lost = np.nan if self._has_negative else 0.0  # without negative weights only rounding goes below zero
        deviation: NDArray[np.float64] = np.sqrt(np.where(variance < 0, lost, variance))
        return deviation

    def _average(self, power: int) -> NDArray[np.float64]:
        weight = self._sums[0]
        empty = np.where(self.entries > 0, np.nan, 0.0)
        average: NDArray[np.float64] = np.divide(self._sums[power], weight, out=empty, where=weight != 0)
        return average

    def add(self, values: Values, weights: Weights | None = None) -> None:
        """Add values of shape (n, columns), with weights of shape (n,)."""
        finite = np.isfinite(values)
        entries = finite.sum(axis=0)
        exact = np.where(finite, values, 0).astype(np.float64)
        first = (self.entries == 0) & (entries > 0)
        self._offset[first] = exact.sum(axis=0)[first] / entries[first]
        distance = np.where(finite, exact - self._offset, 0.0)
        weight = np.ones(len(values)) if weights is None else weights
        self._sums += [weight @ finite, weight @ distance, weight @ distance**2]
        self._has_negative |= bool((weight < 0).any())
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
        self._weight = np.zeros((groups, cells))
        self._has_row = np.zeros(groups, np.bool_)

    def add(self, labels: NDArray[Any], values: Values, weights: Weights | None = None) -> None:
        """Add rows of any shape with their class indices and weights."""
        flat = values.reshape(len(values), -1)
        groups = labels if self.by_class else np.zeros_like(labels)
        weight = np.ones(len(values)) if weights is None else weights
        for group in np.unique(groups):
            chosen = groups == group
            finite = np.isfinite(flat[chosen])
            self._sum[group] += weight[chosen] @ np.where(finite, flat[chosen], 0)
            self._weight[group] += weight[chosen] @ finite
            self._has_row[group] |= bool(finite.any())

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean per group and cell, shape (groups, cells); zero where no row was or the weights add up to nothing."""
        return np.divide(self._sum, self._weight, out=np.zeros_like(self._sum), where=self._weight != 0)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which groups have a row, shape (groups,)."""
        return self._has_row
