"""Kinematics of four-vectors (px, py, pz, E) in GeV, with the beam along z."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def transverse_momentum(momenta: Array) -> Array:
    """Return pT in GeV, shape (...,), of four-vectors of shape (..., 4)."""
    result: Array = np.hypot(momenta[..., 0], momenta[..., 1])
    return result


def azimuth(momenta: Array) -> Array:
    """Return φ in (-π, π], shape (...,), of four-vectors of shape (..., 4)."""
    result: Array = np.arctan2(momenta[..., 1], momenta[..., 0])
    return result


def pseudorapidity(momenta: Array) -> Array:
    """Return η = asinh(pz / pT), shape (...,), of four-vectors of shape (..., 4) with pT > 0."""
    result: Array = np.arcsinh(momenta[..., 2] / transverse_momentum(momenta))
    return result


def rapidity(momenta: Array) -> Array:
    """Return y = ½ ln((E + pz) / (E − pz)), shape (...,), of four-vectors of shape (..., 4) with pT > 0.

    Written with the transverse mass, because E − pz loses all digits for forward light particles;
    a mass squared below zero (rounding) counts as zero.
    """
    pz, energy = momenta[..., 2], momenta[..., 3]
    pt2 = momenta[..., 0] ** 2 + momenta[..., 1] ** 2
    mass2 = np.maximum((energy + pz) * (energy - pz) - pt2, 0.0)
    result: Array = np.sign(pz) * np.log((energy + np.abs(pz)) / np.sqrt(pt2 + mass2))
    return result


def invariant_mass(momenta: Array) -> Any:
    """Return the mass in GeV, shape (...,), of four-vectors of shape (..., 4); below zero (rounding) is zero."""
    momentum2 = np.sum(momenta[..., :3] ** 2, axis=-1)
    return np.sqrt(np.maximum(momenta[..., 3] ** 2 - momentum2, 0.0))


def delta_phi(phi: Array, reference: Array | float) -> Array:
    """Return φ − reference wrapped into [-π, π), of the broadcast shape."""
    result: Array = (phi - reference + np.pi) % (2.0 * np.pi) - np.pi
    return result
