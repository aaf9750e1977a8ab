"""Histograms per class that are filled piece by piece."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.binning import Scale
from codesign.data.inspection.rows import Weights

Labels = NDArray[np.uint8]


class Histogram:
    """Entries per class and bin; the last bin includes its upper edge.

    Args:
        scale: kind of axis.
        edges: rising, shape (bins + 1,).
        classes: class names.
        weighted: entries are added with weights.
    """

    def __init__(
        self, scale: Scale, edges: NDArray[np.float64], classes: Sequence[str], weighted: bool = False
    ) -> None:
        self.scale, self.edges, self.classes = scale, edges, tuple(classes)
        self._counts = sums_of((len(classes), edges.size + 1), weighted)  # first below, last above

    def add(self, values: NDArray[Any], labels: Labels, weights: Weights | None = None) -> None:
        """Add values with class indices and weights, all of shape (n,); what is NaN or infinite does not count."""
        finite = np.isfinite(values)
        places = bins_of(self.edges, values[finite])
        flat = labels[finite].astype(np.int64) * self._counts.shape[1] + places
        add_at(self._counts, flat, None if weights is None else weights[finite])

    def record(self) -> dict[str, Any]:
        """Edges and entries (sums of weights, where there are any); ``below`` and ``above`` lie outside the edges."""
        return {
            "scale": self.scale,
            "edges": self.edges.tolist(),
            "counts": {name: row[1:-1].tolist() for name, row in zip(self.classes, self._counts, strict=True)},
            "below": {name: row[0].item() for name, row in zip(self.classes, self._counts, strict=True)},
            "above": {name: row[-1].item() for name, row in zip(self.classes, self._counts, strict=True)},
        }


class Occupancy:
    """Entries of all classes in two columns.

    Args:
        names: the columns, x and y.
        edges: their edges.
        weighted: entries are added with weights.
    """

    def __init__(
        self, names: tuple[str, str], edges: tuple[NDArray[np.float64], NDArray[np.float64]], weighted: bool = False
    ) -> None:
        self.names, self.edges = names, edges
        self._counts = sums_of((edges[0].size + 1, edges[1].size + 1), weighted)
        self._outside = 0

    def add(self, x: NDArray[Any], y: NDArray[Any], weights: Weights | None = None) -> None:
        """Add pairs with their weights, all of shape (n,)."""
        finite = np.isfinite(x) & np.isfinite(y)
        columns, rows = bins_of(self.edges[0], x[finite]), bins_of(self.edges[1], y[finite])
        add_at(self._counts, columns * self._counts.shape[1] + rows, None if weights is None else weights[finite])
        ends = [edges.size for edges in self.edges]
        self._outside += int(((columns % ends[0] == 0) | (rows % ends[1] == 0)).sum())

    def record(self) -> dict[str, Any]:
        """Names, edges, entries or sums of weights ``counts[x][y]``, and how many entries lie outside."""
        return {
            "columns": list(self.names),
            "edges": [edges.tolist() for edges in self.edges],
            "counts": self._counts[1:-1, 1:-1].tolist(),
            "outside": self._outside,
        }


def sums_of(shape: tuple[int, ...], weighted: bool) -> NDArray[Any]:
    """Return zeros to add to: whole numbers where every row counts once, so that they stay exact."""
    return np.zeros(shape, np.float64 if weighted else np.int64)


def add_at(sums: NDArray[Any], places: NDArray[np.intp], weights: Weights | None) -> None:
    """Add one, or a weight, for each place in the flattened sums."""
    sums += np.bincount(places, weights, minlength=sums.size).reshape(sums.shape)


def bins_of(edges: NDArray[np.float64], values: NDArray[Any]) -> NDArray[np.intp]:
    """Return the bin of each value: 0 below, 1 for the first bin, ``edges.size`` above."""
    places = np.searchsorted(edges, values.astype(np.float64), side="right")
    places[values == edges[-1]] = edges.size - 1
    return places
