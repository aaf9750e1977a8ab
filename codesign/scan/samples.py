"""Which events choose among trials, and which ones are kept for what is reported."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.config import TaskSection
from codesign.evaluation.scores import SplitScores
from codesign.task import background_classes

Read = Callable[[str], SplitScores]


def selection_sample(
    read: Read, task: TaskSection, classes: Sequence[str], counts: Mapping[str, Mapping[str, int]]
) -> SplitScores:
    """The events that choose: the validation split.

    Where an anomaly search has signals in the test split only, every second of them is added, and only the others are
    ever reported (`reported_sample`).

    Args:
        read: scores of a split by its name.
        task: the task.
        classes: class names.
        counts: rows by split and class.
    """
    validation = read("validation")
    if not shares_test(task, classes, counts):
        return validation
    test = read("test")
    return _joined(validation, _rows(test, _signal_half(test.labels, task, classes, 0)))


def reported_sample(
    test: SplitScores, task: TaskSection, classes: Sequence[str], counts: Mapping[str, Mapping[str, int]]
) -> SplitScores:
    """The rows of the test split that no choice of the scan has seen."""
    if not shares_test(task, classes, counts):
        return test
    return _rows(test, ~_signal_half(test.labels, task, classes, 0))


def shares_test(task: TaskSection, classes: Sequence[str], counts: Mapping[str, Mapping[str, int]]) -> bool:
    """Whether a signal has no validation rows, so that half of the test rows of all signals must choose."""
    if task.kind == "classification":
        return False
    known = background_classes(task, classes)
    return any(counts["validation"][name] == 0 for name in classes if name not in known)


def _signal_half(labels: NDArray[np.int64], task: TaskSection, classes: Sequence[str], half: int) -> NDArray[np.bool_]:
    """Every second row of every signal."""
    known, chosen = background_classes(task, classes), np.zeros(len(labels), bool)
    for index, name in enumerate(classes):
        if name not in known:
            chosen[np.flatnonzero(labels == index)[half::2]] = True
    return chosen


def _rows(sample: SplitScores, chosen: NDArray[np.bool_]) -> SplitScores:
    scores = {name: values[chosen] for name, values in sample.scores.items()}
    return SplitScores(sample.labels[chosen], sample.weights[chosen], sample.logits[chosen], scores)


def _joined(first: SplitScores, then: SplitScores) -> SplitScores:
    def both(get: Callable[[SplitScores], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([get(first), get(then)])

    return SplitScores(
        both(lambda sample: sample.labels),
        both(lambda sample: sample.weights),
        both(lambda sample: sample.logits),
        {name: np.concatenate([first.scores[name], then.scores[name]]) for name in first.scores},
    )
