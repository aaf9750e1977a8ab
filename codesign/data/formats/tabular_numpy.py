"""Arrays of npy and npz files; those of an npz file are decompressed piece by piece, never as a whole."""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from codesign.data.formats.tabular import Field, Piece, Table
from codesign.errors import DataError

NUMBERS = "fiub"
# What zipfile and numpy raise on damaged bytes (found by changing them one after the other).
DAMAGE = (
    *(OSError, EOFError, ValueError, RuntimeError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
ARRAY = "array"  # name of the only array of an npy file


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]


def open_npy(path: Path) -> Table:
    """Open an npy file; its array has the name ``array``.

    Raises:
        DataError: it is missing, truncated, or holds Python objects.
    """
    with _readable(path):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim == 0:
        raise DataError(f"{path}: expected an array with rows, found a single value")

    def pieces(_names: Sequence[str], rows: int) -> Iterator[Piece]:
        for start in range(0, len(array), rows):
            yield Piece({ARRAY: np.asarray(array[start : start + rows])})

    return Table(path, {ARRAY: Field(array.shape[1:], array.dtype.kind in NUMBERS)}, len(array), pieces)


def open_npz(path: Path) -> Table:
    """Open an npz file.

    Raises:
        DataError: it is missing, damaged, or its arrays have different numbers of rows.
    """
    headers: dict[str, _Header] = {}
    with _readable(path), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as stream:
                    headers[member.removesuffix(".npy")] = _read_header(stream, path)
    arrays = {name: header for name, header in headers.items() if header.shape}
    lengths = {name: header.shape[0] for name, header in arrays.items()}

    def pieces(names: Sequence[str], rows: int) -> Iterator[Piece]:
        """Read some fields, ``rows`` rows at a time; `Table.pieces`."""
        count = lengths[names[0]]
        for name in names:
            if lengths[name] != count:
                raise DataError(f"{path}: expected as many rows of {name} as of {names[0]}, {count}, found {lengths}")
        with ExitStack() as stack, _readable(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            streams = {name: stack.enter_context(archive.open(f"{name}.npy")) for name in names}
            for stream in streams.values():
                _read_header(stream, path)
            for start in range(0, count, rows):
                wanted = min(rows, count - start)
                yield Piece({name: _read_rows(streams[name], arrays[name], wanted, name, path) for name in names})

    fields = {name: Field(header.shape[1:], header.dtype.kind in NUMBERS) for name, header in arrays.items()}
    same = len(set(lengths.values())) == 1
    return Table(path, fields, next(iter(lengths.values())) if same else None, pieces)


def _read_header(stream: IO[bytes], path: Path) -> _Header:
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise DataError(f"{path}: expected npy format version 1 or 2, found {version}; save the arrays again")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return _Header(*read(stream))


def _read_rows(stream: IO[bytes], header: _Header, rows: int, name: str, path: Path) -> NDArray[Any]:
    if header.dtype.hasobject:
        raise DataError(f"{path}: array {name}: expected numbers or text, found pickled Python objects")
    if header.fortran and len(header.shape) > 1:
        raise DataError(
            f"{path}: array {name} is stored column by column, which cannot be read in pieces; "
            f"save np.ascontiguousarray({name}) instead"
        )
    row_shape = header.shape[1:]
    size = rows * math.prod(row_shape) * header.dtype.itemsize
    content = stream.read(size)
    if len(content) != size:
        raise DataError(f"{path}: array {name} is truncated; copy or produce the file again")
    return np.frombuffer(content, header.dtype).reshape(rows, *row_shape)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise DataError(f"{path}: not a NumPy file, or damaged; copy or produce it again ({error})") from None
