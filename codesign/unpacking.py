"""From the words of an experiment to the integers of the input contract, as firmware does it, in NumPy.

A word holds one object (or all single values of a block), each quantity in a field of its bits. Per quantity firmware
takes the offset off, shifts with rounding, and saturates; where objects may be absent, all integers of an empty slot
are zero; where they arrive in any order, they are sorted. For every value on the grid of the words the result is what
`InputContract.to_hardware` gives; `codesign.unpacking_plan` checks that for every code of every field.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign.objects import arrange

Integers = NDArray[np.int64]

GAP_BITS = 32  # of one run of unused bits; longer ones are several


@dataclass(frozen=True)
class RawField:
    """Some neighbouring bits of a word that are one quantity.

    Attributes:
        name: quantity.
        low: least significant bit.
        width: number of bits.
        signed: two's complement if true.
        lsb: one count in physical units.
        offset: physical value of integer 0.
    """

    name: str
    low: int
    width: int
    signed: bool
    lsb: float
    offset: float = 0.0

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest integer."""
        half = 1 << (self.width - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


@dataclass(frozen=True)
class SourceBlock:
    """The words of one block.

    Attributes:
        name: block of the data set.
        bits: width of a word.
        objects: number of words.
        fields: the used bits, in the order of the block's columns.
        unsorted: the objects arrive in any order, and firmware sorts them.
    """

    name: str
    bits: int
    objects: int
    fields: tuple[RawField, ...]
    unsorted: bool = False


@dataclass(frozen=True)
class Scaling:
    """How a raw integer becomes one of the contract: ``limit(floor((raw * 2**up + offset) / 2**down + 1/2))``.

    Attributes:
        up: bits of the shift to the left.
        offset: what is added then, the rounding not included.
        down: bits of the rounding shift to the right.
        width: bits of the result.
        signed: whether it is two's complement.
        period: counts of a full turn, by which an angle wraps around; ``None`` saturates.
    """

    up: int
    offset: int
    down: int
    width: int
    signed: bool
    period: int | None

    def apply(self, raw: Integers) -> Integers:
        """Integers of the contract, any shape."""
        half = (1 << self.down) >> 1
        values = ((raw << self.up) + self.offset + half) >> self.down
        if self.period is not None:
            low = -(self.period // 2) if self.signed else 0
            return np.asarray((values - low) % self.period + low)
        low = -(1 << (self.width - 1)) if self.signed else 0
        return np.asarray(np.clip(values, low, low + (1 << self.width) - 1))


@dataclass(frozen=True)
class BlockPlan:
    """What firmware does with one block.

    Attributes:
        source: its words.
        slots: slots of the network.
        scalings: one per field.
        order: index of the field that orders the objects, or ``None`` where no slot can be empty.
        empty_at_most: largest raw integer of that field that means an empty slot.
    """

    source: SourceBlock
    slots: int
    scalings: tuple[Scaling, ...]
    order: int | None
    empty_at_most: int = 0

    @property
    def item_bits(self) -> int:
        """Bits of the contract's integers of one object."""
        return sum(scaling.width for scaling in self.scalings)

    @property
    def sorting_layers(self) -> int:
        """Layers of comparators of the sorting network."""
        steps = math.ceil(math.log2(self.source.objects)) if self.source.unsorted else 0
        return steps * (steps + 1) // 2

    @property
    def word_fields(self) -> tuple[RawField, ...]:
        """Fields of every bit of a word, from the least significant bits upwards, those of unused bits included."""
        found: list[RawField] = []
        for field in sorted(self.source.fields, key=lambda field: field.low):
            found += [*_gap(found, field.low), field]
        return *found, *_gap(found, self.source.bits)

    def unpack(self, raw: Integers) -> Integers:
        """Integers of the contract, shape (n, slots, fields), of raw ones, shape (n, objects, fields)."""
        items = np.stack([scaling.apply(raw[..., i]) for i, scaling in enumerate(self.scalings)], axis=2)
        if self.order is not None:
            items[raw[..., self.order] <= self.empty_at_most] = 0
        if self.source.unsorted and self.order is not None:
            return arrange(items, self.order, self.slots)
        return items[:, : self.slots]


@dataclass(frozen=True)
class Unpacker:
    """What firmware does with all words of an event.

    Attributes:
        blocks: plans in the order of the contract; the words stand side by side in the same order.
        layers_per_clock: layers of comparators between two registers.
    """

    blocks: tuple[BlockPlan, ...]
    layers_per_clock: int

    @property
    def latency_cycles(self) -> int:
        """Clocks: one for scale and zero suppression, then the longest sorting network."""
        return 1 + max(math.ceil(plan.sorting_layers / self.layers_per_clock) for plan in self.blocks)

    @property
    def word_bits(self) -> int:
        """Width of the packed words of an event."""
        return sum(plan.source.bits * plan.source.objects for plan in self.blocks)

    def split(self, rows: Integers) -> list[Integers]:
        """Views of the words of each block, shape (n, objects, word fields), in rows of all, shape (n, word fields)."""
        shapes = [(plan.source.objects, len(plan.word_fields)) for plan in self.blocks]
        ends = np.cumsum([objects * fields for objects, fields in shapes])[:-1]
        return [
            part.reshape(len(rows), *shape) for part, shape in zip(np.split(rows, ends, axis=1), shapes, strict=True)
        ]

    def unpack(self, rows: Integers) -> Integers:
        """Integers of the contract, shape (n, inputs).

        Args:
            rows: integers of all word fields of all words, shape (n, word fields).
        """
        parts = []
        for plan, words in zip(self.blocks, self.split(rows), strict=True):
            used = [plan.word_fields.index(field) for field in plan.source.fields]
            parts.append(plan.unpack(words[..., used]).reshape(len(rows), -1))
        return np.concatenate(parts, axis=1)


def _gap(before: Sequence[RawField], end: int) -> list[RawField]:
    """Fields of the unused bits between the fields before and a bit."""
    start = before[-1].low + before[-1].width if before else 0
    return [RawField(f"unused_{low}", low, min(GAP_BITS, end - low), False, 1.0) for low in range(start, end, GAP_BITS)]
