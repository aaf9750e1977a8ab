"""A training that goes on after a kill exactly where it stood: weights, optimiser, schedule, front and random state."""

import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

# What a callback remembers from epoch to epoch: JSON, and arrays beside it.
State = tuple[dict[str, Any], list[NDArray[Any]]]
INTERVAL_S = 20.0  # between two writings; one takes some milliseconds


class Stateful(Protocol):
    """A callback that cannot be made anew from the configuration and the epoch alone."""

    def state(self) -> State:
        """What it remembers."""

    def set_state(self, state: State) -> None:
        """Go on from what ``state`` returned."""


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the state of a training every few seconds, and takes it up again.

    The order of the rows depends on the seed and the epoch alone (`codesign.training.sample.Batches`) and random layers
    keep their state in variables, so nothing else has to be kept besides the variables of network and optimiser and the
    state of the callbacks.

    Attributes:
        path: file of the state; it stays when the training has ended, with the weights of the whole front.
        key: digest of all that determines the training; a state with another key is not taken up.
        ended: whether the state that was taken up is the end of a training, from which only a checkpoint is chosen.
    """

    def __init__(self, path: Path, key: str, callbacks: Mapping[str, Stateful]) -> None:
        super().__init__()
        self.path = path
        self.key = key
        self.ended = False
        self._callbacks = callbacks
        self._earlier: dict[str, list[float]] = {}
        self._written = time.monotonic()

    def resume(self, model: Any) -> int:
        """Bring a compiled model to the kept state; a missing, damaged or foreign state changes nothing.

        Foreign is also the state of another version whose optimiser has other variables.

        Returns:
            The epoch to go on with, 0 for a fresh start.
        """
        state = self._read()
        if state is None:
            return 0
        meta, arrays = state
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        kept_arrays = arrays[: len(arrays) - sum(count for _, count in meta["callbacks"].values())]
        if [tuple(variable.shape) for variable in variables] != [array.shape for array in kept_arrays]:
            return 0
        for variable, value in zip(variables, kept_arrays, strict=True):
            variable.assign(value)
        for name, callback in self._callbacks.items():
            kept = state_of(name, state)
            assert kept is not None, "the digest holds all that determines the callbacks"
            callback.set_state(kept)
        self._earlier = meta["history"]
        self.ended = meta["ended"]
        return int(meta["epoch"]) + 1

    def history(self) -> dict[str, list[float]]:
        """History of all epochs, also of those before the interruption."""
        return _joined(self._earlier, self.model.history.history)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write the state if the last writing is long enough ago.

        Not after the epoch that ends the training early: taken up from there, it would go on by one epoch more.
        """
        if time.monotonic() - self._written >= INTERVAL_S and not self.model.stop_training:
            now = _joined(self.history(), {name: [value] for name, value in logs.items()})
            self.write(epoch, now)

    def write(self, epoch: int, history: dict[str, list[float]], *, ended: bool = False) -> None:
        """Write the state after an epoch, in one piece; ``ended`` if it was the last one."""
        states = {name: callback.state() for name, callback in self._callbacks.items()}
        meta = {
            "key": self.key,
            "epoch": epoch,
            "ended": ended,
            "history": {name: [float(value) for value in values] for name, values in history.items()},
            "callbacks": {name: (kept, len(arrays)) for name, (kept, arrays) in states.items()},
        }
        arrays = [keras.ops.convert_to_numpy(variable) for variable in _variables(self.model)]
        arrays += [array for _, kept in states.values() for array in kept]
        temporary = self.path.with_name(f".{self.path.stem}.part.npz")
        np.savez(temporary, meta=np.array(json.dumps(meta)), **{f"a{i}": array for i, array in enumerate(arrays)})
        temporary.replace(self.path)
        self._written = time.monotonic()

    def _read(self) -> State | None:
        state = read_state(self.path)
        return state if state is not None and state[0].get("key") == self.key else None


def read_state(path: Path) -> State | None:
    """What a training left: its description, and all arrays one after the other; None if it is missing or damaged."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            return json.loads(str(file["meta"])), [file[f"a{i}"] for i in range(len(file.files) - 1)]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def state_of(name: str, state: State) -> State | None:
    """What a callback remembered, out of the state of a whole training; None if it had no such callback."""
    meta, arrays = state
    begin = len(arrays) - sum(count for _, count in meta["callbacks"].values())
    for other, (kept, count) in meta["callbacks"].items():
        if other == name:
            return kept, arrays[begin : begin + count]
        begin += count
    return None


def _variables(model: Any) -> list[Any]:
    """Everything a step changes; metrics start anew in every epoch."""
    return [*model.variables, *model.optimizer.variables]


def _joined(first: dict[str, list[float]], then: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [*first.get(name, []), *then.get(name, [])] for name in {**first, **then}}
