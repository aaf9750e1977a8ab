"""Layout version 1 of a data set on disk, and the checks that an HDF5 file has it.

::

    /                 attrs: schema_version=1, name, provenance (JSON), digest (sha256)
    /inputs/<block>   float32 (n, columns) or (n, objects, columns); attr columns (JSON);
                      objects in decreasing pT, all columns zero where there is none
    /label            uint8 (n,); attr classes (JSON list)
    /weight           float32 (n,), optional: absent means one for every row
    /split            uint8 (n,): 0 train, 1 validation, 2 test
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from codesign.errors import DataError

SCHEMA_VERSION = 1
SPLITS = ("train", "validation", "test")
ROWS_PER_CHUNK = 8192  # 32 KiB of one column: a column is read, and compressed, without its neighbours
WIDE_ROW = 1024  # values; wider rows (images, showers) are read as a whole, so they are stored as a whole
VALUES_PER_WIDE_CHUNK = 1 << 18  # 1 MiB, HDF5's default chunk cache
MAX_CLASSES = 256  # labels are uint8


@dataclass(frozen=True)
class Column:
    """One physical quantity of an input block.

    Attributes:
        name: Name by which the quantity is selected.
        unit: ``"GeV"``, ``"rad"``, … and ``""`` for a pure number.
        description: Definition of the quantity, with its source.
    """

    name: str
    unit: str
    description: str


@dataclass(frozen=True)
class Block:
    """What a block of inputs holds.

    Attributes:
        columns: The quantities, in the order of the last axis.
        objects: Slots per row; ``None`` where a row is one object (two axes).
        order_by: Column in whose decreasing order the objects stand, zero where a slot is empty;
            ``None`` where the order has another meaning (pixels, layers).
    """

    columns: tuple[Column, ...]
    objects: int | None = None
    order_by: str | None = None

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row: (columns,) or (objects, columns)."""
        return (len(self.columns),) if self.objects is None else (self.objects, len(self.columns))


