"""Scores of the trained network as integers, with what float32 did to them kept apart from what the network computes.

Keras computes in float32, which holds integers of up to 24 bits. A wider score comes out as the nearest float32 number,
on the grid of the score format or off it. Such a score says nothing against an integer of which it is the nearest
float32 number; any other difference stays a difference, without tolerance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint


@dataclass(frozen=True)
class NetworkScores:
    """What the trained network says.

    Attributes:
        integers: int64 of shape (n, classes), in LSBs of the score format.
        rounded: scores of which float32 holds only the nearest number; there the integer model's integer stands.
    """

    integers: NDArray[np.int64]
    rounded: int


def network_scores(values: NDArray[np.float32], exact: NDArray[np.int64], score_format: FixedPoint) -> NetworkScores:
    """Integers of the network's float scores.

    Args:
        values: the network's output, float32, shape (n, classes).
        exact: the integer model's scores for the same inputs, int64, same shape.
        score_format: format of the integers.

    Raises:
        ModelError: a score is not a number.
    """
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ModelError(f"trained network: score {values[row].tolist()} for vector {row}, expected finite numbers")
    nearest = np.rint(values.astype(np.float64) / score_format.lsb).astype(np.int64)
    same = values == (exact * score_format.lsb).astype(np.float32)
    held = exact * score_format.lsb == (exact * score_format.lsb).astype(np.float32)
    return NetworkScores(np.where(same, exact, nearest), int((same & ~held).sum()))
