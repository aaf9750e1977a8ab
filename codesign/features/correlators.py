"""Generalised energy correlation functions of the constituents of one jet.

₁e₂ and ᵥe₃ as in Moult, Necib, Thaler, JHEP 12 (2016) 153, arXiv:1609.07483, eq. (3.3)::

    ₁e₂(β) = Σ_{i<j}   z_i z_j       θ_ij^β
    ᵥe₃(β) = Σ_{i<j<k} z_i z_j z_k   (product of the v smallest of θ_ij, θ_ik, θ_jk)^β

with z_i = pT_i / Σ pT and θ_ij² = Δy² + Δφ². ₃e₃ is the e₃ of Larkoski, Salam, Thaler, JHEP 06
(2013) 108, arXiv:1305.0007. They are invariant under rotation around the beam and boosts along it.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.features.kinematics import Array, delta_phi

BETAS = (0, 1, 2)
_INDEX_STEP = 64  # the tables of index triples are made for multiples of this many constituents
_TRIPLES_PER_BLOCK = 16384  # temporaries of this length stay in the cache: five times faster at 100 constituents


class Correlators(NamedTuple):
    """Energy correlation functions of a jet, pure numbers; zero where the jet has too few constituents.

    Attributes:
        e2: ₁e₂ for each β of `BETAS`.
        e3_one: ₁e₃, smallest angle.
        e3_two: ₂e₃, product of the two smallest angles.
        e3: ₃e₃, product of all three angles.
    """

    e2: dict[int, float]
    e3_one: dict[int, float]
    e3_two: dict[int, float]
    e3: dict[int, float]


def energy_correlators(pt: Array, rapidity: Array, phi: Array) -> Correlators:
    """Compute ₁e₂, ₁e₃, ₂e₃ and ₃e₃ for β = 0, 1, 2.

    All pairs and triples are enumerated, O(n³): exact, about a millisecond for 60 constituents.

    Args:
        pt: Transverse momenta of the n constituents, shape (n,), any common unit.
        rapidity: Rapidities, shape (n,).
        phi: Azimuths in rad, shape (n,).

    Returns:
        The correlators; ₁e₂ is zero below two constituents, ᵥe₃ below three.
    """
    fraction = pt / pt.sum()
    first, second = _pairs(len(pt))
    pair_weight = fraction[first] * fraction[second]
    angle = np.hypot(rapidity[first] - rapidity[second], delta_phi(phi[first], phi[second]))
    one, two, three = _three_point(angle, pair_weight, fraction)
    return Correlators(e2=_moments(pair_weight, angle), e3_one=one, e3_two=two, e3=three)


def _moments(weight: Array, angle: Array) -> dict[int, float]:
    """Return Σ weight · angle^β for each β."""
    linear = weight * angle
    return {0: float(weight.sum()), 1: float(linear.sum()), 2: float((linear * angle).sum())}


def _three_point(angle: Array, pair_weight: Array, fraction: Array) -> tuple[dict[int, float], ...]:
    """Return ₁e₃, ₂e₃ and ₃e₃ for each β, from the angle and z_i z_j of each pair and z of each constituent."""
    size = len(fraction)
    index = _triple_index(-(-size // _INDEX_STEP) * _INDEX_STEP)
    one, two = np.zeros(2), np.zeros(2)
    count = size * (size - 1) * (size - 2) // 6
    for start in range(0, count, _TRIPLES_PER_BLOCK):
        ij, ik, jk, k = (table[start : min(start + _TRIPLES_PER_BLOCK, count)] for table in index)
        # mode="clip" spares the check of each index; results go where an operand is not needed any more.
        a, b, c = (angle.take(pairs, mode="clip") for pairs in (ij, ik, jk))
        low, high = np.minimum(a, b), np.maximum(a, b, out=b)
        smallest = np.minimum(low, c, out=a)
        middle = np.maximum(low, np.minimum(high, c, out=high), out=high)
        product = np.multiply(smallest, middle, out=middle)
        weight = pair_weight.take(ij, mode="clip")
        weight *= fraction.take(k, mode="clip")
        for total, value in ((one, smallest), (two, product)):
            # Not a dot product of BLAS: its threads are in the way of the other processes.
            total += np.einsum("i,i->", weight, value), np.einsum("i,i,i->", weight, value, value)
    # Σ over triples of z_i z_j z_k: the cube of Σ z = 1 without the terms in which an index repeats.
    none = float(max(1.0 - 3.0 * (fraction**2).sum() + 2.0 * (fraction**3).sum(), 0.0)) / 6.0 if size > 2 else 0.0
    return (
        {0: none, 1: float(one[0]), 2: float(one[1])},
        {0: none, 1: float(two[0]), 2: float(two[1])},
        {0: none, 1: _all_angles(angle, fraction), 2: _all_angles(angle * angle, fraction)},
    )


def _all_angles(angle: Array, fraction: Array) -> float:
    """Return Σ over triples of z_i z_j z_k a_ij a_ik a_jk: a sixth of the trace of the cube of √z_i a_ij √z_j."""
    matrix = np.zeros((len(fraction), len(fraction)))
    first, second = _pairs(len(fraction))
    matrix[first, second] = matrix[second, first] = angle * np.sqrt(fraction[first] * fraction[second])
    return float(np.einsum("ij,ij->", matrix @ matrix, matrix)) / 6.0


@lru_cache(maxsize=256)
def _pairs(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return i and j of all pairs i < j, ordered by j: the pair (i, j) stands at j (j - 1) / 2 + i."""
    second, first = np.tril_indices(size, -1)
    return first, second


@lru_cache(maxsize=8)
def _triple_index(size: int) -> tuple[NDArray[np.intp], ...]:
    """Return where the pairs (i, j), (i, k), (j, k) stand, and k, for all triples i < j < k ordered by k.

    Because pairs and triples are ordered by their last index, the table for a smaller jet is the
    beginning of this one.
    """
    first, second = _pairs(size)
    pairs_below = [k * (k - 1) // 2 for k in range(size)]
    i = np.concatenate([first[:count] for count in pairs_below])
    j = np.concatenate([second[:count] for count in pairs_below])
    k = np.repeat(np.arange(size), pairs_below)
    above = k * (k - 1) // 2
    return j * (j - 1) // 2 + i, above + i, above + j, k
