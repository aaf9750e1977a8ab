"""Arrays of HDF5 files that have one row per event, read piece by piece."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from codesign.data.hdf5 import damage_reported, open_hdf5, require_array
from codesign.data.schema import row_ranges
from codesign.errors import DataError

ALIGNED_FACTOR = 4  # a chunk of up to so many pieces is read as one piece, rather than decompressed again for each

Shape = tuple[int | None, ...]


def require_arrays(path: Path, shapes: Mapping[str, Shape]) -> dict[str, tuple[int, ...]]:
    """Check the arrays of a file.

    Args:
        path: the file.
        shapes: name → expected shape, ``None`` for any length; the first axis is that of the rows.

    Returns:
        name → shape as found.

    Raises:
        DataError: an array is missing or has another shape, or they differ in their number of rows.
    """
    with open_hdf5(path) as file, damage_reported(path):
        found = {name: tuple(require_array(file, name, shape, path).shape) for name, shape in shapes.items()}
    rows = {name: shape[0] for name, shape in found.items()}
    if len(set(rows.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in rows.items())
        raise DataError(f"{path}: expected arrays with the same number of rows, found {counts}")
    return found


def read_names(path: Path, array: str) -> list[str]:
    """Read an array of names.

    Raises:
        DataError: there is none, or it holds something else than text.
    """
    with open_hdf5(path) as file, damage_reported(path):
        found = file.get(array)
        if not isinstance(found, h5py.Dataset) or found.ndim != 1 or found.dtype.kind not in "SOU":
            raise DataError(f"{path}: expected the array {array} of names, found {found!r} among {', '.join(file)}")
        return [name.decode() if isinstance(name, bytes) else str(name) for name in found[:]]


def array_pieces(path: Path, names: Sequence[str], rows: int) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
    """Read arrays with the same number of rows together.

    Args:
        path: the file.
        names: arrays in it.
        rows: rows per piece; more where a compressed chunk has more.

    Yields:
        index of the first row, and name → values of some consecutive rows.

    Raises:
        DataError: the file is damaged.
    """
    with open_hdf5(path) as file:
        arrays = {name: file[name] for name in names}
        widest = max(arrays.values(), key=lambda array: array.nbytes)
        for piece in row_ranges(widest.shape[0], _aligned(rows, widest.chunks)):
            with damage_reported(path):
                values = {name: array[piece] for name, array in arrays.items()}
            yield piece.start, values


def _aligned(rows: int, chunks: tuple[int, ...] | None) -> int:
    """Return about ``rows``, a multiple of the rows of a chunk."""
    if chunks is None or chunks[0] > ALIGNED_FACTOR * rows:
        return rows
    return max(1, rows // chunks[0]) * int(chunks[0])
