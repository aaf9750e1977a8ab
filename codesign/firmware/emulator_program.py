"""The software emulator's program: an adder graph as loops over a block of events.

The graph is cut into parts of a few dozen statements. A part is one loop over the events of a block, which compilers
turn into vector instructions; values that a later part needs stand in arrays, a slot of which is used again when its
value is no longer needed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from codesign.errors import FirmwareError
from codesign.firmware.emulator_operations import (
    CONSTANT,
    INPUT,
    LOOK_UP,
    OPERATIONS,
    Node,
    constant,
    table_entries,
    value_format,
    value_range,
)
from codesign.firmware.emulator_terms import NARROW_BITS, WIDE_BITS, IntegerFormat, Term

# Statements of one loop. Longer ones spill the values that they hold in registers, shorter ones store more of them
# between two loops; loops of many look-ups are slow to compile and to run.
PART_STATEMENTS = 48
PART_LOOK_UPS = 8


@dataclass(frozen=True)
class Table:
    """A look-up table.

    Attributes:
        name: C++ name.
        entries: its integers.
    """

    name: str
    entries: tuple[int, ...]

    @property
    def type(self) -> str:
        """Narrowest C++ type of the entries."""
        bits = max(abs(entry).bit_length() for entry in self.entries)
        return next(f"std::int{size}_t" for size in (8, 16, 32, 64) if bits < size)


@dataclass(frozen=True)
class Slot:
    """Where a value stands between two parts."""

    array: str
    index: int

    def __str__(self) -> str:
        return f"b.{self.array}[{self.index}][e]"


@dataclass(frozen=True)
class Load:
    """An input: the bits of its hardware integer that the network looks at."""

    input: int
    expression: str
    slot: Slot


@dataclass(frozen=True)
class Store:
    """A score from its value."""

    output: int
    expression: str


@dataclass(frozen=True)
class Statement:
    """One value: ``const type name = text``."""

    index: int
    text: str
    narrow: bool
    operands: tuple[int, ...]

    @property
    def type(self) -> str:
        """C++ type."""
        return "std::int32_t" if self.narrow else "std::int64_t"


@dataclass(frozen=True)
class Program:
    """The adder graph in C++.

    Attributes:
        tables: look-up tables, each once.
        loads: from hardware integers to slots.
        parts: bodies of the loops, line by line.
        stores: from slots to scores.
        slots: number of slots by array: ``n`` of 32 bits, ``w`` of 64.
        statements: values that are computed.
    """

    tables: tuple[Table, ...]
    loads: tuple[Load, ...]
    parts: tuple[tuple[str, ...], ...]
    stores: tuple[Store, ...]
    slots: dict[str, int]
    statements: int


@dataclass
class _Slots:
    """Slots of the two arrays, given out and taken back."""

    free: dict[str, list[int]] = field(default_factory=lambda: {"n": [], "w": []})
    count: dict[str, int] = field(default_factory=lambda: {"n": 0, "w": 0})

    def take(self, narrow: bool) -> Slot:
        array = "n" if narrow else "w"
        if self.free[array]:
            return Slot(array, self.free[array].pop())
        self.count[array] += 1
        return Slot(array, self.count[array] - 1)

    def give_back(self, slot: Slot) -> None:
        self.free[slot.array].append(slot.index)


class _Values:
    """The values of a graph as terms and statements, made in the order of the graph."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.terms: dict[int, Term] = {}
        self.formats: dict[int, IntegerFormat] = {}
        self.narrow: dict[int, bool] = {}
        self.tables: dict[tuple[int, ...], Table] = {}

    def statement(self, index: int) -> Statement | None:
        """The statement of one operation; none for inputs and constants, which are terms only.

        Raises:
            FirmwareError: the operation is unknown or needs more than 64 bits.
        """
        op = self.graph.ops[index]
        name, fmt = f"v{index}", value_format(op.qint)
        low, high = value_range(op.qint, fmt.fractional)
        self.formats[index] = fmt
        if op.opcode not in (INPUT, CONSTANT) and op.opcode not in OPERATIONS:
            raise FirmwareError(f"emulator: {name} is the unknown operation {op.opcode} of alkaid; update codesign")
        variable = Term.of(name, low, high, fmt.fractional)
        what = {INPUT: "an input", CONSTANT: "a constant"}.get(op.opcode) or OPERATIONS[op.opcode][0]
        variable.require_fits(f"{name} ({what})")
        if op.opcode == CONSTANT or low == high:
            self.terms[index] = constant(op) if op.opcode == CONSTANT else Term.of(f"({low})", low, low, fmt.fractional)
            return None
        self.narrow[index], self.terms[index] = variable.is_narrow, variable
        if op.opcode == INPUT:
            return None
        expression = self._expression(index, wide=False)
        expression.require_fits(f"{name} ({what})")
        if not expression.is_narrow:
            expression = self._expression(index, wide=True)
        operands = tuple(dict.fromkeys(address for address in op.addr if address in self.narrow))
        text = expression.text
        if variable.is_narrow and not expression.is_narrow:
            text = f"static_cast<std::int32_t>{text}"
        return Statement(index, text, variable.is_narrow, operands)

    def _expression(self, index: int, *, wide: bool) -> Term:
        op = self.graph.ops[index]
        operands = [self._operand(address, wide) for address in op.addr]
        formats = [self.formats[address] for address in op.addr]
        node = Node(f"v{index}", tuple(op.data), operands, formats, self.formats[index])
        if op.opcode == LOOK_UP:
            table = self._table(index)
            ends = (min(table.entries), max(table.entries))
            node = Node(node.name, node.data, operands, formats, node.fmt, table.name, ends)
        return OPERATIONS[op.opcode][1](node).kept(self.formats[index])

    def _operand(self, address: int, wide: bool) -> Term:
        term = self.terms[address]
        if not wide or not self.narrow.get(address, False):
            return term
        return Term.of(f"std::int64_t{{{term.text}}}", term.low, term.high, term.fractional)

    def _table(self, index: int) -> Table:
        op = self.graph.ops[index]
        tables = self.graph.lookup_tables
        entries = table_entries(tables[op.data[0]], self.graph.ops[op.addr[0]].qint, op, f"v{index}")
        return self.tables.setdefault(entries, Table(f"table_{len(self.tables)}", entries))


