"""What takes the place of single columns in wide blocks: frequent bits, and the mean of every cell."""

import re
from typing import Any

import numpy as np

from codesign.data.inspection.first_pass import FirstPass
from codesign.data.inspection.layout import Layout

FEWEST_BITS = 8  # yes-or-no columns from which a block is a list of decisions
BITS_SHOWN = 20


def frequent_bits(first: FirstPass) -> dict[str, Any] | None:
    """The most frequent of many yes-or-no columns; None where the block is something else."""
    layout, moments = first.layout, first.moments
    binary = (moments.entries > 0) & moments.whole & (moments.low >= 0) & (moments.high <= 1)
    if layout.kind != "columns" or len(layout.columns) < FEWEST_BITS or not binary.all() or first.profile is None:
        return None
    shares = np.round(moments.mean, 12)  # rounding does not rank what is equally frequent
    order = np.argsort(-shares, kind="stable")[:BITS_SHOWN]
    means = first.profile.mean
    by_class, seen = first.profile.by_class, np.flatnonzero(first.profile.seen)
    return {
        "never": int((moments.high == 0).sum()),
        "most_frequent": [
            {
                "name": layout.names[i],
                "share": float(shares[i]),
                "by_class": {layout.classes[c]: float(means[c, i]) for c in seen} if by_class else None,
            }
            for i in order
            if shares[i] > 0
        ],
    }


def cell_means(first: FirstPass) -> dict[str, Any] | None:
    """Mean of each cell; as a grid where the numbering says so."""
    layout = first.layout
    if first.profile is None or layout.kind == "objects" or not (layout.wide or layout.kind == "cells"):
        return None
    groups = layout.classes if first.profile.by_class else ("all classes",)
    seen = zip(groups, first.profile.mean, first.profile.seen, strict=True)
    return {
        "shape": list(layout.row_shape),
        "grid": _grid(layout),
        # Five digits are enough for a picture.
        "mean": {name: [float(f"{value:.5g}") for value in row] for name, row, some in seen if some},
    }


def _grid(layout: Layout) -> list[int] | None:
    """Rows and columns of a picture that is stored row by row: one column of a square number of cells."""
    if len(layout.row_shape) == 2:
        cells, single = layout.row_shape[0], layout.row_shape[1] == 1
    else:
        stems = {re.sub(r"\d+$", "#", name) for name in layout.names}
        cells, single = len(layout.names), len(stems) == 1
    side = int(np.sqrt(cells))
    return [side, side] if single and side >= 4 and side * side == cells else None
