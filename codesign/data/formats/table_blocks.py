"""The blocks of a plain table: as its column map says, or one for the columns and one for each array."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from codesign.data.formats.table_map import Address, ArraySource, ColumnSource, Names, array_columns, find
from codesign.data.formats.tabular import Table
from codesign.data.formats.tabular_numpy import ARRAY
from codesign.data.schema import Block, Column
from codesign.errors import ConfigError, DataError
from codesign.naming import unknown_name
from codesign.sections import Section

DEFAULT_BLOCK = "high_level"


class BlockMap(Section):
    """Where the values of one block are.

    Attributes:
        array: an array with two or three axes; if empty, the block is put together from columns.
        columns: with an array: names for its columns. Else: names of columns, or our name → column, or our name →
            columns of the first, second, … object.
        units: our name → unit.
        descriptions: our name → definition.
        order_by: column in whose decreasing order objects stand; zero marks an empty slot. Without it objects keep
            their places.
        objects: number of objects to keep; all if 0.
    """

    array: str = ""
    columns: tuple[str, ...] | dict[str, str | tuple[str, ...]] = ()
    units: dict[str, str] = Field(default_factory=dict)
    descriptions: dict[str, str] = Field(default_factory=dict)
    order_by: str | None = None
    objects: int = Field(default=0, ge=0)


class WantedBlock(NamedTuple):
    """A block and where its values come from."""

    block: Block
    source: ArraySource | ColumnSource

    @property
    def fields(self) -> list[str]:
        """Fields of the table that are read for it."""
        if isinstance(self.source, ArraySource):
            return [self.source.field]
        return [address.field for slots in self.source.addresses for address in slots]


def wanted_blocks(
    table: Table, maps: Mapping[str, BlockMap], names: Names, used: Sequence[Address]
) -> dict[str, WantedBlock]:
    """Return the blocks of a table.

    Args:
        table: the table.
        maps: what the user wants; if empty, everything that is neither text nor used otherwise.
        names: array → names of its columns.
        used: label and weight, which are no inputs.

    Raises:
        DataError: a column is missing or has another shape.
        ConfigError: a map is contradictory.
    """
    if maps:
        return {name: _wanted(table, name, block_map, names) for name, block_map in maps.items()}
    return _everything(table, names, used)


def _wanted(table: Table, name: str, wanted: BlockMap, names: Names) -> WantedBlock:
    source: ArraySource | ColumnSource
    if wanted.array:
        if isinstance(wanted.columns, dict):
            raise ConfigError(f"blocks.{name}: with array, expected columns as a list of names, found a table")
        given = {wanted.array: wanted.columns} if wanted.columns else names
        columns, source = array_columns(table, wanted.array, given), ArraySource(wanted.array)
        shape = table.fields[wanted.array].row_shape
        slots = shape[0] if len(shape) == 2 else None
        origins = [f"{wanted.array}[{index}]" for index in range(len(columns))]
    else:
        columns, source, origins = _from_columns(table, name, wanted, names)
        slots = len(source.addresses[0]) if source.objects else None
    for key in (*wanted.units, *wanted.descriptions, *([wanted.order_by] if wanted.order_by else [])):
        if key not in columns:
            raise ConfigError(f"blocks.{name}: {unknown_name('column', key, columns)}")
    if slots is None and (wanted.order_by or wanted.objects):
        raise ConfigError(f"blocks.{name}: order_by and objects need several objects per row, found one")
    described = tuple(
        Column(column, wanted.units.get(column, ""), wanted.descriptions.get(column, f"{origin} of the file"))
        for column, origin in zip(columns, origins, strict=True)
    )
    return WantedBlock(Block(described, wanted.objects or slots, wanted.order_by), source)


def _from_columns(
    table: Table, name: str, wanted: BlockMap, names: Names
) -> tuple[tuple[str, ...], ColumnSource, list[str]]:
    columns = wanted.columns if isinstance(wanted.columns, dict) else {column: column for column in wanted.columns}
    if not columns:
        raise ConfigError(f"blocks.{name}: expected array or columns, found neither")
    slots = {ours: (theirs,) if isinstance(theirs, str) else theirs for ours, theirs in columns.items()}
    objects = not isinstance(next(iter(columns.values())), str)
    same_kind = all(isinstance(theirs, str) != objects for theirs in columns.values())
    if not same_kind or len({len(theirs) for theirs in slots.values()}) > 1 or () in slots.values():
        raise ConfigError(f"blocks.{name}: expected as many columns of the file for each of {', '.join(columns)}")
    addresses = tuple(tuple(find(table, theirs, names) for theirs in group) for group in slots.values())
    return tuple(columns), ColumnSource(addresses, objects), [", ".join(group) for group in slots.values()]


def _everything(table: Table, names: Names, used: Sequence[Address]) -> dict[str, WantedBlock]:
    blocks: dict[str, WantedBlock] = {}
    numbers = {name: field for name, field in table.fields.items() if field.numeric and Address(name) not in used}
    columns = tuple(name for name, field in numbers.items() if not field.row_shape)
    if columns:
        blocks[DEFAULT_BLOCK] = _wanted(table, DEFAULT_BLOCK, BlockMap(columns=columns), names)
    for name, field in numbers.items():
        if field.row_shape:
            block = DEFAULT_BLOCK if name == ARRAY else name.replace("/", "_")
            blocks[block] = _without(_wanted(table, block, BlockMap(array=name), names), used)
    if not blocks:
        raise DataError(f"{table.path}: expected columns of numbers besides label and weight, found none")
    return blocks


def _without(wanted: WantedBlock, used: Sequence[Address]) -> WantedBlock:
    """Leave out the columns of an array that are label or weight."""
    assert isinstance(wanted.source, ArraySource)
    left_out = tuple(
        address.column for address in used if address.field == wanted.source.field and address.column is not None
    )
    block = wanted.block
    columns = tuple(column for index, column in enumerate(block.columns) if index not in left_out)
    return WantedBlock(Block(columns, block.objects), ArraySource(wanted.source.field, left_out))
