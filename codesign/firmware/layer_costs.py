"""What each layer adds to the adder graph, as the compiler counts it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_LAYERS = 16  # each costs a pass of the compiler


@dataclass(frozen=True)
class LayerCost:
    """What one layer adds to the graph.

    Attributes:
        name: layer of the network.
        lut_estimate: LUT by which the compiler's cost grows when the layer is added to those before it.
    """

    name: str
    lut_estimate: float


def layer_costs(traced: Mapping[str, Any], cost: Callable[[Any], float]) -> tuple[LayerCost, ...]:
    """Cost by layer; empty for networks of more than ``MOST_LAYERS`` layers.

    Args:
        traced: what ``trace_model(dump=True)`` of alkaid returns: symbolic values by ``/layer/part``, in the order of
            the network, with those of the whole network under ``inputs`` and ``final``.
        cost: the compiler's cost of a graph with these outputs.
    """
    values: dict[str, Any] = {}
    for key, found in traced.items():
        if key not in ("inputs", "final"):
            values[key.split("/")[1]] = found  # the last part of a layer is its result
    if len(values) > MOST_LAYERS:
        return ()
    costs, outputs, before = [], [], 0.0
    for name, found in values.items():
        outputs += [np.ravel(array) for array in (found if isinstance(found, tuple) else (found,))]
        grown = cost(np.concatenate(outputs))
        costs.append(LayerCost(name, max(grown - before, 0.0)))
        before = max(before, grown)
    return tuple(layer for layer in costs if layer.lut_estimate > 0)
