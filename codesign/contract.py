"""The input contract: how each physical input becomes the hardware integer that the firmware receives.

Training, C-simulation, RTL, emulator and test vectors all use this one object, so a network never sees a value that
the trigger could not send. For input ``x`` with offset ``o`` and a power-of-two LSB ``2**e`` (both in units of ``x``)

    hardware integer  n = saturate(round((x - o) / 2**e))        signed or unsigned, ``width`` bits
    network value     v = n * 2**(integer - width)               ap_fixed<width, integer>

so firmware that holds ``x`` as an integer needs one subtraction and one shift. The offset is a multiple of the LSB.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import ConfigError, DataError
from codesign.fixed_point import FixedPoint
from codesign.naming import unknown_name

SATURATED_SHARE = 0.25  # of the inputs of an event made by ``InputContract.saturate_some``


@dataclass(frozen=True)
class InputFormat:
    """Hardware format of one input.

    Attributes:
        name: column of the dataset.
        unit: physical unit of the column ("" for a pure number).
        offset: physical value of hardware integer 0, a multiple of the LSB.
        lsb_exponent: e; one hardware count is ``2**e`` in physical units.
        width: bits of the hardware integer, the sign included.
        signed: two's complement if true.
    """

    name: str
    unit: str
    offset: float
    lsb_exponent: int
    width: int
    signed: bool = True

    @property
    def lsb(self) -> float:
        """One hardware count in physical units."""
        return 2.0**self.lsb_exponent

    @property
    def integer_format(self) -> FixedPoint:
        """The hardware integer as a fixed-point format with LSB 1, rounding to nearest and saturating."""
        return FixedPoint(self.signed, self.width, self.width, "RND", "SAT")

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest physical value that do not saturate."""
        integers = self.integer_format
        return self.offset + integers.min_int * self.lsb, self.offset + integers.max_int * self.lsb


@dataclass(frozen=True)
class InputContract:
    """The hardware formats of all inputs of a network, in the order of the input word.

    Attributes:
        inputs: one format per input; the first sits in the least significant bits of the packed word.
        network_integer: integer bits (the sign counted) of the value the network sees for every input.

    Raises:
        ConfigError: there is no input, or a name occurs twice.
    """

    inputs: tuple[InputFormat, ...]
    network_integer: int = 3

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.inputs]
        if not names:
            raise ConfigError("input contract: expected at least one input, got none")
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ConfigError(f"input contract: names must be unique, {twice} occur more than once")

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
        return tuple(FixedPoint(entry.signed, entry.width, self.network_integer, "RND", "SAT") for entry in self.inputs)

    def to_hardware(self, values: ArrayLike) -> NDArray[np.int64]:
        """Hardware integers of physical values.

        Args:
            values: shape (n, inputs), physical units.

        Returns:
            int64 array of the same shape, saturated to each input's range.

        Raises:
            DataError: wrong number of columns, or a value is NaN or infinite.
        """
        array = self._checked(values)
        columns = [
            entry.integer_format.to_int((array[:, i] - entry.offset) / entry.lsb) for i, entry in enumerate(self.inputs)
        ]
        return np.stack(columns, axis=1)

    def to_network(self, integers: ArrayLike) -> NDArray[np.float32]:
        """Values the network sees, shape (n, inputs), float32 (exact), for hardware integers of the same shape."""
        lsb = np.array([fmt.lsb for fmt in self.network_formats])
        return np.asarray(np.asarray(integers, dtype=np.float64) * lsb, dtype=np.float32)

    def to_physical(self, integers: ArrayLike) -> NDArray[np.float64]:
        """Physical values at the centre of each hardware integer, shape (n, inputs)."""
        lsb = np.array([entry.lsb for entry in self.inputs])
        offset = np.array([entry.offset for entry in self.inputs])
        return np.asarray(np.asarray(integers, dtype=np.float64) * lsb + offset)

    def saturated_fraction(self, values: ArrayLike) -> NDArray[np.float64]:
        """Fraction of physical values, per input, that lie outside the range of the format."""
        array = self._checked(values)
        low, high = np.array([entry.range for entry in self.inputs]).T
        half = np.array([entry.lsb for entry in self.inputs]) / 2
        return np.asarray(((array < low - half) | (array >= high + half)).mean(axis=0))

    def extremes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Smallest and largest hardware integer of every input, each of shape (inputs,)."""
        formats = [entry.integer_format for entry in self.inputs]
        return np.array([f.min_int for f in formats]), np.array([f.max_int for f in formats])

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
            return cls(tuple(InputFormat(**entry) for entry in fields["inputs"]), int(fields["network_integer"]))
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


def derive_contract(
    values: NDArray[np.floating[Any]],
    names: Sequence[str],
    units: Sequence[str],
    *,
    width: int,
    network_integer: int,
    coverage: float,
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> InputContract:
    """Derive the formats from the training set, except where the user gives them.

    The central ``coverage`` of each input's distribution fits between the extremes of the format; the LSB is the
    smallest power of two for which it does.

    Args:
        values: training rows, shape (n, inputs), physical units.
        names: input names.
        units: physical units.
        width: bits of every input.
        network_integer: integer bits of the network value (sign counted).
        coverage: fraction of the training values that must not saturate, in (0, 1].
        given: per name any of ``offset``, ``lsb_exponent``, ``width``, ``signed`` that the user fixes.

    Raises:
        DataError: an input is constant or not finite in the training set.
        ConfigError: a given name is not an input.
    """
    given = given or {}
    for name in given:
        if name not in names:
            raise ConfigError(f"contract.inputs: {unknown_name('input', name, names)}")
    formats = tuple(
        _derive_format(values[:, i], name, unit, width, coverage, given.get(name, {}))
        for i, (name, unit) in enumerate(zip(names, units, strict=True))
    )
    return InputContract(formats, network_integer)


def _derive_format(
    column: NDArray[np.floating[Any]], name: str, unit: str, width: int, coverage: float, given: Mapping[str, Any]
) -> InputFormat:
    if not np.isfinite(column).all():
        raise DataError(f"input {name!r}: the training set holds NaN or infinite values")
    width = int(given.get("width", width))
    signed = bool(given.get("signed", True))
    tail = (1.0 - coverage) / 2
    low, high = (float(q) for q in np.quantile(column, [tail, 1.0 - tail]))
    if high <= low:
        raise DataError(
            f"input {name!r}: constant ({low:g}) over the central {coverage:.2%} of the training set; drop it"
        )
    # One count is kept free at each end so that rounding the offset to the LSB cannot push an end out of range.
    exponent = int(given.get("lsb_exponent", math.ceil(math.log2((high - low) / (2**width - 3)))))
    lsb = 2.0**exponent
    centre = (low + high) / 2 if signed else low
    offset = float(given.get("offset", round(centre / lsb) * lsb))
    return InputFormat(name, unit, offset, exponent, width, signed)
