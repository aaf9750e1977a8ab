"""HDF5 arrays compressed with Blosc, as pandas and PyTables write them and h5py cannot read them by itself."""

import itertools
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from codesign.data.reading import require_package
from codesign.errors import DataError

BLOSC = 32001  # https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md
HEADER = struct.Struct("<4BIII")  # of a Blosc buffer: versions, flags, item size; bytes plain, of a block, compressed


def is_readable(array: h5py.Dataset) -> bool:
    """Return whether h5py has all compressors that an array needs."""
    return all(h5py.h5z.filter_avail(code) for code in _filters(array))


def check_blosc(array: h5py.Dataset, path: Path) -> None:
    """Check that an array that h5py cannot read is compressed with Blosc and nothing else.

    Raises:
        DataError: it is not, or the package that decompresses it is not installed.
    """
    codes = _filters(array)
    if codes != [BLOSC]:
        raise DataError(
            f"{path}: {array.name}: expected compression with gzip or Blosc, found the HDF5 filters {codes}; "
            "save the file again with complib='zlib'"
        )
    require_package("blosc2", path)


def read_blosc(array: h5py.Dataset, rows: slice) -> NDArray[Any]:
    """Read some rows of an array that `check_blosc` accepted.

    Args:
        array: the array, any shape.
        rows: which rows, with step 1.

    Returns:
        shape (rows, …) of the array's type.

    Raises:
        ValueError: the file is damaged.
    """
    values = np.empty((rows.stop - rows.start, *array.shape[1:]), array.dtype)
    first = rows.start - rows.start % array.chunks[0]
    starts = [range(first, rows.stop, array.chunks[0])]
    starts += [range(0, length, step) for length, step in zip(array.shape[1:], array.chunks[1:], strict=True)]
    for corner in itertools.product(*starts):
        chunk = _read_chunk(array, corner)
        begin, end = max(corner[0], rows.start), min(corner[0] + array.chunks[0], rows.stop)
        place = [slice(start, start + step) for start, step in zip(corner[1:], array.chunks[1:], strict=True)]
        target = values[(slice(begin - rows.start, end - rows.start), *place)]
        inside = tuple(slice(0, length) for length in target.shape[1:])  # chunks at the edge are stored whole
        target[...] = chunk[(slice(begin - corner[0], end - corner[0]), *inside)]
    return values


def _read_chunk(array: h5py.Dataset, corner: tuple[int, ...]) -> NDArray[Any]:
    import blosc2

    skipped, content = array.id.read_direct_chunk(corner)
    size = int(np.prod(array.chunks)) * array.dtype.itemsize
    if not skipped & 1:  # else the filter was left out for this chunk
        _, _, _, _, plain, _, compressed = HEADER.unpack_from(content)
        if plain != size or compressed != len(content):
            raise ValueError(f"chunk {corner} holds {plain} bytes in {compressed} instead of {size} in {len(content)}")
        content = blosc2.decompress(content)
    return np.frombuffer(content, array.dtype).reshape(array.chunks)


def _filters(array: h5py.Dataset) -> list[int]:
    properties = array.id.get_create_plist()
    return [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]
