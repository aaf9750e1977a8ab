"""One block of inputs: a first pass for ranges and means, a second for histograms."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.inspection.binning import Range, choose_edges
from codesign.data.inspection.counting import Histogram, Occupancy
from codesign.data.inspection.first_pass import FirstPass
from codesign.data.inspection.layout import Layout
from codesign.data.inspection.moments import Moments
from codesign.data.inspection.rows import Piece
from codesign.data.inspection.summaries import cell_means, frequent_bits

PLANES = (("eta", "phi"), ("delta_eta", "delta_phi"), ("eta_rel", "phi_rel"))
QUANTILES = (0.01, 0.5, 0.99)


def inspect_block(layout: Layout, read: Callable[[], Iterator[Piece]]) -> dict[str, Any]:
    """Describe a block.

    Args:
        layout: what it is.
        read: starts to read its rows; called twice.

    Returns:
        JSON-able record.
    """
    first = FirstPass(layout)
    for piece in read():
        first.add(piece)
    record: dict[str, Any] = {
        "kind": layout.kind,
        "shape": [layout.rows, *layout.row_shape],
        "column_names": layout.names,
        "weighted": layout.weighted,
        "entries": {"columns": "rows", "cells": "all cells", "objects": "filled slots"}[layout.kind],
        "not_finite": _not_finite(first),
        "bits": frequent_bits(first),
        "profile": cell_means(first),
    }
    if layout.wide:
        every = first.moments
        low, high = every.low.min(), every.high.max()
        return {**record, "range": [_number(low), _number(high)], "columns": [], "objects": None, "sample": None}
    samples = [first.sorted_sample(index) for index in range(len(layout.columns))]
    histograms, objects = _second_pass(first, samples, read)
    columns = [_column(first, index, histogram) for index, histogram in enumerate(histograms)]
    sample = {"every": layout.every, "rows": -(-layout.rows // layout.every)}
    return {**record, "range": None, "columns": columns, "objects": objects, "sample": sample}


def _second_pass(
    first: FirstPass, samples: list[NDArray[np.float64]], read: Callable[[], Iterator[Piece]]
) -> tuple[list[Histogram | None], dict[str, Any] | None]:
    """Fill the histograms."""
    layout = first.layout
    histograms = [_histogram(first, first.moments, index, samples[index]) for index in range(len(layout.columns))]
    is_objects = layout.kind == "objects"
    leading = _histogram(first, first.leading, 0, first.sorted_leading(), layout.momentum) if is_objects else None
    occupancy = _occupancy(layout, histograms) if is_objects else None
    plane = [layout.names.index(name) for name in occupancy.names] if occupancy else []
    for piece in read():
        values, labels, _, weights = layout.entries(piece)
        for index, histogram in enumerate(histograms):
            if histogram is not None:
                histogram.add(values[:, index], labels, weights)
        if occupancy is not None:
            occupancy.add(values[:, plane[0]], values[:, plane[1]], weights)
        if leading is not None:
            momenta = layout.leading(piece.values)
            some = momenta > 0
            leading.add(momenta[some], piece.labels[some], None if piece.weights is None else piece.weights[some])
    return histograms, _objects(first, leading, occupancy) if is_objects else None


def _histogram(
    first: FirstPass, moments: Moments, index: int, sample: NDArray[np.float64], column: int | None = None
) -> Histogram | None:
    """An empty histogram with suitable edges, or None where there is no value."""
    if moments.entries[index] == 0:
        return None
    low, high = float(moments.low[index]), float(moments.high[index])
    # Few values among many rows may all be missed by the sample.
    known = sample if sample.size else np.array([low, high])
    unit = first.layout.columns[index if column is None else column].unit
    scale, edges = choose_edges(Range(known, low, high, bool(moments.whole[index]), not unit), first.layout.bins)
    return Histogram(scale, edges, first.layout.classes, first.layout.weighted)


def _occupancy(layout: Layout, histograms: list[Histogram | None]) -> Occupancy | None:
    for x, y in PLANES:
        if x in layout.names and y in layout.names:
            first, second = histograms[layout.names.index(x)], histograms[layout.names.index(y)]
            return Occupancy((x, y), (first.edges, second.edges), layout.weighted) if first and second else None
    return None


def _column(first: FirstPass, index: int, histogram: Histogram | None) -> dict[str, Any]:
    moments, column = first.moments, first.layout.columns[index]
    entries, bad = int(moments.entries[index]), int(first.not_finite.count[index])
    some = entries > 0
    quantiles = first.quantiles(index, QUANTILES)
    return {
        "name": column.name,
        "unit": column.unit,
        "description": column.description,
        "entries": entries,
        "min": _number(moments.low[index]),
        "max": _number(moments.high[index]),
        "mean": _number(moments.mean[index]) if some else None,
        "std": _number(moments.std[index]) if some else None,
        "quantiles": {f"{q:g}": _number(value) for q, value in zip(QUANTILES, quantiles, strict=True)},
        "zeros": int(moments.zeros[index]) / entries if some else None,
        "not_finite": bad,
        "first_bad_row": int(first.not_finite.first_row[index]) if bad else None,
        "histogram": histogram.record() if histogram else None,
    }


def _objects(first: FirstPass, leading: Histogram | None, occupancy: Occupancy | None) -> dict[str, Any]:
    layout, counts = first.layout, first.multiplicity
    assert layout.momentum is not None
    slots = layout.row_shape[0]
    rows, filled = counts.sum(axis=1), counts @ np.arange(slots + 1)
    each = zip(layout.classes, filled.tolist(), rows.tolist(), strict=True)
    means = {name: amount / total if total else None for name, amount, total in each}
    return {
        "slots": slots,
        "filled_share": first.filled / (layout.rows * slots) if layout.rows and slots else None,
        "momentum": layout.names[layout.momentum],
        "unsorted_rows": first.unsorted_rows,
        "multiplicity": {
            "mean": means,
            "counts": {name: row.tolist() for name, row in zip(layout.classes, counts, strict=True)},
        },
        "leading": leading.record() if leading else None,
        "occupancy": occupancy.record() if occupancy else None,
    }


def _not_finite(first: FirstPass) -> list[dict[str, Any]]:
    """Columns with NaN or infinities, wide blocks included."""
    names, found = first.layout.names, first.not_finite
    return [
        {"column": names[i], "values": int(found.count[i]), "first_row": int(found.first_row[i])}
        for i in np.flatnonzero(found.count)
    ]


def _number(value: Any) -> float | None:
    """A float for JSON, None for what JSON has no number for."""
    return float(value) if np.isfinite(value) else None
