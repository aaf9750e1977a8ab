"""Judges a classifier on the untouched test split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign import metrics
from codesign.evaluation.scores import SplitScores
from codesign.metrics import Estimate, Rejection, WorkingPoint

# Background efficiencies at which the signal efficiency of every class is quoted.
BACKGROUND_EFFICIENCIES = (0.1, 0.01)
# Signal efficiencies at which the background rejection of every class is quoted.
SIGNAL_EFFICIENCIES = (0.3, 0.5)


@dataclass(frozen=True)
class ClassResult:
    """One class against all others; the score is the class probability.

    Attributes:
        name: class.
        events: test events of the class.
        auc: area under the ROC curve.
        working_points: signal efficiency at each of ``BACKGROUND_EFFICIENCIES``.
        rejections: background rejection at each of ``SIGNAL_EFFICIENCIES``.
    """

    name: str
    events: int
    auc: Estimate
    working_points: tuple[WorkingPoint, ...]
    rejections: tuple[Rejection, ...]


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


def evaluate_classifier(classes: Sequence[str], test: SplitScores, validation: SplitScores) -> PhysicsResult:
    """Compute the physics metrics; event weights count where there are any.

    Args:
        classes: class names.
        test: logits of the test split.
        validation: logits of the validation split.
    """
    probabilities = metrics.softmax(test.logits)
    return PhysicsResult(
        events=len(test.labels),
        accuracy=metrics.accuracy(test.labels, test.logits, _weights(test)),
        validation_accuracy=metrics.accuracy(validation.labels, validation.logits, _weights(validation)),
        classes=tuple(
            _judge(name, test.labels == i, probabilities[:, i], _weights(test)) for i, name in enumerate(classes)
        ),
        confusion=metrics.confusion(test.labels, test.logits, len(classes)).tolist(),
    )


def _weights(split: SplitScores) -> NDArray[np.float64] | None:
    """Event weights, None where they are all equal: unweighted errors are exact."""
    return split.weights if (split.weights != split.weights[0]).any() else None


def _judge(
    name: str, is_signal: NDArray[np.bool_], probability: NDArray[np.float64], weights: NDArray[np.float64] | None
) -> ClassResult:
    return ClassResult(
        name=name,
        events=int(is_signal.sum()),
        auc=metrics.auc(probability, is_signal, weights),
        working_points=tuple(
            metrics.working_point(probability, is_signal, fpr, weights) for fpr in BACKGROUND_EFFICIENCIES
        ),
        rejections=tuple(
            metrics.background_rejection(probability, is_signal, tpr, weights) for tpr in SIGNAL_EFFICIENCIES
        ),
    )
