"""The record of a data set: what it is, where it comes from, and what its blocks hold."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from codesign.data.dataset import SPLITS, Dataset
from codesign.data.inspection.block import inspect_block
from codesign.data.inspection.layout import Layout
from codesign.data.inspection.rows import Piece, Weights, pieces
from codesign.errors import DataError
from codesign.naming import unknown_name
from codesign.progress import Progress, silent


def inspect_dataset(
    dataset: Dataset,
    *,
    split: str | None = None,
    bins: int = 50,
    max_columns: int = 200,
    batch_rows: int | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Describe a data set in two passes over the file, a few MB at a time.

    Where the rows have weights, means, standard deviations, quantiles, multiplicities, histograms and shares of bits
    are weighted; numbers of rows, entries, zeros and faults are not, nor are they where a weight is no number, which
    the record says under ``weights``. Quantiles come from a sample of up to 4 million values per block,
    which is all of them in a small file; the record says every how many rows one is in it.

    Args:
        dataset: open data set.
        split: one of `SPLITS`, or ``None`` for all rows.
        bins: most bins of a histogram.
        max_columns: a block with more columns is summarised, not shown column by column.
        batch_rows: rows read at a time; ``None`` for the chunks on disk.
        progress: called with text, rows done and rows in all.

    Returns:
        JSON-able record; what is NaN or infinite is counted in it and left out of every number.

    Raises:
        DataError: unknown split, or the file is damaged.
    """
    if split is not None and split not in SPLITS:
        raise DataError(f"{dataset.path}: {unknown_name('split', split, SPLITS)}")
    if bins < 1:
        raise DataError(f"bins: expected at least 1, found {bins}")
    counts = dataset.counts()
    rows = sum(sum(counts[name].values()) for name in SPLITS if split in (None, name))
    summary, weights = _weights(dataset, split)
    blocks = {}
    for name in dataset.blocks:
        columns = dataset.columns(name)
        is_wide, is_weighted = len(columns) > max_columns, weights is not None
        layout = Layout(name, columns, dataset.row_shape(name), dataset.classes, rows, bins, is_wide, is_weighted)
        read = _Reader(dataset, name, split, batch_rows, rows, weights, progress)
        blocks[name] = inspect_block(layout, read)
    return {**_description(dataset), "split": split, "rows": rows, "counts": counts,
            "weights": summary, "blocks": blocks}  # fmt: skip


class _Reader:
    """Starts a pass over a block, and reports how far it is."""

    def __init__(
        self,
        dataset: Dataset,
        block: str,
        split: str | None,
        batch: int | None,
        rows: int,
        weights: Weights | None,
        progress: Progress,
    ) -> None:
        self._dataset, self._block, self._split, self._batch = dataset, block, split, batch
        self._rows, self._weights, self._progress = rows, weights, progress
        self._passes = 0

    def __call__(self) -> Iterator[Piece]:
        self._passes += 1
        what = f"{self._block}: {'ranges' if self._passes == 1 else 'histograms'}"
        for piece in pieces(self._dataset, self._block, self._split, self._batch, self._weights):
            yield piece
            self._progress(what, int(piece.order[-1]) + 1, self._rows)


def _description(dataset: Dataset) -> dict[str, Any]:
    made = dataset.provenance
    repairs = made.get("repairs")
    return {
        "file": str(dataset.path),
        "name": dataset.name,
        "origin": made.get("origin"),
        "format": made.get("format"),
        "generator": made.get("generator"),
        "citation": made.get("citation"),
        "repairs": repairs if isinstance(repairs, dict) else {},
        "digest": dataset.digest,
        "classes": list(dataset.classes),
        "provenance": made,
    }


def _weights(dataset: Dataset, split: str | None) -> tuple[dict[str, Any] | None, Weights | None]:
    """Summary of the weights, None where there are none, that is one for each row; and the weights, if usable."""
    if not dataset.weighted:
        return None, None
    try:
        weights = dataset.weights(split).astype(np.float64)
    except DataError as error:
        return {"fault": f"{error}; every row counts once"}, None
    if weights.size == 0:
        return {"fault": "no rows"}, None
    labels = dataset.labels(split)
    summary = {
        "fault": None,
        "min": float(weights.min()),
        "max": float(weights.max()),
        "mean": float(weights.mean()),
        "negative": int((weights < 0).sum()),
        "sum": {name: float(weights[labels == index].sum()) for index, name in enumerate(dataset.classes)},
    }
    return summary, weights
