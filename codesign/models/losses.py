"""Losses of anomaly detectors, one number per row; event weights are applied by Keras afterwards."""

from typing import Any

import numpy as np

from codesign.contract import InputContract
from codesign.models.event_inputs import EventInputs, event_inputs
from codesign.models.network import Loss

Tensor = Any
# Beyond it exp(log σ²) goes on as a straight line, so that no row, however strange, makes the loss infinite.
LINEAR_FROM = 4.0
# Weights of the terms in VICReg (arXiv:2105.04906).
INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0


def squared_error(roles: EventInputs, targets: Tensor, found: Tensor) -> Tensor:
    """Mean of (x̂ - x)² over all inputs, where empty slots miss nothing and angles go the shorter way around.

    Args:
        roles: roles of the inputs.
        targets: network values, shape (n, inputs).
        found: reconstruction, same shape.

    Returns:
        shape (n,).
    """
    import keras

    missed = roles.difference(targets, found) * roles.filled(targets)
    return keras.ops.mean(missed * missed, axis=-1)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """½ Σ (μ² + σ² - log σ² - 1), shape (n,), for tensors of shape (n, latent)."""
    import keras

    ops = keras.ops
    inside = ops.minimum(log_variance, LINEAR_FROM)
    variance = ops.exp(inside) * (1.0 + log_variance - inside)
    return 0.5 * ops.sum(mean * mean + variance - log_variance - 1.0, axis=-1)


def reconstruction_loss(contract: InputContract) -> Loss:
    """Loss of an autoencoder, which reads the reconstruction."""
    roles = event_inputs(contract)
    return lambda targets, found: squared_error(roles, targets, found)


def variational_loss(contract: InputContract, latent: int, beta: float) -> Loss:
    """Loss of a variational autoencoder, which reads μ, log σ² and reconstruction side by side.

    Args:
        contract: formats of the inputs.
        latent: latent variables.
        beta: weight of the divergence against the mean squared error of an input (arXiv:1804.03599).
    """
    roles = event_inputs(contract)

    def loss(targets: Tensor, found: Tensor) -> Tensor:
        mean, log_variance, reconstruction = (
            found[:, :latent],
            found[:, latent : 2 * latent],
            found[:, 2 * latent :],
        )
        return squared_error(roles, targets, reconstruction) + beta * divergence(mean, log_variance)

    return loss


def contrastive_loss(contract: InputContract, embedding: int, projection: int) -> Loss:
    """VICReg on two views plus the squared error of an autoencoder of the embedding.

    It reads embedding, decoded embedding and the projections of both views side by side. Variance and covariance are
    those of the batch, the same for each of its rows; rows with an input at an end of its range, among them the ones
    that only widen the ranges in training, are left out of them.

    Args:
        contract: formats of the inputs.
        embedding: size of the embedding.
        projection: size of a projection.
    """
    low, high = contract.extremes()
    lsb = np.array([fmt.lsb for fmt in contract.network_formats])
    signed = np.array([entry.signed for entry in contract.inputs])
    lowest = np.where(signed, low, low - 1.0) * lsb  # the lower end of an unsigned input is an ordinary zero
    ends = [embedding, 2 * embedding, 2 * embedding + projection]

    def loss(targets: Tensor, found: Tensor) -> Tensor:
        """Per row, shape (n,), of targets and of the concatenated outputs."""
        import keras

        ops = keras.ops
        embedded, decoded, first, second = ops.split(found, ends, axis=-1)
        missed = decoded - ops.stop_gradient(embedded)
        inside = ops.logical_and(targets > lowest.astype("float32"), targets < (high * lsb).astype("float32"))
        usable = ops.cast(ops.all(inside, axis=-1, keepdims=True), "float32")
        rows = INVARIANCE * ops.mean((first - second) ** 2, axis=-1) + ops.mean(missed * missed, axis=-1)
        return rows + _spread(first, usable) + _spread(second, usable)

    return loss


def _spread(projections: Tensor, usable: Tensor) -> Tensor:
    """Variance and covariance terms of a batch: each number should spread by one, and on its own."""
    import keras

    ops = keras.ops
    count = ops.maximum(ops.sum(usable), 2.0)
    centred = (projections - ops.sum(projections * usable, axis=0) / count) * usable
    covariance = ops.matmul(ops.transpose(centred), centred) / (count - 1.0)
    variances = ops.diagonal(covariance)
    narrow = ops.mean(ops.relu(1.0 - ops.sqrt(variances + 1e-4)))
    size = projections.shape[-1]
    together = (ops.sum(covariance * covariance) - ops.sum(variances * variances)) / size
    return VARIANCE * narrow + COVARIANCE * together
