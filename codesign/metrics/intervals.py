"""Statistical errors of counted fractions: exact intervals, and what event weights make of them."""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError
from codesign.metrics.inputs import checked_fraction, checked_mask, checked_weights

LEVEL = 0.68  # share of repeated measurements whose interval contains the truth
_ROUNDING = 1e-12  # a share of the weight below this is a difference of rounded sums, not events


@dataclass(frozen=True)
class Estimate:
    """A measured value.

    Attributes:
        value: the value.
        error: standard deviation from the finite test sample (68 %).
    """

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.error:.4f}"


class Interval(NamedTuple):
    """Two ends of an interval.

    Attributes:
        low: lower end.
        high: upper end.
    """

    low: float
    high: float


@dataclass(frozen=True)
class Efficiency:
    """A fraction of events.

    Attributes:
        value: the fraction, of the sum of weights where events have weights.
        low: lower end of its interval.
        high: upper end.
        passed: events that passed, whatever their weights.
        total: events in all.
        effective_total: unweighted events that would give an interval of the same width; ``total`` without weights.
            It can exceed ``total`` where the events that pass have small weights.
    """

    value: float
    low: float
    high: float
    passed: int
    total: int
    effective_total: float


class Sums(NamedTuple):
    """What the error of a fraction depends on; each a number, or an array with one entry per fraction.

    Attributes:
        passed: events that passed.
        total: events in all.
        weight: sum of weights of those that passed.
        squares: sum of their squared weights.
        total_weight: sum of all weights.
        total_squares: sum of all squared weights.
    """

    passed: Any
    total: Any
    weight: Any
    squares: Any
    total_weight: Any
    total_squares: Any


def clopper_pearson(passed: float, total: float, level: float = LEVEL) -> Interval:
    """Exact central interval of a binomial fraction, never narrower than its level says.

    Clopper and Pearson, Biometrika 26 (1934) 404; PDG, Review of Particle Physics, "Statistics", confidence intervals.

    Args:
        passed: events that passed; need not be whole, for effective numbers of weighted events (`efficiency`).
        total: events in all.
        level: probability content, in (0, 1).

    Raises:
        DataError: there are no events, or not 0 ≤ passed ≤ total.
    """
    if not (math.isfinite(total) and 0 <= passed <= total and total > 0):
        raise DataError(f"interval: expected 0 ≤ passed ≤ total and total > 0, found {passed:g} of {total:g}")
    low, high = interval_ends(passed, total, checked_fraction("level", level))
    return Interval(float(low), float(high))


def efficiency(accepted: ArrayLike, weights: ArrayLike | None = None, level: float = LEVEL) -> Efficiency:
    """Fraction of events that are accepted, with its interval.

    Without weights the interval is exact (`clopper_pearson`). With weights it is approximate: the exact interval of
    `effective_counts` unweighted events, as in Korn and Graubard, Survey Methodology 24 (1998) 193. It is too narrow
    where events of large weight could have passed, but too few were drawn for one to do so.

    Args:
        accepted: which events pass, shape (n,).
        weights: event weights, none negative, shape (n,).
        level: probability content of the interval, in (0, 1).

    Raises:
        DataError: no events, wrong shapes, or weights that are no weights.
    """
    passes = checked_mask("accepted", accepted)
    return efficiency_of(sums(passes, checked_weights("accepted", weights, passes.size)), level)


def sums(passes: NDArray[np.bool_], weights: NDArray[np.float64] | None) -> Sums:
    """Add up what `efficiency_of` needs."""
    passed, total = int(passes.sum()), passes.size
    if weights is None:
        return Sums(passed, total, passed, passed, total, total)
    chosen = weights[passes]
    return Sums(passed, total, chosen.sum(), (chosen**2).sum(), weights.sum(), (weights**2).sum())


def efficiency_of(added: Sums, level: float = LEVEL) -> Efficiency:
    """Fraction and interval from sums of weights, each a number."""
    fraction = float(added.weight / added.total_weight)
    passed, total = effective_counts(added)
    low, high = interval_ends(passed, total, checked_fraction("level", level))
    # Rounding must not put the value outside of its own interval.
    ends = min(float(low), fraction), max(float(high), fraction)
    return Efficiency(fraction, *ends, int(added.passed), int(added.total), float(total))


def effective_counts(added: Sums) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Numbers of unweighted events, passed and in all, that would have the same fraction with the same variance.

    The variance of a weighted fraction p is Σ w² (x - p)² / (Σ w)² with x = 1 for events that pass and 0 for others,
    and n = p (1 - p) / variance. Where none or all of the weight passes the variance says nothing, and n is
    (Σ w)² / Σ w², Kish, Survey Sampling (1965).

    Returns:
        One pair per fraction; the counts themselves where all weights are one.
    """
    weight, squares, total, total_squares = (np.asarray(part, np.float64) for part in added[2:])
    passed, failed = np.minimum(weight / total, 1.0), np.maximum(1.0 - weight / total, 0.0)
    failed_squares = np.maximum(total_squares - squares, 0.0)
    usable = (passed > 0) & (failed > _ROUNDING) & (failed_squares > _ROUNDING * total_squares)
    variance = np.where(usable, failed**2 * squares + passed**2 * failed_squares, 1.0)
    weighted = total**2 * np.where(usable, passed * failed / variance, 1.0 / total_squares)
    all_one = (total == added.total) & (total_squares == added.total)  # Σ (w - 1)² = 0
    return (
        np.asarray(np.where(all_one, added.passed, passed * weighted), np.float64),
        np.asarray(np.where(all_one, added.total, weighted), np.float64),
    )


def widened(found: Efficiency, lowest: float, highest: float) -> Efficiency:
    """Add to the interval, in quadrature, what the efficiency would be at the ends of a threshold's own interval."""
    down, up = max(found.value - lowest, 0.0), max(highest - found.value, 0.0)
    low = max(found.value - math.hypot(found.value - found.low, down), 0.0)
    high = min(found.value + math.hypot(found.high - found.value, up), 1.0)
    return replace(found, low=low, high=high)


def interval_ends(passed: ArrayLike, total: ArrayLike, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Clopper-Pearson ends of many fractions at once, arrays of the common shape."""
    from scipy.special import betainccinv, betaincinv

    k, n = np.asarray(passed, np.float64), np.asarray(total, np.float64)
    tail = (1 - level) / 2
    n = np.maximum(n, k)  # effective counts are rounded
    low = np.where(k > 0, betaincinv(np.where(k > 0, k, 1.0), n - k + 1, tail), 0.0)
    high = np.where(k < n, betainccinv(k + 1, np.where(k < n, n - k, 1.0), tail), 1.0)
    return low, high


def wilson_error(fraction: float, count: float) -> float:
    """Half-width of the Wilson interval at 68 %, which does not vanish at fractions of 0 and 1."""
    if count <= 0:
        return 1.0
    return math.sqrt(fraction * (1 - fraction) / count + 1 / (4 * count**2)) / (1 + 1 / count)
