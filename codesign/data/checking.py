"""Checks of the rows that a reader hands over; every repair is counted, and none happens unasked but reordering."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.reading import Batch
from codesign.data.schema import Block
from codesign.errors import DataError
from codesign.objects import arrange, count_unsorted

MOMENTA = ("pt", "energy", "et")  # columns that cannot be negative, whatever the block


def checked(
    batch: Batch, blocks: Mapping[str, Block], *, drop_bad_rows: bool, repairs: Counter[str], where: str, first_row: int
) -> Batch:
    """Check a batch and repair what may be repaired.

    Objects that are not in decreasing order are sorted; rows with NaN, infinite values or negative momenta are
    refused, or left out if the user asked for that. Both are counted.

    Args:
        batch: rows as read.
        blocks: what they should be.
        drop_bad_rows: whether bad rows are left out instead of refused.
        repairs: counter of repairs, which is added to.
        where: file name for messages.
        first_row: number of rows before this batch, for messages.

    Returns:
        The batch as it is stored, inputs in float32.

    Raises:
        DataError: a shape is wrong, or a row is bad and may not be left out.
    """
    inputs = {name: _as_float32(batch.inputs, name, block, len(batch.label), where) for name, block in blocks.items()}
    bad = np.zeros(len(batch.label), np.bool_)
    for name, block in blocks.items():
        bad |= _bad_rows(inputs[name], name, block, drop_bad_rows, where, first_row)
    if batch.weight is not None:
        bad |= _bad_weights(batch.weight, drop_bad_rows, where, first_row)
    if bad.any():
        repairs["rows left out: NaN, infinite or negative momentum"] += int(bad.sum())
        batch, inputs = _without(batch, inputs, bad)
    for name, block in blocks.items():
        inputs[name] = _ordered(inputs[name], name, block, repairs)
    return batch._replace(inputs=inputs)


def _as_float32(
    inputs: Mapping[str, NDArray[Any]], name: str, block: Block, rows: int, where: str
) -> NDArray[np.float32]:
    values = np.asarray(inputs[name])
    expected = (rows, *block.row_shape)
    if values.shape != expected or values.dtype.kind not in "fiub":
        raise DataError(
            f"{where}: block {name}: expected numbers of shape {expected}, found {values.dtype} {values.shape}"
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is reported as that
        return values.astype(np.float32)


def _bad_rows(
    values: NDArray[np.float32], name: str, block: Block, drop: bool, where: str, first_row: int
) -> NDArray[np.bool_]:
    """Return which rows have NaN, infinities or negative momenta, bool of shape (n,); refuse them if not ``drop``."""
    bad_values: NDArray[np.bool_] = ~np.isfinite(values)
    for index, column in enumerate(block.columns):
        if column.name in MOMENTA or column.name == block.order_by:
            bad_values[..., index] |= values[..., index] < 0
    rows = np.asarray(bad_values.any(axis=tuple(range(1, values.ndim))))
    if rows.any() and not drop:
        place = tuple(int(i) for i in np.argwhere(bad_values)[0])
        column = block.columns[place[-1]]
        slot = f", object {place[1]}" if block.objects is not None else ""
        least = " ≥ 0" if np.isfinite(values[place]) else ""
        raise DataError(
            f"{where}: row {first_row + place[0]}{slot}: {name}.{column.name}: expected a finite number{least}, "
            f"found {values[place]:g}; --drop-bad-rows leaves such rows out and counts them"
        )
    return rows


def _bad_weights(weight: NDArray[Any], drop: bool, where: str, first_row: int) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = ~np.isfinite(weight)
    if bad.any() and not drop:
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{where}: row {first_row + row}: weight: expected a finite number, found {weight[row]}; "
            "--drop-bad-rows leaves such rows out and counts them"
        )
    return bad


def _without(
    batch: Batch, inputs: Mapping[str, NDArray[np.float32]], bad: NDArray[np.bool_]
) -> tuple[Batch, dict[str, NDArray[np.float32]]]:
    kept = ~bad
    return Batch(
        {},
        batch.label[kept],
        None if batch.weight is None else batch.weight[kept],
        None if batch.split is None else batch.split[kept],
    ), {name: values[kept] for name, values in inputs.items()}


def _ordered(values: NDArray[np.float32], name: str, block: Block, repairs: Counter[str]) -> NDArray[np.float32]:
    """Sort the objects where they are not in order, and count the rows concerned."""
    if block.objects is None or block.order_by is None:
        return values
    order = [column.name for column in block.columns].index(block.order_by)
    unsorted = count_unsorted(values, order)
    if unsorted:
        repairs[f"rows reordered: {name} by decreasing {block.order_by}"] += unsorted
    return arrange(values, order, block.objects)
