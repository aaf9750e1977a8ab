"""Opening a file of columns or arrays by its suffix."""

from collections.abc import Callable
from pathlib import Path

from codesign.data.formats.tabular import Table
from codesign.data.formats.tabular_hdf5 import open_hdf5_table
from codesign.data.formats.tabular_numpy import open_npy, open_npz
from codesign.data.formats.tabular_parquet import open_parquet
from codesign.data.formats.tabular_text import open_arff, open_csv
from codesign.errors import DataError
from codesign.naming import unknown_name

OPENERS: dict[str, Callable[[Path], Table]] = {
    ".csv": open_csv,
    ".csv.gz": open_csv,
    ".arff": open_arff,
    ".arff.gz": open_arff,
    ".parquet": open_parquet,
    ".pq": open_parquet,
    ".h5": open_hdf5_table,
    ".hdf5": open_hdf5_table,
    ".hdf": open_hdf5_table,
    ".z": open_hdf5_table,  # suffix of the jet tables on CERNBox, which are HDF5
    ".npy": open_npy,
    ".npz": open_npz,
}


def open_table(path: Path) -> Table:
    """Open a file by its suffix.

    Raises:
        DataError: unknown suffix, or the file is missing, damaged or not of the format that the suffix names.
    """
    suffix = path.suffix.lower()
    if suffix == ".gz":
        suffix = "".join(path.suffixes[-2:]).lower()
    if suffix not in OPENERS:
        raise DataError(f"{path}: {unknown_name('suffix', suffix, OPENERS)}")
    if not path.is_file():
        raise DataError(f"{path}: expected a file, found {'a directory' if path.is_dir() else 'no file'}")
    table = OPENERS[suffix](path)
    if not table.fields:
        raise DataError(f"{path}: expected columns or arrays, found none")
    return table
