"""Whether a rate stands still against pile-up or any other variable."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError
from codesign.metrics.inputs import checked_fraction, checked_rising, checked_scores, checked_variable, checked_weights
from codesign.metrics.intervals import LEVEL, Sums, effective_counts, interval_ends
from codesign.metrics.rates import COLLIDING_BUNCHES, full_rate_khz

FEWEST_PER_BIN = 5  # Cochran, Biometrics 10 (1954) 417: expected events for a χ² test to hold


@dataclass(frozen=True)
class BinnedRates:
    """Rate against a variable, and whether it is flat.

    Attributes:
        edges: edges of the bins.
        khz: rate if all crossings were like those in the bin, None where there are none.
        low_khz: lower end of its interval.
        high_khz: upper end.
        events: crossings per bin.
        accepted: of these, accepted ones.
        outside: crossings that lie in no bin.
        chi2: Pearson's χ² of the hypothesis that the same share is accepted in every bin.
        degrees: degrees of freedom.
        p_value: probability of a χ² at least as large if the rate is flat.
        warning: why the p-value is only approximate, or None.
    """

    edges: tuple[float, ...]
    khz: tuple[float | None, ...]
    low_khz: tuple[float | None, ...]
    high_khz: tuple[float | None, ...]
    events: tuple[int, ...]
    accepted: tuple[int, ...]
    outside: int
    chi2: float
    degrees: int
    p_value: float
    warning: str | None


def rate_by_bins(
    scores: ArrayLike,
    threshold: float,
    variable: ArrayLike,
    edges: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    colliding_bunches: int = COLLIDING_BUNCHES,
    level: float = LEVEL,
) -> BinnedRates:
    """Rate at a threshold in bins of a variable, and a test whether it is flat.

    With weights, rates are shares of their sums, intervals those of `efficiency` unweighted events, and χ² is
    computed from effective counts as in Rao and Scott, Biometrics 48 (1992) 577.

    Args:
        scores: scores of crossings as they come, shape (n,).
        threshold: score at and above which a crossing is accepted.
        variable: pile-up or any other variable of the crossing, shape (n,).
        edges: rising edges of the bins, shape (bins + 1,); a bin contains its lower edge, the last one both.
        weights: event weights, none negative, shape (n,).
        colliding_bunches: pairs of bunches that collide in one turn.
        level: probability content of intervals.

    Raises:
        DataError: NaN, wrong shapes, edges that do not rise, weights that are no weights, fewer than two filled bins.
    """
    values = checked_scores("scores", scores)
    where = checked_variable("variable", variable, values.size)
    limits = checked_rising("edges", edges, 3).astype(np.float64)
    checked = checked_weights("scores", weights, values.size)
    if not math.isfinite(threshold):
        raise DataError(f"threshold: expected a number, found {threshold}")
    index = np.searchsorted(limits, where, side="right") - 1
    index[where == limits[-1]] = limits.size - 2
    inside = (index >= 0) & (index < limits.size - 1)
    amount = np.ones(int(inside.sum())) if checked is None else checked[inside]
    # A double, or it would be rounded to the type of single-precision scores.
    cut = threshold if values.dtype.kind == "i" else np.float64(threshold)
    passes, index = (values >= cut)[inside], index[inside]
    added = _binned(index, passes, amount, limits.size - 1)
    chi2, degrees, p_value, warning = _flatness(added, index, passes, amount)
    khz, low_khz, high_khz = _rates(added, full_rate_khz(colliding_bunches), checked_fraction("level", level))
    return BinnedRates(
        edges=tuple(limits.tolist()),
        khz=khz,
        low_khz=low_khz,
        high_khz=high_khz,
        events=tuple(added.total.tolist()),
        accepted=tuple(added.passed.tolist()),
        outside=int((~inside).sum()),
        chi2=chi2,
        degrees=degrees,
        p_value=p_value,
        warning=warning,
    )


def _binned(index: NDArray[np.intp], passes: NDArray[np.bool_], amount: NDArray[np.float64], bins: int) -> Sums:
    def count(selected: NDArray[np.bool_] | None, power: int) -> NDArray[Any]:
        chosen, weight = (index, amount) if selected is None else (index[selected], amount[selected])
        return np.bincount(chosen, None if power == 0 else weight**power, minlength=bins)

    passed, total = count(passes, 0), count(None, 0)
    return Sums(passed, total, count(passes, 1), count(passes, 2), count(None, 1), count(None, 2))


def _rates(added: Sums, full_khz: float, level: float) -> tuple[tuple[float | None, ...], ...]:
    """Rates and the ends of their intervals."""
    filled = added.total_weight > 0
    used = Sums(*(part[filled] for part in added))
    fraction = np.minimum(used.weight / used.total_weight, 1.0)
    low, high = interval_ends(*effective_counts(used), level)
    columns = []
    for values in (fraction, np.minimum(low, fraction), np.maximum(high, fraction)):
        column = np.full(filled.size, np.nan)
        column[filled] = values * full_khz
        columns.append(tuple(None if math.isnan(value) else value for value in column.tolist()))
    return tuple(columns)


def _flatness(
    added: Sums, index: NDArray[np.intp], passes: NDArray[np.bool_], amount: NDArray[np.float64]
) -> tuple[float, int, float, str | None]:
    """Return χ², degrees of freedom, p-value and warning."""
    from scipy.special import chdtrc

    filled = added.total_weight > 0
    degrees = int(filled.sum()) - 1
    if degrees < 1:
        raise DataError(f"variable: expected crossings in at least two bins, found them in {degrees + 1}")
    # Weights in units of the typical one of their bin make effective counts; where weights depend on acceptance, the
    # remaining factor is that of the variance under the hypothesis of one common share.
    unit = np.where(filled, added.total_squares, 1.0) / np.where(filled, added.total_weight, 1.0)
    size = added.total_weight / unit
    scaled = amount / unit[index]
    share = float(scaled[passes].sum() / scaled.sum())
    if not 0.0 < share < 1.0:
        return 0.0, degrees, 1.0, f"{'no' if share == 0 else 'every'} crossing is accepted: any rate looks flat"
    factor = (1 - share) * _typical(scaled[passes]) + share * _typical(scaled[~passes])
    found = added.weight / np.where(filled, added.total_weight, 1.0)
    chi2 = float((size * (found - share) ** 2)[filled].sum() / (share * (1 - share) * factor))
    fewest = float((size / factor)[filled].min()) * min(share, 1 - share)
    warning = None
    if fewest < FEWEST_PER_BIN:
        warning = (
            f"{fewest:.2g} accepted crossings expected in the emptiest bin: below {FEWEST_PER_BIN} the p-value is "
            "only approximate"
        )
    return chi2, degrees, float(chdtrc(degrees, chi2)), warning


def _typical(weights: NDArray[np.float64]) -> float:
    return float((weights**2).sum() / weights.sum())
