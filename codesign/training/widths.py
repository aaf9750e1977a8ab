"""The widths of a built network: which quantisers a method may change, and how to change and to freeze them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from codesign.config import LayerQuantization, QuantizationSection
from codesign.errors import ConfigError
from codesign.models.network import Network
from codesign.naming import unknown_name


@dataclass(frozen=True)
class Width:
    """One quantiser of a network.

    Attributes:
        layer: layer of the network it belongs to.
        place: "weight", "bias", "datalane" (what enters or leaves a layer) or "table".
        quantizer: HGQ2's internal quantiser.
        reads_inputs: whether it rounds the network's inputs.
    """

    layer: Any
    place: str
    quantizer: Any
    reads_inputs: bool


def widths(network: Network) -> list[Width]:
    """Every quantiser of the trained and deployed networks that a method may change.

    Not among them: quantisers that are part of the definition of a layer (`codesign.models.fixed_layers`), and tables.
    """
    found: dict[int, Width] = {}
    for model in models(network):
        for layer in model.layers:
            for width in _of_layer(layer):
                found.setdefault(id(width.quantizer), width)
    return list(found.values())


def models(network: Network) -> list[Any]:
    """The trained network, the deployed one, and the other scores; they share layers."""
    return [network.trained, network.deployed, *network.scores.values()]


def _of_layer(layer: Any) -> Iterator[Width]:
    for part in layer._flatten_layers():
        if _is_free(part) and part.config.place != "table":
            place = part.config.place
            yield Width(layer, place, part.quantizer, place == "datalane" and _reads_inputs(layer))


def _is_free(part: Any) -> bool:
    from hgq.quantizer import Quantizer

    return isinstance(part, Quantizer) and part.config.q_type in ("kbi", "kif") and bool(part.config["trainable"])


def _reads_inputs(layer: Any) -> bool:
    """Whether nothing before the layer rounds, except by its definition."""
    import keras

    for tensor in layer._inbound_nodes[0].input_tensors:
        before = tensor._keras_history.operation
        if isinstance(before, keras.layers.InputLayer):
            return True
        if not any(_is_free(part) for part in before._flatten_layers()) and _reads_inputs(before):
            return True
    return False


def set_format(quantizer: Any, signed: ArrayLike, integer: ArrayLike, fractional: ArrayLike) -> None:
    """Give a quantiser its widths; numbers or arrays that fit its granularity.

    Args:
        quantizer: HGQ2's internal quantiser.
        signed: whether it keeps negative values.
        integer: bits before the binary point, without sign.
        fractional: bits behind it.
    """
    _assign(quantizer._k, signed)
    _assign(quantizer._i, integer)
    if hasattr(quantizer, "_b"):
        _assign(quantizer._b, np.add(integer, fractional))
    else:
        _assign(quantizer._f, fractional)


def _assign(variable: Any, value: ArrayLike) -> None:
    variable.assign(np.broadcast_to(np.asarray(value), variable.shape).astype(variable.dtype))


def freeze(network: Network) -> None:
    """No training changes the widths any more; the ranges of wrapping activations still follow the data."""
    for width in widths(network):
        for name in ("_b", "_i", "_f"):
            if hasattr(width.quantizer, name):
                getattr(width.quantizer, name).trainable = False


def layer_settings(network: Network, section: QuantizationSection) -> dict[str, LayerQuantization]:
    """Settings of each layer with quantisers, by name.

    Raises:
        ConfigError: a table of ``quantization.layers`` names no layer with quantisers.
    """
    names = list(dict.fromkeys(width.layer.name for width in widths(network)))
    for name in section.layers:
        if name not in names:
            raise ConfigError(f"quantization.layers: {unknown_name('layer', name, names)}")
    return {name: section.layers.get(name, LayerQuantization()) for name in names}


def refuse_keys(section: QuantizationSection, keys: tuple[str, ...], instead: tuple[str, ...]) -> None:
    """Refuse layer settings that the method would not read.

    Raises:
        ConfigError: one of them is set.
    """
    for name, layer in section.layers.items():
        wrong = next((key for key in keys if getattr(layer, key) is not None), None)
        if wrong is not None:
            raise ConfigError(
                f"quantization.layers.{name}.{wrong}: method {section.method!r} does not read it; "
                + (f"it reads {', '.join(instead)}" if instead else "it has no settings of single layers")
            )
