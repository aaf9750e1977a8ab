"""Judges a network on the untouched test split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from codesign import metrics
from codesign.metrics import Estimate, WorkingPoint

# Background efficiencies at which the signal efficiency of every class is quoted.
BACKGROUND_EFFICIENCIES = (0.1, 0.01)


@dataclass(frozen=True)
class ClassResult:
    """One class against all others; the score is the class probability.

    Attributes:
        name: class.
        events: test events of the class.
        auc: area under the ROC curve.
        working_points: signal efficiency at each of ``BACKGROUND_EFFICIENCIES``.
    """

    name: str
    events: int
    auc: Estimate
    working_points: tuple[WorkingPoint, ...]


@dataclass(frozen=True)
class PhysicsResult:
    """Physics performance on the test split.

    Attributes:
        events: test events.
        accuracy: fraction of events whose largest score is their class.
        validation_accuracy: the same network on the validation split, which chose it.
        classes: results by class.
        confusion: counts, rows true class, columns chosen class.
    """

    events: int
    accuracy: Estimate
    validation_accuracy: Estimate
    classes: tuple[ClassResult, ...]
    confusion: list[list[int]]


def evaluate(
    classes: Sequence[str],
    test_labels: ArrayLike,
    test_logits: ArrayLike,
    validation_labels: ArrayLike,
    validation_logits: ArrayLike,
) -> PhysicsResult:
    """Compute the physics metrics.

    Args:
        classes: class names.
        test_labels: class indices, shape (n,).
        test_logits: network output, shape (n, classes).
        validation_labels: class indices of the validation split.
        validation_logits: network output there.
    """
    labels, logits = np.asarray(test_labels), np.asarray(test_logits)
    probabilities = metrics.softmax(logits)
    return PhysicsResult(
        events=len(labels),
        accuracy=metrics.accuracy(labels, logits),
        validation_accuracy=metrics.accuracy(validation_labels, validation_logits),
        classes=tuple(_judge(name, labels == i, probabilities[:, i]) for i, name in enumerate(classes)),
        confusion=metrics.confusion(labels, logits, len(classes)).tolist(),
    )


def _judge(name: str, is_signal: Any, probability: Any) -> ClassResult:
    return ClassResult(
        name=name,
        events=int(is_signal.sum()),
        auc=metrics.auc(probability, is_signal),
        working_points=tuple(metrics.working_point(probability, is_signal, fpr) for fpr in BACKGROUND_EFFICIENCIES),
    )
