"""Columns of CSV and ARFF files."""

import csv
import gzip
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from codesign.data.formats.tabular import Field, Piece, Table
from codesign.data.reading import require_package
from codesign.errors import DataError

PEEK_ROWS = 1000  # rows from which the type of a CSV column is read
ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.IGNORECASE | re.DOTALL)
NUMERIC_TYPES = ("numeric", "real", "integer")


def open_csv(path: Path) -> Table:
    """Open a CSV file, plain or gzip, with a header line of names.

    Raises:
        DataError: it is missing, has no header, or is not text.
    """
    require_package("pandas", path)
    import pandas as pd

    with _readable(path), _stream(path) as (_, stream):
        names = next(csv.reader([stream.readline().decode("utf-8-sig")]), [])
    _check_header(names, path)
    with _readable(path), _stream(path) as (_, stream):
        first = pd.read_csv(stream, nrows=PEEK_ROWS, index_col=False)
    numeric = [first.empty or first.dtypes.iloc[i].kind in "iuf" for i in range(len(names))]
    fields = {name: Field((), good) for name, good in zip(names, numeric, strict=True)}
    return _table(path, fields, header_lines=1, quote='"', comment=None)


def open_arff(path: Path) -> Table:
    """Open an ARFF file with dense rows (https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/).

    Raises:
        DataError: it is missing, or has no complete header.
    """
    require_package("pandas", path)
    fields: dict[str, Field] = {}
    lines = 0
    with _readable(path), _stream(path) as (_, stream):
        for raw in stream:
            lines += 1
            line = raw.decode("utf-8").strip()
            if line.lower() == "@data":
                break
            if match := ATTRIBUTE.fullmatch(line):
                fields[match[1].strip("'\"")] = Field((), match[2].strip().lower() in NUMERIC_TYPES)
            elif line and not line.startswith("%") and not line.lower().startswith("@relation"):
                raise DataError(f"{path}: line {lines}: expected @RELATION, @ATTRIBUTE or @DATA, found {line[:60]!r}")
        else:
            raise DataError(f"{path}: expected a line @DATA, found none; not an ARFF file, or truncated")
    if not fields:
        raise DataError(f"{path}: expected @ATTRIBUTE lines before @DATA, found none")
    return _table(path, fields, header_lines=lines, quote="'", comment="%")


def _table(path: Path, fields: Mapping[str, Field], *, header_lines: int, quote: str, comment: str | None) -> Table:
    def pieces(names: Sequence[str], rows: int) -> Iterator[Piece]:
        """Read some fields, ``rows`` rows at a time; `Table.pieces`."""
        import pandas as pd

        # Columns that are not asked for are parsed too: with usecols, lines with too many fields would pass.
        with _stream(path) as (raw, stream):
            for _ in range(header_lines):  # not skiprows, which an apostrophe in a comment confuses
                stream.readline()
            with _readable(path, header_lines):
                reader = pd.read_csv(
                    stream,
                    header=None,
                    names=list(fields),
                    index_col=False,
                    dtype={name: np.float64 if field.numeric else object for name, field in fields.items()},
                    na_values="?",
                    quotechar=quote,
                    comment=comment,
                    skipinitialspace=True,
                    chunksize=rows,
                )
            while True:
                with _readable(path, header_lines):
                    frame = next(reader, None)
                if frame is None:
                    return
                if len(frame):  # a file with a header only has one piece without rows
                    yield Piece({name: frame[name].to_numpy() for name in names}, raw.tell())

    return Table(path, fields, None, pieces)


def _check_header(names: Sequence[str], path: Path) -> None:
    if not names:
        raise DataError(f"{path}: expected a header line of column names, found an empty file")
    if len(set(names)) != len(names):
        raise DataError(f"{path}: expected different column names, found {', '.join(names)}")
    if all(_is_number(name) for name in names):
        raise DataError(f"{path}: expected a header line of column names, found the numbers {', '.join(names[:4])}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@contextmanager
def _stream(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file: the bytes on disk (whose position is the progress) and the decompressed ones."""
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.open(raw) as stream:
                yield raw, stream  # type: ignore[misc]  # GzipFile is no IO in typeshed
        else:
            yield raw, raw


@contextmanager
def _readable(path: Path, lines_before: int = 0) -> Iterator[None]:
    """Turn what reading text raises into one line; pandas warns, and goes on, where fields are lost.

    Args:
        path: the file.
        lines_before: lines that pandas does not see, for the line number in the message.
    """
    import pandas as pd

    wrong: tuple[Any, ...] = (OSError, EOFError, ValueError, zlib.error, pd.errors.ParserError, pd.errors.ParserWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except wrong as error:
        reason = str(error).strip().replace("\n", " ")
        reason = re.sub(r"in line (\d+)", lambda match: f"in line {int(match[1]) + lines_before}", reason)
        raise DataError(f"{path}: cannot be read as a table of text: {reason}") from None
