"""Histograms per class that are filled piece by piece."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.binning import Scale

Labels = NDArray[np.uint8]


class Histogram:
    """Entries per class and bin; the last bin includes its upper edge.

    Args:
        scale: kind of axis.
        edges: rising, shape (bins + 1,).
        classes: class names.
    """

    def __init__(self, scale: Scale, edges: NDArray[np.float64], classes: Sequence[str]) -> None:
        self.scale, self.edges, self.classes = scale, edges, tuple(classes)
        self._counts = np.zeros((len(classes), edges.size + 1), np.int64)  # first below, last above

    def add(self, values: NDArray[Any], labels: Labels) -> None:
        """Add values with their class indices, both of shape (n,); what is NaN or infinite does not count."""
        finite = np.isfinite(values)
        places = bins_of(self.edges, values[finite])
        flat = labels[finite].astype(np.int64) * self._counts.shape[1] + places
        self._counts += np.bincount(flat, minlength=self._counts.size).reshape(self._counts.shape)

    def record(self) -> dict[str, Any]:
        """Edges and entries; ``below`` and ``above`` lie outside the edges."""
        return {
            "scale": self.scale,
            "edges": self.edges.tolist(),
            "counts": {name: row[1:-1].tolist() for name, row in zip(self.classes, self._counts, strict=True)},
            "below": {name: int(row[0]) for name, row in zip(self.classes, self._counts, strict=True)},
            "above": {name: int(row[-1]) for name, row in zip(self.classes, self._counts, strict=True)},
        }


class Occupancy:
    """Entries of all classes in two columns.

    Args:
        names: the columns, x and y.
        edges: their edges.
    """

    def __init__(self, names: tuple[str, str], edges: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
        self.names, self.edges = names, edges
        self._counts = np.zeros((edges[0].size + 1, edges[1].size + 1), np.int64)

    def add(self, x: NDArray[Any], y: NDArray[Any]) -> None:
        """Add pairs, both of shape (n,)."""
        finite = np.isfinite(x) & np.isfinite(y)
        columns, rows = bins_of(self.edges[0], x[finite]), bins_of(self.edges[1], y[finite])
        flat = columns * self._counts.shape[1] + rows
        self._counts += np.bincount(flat, minlength=self._counts.size).reshape(self._counts.shape)

    def record(self) -> dict[str, Any]:
        """Names, edges, entries ``counts[x][y]``, and how many lie outside."""
        inside = self._counts[1:-1, 1:-1]
        return {
            "columns": list(self.names),
            "edges": [edges.tolist() for edges in self.edges],
            "counts": inside.tolist(),
            "outside": int(self._counts.sum() - inside.sum()),
        }


def bins_of(edges: NDArray[np.float64], values: NDArray[Any]) -> NDArray[np.intp]:
    """Return the bin of each value: 0 below, 1 for the first bin, ``edges.size`` above."""
    places = np.searchsorted(edges, values.astype(np.float64), side="right")
    places[values == edges[-1]] = edges.size - 1
    return places
