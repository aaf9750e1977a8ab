"""Keras callbacks of the fit that do not depend on the method."""

from typing import Any

import keras

from codesign.progress import Progress
from codesign.training.front import FrontCheckpoints


class EarlyStop(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training whose best checkpoint within a cost has not changed for a number of epochs."""

    def __init__(self, front: FrontCheckpoints, ebops: float, patience: int, start: int) -> None:
        super().__init__()
        self._front = front
        self._ebops = ebops
        self._patience = patience
        self._start = start

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stop if the best checkpoint is old."""
        best = self._front.best(self._ebops)
        if best is not None and epoch - max(best.epoch, self._start) >= self._patience:
            self.model.stop_training = True


def report_progress(progress: Progress, monitor: str, epochs: int) -> Any:
    """A callback that tells after each epoch what a user watches."""

    def after_epoch(epoch: int, logs: dict[str, float]) -> None:
        text = f"{monitor} {logs[f'val_{monitor}']:.4f} (validation), EBOPs {logs['ebops']:,.0f}"
        progress(text, epoch + 1, epochs)

    return keras.callbacks.LambdaCallback(on_epoch_end=after_epoch)
