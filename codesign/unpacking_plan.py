"""The plan of an unpacking: shifts and offsets between the words of an experiment and the input contract."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError
from codesign.unpacking import BlockPlan, RawField, Scaling, SourceBlock, Unpacker

FINEST = 12  # bits below the finer of two LSBs in which an offset may be stated
CONSTANT_BITS = 30  # of firmware's constants and inner sums, which are 32-bit integers
TOLERANCE = 1e-9  # of the ratio of two LSBs, which may be rounded decimals


def make_unpacker(contract: InputContract, sources: Mapping[str, SourceBlock], layers_per_clock: int) -> Unpacker:
    """Plan the firmware between words and network.

    Args:
        contract: formats of the network's inputs.
        sources: words by block, with a field of each column's name; blocks that the contract does not have are ignored.
        layers_per_clock: layers of comparators between two registers.

    Raises:
        ConfigError: a block, column or slot of the contract has no bits in the words; a field's LSB is no power of two
            away from the contract's; or firmware could not give the contract's integers.
    """
    plans, first = [], 0
    while first < len(contract.inputs):
        name, columns, slots = _block_at(contract, first, sources)
        plans.append(_plan(sources[name], columns, slots, _objects_at(contract, first), contract.inputs[first:]))
        first += len(columns) * slots
    return Unpacker(tuple(plans), layers_per_clock)


def _place(name: str, sources: Mapping[str, SourceBlock]) -> tuple[str, int, str]:
    """Block, slot and column of an input by its name: ``jets[0].pt``, ``met.pt``, or ``mass`` of the only block."""
    match = re.fullmatch(r"(.*?)(?:\[(\d+)\])?\.(.*)", name)
    if match is not None and match[1] in sources:
        return match[1], int(match[2] or 0), match[3]
    if len(sources) == 1:
        return next(iter(sources)), 0, name
    raise ConfigError(f"firmware.source: there are no words for the input {name!r}; there are {', '.join(sources)}")


def _block_at(
    contract: InputContract, first: int, sources: Mapping[str, SourceBlock]
) -> tuple[str, tuple[str, ...], int]:
    """The block that begins at an input, its columns and its slots."""
    places = [_place(name, sources) for name in contract.names[first:]]
    block = places[0][0]
    own = [place for place in places if place[0] == block]
    columns = tuple(column for _, slot, column in own if slot == own[0][1])
    return block, columns, len(own) // len(columns)


def _objects_at(contract: InputContract, first: int) -> ObjectSlots | None:
    return next((group for group in contract.objects if group.first == first), None)


def _plan(
    source: SourceBlock,
    columns: tuple[str, ...],
    slots: int,
    objects: ObjectSlots | None,
    formats: Sequence[InputFormat],
) -> BlockPlan:
    where = f"firmware.source: block {source.name!r}"
    known = {field.name: field for field in source.fields}
    for column in columns:
        if column not in known:
            raise ConfigError(f"{where}: no field for the column {column!r}, only {', '.join(known) or 'none'}")
    if slots > source.objects:
        raise ConfigError(f"{where}: {source.objects} objects in the words, {slots} slots in the network")
    if objects is None and (source.unsorted or source.objects != slots):
        raise ConfigError(
            f"{where}: its {source.objects} objects have no column that orders them, so none can be chosen"
        )
    fields = tuple(known[column] for column in columns)
    _require_bits(where, source.bits, fields)
    scalings = tuple(_scaling(where, field, entry) for field, entry in zip(fields, formats, strict=False))
    order = None if objects is None else objects.order
    empty = 0 if order is None else _empty_at_most(where, fields[order], formats[order])
    unsorted = source.unsorted and source.objects > 1
    return BlockPlan(
        SourceBlock(source.name, source.bits, source.objects, fields, unsorted), slots, scalings, order, empty
    )


def _require_bits(where: str, bits: int, fields: Sequence[RawField]) -> None:
    """Refuse fields that overlap or lie outside the word."""
    end = 0
    for field in sorted(fields, key=lambda field: field.low):
        if field.low < end or field.low + field.width > bits:
            raise ConfigError(
                f"{where}: field {field.name!r} takes the bits {field.low + field.width - 1}:{field.low}, which "
                f"{'belong to another field' if field.low < end else f'a word of {bits} bits does not have'}"
            )
        end = field.low + field.width


def _scaling(where: str, field: RawField, entry: InputFormat) -> Scaling:
    """Shifts and offset between a field and the contract's input.

    Raises:
        ConfigError: there are none, or they give another integer than the contract for some code of the field.
    """
    shift = math.log2(entry.lsb / field.lsb)
    if abs(shift - round(shift)) > TOLERANCE or abs(shift) > CONSTANT_BITS:
        raise ConfigError(
            f"{where}: one count of {field.name!r} is {field.lsb:g}, one of the input {entry.name!r} is {entry.lsb:g}; "
            "firmware shifts, so expected a power of two between them; "
            f'state lsb in [contract.inputs."{field.name}"]'
        )
    finest = min(field.lsb, entry.lsb)
    counts = (field.offset - entry.offset) / finest
    fine = next((bits for bits in range(FINEST + 1) if _is_whole(counts * 2.0**bits)), None)
    if fine is None:
        raise ConfigError(
            f"{where}: integer 0 of {field.name!r} is {field.offset:g}, of the input {entry.name!r} {entry.offset:g}; "
            f"expected a multiple of {finest:g}/{1 << FINEST} between them"
        )
    shift, offset = round(shift), round(counts * 2.0**fine)
    scaling = Scaling(fine + max(-shift, 0), offset, fine + max(shift, 0), entry.width, entry.signed, entry.period)
    if max(field.width + scaling.up, abs(offset).bit_length(), scaling.down) >= CONSTANT_BITS:
        raise ConfigError(f"{where}: {field.name!r}: shifts and offset need more than {CONSTANT_BITS} bits")
    _require_contract_integers(where, field, entry, scaling)
    return scaling


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) <= TOLERANCE * max(1.0, abs(number))


def _codes(field: RawField) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Every integer of a field, and the physical value that it stands for."""
    raw = np.arange(field.range[0], field.range[1] + 1, dtype=np.int64)
    return raw, np.asarray(raw * np.float64(field.lsb) + field.offset, dtype=np.float64)


def _require_contract_integers(where: str, field: RawField, entry: InputFormat, scaling: Scaling) -> None:
    """Refuse a scaling that differs from the contract for any code: halves of an LSB with rounded decimals can."""
    raw, physical = _codes(field)
    expected, found = entry.to_int(physical), scaling.apply(raw)
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        raise ConfigError(
            f"{where}: integer {raw[wrong[0]]} of {field.name!r} is {expected[wrong[0]]} in the input contract and "
            f"would be {found[wrong[0]]} in firmware ({len(wrong)} of {len(raw)} differ); give {entry.name!r} the LSB "
            "of the words, or one that binary fractions hold exactly"
        )


def _empty_at_most(where: str, field: RawField, entry: InputFormat) -> int:
    """The largest integer of an order field that means an empty slot, as the contract has it."""
    raw, physical = _codes(field)
    empty = (physical == 0) | (entry.to_int(physical) * entry.lsb + entry.offset <= 0)
    count = int(empty.sum())
    if not count or not empty[:count].all():
        raise ConfigError(
            f"{where}: no integer of {field.name!r} stands for an empty slot: zero must be among its values"
        )
    return int(raw[count - 1])
