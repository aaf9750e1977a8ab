"""Measurement errors and efficiencies of a response, on flat arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.response import Efficiency, Resolution
from codesign.features.kinematics import Array


def deviation(regions: Sequence[Resolution], value: Array, eta: Array) -> Array:
    """Return the standard deviation, in GeV, of measured energies or transverse momenta.

    Args:
        regions: From |η| = 0 outwards; beyond the last one nothing is smeared.
        value: True energy or pT in GeV, above zero.
        eta: Pseudorapidities.
    """
    result = np.zeros_like(value)
    absolute = np.abs(eta)
    region = np.searchsorted([r.eta_max for r in regions], absolute)
    for index, r in enumerate(regions):
        inside = region == index
        x = value[inside]
        squares = r.noise**2 + r.stochastic**2 * x + (r.constant * x) ** 2 + (r.linear * x * x) ** 2
        result[inside] = np.polynomial.Polynomial(r.eta_polynomial)(absolute[inside]) * np.sqrt(squares)
    return result


def smear(rng: np.random.Generator, value: Array, sigma: Array) -> Array:
    """Draw measured values: log-normal, so positive, with the true value as mean and the given deviation.

    Args:
        rng: Source of randomness; one number is drawn per value.
        value: True values, above zero.
        sigma: Standard deviations.
    """
    width2 = np.log1p((sigma / value) ** 2)
    smeared: Array = value * np.exp(np.sqrt(width2) * rng.standard_normal(len(value)) - 0.5 * width2)
    return smeared


def probability(table: Efficiency | None, pt: Array, eta: Array) -> Array:
    """Look efficiencies up; one everywhere without a table."""
    if table is None:
        return np.ones_like(pt)
    row = np.searchsorted(table.eta, np.abs(eta), side="right") - 1
    column = np.searchsorted(table.pt, pt, side="right") - 1
    inside = (row >= 0) & (row < len(table.values)) & (column >= 0)
    values = np.array(table.values)
    return np.where(inside, values[np.clip(row, 0, len(values) - 1), np.maximum(column, 0)], 0.0)


def passes(rng: np.random.Generator, chance: Array) -> NDArray[np.bool_]:
    """Draw which of a list happen, given the probability of each; one number is drawn per entry."""
    drawn: NDArray[np.bool_] = rng.random(len(chance)) < chance
    return drawn
