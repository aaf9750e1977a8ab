"""The formats of an input contract: derived from the training split, taken from a preset, or fixed by hand."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError, DataError
from codesign.naming import unknown_name
from codesign.presets import Preset

Values = NDArray[np.floating[Any]]
Given = Mapping[str, Any]


@dataclass(frozen=True)
class InputBlock:
    """A block of a data set as it enters the network.

    Attributes:
        name: block of the data set.
        columns: names of the inputs, of one slot where there are several.
        units: their physical units.
        slots: number of objects, or ``None`` for a block of single values.
        order_by: column in whose decreasing order the objects stand, zero where a slot is empty; ``None`` where the
            order has another meaning.
        prefixed: whether names of inputs carry the name of the block.
    """

    name: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    slots: int | None = None
    order_by: str | None = None
    prefixed: bool = True

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self.columns) * (self.slots or 1)

    def key(self, column: str) -> str:
        """Name by which a configuration fixes the format of a column, in all slots: ``mass``, ``jets.pt``."""
        return f"{self.name}.{column}" if self.prefixed else column

    def input_names(self, column: str) -> list[str]:
        """Names of the inputs of a column, one per slot: ``mass``, ``jets[0].pt``."""
        if self.slots is None:
            return [self.key(column)]
        return [f"{self.name}[{slot}].{column}" for slot in range(self.slots)]


def make_contract(
    blocks: Sequence[InputBlock],
    values: Values,
    *,
    width: int,
    network_integer: int | None,
    coverage: float,
    preset: Preset | None = None,
    given: Mapping[str, Given] | None = None,
) -> InputContract:
    """Make the contract of some blocks.

    What a configuration fixes by hand counts first, then the preset. Without a preset the formats are derived: the
    central ``coverage`` of each distribution in the training split fits between the extremes of the format, and the
    LSB is the smallest power of two for which it does. The slots of a block share their formats, which come from the
    slots that are filled; the order column is unsigned from zero.

    Args:
        blocks: blocks in the order of the input word.
        values: training rows, shape (n, inputs), physical units.
        width: bits of a derived format.
        network_integer: integer bits of the network value (sign counted) of every input; ``None`` chooses them by
            column so that the training values have a standard deviation near 1 there.
        coverage: fraction of the training values that must not saturate, in (0, 1].
        preset: scales of an experiment.
        given: per key (`InputBlock.key`) any of ``offset``, ``lsb``, ``width``, ``signed`` that the user fixes.

    Raises:
        DataError: an input is constant or not finite in the training split.
        ConfigError: a given key is not an input, or the preset has no scale for one.
    """
    given = given or {}
    keys = [block.key(column) for block in blocks for column in block.columns]
    for key in given:
        if key not in keys:
            raise ConfigError(f"contract.inputs: {unknown_name('input', key, keys)}")
    formats: list[InputFormat] = []
    objects: list[ObjectSlots] = []
    for block, rows in _parts(blocks, values):
        if block.slots is not None and block.order_by is not None:
            order = block.columns.index(block.order_by)
            objects.append(ObjectSlots(block.name, len(formats), block.slots, len(block.columns), order))
        columns = [
            _formats(block, index, rows, preset, given.get(block.key(column)), width, coverage, network_integer)
            for index, column in enumerate(block.columns)
        ]
        formats += [entry for slot in zip(*columns, strict=True) for entry in slot]
    return InputContract(tuple(formats), tuple(objects))


def _parts(blocks: Sequence[InputBlock], values: Values) -> Iterator[tuple[InputBlock, Values]]:
    """Yield each block with its rows of shape (n, slots, columns)."""
    first = 0
    for block in blocks:
        part = values[:, first : first + block.inputs]
        yield block, part.reshape(len(part), block.slots or 1, len(block.columns))
        first += block.inputs


def _formats(
    block: InputBlock,
    index: int,
    rows: Values,
    preset: Preset | None,
    given: Given | None,
    width: int,
    coverage: float,
    network_integer: int | None,
) -> list[InputFormat]:
    """Return the formats of one column, one per slot."""
    column, unit, given = block.columns[index], block.units[index], given or {}
    scale = None if preset is None else preset.scale(block.name, column)
    if preset is not None and scale is None and not given:
        raise ConfigError(
            f"contract.preset: {preset.name} has no scale for {block.name}.{column}, only {preset.known(block.name)}; "
            f'leave the column out, or describe it in [contract.inputs."{block.key(column)}"]'
        )
    if scale is not None:
        fields = {"offset": scale.offset, "lsb": scale.lsb, "width": scale.width, "signed": scale.signed, **given}
        period = scale.counts_per_turn
    else:
        is_order = column == block.order_by
        fields = _derived(block.key(column), _filled(block, rows, index), width, coverage, is_order, given)
        period = None
    if network_integer is None:
        network_integer = _unit_spread(_filled(block, rows, index) / fields["lsb"], fields["width"])
    fields |= {"period": period, "integer": network_integer}
    return [InputFormat(name, unit, **fields) for name in block.input_names(column)]


def _unit_spread(counts: Values, width: int) -> int:
    """Return the integer bits for which values, in hardware counts, have a standard deviation within √2 of 1."""
    spread = float(np.std(counts)) if counts.size else 0.0
    return width - round(math.log2(spread)) if spread > 0 else width


def _filled(block: InputBlock, rows: Values, index: int) -> Values:
    """Return the values of a column in the slots that are filled, shape (m,)."""
    values: Values = rows[..., index].ravel()
    if block.order_by is not None:
        values = values[rows[..., block.columns.index(block.order_by)].ravel() != 0]
    return values


def _derived(key: str, values: Values, width: int, coverage: float, is_order: bool, given: Given) -> dict[str, Any]:
    """Return offset, LSB, width and sign of a format that covers the values of the training split."""
    if values.size == 0:
        raise DataError(f"input {key!r}: every slot is empty in the training split; leave the block out")
    if not np.isfinite(values).all():
        raise DataError(f"input {key!r}: the training set holds NaN or infinite values")
    width, signed = int(given.get("width", width)), bool(given.get("signed", not is_order))
    tail = (1.0 - coverage) / 2
    low, high = (float(q) for q in np.quantile(values, [tail, 1.0 - tail]))
    if high <= low:
        raise DataError(
            f"input {key!r}: constant ({low:g}) over the central {coverage:.2%} of the training set; drop it"
        )
    if is_order:
        low = 0.0  # an empty slot
    # One count is kept free at each end so that rounding the offset to the LSB cannot push an end out of range.
    lsb = float(given.get("lsb", 2.0 ** math.ceil(math.log2((high - low) / (2**width - 3)))))
    centre = (low + high) / 2 if signed else low
    return {
        "offset": float(given.get("offset", round(centre / lsb) * lsb)),
        "lsb": lsb,
        "width": width,
        "signed": signed,
    }
