"""Generalised energy correlation functions of the constituents of jets.

₁e₂ and ᵥe₃ as in Moult, Necib, Thaler, JHEP 12 (2016) 153, arXiv:1609.07483, eq. (3.3)::

    ₁e₂(β) = Σ_{i<j}   z_i z_j       θ_ij^β
    ᵥe₃(β) = Σ_{i<j<k} z_i z_j z_k   (product of the v smallest of θ_ij, θ_ik, θ_jk)^β

with z_i = pT_i / Σ pT and θ_ij² = Δy² + Δφ². ₃e₃ is the e₃ of Larkoski, Salam, Thaler, JHEP 06
(2013) 108, arXiv:1305.0007. They are invariant under rotation around the beam and boosts along it.

Every triple is summed, O(n³), in compiled code (`codesign.features.triples`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from codesign.features.kinematics import Array

BETAS = (0, 1, 2)


class Correlators(NamedTuple):
    """Energy correlation functions, pure numbers; zero where a jet has too few constituents.

    Attributes:
        e2: ₁e₂ for each β of `BETAS`, of one jet, or of many with shape (jets,); the others alike.
        e3_one: ₁e₃, smallest angle.
        e3_two: ₂e₃, product of the two smallest angles.
        e3: ₃e₃, product of all three angles.
    """

    e2: dict[int, Any]
    e3_one: dict[int, Any]
    e3_two: dict[int, Any]
    e3: dict[int, Any]


def energy_correlators(pt: Array, rapidity: Array, phi: Array) -> Correlators:
    """Compute ₁e₂, ₁e₃, ₂e₃ and ₃e₃ of one jet for β = 0, 1, 2.

    Args:
        pt: Transverse momenta of the n constituents, shape (n,), any common unit.
        rapidity: Rapidities, shape (n,).
        phi: Azimuths in rad, shape (n,).

    Returns:
        The correlators; ₁e₂ is zero below two constituents, ᵥe₃ below three.
    """
    found = energy_correlators_of_jets(pt, rapidity, phi, [len(pt)])
    return Correlators(*({beta: float(values[0]) for beta, values in moments.items()} for moments in found))


def energy_correlators_of_jets(pt: Array, rapidity: Array, phi: Array, sizes: Sequence[int]) -> Correlators:
    """Compute what `energy_correlators` does for many jets.

    Args:
        pt: Transverse momenta of the constituents of all jets, one jet after the other.
        rapidity: Rapidities, of the same shape.
        phi: Azimuths in rad, of the same shape.
        sizes: Number of constituents of each jet, at least one.

    Returns:
        The correlators as arrays of shape (jets,); a jet's do not depend on the others.
    """
    from codesign.features.triples import add_moments

    ends = np.cumsum(sizes, dtype=np.intp)
    moments = np.zeros((len(sizes), 4, len(BETAS)))
    fraction = pt / np.repeat(np.add.reduceat(pt, ends - sizes), sizes)
    add_moments(fraction, np.asarray(rapidity, np.float64), np.asarray(phi, np.float64), ends, moments)
    return Correlators(*({beta: moments[:, row, i] for i, beta in enumerate(BETAS)} for row in range(4)))
