"""Opening HDF5 files of any origin, with errors that a user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from codesign.errors import DataError
from codesign.naming import unknown_name


def open_hdf5(path: Path) -> h5py.File:
    """Open a file for reading.

    Raises:
        DataError: the file is missing, not HDF5, or truncated.
    """
    if not path.is_file():
        raise DataError(f"{path}: expected an HDF5 file, found {'a directory' if path.is_dir() else 'no file'}")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: not an HDF5 file, or truncated; copy or produce it again ({error})") from None


def require_array(file: h5py.Group, name: str, shape: tuple[int | None, ...], path: Path) -> h5py.Dataset:
    """Look up an array of numbers and check its shape.

    Args:
        file: the open file or a group in it.
        name: name of the array.
        shape: expected lengths of the axes, ``None`` for any.
        path: file name for messages.

    Raises:
        DataError: there is no such array (the message lists those that are there), or it has another shape or type.
    """
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        arrays = [key for key, value in file.items() if isinstance(value, h5py.Dataset)]
        raise DataError(f"{path}: {unknown_name('array', name, arrays)}")
    fits = len(found.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, found.shape, strict=True)
    )
    if not fits or found.dtype.kind not in "fiub":
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise DataError(f"{path}: {name}: expected numbers of shape ({wanted}), found {found.dtype} {found.shape}")
    return found


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Turn what h5py raises on damaged bytes (found by flipping them one after the other) into a DataError."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: the file is damaged; copy or produce it again ({error})") from error
