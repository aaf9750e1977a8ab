"""The input contract: how each physical input becomes the hardware integer that the firmware receives.

Training, C-simulation, RTL, emulator and test vectors all use this one object, so a network never sees a value that
the trigger could not send. For input ``x`` with offset ``o`` and LSB ``l`` (both in units of ``x``)

    hardware integer  n = saturate(round((x - o) / l))           signed or unsigned, ``width`` bits
    network value     v = n * 2**(integer - width)               ap_fixed<width, integer>

The binary point of the network value costs nothing in firmware; it is put where the values spread by about one, so
that a network trains alike on GeV and on angles.

Formats that are derived from data have a power of two as LSB and a multiple of it as offset, so firmware that holds
``x`` as an integer needs one subtraction and one shift. Formats of a preset (`codesign.presets`) are the scales on the
links of an experiment. An angle with a full turn of ``period`` counts wraps around instead of saturating.

Objects (electrons, jets, particles) come as a fixed number of slots in decreasing order of one column; a slot whose
order column is zero is empty, and all its integers are zero. An object that rounds to zero is none.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import ConfigError, DataError
from codesign.fixed_point import FixedPoint
from codesign.objects import arrange

SATURATED_SHARE = 0.25  # of the inputs of an event made by ``InputContract.saturate_some``


@dataclass(frozen=True)
class InputFormat:
    """Hardware format of one input.

    Attributes:
        name: column of the dataset, with its block and slot where there are several: ``mass``, ``jets[0].pt``.
        unit: physical unit of the column ("" for a pure number).
        offset: physical value of hardware integer 0, a multiple of the LSB.
        lsb: one hardware count in physical units.
        width: bits of the hardware integer, the sign included.
        signed: two's complement if true.
        period: counts of a full turn of an angle, or ``None`` for a quantity that saturates.
        integer: integer bits (the sign counted) of the value the network sees.

    Raises:
        ConfigError: the LSB is not positive, or a full turn does not fit the width.
    """

    name: str
    unit: str
    offset: float
    lsb: float
    width: int
    signed: bool = True
    period: int | None = None
    integer: int = 3

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lsb) and self.lsb > 0 and math.isfinite(self.offset)):
            raise ConfigError(
                f"input {self.name!r}: expected an LSB above 0, got {self.lsb!r} (offset {self.offset!r})"
            )
        if self.period is not None and not 0 < self.period <= 1 << self.width:
            raise ConfigError(f"input {self.name!r}: {self.period} counts per turn do not fit {self.width} bits")

    @property
    def integer_format(self) -> FixedPoint:
        """The hardware integer as a fixed-point format with LSB 1, rounding to nearest and saturating."""
        return FixedPoint(self.signed, self.width, self.width, "RND", "SAT")

    @property
    def network_format(self) -> FixedPoint:
        """Fixed-point format of the value the network sees: the same bits with another binary point."""
        return FixedPoint(self.signed, self.width, self.integer, "RND", "SAT")

    @property
    def range(self) -> tuple[float, float]:
        """Physical values of the smallest and the largest hardware integer that is used."""
        integers = self.integer_format
        low, high = integers.min_int, integers.max_int
        if self.period is not None:
            low = -(self.period // 2) if self.signed else 0
            high = low + self.period - 1
        return self.offset + low * self.lsb, self.offset + high * self.lsb

    def to_int(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Hardware integers of finite physical values, any shape."""
        if self.period is None:
            low, high = self.range
            # Cut first, because the largest floats overflow in the division.
            inside = np.clip(values, low - self.lsb, high + self.lsb)
            return self.integer_format.to_int((inside - self.offset) / self.lsb)
        low = -(self.period // 2) if self.signed else 0
        # Wrapped before and after rounding: a large angle keeps its digits, and a full turn is zero.
        turned = np.mod(values - self.offset, self.period * self.lsb) / self.lsb
        integers = FixedPoint(True, 53, 53).to_int(turned)
        return np.asarray((integers - low) % self.period + low)


@dataclass(frozen=True)
class ObjectSlots:
    """A run of inputs that are the slots of one kind of object, one slot after the other.

    Attributes:
        name: block of the dataset.
        first: index of the first input.
        slots: number of slots.
        columns: inputs per slot.
        order: index of the order column within a slot.
    """

    name: str
    first: int
    slots: int
    columns: int
    order: int

    def empty(self, rows: NDArray[Any], formats: Sequence[InputFormat]) -> NDArray[np.bool_]:
        """Which slots stand for no object, bool of shape (n, slots), for hardware integers of shape (n, inputs)."""
        order = formats[self.first + self.order]
        return np.asarray(self.of(rows)[..., self.order] * order.lsb + order.offset <= 0)

    def of(self, rows: NDArray[Any]) -> NDArray[Any]:
        """View of the slots in rows of shape (n, inputs), as shape (n, slots, columns)."""
        return rows[:, self.first : self.first + self.slots * self.columns].reshape(-1, self.slots, self.columns)


@dataclass(frozen=True)
class InputContract:
    """The hardware formats of all inputs of a network, in the order of the input word.

    Attributes:
        inputs: one format per input; the first sits in the least significant bits of the packed word.
        objects: which inputs are slots of objects.

    Raises:
        ConfigError: there is no input, a name occurs twice, or an order column is not unsigned with zero at empty.
    """

    inputs: tuple[InputFormat, ...]
    objects: tuple[ObjectSlots, ...] = ()

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.inputs]
        if not names:
            raise ConfigError("input contract: expected at least one input, got none")
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ConfigError(f"input contract: names must be unique, {twice} occur more than once")
        for group in self.objects:
            if not 0 <= group.first <= len(names) - group.slots * group.columns or not group.order < group.columns:
                raise ConfigError(f"input contract: the slots of {group.name!r} are not among the {len(names)} inputs")
            order = self.inputs[group.first + group.order]
            if order.signed or order.offset > 0:
                raise ConfigError(
                    f"input {order.name!r}: expected unsigned with offset ≤ 0, because 0 marks an empty slot; "
                    f"got {'signed' if order.signed else 'unsigned'} with offset {order.offset:g}"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Input names in port order."""
        return tuple(entry.name for entry in self.inputs)

    @property
    def widths(self) -> tuple[int, ...]:
        """Bits of every input, in port order."""
        return tuple(entry.width for entry in self.inputs)

    @property
    def word_bits(self) -> int:
        """Width of the packed input word: the hardware integers side by side, without gaps."""
        return sum(self.widths)

    @cached_property
    def network_formats(self) -> tuple[FixedPoint, ...]:
        """Fixed-point format of the value the network sees, one per input."""
        return tuple(entry.network_format for entry in self.inputs)

    def to_hardware(self, values: ArrayLike) -> NDArray[np.int64]:
        """Hardware integers of physical values: objects in order, all integers of an empty slot zero.

        Args:
            values: shape (n, inputs), physical units; an object is absent where its order column is zero.

        Returns:
            int64 array of the same shape, saturated to each input's range.

        Raises:
            DataError: wrong number of columns, or a value is NaN or infinite.
        """
        array = self._checked(values)
        integers = np.stack([entry.to_int(array[:, i]) for i, entry in enumerate(self.inputs)], axis=1)
        for group in self.objects:
            slots = group.of(integers)
            slots[(group.of(array)[..., group.order] == 0) | group.empty(integers, self.inputs)] = 0
            slots[:] = arrange(slots, group.order, group.slots)
        return integers

    def to_network(self, integers: ArrayLike) -> NDArray[np.float32]:
        """Values the network sees, shape (n, inputs), float32 (exact), for hardware integers of the same shape."""
        lsb = np.array([fmt.lsb for fmt in self.network_formats])
        return np.asarray(np.asarray(integers, dtype=np.float64) * lsb, dtype=np.float32)

    def to_physical(self, integers: ArrayLike) -> NDArray[np.float64]:
        """Physical values at the centre of each hardware integer, shape (n, inputs); an empty slot is zero."""
        counts = np.asarray(integers, dtype=np.float64)
        values = counts * [entry.lsb for entry in self.inputs] + [entry.offset for entry in self.inputs]
        for group in self.objects:
            group.of(values)[group.empty(counts, self.inputs)] = 0.0
        return values

    def saturated_fraction(self, values: ArrayLike) -> NDArray[np.float64]:
        """Fraction of physical values, per input, that lie outside the range of the format; empty slots do not."""
        array = self._checked(values)
        low, high = np.array([entry.range for entry in self.inputs]).T
        half = np.array([entry.lsb for entry in self.inputs]) / 2
        outside = (array < low - half) | (array >= high + half)
        outside[:, [entry.period is not None for entry in self.inputs]] = False
        for group in self.objects:
            group.of(outside)[group.of(array)[..., group.order] == 0] = False
        return np.asarray(outside.mean(axis=0))

    def extremes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Smallest and largest hardware integer of every input, each of shape (inputs,)."""
        formats = [entry.integer_format for entry in self.inputs]
        return np.array([f.min_int for f in formats]), np.array([f.max_int for f in formats])

    def random_integers(self, count: int, seed: int) -> NDArray[np.int64]:
        """Hardware integers uniform over the whole range of every input, shape (count, inputs)."""
        return np.random.default_rng(seed).integers(*self.extremes(), (count, len(self.inputs)), endpoint=True)

    def saturate_some(self, events: NDArray[np.int64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Events of which some inputs stand at an end of their range, as a broken or extreme jet would send.

        Args:
            events: hardware integers to start from, shape (m, inputs), m > 0 unless ``count`` is 0.
            count: rows wanted.
            random: source of the choices.

        Returns:
            shape (count, inputs); in every row a quarter of the inputs, at least one, is at its minimum or maximum.
        """
        low, high = self.extremes()
        rows = events[random.integers(0, max(len(events), 1), size=count)].copy()
        forced = random.random(rows.shape) < SATURATED_SHARE
        forced[np.arange(count), random.integers(0, len(low), size=count)] = True
        ends = np.where(random.random(rows.shape) < 0.5, low, high)
        return np.where(forced, ends, rows)

    def to_json(self) -> str:
        """JSON text that ``from_json`` reads back to an equal contract."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the text that ``to_json`` wrote.

        Raises:
            ConfigError: the text is not such a contract.
        """
        try:
            fields = json.loads(text)
            return cls(
                tuple(InputFormat(**entry) for entry in fields["inputs"]),
                tuple(ObjectSlots(**entry) for entry in fields["objects"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"input contract: expected the JSON written by codesign, got {error}") from error

    def _checked(self, values: ArrayLike) -> NDArray[np.float64]:
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != len(self.inputs):
            raise DataError(f"input contract: expected shape (n, {len(self.inputs)}), got {array.shape}")
        if not np.isfinite(array).all():
            row, column = (int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise DataError(
                f"input {self.names[column]!r}: row {row} is {array[row, column]}, expected a finite number"
            )
        return array
