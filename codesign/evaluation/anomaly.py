"""Judges an anomaly detector on the untouched test split: efficiency at trigger rates for signals it never saw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from codesign import metrics
from codesign.config import EvaluationSection
from codesign.errors import RunError
from codesign.evaluation.scores import SplitScores
from codesign.metrics import BinnedRates, Estimate, PureRate, QuantizedScore, RateCurve, RatePoint

Groups = dict[str, NDArray[np.bool_]]  # rows of the background and of every signal

CURVE_POINTS = 60
DROPPED_BITS = (1, 2, 4)  # low bits of the score that the report tries to leave out
LARGEST_EXPONENT = 24  # scores are exact in float32, so their grid is not finer than this relative to their size
STABILITY_BINS = 6
FEWEST_EVENTS = 2


@dataclass(frozen=True)
class SignalResult:
    """One signal against the background.

    Attributes:
        name: class.
        events: test events.
        auc: area under the ROC curve.
    """

    name: str
    events: int
    auc: Estimate


@dataclass(frozen=True)
class ScoreResult:
    """One anomaly score.

    Attributes:
        name: name in `codesign.models.scores.SCORES`.
        lsb: score that the integer 1 stands for; thresholds are such integers.
        bits: width of the unsigned integer that holds every score of the test split.
        signals: area under the ROC curve of every signal.
        points: thresholds for background efficiencies and rates, with the signal efficiencies there.
        curve: background rate against threshold.
        coarser: what changes at the middle background efficiency when low bits of the score are dropped.
    """

    name: str
    lsb: float
    bits: int
    signals: tuple[SignalResult, ...]
    points: tuple[RatePoint, ...]
    curve: RateCurve
    coarser: tuple[QuantizedScore, ...]


@dataclass(frozen=True)
class AnomalyResult:
    """Physics performance on the test split.

    Attributes:
        deployed: name of the score that becomes firmware.
        background: classes the detector learned from.
        background_events: their test events.
        weighted: whether the events carry weights.
        scores: every score of the network, the deployed one first.
        pure: for every point of the deployed score the rate on top of an existing menu, if the configuration names one.
        stability: rate of the deployed score at its middle point against a variable, if the configuration names one.
    """

    deployed: str
    background: tuple[str, ...]
    background_events: int
    weighted: bool
    scores: tuple[ScoreResult, ...]
    pure: tuple[PureRate, ...]
    stability: BinnedRates | None


def evaluate_anomaly(
    test: SplitScores,
    classes: Sequence[str],
    background: Sequence[str],
    deployed: str,
    settings: EvaluationSection,
    menu: NDArray[np.bool_] | None = None,
    variable: NDArray[np.float64] | None = None,
) -> AnomalyResult:
    """Compute the physics metrics of every score.

    Args:
        test: scores of the test split.
        classes: class names.
        background: those that are background; all others are signals.
        deployed: name of the score that becomes firmware.
        settings: working points.
        menu: decisions of an existing menu on all test rows, shape (n, bits).
        variable: what the stability of the rate is tested against, shape (n,).

    Raises:
        RunError: the deployed score is not among the kept ones.
    """
    if deployed not in test.scores:
        raise RunError(f"scores: expected {deployed!r} among {', '.join(test.scores)}; repeat the training")
    groups = _groups(test.labels, classes, background)
    weighted = bool((test.weights != test.weights[0]).any())
    names = [deployed, *(name for name in test.scores if name != deployed)]
    results = tuple(_judge(name, test.scores[name], test.weights, groups, weighted, settings) for name in names)
    integers, known = as_integers(test.scores[deployed])[0], groups[BACKGROUND]
    weights = test.weights[known] if weighted else None
    bunches = settings.colliding_bunches
    pure: tuple[PureRate, ...] = ()
    if menu is not None:
        accepted = [integers[known] >= point.threshold for point in results[0].points]
        pure = tuple(
            metrics.pure_rate(rows, menu[known], weights=weights, colliding_bunches=bunches) for rows in accepted
        )
    stability = None
    if variable is not None:
        threshold, values = middle(results[0].points).threshold, variable[known]
        edges = np.unique(np.quantile(values, np.linspace(0, 1, STABILITY_BINS + 1)))
        edges[-1] = np.nextafter(edges[-1], np.inf)
        stability = metrics.rate_by_bins(
            integers[known], threshold, values, edges, weights=weights, colliding_bunches=bunches
        )
    return AnomalyResult(deployed, tuple(background), int(known.sum()), weighted, results, pure, stability)


BACKGROUND = ""  # name of the background among the groups of rows


def as_integers(scores: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Scores as the integers that firmware compares, and the score that the integer 1 stands for.

    Raises:
        RunError: the scores lie on no grid, so they are not those of a quantised network.
    """
    for exponent in range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1):
        counts = np.ldexp(scores, exponent)
        if np.array_equal(counts, np.rint(counts)):
            return counts.astype(np.int64), math.ldexp(1.0, -exponent)
    raise RunError("scores: expected fixed-point numbers, found some finer than 2⁻²⁴; repeat the training")


