"""The front of validation quality and EBOPs during one training."""

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from codesign.training.checkpoint import State, state_of

FRONT = "front"  # under which a training keeps the state of the callback


@dataclass(frozen=True)
class FrontPoint:
    """A checkpoint no other one beats in both respects.

    Attributes:
        epoch: counted from 0.
        quality: what the training maximises on the validation split: accuracy, or minus the loss of an anomaly
            detector; chosen, hence optimistic.
        ebops: effective bit operations during training.
    """

    epoch: int
    quality: float
    ebops: float

    def beats(self, other: "FrontPoint") -> bool:
        """Whether this point is at least as good in both respects."""
        return self.quality >= other.quality and self.ebops <= other.ebops


class FrontCheckpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights of the non-dominated epochs in memory.

    HGQ2's ``ParetoFront`` writes a file for each of them, which takes longer than an epoch of a small network
    (160 ms against 110 ms for the jet tagger); copying the weights takes 1 ms.

    Attributes:
        monitor: validation metric, "accuracy" (larger is better) or "objective" (smaller is better).
        limit: epochs above this many EBOPs are not kept.
        since: nor are epochs before this one.
        points: the front, by rising EBOPs.
    """

    def __init__(self, monitor: str, limit: float, since: int = 0) -> None:
        super().__init__()
        self.monitor = monitor
        self.limit = limit
        self.since = since
        self._kept: dict[FrontPoint, list[NDArray[Any]]] = {}

    @property
    def points(self) -> tuple[FrontPoint, ...]:
        """The front, by rising EBOPs."""
        return tuple(sorted(self._kept, key=lambda point: point.ebops))

    def best(self, ebops: float) -> FrontPoint | None:
        """The best point of at most so many EBOPs, None if there is none."""
        within = [point for point in self._kept if point.ebops <= ebops]
        return max(within, key=lambda point: point.quality, default=None)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Take the epoch into the front if nothing beats it."""
        sign = 1.0 if self.monitor == "accuracy" else -1.0
        point = FrontPoint(epoch, sign * float(logs[f"val_{self.monitor}"]), float(logs["ebops"]))
        eligible = np.isfinite(point.quality) and point.ebops <= self.limit and epoch >= self.since
        if not eligible or any(other.beats(point) for other in self._kept):
            return
        self._kept = {other: weights for other, weights in self._kept.items() if not point.beats(other)}
        self._kept[point] = [np.copy(weight) for weight in self.model.get_weights()]

    def restore(self, point: FrontPoint) -> None:
        """Give the model the weights of a point of the front."""
        self.model.set_weights(self._kept[point])

    def state(self) -> State:
        """The points and, one after the other, their weights."""
        points = [asdict(point) for point in self._kept]
        return {"points": points}, [weight for weights in self._kept.values() for weight in weights]

    def set_state(self, state: State) -> None:
        """Take up what ``state`` returned."""
        self._kept = _points(state)


def best_weights(training: State) -> list[NDArray[Any]] | None:
    """Weights of the point of the best quality that a training kept, None if it kept none."""
    state = state_of(FRONT, training)
    kept = {} if state is None else _points(state)
    return kept[max(kept, key=lambda point: point.quality)] if kept else None


def _points(state: State) -> dict[FrontPoint, list[NDArray[Any]]]:
    points, weights = state[0]["points"], state[1]
    each = len(weights) // max(len(points), 1)
    return {FrontPoint(**point): weights[index * each : (index + 1) * each] for index, point in enumerate(points)}
