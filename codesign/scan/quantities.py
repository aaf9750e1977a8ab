"""What can be wanted of a trial: physics by name, measured on any sample, and costs by name."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign import metrics
from codesign.config import TaskSection
from codesign.errors import ConfigError
from codesign.evaluation.anomaly import as_integers
from codesign.evaluation.scores import SplitScores
from codesign.metrics import Estimate
from codesign.naming import unknown_name
from codesign.task import background_classes

COSTS = ("lut", "lut_share", "ff", "dsp", "latency_cycles", "latency_ns", "latency_bunch_crossings", "ebops")
PHYSICS = ("accuracy", "auc", "auc_mean", "tpr@1e-3", "tpr@10kHz")
_NAME = re.compile(r"(?P<kind>accuracy|auc_mean|auc|tpr@(?P<at>[0-9.eE+-]+)(?P<unit>kHz)?)(:(?P<signal>.+))?")


@dataclass(frozen=True)
class Physics:
    """A quantity of the scores.

    Attributes:
        name: as the user wrote it.
        kind: "accuracy", "auc", "auc_mean" or "tpr".
        fpr: "tpr": background efficiency of the working point, None where a rate is given.
        rate_khz: "tpr": trigger rate of the working point, None where a background efficiency is given.
        signal: class that it is about; None means the worst one.
    """

    name: str
    kind: str
    fpr: float | None = None
    rate_khz: float | None = None
    signal: str | None = None


def parse_objective(name: str) -> Physics | str:
    """A quantity of the scores, or the name of a cost.

    ``accuracy``, ``auc`` (worst class or signal), ``auc:W``, ``auc_mean``, ``tpr@1e-3`` (signal efficiency of the worst
    signal at this background efficiency), ``tpr@10kHz:h0_to_tautau``; a cost is one of `COSTS`.

    Raises:
        ConfigError: neither of them.
    """
    if name in COSTS:
        return name
    found = _NAME.fullmatch(name)
    if found is None:
        raise ConfigError(f"objectives: {unknown_name('quantity', name, (*PHYSICS, *COSTS))}")
    try:
        at = None if found["at"] is None else float(found["at"])
    except ValueError:
        raise ConfigError(f"objectives: {name!r}: expected a number behind '@', such as tpr@1e-3") from None
    if at is not None and not (at > 0 and (found["unit"] or at < 1)):
        raise ConfigError(f"objectives: {name!r}: expected a fraction between 0 and 1, or a rate such as tpr@10kHz")
    kind = "tpr" if at is not None else found["kind"]
    return Physics(name, kind, None if found["unit"] else at, at if found["unit"] else None, found["signal"])


def require_objective(physics: Physics, task: TaskSection, classes: tuple[str, ...]) -> None:
    """Refuse a quantity that the task does not have.

    Raises:
        ConfigError: accuracy or a rate of the wrong task, or an unknown signal.
    """
    if (physics.kind == "accuracy" or physics.rate_khz is not None) and (
        task.kind != ("classification" if physics.kind == "accuracy" else "anomaly")
    ):
        raise ConfigError(f"objectives: {physics.name!r} does not exist for task.kind = {task.kind!r}")
    signals = _signals(task, classes)
    if physics.signal is not None and physics.signal not in signals:
        raise ConfigError(f"objectives: {physics.name!r}: {unknown_name('signal', physics.signal, signals)}")


def measure(
    physics: Physics, sample: SplitScores, task: TaskSection, classes: tuple[str, ...], bunches: int
) -> Estimate:
    """A quantity on a sample, with its statistical error (68 %).

    Args:
        physics: the quantity.
        sample: scores of the sample.
        task: says which classes are background.
        classes: class names.
        bunches: bunch pairs that collide in one orbit, for rates.
    """
    weights = sample.weights if (sample.weights != sample.weights[0]).any() else None
    if physics.kind == "accuracy":
        return metrics.accuracy(sample.labels, sample.logits, weights)
    found = {
        name: _of_signal(physics, scores, is_signal, kept, bunches)
        for name, (scores, is_signal, kept) in _against_background(sample, task, classes, weights).items()
        if physics.signal in (None, name)
    }
    if physics.kind == "auc_mean":
        error = math.sqrt(sum(entry.error**2 for entry in found.values())) / len(found)
        return Estimate(float(np.mean([entry.value for entry in found.values()])), error)
    return min(found.values(), key=lambda entry: entry.value)


Rows = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64] | None]


def _against_background(
    sample: SplitScores, task: TaskSection, classes: tuple[str, ...], weights: NDArray[np.float64] | None
) -> Mapping[str, Rows]:
    """Scores, which rows are signal, and weights, for every signal: a class against the others, or the background."""
    if task.kind == "classification":
        probabilities = metrics.softmax(sample.logits)
        return {name: (probabilities[:, i], sample.labels == i, weights) for i, name in enumerate(classes)}
    known = np.isin(sample.labels, [classes.index(name) for name in background_classes(task, classes)])
    integers = as_integers(sample.scores[task.score])[0].astype(np.float64)
    rows: dict[str, Rows] = {}
    for name in _signals(task, classes):
        signal = sample.labels == classes.index(name)
        used = signal | known
        rows[name] = (integers[used], signal[used], None if weights is None else weights[used])
    return rows


def _of_signal(
    physics: Physics,
    scores: NDArray[np.float64],
    is_signal: NDArray[np.bool_],
    weights: NDArray[np.float64] | None,
    bunches: int,
) -> Estimate:
    if physics.kind.startswith("auc"):
        return metrics.auc(scores, is_signal, weights)
    point = metrics.rate_point(
        scores[~is_signal],
        {"signal": scores[is_signal]},
        fpr=physics.fpr,
        rate_khz=physics.rate_khz,
        background_weights=None if weights is None else weights[~is_signal],
        signal_weights=None if weights is None else {"signal": weights[is_signal]},
        colliding_bunches=bunches,
    ).tpr["signal"]
    return Estimate(point.value, (point.high - point.low) / 2)


def _signals(task: TaskSection, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Classes of a classifier, or those that are not background."""
    if task.kind == "classification":
        return classes
    known = background_classes(task, classes)
    return tuple(name for name in classes if name not in known)
