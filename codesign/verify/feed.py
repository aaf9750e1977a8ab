"""What firmware that unpacks words can give to a network, for proofs: as part of a linear programme, and in Verilog.

Behind the unpacking the inputs are not independent: an empty slot is zero in all its integers, sorted objects are in
descending order, and a coarse field gives multiples of its step.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from codesign.contract import InputContract
from codesign.unpacking import BlockPlan, RawField, Scaling, Unpacker
from codesign.verify.programme import Interval, Kind, Linear, Programme

Given = tuple[Linear, Interval]


class LookedAt(Protocol):
    """Which bits of an input the network looks at, as `codesign.firmware.rtl.InputBits`."""

    @property
    def low(self) -> int:
        """Position of the lowest one."""

    @property
    def width(self) -> int:
        """Number of bits from there; 0 if the input is not used."""


class Feed:
    """All inputs that some words give, and few others.

    Where a field saturates, or wraps around by a turn that is no multiple of its step, some integers that it leaves out
    are not known to be.
    """

    def __init__(self, unpacker: Unpacker, contract: InputContract, bits: Sequence[LookedAt]) -> None:
        """Remember the plan of the firmware.

        Args:
            unpacker: the plan.
            contract: formats of the network's inputs.
            bits: which of them the network looks at.
        """
        self._blocks = unpacker.blocks
        self._steps = [given.lsb for given in contract.network_formats]
        self._bits = bits

    def __call__(self, programme: Programme) -> list[Given]:
        """The inputs as `codesign.verify.ranges.Inputs`."""
        integers = [given for plan in self._blocks for given in _block(plan, programme)]
        return [
            (value.times(step), Interval(*(step * part for part in known)))
            for (value, known), step in zip(integers, self._steps, strict=True)
        ]

    def conditions(self) -> list[str]:
        """Verilog expressions of the network's input ``model_inp`` that hold whenever it comes from words."""
        ends = np.cumsum([0, *(bits.width for bits in self._bits)])
        slices = [f"model_inp[{end - 1}:{end - bits.width}]" for bits, end in zip(self._bits, ends[1:], strict=True)]
        found: list[str] = []
        first = 0
        for plan in self._blocks:
            size = plan.slots * len(plan.scalings)
            ports = [
                _Port(text, bits) for text, bits in zip(slices[first : first + size], self._bits[first:], strict=False)
            ]
            found += _conditions(
                plan, [ports[at : at + len(plan.scalings)] for at in range(0, size, len(plan.scalings))]
            )
            first += size
        return found


@dataclass(frozen=True)
class _Port:
    """Where the bits of an input are that the network looks at."""

    text: str
    bits: LookedAt

    def holds(self, scaling: Scaling) -> bool:
        """Whether they are the upper ones of the integer, so that a larger one is not smaller in them."""
        return self.bits.width > 0 and self.bits.low + self.bits.width == scaling.width

    @property
    def whole(self) -> bool:
        return self.bits.low == 0


def _conditions(plan: BlockPlan, slots: Sequence[Sequence[_Port]]) -> Iterator[str]:
    """Of the inputs of a block."""
    for ports in slots:
        for port, scaling in zip(ports, plan.scalings, strict=True):
            if scaling.period is not None and not scaling.signed and port.holds(scaling):
                yield f"{port.text} <= {(scaling.period - 1) >> port.bits.low}"
    if plan.order is None:
        return
    order, orders = plan.scalings[plan.order], [ports[plan.order] for ports in slots]
    for ports, own in zip(slots, orders, strict=True):
        others = [port.text for port in ports if port is not own and port.bits.width]
        if own.holds(order) and own.whole and others:
            yield f"({own.text} != 0 || {{{', '.join(others)}}} == 0)"
    for own, following in itertools.pairwise(orders) if plan.source.unsorted else ():
        if own.holds(order) and own.bits == following.bits:
            yield f"{own.text} >= {following.text}"


@dataclass(frozen=True)
class _Image:
    """Integers ``step * number + first`` that a field gives, for numbers from ``low`` to ``high``."""

    low: int
    high: int
    step: int = 1
    first: int = 0

    def interval(self, *others: int) -> Interval:
        """Around its integers and some others, which are multiples of its step."""
        ends = (self.step * self.low + self.first, self.step * self.high + self.first, *others)
        return Interval(min(ends), max(ends), math.gcd(self.step, self.first))


def _image(field: RawField, scaling: Scaling, lowest: int) -> _Image:
    """What a field gives from an integer of its own upwards."""
    step = 1 << max(0, scaling.up - scaling.down)
    highest = field.range[1]
    if scaling.period is not None:
        low = -(scaling.period // 2) if scaling.signed else 0
        step = 1 if scaling.period % step else step
        above = (int(scaling.apply(np.array([0]))[0]) - low) % step
        return _Image(0, (scaling.period - 1 - above) // step, step, low + above)
    low, high = (int(end) for end in scaling.apply(np.array([lowest, highest])))
    if high - low != step * (highest - lowest):  # it saturates, or its last bits are rounded away
        return _Image(low, high)
    return _Image(0, highest - lowest, step, low)


def _block(plan: BlockPlan, programme: Programme) -> list[Given]:
    """The integers of a block, slot by slot."""
    lowest = [field.range[0] for field in plan.source.fields]
    if plan.order is not None:
        lowest[plan.order] = plan.empty_at_most + 1
    parts = zip(plan.source.fields, plan.scalings, lowest, strict=True)
    images = [_image(field, scaling, low) for field, scaling, low in parts]
    found: list[Given] = []
    before: tuple[Linear, Linear] | None = None
    for _ in range(plan.slots):
        if plan.order is None:
            found += [_always(image, programme) for image in images]
            continue
        present = programme.variable(0, 1, Kind.CHOICE)
        numbers = [_number(image, present, programme) for image in images]
        values = [_value(image, number, present) for image, number in zip(images, numbers, strict=True)]
        found += [(value, image.interval(0)) for value, image in zip(values, images, strict=True)]
        _constrain(images[plan.order], numbers[plan.order], present, present, programme)
        if plan.source.unsorted:
            after = (numbers[plan.order], values[plan.order])
            if before is not None:
                for number, _ in (before, after):
                    programme.constrain(number, before[1].plus(after[1], -1.0), low=0.0)
            before = after
    return found


def _always(image: _Image, programme: Programme) -> Given:
    number = programme.variable(image.low, image.high, Kind.WORD)
    return number.times(image.step).plus(Linear({}, image.first)), image.interval()


def _number(image: _Image, present: Linear, programme: Programme) -> Linear:
    """The number of one of the integers; 0 in an empty slot."""
    number = programme.variable(min(0, image.low), max(0, image.high), Kind.WORD)
    _constrain(image, number, present, number, programme)
    return number


def _constrain(image: _Image, number: Linear, present: Linear, owner: Linear, programme: Programme) -> None:
    programme.constrain(owner, number.plus(present, -image.high), high=0.0)
    programme.constrain(owner, number.plus(present, -image.low), low=0.0)


def _value(image: _Image, number: Linear, present: Linear) -> Linear:
    return number.times(image.step).plus(present, image.first)
