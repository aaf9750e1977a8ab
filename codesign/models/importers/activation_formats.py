"""QKeras activations that only round and saturate, as fixed-point formats.

QKeras rounds half to even (``tf.round``) and saturates. Its ``integer`` does not count the sign.
"""

import math

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint, Overflow
from codesign.models.importers.quantizer_specs import QuantizerSpec


def activation_format(spec: QuantizerSpec, where: str) -> FixedPoint | None:
    """The format to which an activation rounds, or ``None`` if it does more than that.

    Args:
        spec: the activation.
        where: the layer, for messages.

    Raises:
        ModelError: the format depends on the data, is no fixed-point format, or too wide.
    """
    match spec.name:
        case "quantized_bits" | "quantized_linear":
            return None if spec["bits"] == bool(spec["keep_negative"]) else _bits(spec, where)
        case "quantized_relu":
            _require_plain_relu(spec, where)
            return _format(spec, where, signed=False, symmetric=True, integer=int(spec["integer"]))
        case "quantized_tanh" if not spec["use_real_tanh"]:
            return _format(spec, where, signed=True, symmetric=bool(spec["symmetric"]), integer=1)
    return None


def _bits(spec: QuantizerSpec, where: str) -> FixedPoint:
    signed, integer = bool(spec["keep_negative"]), int(spec["integer"])
    if spec.name == "quantized_linear":  # its alpha scales the steps, that of quantized_bits scales the result
        shift = math.log2(activation_scale(spec, where))
        if not shift.is_integer():
            raise ModelError(
                f"{where}: {spec} rounds to steps that are no power of two, so it is no fixed-point format"
            )
        integer += int(shift)
    return _format(spec, where, signed=signed, symmetric=bool(spec["symmetric"]), integer=integer + signed)


def activation_scale(spec: QuantizerSpec, where: str) -> float:
    """The fixed scale ``alpha`` of an activation.

    Raises:
        ModelError: the scale is fitted to the data of a batch, differs by channel, or is not positive.
    """
    alpha = spec.parameters.get("alpha")
    if isinstance(alpha, (str, list)):
        raise ModelError(f"{where}: {spec} as activation: expected one number or None as alpha, found {alpha!r}")
    if alpha is not None and alpha <= 0:
        raise ModelError(f"{where}: {spec}: expected a positive alpha")
    return 1.0 if alpha is None else float(alpha)


def _require_plain_relu(spec: QuantizerSpec, where: str) -> None:
    if spec["use_sigmoid"] or spec["negative_slope"]:
        raise ModelError(
            f"{where}: {spec}: use_sigmoid and negative_slope are not supported; quantized_relu(bits,integer) is"
        )
    if spec["relu_upper_bound"] is not None and not spec["is_quantized_clip"]:
        raise ModelError(f"{where}: {spec}: an upper bound besides that of the format is not supported")


def _format(spec: QuantizerSpec, where: str, *, signed: bool, symmetric: bool, integer: int) -> FixedPoint:
    # An unsigned format is the same with both kinds of saturation, but with SAT hls4ml 1.3 cuts fractional bits of the
    # largest value where the input has fewer of them.
    overflow: Overflow = "SAT_SYM" if symmetric or not signed else "SAT"
    if spec["bits"] > 24:
        raise ModelError(f"{where}: {spec}: expected at most 24 bits, which float32 holds exactly")
    return FixedPoint(signed, int(spec["bits"]), integer, "RND_CONV", overflow)
