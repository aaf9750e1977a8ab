"""A training that goes on after a kill exactly where it stood: weights, optimiser, schedule, front and random state."""

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from codesign.training.callbacks import CostController
from codesign.training.front import FrontCheckpoints

INTERVAL_S = 20.0  # between two writings; one takes some milliseconds


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the state of a training every few seconds, and takes it up again.

    The order of the rows depends on the seed and the epoch alone (`codesign.training.sample.Batches`) and random layers
    keep their state in variables, so nothing else has to be kept.

    Attributes:
        path: file of the state; removed when the training has ended.
        key: digest of all that determines the training; a state with another key is not taken up.
    """

    def __init__(self, path: Path, key: str, front: FrontCheckpoints, controller: CostController | None) -> None:
        super().__init__()
        self.path = path
        self.key = key
        self._front = front
        self._controller = controller
        self._earlier: dict[str, list[float]] = {}
        self._written = time.monotonic()

    def resume(self, model: Any) -> int:
        """Bring a compiled model to the kept state; a missing, damaged or foreign state changes nothing.

        Returns:
            The epoch to go on with, 0 for a fresh start.
        """
        state = self._read()
        if state is None:
            return 0
        meta, arrays = state
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        for variable, value in zip(variables, arrays, strict=False):
            variable.assign(value)
        self._front.set_state(meta["front"], arrays[len(variables) :])
        if self._controller is not None:
            self._controller.set_state(meta["controller"])
        self._earlier = meta["history"]
        return int(meta["epoch"]) + 1

    def history(self) -> dict[str, list[float]]:
        """History of all epochs, also of those before the interruption."""
        return _joined(self._earlier, self.model.history.history)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write the state if the last writing is long enough ago."""
        if time.monotonic() - self._written >= INTERVAL_S:
            now = _joined(self.history(), {name: [value] for name, value in logs.items()})
            self.write(epoch, now)

    def write(self, epoch: int, history: dict[str, list[float]]) -> None:
        """Write the state after an epoch, in one piece."""
        points, weights = self._front.state()
        meta = {
            "key": self.key,
            "epoch": epoch,
            "history": {name: [float(value) for value in values] for name, values in history.items()},
            "front": points,
            "controller": None if self._controller is None else self._controller.state(),
        }
        arrays = [keras.ops.convert_to_numpy(variable) for variable in _variables(self.model)] + weights
        temporary = self.path.with_name(f".{self.path.stem}.part.npz")
        np.savez(temporary, meta=np.array(json.dumps(meta)), **{f"a{i}": array for i, array in enumerate(arrays)})
        temporary.replace(self.path)
        self._written = time.monotonic()

    def _read(self) -> tuple[dict[str, Any], list[NDArray[Any]]] | None:
        try:
            with np.load(self.path) as file:
                meta = json.loads(str(file["meta"]))
                arrays = [file[f"a{i}"] for i in range(len(file.files) - 1)]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return (meta, arrays) if meta.get("key") == self.key else None


def _variables(model: Any) -> list[Any]:
    """Everything a step changes; metrics start anew in every epoch."""
    return [*model.variables, *model.optimizer.variables]


def _joined(first: dict[str, list[float]], then: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [*first.get(name, []), *then.get(name, [])] for name in {**first, **then}}