def _groups(labels: NDArray[np.int64], classes: Sequence[str], background: Sequence[str]) -> Groups:
    """Rows of the background and of every signal that has enough for an area with an error."""
    known = np.isin(labels, [classes.index(name) for name in background])
    signals = {name: labels == index for index, name in enumerate(classes) if name not in background}
    return {BACKGROUND: known, **{name: rows for name, rows in signals.items() if rows.sum() >= FEWEST_EVENTS}}


def _judge(
    name: str,
    scores: NDArray[np.float64],
    weights: NDArray[np.float64],
    groups: Groups,
    weighted: bool,
    settings: EvaluationSection,
) -> ScoreResult:
    integers, lsb = as_integers(scores)
    known, signals = groups[BACKGROUND], {key: rows for key, rows in groups.items() if key != BACKGROUND}
    by_signal = {key: integers[rows] for key, rows in signals.items()}
    background_weights = weights[known] if weighted else None
    signal_weights = {key: weights[rows] for key, rows in signals.items()} if weighted else None
    place = partial(
        metrics.rate_point,
        integers[known],
        by_signal,
        background_weights=background_weights,
        signal_weights=signal_weights,
        colliding_bunches=settings.colliding_bunches,
    )
    points = (
        *(place(fpr=fpr) for fpr in settings.fpr),
        *(place(rate_khz=rate) for rate in settings.rates_khz),
    )
    signed = bool(integers.min() < 0)
    bits = max(int(integers.max()).bit_length(), int(~integers.min()).bit_length() if signed else 1) + signed
    coarser = (
        metrics.score_quantization(
            integers[known],
            by_signal,
            width=bits,
            signed=signed,
            drop_low=dropped,
            fpr=middle(points).asked_fpr,
            background_weights=background_weights,
            signal_weights=signal_weights,
            colliding_bunches=settings.colliding_bunches,
        )
        for dropped in DROPPED_BITS
        if dropped < bits - 1
    )
    return ScoreResult(
        name=name,
        lsb=lsb,
        bits=bits,
        signals=tuple(
            _signal(key, integers, weights if weighted else None, rows, known) for key, rows in signals.items()
        ),
        points=points,
        curve=metrics.rate_curve(
            integers[known],
            _thresholds(integers[known]),
            weights=background_weights,
            colliding_bunches=settings.colliding_bunches,
        ),
        coarser=tuple(coarser),
    )


def _signal(
    name: str,
    integers: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    rows: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> SignalResult:
    used = rows | known
    area = metrics.auc(integers[used], rows[used], None if weights is None else weights[used])
    return SignalResult(name, int(rows.sum()), area)


def middle(points: Sequence[RatePoint]) -> RatePoint:
    """The point that stands for all of them where only one can be shown."""
    return points[len(points) // 2 - 1] if len(points) > 1 else points[0]


def _thresholds(background: NDArray[np.int64]) -> NDArray[np.int64]:
    """Thresholds that share out the background evenly in the logarithm of the accepted fraction."""
    fractions = np.geomspace(1.0, 1.0 / len(background), CURVE_POINTS)
    return np.unique(np.quantile(background, 1.0 - fractions, method="higher"))
