"""The optimiser of all trainings."""

import math
from typing import Any

import keras
from keras import ops


class CosineAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam whose learning rate falls to zero along half a cosine (arXiv:1608.03983, without restarts).

    Rate and number of steps are variables of the optimiser, not constants of the step as with Keras' own
    ``CosineDecay``: trainings that differ in them alone share one compiled step, and compiling takes longer than many a
    training of a trigger network.
    """

    def __init__(self, learning_rate: float, steps: int) -> None:
        super().__init__(learning_rate)
        self._steps = steps
        self._turn: Any = None

    def build(self, variables: list[Any]) -> None:
        """Make the variable of the schedule."""
        if self.built:
            return
        super().build(variables)
        turn = keras.initializers.Constant(math.pi / self._steps)
        self._turn = self.add_variable((), turn, dtype="float32", name="turn")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of Adam at the rate of now."""
        angle = ops.minimum(ops.cast(self.iterations, "float32") * self._turn, math.pi)
        super().update_step(gradient, variable, learning_rate * (0.5 * (1.0 + ops.cos(angle))))
