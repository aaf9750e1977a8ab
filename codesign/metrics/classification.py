"""How well a classifier separates: accuracy, confusion, ROC curve, with statistical errors."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError
from codesign.metrics.inputs import Weights, checked_classes, checked_pair, checked_table, checked_weights
from codesign.metrics.intervals import Estimate, efficiency_of, sums, wilson_error


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Class probabilities, shape (n, classes), of logits of the same shape.

    Raises:
        DataError: another shape, or logits that are NaN or infinite.
    """
    values = checked_table("logits", logits)
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def accuracy(labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """Fraction of events whose largest score is their class, with the binomial error.

    With weights it is the fraction of their sum, and the error that of `efficiency` unweighted events.

    Args:
        labels: class indices, shape (n,).
        scores: shape (n, classes); among equal scores the lowest index wins, as in the firmware's argmax.
        weights: event weights, none negative, shape (n,).

    Raises:
        DataError: no events, wrong shapes, a class without a score, NaN, or weights that are no weights.
    """
    index, values = checked_classes(labels, scores)
    added = sums(np.argmax(values, axis=1) == index, checked_weights("accuracy", weights, index.size))
    correct = efficiency_of(added)
    return Estimate(correct.value, wilson_error(correct.value, correct.effective_total))


def confusion(
    labels: ArrayLike, scores: ArrayLike, classes: int, weights: ArrayLike | None = None
) -> NDArray[np.int64] | NDArray[np.float64]:
    """Counts, or sums of weights, shape (classes, classes): rows are true classes, columns that of the largest score.

    Raises:
        DataError: no events, wrong shapes, a class without a score, NaN, or weights that are no weights.
    """
    index, values = checked_classes(labels, scores)
    if values.shape[1] != classes:
        raise DataError(f"scores: expected one for each of {classes} classes, found {values.shape[1]}")
    checked = checked_weights("confusion", weights, index.size)
    cell = index * classes + np.argmax(values, axis=1)
    return np.bincount(cell, checked, minlength=classes**2).reshape(classes, classes)


def roc(
    scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC curve.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).
        weights: event weights, none negative, shape (n,); efficiencies are then shares of their sums.

    Returns:
        (fpr, tpr), both from 0 to 1, one point per distinct score plus the origin.

    Raises:
        DataError: no signal, no background, NaN, wrong shapes, or weights that are no weights.
    """
    values, signal, checked = checked_pair(scores, is_signal, weights)
    order = np.argsort(-values, kind="stable")
    falling, hit = values[order], signal[order]
    last_of_tie = np.append(falling[1:] != falling[:-1], True)
    amount = np.ones(1) if checked is None else checked[order]
    tpr, fpr = (np.cumsum(kind * amount)[last_of_tie] for kind in (hit, ~hit))
    return np.append(0.0, fpr / fpr[-1]), np.append(0.0, tpr / tpr[-1])


def auc(scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """Area under the ROC curve with the error of DeLong et al., Biometrics 44 (1988) 837.

    Computed from sorted scores as in Sun and Xu, IEEE Signal Process. Lett. 21 (2014) 1389. With weights, pairs of
    events count as the product of their weights, and each sum over events in the error becomes a weighted one.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).
        weights: event weights, none negative, shape (n,).

    Raises:
        DataError: fewer than two signal or background events, NaN, wrong shapes, or weights that are no weights.
    """
    values, signal, checked = checked_pair(scores, is_signal, weights, fewest=2)
    positive, negative = _sorted(values, checked, signal), _sorted(values, checked, ~signal)
    # Share of background below each signal event, and of signal above each background event.
    area, signal_variance = _mean(_below(positive[0], *negative), positive[1])
    _, background_variance = _mean(1.0 - _below(negative[0], *positive), negative[1])
    return Estimate(area, math.sqrt(signal_variance + background_variance))


def _sorted(values: NDArray[Any], weights: Weights, kind: NDArray[np.bool_]) -> tuple[NDArray[Any], Weights]:
    """Scores of one kind in rising order, and their weights."""
    chosen = values[kind]
    if weights is None:
        return np.sort(chosen), None
    order = np.argsort(chosen)
    return chosen[order], weights[kind][order]


def _below(scores: NDArray[Any], others: NDArray[Any], weights: Weights) -> NDArray[np.float64]:
    """Share of the others (sorted, with their weights) below each score, equal ones counting half."""
    left, right = (np.searchsorted(others, scores, side=side) for side in ("left", "right"))
    if weights is None:
        return np.asarray((left + right) / 2 / others.size)
    running = np.append(0.0, np.cumsum(weights))
    return np.asarray((running[left] + running[right]) / 2 / running[-1])


def _mean(values: NDArray[np.float64], weights: Weights) -> tuple[float, float]:
    """Mean and the variance of the mean."""
    if weights is None:
        return float(values.mean()), float(values.var(ddof=1) / values.size)
    share = weights / weights.sum()
    mean = float((share * values).sum())
    unbiased = max(1.0 - float((share**2).sum()), np.finfo(np.float64).tiny)
    return mean, float((share**2 * (values - mean) ** 2).sum()) / unbiased
