"""What the training made of each layer: widths, zero weights, cost."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from codesign.models.table_dense import TableDense


@dataclass(frozen=True)
class LayerPrecision:
    """Precision of one layer with weights, or with tables in place of weights.

    Attributes:
        name: layer name.
        weights: number of weights, without biases, or of tables.
        zero_weights: weights that are zero after quantisation, or tables of one value; they cost nothing (pruned).
        weight_bits: mean bits of the weights that are not zero, or of the entries of the other tables.
        weight_bits_max: most bits any weight or entry has.
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
    """Precision of every layer with trained weights or tables, in network order; the score has none."""
    found = []
    for layer in model.layers:
        if hasattr(layer, "qkernel") and layer.trainable:
            found.append(_layer_precision(layer))
        elif isinstance(layer, TableDense):
            found.append(_table_precision(layer))
    return tuple(found)


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


def _table_precision(layer: TableDense) -> LayerPrecision:
    from keras import ops

    shape = (1, *layer.offset.shape)
    entry_bits, input_bits = (ops.convert_to_numpy(quantizer.bits_(shape))[0] for quantizer in (layer.toq, layer.iq))
    used = (entry_bits > 0) & (input_bits > 0)
    return LayerPrecision(
        name=layer.name,
        weights=int(used.size),
        zero_weights=int((~used).sum()),
        weight_bits=_mean(entry_bits[used]),
        weight_bits_max=float(entry_bits.max()),
        input_bits=_mean(input_bits[used]),
        dead_inputs=int((~used).all(axis=1).sum()),
        ebops=float(layer.ebops),
    )


def _mean(values: Any) -> float:
    return float(np.mean(values)) if np.size(values) else 0.0
