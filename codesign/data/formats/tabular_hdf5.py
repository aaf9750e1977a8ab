"""Columns and arrays of HDF5 files: pandas frames, tables of a compound type, or plain arrays."""

import pickletools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.hdf5_blosc import check_blosc, is_readable, read_blosc
from codesign.data.formats.tabular import Field, Piece, Table
from codesign.data.hdf5 import damage_reported, open_hdf5
from codesign.data.schema import row_ranges
from codesign.errors import DataError

NUMBERS = "fiub"
FIXED, TABLE = "frame", "frame_table"  # attribute pandas_type
Read = Callable[[slice], NDArray[Any]]


class _Place(NamedTuple):
    """Where a field lies: data set, member of its compound type, column of its last axis; ``None`` for all of it."""

    array: str
    member: str | None
    column: int | None


class _Content(NamedTuple):
    fields: dict[str, Field]
    places: dict[str, _Place]


def open_hdf5_table(path: Path) -> Table:
    """Open an HDF5 file that holds one pandas frame, one table of a compound type, or plain arrays.

    Raises:
        DataError: it is missing, damaged, or holds several frames or tables.
    """
    with open_hdf5(path) as file, damage_reported(path):
        content = _content(file, path)
        lengths = {name: _rows(file[place.array]) for name, place in content.places.items()}

    def pieces(names: Sequence[str], rows: int) -> Iterator[Piece]:
        """Read some fields, ``rows`` rows at a time; `Table.pieces`."""
        count = lengths[names[0]]
        for name in names:
            if lengths[name] != count:
                raise DataError(f"{path}: {name}: expected {count} rows as {names[0]} has, found {lengths[name]}")
        with open_hdf5(path) as file:
            with damage_reported(path):
                readers = _readers(file, [content.places[name] for name in names], path)
            for wanted in row_ranges(count, rows):
                with damage_reported(path):
                    stored = {source: read(wanted) for source, read in readers.items()}
                yield Piece({name: _pick(stored, content.places[name]) for name in names})

    same = len(set(lengths.values())) == 1
    return Table(path, content.fields, next(iter(lengths.values())) if same else None, pieces)


def _content(file: h5py.File, path: Path) -> _Content:
    groups: list[h5py.Group] = []
    tables: list[h5py.Dataset] = []
    arrays: list[h5py.Dataset] = []

    def visit(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            if item.ndim and item.dtype.names:
                tables.append(item)
            elif item.ndim:
                arrays.append(item)
        elif isinstance(item, h5py.Group) and _frame_type(item) in (FIXED, TABLE):  # there are named types, too
            groups.append(item)

    file.visititems(visit)
    if groups:
        frame = _only(groups, "pandas frame", path)
        return _fixed_frame(frame) if _frame_type(frame) == FIXED else _table_frame(frame)
    if tables:
        return _compound(_only(tables, "table", path))
    names = {array.name.lstrip("/"): array for array in arrays}
    return _Content(
        {name: Field(array.shape[1:], array.dtype.kind in NUMBERS) for name, array in names.items()},
        {name: _Place(array.name, None, None) for name, array in names.items()},
    )


def _rows(array: h5py.Dataset) -> int:
    """Return the number of rows; pandas writes one row in place of none, and marks it."""
    return 0 if "value_type" in array.attrs and "shape" in array.attrs else int(array.shape[0])


def _only(items: Sequence[Any], what: str, path: Path) -> Any:
    if len(items) > 1:
        raise DataError(f"{path}: expected one {what}, found {', '.join(item.name for item in items)}")
    return items[0]


def _fixed_frame(frame: h5py.Group) -> _Content:
    """Columns of ``DataFrame.to_hdf(format="fixed")``: arrays of columns with the same type."""
    content = _Content({}, {})
    order = [_text(name) for name in _array(frame, "axis0")[:]]
    for block in range(int(frame.attrs["nblocks"])):
        values = _array(frame, f"block{block}_values")
        numeric = values.ndim == 2 and values.dtype.kind in NUMBERS  # text is pickled here
        columns = values.shape[1] if numeric and _rows(values) else None
        for index, name in enumerate(_as_many(_array(frame, f"block{block}_items")[:], columns)):
            content.fields[_text(name)] = Field((), numeric)
            content.places[_text(name)] = _Place(values.name, None, index)
    return _Content({name: content.fields[name] for name in order}, content.places)


def _table_frame(frame: h5py.Group) -> _Content:
    """Columns of ``DataFrame.to_hdf(format="table")``; their names are a pickled list beside each array."""
    table = _array(frame, "table")
    content = _Content({}, {})
    for member in table.dtype.names:
        if member == "index":
            continue
        kind = table.dtype[member]
        names = _pickled_names(table.attrs[f"{member}_kind"])
        for index, name in enumerate(_as_many(names, kind.shape[0] if kind.shape else 1)):
            content.fields[name] = Field((), kind.base.kind in NUMBERS)
            content.places[name] = _Place(table.name, member, index if kind.shape else None)
    return content


def _compound(table: h5py.Dataset) -> _Content:
    content = _Content({}, {})
    for member in table.dtype.names:
        kind = table.dtype[member]
        content.fields[member] = Field(kind.shape, kind.base.kind in NUMBERS)
        content.places[member] = _Place(table.name, member, None)
    return content


def _array(frame: h5py.Group, name: str) -> h5py.Dataset:
    found = frame[name]
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{name} is no array")  # reported as damage
    return found


def _as_many(names: Sequence[Any], columns: int | None) -> Sequence[Any]:
    if columns is not None and len(names) != columns:
        raise ValueError(f"{columns} columns but {len(names)} names")  # reported as damage
    return names


def _frame_type(group: h5py.Group) -> str:
    """Return the attribute ``pandas_type``, which Python 2 stored as a pickle, or an empty text."""
    text = _text(group.attrs.get("pandas_type", ""))
    return next(iter(_pickled_names(text.encode())), "") if text.endswith("\n.") else text


def _pickled_names(text: Any) -> list[str]:
    """Read a pickled list of names without running what else a pickle may contain."""
    strings = [argument for _, argument, _ in pickletools.genops(bytes(text)) if isinstance(argument, str)]
    return [name for name in strings if name]


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _readers(file: h5py.File, places: Sequence[_Place], path: Path) -> Mapping[str, Read]:
    """Return one function per array, so that each is read (and decompressed) once for all its columns."""
    members: dict[str, list[str]] = {}
    for place in places:
        wanted = members.setdefault(place.array, [])
        if place.member is not None and place.member not in wanted:
            wanted.append(place.member)
    return {array: _reader(file[array], wanted, path) for array, wanted in members.items()}


def _reader(array: h5py.Dataset, members: Sequence[str], path: Path) -> Read:
    if not is_readable(array):
        check_blosc(array, path)
        return lambda rows: read_blosc(array, rows)
    source = array.fields(list(members)) if members else array
    return lambda rows: np.asarray(source[rows])


def _pick(stored: Mapping[str, NDArray[Any]], place: _Place) -> NDArray[Any]:
    values = stored[place.array] if place.member is None else stored[place.array][place.member]
    return values if place.column is None else values[:, place.column]
