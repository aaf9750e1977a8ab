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


def layer_costs(
    traced: Mapping[str, Any], graph_of: Callable[[Any], Any]
) -> tuple[tuple[LayerCost, ...], tuple[Any, ...]]:
    """Cost by layer, and beside each layer the graph that it ends; empty for more than ``MOST_LAYERS`` layers.

    Args:
        traced: what ``trace_model(dump=True)`` of alkaid returns: symbolic values by ``/layer/part``, in the order of
            the network, with those of the whole network under ``inputs`` and ``final``.
        graph_of: the compiler's graph with these outputs, whose ``cost`` is counted.
    """
    values: dict[str, Any] = {}
    for key, found in traced.items():
        if key not in ("inputs", "final"):
            values[key.split("/")[1]] = found  # the last part of a layer is its result
    if len(values) > MOST_LAYERS:
        return (), ()
    costs, graphs, outputs, before = [], [], [], 0.0
    for name, found in values.items():
        outputs += [np.ravel(array) for array in (found if isinstance(found, tuple) else (found,))]
        graph = graph_of(np.concatenate(outputs))
        if graph.cost > before:
            costs.append(LayerCost(name, float(graph.cost) - before))
            graphs.append(graph)
            before = float(graph.cost)
    return tuple(costs), tuple(graphs)
