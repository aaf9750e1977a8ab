"""Writing of a data set: checked first, then written beside its place and moved there in one step."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.data.schema import (
    MAX_CLASSES,
    ROWS_PER_CHUNK,
    SCHEMA_VERSION,
    Column,
    check_file,
    content_digest,
    encode_columns,
)
from codesign.errors import DataError

Inputs = Mapping[str, tuple[ArrayLike, Sequence[Column]]]


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
    """Write a data set in layout version 1; the same arguments always give the same bytes.

    The file appears under its name only when it is complete; an existing file is replaced.

    Args:
        path: Where to write; missing directories are made.
        name: Name of the data set.
        inputs: Block name → (values of shape (n, columns) or (n, objects, columns), its columns).
        label: Class index per row, shape (n,).
        classes: Class names, at most 256.
        split: 0 train, 1 validation, 2 test, shape (n,).
        provenance: What is needed to make the content again; anything JSON can hold. Leave times
            and host names out, or equal content no longer gives equal files.
        weight: Weight per row, shape (n,), or ``None`` for one everywhere.

    Raises:
        DataError: Shapes or ranges disagree, or the file cannot be written.
    """
    path = Path(path)
    arrays, columns = _as_stored(str(path), inputs, label, split, weight, len(classes))
    texts = {
        "name": name,
        "provenance": json.dumps(provenance, sort_keys=True, ensure_ascii=False, indent=1),
        "digest": content_digest(classes, columns, arrays),
    }
    # Beside the target, because a rename is atomic only within one file system.
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with h5py.File(draft, "w") as file:
                _write(file, arrays, columns, texts, list(classes))
                check_file(file, str(path))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error}") from None


def _write(
    file: h5py.File,
    arrays: Mapping[str, NDArray[Any]],
    columns: Mapping[str, str],
    texts: Mapping[str, str],
    classes: list[str],
) -> None:
    file.attrs["schema_version"] = SCHEMA_VERSION
    for key, text in texts.items():
        file.attrs[key] = text
    for key, array in arrays.items():
        # One chunk per column (and object): neighbours in a chunk are alike, which is what
        # shuffle + gzip needs, and a selection of columns reads only these.
        chunks = (min(len(array), ROWS_PER_CHUNK), *(1,) * (array.ndim - 1))
        file.create_dataset(
            key, data=array, chunks=chunks, compression="gzip", compression_opts=9, shuffle=True, track_times=False
        )
    for block, text in columns.items():
        file[f"inputs/{block}"].attrs["columns"] = text
    file["label"].attrs["classes"] = json.dumps(classes, ensure_ascii=False)


def _as_stored(
    where: str, inputs: Inputs, label: ArrayLike, split: ArrayLike, weight: ArrayLike | None, n_classes: int
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Convert the arguments to the arrays of the file, keyed by path, and the column texts, keyed by block."""
    if not 0 < n_classes <= MAX_CLASSES:
        raise DataError(f"{where}: expected 1 to {MAX_CLASSES} classes, found {n_classes}")
    arrays: dict[str, NDArray[Any]] = {
        "label": _as_index(where, "label", label, n_classes),
        "split": _as_index(where, "split", split, 3),
    }
    if len(arrays["label"]) == 0:
        raise DataError(f"{where}: expected at least one row, found none")
    if weight is not None:
        arrays["weight"] = np.asarray(weight, np.float32)
    columns = {}
    for block, (values, block_columns) in inputs.items():
        if not block or "/" in block:
            raise DataError(f"{where}: expected a block name without '/', found {block!r}")
        arrays[f"inputs/{block}"] = np.asarray(values, np.float32)
        columns[block] = encode_columns(block_columns)
    for key, array in arrays.items():
        if array.ndim == 0 or len(array) != len(arrays["label"]):
            raise DataError(f"{where}: /{key}: expected {len(arrays['label'])} rows, found shape {array.shape}")
    return arrays, columns


def _as_index(where: str, name: str, values: ArrayLike, size: int) -> NDArray[np.uint8]:
    """Convert indices to uint8, refusing what would silently wrap or truncate."""
    given = np.asarray(values)
    if given.dtype.kind not in "iub" or given.ndim != 1:
        raise DataError(f"{where}: /{name}: expected integers of shape (n,), found {given.dtype} {given.shape}")
    if given.size and not 0 <= given.min() <= given.max() < size:
        raise DataError(f"{where}: /{name}: expected values 0 to {size - 1}, found {given.min()} to {given.max()}")
    return given.astype(np.uint8)
