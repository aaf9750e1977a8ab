"""The weights that a QKeras layer computes with: its stored weights after its quantiser, in NumPy.

QKeras computes ``x + (q(x) - x)`` in float32, which can miss ``q(x)`` by the last bit; here it is ``q(x)``. Where a
scale is fitted to the weights (``alpha='auto'``, ``'auto_po2'``), the steps and the precision are those of QKeras 0.9.
All ``stochastic_*`` quantisers and stochastic rounding are deterministic at inference.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.models.importers.activation_formats import activation_format
from codesign.models.importers.quantizer_specs import QuantizerSpec
from codesign.naming import unknown_name

Weights = NDArray[np.float32]

EPSILON = np.float32(1e-7)  # Keras' epsilon
ITERATIONS = 5  # of the fit of a power of two
TERNARY_THRESHOLD = 0.33
_LOG_2 = np.float32(np.log(2.0))


def quantize_weights(weights: Weights, spec: QuantizerSpec | None, where: str, *, kernel: bool = False) -> Weights:
    """Quantise stored weights as the layer does at inference.

    Args:
        weights: stored weights; the last axis is the output channel.
        spec: the quantiser; ``None`` leaves the weights as they are.
        where: the layer and the weight, for messages.
        kernel: whether QKeras fits a scale where the quantiser states none, as it does for kernels.

    Returns:
        float32 array of the same shape.

    Raises:
        ModelError: the quantiser does not work for weights, or not for these.
    """
    if spec is None:
        return weights
    if spec.name not in WEIGHT_QUANTIZERS:
        raise ModelError(f"{where}: {unknown_name('quantizer of weights', spec.name, WEIGHT_QUANTIZERS)}")
    if kernel and spec.parameters.get("alpha", 1) is None:
        spec = QuantizerSpec(spec.name, {**spec.parameters, "alpha": "auto_po2"})
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            values = WEIGHT_QUANTIZERS[spec.name](weights, spec)
            quantized = np.broadcast_to(values, weights.shape).astype(np.float32)
        except ValueError as error:  # shapes of weights and scale
            raise ModelError(f"{where}: alpha of {spec} does not fit weights of shape {weights.shape}") from error
    if not np.isfinite(quantized).all():
        raise ModelError(f"{where}: {spec} has no finite result for these weights")
    return quantized


def _axes(weights: Weights) -> tuple[int, ...]:
    """Axes over which one scale is fitted: all but the output channel."""
    return tuple(range(weights.ndim - 1)) or (0,)


def _power_of_two(scale: Weights) -> Weights:
    return np.asarray(np.exp2(np.rint(np.log(scale + EPSILON) / _LOG_2)), np.float32)


def _least_squares(weights: Weights, levels: Weights, alpha: object) -> Weights:
    """Scale that brings ``levels`` closest to ``weights``: per output channel, per entry of a vector."""
    if weights.ndim > 1:
        mixed, square = ((factor * levels).mean(axis=_axes(weights), keepdims=True) for factor in (weights, levels))
    else:
        mixed, square = weights * levels, levels * levels
    scale = mixed / (square + EPSILON)
    return _power_of_two(scale) if alpha == "auto_po2" else scale


def _number(alpha: Any) -> Weights:
    return np.asarray(1.0 if alpha is None else alpha, np.float32)


def _signs(weights: Weights) -> Weights:
    return np.where(weights >= 0, np.float32(1), np.float32(-1))


def _zeros_and_ones(weights: Weights) -> Weights:
    return np.asarray(weights >= 0, np.float32)


def _bits(weights: Weights, spec: QuantizerSpec) -> Weights:
    keep, alpha = bool(spec["keep_negative"]), spec["alpha"]
    if isinstance(alpha, str):
        return _fitted_bits(weights, spec)
    if spec["bits"] == keep:
        levels = _signs(weights) if keep else _zeros_and_ones(weights)
        return levels * _number(alpha)
    steps, unit = 2.0 ** (spec["bits"] - keep), 2.0 ** spec["integer"]
    low = -steps + int(spec["symmetric"]) if keep else 0.0
    rounded = np.clip(np.rint(weights * np.float32(steps / unit)), low, steps - 1)
    return np.asarray(np.float32(unit / steps) * rounded * _number(alpha), np.float32)


def _fitted_bits(weights: Weights, spec: QuantizerSpec) -> Weights:
    """``alpha='auto'``: the largest weight of a channel is the largest level; ``'auto_po2'``: least squares."""
    unit = np.float32(2.0 ** spec["integer"])
    values, largest = weights / unit, np.float32(2 ** (spec["bits"] - 1) - 1)
    scale: Weights = np.abs(values).max(axis=_axes(weights), keepdims=True) / largest
    if spec["alpha"] == "auto":
        return unit * scale * _levels(values, scale, largest)
    scale = _power_of_two(scale)
    for _ in range(ITERATIONS):
        levels = _levels(values, scale, largest)
        scale = _least_squares(values, levels, "auto_po2")
    return unit * scale * levels


def _levels(values: Weights, scale: Weights, largest: np.float32) -> Weights:
    rounded = np.floor(np.abs(values) / scale + np.float32(0.5))
    return np.sign(values) * np.where(rounded < largest, rounded, largest)


def _linear(weights: Weights, spec: QuantizerSpec) -> Weights:
    keep, alpha = bool(spec["keep_negative"]), spec["alpha"]
    sign = spec["bits"] == 1 and keep
    top = 0.5 if sign else 2.0 ** (spec["bits"] - keep) - 1
    low = -top if sign or (keep and spec["symmetric"]) else -(top + 1) * keep
    shift = np.float32(0.5 * sign)

    def levels(scale: Weights) -> Weights:
        return np.asarray(np.rint(np.clip(weights / scale, low, top) - shift) + shift, dtype=np.float32)

    if not isinstance(alpha, str):
        scale = _number(alpha) * np.float32(2.0 ** (spec["integer"] - spec["bits"] + keep))
        return levels(scale) * scale
    size = np.abs(weights) if keep else weights
    scale = size.max(axis=_axes(weights), keepdims=True) * np.float32((2 if keep else 1) / (top - low))
    scale = np.maximum(scale, EPSILON)
    if alpha == "auto_po2":
        scale = _power_of_two(scale)
        for _ in range(1 if sign else ITERATIONS):
            scale = _least_squares(weights, levels(scale), alpha)
    return levels(scale) * scale


def _ternary(weights: Weights, spec: QuantizerSpec) -> Weights:
    alpha = spec["alpha"]
    if not isinstance(alpha, str):
        threshold = np.float32(TERNARY_THRESHOLD if spec["threshold"] is None else spec["threshold"])
        return np.sign(weights) * (np.abs(weights) >= threshold) * _number(alpha)
    largest = np.abs(weights).max(axis=_axes(weights) if weights.ndim > 1 else None, keepdims=True)
    scale: Weights = np.asarray(2 * largest / np.float32(3), np.float32)
    if alpha == "auto_po2":
        scale = _power_of_two(scale)
    for _ in range(int(spec["number_of_unrolls"])):
        rounded = scale * np.rint(weights / scale)
        levels = np.asarray(np.sign(weights) * (np.abs(rounded) >= scale / 2), np.float32)
        scale = _least_squares(weights, levels, alpha)
    return scale * levels


def _binary(weights: Weights, spec: QuantizerSpec) -> Weights:
    levels = _signs(weights)
    if spec.parameters.get("use_01"):
        levels = _zeros_and_ones(weights)
    alpha = spec["alpha"]
    return levels * (_least_squares(weights, levels, alpha) if isinstance(alpha, str) else _number(alpha))


def _po2(weights: Weights, spec: QuantizerSpec) -> Weights:
    exponent_bits = spec["bits"] - 1 - _exponent_sign(spec)
    return _signs(weights) * _power(np.abs(weights), spec, exponent_bits)


def _relu_po2(weights: Weights, spec: QuantizerSpec) -> Weights:
    slope, exponent_bits = np.float32(spec["negative_slope"]), spec["bits"] - _exponent_sign(spec)
    positive = _power(np.maximum(weights, 0), spec, exponent_bits)
    negative = _power(np.maximum(-weights, 0) * slope, spec, exponent_bits)
    return np.where((weights >= 0) | (slope == 0), positive, -negative)


def _exponent_sign(spec: QuantizerSpec) -> int:
    """A maximum of at most 1 leaves only negative exponents, which then need no sign."""
    return int(spec["max_value"] is None or spec["max_value"] > 1)


def _power(size: Weights, spec: QuantizerSpec, exponent_bits: int) -> Weights:
    """The nearest power of two (nearest in the logarithm), its exponent within the bits that there are."""
    quadratic = bool(spec["quadratic_approximation"])
    low, high = -(2.0**exponent_bits), 2.0**exponent_bits - 1
    if quadratic:
        high = 2 * (high // 2)
    limited = np.maximum(size, EPSILON)
    if spec["max_value"] is not None:
        limited = np.minimum(limited, np.float32(spec["max_value"]))
    logarithm = np.log(np.sqrt(limited) if quadratic else limited) / _LOG_2
    rounded = np.floor(logarithm) if spec["log2_rounding"] == "floor" else np.rint(logarithm)
    exponent = (2 if quadratic else 1) * np.clip(rounded, low, high)
    return np.exp2(np.where(size < EPSILON, low, exponent)).astype(np.float32)


def _relu(weights: Weights, spec: QuantizerSpec) -> Weights:
    known = activation_format(spec, "weights")
    assert known is not None
    return known.quantize(weights).astype(np.float32)


WEIGHT_QUANTIZERS: dict[str, Callable[[Weights, QuantizerSpec], Weights]] = {
    "quantized_bits": _bits,
    "quantized_linear": _linear,
    "quantized_relu": _relu,
    "ternary": _ternary,
    "stochastic_ternary": _ternary,
    "binary": _binary,
    "stochastic_binary": _binary,
    "quantized_po2": _po2,
    "quantized_relu_po2": _relu_po2,
}