def make_program(graph: Any, input_fractional: Sequence[int], score_fractional: int) -> Program:
    """Turn an adder graph into C++.

    Args:
        graph: alkaid's ``CombLogic``.
        input_fractional: bits behind the binary point of each input's network value.
        score_fractional: bits behind the binary point of all scores.

    Raises:
        FirmwareError: an operation is unknown, or a value needs more than 64 bits.
    """
    if any(graph.inp_shifts):
        raise FirmwareError("emulator: the graph shifts its inputs, which no network of this project does")
    values = _Values(graph)
    order = _needed(graph)
    made = [statement for index in order if (statement := values.statement(index)) is not None]
    groups = _groups(graph, made)
    last = {index: len(groups) for index in graph.out_idxs}
    for number, group in reversed(list(enumerate(groups))):
        for statement in group:
            for operand in statement.operands:
                last.setdefault(operand, number)
    slots, places = _Slots(), {}
    inputs = [index for index in order if graph.ops[index].opcode == INPUT and index in values.narrow]
    for index in inputs:
        places[index] = slots.take(values.narrow[index])
    loads = tuple(_load(graph, index, values, input_fractional, places[index]) for index in inputs)
    parts = tuple(_part(number, group, values, slots, places, last) for number, group in enumerate(groups))
    stores = tuple(_store(graph, output, values, places, score_fractional) for output in range(len(graph.out_idxs)))
    return Program(tuple(values.tables.values()), loads, parts, stores, dict(slots.count), len(made))


def _needed(graph: Any) -> list[int]:
    """Operations on which a score depends, in the order of the graph."""
    needed, waiting = set(), [index for index in graph.out_idxs if index >= 0]
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            waiting += graph.ops[index].addr
    return sorted(needed)


def _groups(graph: Any, statements: Sequence[Statement]) -> list[list[Statement]]:
    """The statements of every part.

    Look-ups stand in parts of their own: one of them would keep a whole loop from becoming vector instructions. So
    what comes before the first look-ups is computed first, then these look-ups, then what needs only them, and so on.
    """
    stages: dict[int, int] = {}
    blocks: dict[tuple[int, bool], list[Statement]] = {}
    for statement in statements:
        before = (stages[index] for index in statement.operands if index in stages)
        looks_up = graph.ops[statement.index].opcode == LOOK_UP
        stage = max(before, default=0)
        stages[statement.index] = stage + looks_up
        blocks.setdefault((stage, looks_up), []).append(statement)
    parts = []
    for (_, looks_up), block in sorted(blocks.items()):
        size = PART_LOOK_UPS if looks_up else PART_STATEMENTS
        parts += [block[start : start + size] for start in range(0, len(block), size)]
    return parts


def _part(
    number: int,
    group: Iterable[Statement],
    values: _Values,
    slots: _Slots,
    places: dict[int, Slot],
    last: dict[int, int],
) -> tuple[str, ...]:
    """The lines of one loop: what it reads, computes and leaves for later parts."""
    group = list(group)
    own = {statement.index for statement in group}
    read = dict.fromkeys(index for statement in group for index in statement.operands if index not in own)
    lines = []
    for index in read:
        kind = "std::int32_t" if values.narrow[index] else "std::int64_t"
        lines.append(f"const {kind} v{index} = {places[index]};")
    for statement in group:
        lines.append(f"const {statement.type} v{statement.index} = {statement.text};")
        if last[statement.index] > number:
            places[statement.index] = slots.take(statement.narrow)
            lines.append(f"{places[statement.index]} = v{statement.index};")
    for index in read:
        if last[index] == number:
            slots.give_back(places[index])
    return tuple(lines)


def _load(graph: Any, index: int, values: _Values, input_fractional: Sequence[int], slot: Slot) -> Load:
    """The bits of one hardware integer that the network looks at.

    Raises:
        FirmwareError: the graph assumes that some of them cannot occur.
    """
    op = graph.ops[index]
    number, fmt = op.data[0], values.formats[index]
    if value_range(op.qint, fmt.fractional) != (fmt.low, fmt.high):
        raise FirmwareError(f"emulator: the network expects input {number} in {op.qint}, which its bits do not hold")
    # Any integer may stand there: like at a port, only its bits count.
    text = Term.of("x", -(1 << WIDE_BITS), 1 << WIDE_BITS, input_fractional[number]).kept(fmt).text
    return Load(number, f"static_cast<std::int32_t>({text})" if values.narrow[index] else text, slot)


def _store(graph: Any, output: int, values: _Values, places: dict[int, Slot], score_fractional: int) -> Store:
    """A score in the common format."""
    index = graph.out_idxs[output]
    if index < 0:
        raise FirmwareError(f"emulator: score {output} is constant; the network collapsed")
    term = values.terms[index]
    text = f"std::int64_t{{{places[index]}}}" if index in places else term.text
    if index in places and term.peak.bit_length() > NARROW_BITS:
        text = str(places[index])
    found = Term.of(text, term.low, term.high, term.fractional).moved(graph.out_shifts[output])
    if graph.out_negs[output]:
        found = found.negated()
    found = found.with_fractional(score_fractional)
    found.require_fits(f"score {output}")
    return Store(output, found.text)
