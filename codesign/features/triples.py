"""Sums over all pairs and triples of the constituents of jets, compiled by Numba.

The first call compiles, some seconds, and keeps the result beside this file or in the user's cache. Sums may be
reordered (``fastmath``), so that LLVM makes vector instructions of them: six times the rate of NumPy on whole arrays.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from codesign.features.kinematics import Array


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def add_moments(fraction: Array, y: Array, phi: Array, ends: NDArray[np.intp], moments: Array) -> None:
    """Add ₁e₂, ₁e₃, ₂e₃ and ₃e₃ of many jets for β = 0, 1, 2 (definitions: `codesign.features.correlators`).

    Args:
        fraction: z of the constituents of all jets, one jet after the other, float64.
        y: Rapidities, of the same shape and type.
        phi: Azimuths in rad, of the same shape and type.
        ends: Where each jet ends, shape (jets,).
        moments: Added to, shape (jets, 4, 3).
    """
    for jet in range(len(ends)):
        start = ends[jet - 1] if jet else 0
        z = fraction[start : ends[jet]]
        angle = _angles(y[start : ends[jet]], phi[start : ends[jet]])
        for i in range(len(z)):
            for j in range(i + 1, len(z)):
                _add_pair(i, j, z, angle, moments[jet])


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy", inline="always")
def _add_pair(i: int, j: int, z: Array, angle: Array, moments: Array) -> None:
    """Add the pair i, j, and its triples with every later k."""
    a, from_i, from_j = angle[i, j], angle[i], angle[j]
    count = one = one_squared = two = two_squared = three = three_squared = 0.0
    for k in range(j + 1, len(z)):
        b, c, weight = from_i[k], from_j[k], z[k]
        low = min(a, b)
        smallest = min(low, c)
        product = min(a * b, low * c)  # of the two smallest: the smallest product of two
        full = a * b * c
        count += weight
        one += weight * smallest
        one_squared += weight * smallest * smallest
        two += weight * product
        two_squared += weight * product * product
        three += weight * full
        three_squared += weight * full * full
    pair = z[i] * z[j]
    for row, terms in enumerate(((1.0, a, a * a), (count, one, one_squared), (count, two, two_squared))):
        for beta in range(3):
            moments[row, beta] += pair * terms[beta]
    moments[3, 0] += pair * count
    moments[3, 1] += pair * three
    moments[3, 2] += pair * three_squared


@njit(cache=True)
def _angles(y: Array, phi: Array) -> Array:
    """Return θ_ij, shape (n, n)."""
    angle = np.empty((len(y), len(y)))
    for i in range(len(y)):
        for j in range(len(y)):
            turn = phi[i] - phi[j]
            turn -= 2.0 * math.pi * np.rint(turn / (2.0 * math.pi))
            angle[i, j] = math.sqrt((y[i] - y[j]) ** 2 + turn**2)
    return angle
