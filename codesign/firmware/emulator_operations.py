"""What every operation of an adder graph computes, as exact integer expressions in C++.

The operations are those of alkaid's ``CombLogic`` and compute what its Verilog computes. Each result is brought to the
format of the value: low bits cut off, high bits dropped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from codesign.errors import FirmwareError
from codesign.firmware.emulator_terms import IntegerFormat, Term

MAX_ADDRESS_BITS = 20  # of a look-up table; a million entries are more than a device would hold
BITWISE = {0: "&", 1: "|", 2: "^"}


@dataclass(frozen=True)
class Node:
    """One operation with its operands.

    Attributes:
        name: variable that holds the value.
        data: the operation's own integers.
        operands: expressions of the operands.
        formats: formats of the operands.
        fmt: format of the value.
        table: C++ name of the look-up table, where the operation is a look-up.
        table_range: smallest and largest entry of it.
    """

    name: str
    data: tuple[int, ...]
    operands: Sequence[Term]
    formats: Sequence[IntegerFormat]
    fmt: IntegerFormat
    table: str = ""
    table_range: tuple[int, int] = (0, 0)


def value_format(interval: Any) -> IntegerFormat:
    """Format of a value with one of alkaid's intervals."""
    signed, integer, fractional = interval.kif
    return IntegerFormat(bool(signed), max(0, int(signed) + integer + fractional), fractional)


def value_range(interval: Any, fractional: int) -> tuple[int, int]:
    """Smallest and largest integer of an interval, for a binary point on which both ends lie."""
    low, high = (Fraction(end) * Fraction(2) ** fractional for end in (interval.min, interval.max))
    assert low.denominator == high.denominator == 1, "a format holds the ends of its interval"
    return int(low), int(high)


def constant(op: Any) -> Term:
    """The term of a constant."""
    fmt = value_format(op.qint)
    value = Fraction(op.data[0]) * Fraction(op.qint.step) * Fraction(2) ** fmt.fractional
    assert value.denominator == 1, "a constant lies on its own step"
    return Term.of(f"({int(value)})", int(value), int(value), fmt.fractional)


def table_entries(table: Any, address: Any, op: Any, name: str) -> tuple[int, ...]:
    """Entries of a look-up table for every pattern of the address bits; patterns that never occur give 0.

    Args:
        table: alkaid's table.
        address: interval of the value that addresses it.
        op: the look-up.
        name: variable of the look-up, for errors.

    Raises:
        FirmwareError: the address has too many bits.
    """
    bits = value_format(address).width
    if bits > MAX_ADDRESS_BITS:
        raise FirmwareError(f"emulator: the table of {name} has an address of {bits} bits, at most {MAX_ADDRESS_BITS}")
    signed, integer, fractional = table.spec.out_kif
    own, fmt = IntegerFormat(bool(signed), int(signed) + integer + fractional, fractional), value_format(op.qint)
    patterns = np.nan_to_num(table.padded_table(address), nan=0.0).astype(np.int64)
    entries = (patterns - own.low) % (1 << own.width) + own.low
    moved = [Fraction(int(entry)) * Fraction(2) ** (fmt.fractional - own.fractional) for entry in entries]
    assert all(entry.denominator == 1 and fmt.low <= entry <= fmt.high for entry in moved), "the format holds its table"
    return tuple(int(entry) for entry in moved)


def _negative(node: Node) -> Term:
    return node.operands[0].negated()


def _add(node: Node) -> Term:
    return _sum([(node.operands[0], True, 0), (node.operands[1], True, node.data[0])])


def _subtract(node: Node) -> Term:
    return _sum([(node.operands[0], True, 0), (node.operands[1], False, node.data[0])])


def _add_many(node: Node) -> Term:
    signs, shifts = node.data[0::2], node.data[1::2]
    return _sum([(term, bool(s), shift) for term, s, shift in zip(node.operands, signs, shifts, strict=False)])


