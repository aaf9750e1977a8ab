"""Packed words: many integers side by side in one word, the first in the least significant bits, without gaps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codesign.errors import DataError


def pack_words(integers: NDArray[np.int64], widths: Sequence[int]) -> list[int]:
    """Pack rows of integers into words; negative integers become two's complement.

    Args:
        integers: shape (n, k), int64.
        widths: bits of every column, k numbers from 1 to 63.

    Returns:
        n words of ``sum(widths)`` bits.

    Raises:
        DataError: the shape does not fit the widths, or an integer does not fit its width either as a signed or as
            an unsigned number.
    """
    rows = np.asarray(integers, dtype=np.int64)
    _check_shape(rows, widths)
    for column, width in enumerate(widths):
        low, high = -(1 << (width - 1)), (1 << width) - 1
        wrong = (rows[:, column] < low) | (rows[:, column] > high)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(f"row {row}, field {column}: {rows[row, column]} does not fit {width} bits")
    bits = [(rows[:, [column]] >> np.arange(width)) & 1 for column, width in enumerate(widths)]
    packed = np.packbits(np.concatenate(bits, axis=1).astype(np.uint8), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def unpack_words(words: Sequence[int], widths: Sequence[int], signed: bool | Sequence[bool]) -> NDArray[np.int64]:
    """Undo ``pack_words``.

    Args:
        words: n words of ``sum(widths)`` bits.
        widths: bits of every field, k numbers from 1 to 63.
        signed: two's complement, for all fields or one per field.

    Returns:
        int64 array of shape (n, k).

    Raises:
        DataError: a word has more bits than the fields.
    """
    size = (sum(widths) + 7) // 8
    signs = [signed] * len(widths) if isinstance(signed, bool) else list(signed)
    for index, word in enumerate(words):
        if word < 0 or word >> sum(widths):
            raise DataError(f"word {index}: {word:#x} does not fit {sum(widths)} bits")
    raw = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), dtype=np.uint8)
    bits = np.unpackbits(raw.reshape(len(words), size), axis=1, bitorder="little")
    columns, position = [], 0
    for width, sign in zip(widths, signs, strict=True):
        weights = np.int64(1) << np.arange(width, dtype=np.int64)
        if sign:
            weights[-1] = -weights[-1]
        columns.append(bits[:, position : position + width].astype(np.int64) @ weights)
        position += width
    return np.stack(columns, axis=1)


def _check_shape(rows: NDArray[np.int64], widths: Sequence[int]) -> None:
    if rows.ndim != 2 or rows.shape[1] != len(widths):
        raise DataError(f"expected integers of shape (n, {len(widths)}), got {rows.shape}")
    if not all(1 <= width <= 63 for width in widths):
        raise DataError(f"expected widths of 1 to 63 bits, got {list(widths)}")
