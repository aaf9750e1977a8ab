"""Resources of a mapped netlist: pure functions on what Yosys' ``write_json`` wrote.

How the look-up tables are counted. In an adder graph most LUTs drive the S pin of a carry element. Such a LUT owns
its site: the S pin can be reached from that LUT's output only. Yosys' own estimate pairs every small LUT with another
one all the same and comes out at about half of what the fabric needs. Two numbers are therefore given:

* ``lut_low`` pairs as Yosys does; it is too low wherever there are adders;
* ``lut``, the number to quote, is carry-aware: one site for every S bit that is not constant, the other LUTs paired.
  The site of an S bit holds the LUT that drives it, a copy of that LUT when it drives several S bits (sign extension),
  or leads a register, a port or another carry chain through. A shift register takes a site of its own.

``lut`` is the upper end. For networks made by the distributed-arithmetic compiler it lies 7 % above the compiler's own
cost model with two-operand adders and 13 % above it with three-operand adders, which Yosys maps to two levels. In the
one design with a routed Vivado result (xcvu9p, 23 917 LUT) the two numbers bracket it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codesign.errors import ReportError
from codesign.synth import primitives as cells_of
from codesign.synth.depth import logic_levels

Bit = int | str
Cell = Mapping[str, Any]

_NO_SITE_SINKS = frozenset({("CARRY4", "S"), ("CARRY4", "DI"), ("CARRY8", "S"), ("CARRY8", "DI")})


@dataclass(frozen=True)
class NetlistResources:
    """What a mapped netlist occupies, before placement.

    Attributes:
        lut: LUT sites, carry-aware; the number to quote.
        lut_low: LUT sites when every small LUT finds a partner, as Yosys estimates.
        lut_primitives: LUT cells of any size in the netlist, unpaired (sum of LUT1 to LUT6).
        lut_memory: the part of ``lut`` used as shift registers or distributed RAM.
        lut_route_through: the part of ``lut`` that belongs to S bits without a LUT cell of their own: route-throughs,
            inverters and copies.
        ff: flip-flops and latches.
        dsp: DSP48 slices.
        carry4: four-bit carry cells, as Yosys maps them for every family.
        carry8: eight-bit carry blocks after joining the cells of each chain (UltraScale+ fabric).
        bram_18k: 18-kbit block RAMs; a 36-kbit one counts two.
        uram: UltraRAM blocks.
        logic_levels: LUTs and carry chains on the longest path between two registers; None if it was not counted.
    """

    lut: int
    lut_low: int
    lut_primitives: int
    lut_memory: int
    lut_route_through: int
    ff: int
    dsp: int
    carry4: int
    carry8: int
    bram_18k: int
    uram: int
    logic_levels: int | None = None


def count_resources(netlist: Mapping[str, Any], top: str) -> NetlistResources:
    """Count the resources of a flat mapped netlist.

    Args:
        netlist: parsed output of Yosys' ``write_json``.
        top: name of the module to count.

    Raises:
        ReportError: the module is absent or empty, has neither logic, DSP nor memory, still contains a module, a black
            box or an unmapped cell, or has a cell type that this function cannot classify.
    """
    cells = _cells(netlist, top)
    counts = Counter(cell["type"] for cell in cells)
    _refuse_unmapped(counts, netlist["modules"], top)
    result = _resources(cells, counts)
    if not (result.lut or result.ff or result.dsp or result.bram_18k or result.uram):
        raise ReportError(f"netlist of {top!r}: no LUT, flip-flop, DSP or memory is left: the logic was optimised away")
    return result


def _resources(cells: Sequence[Cell], counts: Counter[str]) -> NetlistResources:
    sites = _carry_sites(cells)
    luts = Counter({size: counts[f"LUT{size}"] for size in range(1, 7)}) + Counter({6: counts["LUT6_2"]})
    free = luts - sites.driven_by_lut + Counter({1: sites.lone_inverters})
    memory = _weighted(counts, cells_of.MEMORY_SITES)
    return NetlistResources(
        lut=sites.total + paired_lut(free) + memory,
        lut_low=paired_lut(luts) + memory - sum(counts[kind] // 2 for kind in cells_of.HALF_SITE),
        lut_primitives=luts.total(),
        lut_memory=memory,
        lut_route_through=sites.total - sites.driven_by_lut.total(),
        ff=sum(counts[kind] for kind in cells_of.FLIP_FLOPS),
        dsp=sum(counts[kind] for kind in cells_of.DSP),
        carry4=counts["CARRY4"] + 2 * counts["CARRY8"],
        carry8=_carry_blocks(cells) + counts["CARRY8"],
        bram_18k=_weighted(counts, cells_of.BRAM_18K),
        uram=sum(counts[kind] for kind in cells_of.URAM),
        logic_levels=logic_levels(cells),
    )


def _weighted(counts: Counter[str], weights: Mapping[str, int]) -> int:
    return sum(weight * counts[kind] for kind, weight in weights.items())


def paired_lut(luts: Mapping[int, int]) -> int:
    """Sites of LUTs that may share one, paired as the ``stat -tech xilinx`` command of Yosys (0.23) does.

    Five- and four-input LUTs take a one-input LUT with them, four- and three-input LUTs a two-input one; what is left
    of the one- and two-input LUTs is put two in a site.

    Args:
        luts: number of LUTs of each input count 1…6.
    """
    large = {size: luts.get(size, 0) for size in (5, 4, 3)}
    ones, twos = luts.get(1, 0), luts.get(2, 0)
    total = luts.get(6, 0) + sum(large.values())
    for size, takes_two in ((5, False), (4, True), (3, True)):
        with_one = min(large[size], ones)
        ones -= with_one
        if takes_two:
            twos -= min(large[size] - with_one, twos)
    return total + (ones + twos + 1) // 2


def _cells(netlist: Mapping[str, Any], top: str) -> list[Cell]:
    """Cells of the module ``top`` without the pseudo cells that only carry names."""
    modules = netlist.get("modules")
    if not isinstance(modules, Mapping):
        raise ReportError("netlist: expected the JSON of Yosys' write_json with 'modules', found none")
    if top not in modules:
        raise ReportError(f"netlist: no module {top!r} among the {len(modules)} modules of the file")
    cells = [cell for cell in modules[top].get("cells", {}).values() if cell["type"] != "$scopeinfo"]
    if not cells:
        raise ReportError(f"netlist of {top!r}: no cells at all: the design is empty or its outputs are constant")
    return cells


def _refuse_unmapped(counts: Mapping[str, int], modules: Mapping[str, Any], top: str) -> None:
    """Refuse every cell type whose cost is not known."""
    unknown = {kind: number for kind, number in counts.items() if kind not in cells_of.KNOWN}
    if not unknown:
        return
    listed = ", ".join(f"{kind} ({number})" for kind, number in sorted(unknown.items()))
    inner = [kind for kind in unknown if kind in modules]
    if any(_is_black_box(modules[kind]) for kind in inner):
        what = "black boxes or vendor primitives without a known cost are left"
    elif inner:
        what = "the hierarchy was not flattened"
    elif any(kind.startswith("$") for kind in unknown):
        what = "cells are left that were not mapped"
    else:
        what = "cell types that are not classified"
    raise ReportError(f"netlist of {top!r}: {what}: {listed}")


def _is_black_box(module: Mapping[str, Any]) -> bool:
    attributes = module.get("attributes", {})
    return any(int(str(attributes.get(name, "0")), 2) for name in ("blackbox", "whitebox"))


@dataclass(frozen=True)
class _CarrySites:
    """Sites taken by carry chains: S bits in all, those a LUT of n inputs drives, inverters outside of the chains."""

    total: int
    driven_by_lut: Counter[int]
    lone_inverters: int


def _carry_sites(cells: Sequence[Cell]) -> _CarrySites:
    """Find which LUTs own a site because they drive S, and which inverters need a LUT of their own.

    Yosys writes a one-input LUT as INV. It costs a LUT, except in front of S (counted there) and in front of DI
    (second output of the same site).
    """
    drivers = {bit: cell for cell in cells for bit in _bits(cell, "output")}
    carries = [cell for cell in cells if cell["type"] in cells_of.CARRY]
    s_bits = [bit for cell in carries for bit in cell["connections"]["S"] if isinstance(bit, int)]
    owners = {id(drivers[bit]): drivers[bit]["type"] for bit in s_bits if bit in drivers}
    sizes = Counter(int(kind[3]) for kind in owners.values() if kind in cells_of.LUT)
    return _CarrySites(len(s_bits), sizes, _lone_inverters(cells))


def _lone_inverters(cells: Sequence[Cell]) -> int:
    """Number of inverters that drive something else than the S and DI pins of carry cells."""
    outside = {
        bit
        for cell in cells
        for pin, bits in cell["connections"].items()
        if cell["port_directions"][pin] == "input" and (cell["type"], pin) not in _NO_SITE_SINKS
        for bit in bits
    }
    inverters = (cell for cell in cells if cell["type"] == "INV")
    return sum(cell["connections"]["O"][0] in outside for cell in inverters)


def _bits(cell: Cell, direction: str) -> Iterator[int]:
    """Nets at the pins of one direction; constants and open pins are left out."""
    for pin, bits in cell["connections"].items():
        if cell["port_directions"][pin] == direction:
            yield from (bit for bit in bits if isinstance(bit, int))


def _carry_blocks(cells: Iterable[Cell]) -> int:
    """Eight-bit carry blocks that the CARRY4 cells fill: a chain of n cells takes ceil(n / 2) of them."""
    carries = [cell["connections"] for cell in cells if cell["type"] == "CARRY4"]
    carried_out = {pins["CO"][3] for pins in carries}
    next_of: dict[Bit, Mapping[str, Any]] = {}
    starts = []
    for pins in carries:
        # The carry output reaches one neighbour only: a second cell on the same carry begins a chain of its own.
        if pins["CI"][0] in carried_out and pins["CI"][0] not in next_of:
            next_of[pins["CI"][0]] = pins
        else:
            starts.append(pins)
    return sum((_chain_length(pins, next_of) + 1) // 2 for pins in starts)


def _chain_length(pins: Mapping[str, Any], next_of: Mapping[Bit, Mapping[str, Any]]) -> int:
    length = 1
    while pins["CO"][3] in next_of:
        pins, length = next_of[pins["CO"][3]], length + 1
    return length
