"""What an imported network consists of, layer by layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from codesign.models.importers.ranges import format_of


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a network.

    Attributes:
        name: its name.
        kind: its class.
        weights: number of weights in the kernel, or ``None``.
        weight_format: narrowest format that holds every weight of the kernel.
        zero_weights: how many of them are zero.
        activation_format: format to which the layer rounds values, or their range where it differs by value.
    """

    name: str
    kind: str
    weights: int | None
    weight_format: str | None
    zero_weights: int | None
    activation_format: str | None


def summarize(model: Any) -> tuple[LayerSummary, ...]:
    """Describe the layers of a network of HGQ2 layers, in order."""
    return tuple(_summarize(layer) for layer in model.layers)


def _summarize(layer: Any) -> LayerSummary:
    name, kind = layer.name, type(layer).__name__
    kernel = _kernel(layer)
    if kernel is None:
        return LayerSummary(name, kind, None, None, None, _activation(layer))
    zeros = int((kernel == 0).sum())
    fixed = format_of(kernel)
    text = _type(fixed.signed, fixed.width, fixed.integer)
    return LayerSummary(name, kind, kernel.size, text, zeros, _activation(layer))


def _kernel(layer: Any) -> Any:
    """The quantised kernel, or the scales of a normalisation."""
    if hasattr(layer, "qkernel"):
        return np.asarray(layer.qkernel, dtype=np.float32)
    if hasattr(layer, "qscaler_and_qoffset"):
        return np.asarray(layer.qscaler_and_qoffset[0], dtype=np.float32)
    return None


def _activation(layer: Any) -> str | None:
    parts = []
    if type(layer).__name__ == "Quantizer":
        parts.append(_format(layer))
    for place, label in (("iq", "in "), ("oq", "out ")):
        if getattr(layer, f"enable_{place}", False):
            found = getattr(layer, place)
            quantizers = getattr(found, "quantizers", (found,))
            parts += [label + _format(quantizer) for quantizer in quantizers]
    return ", ".join(parts) or None


def _format(quantizer: Any) -> str:
    inner = quantizer.quantizer
    if not hasattr(inner, "kif"):
        return type(inner).__name__
    signed, integer, fractional = (np.asarray(entry, dtype=np.int64).ravel() for entry in inner.kif)
    width = np.maximum(signed + integer + fractional, 0)
    modes = f"{inner.round_mode},{inner.overflow_mode}"
    if all(np.unique(entry).size == 1 for entry in (signed, integer, fractional)):
        return _type(signed[0] > 0, width[0], signed[0] + integer[0], f",{modes}")
    return f"{width.min()} to {width.max()} bits,{modes}"


def _type(signed: bool, width: int, integer: int, modes: str = "") -> str:
    return f"ap_{'' if signed else 'u'}fixed<{width},{integer}{modes}>"
