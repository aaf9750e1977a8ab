"""How the weight of the resource cost is led during the fit: one callback for each ``quantization.schedule``."""

from collections.abc import Callable
from typing import Any

import keras
from hgq.utils.sugar.beta_pid import BetaPID
from hgq.utils.sugar.beta_scheduler import BetaScheduler, PieceWiseSchedule

from codesign.config import QuantizationSection, TrainingSection
from codesign.models.quantizers import INITIAL_BETA
from codesign.training.checkpoint import State

# Gains of the controller with a fixed target: HGQ2's own integral gain of 0.002 needs thousands of epochs.
FIXED_PROPORTIONAL = 1.0
FIXED_INTEGRAL = 0.1
# Gains along the path, on log10(EBOPs / reference), tried on the jet tagger: 16-64-32-32-5 to 5k and 15k EBOPs in
# 500 to 800 epochs, and one hidden layer of 8 to 1.2k EBOPs in 60. Half of them is too slow for the short training.
PROPORTIONAL = 2.0
INTEGRAL = 0.2
# The cost term of the loss at the target, when the descent begins; it passes 0.2 for the jet tagger.
STARTING_COST = 0.05
MAX_BETA = 1e-2


class FixedTarget(BetaPID):  # type: ignore[misc]
    """HGQ2's controller with the target as its set point, and with a state to go on from."""

    def __init__(
        self,
        quantization: QuantizationSection,
        training: TrainingSection,
        p: float = FIXED_PROPORTIONAL,
        i: float = FIXED_INTEGRAL,
    ) -> None:
        self._resumed: dict[str, Any] | None = None
        super().__init__(
            quantization.target_ebops,
            init_beta=INITIAL_BETA,
            warmup=max(1, round(training.warmup_fraction * training.epochs)),
            max_beta=MAX_BETA,
            p=p,
            i=i,
        )

    @property
    def arrival(self) -> int:
        """Epoch from which on the target is held."""
        return int(self.warmup)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begin, or go on with the state of an interrupted training."""
        super().on_train_begin(logs)
        if self._resumed is not None:
            state = self._resumed
            self.pid.integral, self.pid.prev_error = state["integral"], state["prev_error"]
            self.beta, self._ebops = state["beta"], state["ebops"]
            self.set_beta(self.beta)

    def state(self) -> State:
        """What changes from epoch to epoch."""
        values = {
            "integral": self.pid.integral,
            "prev_error": self.pid.prev_error,
            "beta": self.beta,
            "ebops": self._ebops,
        }
        return values, []

    def set_state(self, state: State) -> None:
        """Go on, when the training begins, from what ``state`` returned."""
        self._resumed = state[0]


class CostController(FixedTarget):
    """Leads EBOPs along a path from where the warm-up left them to the target, and holds them there.

    HGQ2's ``BetaPID`` steers towards a fixed target, which is either so far away at the start that the weight of the
    cost overshoots and the network collapses, or is not reached in time. Here its target moves: a straight line in
    log(EBOPs) during ``descent_fraction`` of the training, then constant while the weights settle.
    """

    def __init__(self, quantization: QuantizationSection, training: TrainingSection) -> None:
        self.final = quantization.target_ebops
        self.start = 0.0
        self.descent = max(1, round(training.descent_fraction * training.epochs))
        super().__init__(quantization, training, p=PROPORTIONAL, i=INTEGRAL)

    @property
    def arrival(self) -> int:
        """Epoch from which on the target is held."""
        return super().arrival + self.descent

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Move the reference, then let the controller choose the weight of the cost for this epoch."""
        if epoch == self.warmup:
            self.start = max(self._ebops, self.final)
            self.beta = STARTING_COST / self.final
        if epoch >= self.warmup:
            done = min(1.0, (epoch - self.warmup + 1) / self.descent)
            self.target_ebops = self.start ** (1.0 - done) * self.final**done
        super().on_epoch_begin(epoch, logs)

    def state(self) -> State:
        """What changes from epoch to epoch."""
        values, arrays = super().state()
        return {**values, "start": self.start}, arrays

    def set_state(self, state: State) -> None:
        """Go on, when the training begins, from what ``state`` returned."""
        super().set_state(state)
        self.start = state[0]["start"]


class Ramp(BetaScheduler):  # type: ignore[misc]
    """The weight of the cost as a function of the epoch alone; the cost follows as it may."""

    def __init__(self, first: float, last: float, warmup: int, epochs: int) -> None:
        self.arrival = epochs - 1 if first != last else 0
        points = [(warmup, first, "log"), (max(warmup + 1, epochs - 1), last, "constant")]
        super().__init__(PieceWiseSchedule(points))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log weight and cost."""
        super().on_epoch_end(epoch, logs)
        assert logs is not None
        logs["ebops"] = network_ebops(self.model)


class CostLog(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs the cost of a network whose widths are not trained."""

    arrival = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the cost."""
        assert logs is not None
        logs["ebops"] = network_ebops(self.model)


def network_ebops(model: Any) -> float:
    """EBOPs of the last batch, as HGQ2's controller counts them."""
    return float(sum(float(layer.ebops) for layer in model.layers if hasattr(layer, "ebops")))


def _ramp(quantization: QuantizationSection, training: TrainingSection) -> Ramp:
    warmup = round(training.warmup_fraction * training.epochs)
    return Ramp(quantization.beta, quantization.beta_final, warmup, training.epochs)


def _constant(quantization: QuantizationSection, training: TrainingSection) -> Ramp:
    return Ramp(quantization.beta, quantization.beta, 0, training.epochs)


Schedule = Callable[[QuantizationSection, TrainingSection], Any]
SCHEDULES: dict[str, Schedule] = {"path": CostController, "pid": FixedTarget, "ramp": _ramp, "constant": _constant}
