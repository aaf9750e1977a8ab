"""Writing of a data set, at once or piece by piece, beside its place; it appears there only when complete."""

import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.data.schema import (
    MAX_CLASSES,
    SCHEMA_VERSION,
    SPLITS,
    Block,
    Column,
    check_file,
    chunk_shape,
    content_digest,
    encode_columns,
)
from codesign.errors import DataError

Inputs = Mapping[str, tuple[ArrayLike, Sequence[Column]]]
SMALLEST, FASTEST = 9, 1  # gzip levels; level 9 takes about three times as long as 1


class _Draft(io.FileIO):
    """The file below HDF5, which takes every write and remembers the first that failed.

    HDF5 itself cannot be closed after a failed write: it tries again until the process crashes (seen with 1.14 on a
    full disk). With this file it always ends in order, and the writer asks for the error.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of the data, or remember why not."""
        with self._remembered():
            view = memoryview(data).cast("B")
            while view:
                view = view[super().write(view) :]
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Change the length, or remember why not."""
        with self._remembered():
            size = super().truncate(size)
        return size or 0

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = self.error or error


class DatasetWriter:
    """Writes a data set in layout version 1 from pieces of any size; memory holds one piece and one chunk.

    The same rows always give the same bytes, however they were cut into pieces. Use it in a ``with``
    statement and call `finish` as its last action: without it, nothing appears.

    Args:
        path: Where to write; missing directories are made, an existing file is replaced at the end.
        name: Name of the data set.
        blocks: What each block of inputs holds.
        classes: Class names, at most 256; a label is an index into them.
        weighted: Whether the rows have weights.
        compression: gzip level, `FASTEST` to `SMALLEST`.

    Raises:
        DataError: A name or the number of classes is not possible, or the file cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str,
        blocks: Mapping[str, Block],
        classes: Sequence[str],
        weighted: bool = False,
        compression: int = SMALLEST,
    ) -> None:
        self.path = Path(path)
        if not 0 < len(classes) <= MAX_CLASSES:
            raise DataError(f"{path}: expected 1 to {MAX_CLASSES} classes, found {len(classes)}")
        for block in blocks:
            if not block or "/" in block:
                raise DataError(f"{path}: expected a block name without '/', found {block!r}")
        self._name, self._blocks, self._classes = name, dict(blocks), tuple(classes)
        self._layout: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
            f"inputs/{key}": (block.row_shape, np.float32) for key, block in blocks.items()
        }
        self._layout |= {"label": ((), np.uint8), "split": ((), np.uint8)}
        if weighted:
            self._layout["weight"] = ((), np.float32)
        self._waiting: dict[str, list[NDArray[Any]]] = {key: [] for key in self._layout}
        self._compression = compression
        # Beside the target, because a rename is atomic only within one file system.
        self._draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        self._raw: _Draft | None = None
        self._file: h5py.File | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._raw = _Draft(self._draft, "w+")
            self._file = h5py.File(self._raw, "w")
            for key, (row_shape, dtype) in self._layout.items():
                self._file.create_dataset(
                    key,
                    shape=(0, *row_shape),
                    maxshape=(None, *row_shape),
                    dtype=dtype,
                    chunks=chunk_shape(row_shape),
                    compression="gzip",
                    compression_opts=self._compression,
                    shuffle=True,
                    track_times=False,
                )
        except OSError as error:
            self._abandon()
            raise self._unwritable(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandon()

    def append(
        self, inputs: Mapping[str, ArrayLike], label: ArrayLike, split: ArrayLike, weight: ArrayLike | None = None
    ) -> None:
        """Add rows.

        Args:
            inputs: Block name → values of shape (n, columns) or (n, objects, columns).
            label: Class index per row, shape (n,).
            split: 0 train, 1 validation, 2 test, shape (n,).
            weight: Weight per row, shape (n,); given exactly when the writer is ``weighted``.

        Raises:
            DataError: Shapes or ranges disagree, or the file cannot be written.
        """
        pieces: dict[str, NDArray[Any]] = {
            f"inputs/{key}": np.asarray(values, np.float32) for key, values in inputs.items()
        }
        pieces["label"] = _as_index(str(self.path), "label", label, len(self._classes))
        pieces["split"] = _as_index(str(self.path), "split", split, len(SPLITS))
        if weight is not None:
            pieces["weight"] = np.asarray(weight, np.float32)
        self._check(pieces)
        for key, piece in pieces.items():
            self._waiting[key].append(piece)
            self._store(key, complete_chunks_only=True)
        self.rows += len(pieces["label"])

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Complete the file and move it to its place.

        Args:
            provenance: What is needed to make the content again; anything JSON can hold. Leave times
                and host names out, or equal content no longer gives equal files.

        Raises:
            DataError: There is no row, or the file cannot be written.
        """
        if self.rows == 0:
            raise DataError(f"{self.path}: expected at least one row, found none")
        assert self._file is not None, "finish is called inside the with statement"
        for key in self._layout:
            self._store(key, complete_chunks_only=False)
        self._describe(self._file, provenance)
        self._require_written()
        check_file(self._file, str(self.path))
        self._file.close()
        self._require_written()
        try:
            self._draft.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from None

    def _check(self, pieces: Mapping[str, NDArray[Any]]) -> None:
        if set(pieces) != set(self._layout):
            raise DataError(f"{self.path}: expected values for {sorted(self._layout)}, found {sorted(pieces)}")
        rows = len(pieces["label"])
        for key, piece in pieces.items():
            expected = (rows, *self._layout[key][0])
            if piece.shape != expected:
                what = f"{rows} rows" if piece.ndim == 0 or len(piece) != rows else f"shape {expected}"
                raise DataError(f"{self.path}: /{key}: expected {what}, found shape {piece.shape}")

    def _store(self, key: str, *, complete_chunks_only: bool) -> None:
        """Move waiting rows to the file; HDF5 compresses a chunk again each time a part of it is written."""
        assert self._file is not None, "append is called inside the with statement"
        stored, waiting = self._file[key], self._waiting[key]
        rows = sum(len(piece) for piece in waiting)
        count = rows - rows % stored.chunks[0] if complete_chunks_only else rows
        if count == 0:
            return
        joined = waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
        start = stored.shape[0]
        stored.resize(start + count, axis=0)
        stored[start:] = joined[:count]
        self._require_written()
        self._waiting[key] = [joined[count:].copy()] if count < rows else []

    def _describe(self, file: h5py.File, provenance: Mapping[str, Any]) -> None:
        columns = {key: encode_columns(block.columns) for key, block in self._blocks.items()}
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["name"] = self._name
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True, ensure_ascii=False, indent=1)
        for key, text in columns.items():
            file[f"inputs/{key}"].attrs["columns"] = text
        file["label"].attrs["classes"] = json.dumps(list(self._classes), ensure_ascii=False)
        file.flush()
        self._require_written()  # before the digest reads back what may not be there
        file.attrs["digest"] = content_digest(self._classes, columns, {key: file[key] for key in self._layout})

    def _require_written(self) -> None:
        """Refuse to go on after a write that failed, for example on a full disk."""
        if self._raw is not None and self._raw.error is not None:
            raise self._unwritable(self._raw.error)

    def _abandon(self) -> None:
        """Close and remove the draft, if it is still there."""
        if self._file is not None:
            self._file.close()
        if self._raw is not None:
            self._raw.close()
            self._draft.unlink(missing_ok=True)
        self._file = self._raw = None

    def _unwritable(self, error: Exception) -> DataError:
        return DataError(f"{self.path}: cannot be written: {error}")


def write_dataset(
    path: str | os.PathLike[str],
    *,
    name: str,
    inputs: Inputs,
    label: ArrayLike,
    classes: Sequence[str],
    split: ArrayLike,
    provenance: Mapping[str, Any],
    weight: ArrayLike | None = None,
) -> None:
    """Write a data set that is in memory; the same arguments always give the same bytes.

    Args:
        path: Where to write; missing directories are made, an existing file is replaced.
        name: Name of the data set.
        inputs: Block name → (values of shape (n, columns) or (n, objects, columns), its columns).
        label: Class index per row, shape (n,).
        classes: Class names, at most 256.
        split: 0 train, 1 validation, 2 test, shape (n,).
        provenance: What is needed to make the content again, see `DatasetWriter.finish`.
        weight: Weight per row, shape (n,), or ``None`` for one everywhere.

    Raises:
        DataError: Shapes or ranges disagree, or the file cannot be written.
    """
    arrays = {key: np.asarray(values, np.float32) for key, (values, _) in inputs.items()}
    blocks = {
        key: Block(tuple(columns), arrays[key].shape[1] if arrays[key].ndim == 3 else None)
        for key, (_, columns) in inputs.items()
    }
    writer = DatasetWriter(path, name=name, blocks=blocks, classes=classes, weighted=weight is not None)
    with writer:
        writer.append(arrays, label, split, weight)
        writer.finish(provenance)


def _as_index(where: str, name: str, values: ArrayLike, size: int) -> NDArray[np.uint8]:
    """Convert indices to uint8, refusing what would silently wrap or truncate."""
    given = np.asarray(values)
    if given.dtype.kind not in "iub" or given.ndim != 1:
        raise DataError(f"{where}: /{name}: expected integers of shape (n,), found {given.dtype} {given.shape}")
    if given.size and not 0 <= given.min() <= given.max() < size:
        raise DataError(f"{where}: /{name}: expected values 0 to {size - 1}, found {given.min()} to {given.max()}")
    return given.astype(np.uint8)
