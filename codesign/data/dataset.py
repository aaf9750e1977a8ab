"""Data sets of labelled physics objects on disk: opened with all checks, read lazily, written atomically."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from codesign.data.hdf5 import damage_reported, open_hdf5
from codesign.data.schema import (
    SPLITS,
    Column,
    check_file,
    content_digest,
    read_classes,
    read_columns,
    stored_ranges,
)
from codesign.data.writing import write_dataset
from codesign.errors import DataError
from codesign.naming import unknown_name

__all__ = ["SPLITS", "Column", "Dataset", "write_dataset"]


class Dataset:
    """A data set in layout version 1 (`codesign.data.schema`), open for reading.

    Rows are read only when asked for, so a file may be larger than the memory.

    Attributes:
        path: Where the file lies.
        name: Name given by the author.
        classes: Class names; a label is an index into them.
        provenance: How the content was made: generator and version, settings, seeds, command.
        origin: Which data set the rows belong to; rows of different origins are never mixed in one table.
        weighted: Whether the rows have weights of their own.
        digest: sha256 of schema and array contents, as stored; see `verify_digest`.
        blocks: Names of the input blocks.
    """

    def __init__(self, file: h5py.File, path: Path) -> None:
        self._file = file
        self.path = path
        self.name: str = file.attrs["name"]
        self.digest: str = file.attrs["digest"]
        self.provenance: dict[str, Any] = json.loads(file.attrs["provenance"])
        self.origin: str = str(self.provenance.get("origin") or self.provenance.get("generator") or "unknown")
        self.weighted: bool = "weight" in file
        self.classes = read_classes(file, str(path))
        self.blocks: tuple[str, ...] = tuple(file["inputs"])
        self._columns = {block: read_columns(file["inputs"][block], str(path)) for block in self.blocks}
        self._split: NDArray[np.uint8] = file["split"][:]

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a file and check its schema.

        Args:
            path: HDF5 file.

        Returns:
            The open data set; use it in a ``with`` statement or call `close`.

        Raises:
            DataError: The file is missing, damaged, not HDF5, or not in layout version 1.
        """
        path = Path(path)
        file = open_hdf5(path)
        try:
            with damage_reported(path):
                check_file(file, str(path))
                return cls(file, path)
        except DataError:
            file.close()
            raise

    def close(self) -> None:
        """Close the file; nothing can be read afterwards."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._split.size)

    def __repr__(self) -> str:
        return f"<Dataset {self.name!r}: {len(self)} rows, blocks {', '.join(self.blocks)}, {self.path}>"

    def columns(self, block: str) -> tuple[Column, ...]:
        """Return the columns of a block in the order of its last axis.

        Raises:
            DataError: There is no such block.
        """
        if block not in self._columns:
            raise DataError(f"{self.path}: {unknown_name('input block', block, self.blocks)}")
        return self._columns[block]

    def row_shape(self, block: str) -> tuple[int, ...]:
        """Return the shape of one row of a block: (columns,) or (objects, columns).

        Raises:
            DataError: There is no such block.
        """
        self.columns(block)
        shape: tuple[int, ...] = self._file["inputs"][block].shape[1:]
        return shape

    def read(self, block: str, split: str | None = None, columns: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Read the values of a block; only the selected rows and columns stay in memory.

        Args:
            block: Name of the input block.
            split: One of `SPLITS`, or ``None`` for every row.
            columns: Column names in the wanted order, or ``None`` for all in the order of the file.

        Returns:
            float32 of shape (rows, columns) or (rows, objects, columns), rows in the order of the
            file, each column in its own unit (`Column.unit`).

        Raises:
            DataError: Unknown block, split or column; a value is NaN or infinite; damaged file.
        """
        known = [column.name for column in self.columns(block)]
        wanted = known if columns is None else list(columns)
        for name in wanted:
            if name not in known:
                raise DataError(f"{self.path}: /inputs/{block}: {unknown_name('column', name, known)}")
        mask = self._mask(split)
        stored = self._file["inputs"][block]
        values = np.empty((int(mask.sum()), *stored.shape[1:-1], len(wanted)), np.float32)
        with damage_reported(self.path):
            _fill(values, stored, mask, [known.index(name) for name in wanted])
        self._require_finite(values, mask, block, wanted)
        return values

    def read_rows(self, block: str, rows: slice) -> NDArray[np.float32]:
        """Read consecutive rows of a block as they are stored, NaN included.

        Raises:
            DataError: There is no such block, or the file is damaged.
        """
        self.columns(block)
        with damage_reported(self.path):
            values: NDArray[np.float32] = self._file["inputs"][block][rows]
        return values

    def splits(self) -> NDArray[np.uint8]:
        """Return the split of each row as an index into `SPLITS`, uint8 of shape (rows,)."""
        return self._split.copy()

    def labels(self, split: str | None = None) -> NDArray[np.uint8]:
        """Return the class index of each row, uint8 of shape (rows,).

        Raises:
            DataError: Unknown split.
        """
        return self._vector("label", split)

    def weights(self, split: str | None = None) -> NDArray[np.float32]:
        """Return the weight of each row, float32 of shape (rows,): one where the file has none.

        Raises:
            DataError: Unknown split, or a weight that is NaN or infinite.
        """
        if "weight" not in self._file:
            return np.ones(int(self._mask(split).sum()), np.float32)
        weights = self._vector("weight", split)
        if not np.isfinite(weights).all():
            count = int((~np.isfinite(weights)).sum())
            raise DataError(f"{self.path}: /weight: expected finite values, found {count} NaN or infinite")
        return weights

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows each class has in each split: {split: {class: n}}."""
        label = self.labels()
        return {
            split: {name: int(((self._split == s) & (label == c)).sum()) for c, name in enumerate(self.classes)}
            for s, split in enumerate(SPLITS)
        }

    def verify_digest(self) -> None:
        """Recompute the digest from the arrays (reads the whole file) and compare it with the stored one.

        Raises:
            DataError: They differ, so the content is not the one that was written.
        """
        arrays: dict[str, h5py.Dataset] = {f"inputs/{block}": self._file["inputs"][block] for block in self.blocks}
        arrays |= {name: self._file[name] for name in ("label", "split", "weight") if name in self._file}
        columns = {block: self._file["inputs"][block].attrs["columns"] for block in self.blocks}
        with damage_reported(self.path):
            found = content_digest(self.classes, columns, arrays)
        if found != self.digest:
            raise DataError(
                f"{self.path}: expected the stored digest {self.digest}, found {found}: content was changed"
            )

    def _mask(self, split: str | None) -> NDArray[np.bool_]:
        """Return which rows belong to a split, bool of shape (n,)."""
        if split is None:
            return np.ones(len(self), np.bool_)
        if split not in SPLITS:
            raise DataError(f"{self.path}: {unknown_name('split', split, SPLITS)}")
        mask: NDArray[np.bool_] = self._split == SPLITS.index(split)
        return mask

    def _vector(self, name: str, split: str | None) -> NDArray[Any]:
        mask = self._mask(split)
        with damage_reported(self.path):
            values: NDArray[Any] = self._file[name][:][mask]
        return values

    def _require_finite(
        self, values: NDArray[np.float32], mask: NDArray[np.bool_], block: str, columns: Sequence[str]
    ) -> None:
        """Refuse NaN and infinities, naming the first column that has one and its first row."""
        bad = ~np.isfinite(values)
        if not bad.any():
            return
        per_column = bad.reshape(-1, len(columns)).any(axis=0)
        column = int(np.flatnonzero(per_column)[0])
        bad_rows = bad[..., column].reshape(len(values), -1).any(axis=1)
        row = int(np.flatnonzero(mask)[np.flatnonzero(bad_rows)[0]])
        raise DataError(
            f"{self.path}: /inputs/{block}: expected finite values, found {int(bad.sum())} NaN or infinite; "
            f"first in column {columns[column]!r} at row {row}; "
            f"columns concerned: {', '.join(np.asarray(columns)[per_column])}"
        )


def _fill(values: NDArray[np.float32], stored: h5py.Dataset, mask: NDArray[np.bool_], indices: Sequence[int]) -> None:
    """Copy the selected rows and columns chunk by chunk.

    HDF5's own selection by a list of rows is quadratic in practice; a mask per chunk is not.
    """
    filled = 0
    whole = list(indices) == list(range(stored.shape[-1]))
    for rows in stored_ranges(stored):
        selected = mask[rows]
        count = int(selected.sum())
        if count == 0:
            continue
        if whole:
            values[filled : filled + count] = stored[rows][selected]
        else:
            for position, index in enumerate(indices):
                values[filled : filled + count, ..., position] = stored[rows, ..., index][selected]
        filled += count
