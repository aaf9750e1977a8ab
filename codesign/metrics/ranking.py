"""Scores in order: how much lies at or above a threshold, and which threshold lets how much pass."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.metrics.inputs import Weights, checked_scores, checked_weights
from codesign.metrics.intervals import LEVEL, Efficiency, Sums, efficiency_of

Threshold = int | float


@dataclass(frozen=True)
class Ranked:
    """Scores in rising order; an event is accepted where its score is at or above the threshold.

    Attributes:
        values: int64 or float64, shape (n,).
        dtype: type of the scores as given, in which the threshold must be exact.
        weight: sums of the weights of ``values[i:]``, shape (n + 1,), or None where every event counts as one.
        squares: sums of their squares, likewise.
    """

    values: NDArray[Any]
    dtype: np.dtype[Any]
    weight: Weights
    squares: Weights

    @property
    def events(self) -> int:
        """Number of events."""
        return self.values.size

    @property
    def integers(self) -> bool:
        """Whether scores and thresholds are integers."""
        return self.dtype.kind == "i"

    def above(self, threshold: Any) -> Sums:
        """Sums at or above one threshold, or above each of an array of them."""
        first = np.searchsorted(self.values, threshold, side="left")
        passed = self.events - first
        if self.weight is None or self.squares is None:
            return Sums(passed, self.events, passed, passed, self.events, self.events)
        return Sums(passed, self.events, self.weight[first], self.squares[first], self.weight[0], self.squares[0])

    def fraction(self, threshold: Threshold) -> float:
        """Share of the events, or of their weight, at or above a threshold."""
        added = self.above(threshold)
        return float(added.weight / added.total_weight)

    def efficiency(self, threshold: Threshold, level: float = LEVEL) -> Efficiency:
        """The same with its interval."""
        return efficiency_of(self.above(threshold), level)

    def threshold_at_most(self, fraction: float) -> Threshold:
        """Smallest threshold that accepts at most this share: an integer for integer scores.

        Events that share a score are accepted or rejected together, so that less than the share may pass.
        """
        allowed = self.allowed(fraction)
        # Just above the first event that must be rejected: what ties with it is rejected, never let in.
        return self._next(self.events - 1 - allowed) if allowed < self.events else self._value(0)

    def threshold_at_least(self, fraction: float) -> Threshold:
        """Largest threshold that accepts at least this share."""
        if self.weight is None:
            wanted = self.allowed(fraction)
            wanted += wanted / self.events < fraction
        else:
            wanted = int(np.searchsorted(self.weight[::-1] / self.weight[0], fraction, side="left"))
        return self._value(self.events - min(max(wanted, 1), self.events))

    def allowed(self, fraction: float) -> int:
        """How many events, from the highest score down, may pass without exceeding a share, ties left aside."""
        if self.weight is None:
            count = min(math.floor(fraction * self.events) + 1, self.events)
            while count / self.events > fraction:  # once or twice; the product may have been rounded
                count -= 1
            return count
        return int(np.searchsorted(self.weight[::-1] / self.weight[0], fraction, side="right")) - 1

    def below(self, threshold: Threshold) -> Threshold | None:
        """The highest score that a threshold rejects, None where it rejects nothing."""
        index = int(np.searchsorted(self.values, threshold, side="left")) - 1
        return self._value(index) if index >= 0 else None

    def _value(self, index: int) -> Threshold:
        return int(self.values[index]) if self.integers else float(self.values[index])

    def _next(self, index: int) -> Threshold:
        if self.integers:
            return int(self.values[index]) + 1
        # In the type of the scores: a finer step would be rounded away when it is compared with them.
        return float(np.nextafter(self.dtype.type(self.values[index]), self.dtype.type(np.inf)))


def ranked(name: str, scores: ArrayLike, weights: ArrayLike | None = None) -> Ranked:
    """Put scores in order.

    Args:
        name: what they are, for messages.
        scores: integers or floating-point numbers, shape (n,), larger = more signal-like.
        weights: event weights, none negative, shape (n,), or None.

    Raises:
        DataError: no events, NaN or infinite values, or weights that are no weights.
    """
    values = checked_scores(name, scores)
    checked = checked_weights(name, weights, values.size)
    wide = np.dtype(np.int64 if values.dtype.kind == "i" else np.float64)
    if checked is None:
        return Ranked(np.sort(values).astype(wide, copy=False), values.dtype, None, None)
    order = np.argsort(values)
    by_score = checked[order]
    return Ranked(values[order].astype(wide, copy=False), values.dtype, _tails(by_score), _tails(by_score**2))


def _tails(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of ``values[i:]``, shape (n + 1,); added up from the top, where precision is needed."""
    return np.append(np.cumsum(values[::-1])[::-1], 0.0)
