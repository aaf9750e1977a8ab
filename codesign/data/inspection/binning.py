"""Bin edges that suit a quantity: whole numbers, steps of a digital scale, angles, steeply falling momenta."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["linear", "log", "integer"]

TAIL = 0.001  # share of the values that may lie outside on either side: the bins cover the central 99.8 %
MARGIN = 0.15  # a side is extended to the very end where that costs no more than this share of the width
LOG_RATIO = 20.0  # largest over smallest value from which a logarithmic axis is worth it
LOG_SKEW = 6.0  # by how much the upper half must be wider than the lower one
LOG_ZEROS = 0.05  # share of zeros above which a logarithmic axis would hide too much
REPEATS = 8  # values are taken for steps of a scale when each occurs so often in the sample
LARGEST_COUNT = 2.0**31
FINEST = 100  # a scale with more steps per bin shows no comb


@dataclass(frozen=True)
class Range:
    """What is known of a quantity before it is put into bins.

    Attributes:
        sample: finite values in rising order, shape (n,), at least one.
        low: smallest of all values, also of those not in the sample.
        high: largest of all values.
        whole: all values are whole numbers.
        counted: a whole number of it is a count, not a momentum in whole GeV.
    """

    sample: NDArray[np.float64]
    low: float
    high: float
    whole: bool = False
    counted: bool = True

    @property
    def steps_of_one(self) -> bool:
        """Whether the values are whole numbers in earnest: every very large float is one."""
        return self.whole and max(abs(self.low), abs(self.high)) < LARGEST_COUNT


def choose_edges(known: Range, bins: int) -> tuple[Scale, NDArray[np.float64]]:
    """Choose bin edges that all classes share.

    Args:
        known: the quantity.
        bins: most bins.

    Returns:
        The scale, and the edges, rising, at most ``bins + 1``.
    """
    if known.low == known.high:
        half = 0.5 if known.steps_of_one else max(0.05 * abs(known.low), 1e-6)
        return ("integer" if known.steps_of_one else "linear"), np.array([known.low - half, known.low + half])
    logarithmic = _log_range(known)
    low, high = logarithmic or _central_range(known)
    step = 1.0 if known.steps_of_one else _step(known.sample, low, high, bins)
    anchor = _nearest(known.sample, low) if step else low
    if logarithmic:
        return "log", _log_edges(low, high, bins, step, anchor)
    if step:
        return ("integer" if known.steps_of_one else "linear"), _step_edges(low, high, bins, step, anchor)
    if low < -3 and high > 3 and -math.pi <= np.float32(low) and high <= np.float32(math.pi):  # an azimuth
        low, high = -math.pi, math.nextafter(float(np.float32(math.pi)), 4)
    return "linear", np.linspace(low, high, bins + 1)


def _central_range(known: Range) -> tuple[float, float]:
    """The central 99.8 %, a side extended to the end where it is near."""
    low, high = (float(q) for q in np.quantile(known.sample, (TAIL, 1 - TAIL)))
    if low == high:
        return known.low, known.high
    margin = MARGIN * (high - low)
    return (known.low if low - known.low <= margin else low), (known.high if known.high - high <= margin else high)


def _log_range(known: Range) -> tuple[float, float] | None:
    """Ends of a logarithmic axis, or None where a linear one is better."""
    first = int(np.searchsorted(known.sample, 0.0, side="right"))
    positive = known.sample[first:]
    if known.low < 0 or first > LOG_ZEROS * known.sample.size or (known.steps_of_one and known.counted):
        return None
    low, middle, high = (float(q) for q in np.quantile(positive, (TAIL, 0.5, 1 - TAIL)))
    if high < LOG_RATIO * low or high - middle < LOG_SKEW * (middle - low):
        return None
    return (known.low if 0 < low <= 2 * known.low else low), (known.high if known.high <= 2 * high else high)


def _step(sample: NDArray[np.float64], low: float, high: float, bins: int) -> float | None:
    """Step of the scale on which all values lie, or None where there is none or a bin holds very many."""
    inside = sample[np.searchsorted(sample, low) : np.searchsorted(sample, high, side="right")]
    different = inside[np.flatnonzero(np.diff(inside, prepend=-np.inf))]
    if different.size < 2 or different.size * REPEATS > inside.size:
        return None
    gaps = np.diff(different)
    smallest = gaps.min()
    span = different[-1] - different[0]
    # A single gap suffers from rounding to float32; the mean of those of one step does less.
    steps = round(span / gaps[gaps < 1.5 * smallest].mean())
    if steps > FINEST * bins:
        return None
    step = float(span / steps)
    places = (different - different[0]) / step
    return step if np.abs(places - np.rint(places)).max() < 0.05 else None


def _nearest(sample: NDArray[np.float64], value: float) -> float:
    return float(sample[min(int(np.searchsorted(sample, value)), sample.size - 1)])


def _step_edges(low: float, high: float, bins: int, step: float, anchor: float) -> NDArray[np.float64]:
    """Edges half way between the values, the same number of steps in every bin."""
    below, above = math.ceil((anchor - low) / step - 0.25), math.ceil((high - anchor) / step - 0.25)
    values = below + above + 1
    width = -(-values // bins)
    count = -(-values // width)
    return np.asarray(anchor + step * (np.arange(count + 1) * width - below - 0.5), np.float64)


def _log_edges(low: float, high: float, bins: int, step: float | None, anchor: float) -> NDArray[np.float64]:
    """Edges in equal ratios, moved half way between the values of a scale with steps."""
    edges = np.geomspace(low, high, bins + 1)
    if step is None or anchor <= step / 2:
        return edges
    places = np.unique(np.rint((edges - anchor) / step))
    return np.asarray(anchor + step * (np.append(places, places[-1] + 1) - 0.5))