def chunk_shape(row_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a chunk on disk for rows of a shape.

    Neighbours in one column are alike, which is what shuffle + gzip needs, and a selection of
    columns reads only these; a wide row is stored whole.
    """
    values = int(np.prod(row_shape, dtype=np.int64))
    if values <= WIDE_ROW:
        return (ROWS_PER_CHUNK, *(1,) * len(row_shape))
    return (max(1, VALUES_PER_WIDE_CHUNK // values), *row_shape)


def encode_columns(columns: Sequence[Column]) -> str:
    """Return the JSON text stored in the attribute ``columns`` of a block."""
    return json.dumps([asdict(column) for column in columns], ensure_ascii=False)


def read_columns(block: h5py.Dataset, where: str) -> tuple[Column, ...]:
    """Read the column descriptions of a block.

    Args:
        block: The HDF5 data set ``/inputs/<block>``.
        where: File name for messages.

    Returns:
        One column per entry of the last axis.

    Raises:
        DataError: The attribute is missing or is not a list of {name, unit, description}.
    """
    place = f"{where}: attribute 'columns' of {block.name}"
    entries = _json_attribute(block, "columns", where)
    try:
        columns = tuple(Column(**entry) for entry in entries)
    except TypeError:
        raise DataError(f"{place}: expected a JSON list of {{name, unit, description}}, found {entries!r}") from None
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise DataError(f"{place}: column names must differ, found {names}")
    return columns


def row_ranges(rows: int, step: int = ROWS_PER_CHUNK) -> Iterator[slice]:
    """Cut ``rows`` rows into slices that coincide with the chunks on disk."""
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def stored_ranges(array: Any) -> Iterator[slice]:
    """Cut the rows of an array or HDF5 data set into slices of a few MB that coincide with its chunks."""
    return row_ranges(array.shape[0], chunk_shape(array.shape[1:])[0])


def content_digest(classes: Sequence[str], columns: Mapping[str, str], arrays: Mapping[str, Any]) -> str:
    """Compute the sha256 of the schema and of every array, a few rows at a time.

    Args:
        classes: Class names.
        columns: Per block, the JSON text of its columns.
        arrays: Path in the file → array or HDF5 data set, first axis = rows.

    Returns:
        64 hexadecimal digits. Names and values count, compression and chunking do not.
    """
    schema = {"schema_version": SCHEMA_VERSION, "classes": list(classes), "columns": dict(columns)}
    digest = hashlib.sha256(json.dumps(schema, sort_keys=True, ensure_ascii=False).encode())
    for path in sorted(arrays):
        array = arrays[path]
        digest.update(json.dumps([path, str(array.dtype), list(array.shape)]).encode())
        for rows in stored_ranges(array):
            digest.update(np.ascontiguousarray(array[rows]).tobytes())
    return digest.hexdigest()


def check_file(file: h5py.File, where: str) -> None:
    """Check that an open HDF5 file follows layout version 1; values of the inputs are not read.

    Args:
        file: The open file.
        where: File name for messages.

    Raises:
        DataError: An attribute or data set is missing, has another type or shape, or a label or
            split is out of range.
    """
    _check_version(file, where)
    for name in ("name", "digest"):
        if not isinstance(file.attrs.get(name), str):
            raise DataError(
                f"{where}: expected the text attribute {name!r} at the root, found {file.attrs.get(name)!r}"
            )
    if not isinstance(_json_attribute(file, "provenance", where), dict):
        raise DataError(f"{where}: attribute 'provenance' must be a JSON object")
    rows = _check_vector(file, "label", "uint8", None, where)
    _check_vector(file, "split", "uint8", rows, where)
    if "weight" in file:
        _check_vector(file, "weight", "float32", rows, where)
    _check_blocks(file, rows, where)
    classes = read_classes(file, where)
    _check_range(file["label"][:], len(classes), "label", f"the classes are {', '.join(classes)}", where)
    _check_range(file["split"][:], len(SPLITS), "split", "0 train, 1 validation, 2 test", where)


def read_classes(file: h5py.File, where: str) -> tuple[str, ...]:
    """Read the class names.

    Args:
        file: The open file, which has ``/label``.
        where: File name for messages.

    Returns:
        Class names; the label is the index.

    Raises:
        DataError: The attribute is missing or is not a JSON list of different names.
    """
    classes = _json_attribute(file["label"], "classes", where)
    is_names = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    if not is_names or not classes or len(set(classes)) != len(classes):
        raise DataError(
            f"{where}: attribute 'classes' of /label: expected a list of different names, found {classes!r}"
        )
    return tuple(classes)


def _check_version(file: h5py.File, where: str) -> None:
    found = file.attrs.get("schema_version")
    if found is None:
        raise DataError(
            f"{where}: expected the root attribute 'schema_version', found none; "
            "this HDF5 file was not written as a codesign data set"
        )
    if found != SCHEMA_VERSION:
        raise DataError(f"{where}: expected schema_version {SCHEMA_VERSION}, found {found}; update codesign to read it")


def _check_vector(file: h5py.File, name: str, dtype: str, rows: int | None, where: str) -> int:
    """Check one of the per-row vectors and return its length."""
    vector = file.get(name)
    if not isinstance(vector, h5py.Dataset):
        raise DataError(f"{where}: expected the data set /{name}, found {sorted(file)}")
    if vector.ndim != 1 or vector.dtype != dtype or (rows is not None and len(vector) != rows):
        length = "n" if rows is None else rows
        raise DataError(f"{where}: /{name}: expected {dtype} of shape ({length},), found {vector.dtype} {vector.shape}")
    return len(vector)


def _check_blocks(file: h5py.File, rows: int, where: str) -> None:
    """Check the input blocks against the number of labels and their own column lists."""
    group = file.get("inputs")
    if not isinstance(group, h5py.Group) or len(group) == 0:
        raise DataError(f"{where}: expected at least one data set /inputs/<block>, found {sorted(file)}")
    for name, block in group.items():
        if not isinstance(block, h5py.Dataset) or block.dtype != np.float32 or block.ndim not in (2, 3):
            raise DataError(f"{where}: /inputs/{name}: expected float32 with two or three axes, found {block!r}")
        columns = read_columns(block, where)
        if block.shape[0] != rows or block.shape[-1] != len(columns):
            raise DataError(
                f"{where}: /inputs/{name}: expected {rows} rows (labels) and {len(columns)} columns (its attribute), "
                f"found shape {block.shape}"
            )


def _check_range(values: NDArray[np.uint8], size: int, name: str, meaning: str, where: str) -> None:
    """Check that the values of a vector are indices below ``size``."""
    bad = np.flatnonzero(values >= size)
    if bad.size:
        raise DataError(
            f"{where}: /{name}: expected values 0 to {size - 1} ({meaning}), "
            f"found {values[bad[0]]} at row {bad[0]} ({bad.size} such rows)"
        )


def _json_attribute(owner: h5py.Group | h5py.Dataset, name: str, where: str) -> Any:
    """Decode a JSON attribute."""
    text = owner.attrs.get(name)
    if not isinstance(text, str):
        raise DataError(f"{where}: expected the JSON attribute {name!r} at {owner.name}, found {text!r}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: attribute {name!r} at {owner.name} is not JSON: {error}") from None
