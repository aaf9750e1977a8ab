"""Layers of exact arithmetic whose widths are part of the definition: no training changes them.

They bound their inputs by saturation: an event beyond the range of a score must stay at its upper end, never wrap and
come out as ordinary. Saturation is symmetric (``SAT_SYM``), which hls4ml 1.3 and alkaid 0.8 both reproduce exactly.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import ConfigError

Tensor = Any
# Kernels of `linear` are small integers, halves, and the inverse LSB of an input.
KERNEL_BITS = 12
EXACT_STEPS = 1 << 24  # float32 holds every whole number up to here


class Format(NamedTuple):
    """A fixed-point format as HGQ2 counts it.

    Attributes:
        signed: whether there is a sign bit.
        integer: bits before the binary point, without the sign.
        fractional: bits behind it.
    """

    signed: int
    integer: int
    fractional: int

    @property
    def steps(self) -> int:
        """Number of LSBs to the end of the range."""
        return 1 << (self.integer + self.fractional)

    @property
    def largest(self) -> float:
        """Largest value."""
        return (self.steps - 1) * 2.0**-self.fractional


def saturated(tensor: Tensor, fmt: Format, name: str) -> Tensor:
    """The tensor rounded to a format, values beyond its range at its ends."""
    from hgq.quantizer import Quantizer

    return Quantizer(_quantizer(fmt), name=name)(tensor)


def common_format(contract: InputContract) -> Format:
    """The smallest format that holds every network value of a contract."""
    return Format(*(int(bits) for bits in np.max([fmt.kif for fmt in contract.network_formats], axis=0)))


def exact_inputs(inputs: Tensor, contract: InputContract, name: str) -> Tensor:
    """The inputs as they are, behind a quantiser that changes nothing: hls4ml wants one before other layers."""
    from hgq.quantizer import Quantizer

    return Quantizer(_quantizer(common_format(contract), "WRAP"), name=name)(inputs)


def table(tensor: Tensor, function: Callable[[Tensor], Tensor], given: Format, result: Format, name: str) -> Tensor:
    """A function of one value as a table.

    Args:
        tensor: input.
        function: one of `codesign.models.tables`.
        given: format of the input; values beyond its range stand at its ends.
        result: format of the entries.
        name: name of the layer.
    """
    from hgq.layers import QUnaryFunctionLUT

    return QUnaryFunctionLUT(
        function,
        iq_conf=_quantizer(given),
        oq_conf=_quantizer(result, place="table"),
        # hls4ml has one table for all values of a tensor.
        allow_heterogeneous_input=False,
        allow_heterogeneous_table=False,
        name=name,
    )(tensor)


def linear(tensor: Tensor, kernel: NDArray[Any], name: str, bias: NDArray[Any] | None = None) -> Tensor:
    """Product with a constant kernel, shape (n, a) to (n, b); see `linear_layer`."""
    return linear_layer(kernel, name, bias)(tensor)


def linear_layer(kernel: NDArray[Any], name: str, bias: NDArray[Any] | None = None) -> Any:
    """Layer that multiplies with a constant kernel; zeros and ones are wires and sums in firmware.

    Args:
        kernel: shape (a, b), multiples of 2**-KERNEL_BITS below 2**KERNEL_BITS.
        name: name of the layer.
        bias: shape (b,).
    """
    from hgq.layers import QDense

    constant = Format(1, KERNEL_BITS, KERNEL_BITS)
    layer = QDense(
        kernel.shape[1],
        use_bias=bias is not None,
        kq_conf=_quantizer(constant, "WRAP", "weight"),
        bq_conf=_quantizer(constant, "WRAP", "bias"),
        enable_iq=False,  # its input has a format already, and hls4ml cannot have two quantisers in a row
        trainable=False,
        name=name,
    )
    layer.build((None, kernel.shape[0]))
    layer.kernel.assign(kernel)
    if bias is not None:
        layer.bias.assign(bias)
    return layer


def product(first: Tensor, second: Tensor, formats: tuple[Format, Format] | None, name: str) -> Tensor:
    """Product of two tensors of equal shape, each saturated to its format.

    ``None`` for the formats leaves both as they are; hls4ml cannot have two quantisers in a row.
    """
    from hgq.layers import QMultiply

    if formats is None:
        return QMultiply(enable_iq=False, name=name)([first, second])
    return QMultiply(iq_confs=[_quantizer(fmt) for fmt in formats], name=name)([first, second])


def difference(
    first: Tensor, second: Tensor, formats: tuple[Format, Format], name: str, *, second_fits: bool = False
) -> Tensor:
    """Difference of two tensors of equal shape, each saturated to its format.

    Args:
        first: first tensor.
        second: second tensor.
        formats: their formats.
        name: name of the layer.
        second_fits: the second, an input of the network, fits its format and needs no saturation; hls4ml is not exact
            where an input feeds quantisers that saturate and others that wrap.
    """
    from hgq.layers import QSubtract

    confs = [_quantizer(formats[0]), _quantizer(formats[1], "WRAP" if second_fits else "SAT_SYM")]
    return QSubtract(iq_confs=confs, name=name)([first, second])


def total(terms: Sequence[tuple[Tensor, Format, NDArray[Any]]], weight: float, name: str) -> Tensor:
    """Weighted sum over the last axes of several tensors.

    Args:
        terms: each a tensor of shape (n, a), its format, and which of its columns count (0 or 1), shape (a,).
        weight: power of two.
        name: name of the layer.

    Returns:
        shape (n, 1).

    Raises:
        ConfigError: the sum could pass what float32 holds exactly.
    """
    import keras

    lsb = 2.0 ** -max(fmt.fractional for _, fmt, _ in terms)
    largest = sum(float(used.sum()) * fmt.largest for _, fmt, used in terms)
    if largest >= EXACT_STEPS * lsb:
        raise ConfigError(
            f"model: a score of up to {largest:g} in steps of {lsb:g} is not exact in float32; expected less than "
            f"{EXACT_STEPS * lsb:g}: choose fewer latent variables or inputs"
        )
    sums = [
        linear(tensor, weight * used.reshape(-1, 1), f"{name}_{index}") for index, (tensor, _, used) in enumerate(terms)
    ]
    return sums[0] if len(sums) == 1 else keras.layers.Add(name=name)(sums)


def _quantizer(fmt: Format, overflow: str = "SAT_SYM", place: str = "datalane") -> Any:
    """One format for the whole tensor, which no training, tracing or regulariser touches."""
    from hgq.quantizer import QuantizerConfig

    return QuantizerConfig(
        "kif",
        place,
        k0=fmt.signed,
        i0=fmt.integer,
        f0=fmt.fractional,
        round_mode="RND",
        overflow_mode=overflow,
        homogeneous_axis=None,
        heterogeneous_axis=(),
        ir=None,
        fr=None,
        trainable=False,
    )
