"""Physics metrics as a trigger reads them, with their statistical errors (NumPy only)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


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


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Class probabilities, shape (n, classes), of logits of the same shape."""
    shifted = np.asarray(logits, dtype=np.float64)
    exponentials = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def accuracy(labels: ArrayLike, scores: ArrayLike) -> Estimate:
    """Fraction of events whose largest score is their class, with the binomial error.

    Args:
        labels: class indices, shape (n,).
        scores: shape (n, classes); among equal scores the lowest index wins, as in the firmware's argmax.
    """
    correct = np.argmax(np.asarray(scores), axis=1) == np.asarray(labels)
    return Estimate(float(correct.mean()), _binomial_error(float(correct.mean()), correct.size))


def roc(scores: ArrayLike, is_signal: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC curve.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).

    Returns:
        (fpr, tpr), both from 0 to 1, one point per distinct score plus the origin.
    """
    values, signal = np.asarray(scores, dtype=np.float64), np.asarray(is_signal, dtype=bool)
    order = np.argsort(-values, kind="stable")
    last_of_tie = np.append(np.diff(values[order]) != 0, True)
    tpr = np.cumsum(signal[order])[last_of_tie] / max(int(signal.sum()), 1)
    fpr = np.cumsum(~signal[order])[last_of_tie] / max(int((~signal).sum()), 1)
    return np.append(0.0, fpr), np.append(0.0, tpr)


def auc(scores: ArrayLike, is_signal: ArrayLike) -> Estimate:
    """Area under the ROC curve with the error of DeLong et al., Biometrics 44 (1988) 837.

    Computed from mid-ranks as in Sun and Xu, IEEE Signal Process. Lett. 21 (2014) 1389.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).
    """
    values, signal = np.asarray(scores, dtype=np.float64), np.asarray(is_signal, dtype=bool)
    positive, negative = values[signal], values[~signal]
    ranks = _midranks(np.concatenate([positive, negative]))
    m, n = positive.size, negative.size
    # Fraction of background below each signal event, and of signal above each background event.
    above = (ranks[:m] - _midranks(positive)) / n
    below = 1.0 - (ranks[m:] - _midranks(negative)) / m
    variance = above.var(ddof=1) / m + below.var(ddof=1) / n
    return Estimate(float(above.mean()), float(math.sqrt(variance)))


def working_point(scores: ArrayLike, is_signal: ArrayLike, fpr: float) -> WorkingPoint:
    """Signal efficiency at the threshold that accepts at most a fraction ``fpr`` of the background.

    Args:
        scores: shape (n,), larger = more signal-like.
        is_signal: boolean, shape (n,).
        fpr: background efficiency, in (0, 1).
    """
    values, signal = np.asarray(scores, dtype=np.float64), np.asarray(is_signal, dtype=bool)
    background = np.sort(values[~signal])[::-1]
    allowed = math.floor(fpr * background.size)
    # Strictly above the first background event that must be rejected: ties are rejected, never let in.
    threshold = float(np.nextafter(background[allowed], np.inf)) if allowed < background.size else float(background[-1])
    tpr = float((values[signal] >= threshold).mean())
    curve_fpr, curve_tpr = roc(values, signal)
    spread = _binomial_error(fpr, background.size)
    high, low = np.interp([fpr + spread, max(fpr - spread, 0.0)], curve_fpr, curve_tpr)
    error = math.hypot(_binomial_error(tpr, int(signal.sum())), float(high - low) / 2)
    return WorkingPoint(fpr, tpr, error, threshold, int((background >= threshold).sum()))


def confusion(labels: ArrayLike, scores: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts, shape (classes, classes): rows are true classes, columns the class of the largest score."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (np.asarray(labels, dtype=np.int64), np.argmax(np.asarray(scores), axis=1)), 1)
    return matrix


def _binomial_error(fraction: float, count: int) -> float:
    """Half-width of the Wilson interval at 68 %, which does not vanish at fractions of 0 and 1."""
    if count <= 0:
        return 1.0
    return math.sqrt(fraction * (1 - fraction) / count + 1 / (4 * count**2)) / (1 + 1 / count)


def _midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)
