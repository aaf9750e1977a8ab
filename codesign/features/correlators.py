"""Generalised energy correlation functions of the constituents of jets.

₁e₂ and ᵥe₃ as in Moult, Necib, Thaler, JHEP 12 (2016) 153, arXiv:1609.07483, eq. (3.3)::

    ₁e₂(β) = Σ_{i<j}   z_i z_j       θ_ij^β
    ᵥe₃(β) = Σ_{i<j<k} z_i z_j z_k   (product of the v smallest of θ_ij, θ_ik, θ_jk)^β

with z_i = pT_i / Σ pT and θ_ij² = Δy² + Δφ². ₃e₃ is the e₃ of Larkoski, Salam, Thaler, JHEP 06
(2013) 108, arXiv:1305.0007. They are invariant under rotation around the beam and boosts along it.

₁e₃ and ₂e₃ need every triple, O(n³). Here the constituents stand on a circle (in any order) and a
triple is the steps s, t, u round it, s + t + u = n, named from where s ≤ t and s < u: once, if n is
not a multiple of three. For given s and t the angles of the triples that start at i = 0 … n − 1 are
then slices of tables, with no look-up by index; jets of about the same size are computed together.
These two are computed in single precision (relative errors of some 1e-7), the others in double.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from codesign.features.kinematics import Array

BETAS = (0, 1, 2)
_MIN_POINTS = 4  # the smallest circle on which triples are defined
_POINTS_PER_GROUP = 800  # shorter rows cost calls, longer ones mix jets of different sizes and leave the cache
_TRIPLES_PER_BLOCK = 65536


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
    """Compute ₁e₂, ₁e₃, ₂e₃ and ₃e₃ of one jet for β = 0, 1, 2.

    Args:
        pt: Transverse momenta of the n constituents, shape (n,), any common unit.
        rapidity: Rapidities, shape (n,).
        phi: Azimuths in rad, shape (n,).

    Returns:
        The correlators; ₁e₂ is zero below two constituents, ᵥe₃ below three.
    """
    return energy_correlators_of_jets(pt, rapidity, phi, [len(pt)])[0]


def energy_correlators_of_jets(pt: Array, rapidity: Array, phi: Array, sizes: Sequence[int]) -> list[Correlators]:
    """Compute what `energy_correlators` does for many jets, in half the time.

    Args:
        pt: Transverse momenta of the constituents of all jets, one jet after the other.
        rapidity: Rapidities, of the same shape.
        phi: Azimuths in rad, of the same shape.
        sizes: Number of constituents of each jet, at least one.

    Returns:
        The correlators of each jet; they do not depend on the other jets by more than rounding.
    """
    ends = np.cumsum(sizes, dtype=np.intp)
    moments = np.zeros((len(sizes), 4, len(BETAS)))
    for points, group in _groups(np.asarray(sizes, np.intp)):
        fraction, y, azimuth = np.zeros((3, len(group), points))
        for row, jet in enumerate(group):
            size = sizes[jet]
            own = slice(ends[jet] - size, ends[jet])
            fraction[row, :size] = pt[own] / pt[own].sum()
            y[row, :size], azimuth[row, :size] = rapidity[own], phi[own]
        moments[group] = _moments(fraction, y, azimuth)
    return [Correlators(*(dict(zip(BETAS, row, strict=True)) for row in jet)) for jet in moments.tolist()]


def _groups(sizes: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield groups of jets of about the same size, with the number of points all are filled up to with z = 0."""
    left = np.argsort(-sizes, kind="stable")
    while len(left):
        points = max(int(sizes[left[0]]), _MIN_POINTS)
        points += points % 3 == 0
        count = max(_POINTS_PER_GROUP // points, 1)
        yield points, left[:count]
        left = left[count:]


def _moments(fraction: Array, y: Array, phi: Array) -> Array:
    """Return ₁e₂, ₁e₃, ₂e₃, ₃e₃ for each β, shape (jets, 4, 3), from z, y and φ of shape (jets, points)."""
    square = _squared_angles(y, phi)
    angle = np.sqrt(square)
    result = np.zeros((len(fraction), 4, len(BETAS)))
    # Each with the pairs of all before it, and those with all before them: sums of positive terms alone.
    pairs = fraction[:, 1:] * np.cumsum(fraction, axis=1)[:, :-1]
    result[:, 0, 0] = pairs.sum(axis=1)
    result[:, 1:, 0] = np.einsum("ni,ni->n", fraction[:, 2:], np.cumsum(pairs, axis=1)[:, :-1])[:, np.newaxis]
    result[:, 1:3, 1:] = _ordered_angles(fraction, angle)
    root = np.sqrt(fraction)
    root_of_pair = root[:, :, np.newaxis] * root[:, np.newaxis, :]
    for beta, power in ((1, angle), (2, square)):
        # ₃e₃ is a sixth of the trace of the cube of the matrix √z_i θ_ij^β √z_j.
        matrix = root_of_pair * power
        result[:, 0, beta] = np.einsum("nij,nij->n", matrix, root_of_pair) / 2.0
        result[:, 3, beta] = np.einsum("nij,nij->n", matrix @ matrix, matrix) / 6.0
    return result


def _squared_angles(y: Array, phi: Array) -> Array:
    """Return θ_ij² of shape (jets, points, points)."""
    delta_phi = _differences(phi)
    delta_phi -= 2.0 * np.pi * np.rint(delta_phi * (0.5 / np.pi))  # much faster than a remainder
    delta_phi *= delta_phi
    square = _differences(y)
    square *= square
    square += delta_phi
    return square


def _differences(values: Array) -> Array:
    result: Array = values[:, :, np.newaxis] - values[:, np.newaxis, :]
    return result


def _ordered_angles(fraction: Array, angle: Array) -> Array:
    """Return ₁e₃ and ₂e₃ for β = 1 and 2, shape (jets, 2, 2)."""
    jets, points = fraction.shape
    width = points * jets
    fraction, angle = fraction.astype(np.float32), angle.astype(np.float32)
    # Along a row of a table the points go round the circle, and the jets lie side by side in each point.
    steps = _tables_of_steps(angle)
    circle = np.tile(fraction.T.ravel(), 3)
    ahead = as_strided(circle, (points, width), (jets * circle.itemsize, circle.itemsize), writeable=False)
    total = np.zeros((2, 2, width))
    block = max(_TRIPLES_PER_BLOCK // width, 1)
    work = np.empty((2, block, width), np.float32)  # once: the system takes longer to hand out memory than to fill it
    for s in range(1, (points - 1) // 3 + 1):
        a = steps[s, :width]
        part = np.zeros_like(total)
        for start in range(s, points - 2 * s, block):
            stop = min(start + block, points - 2 * s)
            b, c = steps[start:stop, s * jets : s * jets + width], steps[s + start : s + stop, :width]
            weight = ahead[s + start : s + stop]
            low = np.minimum(a, b, out=work[0, : stop - start])
            smallest = np.minimum(low, c, out=work[1, : stop - start])
            _add_moments(part[0], weight, smallest)
            # The product of the two smallest is the smallest product of two.
            product = np.minimum(np.multiply(a, b, out=smallest), np.multiply(low, c, out=low), out=low)
            _add_moments(part[1], weight, product)
        total += part * (circle[:width] * ahead[s])
    summed: Array = np.moveaxis(total.reshape(2, 2, points, jets).sum(axis=2), -1, 0)
    return summed


def _tables_of_steps(angle: Array) -> Array:
    """Return θ between i and i + t for each step t, i as far as any triple starts its second step, jets innermost."""
    jets, points, _ = angle.shape
    i = np.arange(points + (points - 1) // 3) % points
    t = np.arange(points)[:, np.newaxis]
    by_pair = np.ascontiguousarray(angle.reshape(jets, points * points).T)
    result: Array = by_pair[i * points + (i + t) % points].reshape(points, len(i) * jets)
    return result


def _add_moments(total: Array, weight: Array, value: Array) -> None:
    """Add Σ_t w v and Σ_t w v² to the two rows of a total, from w and v of shape (steps, width)."""
    total[0] += np.einsum("tx,tx->x", weight, value)
    total[1] += np.einsum("tx,tx,tx->x", weight, value, value)
