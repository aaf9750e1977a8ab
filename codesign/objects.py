"""Lists of trigger objects of fixed length: decreasing order, zero padding, empty slots.

An event has a variable number of electrons, jets or particles; the trigger has a fixed number of slots. A slot whose
order column (pT) is zero is empty, and every column of an empty slot is zero.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.float64, np.int64)


def arrange(objects: NDArray[Number], order: int, count: int) -> NDArray[Number]:
    """Sort the objects of each event in decreasing order of one column and cut or pad them to a number of slots.

    Equal objects keep their order; empty slots come last and are zero in every column.

    Args:
        objects: shape (n, slots, columns), in the column of order nowhere negative or NaN.
        order: index of the column of order; zero there means an empty slot.
        count: number of slots wanted.

    Returns:
        shape (n, count, columns).
    """
    keys = objects[..., order]
    ranks = np.argsort(-keys, axis=1, kind="stable")[:, :count]
    arranged = np.take_along_axis(objects, ranks[..., None], axis=1)
    arranged = np.where((arranged[..., order] == 0)[..., None], np.zeros_like(arranged), arranged)
    missing = count - arranged.shape[1]
    return np.pad(arranged, ((0, 0), (0, max(missing, 0)), (0, 0)))


def count_unsorted(objects: NDArray[Any], order: int) -> int:
    """Count the events whose objects are not in decreasing order of a column, for shape (n, slots, columns)."""
    keys = objects[..., order]
    return int((keys[:, 1:] > keys[:, :-1]).any(axis=1).sum())
