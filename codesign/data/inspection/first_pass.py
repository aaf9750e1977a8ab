"""The first pass over a block: ranges, means, multiplicities, and a sample for quantiles and bins."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.layout import Layout, Values
from codesign.data.inspection.moments import Moments, NotFinite, Profile
from codesign.data.inspection.rows import Piece
from codesign.objects import count_unsorted

PROFILE_VALUES = 100_000


class FirstPass:
    """What the first pass finds.

    Attributes:
        layout: what the block is.
        moments: of every column.
        not_finite: NaN and infinities of every column, empty slots included.
        leading: of the largest momentum of each row of objects.
        multiplicity: rows per class and number of filled slots, shape (classes, slots + 1).
        unsorted_rows: rows of objects that are not in decreasing order.
        profile: mean of every cell; None where there are too many.
    """

    def __init__(self, layout: Layout) -> None:
        columns = len(layout.columns)
        self.layout = layout
        self.moments, self.not_finite = Moments(columns), NotFinite(columns)
        self.leading = Moments(1)
        self.multiplicity = np.zeros((len(layout.classes), layout.row_shape[0] + 1), np.int64)
        self.unsorted_rows = 0
        cells = int(np.prod(layout.row_shape))
        self.profile = Profile(cells, len(layout.classes), PROFILE_VALUES) if cells <= PROFILE_VALUES else None
        self._sample: list[Values] = []
        self._leading_sample: list[Values] = []

    def add(self, piece: Piece) -> None:
        """Add some rows."""
        self.not_finite.add(piece.rows, piece.values)
        values, _, order = self.layout.entries(piece)
        self.moments.add(values)
        if self.layout.kind == "objects":
            self._add_objects(piece)
        elif self.profile is not None:
            self.profile.add(piece.labels, piece.values)
        if not self.layout.wide:
            self._sample.append(values[order % self.layout.every == 0])

    def _add_objects(self, piece: Piece) -> None:
        momentum = self.layout.momentum
        assert momentum is not None
        filled = (piece.values[..., momentum] > 0).sum(axis=1)
        flat = piece.labels.astype(np.int64) * self.multiplicity.shape[1] + filled
        self.multiplicity += np.bincount(flat, minlength=self.multiplicity.size).reshape(self.multiplicity.shape)
        self.unsorted_rows += count_unsorted(piece.values, momentum)
        leading = self.layout.leading(piece.values)
        self.leading.add(leading[leading > 0, None])
        self._leading_sample.append(leading[(leading > 0) & (piece.order % self.layout.every == 0)])

    def sorted_sample(self, column: int) -> NDArray[np.float64]:
        """Finite values of a column in the sample, rising."""
        return _finite_sorted(part[:, column] for part in self._sample)

    def sorted_leading(self) -> NDArray[np.float64]:
        """Leading momenta in the sample, rising."""
        return _finite_sorted(self._leading_sample)


def _finite_sorted(parts: Iterable[Values]) -> NDArray[np.float64]:
    arrays = list(parts)
    joined = np.concatenate(arrays) if arrays else np.zeros(0, np.float32)
    return np.sort(joined[np.isfinite(joined)]).astype(np.float64)
