"""Where a fault makes a difference: values inside the network, and the numbers of each at which it does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from codesign.verify.mutation.sites import Mutant
from codesign.verify.mutation.windows import STAGE
from codesign.verify.ranges import Numbers, Ranges

STUCK = re.compile(r"v(\d+)\[(\d+)\] stuck at ([01])")
CUT = re.compile(r"v(\d+) loses its top bit")
SIGN = re.compile(r"operand (\d+) taken as (?:un)?signed")
CONSTANT_BIT = re.compile(r"bit (\d+) of a constant")
ENTRY = re.compile(r"\d+'h([0-9A-F]+): out = ")
OPERANDS = re.compile(r"(?P<module>\w+) #\((?P<parameters>[-\d, ]+)\) op_\d+ \((?P<ports>.+)\);")
SLICE = re.compile(r"v(\d+)\[(\d+):0\]")
LITERAL = re.compile(r"\d+'b([01]+)")
CONSTANT = re.compile(r"wire \[\d+:0\] v(\d+); assign v\1\[\d+:0\] = 'b[01]+;")
CONDITION = re.compile(r"(~?)v(\d+)\[(\d+)\]")
MOST_BITS = 16  # of an operand whose numbers are tried one by one
MOST_RUNS = 4


class Place(NamedTuple):
    """A value by stage and number in it, and numbers of it in units of its last bit."""

    stage: int
    value: int
    numbers: Numbers


def places(mutant: Mutant, bodies: Mapping[str, str], ranges: Ranges) -> Iterator[Place]:
    """Everything that the network must compute for a fault to be met; nothing where that is not known.

    It is known of stuck bits, lost bits, signs, entries of tables, constants that are selected, and constants with
    which a number is compared.

    Args:
        mutant: the fault.
        bodies: Verilog of every module without a fault, by its name.
        ranges: of the values in the stages.
    """
    if (entry := ENTRY.match(mutant.text)) is not None:
        yield from _look_ups(mutant.module, int(entry[1], 16), bodies, ranges)
    stage = STAGE.fullmatch(mutant.module)
    if stage is None:
        return
    number, lines = int(stage[1]), bodies[mutant.module].splitlines()
    if (constant := CONSTANT.match(mutant.text)) is not None:
        yield from (Place(number, *chosen) for chosen in _choices(int(constant[1]), lines))
    elif (stuck := STUCK.match(mutant.what)) is not None:
        yield Place(number, int(stuck[1]), _with_bit(int(stuck[2]), 1 - int(stuck[3])))
    elif (cut := CUT.match(mutant.what)) is not None:
        value = int(cut[1])
        yield Place(number, value, _with_bit(sum(ranges.bits[number][value]) - 1, 1))
    elif (operand := _misread(mutant)) is not None:
        yield Place(number, operand[0], _with_bit(operand[1], 1))
    elif (bit := CONSTANT_BIT.match(mutant.what)) is not None:
        yield from (
            Place(number, *compared) for compared in _compared(mutant.text, int(bit[1]), lines, ranges.bits[number])
        )


def _look_ups(table: str, code: int, bodies: Mapping[str, str], ranges: Ranges) -> Iterator[Place]:
    """Where a table is looked up, with the number at which it gives an entry; nothing if not all uses are known."""
    use = re.compile(rf"\b{re.escape(table)}\s+\w+\s*\((?:v(\d+),)?")
    found = [(STAGE.fullmatch(name), value) for name, body in bodies.items() for value in use.findall(body)]
    known = [(int(stage[1]), int(value)) for stage, value in found if stage is not None and value]
    for number, place in known if len(known) == len(found) else ():
        signed, integer, fractional = ranges.bits[number][place]
        width = signed + integer + fractional
        entry = code - (1 << width) if signed and code >> (width - 1) else code
        yield Place(number, place, Numbers(entry, entry))


def _misread(mutant: Mutant) -> tuple[int, int] | None:
    """Number and top bit of the value whose sign a fault mistakes; None of other faults, and of constants."""
    fault, instance = SIGN.match(mutant.what), OPERANDS.search(mutant.text)
    if fault is None or instance is None:
        return None
    ports = _ports(instance)
    first = 1 if instance["module"] == "mux" else 0  # behind the condition
    operand = SLICE.fullmatch(ports[first + int(fault[1])])
    return None if operand is None else (int(operand[1]), int(operand[2]))


def _choices(value: int, lines: Sequence[str]) -> list[tuple[int, Numbers]]:
    """Conditions by which a value is selected, with their numbers; nothing if it is used in another way, too."""
    found = []
    for line in _uses(value, lines):
        instance = OPERANDS.search(line)
        ports = [] if instance is None else _ports(instance)
        condition = CONDITION.fullmatch(ports[0]) if instance is not None and instance["module"] == "mux" else None
        if condition is None or int(condition[2]) == value:
            return []
        for port, selects in ((ports[1], 1), (ports[2], 0)):
            if re.match(rf"v{value}\b", port):
                found.append((int(condition[2]), _with_bit(int(condition[3]), selects ^ bool(condition[1]))))
    return found


def _compared(line: str, bit: int, lines: Sequence[str], bits: Sequence[tuple[int, ...]]) -> list[tuple[int, Numbers]]:
    """Numbers that a wrong constant puts on the other side of a comparison: a sum of which only the sign is used."""
    instance = OPERANDS.search(line)
    if instance is None or instance["module"] != "shift_adder":
        return []
    patterns = (SLICE, LITERAL, SLICE)
    operand, constant, result = (p.fullmatch(port) for p, port in zip(patterns, _ports(instance), strict=True))
    if operand is None or constant is None or result is None:
        return []
    value, width = int(operand[1]), int(operand[2]) + 1
    if width > MOST_BITS or width != sum(bits[value]):
        return []
    sign, use = f"v{result[1]}[{result[2]}]", re.compile(rf"\bv{result[1]}\b(?:\[[^\]]*\])?")
    if any(found != sign for text in _uses(int(result[1]), lines) for found in use.findall(text)):
        return []
    adder, true = _Adder(*(int(part) for part in instance["parameters"].split(","))), int(constant[1], 2)
    signs = (
        (number, adder.negative(number, true) != adder.negative(number, true ^ (1 << bit)))
        for number in _numbers(width, adder.signed)
    )
    runs = [[number for number, _ in run] for differs, run in groupby(signs, lambda pair: pair[1]) if differs]
    return [(value, Numbers(run[0], run[-1])) for run in runs] if len(runs) <= MOST_RUNS else []


class _Adder(NamedTuple):
    """The compiler's ``shift_adder``, by the parameters of an instance."""

    width: int
    constant_width: int
    signed: int
    constant_signed: int
    out_width: int
    dropped: int
    shift: int
    subtracts: int

    def negative(self, number: int, code: int) -> bool:
        """The top bit of what comes out for a first operand, and the code of the second."""
        constant = code - (1 << self.constant_width) * (self.constant_signed and code >> (self.constant_width - 1))
        scaled = number << max(0, -self.shift), constant << max(0, self.shift)
        total = scaled[0] - scaled[1] if self.subtracts else scaled[0] + scaled[1]
        return bool(total >> (self.dropped + self.out_width - 1) & 1)


def _numbers(width: int, signed: int) -> range:
    """All numbers of a word."""
    return range(-(1 << (width - 1)), 1 << (width - 1)) if signed else range(1 << width)


def _uses(value: int, lines: Sequence[str]) -> Iterator[str]:
    """Lines that use a value; the one that declares it does not count."""
    name, declared = re.compile(rf"\bv{value}\b"), re.compile(rf"\bwire \[\d+:0\] v{value};")
    return (line for line in lines if name.search(line) and not declared.search(line))


def _ports(instance: re.Match[str]) -> list[str]:
    return [port.strip() for port in instance["ports"].split(",")]


def _with_bit(place: int, bit: int) -> Numbers:
    """All numbers in whose two's complement a bit is 0 or 1."""
    half = 1 << place
    return Numbers(half, 2 * half - 1, 2 * half) if bit else Numbers(0, half - 1, 2 * half)
