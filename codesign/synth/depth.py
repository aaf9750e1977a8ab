"""Logic depth of a mapped netlist: how much logic lies between two registers. It is a count, not a time."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from codesign.errors import ReportError
from codesign.synth import primitives as cells_of

Cell = Mapping[str, Any]

_COMBINATIONAL = cells_of.LUT | cells_of.CARRY | {"INV", "MUXF7", "MUXF8", "MUXF9"}
_CHAINED = frozenset({"CI", "CYINIT"})  # carry inputs, which a neighbour reaches without leaving the chain


def logic_levels(cells: Sequence[Cell]) -> int:
    """LUTs and carry chains on the longest path between registers, memories, multipliers and ports.

    A chain counts one however long it is; a wide multiplexer and an inverter count nothing beside their LUTs.

    Raises:
        ReportError: a combinational loop.
    """
    logic = [cell for cell in cells if cell["type"] in _COMBINATIONAL]
    driver = {bit: index for index, cell in enumerate(logic) for bit in _outputs(cell)}
    before = {index: {driver[bit] for _, bit in _inputs(cell) if bit in driver} for index, cell in enumerate(logic)}
    levels: dict[int, int] = {}
    try:
        for index in TopologicalSorter(before).static_order():
            cell = logic[index]
            levels[index] = max(
                (levels[driver[bit]] + _step(cell, pin) for pin, bit in _inputs(cell) if bit in driver),
                default=0,
            )
            levels[index] = max(levels[index], _step(cell, ""))
    except CycleError as error:
        raise ReportError(f"netlist: a loop of {len(error.args[1]) - 1} cells without a register in it") from None
    return max(levels.values(), default=0)


def _step(cell: Cell, pin: str) -> int:
    """What a path gains by going from a pin through the cell; "" is a path that begins at a register."""
    kind = cell["type"]
    if kind in cells_of.LUT:
        return 1
    return int(kind in cells_of.CARRY and pin not in _CHAINED)


def _inputs(cell: Cell) -> list[tuple[str, int]]:
    directions = cell["port_directions"]
    return [
        (pin, bit)
        for pin, bits in cell["connections"].items()
        if directions[pin] == "input"
        for bit in bits
        if isinstance(bit, int)
    ]


def _outputs(cell: Cell) -> list[int]:
    directions = cell["port_directions"]
    return [
        bit
        for pin, bits in cell["connections"].items()
        if directions[pin] == "output"
        for bit in bits
        if isinstance(bit, int)
    ]
