"""Plain tables and arrays of any origin (CSV, ARFF, Parquet, HDF5, npz, npy), read with a column map."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import leading_indices, take_leading
from codesign.data.formats.splits import SplitChoice, chosen_split
from codesign.data.formats.table_blocks import BlockMap, WantedBlock, wanted_blocks
from codesign.data.formats.table_labels import Labels, labels_of
from codesign.data.formats.table_map import Address, find
from codesign.data.formats.tabular import Table, read_pieces, total_rows
from codesign.data.formats.tabular_open import open_table
from codesign.data.reading import Batch, Format, Reading, Source, batch_rows
from codesign.errors import DataError
from codesign.sections import Section

LARGEST_EXACT = 2**24  # whole number that float32 holds exactly


class TableOptions(Section):
    r"""The column map of a table.

    Without any option, the columns of numbers become one block ``high_level``, every array of an HDF5 or npz file
    with two axes (rows, columns) or three (rows, objects, columns) a block of its own name, and all rows have the
    class given as CLASS=FILE, or ``data``.

    Example, for a file with the columns pt1, eta1, pt2, eta2, mass, kind, w::

        label = "kind"
        classes = {"0" = "background", "1" = "signal"}
        weight = "w"

        [blocks.jets]
        columns = {pt = ["pt1", "pt2"], eta = ["eta1", "eta2"]}
        units = {pt = "GeV"}
        order_by = "pt"

        [blocks.high_level]
        columns = ["mass"]
        units = {mass = "GeV"}

    Example, for an npz file with arrays x (rows, objects, 3) and y (rows)::

        label = "y"
        classes = ["g", "q"]

        [blocks.constituents]
        array = "x"
        columns = ["pt", "eta", "phi"]
        order_by = "pt"
        objects = 16

    Attributes:
        name: name of the data set; the name of the first file if empty.
        origin: which data set the rows belong to, so that rows of different sets are not mixed; ``table:`` and the
            name if empty.
        label: column of the class; or columns of flags, one per class; or an array of flags.
        classes: value of the label → class, or the classes in the order of the label's numbers.
        weight: column of the weights.
        split: where the rows belong.
        names: array → names of its columns; a column of an array is called by such a name, or ARRAY[0], ARRAY[1], …
            The array of an npy file is called array.
        blocks: block → where its values are.
    """

    name: str = ""
    origin: str = ""
    label: str | tuple[str, ...] = ""
    classes: tuple[str, ...] | dict[str, str] = ()
    weight: str = ""
    split: SplitChoice = "draw"
    names: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    blocks: dict[str, BlockMap] = Field(default_factory=dict)


class _Plan(NamedTuple):
    """What is read from one table."""

    table: Table
    blocks: dict[str, WantedBlock]
    labels: Labels
    weight: Address | None

    @property
    def fields(self) -> list[str]:
        wanted = [field for block in self.blocks.values() for field in block.fields] + list(self.labels.fields)
        return list(dict.fromkeys(wanted + ([self.weight.field] if self.weight else [])))


def read_table(sources: Sequence[Source], options: TableOptions) -> Reading:
    """Open the files.

    Raises:
        DataError: a column of the map is missing, the files disagree, or the classes are not given.
    """
    tables = [open_table(source.path) for source in sources]
    classes, labels = labels_of(sources, tables, options.label, options.classes, options.names)
    plans = [_plan(table, label, options) for table, label in zip(tables, labels, strict=True)]
    blocks = {name: wanted.block for name, wanted in plans[0].blocks.items()}
    for plan in plans:
        found = {name: wanted.block for name, wanted in plan.blocks.items()}
        if found != blocks:
            raise DataError(
                f"{plan.table.path}: expected the same columns as in {tables[0].path}, found others: "
                f"{_describe(found)} instead of {_describe(blocks)}"
            )
    name = options.name or sources[0].path.name.split(".")[0]
    repairs: Counter[str] = Counter()
    left_out = sorted({field for plan in plans for field in plan.table.fields if field not in plan.fields})
    return Reading(
        name,
        options.origin or f"table:{name}",
        blocks,
        classes,
        _batches(plans, options.split, repairs),
        rows=total_rows(tables),
        weighted=bool(options.weight),
        repairs=repairs,
        notes={"left_out": left_out},
    )


def _plan(table: Table, labels: Labels, options: TableOptions) -> _Plan:
    weight = find(table, options.weight, options.names) if options.weight else None
    used = [*labels.addresses, *([Address(labels.array)] if labels.array else []), *([weight] if weight else [])]
    blocks = wanted_blocks(table, options.blocks, options.names, used)
    return _Plan(table, blocks, labels, weight)


def _describe(blocks: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} ({f'{block.objects} × ' if block.objects else ''}{', '.join(c.name for c in block.columns[:20])})"
        for name, block in blocks.items()
    )


def _batches(plans: Sequence[_Plan], split: SplitChoice, repairs: Counter[str]) -> Iterator[Batch]:
    earlier_bytes = 0
    for plan in plans:
        # Text tables are parsed as a whole, in double precision, whatever is asked for.
        stored = sum(int(np.prod(plan.table.fields[name].row_shape, dtype=np.int64)) for name in plan.fields)
        rows = batch_rows(3 * max(stored, len(plan.table.fields)))
        for table, first_row, values, consumed in read_pieces([plan.table], plan.fields, rows):
            label = plan.labels.indices(values, table.path, first_row)
            yield Batch(
                {name: _block(wanted, values, name, repairs) for name, wanted in plan.blocks.items()},
                label,
                plan.weight.take(values) if plan.weight else None,
                chosen_split(split, len(label)),
                earlier_bytes + consumed,
            )
        earlier_bytes += plan.table.path.stat().st_size


def _block(wanted: WantedBlock, values: Mapping[str, NDArray[Any]], name: str, repairs: Counter[str]) -> NDArray[Any]:
    taken = wanted.source.take(values)
    block = wanted.block
    _count_rounded(taken, name, repairs)
    if block.objects is None:
        return taken
    if block.order_by is None:
        return take_leading(taken, None, block.objects)
    order = [column.name for column in block.columns].index(block.order_by)
    indices = leading_indices(taken[..., order], block.objects, name, repairs, block.order_by)
    return take_leading(taken, indices, block.objects)


@np.errstate(all="ignore")  # what is not finite is reported by the check of the rows
def _count_rounded(values: NDArray[Any], name: str, repairs: Counter[str]) -> None:
    """Count rows with whole numbers, such as event numbers, that single precision does not hold exactly."""
    large = np.abs(values) > LARGEST_EXACT
    if large.any():
        inexact = large & (values == np.rint(values)) & (values.astype(np.float32) != values)
        rows = inexact.reshape(len(values), -1).any(axis=1)
        if rows.any():
            repairs[f"rows rounded: whole numbers above 2^24 in {name}"] += int(rows.sum())


TABLE = Format(
    name="table",
    summary="any plain table or arrays (CSV, ARFF, Parquet, HDF5, npz, npy) with a column map in the options",
    citation="",
    read=read_table,
    options=TableOptions,
)
