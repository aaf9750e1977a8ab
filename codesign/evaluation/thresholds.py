"""Thresholds of the firmware's working points: integers of the score, placed on the test split's background."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign import metrics
from codesign.config import Config
from codesign.config_firmware import WorkingPointSection
from codesign.errors import ConfigError
from codesign.evaluation.anomaly import as_integers
from codesign.evaluation.scores import SplitScores, read_scores
from codesign.naming import unknown_name
from codesign.task import background_classes

DEFAULT_CLASS_FPR = 0.01


def working_points(config: Config, classes: Sequence[str]) -> dict[str, WorkingPointSection]:
    """The working points of a configuration, or the default ones of its task.

    Raises:
        ConfigError: a point names an unknown class, or none where it must, or a rate that a classifier has not.
    """
    anomaly = config.task.kind == "anomaly"
    points = dict(config.firmware.decision.working_points)
    if not points and anomaly:
        points = {f"point_{k}": WorkingPointSection(fpr=fpr) for k, fpr in enumerate(config.evaluation.fpr)}
    if not points:
        points = {f"class_{k}": _of_class(name) for k, name in enumerate(classes)}
    for name, point in points.items():
        where = f"firmware.decision.working_points.{name}"
        if anomaly and point.class_name is not None:
            raise ConfigError(f"{where}.class: an anomaly detector has one score and no classes; leave it out")
        if not anomaly and point.class_name not in classes:
            raise ConfigError(f"{where}.class: {unknown_name('class', point.class_name or 'none', classes)}")
        if not anomaly and point.rate_khz is not None:
            raise ConfigError(f"{where}.rate_khz: the rate of a classifier is not known; expected fpr or threshold")
    return points


def _of_class(name: str) -> WorkingPointSection:
    return WorkingPointSection.model_validate({"class": name, "fpr": DEFAULT_CLASS_FPR})


def thresholds(config: Config, classes: Sequence[str], scores_file: Path) -> dict[str, float]:
    """Smallest score, or margin of a class's score, that every working point with an efficiency or a rate accepts.

    Points whose threshold is given as an integer are left out. The value lies on the grid of the network's scores; it
    is the threshold that ``metrics.json`` has at the same efficiency or rate.

    Args:
        config: the configuration.
        classes: class names of the data set.
        scores_file: what the training kept.

    Raises:
        ConfigError: see ``working_points``.
        RunError: the scores are missing or damaged.
    """
    asked = {name: point for name, point in working_points(config, classes).items() if point.threshold is None}
    test = read_scores(scores_file, "test") if asked else None
    return {name: _threshold(config, classes, test, point) for name, point in asked.items() if test is not None}


def _threshold(config: Config, classes: Sequence[str], test: SplitScores, point: WorkingPointSection) -> float:
    if config.task.kind == "anomaly":
        background = background_classes(config.task, classes)
        values = test.scores[config.task.score]
        chosen = np.isin(test.labels, [classes.index(name) for name in background])
    else:
        index = classes.index(point.class_name or "")
        values = margin(test.logits, index)
        chosen = test.labels != index
    integers, lsb = as_integers(values)
    weighted = bool((test.weights != test.weights[0]).any())
    found = metrics.rate_point(
        integers[chosen],
        {},
        fpr=point.fpr,
        rate_khz=point.rate_khz,
        background_weights=test.weights[chosen] if weighted else None,
        colliding_bunches=config.evaluation.colliding_bunches,
    )
    return float(found.threshold) * lsb


def margin(logits: NDArray[np.float64], index: int) -> NDArray[np.float64]:
    """Score of a class minus the largest of the others, shape (n,) of scores of shape (n, classes)."""
    others = np.delete(logits, index, axis=1)
    return np.asarray(logits[:, index] - others.max(axis=1), dtype=np.float64)
