"""Files of named columns and arrays, whatever their format: what a file holds, and its rows piece by piece."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from codesign.errors import DataError
from codesign.naming import unknown_name


class Field(NamedTuple):
    """One column, or one array with a row per event.

    Attributes:
        row_shape: shape of one row: ``()`` for a column, (columns,) or (objects, columns) for an array.
        numeric: whether it holds numbers; text can only be a label.
    """

    row_shape: tuple[int, ...]
    numeric: bool


class Piece(NamedTuple):
    """Some consecutive rows of a table.

    Attributes:
        values: name of the field → shape (n, *row_shape).
        consumed_bytes: bytes of the file read so far, where the number of rows is not known beforehand.
    """

    values: Mapping[str, NDArray[Any]]
    consumed_bytes: int | None = None


@dataclass(frozen=True)
class Table:
    """An opened file.

    Attributes:
        path: the file.
        fields: what it holds, in the order of the file.
        rows: number of rows, or ``None`` where only reading tells.
        pieces: called with the names of fields and a number of rows: the rows in pieces of about that size.
    """

    path: Path
    fields: Mapping[str, Field]
    rows: int | None
    pieces: Callable[[Sequence[str], int], Iterator[Piece]]

    def require(self, name: str, *, numeric: bool = True) -> Field:
        """Look up a field.

        Raises:
            DataError: there is none of that name (the message names the nearest), or it holds text and not numbers.
        """
        if name not in self.fields:
            raise DataError(f"{self.path}: {unknown_name('column', name, self.fields)}")
        field = self.fields[name]
        if numeric and not field.numeric:
            raise DataError(f"{self.path}: column {name}: expected numbers, found text or objects")
        return field

    def require_columns(self, names: Sequence[str]) -> None:
        """Check that all the names are columns of numbers.

        Raises:
            DataError: one is missing, is text, or has several numbers per row.
        """
        for name in names:
            field = self.require(name)
            if field.row_shape:
                raise DataError(f"{self.path}: {name}: expected one number per row, found {field.row_shape} per row")


def total_rows(tables: Sequence[Table]) -> int | None:
    """Return the number of rows of several tables, or ``None`` where one does not tell."""
    counts = [table.rows for table in tables]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def read_pieces(
    tables: Sequence[Table], names: Sequence[str], rows: int
) -> Iterator[tuple[Table, int, Mapping[str, NDArray[Any]], int]]:
    """Read several tables one after the other.

    Args:
        tables: the tables.
        names: fields to read.
        rows: rows per piece.

    Yields:
        the table, number of its rows read before, the piece's values, and the bytes read so far of all tables together
        (from the share of the rows where a table does not count bytes).
    """
    earlier_bytes = 0
    for table in tables:
        first_row, size = 0, table.path.stat().st_size
        for values, consumed in table.pieces(names, rows):
            before, first_row = first_row, first_row + len(next(iter(values.values())))
            if consumed is None:
                consumed = size * first_row // max(table.rows or 0, first_row)
            yield table, before, values, earlier_bytes + consumed
        earlier_bytes += size
