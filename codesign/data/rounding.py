"""Rounding of stored floats, so that compression does not keep meaningless digits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MANTISSA_BITS = 23  # of IEEE 754 single precision, without the hidden one


def round_mantissa(values: ArrayLike, keep_bits: int) -> NDArray[np.float32]:
    """Round to ``keep_bits`` explicit mantissa bits, to nearest, ties to even.

    Source: Klöwer et al., Nat. Comput. Sci. 1 (2021) 713. The relative error is at most
    2^-(keep_bits + 1); zero, and integers below 2^(keep_bits + 1), stay exact.

    Args:
        values: Finite numbers of any shape.
        keep_bits: 1 to 22.

    Returns:
        float32 of the same shape.
    """
    assert 0 < keep_bits < MANTISSA_BITS
    bits = np.array(values, np.float32).view(np.uint32)
    dropped = np.uint32(MANTISSA_BITS - keep_bits)
    half_below = np.uint32((1 << (MANTISSA_BITS - keep_bits - 1)) - 1)
    last_kept = (bits >> dropped) & np.uint32(1)
    # A carry out of the mantissa raises the exponent, which is the right rounding.
    rounded: NDArray[np.float32] = (((bits + half_below + last_kept) >> dropped) << dropped).view(np.float32)
    return rounded


def round_to_step(values: ArrayLike, step: float) -> NDArray[np.float32]:
    """Round to the nearest multiple of a step, ties to even.

    Args:
        values: Finite numbers of any shape.
        step: A power of two, so that the multiples are exact.

    Returns:
        float32 of the same shape, without negative zeros.
    """
    assert np.frexp(step)[0] == 0.5
    rounded: NDArray[np.float32] = np.round(np.asarray(values, np.float32) / np.float32(step)) * np.float32(step)
    return rounded + np.float32(0.0)
