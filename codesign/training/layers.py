"""What the training made of each layer: widths, zero weights, cost."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class LayerPrecision:
    """Precision of one layer with weights.

    Attributes:
        name: layer name.
        weights: number of weights, without biases.
        zero_weights: weights that are zero after quantisation, hence cost nothing (pruned).
        weight_bits: mean bits of the weights that are not zero, sign included.
        weight_bits_max: most bits any weight has.
        input_bits: mean bits of the layer's inputs that are used (more than 0 bits).
        dead_inputs: inputs of the layer that got 0 bits.
        ebops: effective bit operations.
    """

    name: str
    weights: int
    zero_weights: int
    weight_bits: float
    weight_bits_max: float
    input_bits: float
    dead_inputs: int
    ebops: float


def layer_precisions(model: Any) -> tuple[LayerPrecision, ...]:
    """Precision of every HGQ2 layer with a trained kernel, in network order; a score's arithmetic is not trained."""
    return tuple(_layer_precision(layer) for layer in model.layers if hasattr(layer, "qkernel") and layer.trainable)


def _layer_precision(layer: Any) -> LayerPrecision:
    from keras import ops

    kernel = ops.convert_to_numpy(layer.qkernel)
    weight_bits = ops.convert_to_numpy(layer.kq.bits_(layer.kernel.shape))
    inputs = (1, *layer._inbound_nodes[0].input_tensors[0].shape[1:])
    input_bits = np.broadcast_to(ops.convert_to_numpy(layer.iq.bits_(inputs)), inputs)
    used = kernel != 0
    return LayerPrecision(
        name=layer.name,
        weights=int(kernel.size),
        zero_weights=int((~used).sum()),
        weight_bits=_mean(np.broadcast_to(weight_bits, kernel.shape)[used]),
        weight_bits_max=float(weight_bits.max()),
        input_bits=_mean(input_bits[input_bits > 0]),
        dead_inputs=int((input_bits <= 0).sum()),
        ebops=float(layer.ebops),
    )


def _mean(values: Any) -> float:
    return float(np.mean(values)) if np.size(values) else 0.0
