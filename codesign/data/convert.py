"""Conversion of any public format to a data set, in one pass, in bounded memory."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import codesign
from codesign.data.checking import checked
from codesign.data.reading import DRAW, Batch, Format, Reading, Source
from codesign.data.schema import SPLITS
from codesign.data.writing import FASTEST, DatasetWriter
from codesign.errors import ConfigError, DataError
from codesign.progress import Progress, silent
from codesign.sections import Section

DEFAULT_FRACTIONS = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class Conversion:
    """What a conversion did.

    Attributes:
        path: the data set.
        rows: rows written.
        rows_read: rows in the input; fewer are written only where bad rows were left out.
        repairs: what was repaired → number of rows.
        source_mb: size of the input files in MB (10⁶ bytes).
        wall_time_s: duration in seconds, digests of the input files included.
    """

    path: Path
    rows: int
    rows_read: int
    repairs: dict[str, int]
    source_mb: float
    wall_time_s: float


def convert(
    sources: Sequence[Source],
    output: Path,
    file_format: Format,
    options: Section,
    *,
    fractions: Sequence[float] = DEFAULT_FRACTIONS,
    seed: int = 1,
    drop_bad_rows: bool = False,
    progress: Progress = silent,
) -> Conversion:
    """Read files of a public format and write them as one data set.

    Rows stay in the order of the files. Rows that the format does not assign to a split are drawn, row by row, from a
    generator with the given seed: the same rows whatever the size of the batches.

    Args:
        sources: input files.
        output: HDF5 file to write; replaced if it exists.
        file_format: their format.
        options: the format's options.
        fractions: shares of train, validation and test.
        seed: seed of the split.
        drop_bad_rows: leave out rows with NaN, infinite values or negative momenta instead of refusing the file.
        progress: called with text, amount done and total in MB of input.

    Returns:
        What was done.

    Raises:
        ConfigError: the fractions are no shares.
        DataError: an input is missing, damaged or not of this format, or the output cannot be written.
    """
    begin = time.monotonic()
    shares = check_fractions(fractions)
    _check_sources(sources, output, file_format)
    megabytes = sum(source.path.stat().st_size for source in sources) / 1e6
    progress(f"digest of {megabytes:,.0f} MB", 0, int(megabytes))
    digests = [_describe(source) for source in sources]
    reading = file_format.read(sources, options)
    writer = DatasetWriter(
        output,
        name=reading.name,
        blocks=reading.blocks,
        classes=reading.classes,
        weighted=reading.weighted,
        compression=FASTEST,
    )
    with writer:
        rows_read = _copy(reading, writer, shares, seed, drop_bad_rows, sources, progress, megabytes)
        provenance = {
            "format": file_format.name,
            "citation": file_format.citation,
            "sources": digests,
            "options": options.model_dump(mode="json"),
            "split": f"as the format says, other rows drawn {shares} with seed {seed}",
            "rows_read": rows_read,
        }
        writer.finish(provenance | _provenance(reading))
    return Conversion(output, writer.rows, rows_read, dict(reading.repairs), megabytes, time.monotonic() - begin)


def _provenance(reading: Reading) -> dict[str, Any]:
    """Return what the reader tells about the rows, when all are read."""
    return {
        "origin": reading.origin,
        "repairs": dict(reading.repairs),
        "codesign": codesign.__version__,
        **reading.notes,
    }


def _check_sources(sources: Sequence[Source], output: Path, file_format: Format) -> None:
    """Refuse inputs that are missing, and an output that is one of them."""
    for source in sources:
        if not source.path.is_file():
            found = "a directory" if source.path.is_dir() else "no file"
            raise DataError(f"{source.path}: expected a file of format {file_format.name}, found {found}")
        if source.path.resolve() == output.resolve():
            raise DataError(f"{output}: the output is also an input; choose another name")


def check_fractions(fractions: Sequence[float]) -> tuple[float, float, float]:
    """Check the shares of train, validation and test.

    Raises:
        ConfigError: they are not three numbers from 0 to 1 with sum 1.
    """
    good = len(fractions) == len(SPLITS) and all(0 <= share <= 1 for share in fractions)
    if not good or abs(sum(fractions) - 1) > 1e-9:
        raise ConfigError(
            f"split: expected three shares (train, validation, test) with sum 1, found {', '.join(map(str, fractions))}"
        )
    train, validation, test = (float(share) for share in fractions)
    return train, validation, test


def draw_split(count: int, fractions: Sequence[float], random: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a split for each of ``count`` rows, uint8 of shape (count,); takes one number per row."""
    return np.digitize(random.random(count), np.cumsum(fractions)[:-1]).astype(np.uint8)


def _copy(
    reading: Reading,
    writer: DatasetWriter,
    fractions: Sequence[float],
    seed: int,
    drop_bad_rows: bool,
    sources: Sequence[Source],
    progress: Progress,
    megabytes: float,
) -> int:
    """Pass the batches from the reader to the writer; return how many rows were read."""
    random = np.random.default_rng(seed)
    where = ", ".join(source.path.name for source in sources)
    rows, begin = 0, time.monotonic()
    for batch in reading.batches:
        drawn = draw_split(len(batch.label), fractions, random)
        given = np.full_like(drawn, DRAW) if batch.split is None else batch.split
        complete = batch._replace(split=np.where(given == DRAW, drawn, given))
        stored = checked(
            complete,
            reading.blocks,
            drop_bad_rows=drop_bad_rows,
            repairs=reading.repairs,
            where=where,
            first_row=rows,
        )
        assert stored.split is not None
        writer.append(stored.inputs, stored.label, stored.split, stored.weight)
        rows += len(batch.label)
        _report(progress, rows, _consumed_mb(batch, rows, reading, megabytes), megabytes, time.monotonic() - begin)
    _require_complete(reading, rows, where)
    return rows


def _consumed_mb(batch: Batch, rows: int, reading: Reading, megabytes: float) -> float:
    """Return how much of the input has been read, in MB."""
    if batch.consumed_bytes is not None:
        return batch.consumed_bytes / 1e6
    return megabytes * min(rows / reading.rows, 1.0) if reading.rows else 0.0


def _report(progress: Progress, rows: int, done_mb: float, total_mb: float, seconds: float) -> None:
    progress(f"{rows:,} rows, {done_mb / max(seconds, 1e-3):,.0f} MB/s", int(done_mb), int(total_mb))


def _require_complete(reading: Reading, rows: int, where: str) -> None:
    """Refuse an input that ended early, or in which nothing was."""
    if rows == 0:
        raise DataError(f"{where}: expected at least one row, found none")
    if reading.rows is not None and rows != reading.rows:
        raise DataError(f"{where}: expected {reading.rows:,} rows, found {rows:,}; the file is damaged or truncated")


def _describe(source: Source) -> dict[str, Any]:
    try:
        with source.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{source.path}: cannot be read: {error}") from None
    return {
        "file": source.path.name,
        "bytes": source.path.stat().st_size,
        "sha256": digest,
        "class": source.class_name,
    }
