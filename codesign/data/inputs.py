"""The blocks of a data set that enter the network, as rows of inputs in the order of the contract."""

import numpy as np
from numpy.typing import NDArray

from codesign.config import BlockSection, DataSection
from codesign.data.dataset import Dataset
from codesign.errors import ConfigError
from codesign.input_formats import InputBlock
from codesign.naming import unknown_name
from codesign.objects import arrange

ORDER_COLUMN = "pt"  # what orders objects unless the configuration says otherwise


def input_blocks(dataset: Dataset, section: DataSection) -> tuple[InputBlock, ...]:
    """Return the blocks that a configuration chooses, in its order; the only block of a data set that has one.

    Raises:
        ConfigError: no block is chosen and there are several, or slots or order do not fit a block.
        DataError: an unknown block or column.
    """
    if not section.blocks and len(dataset.blocks) > 1:
        raise ConfigError(
            f"data: {dataset.path.name} has the blocks {', '.join(dataset.blocks)}; "
            f"choose one or more, e.g. [data.blocks.{dataset.blocks[0]}]"
        )
    chosen = section.blocks or {dataset.blocks[0]: BlockSection()}
    shapes = {name: dataset.row_shape(name) for name in chosen}
    bare = len(chosen) == 1 and len(next(iter(shapes.values()))) == 1
    return tuple(_input_block(dataset, name, block, shapes[name], not bare) for name, block in chosen.items())


def read_inputs(dataset: Dataset, blocks: tuple[InputBlock, ...], split: str | None) -> NDArray[np.float32]:
    """Read the rows of a split, objects ordered and cut to their slots.

    Returns:
        float32 of shape (n, inputs) in physical units.

    Raises:
        DataError: a value is not finite, or the file is damaged.
    """
    parts = []
    for block in blocks:
        values = dataset.read(block.name, split, block.columns)
        if block.slots is not None and block.order_by is not None:
            values = arrange(values, block.columns.index(block.order_by), block.slots)
        parts.append(values.reshape(len(values), -1))
    return np.concatenate(parts, axis=1)


def _input_block(
    dataset: Dataset, name: str, section: BlockSection, row_shape: tuple[int, ...], prefixed: bool
) -> InputBlock:
    units = {column.name: column.unit for column in dataset.columns(name)}
    columns = section.columns or tuple(units)
    for column in columns:
        if column not in units:
            raise ConfigError(f"data.blocks.{name}.columns: {unknown_name('column', column, units)}")
    chosen_units = tuple(units[column] for column in columns)
    if len(row_shape) == 1:
        if section.slots is not None or section.order_by is not None:
            raise ConfigError(
                f"data.blocks.{name}: slots and order_by are for blocks of objects; this one has one per row"
            )
        return InputBlock(name, columns, chosen_units, prefixed=prefixed)
    order = section.order_by or (ORDER_COLUMN if ORDER_COLUMN in units else None)
    if order is not None and order not in columns:
        raise ConfigError(
            f"data.blocks.{name}: the objects are ordered by {order!r}, which is not among the columns "
            f"{', '.join(columns)}; add it, or set order_by to one of them"
        )
    slots = section.slots or row_shape[0]
    if slots > row_shape[0]:
        raise ConfigError(f"data.blocks.{name}.slots: the data set has {row_shape[0]} objects per row, got {slots}")
    if order is None and slots != row_shape[0]:
        raise ConfigError(f"data.blocks.{name}.slots: fewer than {row_shape[0]} objects need order_by, to say which")
    return InputBlock(name, columns, chosen_units, slots, order, prefixed)
