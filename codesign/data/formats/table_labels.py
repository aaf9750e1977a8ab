"""The classes of the rows of a plain table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.labels import (
    Lookup,
    class_indices,
    lookup_of,
    one_hot_indices,
    refuse_class_names,
    value_text,
)
from codesign.data.formats.table_map import Address, Names, Values, find
from codesign.data.formats.tabular import Table
from codesign.data.reading import Source
from codesign.errors import ConfigError, DataError

Classes = tuple[str, ...] | dict[str, str]
DEFAULT_CLASS = "data"


class Labels(NamedTuple):
    """How the class of a row is found.

    Attributes:
        addresses: one column with a value per class, or several with a flag per class.
        array: array with a flag per class, or empty.
        lookup: class by value, where one column tells.
        known: values, or names of the flags, for messages.
        constant: class of every row where neither column nor array tells.
    """

    addresses: tuple[Address, ...] = ()
    array: str = ""
    lookup: Lookup | None = None
    known: tuple[str, ...] = ()
    constant: int = 0

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the table that are read for the class."""
        return (self.array,) if self.array else tuple(address.field for address in self.addresses)

    def indices(self, values: Values, path: Path, first_row: int) -> NDArray[np.uint8]:
        """Return the class index of each row, shape (n,).

        Raises:
            DataError: a row has no class.
        """
        if self.array:
            return one_hot_indices(values[self.array], self.known, path, first_row)
        if self.lookup is not None:
            column = self.addresses[0]
            return class_indices(column.take(values), self.lookup, column.field, self.known, path, first_row)
        if self.addresses:
            flags = np.stack([address.take(values) for address in self.addresses], axis=1)
            return one_hot_indices(flags, self.known, path, first_row)
        return np.full(len(next(iter(values.values()))), self.constant, np.uint8)


def labels_of(
    sources: Sequence[Source], tables: Sequence[Table], label: str | tuple[str, ...], classes: Classes, names: Names
) -> tuple[tuple[str, ...], list[Labels]]:
    """Return the classes, and for each table how its rows get theirs.

    Raises:
        DataError: the label is missing, or a class was given although the label tells.
        ConfigError: the classes are not given, or do not fit.
    """
    if not label:
        if classes:
            raise ConfigError("classes: expected the option label beside it, found none")
        return _by_file(sources)
    refuse_class_names(sources, "table with the option label:")
    if isinstance(label, tuple):
        return _by_flags(tables, label, classes, names)
    if len(tables[0].fields[label].row_shape if label in tables[0].fields else ()) == 1:
        return _by_array(tables, label, classes)
    return _by_value(tables, label, classes, names)


def _by_file(sources: Sequence[Source]) -> tuple[tuple[str, ...], list[Labels]]:
    given = [source.class_name for source in sources]
    if None in given and any(given):
        missing = sources[given.index(None)].path
        raise DataError(f"{missing}: expected a class for every file (CLASS=FILE) or for none, found none for this one")
    names = [name or DEFAULT_CLASS for name in given]
    classes = tuple(dict.fromkeys(names))
    return classes, [Labels(constant=classes.index(name)) for name in names]


def _by_flags(
    tables: Sequence[Table], label: tuple[str, ...], classes: Classes, names: Names
) -> tuple[tuple[str, ...], list[Labels]]:
    chosen = _ordered(classes or label, len(label))
    found = [tuple(find(table, name, names) for name in label) for table in tables]
    return chosen, [Labels(addresses=addresses, known=label) for addresses in found]


def _by_array(tables: Sequence[Table], label: str, classes: Classes) -> tuple[tuple[str, ...], list[Labels]]:
    (count,) = tables[0].require(label).row_shape
    chosen = _ordered(classes, count)
    for table in tables:
        if table.require(label).row_shape != (count,):
            raise DataError(f"{table.path}: {label}: expected {count} flags per row, found {table.fields[label][0]}")
    return chosen, [Labels(array=label, known=chosen) for _ in tables]


def _ordered(classes: Classes, count: int) -> tuple[str, ...]:
    if isinstance(classes, dict) or len(classes) != count:
        raise ConfigError(f"classes: expected a list of {count} names, one for each flag, found {classes or 'none'}")
    return classes


def _by_value(
    tables: Sequence[Table], label: str, classes: Classes, names: Names
) -> tuple[tuple[str, ...], list[Labels]]:
    found = [find(table, label, names, numeric=False) for table in tables]
    if not classes:
        raise ConfigError(
            f"classes: expected the classes of the label {label}, for example "
            f"{_example(tables[0], found[0])}, found none"
        )
    if isinstance(classes, dict):
        chosen = tuple(dict.fromkeys(classes.values()))
        by_value: Mapping[str, int] = {value: chosen.index(name) for value, name in classes.items()}
        known: tuple[str, ...] = tuple(classes)
    else:
        chosen = known = classes
        by_value = {str(index): index for index in range(len(classes))} | {
            name: index for index, name in enumerate(classes)
        }
    return chosen, [Labels(addresses=(address,), lookup=lookup_of(by_value), known=known) for address in found]


def _example(table: Table, address: Address) -> str:
    """Return a map for the values in the first rows."""
    piece = next(table.pieces([address.field], 1000), None)
    values: list[Any] = [] if piece is None else sorted(set(address.take(piece.values).tolist()), key=str)
    return "{" + ", ".join(f'"{value_text(value)}" = "NAME"' for value in values[:10]) + "}"