def _sum(parts: Sequence[tuple[Term, bool, int]]) -> Term:
    """Sum of (term, plus or minus, power of two)."""
    moved = [term.moved(shift) for term, _, shift in parts]
    finest = max(term.fractional for term in moved)
    aligned = [term.with_fractional(finest) for term in moved]
    total = aligned[0] if parts[0][1] else aligned[0].negated()
    for term, (_, plus, _) in zip(aligned[1:], parts[1:], strict=True):
        total = total.joined("+" if plus else "-", term)
    return total


def _relu(node: Node) -> Term:
    (term,) = node.operands
    zero = Term.of("0", 0, 0, term.fractional)
    return zero.chosen(f"({term.text} < 0)", term).bounded(0, max(0, term.high)) if term.low < 0 else term


def _quantize(node: Node) -> Term:
    return node.operands[0].moved(node.data[0])


def _add_constant(node: Node) -> Term:
    value, fractional = node.data
    number = Term.of(str(abs(value)), abs(value), abs(value), fractional)
    return _sum([(node.operands[0], True, 0), (number, value >= 0, 0)])


def _select(node: Node) -> Term:
    """Choose by the highest bit of the third operand."""
    yes, no, key = node.operands[0], node.operands[1].moved(node.data[0]), node.operands[2]
    signed, width = node.formats[2].signed, node.formats[2].width
    condition = f"({key.text} < 0)" if signed else f"({key.text} >= {1 << (width - 1)})"
    finest = max(yes.fractional, no.fractional)
    chosen = yes.with_fractional(finest).chosen(condition, no.with_fractional(finest))
    return Term(chosen.text, chosen.low, chosen.high, finest, max(chosen.peak, key.peak))


def _multiply(node: Node) -> Term:
    return node.operands[0].multiplied(node.operands[1])


def _look_up(node: Node) -> Term:
    (address,) = node.operands
    mask = (1 << node.formats[0].width) - 1
    low, high = node.table_range
    # The mask keeps every access inside the table.
    text = f"{node.table}[{address.text} & {mask}]"
    return Term(text, low, high, node.fmt.fractional, max(address.peak, mask, abs(low), abs(high)))


def _unary_bits(node: Node) -> Term:
    """All bits inverted, or whether any or all are set."""
    (term,) = node.operands
    mask = (1 << max(1, node.formats[0].width)) - 1
    peak = max(term.peak, mask)
    match node.data[0]:
        case 0:
            return Term(f"(~{term.text} & {mask})", 0, mask, node.fmt.fractional, peak)
        case 1:
            return Term(f"({term.text} != 0 ? 1 : 0)", 0, 1, 0, peak)
        case 2:
            return Term(f"(({term.text} & {mask}) == {mask} ? 1 : 0)", 0, 1, 0, peak)
        case kind:
            raise FirmwareError(f"emulator: {node.name} is the unknown bit operation {kind}; update codesign")


def _binary_bits(node: Node) -> Term:
    first, second = node.operands[0], node.operands[1].moved(node.data[0])
    if node.data[1] not in BITWISE:
        raise FirmwareError(f"emulator: {node.name} is the unknown bit operation {node.data[1]}; update codesign")
    finest = max(first.fractional, second.fractional)
    return first.with_fractional(finest).combined(BITWISE[node.data[1]], second.with_fractional(finest))  # type: ignore[arg-type]


INPUT, CONSTANT, LOOK_UP = -1, 5, 8
# What the codes of the graph mean: a name for errors, and the expression.
OPERATIONS: dict[int, tuple[str, Callable[[Node], Term]]] = {
    -2: ("negation", _negative),
    0: ("sum", _add),
    1: ("difference", _subtract),
    2: ("ReLU", _relu),
    3: ("quantiser", _quantize),
    4: ("sum with a constant", _add_constant),
    6: ("multiplexer", _select),
    7: ("product", _multiply),
    LOOK_UP: ("look-up table", _look_up),
    9: ("bit operation", _unary_bits),
    10: ("bit operation of two values", _binary_bits),
    11: ("sum of many", _add_many),
}
