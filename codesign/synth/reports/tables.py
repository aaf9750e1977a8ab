"""The tables and numbers in the reports of AMD's tools: shared by the parsers, nothing is guessed or repaired."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesign.errors import ReportError

MISSING = frozenset({"", "-", "?", "NA", "N/A", "n/a", "undef", "inf"})
"""What the tools print where there is no number; read as None, never as zero."""

_BORDER = re.compile(r"\+(?:-+\+)+")
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_FLOAT = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_NS = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9, "sec": 1e9}
_TIME = re.compile(rf"({_FLOAT.pattern})\s*({'|'.join(_NS)})", re.ASCII)


@dataclass(frozen=True)
class Table:
    """A bordered table.

    Attributes:
        header: cells of the last header line, which names every column; empty in a table without header.
        groups: cells of the first header line; the same as ``header`` where there is only one.
        rows: cells of the body.
        indents: blanks before the text of the first cell, by row: the depth in a hierarchy.
    """

    header: tuple[str, ...]
    groups: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    indents: tuple[int, ...]


def lines_of(text: str, kind: str, signature: str) -> list[str]:
    """Lines of a report that holds a certain line.

    Args:
        text: the report.
        kind: what the report is called in errors.
        signature: text that a line of the report contains.

    Raises:
        ReportError: no line contains it: the text is another report, or none.
    """
    lines = text.splitlines()
    if not any(signature in line for line in lines):
        first = next((line.strip() for line in lines if line.strip()), "")
        found = f"a text that begins with {first[:80]!r}" if first else "an empty text"
        raise ReportError(f"{kind}: expected a line with {signature!r}, found {found}")
    return lines


def place(lines: Sequence[str], index: int) -> str:
    """Describe a line for an error, or the end of the report where it was cut."""
    if index < len(lines):
        return f"line {index + 1}: {lines[index].strip()[:100]!r}"
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"the end of the report after {last[:100]!r}"


def find_line(lines: Sequence[str], pattern: str, kind: str, start: int = 0) -> int:
    """Index of the first line, from ``start`` on, that matches a regular expression whole.

    Raises:
        ReportError: there is none.
    """
    expression = re.compile(pattern)
    for index in range(start, len(lines)):
        if expression.fullmatch(lines[index].rstrip()):
            return index
    raise ReportError(f"{kind}: expected a line {_readable(pattern)!r}, found {place(lines, len(lines))}")


def _readable(pattern: str) -> str:
    """A pattern as a person would write the line."""
    for old, new in ((r"\S.*", "…"), (r"\S+", "…"), (" +", " "), (" *", ""), ("\\", "")):
        pattern = pattern.replace(old, new)
    return pattern


def next_filled(lines: Sequence[str], start: int) -> int:
    """Index of the first line from ``start`` on that is not blank; the number of lines if there is none."""
    return next((index for index in range(start, len(lines)) if lines[index].strip()), len(lines))


def read_table(lines: Sequence[str], start: int, kind: str, *, header: bool = True) -> Table:
    """Read the bordered table that begins with the next line that is not blank.

    Args:
        lines: the report.
        start: where to look.
        kind: what the report is called in errors.
        header: whether the table has a header, closed by a border.

    Raises:
        ReportError: something else stands there, the table is not closed by its border, or a row is not whole.
    """
    first = next_filled(lines, start)
    if first == len(lines) or not _is_border(lines[first]):
        raise ReportError(f"{kind}: expected a table, found {place(lines, first)}")
    end = first
    while end < len(lines) and lines[end].lstrip()[:1] in ("|", "+"):
        end += 1
    border = lines[first].strip()
    borders = [index for index in range(first, end) if lines[index].strip() == border]
    if borders[-1] != end - 1 or len(borders) < (3 if header else 2):
        raise ReportError(f"{kind}: expected the table to end with its border {border[:60]}, found {place(lines, end)}")
    titles = [_cells(lines[index]) for index in range(first + 1, borders[1])] if header else []
    columns = len(titles[-1]) if titles else border.count("+") - 1
    body = [index for index in range(borders[1] if header else first, end) if index not in borders]
    for index in body:
        if lines[index].lstrip()[0] != "|" or not lines[index].rstrip().endswith("|"):
            raise ReportError(f"{kind}: expected a row of the table, found {place(lines, index)}")
        if len(_cells(lines[index])) != columns:
            raise ReportError(f"{kind}: expected a row of {columns} cells, found {place(lines, index)}")
    return Table(
        header=titles[-1] if titles else (),
        groups=titles[0] if titles else (),
        rows=tuple(_cells(lines[index]) for index in body),
        indents=tuple(_indent(lines[index]) for index in body),
    )


def _is_border(line: str) -> bool:
    return _BORDER.fullmatch(line.strip()) is not None


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip()[1:-1].split("|"))


def _indent(line: str) -> int:
    cell = line.strip()[1:-1].split("|")[0]
    return len(cell) - len(cell.lstrip())


def column(table: Table, name: str, kind: str) -> int:
    """Index of a column by its name.

    Raises:
        ReportError: the table has no such column, or has it twice.
    """
    if table.header.count(name) != 1:
        raise ReportError(f"{kind}: expected a column {name!r}, found the columns {', '.join(table.header)}")
    return table.header.index(name)


def row(table: Table, name: str, kind: str) -> tuple[str, ...]:
    """The row whose first cell has a name.

    Raises:
        ReportError: there is none, or more than one.
    """
    found = [cells for cells in table.rows if cells[0] == name]
    if len(found) != 1:
        names = ", ".join(cells[0] for cells in table.rows[:20])
        raise ReportError(f"{kind}: expected one row {name!r}, found {len(found)} among the rows {names}")
    return found[0]


def count(cell: str, where: str) -> int | None:
    """A whole number, None where the tool printed none.

    Raises:
        ReportError: something else.
    """
    if cell.strip() in MISSING:
        return None
    if not _INTEGER.fullmatch(cell.strip()):
        raise ReportError(f"{where}: expected a whole number, found {cell.strip()!r}")
    return int(cell)


def number(cell: str, where: str) -> float | None:
    """A decimal number, None where the tool printed none.

    Raises:
        ReportError: something else.
    """
    if cell.strip() in MISSING:
        return None
    if not _FLOAT.fullmatch(cell.strip()):
        raise ReportError(f"{where}: expected a number, found {cell.strip()!r}")
    return float(cell)


def time_ns(cell: str, where: str) -> float | None:
    """A time with its unit (ps, ns, us, ms, s or sec) in ns, None where the tool printed none.

    Raises:
        ReportError: something else; also a number without unit.
    """
    if cell.strip() in MISSING:
        return None
    match = _TIME.fullmatch(cell.strip())
    if match is None:
        raise ReportError(f"{where}: expected a time such as '5.00 ns', found {cell.strip()!r}")
    # The product of the two decimal numbers, without the noise of a binary multiplication (4.753 us = 4753 ns).
    return float(f"{float(match[1]) * _NS[match[2]]:.12g}")


def need(value: float | None, where: str) -> float:
    """A number that every complete report has.

    Raises:
        ReportError: the tool printed none.
    """
    if value is None:
        raise ReportError(f"{where}: expected a number, found none")
    return value


def need_count(value: int | None, where: str) -> int:
    """A whole number that every complete report has.

    Raises:
        ReportError: the tool printed none.
    """
    if value is None:
        raise ReportError(f"{where}: expected a whole number, found none")
    return value


def require_agreement(kind: str, what: str, values: Mapping[str, float | None], tolerance: float = 0.0) -> None:
    """Refuse a report that gives the same quantity twice with different numbers.

    Args:
        kind: what the report is called in errors.
        what: the quantity.
        values: its number by where it stands; None where it is not printed.
        tolerance: difference that the rounding of the printed digits allows.

    Raises:
        ReportError: two of the numbers differ.
    """
    known = {place: value for place, value in values.items() if value is not None}
    # Half a last digit more, since the difference of two decimal numbers is not exact in binary.
    if known and max(known.values()) - min(known.values()) > tolerance * (1 + 1e-6) + math.ulp(max(known.values())):
        found = ", ".join(f"{value:g} in {place}" for place, value in known.items())
        raise ReportError(f"{kind}: expected one number for {what}, found {found}")
