"""Masks from what the training rows do in the network."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from codesign.errors import ConfigError
from codesign.models.network import Network
from codesign.training.pruning import MaskRule, Prunable
from codesign.training.sample import Sample

ROWS = 4096
Array = NDArray[Any]


def weight_times_input(network: Network, train: Sample) -> MaskRule:
    """Wanda (arXiv:2306.11695): of each output, the weights with the smallest |weight| · ‖input‖ over the rows.

    Raises:
        ConfigError: a layer lies inside another one, where its inputs cannot be seen.
    """
    given = _observer(network, train, lambda layer: layer.input)

    def rule(entry: Prunable, sparsity: float) -> Array:
        size = np.abs(entry.kernel) * _input_sizes(entry.layer, given(entry))
        columns = size.reshape(-1, size.shape[-1])
        lowest = np.argsort(columns, axis=0, kind="stable")[: int(sparsity * len(columns))]
        mask = np.ones_like(columns)
        np.put_along_axis(mask, lowest, 0.0, axis=0)
        return np.asarray(mask.reshape(size.shape))

    return rule


def _input_sizes(layer: Any, rows: Array) -> Array:
    """Root of the summed squares of each input of a kernel, in a shape that broadcasts to the kernel's."""
    equation = getattr(layer, "equation", None)
    if equation is None:  # dense layer or convolution: (…, inputs, outputs)
        return np.asarray(np.sqrt(np.square(rows).reshape(-1, rows.shape[-1]).sum(axis=0))[:, None])
    inputs, kernel = equation.split("->")[0].split(",")
    shared = "".join(letter for letter in kernel if letter in inputs)
    sizes = np.sqrt(np.einsum(f"{inputs}->{shared}", np.square(rows)))
    return np.asarray(sizes.reshape([sizes.shape[shared.index(c)] if c in shared else 1 for c in kernel]))


def rarely_active(network: Network, train: Sample, threshold: float) -> MaskRule:
    """Neurons that are not zero on too few rows; the most active one of a layer and the last layer stay.

    Raises:
        ConfigError: a layer lies inside another one, where its outputs cannot be seen.
    """
    given = _observer(network, train, lambda layer: layer.output)

    def rule(entry: Prunable, _sparsity: float) -> Array:
        kernel = entry.kernel
        if entry.last:
            return np.ones_like(kernel)
        found = given(entry)
        active = (found != 0).reshape(-1, found.shape[-1]).mean(axis=0)
        kept = active >= min(threshold, active.max())
        return np.broadcast_to(kept, kernel.shape).astype(kernel.dtype)

    return rule


def _observer(network: Network, train: Sample, tensor: Callable[[Any], Any]) -> Callable[[Prunable], Array]:
    """What a tensor of a layer is on the first training rows, with the weights as they are when it is asked for."""
    known = {id(layer) for layer in network.deployed.layers}
    models: dict[int, Any] = {}

    def observe(entry: Prunable) -> Array:
        if id(entry.layer) not in known:
            raise ConfigError(
                f"pruning.method: layer {entry.layer.name!r} lies inside another one, where its values cannot be seen; "
                'use method "magnitude"'
            )
        model = models.setdefault(id(entry.layer), keras.Model(network.deployed.input, tensor(entry.layer)))
        return np.asarray(ops.convert_to_numpy(model(train.values[:ROWS])))

    return observe
