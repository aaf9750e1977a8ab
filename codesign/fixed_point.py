"""Fixed-point numbers in NumPy: the only implementation of rounding and overflow in the project."""

import re
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import ConfigError

Rounding = Literal["TRN", "RND", "RND_CONV"]
Overflow = Literal["WRAP", "SAT", "SAT_SYM"]

_TEXT = re.compile(
    r"ap_(?P<u>u?)fixed<\s*(\d+)\s*,\s*(-?\d+)\s*(?:,\s*(?:AP_)?(\w+)\s*)?(?:,\s*(?:AP_)?(\w+)\s*)?(?:,\s*0\s*)?>"
)


@dataclass(frozen=True)
class FixedPoint:
    """A fixed-point format with the meaning of ``ap_fixed<width, integer, rounding, overflow>``.

    ``integer`` counts the sign bit, as in Vitis HLS (UG1399); the ``kif`` triple of HGQ2 and alkaid does not.
    A value is ``n * lsb`` with the integer ``n`` in [``min_int``, ``max_int``].

    Raises:
        ConfigError: the width is not in 1…53 (53 bits are what a float64 holds exactly) or a mode is unknown.
    """

    signed: bool
    width: int
    integer: int
    rounding: Rounding = "RND"
    overflow: Overflow = "SAT"

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 53:
            raise ConfigError(f"fixed-point width: expected 1 to 53 bits, got {self.width}")
        if self.rounding not in get_args(Rounding):
            raise ConfigError(f"fixed-point rounding: expected one of {get_args(Rounding)}, got {self.rounding!r}")
        if self.overflow not in get_args(Overflow):
            raise ConfigError(f"fixed-point overflow: expected one of {get_args(Overflow)}, got {self.overflow!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``ap_fixed<W,I[,Q[,O[,0]]]>`` or ``ap_ufixed<…>``, with or without ``AP_`` before the modes.

        Q and O default to TRN and WRAP as in Vitis HLS.

        Raises:
            ConfigError: the text is not such a type.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ConfigError(f"fixed-point type: expected e.g. 'ap_fixed<12,4,RND,SAT>', got {text!r}")
        unsigned, width, integer, rounding, overflow = match.groups()
        return cls(not unsigned, int(width), int(integer), rounding or "TRN", overflow or "WRAP")  # type: ignore[arg-type]

    @classmethod
    def from_kif(cls, signed: bool, integer: int, fractional: int) -> Self:
        """Build from (k, i, f) of HGQ2/alkaid, where the integer bits do not count the sign."""
        sign_bits = int(signed)
        return cls(bool(signed), sign_bits + integer + fractional, sign_bits + integer)

    @property
    def kif(self) -> tuple[int, int, int]:
        """(keep_negative, integer bits without sign, fractional bits), as HGQ2 and alkaid count."""
        return int(self.signed), self.integer - int(self.signed), self.fractional

    @property
    def fractional(self) -> int:
        """Number of bits behind the binary point (may be negative)."""
        return self.width - self.integer

    @property
    def lsb(self) -> float:
        """Value of the least significant bit."""
        return 2.0**-self.fractional

    @property
    def min_int(self) -> int:
        """Smallest stored integer; SAT_SYM leaves out the most negative one."""
        if not self.signed:
            return 0
        return -(1 << (self.width - 1)) + (1 if self.overflow == "SAT_SYM" else 0)

    @property
    def max_int(self) -> int:
        """Largest stored integer."""
        return (1 << (self.width - int(self.signed))) - 1

    def to_int(self, values: ArrayLike) -> NDArray[np.int64]:
        """Round and overflow real values to stored integers (any shape, same shape out)."""
        scaled = np.asarray(values, dtype=np.float64) * 2.0**self.fractional
        return self._overflow(self._round(scaled))

    def from_int(self, integers: ArrayLike) -> NDArray[np.float64]:
        """Real values of stored integers (exact)."""
        return np.asarray(integers, dtype=np.float64) * self.lsb

    def quantize(self, values: ArrayLike) -> NDArray[np.float64]:
        """Nearest representable real values: ``from_int(to_int(values))``."""
        return self.from_int(self.to_int(values))

    def exact_int(self, values: ArrayLike) -> NDArray[np.int64]:
        """Stored integers of values that must already lie on the grid and in the range.

        Raises:
            ValueError: a value is off the grid or out of range (count and first position in the message).
        """
        scaled = np.asarray(values, dtype=np.float64) * 2.0**self.fractional
        wrong = (scaled != np.floor(scaled)) | (scaled < self.min_int) | (scaled > self.max_int)
        if wrong.any():
            first = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                f"{int(wrong.sum())} of {scaled.size} values are not exact {self}; "
                f"first at {first}: {np.asarray(values)[first]!r}"
            )
        return scaled.astype(np.int64)

    def _round(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        match self.rounding:
            case "TRN":
                return np.floor(scaled)
            case "RND":
                # Not floor(scaled + 0.5): the sum itself rounds for 0.49999999999999994 and above 2**52.
                floor = np.floor(scaled)
                return floor + (scaled - floor >= 0.5)
            case "RND_CONV":
                return np.rint(scaled)

    def _overflow(self, integers: NDArray[np.float64]) -> NDArray[np.int64]:
        if self.overflow != "WRAP":
            return np.clip(integers, self.min_int, self.max_int).astype(np.int64)
        span = float(1 << self.width)
        return (np.mod(integers - self.min_int, span) + self.min_int).astype(np.int64)

    def __str__(self) -> str:
        return f"ap_{'' if self.signed else 'u'}fixed<{self.width},{self.integer},{self.rounding},{self.overflow}>"
