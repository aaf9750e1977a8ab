"""What a reader of a public format hands over: a description of the data, and its rows batch by batch."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.schema import Block
from codesign.errors import DataError
from codesign.sections import Section

DRAW = 255  # split of a row that `convert` chooses
TRAIN, VALIDATION, TEST = 0, 1, 2
BATCH_BYTES = 32 << 20  # what a reader should hand over at a time: large enough to be fast, small beside 1 GB


class Batch(NamedTuple):
    """Some consecutive rows.

    Attributes:
        inputs: block name → values of shape (n, columns) or (n, objects, columns), any float or integer type, in the
            units of the columns.
        label: class index per row, shape (n,).
        weight: weight per row, shape (n,), or ``None`` when the format has none.
        split: `TRAIN`, `VALIDATION`, `TEST` or `DRAW` per row, shape (n,), or ``None`` for `DRAW` everywhere.
        consumed_bytes: bytes of all input files read up to the end of this batch, for the progress of formats that
            cannot tell their number of rows beforehand; else ``None``.
    """

    inputs: Mapping[str, NDArray[Any]]
    label: NDArray[Any]
    weight: NDArray[Any] | None = None
    split: NDArray[np.uint8] | None = None
    consumed_bytes: int | None = None


@dataclass(frozen=True)
class Reading:
    """An opened input.

    Attributes:
        name: name of the data set to write.
        origin: which data set the rows belong to, for example "openml-42468"; rows of different origins are never
            mixed in one table.
        blocks: what each block holds.
        classes: class names.
        batches: the rows in the order of the files; taken once.
        rows: number of rows, or ``None`` where only reading tells.
        weighted: whether every batch has weights.
        repairs: what the reader itself repaired → number of rows; filled while the batches are read.
        notes: facts about the content that belong in the provenance.
    """

    name: str
    origin: str
    blocks: Mapping[str, Block]
    classes: tuple[str, ...]
    batches: Iterator[Batch]
    rows: int | None = None
    weighted: bool = False
    repairs: Counter[str] = field(default_factory=Counter)
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One input file.

    Attributes:
        path: the file.
        class_name: class of its rows as given on the command line (CLASS=FILE), or ``None``.
    """

    path: Path
    class_name: str | None = None


class NoOptions(Section):
    """Options of a format that has none."""


@dataclass(frozen=True)
class Format:
    """A public file format and its reader.

    Attributes:
        name: name on the command line.
        summary: one line for the list: what it holds and where it is found.
        citation: paper or record to cite.
        read: opens the sources; the first rows may be read, the others only with ``batches``.
        options: what the user may choose.
    """

    name: str
    summary: str
    citation: str
    read: Callable[[Sequence[Source], Any], Reading]
    options: type[Section] = NoOptions


def batch_rows(values_per_row: int) -> int:
    """Return how many rows of float32 make a batch of about `BATCH_BYTES`."""
    return max(1, BATCH_BYTES // (4 * values_per_row))


def single_source(sources: Sequence[Source], what: str) -> Source:
    """Return the only source of a format that takes one file.

    Args:
        sources: what the user gave.
        what: name of the format for the message.

    Raises:
        DataError: there are several.
    """
    if len(sources) != 1:
        raise DataError(
            f"{what}: expected one input file, found {len(sources)}: convert each, then codesign data merge"
        )
    return sources[0]


def require_package(name: str, path: Path) -> None:
    """Check that an optional package is installed before it is imported.

    Raises:
        DataError: it is not; the message says how to install it.
    """
    if find_spec(name) is None:
        raise DataError(f"{path}: reading it needs the Python package {name}: pip install 'codesign[formats]'")
