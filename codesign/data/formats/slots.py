"""Lists of objects of any length, put into slots; what had to be sorted or cut is counted."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Account:
    """What was repaired or cut.

    Attributes:
        repairs: what was repaired → rows.
        longer: block → rows with more objects than slots, of which the last in the order were left out.
    """

    repairs: Counter[str] = field(default_factory=Counter)
    longer: Counter[str] = field(default_factory=Counter)


def fill_slots(
    values: NDArray[Any], counts: NDArray[np.int64], order: int | None, slots: int
) -> tuple[NDArray[Any], int]:
    """Put lists of objects into slots, in decreasing order of a column; the last ones are cut, free slots are zero.

    Values that no order column may have (NaN, negative) come first, so that they are found and not cut.

    Args:
        values: objects of all events one after the other, shape (total, columns).
        counts: objects of each event, shape (n,).
        order: index of the column, or ``None`` for the order of the file.
        slots: slots per event.

    Returns:
        Values of shape (n, slots, columns), and the number of events whose objects were in another order.
    """
    rows, moved = np.repeat(np.arange(len(counts)), counts), 0
    if order is not None:
        keys = np.where(values[:, order] >= 0, values[:, order], np.inf)
        sequence = np.lexsort((-keys, rows))
        moved = len(np.unique(rows[sequence != np.arange(len(rows))]))
        values = values[sequence]
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = ranks < slots
    filled = np.zeros((len(counts), slots, values.shape[1]), values.dtype)
    filled[rows[kept], ranks[kept]] = values[kept]
    return filled, moved
