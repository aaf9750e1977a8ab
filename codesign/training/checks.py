"""Faults of a trained network that no loss shows: collapsed layers and activations beyond the range of their format."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError

# Share of events with a value beyond its format that is still accepted. An activation that wraps turns the largest
# value into the smallest; one that saturates only loses what is above.
ACCEPTED = {"WRAP": 1e-3, "SAT": 0.05, "SAT_SYM": 0.05}
BATCH = 4096


@dataclass(frozen=True)
class LayerHealth:
    """How one layer behaves on events it was not trained on.

    Attributes:
        name: layer.
        overflow: what its activations do beyond their range: "WRAP", "SAT" or "SAT_SYM".
        beyond: fraction of the events of which at least one input value of the layer is beyond its range; of the known
            ones where the activations saturate.
        constant: whether the output is the same for every event.
    """

    name: str
    overflow: str
    beyond: float
    constant: bool


def layer_health(
    model: Any, values: NDArray[np.float32], known: NDArray[np.float32] | None = None
) -> tuple[LayerHealth, ...]:
    """Observe every quantised layer of a network.

    Args:
        model: trained and calibrated network.
        values: network values of events, shape (n, inputs); none of them should wrap.
        known: events like those of the training, few of which should saturate; a score may well saturate for an
            anomaly. None takes ``values``.
    """
    found = _observe(model, values)
    if known is None:
        return found
    expected = _observe(model, known)
    return tuple(
        layer if layer.overflow == "WRAP" else replace(layer, beyond=other.beyond)
        for layer, other in zip(found, expected, strict=True)
    )


def _observe(model: Any, values: NDArray[np.float32]) -> tuple[LayerHealth, ...]:
    import keras

    # A function with ``cuts`` has an address that saturates by design, however often.
    layers = [layer for layer in model.layers if _quantizers(layer)]
    by_design = [getattr(getattr(layer, "activation", None), "cuts", False) for layer in layers]
    if not layers:
        return ()
    # A layer may have been called for other networks too, so take the call that belongs to this one.
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    nodes = [next(node for node in layer._inbound_nodes if id(node) in own) for layer in layers]
    tensors = [list(node.input_tensors) for node in nodes]
    probe = keras.Model(model.input, [tensors, [list(node.output_tensors) for node in nodes]])
    beyond = [np.zeros(len(values), bool) for _ in layers]
    first: list[NDArray[Any]] = []
    constant = [True] * len(layers)
    for start in range(0, len(values), BATCH):
        rows = slice(start, start + BATCH)
        inputs, outputs = probe(values[rows])
        for index, layer in enumerate(layers):
            for quantizer, given in zip(_quantizers(layer), inputs[index], strict=False):
                taken = layer.repeated(given) if hasattr(layer, "repeated") else given
                beyond[index][rows] |= _beyond(quantizer, keras.ops.convert_to_numpy(taken))
            found = keras.ops.convert_to_numpy(outputs[index][0])
            if start == 0:
                first.append(found[0])
            constant[index] = constant[index] and bool((found == first[index]).all())
    return tuple(
        LayerHealth(
            layer.name, _quantizers(layer)[0].quantizer.overflow_mode, 0.0 if cuts else float(wrong.mean()), same
        )
        for layer, wrong, same, cuts in zip(layers, beyond, constant, by_design, strict=True)
    )


def require_healthy(layers: tuple[LayerHealth, ...]) -> None:
    """Refuse a network with a collapsed layer or with too many values beyond their range.

    Raises:
        ModelError: names the layer and what to do.
    """
    for layer in layers:
        if layer.constant:
            raise ModelError(
                f"training: layer {layer.name!r} gives the same output for every event, its widths have collapsed; "
                "raise quantization.target_ebops or lower training.learning_rate"
            )
        if layer.beyond > ACCEPTED[layer.overflow]:
            happens = "wrap around" if layer.overflow == "WRAP" else "saturate"
            raise ModelError(
                f"training: in layer {layer.name!r} values of {layer.beyond:.2%} of the test events {happens} "
                f"(accepted {ACCEPTED[layer.overflow]:.2%}): the training rows do not cover them; "
                "check that the splits come from the same distribution; for a latent score, raise model.beta"
            )


def _quantizers(layer: Any) -> list[Any]:
    """Quantisers of the inputs of a layer, in the order of its inputs; none if it has no such quantiser."""
    if not getattr(layer, "enable_iq", False):
        return []
    return list(getattr(layer.iq, "quantizers", [layer.iq]))


def _beyond(quantizer: Any, given: NDArray[Any]) -> NDArray[np.bool_]:
    """Which events have a value that rounds to something outside the format; values of 0 bits count for nothing."""
    low, high, lsb, bits = _on_host(quantizer, (1, *given.shape[1:]))
    outside = ((given < low - lsb / 2) | (given >= high + lsb / 2)) & (bits > 0)
    return np.asarray(outside.reshape(len(given), -1).any(axis=1))


def _on_host(quantizer: Any, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    import keras

    for of in (quantizer.min_, quantizer.max_, quantizer.epsilon_, quantizer.bits_):
        yield keras.ops.convert_to_numpy(of(shape))
