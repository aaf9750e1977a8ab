"""Keras callbacks of the fit."""

from typing import Any

import keras
from hgq.utils.sugar import BetaPID

from codesign.config import QuantizationSection, TrainingSection
from codesign.models.quantizers import INITIAL_BETA
from codesign.progress import Progress
from codesign.training.front import FrontCheckpoints

# Gains of the controller on log10(EBOPs / reference), tried on the jet tagger: 16-64-32-32-5 to 5k and 15k EBOPs in
# 500 to 800 epochs, and one hidden layer of 8 to 1.2k EBOPs in 60. Half of them is too slow for the short training.
PROPORTIONAL = 2.0
INTEGRAL = 0.2
# The cost term of the loss at the target, when the descent begins; it passes 0.2 for the jet tagger.
STARTING_COST = 0.05
MAX_BETA = 1e-2


class CostController(BetaPID):  # type: ignore[misc]
    """Leads EBOPs along a path from where the warm-up left them to the target, and holds them there.

    HGQ2's ``BetaPID`` steers towards a fixed target, which is either so far away at the start that the weight of the
    cost overshoots and the network collapses, or is not reached in time. Here its target moves: a straight line in
    log(EBOPs) during ``descent_fraction`` of the training, then constant while the weights settle.
    """

    def __init__(self, quantization: QuantizationSection, training: TrainingSection) -> None:
        self.final = quantization.target_ebops
        self.start = 0.0
        self.descent = max(1, round(training.descent_fraction * training.epochs))
        self._resumed: dict[str, float] | None = None
        super().__init__(
            self.final,
            init_beta=INITIAL_BETA,
            p=PROPORTIONAL,
            i=INTEGRAL,
            warmup=max(1, round(training.warmup_fraction * training.epochs)),
            max_beta=MAX_BETA,
        )

    @property
    def arrival(self) -> int:
        """Epoch from which on the target is held."""
        return int(self.warmup) + self.descent

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begin, or go on with the state of an interrupted training."""
        super().on_train_begin(logs)
        if self._resumed is not None:
            state = self._resumed
            self.pid.integral, self.pid.prev_error = state["integral"], state["prev_error"]
            self.beta, self.start, self._ebops = state["beta"], state["start"], state["ebops"]
            self.set_beta(self.beta)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Move the reference, then let the controller choose the weight of the cost for this epoch."""
        if epoch == self.warmup:
            self.start = max(self._ebops, self.final)
            self.beta = STARTING_COST / self.final
        if epoch >= self.warmup:
            done = min(1.0, (epoch - self.warmup + 1) / self.descent)
            self.target_ebops = self.start ** (1.0 - done) * self.final**done
        super().on_epoch_begin(epoch, logs)

    def state(self) -> dict[str, float]:
        """What changes from epoch to epoch."""
        return {
            "integral": self.pid.integral,
            "prev_error": self.pid.prev_error,
            "beta": self.beta,
            "start": self.start,
            "ebops": self._ebops,
        }

    def set_state(self, state: dict[str, float]) -> None:
        """Go on, when the training begins, from what ``state`` returned."""
        self._resumed = state


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
