"""What a trigger loses when its score keeps fewer bits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError
from codesign.metrics.inputs import checked_scores
from codesign.metrics.intervals import Estimate
from codesign.metrics.rates import COLLIDING_BUNCHES, RatePoint, full_rate_khz, rate_point

_WIDEST = 62  # bits of a score


@dataclass(frozen=True)
class QuantizedScore:
    """What fewer bits of the score cost at the same rate asked for.

    Attributes:
        kept_bits: bits that are left.
        full: the point with all bits.
        point: the point with the bits that are left; its threshold is in their unit.
        threshold: the same threshold in the unit of the full score.
        rate_change_khz: change of the rate reached; the error is that of events gained and lost.
        tpr_change: change of the efficiency of each signal, likewise.
    """

    kept_bits: int
    full: RatePoint
    point: RatePoint
    threshold: int
    rate_change_khz: Estimate
    tpr_change: dict[str, Estimate]


class Placing(TypedDict, total=False):
    """How a threshold is placed; the arguments of `rate_point`."""

    fpr: float | None
    rate_khz: float | None
    background_weights: ArrayLike | None
    signal_weights: Mapping[str, ArrayLike] | None
    colliding_bunches: int
    level: float


def score_quantization(
    background: ArrayLike,
    signals: Mapping[str, ArrayLike],
    *,
    width: int,
    signed: bool,
    drop_low: int = 0,
    drop_high: int = 0,
    **placing: Unpack[Placing],
) -> QuantizedScore:
    """What happens to rate and signal efficiency when the score keeps only some of its bits.

    Low bits are cut off (rounding down), high bits are taken away with saturation. The threshold is placed anew for
    the same background efficiency or rate; the errors of the changes are those of the same events before and after,
    without the placing of either threshold. Weights change fractions and errors as in `rate_point`.

    Args:
        background: integer scores of crossings as they come, shape (n,).
        signals: name → integer scores.
        width: bits of the full score, at most 62.
        signed: whether it is in two's complement.
        drop_low: low bits to cut off.
        drop_high: high bits to take away.
        placing: as for `rate_point`: ``fpr`` or ``rate_khz``, weights, colliding bunches, level.

    Raises:
        DataError: as `rate_point`, and scores that are no integers of that width, or no bit left.
    """
    kept = _kept_bits(width, drop_low, drop_high)
    before = _integers(background, signals, width, signed)
    low, high = _integer_range(width - drop_high, signed)
    after = {name: np.clip(scores, low, high) >> drop_low for name, scores in before.items()}
    full, point = (_point(scores, placing) for scores in (before, after))
    passes = {name: (before[name] >= full.threshold, after[name] >= point.threshold) for name in before}
    crossings = _change(*passes[None], placing.get("background_weights"))
    full_khz = full_rate_khz(placing.get("colliding_bunches", COLLIDING_BUNCHES))
    weights = placing.get("signal_weights") or {}
    return QuantizedScore(
        kept_bits=kept,
        full=full,
        point=point,
        threshold=int(point.threshold) << drop_low,
        rate_change_khz=Estimate(crossings.value * full_khz, crossings.error * full_khz),
        tpr_change={name: _change(*passes[name], weights.get(name)) for name in signals},
    )


def _kept_bits(width: int, drop_low: int, drop_high: int) -> int:
    kept = width - drop_low - drop_high
    if not (1 <= kept <= width <= _WIDEST and drop_low >= 0 and drop_high >= 0):
        raise DataError(
            f"score bits: expected at least one left of at most {_WIDEST}, found {width} less {drop_low} low and "
            f"{drop_high} high"
        )
    return kept


def _integers(
    background: ArrayLike, signals: Mapping[str, ArrayLike], width: int, signed: bool
) -> dict[str | None, NDArray[np.int64]]:
    """Scores by signal, the background's under None."""
    checked: dict[str | None, NDArray[np.int64]] = {None: _checked_integers("background", background, width, signed)}
    for name, scores in signals.items():
        checked[name] = _checked_integers(f"signal {name}", scores, width, signed)
    return checked


def _point(scores: Mapping[str | None, NDArray[np.int64]], placing: Placing) -> RatePoint:
    signals = {name: values for name, values in scores.items() if name is not None}
    return rate_point(scores[None], signals, **placing)


def _integer_range(width: int, signed: bool) -> tuple[int, int]:
    return (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)


def _checked_integers(name: str, scores: ArrayLike, width: int, signed: bool) -> NDArray[np.int64]:
    values = checked_scores(name, scores)
    low, high = _integer_range(width, signed)
    if values.dtype.kind != "i" or values.min() < low or values.max() > high:
        raise DataError(
            f"{name}: expected integers {low} to {high}, found {values.dtype} {values.min()} to {values.max()}"
        )
    return values


def _change(before: NDArray[np.bool_], after: NDArray[np.bool_], weights: ArrayLike | None) -> Estimate:
    """Change of a share, with the error of events gained and lost (McNemar, Psychometrika 12 (1947) 153)."""
    share = np.full(before.size, 1.0 / before.size) if weights is None else np.asarray(weights) / np.sum(weights)
    step = after.astype(np.float64) - before
    change = float((share * step).sum())
    return Estimate(change, math.sqrt(float((share**2 * (step - change) ** 2).sum())))
