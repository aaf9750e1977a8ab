"""Efficiencies and rejections at a threshold that is placed on one of two classes, with statistical errors."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from codesign.metrics.classification import roc
from codesign.metrics.inputs import checked_fraction, checked_pair, weights_of
from codesign.metrics.intervals import LEVEL, Efficiency, clopper_pearson, efficiency_of, sums, widened, wilson_error
from codesign.metrics.ranking import Threshold, ranked


@dataclass(frozen=True)
class WorkingPoint:
    """Signal efficiency at a fixed background efficiency.

    Attributes:
        fpr: background efficiency asked for.
        tpr: signal efficiency there.
        tpr_error: standard deviation of it, from the signal sample and from placing the threshold on the background.
        threshold: score at and above which an event is accepted.
        background_events: background events above the threshold.
    """

    fpr: float
    tpr: float
    tpr_error: float
    threshold: float
    background_events: int


@dataclass(frozen=True)
class Rejection:
    """Background rejection at a fixed signal efficiency.

    Attributes:
        tpr: signal efficiency asked for.
        threshold: highest score at which at least this much signal is accepted.
        signal: signal efficiency there.
        background: background efficiency there.
        value: inverse of the background efficiency, None where no background passes.
        low: lower end of its interval.
        high: upper end, None where there is none.
    """

    tpr: float
    threshold: Threshold
    signal: Efficiency
    background: Efficiency
    value: float | None
    low: float
    high: float | None


def working_point(
    scores: ArrayLike, is_signal: ArrayLike, fpr: float, weights: ArrayLike | None = None
) -> WorkingPoint:
    """Signal efficiency at the threshold that accepts at most a fraction ``fpr`` of the background.

    With weights the efficiencies are shares of their sums, and errors those of `efficiency` unweighted events.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).
        fpr: background efficiency, in (0, 1).
        weights: event weights, none negative, shape (n,).

    Raises:
        DataError: no signal, no background, NaN, wrong shapes, weights that are no weights, or ``fpr`` outside (0, 1).
    """
    checked_fraction("fpr", fpr)
    values, signal, checked = checked_pair(scores, is_signal, weights)
    background = ranked("background", values[~signal], weights_of(checked, ~signal))
    threshold = background.threshold_at_most(fpr)
    accepted = background.efficiency(threshold)
    found = efficiency_of(sums(values[signal] >= threshold, weights_of(checked, signal)))
    curve_fpr, curve_tpr = roc(values, signal, checked)
    spread = wilson_error(fpr, accepted.effective_total)
    high, low = np.interp([fpr + spread, max(fpr - spread, 0.0)], curve_fpr, curve_tpr)
    error = math.hypot(wilson_error(found.value, found.effective_total), float(high - low) / 2)
    return WorkingPoint(fpr, found.value, error, float(threshold), accepted.passed)


def background_rejection(
    scores: ArrayLike, is_signal: ArrayLike, tpr: float, weights: ArrayLike | None = None, level: float = LEVEL
) -> Rejection:
    """Inverse background efficiency at the threshold that accepts at least a fraction ``tpr`` of the signal.

    The interval is that of the background efficiency (`efficiency`: exact without weights), widened in quadrature by
    the placing of the threshold on the signal.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).
        tpr: signal efficiency, in (0, 1).
        weights: event weights, none negative, shape (n,).
        level: probability content of the interval.

    Raises:
        DataError: no signal, no background, NaN, wrong shapes, weights that are no weights, or ``tpr`` outside (0, 1).
    """
    checked_fraction("tpr", tpr)
    values, chosen, checked = checked_pair(scores, is_signal, weights)
    signal = ranked("signal", values[chosen], weights_of(checked, chosen))
    background = ranked("background", values[~chosen], weights_of(checked, ~chosen))
    threshold = signal.threshold_at_least(tpr)
    accepted, kept = signal.efficiency(threshold, level), background.efficiency(threshold, level)
    ends = clopper_pearson(tpr * accepted.effective_total, accepted.effective_total, level)
    fewest, most = (background.fraction(signal.threshold_at_least(end)) for end in ends)
    kept = widened(kept, fewest, most)
    value = 1.0 / kept.value if kept.value > 0 else None
    return Rejection(tpr, threshold, accepted, kept, value, 1.0 / kept.high, 1.0 / kept.low if kept.low > 0 else None)
