"""Columns of Parquet files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from codesign.data.formats.tabular import Field, Piece, Table
from codesign.data.reading import require_package
from codesign.errors import DataError


def open_parquet(path: Path) -> Table:
    """Open a Parquet file.

    Raises:
        DataError: it is missing, damaged, or not Parquet.
    """
    require_package("pyarrow", path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    def pieces(names: Sequence[str], rows: int) -> Iterator[Piece]:
        with _readable(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(names)):
                if batch.num_rows:
                    yield Piece({name: _values(batch.column(name)) for name in names})

    def is_numeric(kind: Any) -> bool:
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))

    with _readable(path), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, int(file.metadata.num_rows)
    fields = {field.name: Field((), is_numeric(field.type)) for field in schema}
    return Table(path, fields, rows, pieces)


def _values(column: Any) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: not a Parquet file, or damaged; copy or produce it again ({reason})") from None
