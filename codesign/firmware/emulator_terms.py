"""Exact integer expressions of the software emulator: C++ text together with the integers it can reach.

Every number of an adder graph is an integer and a binary point. An operation aligns the binary points, computes
exactly, and keeps the bits that the hardware keeps. The text holds no left shift of a negative number and no overflow:
both are undefined in C++17.
"""

from dataclasses import dataclass
from typing import Literal

from codesign.errors import FirmwareError

NARROW_BITS, WIDE_BITS = 31, 63  # magnitudes of std::int32_t and std::int64_t


@dataclass(frozen=True)
class IntegerFormat:
    """Bits of a value as the hardware keeps it, counted as alkaid does.

    Attributes:
        signed: two's complement.
        width: number of bits, the sign included; 0 for a value that is always zero.
        fractional: bits behind the binary point.
    """

    signed: bool
    width: int
    fractional: int

    @property
    def low(self) -> int:
        """Smallest integer."""
        return -(1 << (self.width - 1)) if self.signed and self.width else 0

    @property
    def high(self) -> int:
        """Largest integer."""
        return (1 << max(0, self.width - int(self.signed))) - 1


@dataclass(frozen=True)
class Term:
    """A C++ expression.

    Attributes:
        text: the expression, an operand as it stands (in brackets where it is composed).
        low: smallest integer it reaches.
        high: largest integer it reaches.
        fractional: bits behind its binary point.
        peak: largest magnitude of any intermediate result.
    """

    text: str
    low: int
    high: int
    fractional: int
    peak: int

    @classmethod
    def of(cls, text: str, low: int, high: int, fractional: int) -> "Term":
        """A value that stands in a variable or is a number."""
        return cls(text, low, high, fractional, max(abs(low), abs(high)))

    def times(self, power: int) -> "Term":
        """Multiplied by two to a power that is not negative; the binary point stays."""
        if power == 0:
            return self
        factor = 1 << power
        return self._made(f"({self.text} * {factor})", self.low * factor, self.high * factor, self.fractional)

    def with_fractional(self, fractional: int) -> "Term":
        """The same value with another binary point; bits that have no place are cut off, which rounds down."""
        if fractional >= self.fractional:
            scaled = self.times(fractional - self.fractional)
            return Term(scaled.text, scaled.low, scaled.high, fractional, scaled.peak)
        cut = self.fractional - fractional
        # A shift by the width of the type or more is undefined in C++; by all bits of the value it leaves the sign.
        text = f"({self.text} >> {min(cut, max(abs(self.low), abs(self.high)).bit_length())})"
        return self._made(text, self.low >> cut, self.high >> cut, fractional)

    def moved(self, power: int) -> "Term":
        """The same integer, worth two to a power as much."""
        return Term(self.text, self.low, self.high, self.fractional - power, self.peak)

    def negated(self) -> "Term":
        """Minus this."""
        return self._made(f"(-{self.text})", -self.high, -self.low, self.fractional)

    def joined(self, sign: Literal["+", "-"], other: "Term") -> "Term":
        """Sum or difference of two terms with one binary point."""
        assert self.fractional == other.fractional
        low, high = (other.low, other.high) if sign == "+" else (-other.high, -other.low)
        text = f"({self.text} {sign} {other.text})"
        return self._made(text, self.low + low, self.high + high, self.fractional, other)

    def multiplied(self, other: "Term") -> "Term":
        """Product."""
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        text = f"({self.text} * {other.text})"
        return self._made(text, min(corners), max(corners), self.fractional + other.fractional, other)

    def combined(self, operator: Literal["&", "|", "^"], other: "Term") -> "Term":
        """Bitwise combination of two terms with one binary point."""
        assert self.fractional == other.fractional
        bits = max(abs(end).bit_length() for term in (self, other) for end in (term.low, term.high))
        low = -(1 << bits) if min(self.low, other.low) < 0 else 0
        return self._made(f"({self.text} {operator} {other.text})", low, (1 << bits) - 1, self.fractional, other)

    def chosen(self, condition: str, other: "Term") -> "Term":
        """This where a condition holds, else the other, which has the same binary point."""
        assert self.fractional == other.fractional
        text = f"({condition} ? {self.text} : {other.text})"
        low, high = min(self.low, other.low), max(self.high, other.high)
        return self._made(text, low, high, self.fractional, other)

    def kept(self, fmt: IntegerFormat) -> "Term":
        """What the hardware keeps in a format: bits below are cut off, bits above are dropped."""
        cut = self.with_fractional(fmt.fractional)
        if fmt.low <= cut.low and cut.high <= fmt.high:
            return cut
        if fmt.width == 0:
            return Term.of("0", 0, 0, fmt.fractional)
        mask = (1 << fmt.width) - 1
        masked = f"({cut.text} & {mask})"
        if fmt.signed:
            masked = f"(({masked} ^ {-fmt.low}) - {-fmt.low})"
        # The mask is a number of the expression too, and has to fit its type.
        return Term(masked, fmt.low, fmt.high, fmt.fractional, max(cut.peak, mask))

    def bounded(self, low: int, high: int) -> "Term":
        """The same with the range that the graph knows, which is tighter where its operands depend on each other."""
        return Term(self.text, max(self.low, low), min(self.high, high), self.fractional, self.peak)

    def require_fits(self, name: str) -> None:
        """Refuse an intermediate result beyond 64-bit integers.

        Raises:
            FirmwareError: it is named with its bits.
        """
        if (bits := self.peak.bit_length()) > WIDE_BITS:
            raise FirmwareError(
                f"emulator: {name} needs {bits + 1} bits, the C++ emulator holds {WIDE_BITS + 1}; "
                "narrow the formats of the layer before it"
            )

    @property
    def is_narrow(self) -> bool:
        """Whether 32-bit integers are enough."""
        return self.peak.bit_length() <= NARROW_BITS

    def _made(self, text: str, low: int, high: int, fractional: int, other: "Term | None" = None) -> "Term":
        if low == high:  # numbers are written as such
            return Term.of(f"({low})" if low < 0 else str(low), low, low, fractional)
        peak = max(abs(low), abs(high), self.peak, other.peak if other else 0)
        return Term(text, low, high, fractional, peak)
