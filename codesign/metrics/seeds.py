"""Comparison of networks that were trained several times from different seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from codesign.errors import DataError
from codesign.metrics.intervals import Estimate

SIGNIFICANCE = 0.05  # probability to call equal networks different

Verdict = Literal["higher", "lower", "not distinguishable"]


@dataclass(frozen=True)
class Spread:
    """A quantity over trainings that differ in nothing but the seed.

    Attributes:
        mean: over the trainings.
        std: standard deviation between them, None for one training.
        n: trainings.
        test_error: error of one of them from the finite test sample, zero where it was not given. It is taken as
            common to all, since all are judged on the same events: averaging does not reduce it.
    """

    mean: float
    std: float | None
    n: int
    test_error: float


@dataclass(frozen=True)
class Comparison:
    """How the first of two quantities stands to the second.

    Attributes:
        verdict: what can be said of the first.
        difference: first less second.
        error: standard error of the difference, None where a spread is not known.
        p_value: of Welch's test, two-sided, None likewise.
    """

    verdict: Verdict
    difference: float
    error: float | None
    p_value: float | None


def spread(values: Sequence[float | Estimate]) -> Spread:
    """Mean and standard deviation over trainings.

    Args:
        values: one per training, with or without its error from the test sample.

    Raises:
        DataError: no values, or NaN.
    """
    numbers = [value.value if isinstance(value, Estimate) else float(value) for value in values]
    errors = [value.error if isinstance(value, Estimate) else 0.0 for value in values]
    if not numbers or not np.isfinite([*numbers, *errors]).all():
        raise DataError(f"spread: expected one finite number per training, found {numbers}")
    std = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return Spread(float(np.mean(numbers)), std, len(numbers), math.sqrt(float(np.mean(np.square(errors)))))


def better(a: Spread, b: Spread) -> Comparison:
    """Say whether a quantity is higher or lower than another, or whether that cannot be said.

    It is said only if both hold: Welch's test, Biometrika 34 (1947) 28, finds the means different at the 5 % level
    (`SIGNIFICANCE`), test-sample errors included as known; and the difference exceeds the combined spread, the root
    of the squared sum of standard deviations and test-sample errors, so that one more training would show it. Networks
    judged on the same events share part of their test-sample error; that it is counted in full errs on the safe side.
    One training alone has no spread, and is never distinguishable.
    """
    from scipy.special import stdtr

    difference = a.mean - b.mean
    if a.std is None or b.std is None:
        return Comparison("not distinguishable", difference, None, None)
    parts = [a.std**2 / a.n, b.std**2 / b.n]
    known = a.test_error**2 + b.test_error**2
    error = math.sqrt(sum(parts) + known)
    if error == 0.0:
        return Comparison(_verdict(difference, difference != 0.0), difference, 0.0, float(difference == 0.0))
    own = sum(part**2 / (of.n - 1) for part, of in zip(parts, (a, b), strict=True))
    degrees = error**4 / own if own > 0 else math.inf
    p_value = float(2 * stdtr(degrees, -abs(difference) / error))
    combined = math.sqrt(a.std**2 + b.std**2 + known)
    return Comparison(
        _verdict(difference, p_value < SIGNIFICANCE and abs(difference) > combined), difference, error, p_value
    )


def _verdict(difference: float, distinguishable: bool) -> Verdict:
    if not distinguishable:
        return "not distinguishable"
    return "higher" if difference > 0 else "lower"
