"""Fixed-point format of every element of a tensor behind an HGQ2 quantiser, and the values it can take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.fixed_point import FixedPoint


def element_formats(quantizer: Any, shape: tuple[int, ...]) -> list[FixedPoint | None]:
    """Format of every element in row-major order; None for an element without bits, which is always zero.

    Args:
        quantizer: HGQ2 quantiser that has been built.
        shape: shape of the tensor without its batch axis.
    """
    import keras

    inner = quantizer.quantizer
    kif = (inner.bw_mapper.bw_to_x(part, (1, *shape)) for part in inner.kif)
    columns = [keras.ops.convert_to_numpy(part).ravel().astype(int).tolist() for part in kif]
    return [
        FixedPoint(bool(sign), sign + integer + fractional, sign + integer, inner.round_mode, inner.overflow_mode)
        if sign + integer + fractional > 0
        else None
        for sign, integer, fractional in zip(*columns, strict=True)
    ]


def values_by_address(fmt: FixedPoint | None) -> NDArray[np.float32]:
    """All values of a format, in the order of their two's complement bits read as an unsigned address."""
    if fmt is None:
        return np.zeros(1, np.float32)
    codes = np.arange(1 << fmt.width)
    if fmt.signed:
        codes[len(codes) // 2 :] -= 1 << fmt.width
    return (codes * fmt.lsb).astype(np.float32)


def addresses(fmt: FixedPoint | None, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Addresses of values of the format."""
    if fmt is None:
        return np.zeros(len(values), np.int64)
    return np.rint(values / fmt.lsb).astype(np.int64) & ((1 << fmt.width) - 1)


def quantized(fmt: FixedPoint | None, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Values in the format; zero without bits."""
    return np.zeros(len(values)) if fmt is None else fmt.quantize(values)
