"""Layers that draw random numbers. They stand in networks as they are trained, never in what is saved or deployed."""

from typing import Any

import keras
import numpy as np

from codesign.contract import InputContract
from codesign.models.event_inputs import event_inputs

Tensor = Any
# exp of half of it stays far inside float32; the scores bound log σ² likewise.
LARGEST_LOG_VARIANCE = 8.0


class Sample(keras.layers.Layer):  # type: ignore[misc]
    """A latent vector from the posterior: μ + σ ε with ε from a unit normal (arXiv:1312.6114)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seeds = keras.random.SeedGenerator()

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Sample for (μ, log σ²), each of shape (n, latent)."""
        mean, log_variance = inputs
        sigma = keras.ops.exp(0.5 * keras.ops.clip(log_variance, -LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE))
        return mean + sigma * keras.random.normal(keras.ops.shape(mean), seed=self._seeds)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of μ."""
        return input_shape[0]


class Views(keras.layers.Layer):  # type: ignore[misc]
    """An event and two augmented views of it, one after the other along the batch: shape (n, inputs) to (3 n, inputs).

    A view is the event turned in φ by one random angle, its momenta and η smeared as a detector would, and its soft
    objects left out below a random threshold. Angles are the inputs with a full turn, momenta the unsigned others.

    Attributes:
        contract: formats of the inputs.
        momentum_smearing: relative standard deviation of momenta.
        eta_smearing: standard deviation of signed inputs, as network values.
        soft: objects below a threshold drawn uniformly up to this value, in the unit of their order column, are left
            out.
    """

    def __init__(
        self, contract: InputContract, momentum_smearing: float, eta_smearing: float, soft: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.contract = contract
        self.momentum_smearing = momentum_smearing
        self.eta_smearing = eta_smearing
        self.soft = soft
        self._roles = event_inputs(contract)
        self._signed = np.array([entry.signed for entry in contract.inputs])
        order = [contract.inputs[index] for index in self._roles.order]
        self._unit = np.array([entry.lsb for entry in order], np.float32) / np.maximum(self._roles.order_lsb, 1e-30)
        self._offset = np.array([entry.offset for entry in order], np.float32)
        self._seeds = keras.random.SeedGenerator()

    def call(self, values: Tensor) -> Tensor:
        """The three, shape (3 n, inputs)."""
        return keras.ops.concatenate([values, self._view(values), self._view(values)], axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The batch is of unknown size before and after."""
        return (None, *input_shape[1:])

    def _view(self, values: Tensor) -> Tensor:
        ops, roles = keras.ops, self._roles
        there = roles.filled(values)
        noise = keras.random.normal(ops.shape(values), seed=self._seeds)
        is_angle = (roles.period > 0).astype(np.float32)
        scale = np.where(self._signed, 0.0, 1.0 - is_angle).astype(np.float32) * self.momentum_smearing
        shift = np.where(self._signed, 1.0 - is_angle, 0.0).astype(np.float32) * self.eta_smearing
        smeared = values * ops.maximum(1.0 + scale * noise, 0.0) + shift * noise
        turn = keras.random.uniform((ops.shape(values)[0], 1), seed=self._seeds)
        period = np.where(roles.period > 0, roles.period, 1.0).astype(np.float32)
        # The lowest angle of the format: 0, or minus half a turn where it is signed.
        low = np.where(self._signed, -0.5, 0.0).astype(np.float32) * period
        turned = ops.mod(smeared + turn * period - low, period) + low
        return ops.where(is_angle > 0, turned, smeared) * there * self._kept(values)

    def _kept(self, values: Tensor) -> Tensor:
        """0 for the inputs of soft objects, shape (n, inputs)."""
        ops, roles = keras.ops, self._roles
        if not roles.order.size:
            return ops.ones_like(values)
        momentum = ops.take(values, roles.order, axis=1) * self._unit + self._offset
        threshold = self.soft * keras.random.uniform((ops.shape(values)[0], 1), seed=self._seeds)
        return ops.matmul(ops.cast(momentum >= threshold, "float32"), roles.slot_inputs) + roles.lone


class SideBySide(keras.layers.Layer):  # type: ignore[misc]
    """The inverse of stacking along the batch: shape (3 n, size) to (n, 3 size)."""

    def call(self, stacked: Tensor) -> Tensor:
        """Event and views of one row next to each other."""
        return keras.ops.concatenate(keras.ops.split(stacked, 3, axis=0), axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Three times as wide."""
        return (None, 3 * input_shape[1])
