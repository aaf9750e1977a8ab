"""Activations of QKeras as frozen quantisers of HGQ2, and a few exact layers around them where that is not enough."""

import math
from collections.abc import Callable

import numpy as np

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint, Overflow
from codesign.models.importers.activation_formats import activation_format, activation_scale
from codesign.models.importers.graph import Builder, Value
from codesign.models.importers.quantizer_specs import QuantizerSpec
from codesign.models.importers.ranges import EXACT_BITS, ValueRange
from codesign.models.importers.weight_quantizers import TERNARY_THRESHOLD
from codesign.naming import unknown_name

FLOOR_SIGN = FixedPoint(True, 1, 1, "TRN", "SAT")  # -1 below zero, 0 from zero on


def add_activation(builder: Builder, value: Value, spec: QuantizerSpec | None, name: str, where: str) -> Value:
    """Add an activation.

    Args:
        builder: the network.
        value: input of the activation.
        spec: the activation; ``None`` adds nothing.
        name: name of the layer.
        where: the layer, for messages.

    Raises:
        ModelError: the activation is not supported.
    """
    if spec is None:
        return value
    fixed = activation_format(spec, where)
    if fixed is not None:
        rounded = builder.quantize(value, fixed, name)
        scale = activation_scale(spec, where) if spec.name == "quantized_bits" else 1.0
        return rounded if scale == 1.0 else _scaled(builder, rounded, scale, 0.0, name, where)
    if spec.name not in ACTIVATIONS:
        known = ("quantized_relu", *ACTIVATIONS)
        raise ModelError(f"{where}: {unknown_name('activation', spec.name, known)}; a float activation has no firmware")
    return ACTIVATIONS[spec.name](builder, value, spec, name, where)


def _scaled(builder: Builder, value: Value, scale: float, offset: float, name: str, where: str) -> Value:
    scaled = builder.affine(value, scale, offset, f"{name}_scale")
    if scaled.range.bits > EXACT_BITS:
        raise ModelError(
            f"{where}: a scale of {scale!r} needs {scaled.range.bits} bits, more than float32 holds exactly"
        )
    return scaled


def _relu(builder: Builder, value: Value, spec: QuantizerSpec, name: str, where: str) -> Value:
    values = ValueRange(0.0, max(value.range.high, 0.0), value.range.fractional)
    return builder.keras(value, "Activation", values, name, activation="relu")


def _sigmoid(builder: Builder, value: Value, spec: QuantizerSpec, name: str, where: str) -> Value:
    """Build ``clip(0.5 x + 0.5)`` rounded to ``bits``: x rounded to steps twice as wide, then halved and shifted.

    Half to even stays half to even, because the shift is an even number of steps from two bits on.
    """
    _refuse(spec["use_real_sigmoid"], spec, where, "use_real_sigmoid: exponentials are no fixed-point steps")
    _refuse(spec["bits"] < 2, spec, where, "expected at least 2 bits")
    overflow: Overflow = "SAT_SYM" if spec["symmetric"] else "SAT"
    rounded = builder.quantize(value, FixedPoint(True, int(spec["bits"]), 1, "RND_CONV", overflow), name)
    return _scaled(builder, rounded, 0.5, 0.5, name, where)


def _tanh(builder: Builder, value: Value, spec: QuantizerSpec, name: str, where: str) -> Value:
    raise ModelError(f"{where}: {spec}: use_real_tanh is not supported: exponentials are no fixed-point steps")


def _one_bit(builder: Builder, value: Value, spec: QuantizerSpec, name: str, where: str) -> Value:
    """One bit with sign: the sign, in quantized_linear half of it."""
    size = activation_scale(spec, where)
    if spec.name == "quantized_linear":
        size *= 2.0 ** spec["integer"] / 2
    return _signs(builder, value, size, 0.0, name, where)


def _binary(builder: Builder, value: Value, spec: QuantizerSpec, name: str, where: str) -> Value:
    size = activation_scale(spec, where)
    if spec.parameters.get("use_01"):
        return _signs(builder, value, size / 2, size / 2, name, where)
    return _signs(builder, value, size, 0.0, name, where)


def _signs(builder: Builder, value: Value, size: float, offset: float, name: str, where: str) -> Value:
    """``offset + size`` from zero on, ``offset - size`` below."""
    below = builder.quantize(value, FLOOR_SIGN, name)
    return _scaled(builder, below, 2 * size, offset + size, name, where)


def _ternary(builder: Builder, value: Value, spec: QuantizerSpec, name: str, where: str) -> Value:
    """Two comparisons with the threshold: ``floor_sign(x - t) - floor_sign(-x - t)`` is -1, 0 or 1."""
    size = activation_scale(spec, where)
    threshold = TERNARY_THRESHOLD if spec["threshold"] is None else spec["threshold"]
    _refuse(not isinstance(threshold, (int, float)) or threshold <= 0, spec, where, "expected a positive threshold")
    grid = 2.0**-value.range.fractional
    shift = -math.ceil(float(np.float32(threshold)) / grid) * grid  # on the grid, the same comparison
    above = builder.affine(value, 1.0, shift, f"{name}_above")
    below = builder.affine(value, -1.0, shift, f"{name}_below")
    above, below = (builder.quantize(part, FLOOR_SIGN, f"{name}_sign") for part in (above, below))
    signs = builder.merge([above, below], "Subtract", ValueRange(-1.0, 1.0, 0), name)
    return signs if size == 1.0 else _scaled(builder, signs, size, 0.0, name, where)


def _refuse(wrong: object, spec: QuantizerSpec, where: str, why: str) -> None:
    if wrong:
        raise ModelError(f"{where}: {spec}: {why}")


ACTIVATIONS: dict[str, Callable[[Builder, Value, QuantizerSpec, str, str], Value]] = {
    "relu": _relu,
    "quantized_bits": _one_bit,
    "quantized_linear": _one_bit,
    "quantized_tanh": _tanh,
    "quantized_sigmoid": _sigmoid,
    "binary": _binary,
    "stochastic_binary": _binary,
    "ternary": _ternary,
    "stochastic_ternary": _ternary,
}
