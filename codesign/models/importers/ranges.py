"""What values a tensor of an imported network can take, and how fine: enough to know what float32 computes exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint

EXACT_BITS = 24  # significant bits of a float32
SHARED_BITS = 16  # bits of scaled values that go into another sum
SHORT_BITS = 18  # weights of at most so many bits are fixed-point weights and are kept as they are
MOST_BITS = 16  # bits that the largest of weights without a format gets at most
LEAST_BITS = 6  # significant bits of the largest weight below which rounding would change the network


@dataclass(frozen=True)
class ValueRange:
    """Bounds and grid of the values of a tensor.

    Attributes:
        low: no value is smaller.
        high: no value is larger.
        fractional: all values are multiples of 2**-fractional.
    """

    low: float
    high: float
    fractional: int

    @property
    def largest(self) -> float:
        """Largest absolute value."""
        return max(abs(self.low), abs(self.high))

    @property
    def bits(self) -> int:
        """Bits of the largest value on the grid, without sign."""
        return int(np.ceil(np.log2(max(self.largest * 2.0**self.fractional, 1.0))))

    def through(self, fixed: FixedPoint) -> "ValueRange":
        """The range after rounding and saturating to a format."""
        low, high = fixed.quantize([self.low, self.high])
        return ValueRange(float(low), float(high), fixed.fractional)

    def with_zero(self) -> "ValueRange":
        """The range, zero included, as padding adds it."""
        return ValueRange(min(self.low, 0.0), max(self.high, 0.0), self.fractional)


def fraction_of(values: NDArray[np.float32]) -> int:
    """Fewest fractional bits, at least 0, with which every value is exact."""
    filled = np.abs(values[values != 0]).astype(np.float64)
    if filled.size == 0:
        return 0
    mantissa, exponent = np.frexp(filled)
    digits = (mantissa * 2.0**53).astype(np.int64)
    trailing = np.log2(digits & -digits)  # zeros at the end of the 53 bits
    return max(0, int((53 - trailing - exponent).max()))


def format_of(values: NDArray[np.float32]) -> FixedPoint:
    """The narrowest fixed-point format that holds every value exactly.

    Raises:
        ModelError: it would be wider than 53 bits.
    """
    fraction = fraction_of(values)
    scaled = values.astype(np.float64) * 2.0**fraction
    low, high = float(scaled.min(initial=0)), float(scaled.max(initial=0))
    signed = low < 0
    bits = max(1, int(np.ceil(np.log2(max(high + 1, -low, 1.0)))))
    if bits + signed > 53:
        raise ModelError(f"values from {values.min():g} to {values.max():g} need {bits + signed} bits, 53 are possible")
    return FixedPoint(bool(signed), bits + signed, bits + signed - fraction, "RND", "SAT")


def sum_range(kernel: NDArray[np.float32], bias: NDArray[np.float32], inputs: ValueRange) -> ValueRange:
    """Range of ``inputs @ kernel + bias``; the last axis of the kernel is the output.

    The bounds also hold for every partial sum, in any order: they add up absolute values where signs differ.
    """
    size = np.abs(kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)).sum(axis=0) * inputs.largest
    size += np.abs(bias.astype(np.float64))
    fraction = max(inputs.fractional + fraction_of(kernel), fraction_of(bias))
    nonnegative = inputs.low >= 0 and kernel.min(initial=0) >= 0 and bias.min(initial=0) >= 0
    largest = float(size.max(initial=0.0))
    return ValueRange(0.0 if nonnegative else -largest, largest, fraction)


def round_weights(
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
    inputs: ValueRange,
    where: str,
    *,
    most_bits: int = EXACT_BITS,
) -> tuple[NDArray[np.float32], NDArray[np.float32], str | None]:
    """Bring weights to fixed point: short ones stay, others are rounded as finely as float32 sums stay exact.

    Args:
        kernel: weights, the last axis is the output.
        bias: one per output.
        inputs: values that the layer receives.
        where: the layer, for messages.
        most_bits: bits that sums with rounded weights may have.

    Returns:
        kernel, bias, and a sentence about what was changed or cannot be exact, or ``None``.

    Raises:
        ModelError: too few bits would be left.
    """
    if max(_width(kernel), _width(bias)) <= SHORT_BITS:
        bits = sum_range(kernel, bias, inputs).bits
        note = f"{where}: sums can need {bits} bits, more than float32 holds exactly; a narrower input format helps"
        return kernel, bias, note if bits > EXACT_BITS else None
    _, exponent = np.frexp(np.abs(kernel).max(initial=0))
    fraction = wanted = min(MOST_BITS - int(exponent), fraction_of(kernel))
    rounded = _rounded(kernel, fraction), _rounded(bias, fraction + inputs.fractional)
    while fraction > -EXACT_BITS and sum_range(*rounded, inputs).bits > most_bits:
        fraction -= 1
        rounded = _rounded(kernel, fraction), _rounded(bias, fraction + inputs.fractional)
    largest = int(np.abs(rounded[0]).max(initial=0) * 2.0**fraction)
    if largest < 2 ** (LEAST_BITS - 1) and kernel.any():
        raise ModelError(
            f"{where}: its weights have no fixed-point format, and exact sums of inputs of {inputs.bits} bits leave "
            f"them only {fraction} fractional bits; give a narrower input format"
        )
    hint = "; a narrower input format leaves more" if fraction < wanted else ""
    return *rounded, f"{where}: weights rounded to {fraction} fractional bits{hint}"


def _width(values: NDArray[np.float32]) -> int:
    largest = float(np.abs(values).max(initial=0))
    return fraction_of(values) + (int(np.floor(np.log2(largest))) + 1 if largest else 0)


def _rounded(values: NDArray[np.float32], fraction: int) -> NDArray[np.float32]:
    return np.asarray(np.rint(values.astype(np.float64) * 2.0**fraction) * 2.0**-fraction, dtype=np.float32)
