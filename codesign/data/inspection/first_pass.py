"""The first pass over a block: ranges, means, multiplicities, and a sample for quantiles and bins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.counting import add_at, sums_of
from codesign.data.inspection.layout import Layout, Values
from codesign.data.inspection.moments import Moments, NotFinite, Profile
from codesign.data.inspection.rows import Piece, Weights
from codesign.objects import count_unsorted

PROFILE_VALUES = 100_000


class FirstPass:
    """What the first pass finds.

    Attributes:
        layout: what the block is.
        moments: of every column.
        not_finite: NaN and infinities of every column, empty slots included.
        leading: of the largest momentum of each row of objects.
        multiplicity: rows, or their weights, per class and number of filled slots, shape (classes, slots + 1).
        filled: number of filled slots.
        unsorted_rows: rows of objects that are not in decreasing order.
        profile: mean of every cell; None where there are too many.
    """

    def __init__(self, layout: Layout) -> None:
        columns = len(layout.columns)
        self.layout = layout
        self.moments, self.not_finite = Moments(columns), NotFinite(columns)
        self.leading = Moments(1)
        self.multiplicity = sums_of((len(layout.classes), layout.row_shape[0] + 1), layout.weighted)
        self.filled = 0
        self.unsorted_rows = 0
        cells = int(np.prod(layout.row_shape))
        self.profile = Profile(cells, len(layout.classes), PROFILE_VALUES) if cells <= PROFILE_VALUES else None
        self._sample: list[Values] = []
        self._leading_sample: list[Values] = []
        self._sample_weights: list[Weights] = []

    def add(self, piece: Piece) -> None:
        """Add some rows."""
        self.not_finite.add(piece.rows, piece.values)
        values, _, order, weights = self.layout.entries(piece)
        self.moments.add(values, weights)
        if self.layout.kind == "objects":
            self._add_objects(piece)
        elif self.profile is not None:
            self.profile.add(piece.labels, piece.values, piece.weights)
        if not self.layout.wide:
            chosen = order % self.layout.every == 0
            self._sample.append(values[chosen])
            if weights is not None:
                self._sample_weights.append(weights[chosen])

    def _add_objects(self, piece: Piece) -> None:
        momentum = self.layout.momentum
        assert momentum is not None
        filled = (piece.values[..., momentum] > 0).sum(axis=1)
        flat = piece.labels.astype(np.int64) * self.multiplicity.shape[1] + filled
        add_at(self.multiplicity, flat, piece.weights)
        self.filled += int(filled.sum())
        self.unsorted_rows += count_unsorted(piece.values, momentum)
        leading = self.layout.leading(piece.values)
        self.leading.add(leading[leading > 0, None])  # for the range, which has no weights
        self._leading_sample.append(leading[(leading > 0) & (piece.order % self.layout.every == 0)])

    def sorted_sample(self, column: int) -> NDArray[np.float64]:
        """Finite values of a column in the sample, rising."""
        return _finite_sorted([part[:, column] for part in self._sample])

    def quantiles(self, column: int, shares: Sequence[float]) -> NDArray[np.float64]:
        """Values of a column below which these shares of its entries, or of their weights, lie; NaN without any."""
        if not self._sample_weights:
            sample = self.sorted_sample(column)
            return np.quantile(sample, shares) if sample.size else np.full(len(shares), np.nan)
        values, weights = np.concatenate([part[:, column] for part in self._sample]), self._sample_weights
        return _weighted_quantiles(values.astype(np.float64), np.concatenate(weights), shares)

    def sorted_leading(self) -> NDArray[np.float64]:
        """Leading momenta in the sample, rising."""
        return _finite_sorted(self._leading_sample)


def _weighted_quantiles(values: NDArray[np.float64], weights: Weights, shares: Sequence[float]) -> NDArray[np.float64]:
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    below = np.cumsum(weights[order])
    if below.size == 0 or below[-1] <= 0:
        return np.full(len(shares), np.nan)
    # With negative weights the sum may fall again: where it first gets that far counts.
    reached = np.searchsorted(np.maximum.accumulate(below), np.asarray(shares) * below[-1])
    found: NDArray[np.float64] = values[order[np.minimum(reached, below.size - 1)]]
    return found


def _finite_sorted(parts: Sequence[Values]) -> NDArray[np.float64]:
    joined = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return np.sort(joined[np.isfinite(joined)]).astype(np.float64)
