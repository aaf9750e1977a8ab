"""The functions that become tables in firmware, under names by which a saved network finds them again."""

from typing import Any, Self

import keras

Tensor = Any


@keras.saving.register_keras_serializable(package="codesign")  # type: ignore[untyped-decorator]
def square(value: Tensor) -> Tensor:
    """x²."""
    return value * value


@keras.saving.register_keras_serializable(package="codesign")  # type: ignore[untyped-decorator]
def variance_excess(log_variance: Tensor) -> Tensor:
    """σ² - log σ² - 1 of log σ², the part of the Kullback-Leibler divergence that the variance makes."""
    return keras.ops.exp(log_variance) - log_variance - 1.0


@keras.saving.register_keras_serializable(package="codesign")  # type: ignore[untyped-decorator]
def inverse_sigma(log_variance: Tensor) -> Tensor:
    """1 / σ of log σ²."""
    return keras.ops.exp(-0.5 * log_variance)


# A latent variable that the decoder wants exactly has a σ below what the table resolves: it counts as the smallest, by
# design (`codesign.training.checks`). The divergence has no such limit, its table must not be left.
inverse_sigma.cuts = True


@keras.saving.register_keras_serializable(package="codesign")
class WrappedSquare:
    """Square of the shorter way around a circle, of a difference of two angles.

    Attributes:
        period: a full turn.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.__name__ = "wrapped_square"  # HGQ2 asks every activation for its name

    def __call__(self, difference: Tensor) -> Tensor:
        """The square, of the same shape."""
        wrapped = difference - self.period * keras.ops.round(difference / self.period)
        return wrapped * wrapped

    def get_config(self) -> dict[str, float]:
        """Arguments of the constructor."""
        return {"period": self.period}

    @classmethod
    def from_config(cls, config: dict[str, float]) -> Self:
        """The table that ``get_config`` describes."""
        return cls(**config)
