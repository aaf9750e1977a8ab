"""Jet substructure observables: ratios of energy correlators, and fragmentation.

A ratio whose denominator vanishes (one constituent, or all in one direction) is zero: the numerator
is then zero too, and a jet without prongs belongs at the one-prong end of each of these observables.
With exactly two constituents every three-point numerator, and so the ratio, is zero by definition.
Each is computed for one jet or many, as the correlators are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from codesign.features.correlators import Correlators
from codesign.features.kinematics import Array


def c1(correlators: Correlators, beta: int) -> Any:
    """Return C₁(β) = e₂(β) (Larkoski, Salam, Thaler, arXiv:1305.0007)."""
    return correlators.e2[beta]


def c2(correlators: Correlators, beta: int) -> Any:
    """Return C₂(β) = e₃(β) / e₂(β)² (Larkoski, Salam, Thaler, arXiv:1305.0007)."""
    return _ratio(correlators.e3[beta], correlators.e2[beta], 2)


def d2(correlators: Correlators, alpha: int, beta: int) -> Any:
    """Return D₂(α, β) = e₃(α) / e₂(β)^(3α/β) (Larkoski, Moult, Neill, arXiv:1409.6298).

    For α = β this is the usual D₂(β) = e₃(β) / e₂(β)³.
    """
    return _ratio(correlators.e3[alpha], correlators.e2[beta], 3 * alpha / beta)


def m2(correlators: Correlators, beta: int) -> Any:
    """Return M₂(β) = ₁e₃(β) / ₁e₂(β) (Moult, Necib, Thaler, arXiv:1609.07483)."""
    return _ratio(correlators.e3_one[beta], correlators.e2[beta], 1)


def n2(correlators: Correlators, beta: int) -> Any:
    """Return N₂(β) = ₂e₃(β) / (₁e₂(β))², the standard definition (Moult, Necib, Thaler, arXiv:1609.07483)."""
    return _ratio(correlators.e3_two[beta], correlators.e2[beta], 2)


def zlogz(pt: Array) -> float:
    """Return Σ z ln z with z = pT / Σ pT, minus the entropy of the momentum sharing.

    Args:
        pt: Transverse momenta of the constituents, shape (n,), all above zero.

    Returns:
        Between −ln n (equal sharing) and 0 (one constituent).
    """
    return float(zlogz_of_jets(pt, [len(pt)])[0])


def zlogz_of_jets(pt: Array, sizes: Sequence[int]) -> Array:
    """Compute what `zlogz` does for many jets.

    Args:
        pt: Transverse momenta of the constituents of all jets, one jet after the other.
        sizes: Number of constituents of each jet, at least one.

    Returns:
        Shape (jets,).
    """
    begins = np.cumsum(sizes, dtype=np.intp) - sizes
    fraction = pt / np.repeat(np.add.reduceat(pt, begins), sizes)
    result: Array = np.add.reduceat(fraction * np.log(fraction), begins)
    return result


def _ratio(numerator: Any, denominator: Any, power: float) -> Any:
    scale = np.power(denominator, power)
    return np.divide(numerator, scale, out=np.zeros_like(scale), where=scale > 0.0)
