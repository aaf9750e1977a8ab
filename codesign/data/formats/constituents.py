"""Lists of particles of a jet or event: the leading ones, and their place relative to the jet."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.schema import Column
from codesign.objects import count_unsorted

PT = Column("pt", "GeV", "transverse momentum of the particle; particles in decreasing pT, zero where there is none")
DELTA_ETA = Column("delta_eta", "", "pseudorapidity of the particle minus that of the jet")
DELTA_PHI = Column("delta_phi", "rad", "azimuth of the particle minus that of the jet, in [-π, π)")


def leading_indices(
    keys: NDArray[Any], count: int, name: str, repairs: Counter[str], order: str = "pt"
) -> NDArray[np.intp] | None:
    """Return which slots hold the leading objects, or ``None`` where they are the first slots already.

    NaN and negative keys come first, so that they are not cut away but reach the check of the rows.

    Args:
        keys: what the objects are ordered by, shape (n, slots), zero where a slot is empty.
        count: number of objects wanted.
        name: name of the block for the repairs.
        repairs: counter of repairs, which is added to.
        order: name of the keys for the repairs.

    Returns:
        indices of shape (n, min(count, slots)).
    """
    good = keys >= 0
    unsorted = count_unsorted(keys[..., None], 0)
    if unsorted == 0 and good.all():
        return None
    if unsorted:
        repairs[f"rows reordered: {name} by decreasing {order}"] += unsorted
    ranked = np.where(good, keys, np.inf)
    return np.argsort(-ranked, axis=1, kind="stable")[:, :count]


def take_leading(values: NDArray[Any], indices: NDArray[np.intp] | None, count: int) -> NDArray[Any]:
    """Take the objects that `leading_indices` found.

    Args:
        values: shape (n, slots) or (n, slots, columns).
        indices: what `leading_indices` returned.
        count: number of objects wanted; missing ones are zero.

    Returns:
        shape (n, count) or (n, count, columns).
    """
    if indices is None:
        taken = values[:, :count]
    else:
        taken = np.take_along_axis(values, indices if values.ndim == 2 else indices[..., None], axis=1)
    missing = count - taken.shape[1]
    return np.pad(taken, ((0, 0), (0, missing), *((0, 0),) * (values.ndim - 2))) if missing > 0 else taken


def wrapped(angle: NDArray[Any]) -> NDArray[Any]:
    """Return an angle in [-π, π); a difference of two azimuths may exceed it."""
    turned: NDArray[Any] = np.mod(angle + np.pi, 2 * np.pi) - np.pi
    return turned
