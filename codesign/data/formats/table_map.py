"""Where the wanted columns of a plain table lie: from the names in a column map to fields and indices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.tabular import Table
from codesign.errors import DataError
from codesign.naming import unknown_name

Values = Mapping[str, NDArray[Any]]
Names = Mapping[str, Sequence[str]]


class Address(NamedTuple):
    """One number per row: a field, or one column of a field with two axes."""

    field: str
    column: int | None = None

    def take(self, values: Values) -> NDArray[Any]:
        """Return the column, shape (n,)."""
        found = values[self.field]
        return found if self.column is None else found[:, self.column]


class ArraySource(NamedTuple):
    """A block that is one array of the file."""

    field: str
    left_out: tuple[int, ...] = ()

    def take(self, values: Values) -> NDArray[Any]:
        """Return the array, shape (n, columns) or (n, objects, columns)."""
        found = values[self.field]
        return np.delete(found, self.left_out, axis=-1) if self.left_out else found


class ColumnSource(NamedTuple):
    """A block that is put together from columns: per column one address, or one for each object."""

    addresses: tuple[tuple[Address, ...], ...]
    objects: bool

    def take(self, values: Values) -> NDArray[Any]:
        """Return the block, shape (n, columns) or (n, objects, columns)."""
        columns = [np.stack([slot.take(values) for slot in slots], axis=1) for slots in self.addresses]
        stacked = np.stack(columns, axis=-1)
        return stacked if self.objects else stacked[:, 0]


def array_columns(table: Table, array: str, names: Names) -> tuple[str, ...]:
    """Return the names of the columns of an array: as given, else f0, f1 and so on.

    Raises:
        DataError: there is no such array of numbers, or another number of names was given.
    """
    shape = table.require(array).row_shape
    if not 1 <= len(shape) <= 2:
        raise DataError(f"{table.path}: {array}: expected two or three axes, rows included, found {len(shape) + 1}")
    given = names.get(array)
    if given is None:
        return tuple(f"f{index}" for index in range(shape[-1]))
    if len(given) != shape[-1]:
        raise DataError(f"{table.path}: {array}: expected {shape[-1]} names, one for each column, found {len(given)}")
    return tuple(given)


def find(table: Table, name: str, names: Names, *, numeric: bool = True) -> Address:
    """Find a column by its name: a column of the file, a name given to a column of an array, or ``ARRAY[INDEX]``.

    Raises:
        DataError: there is none; the message names the nearest.
    """
    if name in table.fields:
        if table.require(name, numeric=numeric).row_shape:
            raise DataError(
                f"{table.path}: {name} is an array {table.fields[name].row_shape} per row, expected a column: "
                f"name its columns, or write {name}[0]"
            )
        return Address(name)
    given = dict(_array_names(table, names))
    if name in given:
        return given[name]
    array, bracket, index = name.removesuffix("]").rpartition("[")
    if bracket and array in table.fields and index.isdigit():
        shape = table.require(array).row_shape
        if len(shape) == 1 and int(index) < shape[0]:
            return Address(array, int(index))
    raise DataError(f"{table.path}: {unknown_name('column', name, [*table.fields, *given])}")


def _array_names(table: Table, names: Names) -> Iterator[tuple[str, Address]]:
    for array in names:
        if array in table.fields and len(table.fields[array].row_shape) == 1:
            for index, name in enumerate(array_columns(table, array, names)):
                yield name, Address(array, index)
