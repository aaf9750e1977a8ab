"""Trigger rates: the threshold for a rate, and the rate at a threshold, in kHz with exact intervals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError
from codesign.metrics.inputs import checked_fraction, checked_rising
from codesign.metrics.intervals import LEVEL, Efficiency, clopper_pearson, effective_counts, interval_ends, widened
from codesign.metrics.ranking import Ranked, Threshold, ranked
from codesign.naming import unknown_name

# Revolution frequency of the LHC, and colliding bunches at the high-luminosity LHC, as CMS normalises Phase-2 trigger
# rates: github.com/p2l1pfp/FastPUPPI, NtupleProducer/python/scripts/jetHtSuite.py, norm=2760.0*11246/1000.
REVOLUTION_KHZ = 11.246
COLLIDING_BUNCHES = 2760
BUNCH_SLOTS = 3564  # of 25 ns in one turn, LHC Design Report, CERN-2004-003-V-1

FEWEST_EVENTS = 10  # background events above a threshold for a rate that is known to 1 / √10 = 32 %
_LONGEST_CURVE = 65536  # thresholds that are taken unasked


@dataclass(frozen=True)
class Rate:
    """A trigger rate.

    Attributes:
        khz: the rate.
        low_khz: lower end of its interval.
        high_khz: upper end.
        events: events that it was counted from.
    """

    khz: float
    low_khz: float
    high_khz: float
    events: int


@dataclass(frozen=True)
class RatePoint:
    """What a threshold for a given rate does.

    Attributes:
        asked_fpr: background efficiency asked for.
        asked_khz: the same as a rate.
        threshold: lowest score that is accepted; an integer where the scores are.
        fpr: background efficiency reached.
        rate: the same as a rate.
        expected_events: background events expected at what was asked for; effective ones with weights.
        tpr: efficiency of each signal, its interval from the signal sample and from placing the threshold.
        warning: what makes the point unreliable, or None.
    """

    asked_fpr: float
    asked_khz: float
    threshold: Threshold
    fpr: Efficiency
    rate: Rate
    expected_events: float
    tpr: dict[str, Efficiency]
    warning: str | None

    @property
    def background_events(self) -> int:
        """Background events at or above the threshold."""
        return self.fpr.passed


@dataclass(frozen=True)
class RateCurve:
    """Rate against threshold, one entry per threshold.

    Attributes:
        thresholds: rising; integers where the scores are.
        khz: rates.
        low_khz: lower ends of their intervals.
        high_khz: upper ends.
        events: events at or above the threshold.
    """

    thresholds: tuple[Threshold, ...]
    khz: tuple[float, ...]
    low_khz: tuple[float, ...]
    high_khz: tuple[float, ...]
    events: tuple[int, ...]


def full_rate_khz(colliding_bunches: int = COLLIDING_BUNCHES) -> float:
    """Rate of crossings of filled bunches in kHz, which an efficiency is a share of.

    Raises:
        DataError: not between 1 and the 3,564 slots of the machine.
    """
    if not 1 <= colliding_bunches <= BUNCH_SLOTS:
        raise DataError(f"colliding bunches: expected 1 to {BUNCH_SLOTS}, found {colliding_bunches}")
    return colliding_bunches * REVOLUTION_KHZ


def as_rate(found: Efficiency, full_khz: float) -> Rate:
    """An efficiency on crossings as a rate."""
    return Rate(found.value * full_khz, found.low * full_khz, found.high * full_khz, found.passed)


def rate_point(
    background: ArrayLike,
    signals: Mapping[str, ArrayLike],
    *,
    fpr: float | None = None,
    rate_khz: float | None = None,
    background_weights: ArrayLike | None = None,
    signal_weights: Mapping[str, ArrayLike] | None = None,
    colliding_bunches: int = COLLIDING_BUNCHES,
    level: float = LEVEL,
) -> RatePoint:
    """Place a threshold for a background efficiency or a rate, and say what it accepts.

    The threshold is the smallest, for integer scores the smallest integer, that accepts no more than what was asked
    for. The interval of a signal efficiency joins, in quadrature, its own and the efficiencies at the thresholds for
    the ends of the interval of the background fraction asked for; below the last background event nothing is known of
    the threshold, and the lower end is zero. With weights, fractions are of their sums, and intervals those of
    `efficiency` unweighted events.

    Args:
        background: scores of crossings as they come (zero bias, minimum bias), shape (n,), larger = more signal-like.
        signals: name → scores of the same kind, shape (m,).
        fpr: background efficiency, in (0, 1); either this or ``rate_khz``.
        rate_khz: rate, below the full rate.
        background_weights: event weights, none negative, shape (n,).
        signal_weights: name → event weights; signals that are not named have none.
        colliding_bunches: pairs of bunches that collide in one turn.
        level: probability content of intervals.

    Raises:
        DataError: scores that are empty, NaN or of two kinds, weights that are no weights, or a rate out of range.
    """
    full_khz = full_rate_khz(colliding_bunches)
    asked = _asked_fraction(fpr, rate_khz, full_khz)
    crossings = ranked("background", background, background_weights)
    ordered = _ranked_signals(crossings, signals, signal_weights or {})
    threshold = crossings.threshold_at_most(asked)
    found = crossings.efficiency(threshold, level)
    lower, upper = clopper_pearson(asked * found.effective_total, found.effective_total, level)
    tighter = crossings.threshold_at_most(lower) if crossings.allowed(lower) else None
    looser = crossings.threshold_at_most(upper)
    return RatePoint(
        asked_fpr=asked,
        asked_khz=asked * full_khz,
        threshold=threshold,
        fpr=found,
        rate=as_rate(found, full_khz),
        expected_events=asked * found.effective_total,
        tpr={name: _tpr(signal, threshold, tighter, looser, level) for name, signal in ordered.items()},
        warning=_warning(crossings, threshold, found, asked),
    )


def rate_curve(
    scores: ArrayLike,
    thresholds: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    colliding_bunches: int = COLLIDING_BUNCHES,
    level: float = LEVEL,
) -> RateCurve:
    """Rate against threshold.

    Args:
        scores: scores of crossings as they come, shape (n,).
        thresholds: rising, integers where the scores are; None for every integer from the lowest score to the one
            above the highest.
        weights: event weights, none negative, shape (n,); rates are then shares of their sum, and intervals those of
            `efficiency` unweighted events.
        colliding_bunches: pairs of bunches that collide in one turn.
        level: probability content of intervals.

    Raises:
        DataError: scores that are empty or NaN, thresholds that do not fit them, or weights that are no weights.
    """
    full_khz, crossings = full_rate_khz(colliding_bunches), ranked("scores", scores, weights)
    cuts = _every_integer(crossings) if thresholds is None else _checked_thresholds(crossings, thresholds)
    added = crossings.above(cuts)
    fraction = np.asarray(added.weight / added.total_weight, np.float64)
    low, high = interval_ends(*effective_counts(added), checked_fraction("level", level))
    columns = (fraction, np.minimum(low, fraction), np.maximum(high, fraction))
    khz, low_khz, high_khz = (tuple((column * full_khz).tolist()) for column in columns)
    return RateCurve(tuple(cuts.tolist()), khz, low_khz, high_khz, tuple(np.asarray(added.passed).tolist()))


def _asked_fraction(fpr: float | None, rate_khz: float | None, full_khz: float) -> float:
    if (fpr is None) == (rate_khz is None):
        raise DataError("rate point: expected either fpr or rate_khz, found " + ("none" if fpr is None else "both"))
    if rate_khz is None:
        return checked_fraction("fpr", math.nan if fpr is None else fpr)
    if not 0.0 < rate_khz < full_khz:
        raise DataError(
            f"rate_khz: expected above 0 and below the full rate of {full_khz:,.0f} kHz, found {rate_khz:g}"
        )
    return rate_khz / full_khz


def _ranked_signals(
    background: Ranked, signals: Mapping[str, ArrayLike], weights: Mapping[str, ArrayLike]
) -> dict[str, Ranked]:
    for name in weights:
        if name not in signals:
            raise DataError(f"signal weights: {unknown_name('signal', name, signals)}")
    ordered = {name: ranked(f"signal {name}", scores, weights.get(name)) for name, scores in signals.items()}
    for name, signal in ordered.items():
        if signal.integers != background.integers:
            raise DataError(
                f"signal {name}: expected {background.dtype} scores as of the background, found {signal.dtype}"
            )
    return ordered


def _tpr(
    signal: Ranked, threshold: Threshold, tighter: Threshold | None, looser: Threshold, level: float
) -> Efficiency:
    lowest = 0.0 if tighter is None else signal.fraction(tighter)
    return widened(signal.efficiency(threshold, level), lowest, signal.fraction(looser))


def _warning(background: Ranked, threshold: Threshold, found: Efficiency, asked: float) -> str | None:
    """Say in plain words why a point cannot be trusted, None where it can."""
    kind = "background" if background.weight is None else "effective background"
    expected = asked * found.effective_total
    if expected < FEWEST_EVENTS:
        needed = math.ceil(FEWEST_EVENTS / asked * (1 - 1e-12))
        return (
            f"{expected:.2g} {kind} events expected above the threshold: "
            f"at least {needed:,} are needed for 32 % precision"
        )
    if found.value * found.effective_total >= FEWEST_EVENTS:
        return None
    below = background.below(threshold)
    assert below is not None, "more than what is accepted may pass, so something is rejected"
    return (
        f"{found.passed or 'no'} background events accepted where {expected:.4g} may be: at the next lower score, "
        f"{below:.6g}, {100 * background.fraction(below):.3g} % of the background would pass, more than the "
        f"{100 * asked:.3g} % asked for"
    )


def _every_integer(crossings: Ranked) -> NDArray[np.int64]:
    if not crossings.integers:
        raise DataError("thresholds: expected some for scores that are no integers, found none")
    lowest, highest = int(crossings.values[0]), int(crossings.values[-1])
    if highest + 2 - lowest > _LONGEST_CURVE:
        raise DataError(
            f"thresholds: scores run from {lowest} to {highest}, expected the thresholds where there are more than "
            f"{_LONGEST_CURVE:,}"
        )
    return np.arange(lowest, highest + 2)


def _checked_thresholds(crossings: Ranked, thresholds: ArrayLike) -> NDArray[Any]:
    cuts = checked_rising("thresholds", thresholds, 1)
    if crossings.integers and cuts.dtype.kind == "f":
        raise DataError("thresholds: expected integers as the scores are, found floating-point numbers")
    return cuts if crossings.integers else cuts.astype(np.float64)
