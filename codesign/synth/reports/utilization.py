"""Vivado's ``report_utilization``, flat and ``-hierarchical``, for 7 series, UltraScale and UltraScale+."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codesign.errors import ReportError
from codesign.synth.reports.tables import (
    Table,
    column,
    count,
    find_line,
    lines_of,
    need,
    need_count,
    number,
    place,
    read_table,
    require_agreement,
    row,
)

KIND = "utilization report"
HIERARCHY = "hierarchical utilization report"

_FABRICS = {"CLB Logic": ("CLB LUTs", "CLB Registers"), "Slice Logic": ("Slice LUTs", "Slice Registers")}
_SLR_SECTION = "SLR CLB Logic and Dedicated Block Utilization"


@dataclass(frozen=True)
class FabricResources:
    """Resources of a design, or of the part it is on.

    Attributes:
        lut: look-up tables.
        lut_logic: the part of ``lut`` used as logic; for the part: all of them.
        lut_memory: the part of ``lut`` used as distributed RAM and shift registers; for the part: those that can be.
        ff: flip-flops and latches.
        carry4: four-bit carry blocks; None on UltraScale and UltraScale+, and for the part.
        carry8: eight-bit carry blocks; None on the 7 series.
        dsp: DSP slices.
        bram_18k: 18-kbit block RAMs; a 36-kbit one counts two.
        ramb36: the 36-kbit ones among them.
        ramb18: the 18-kbit ones among them.
        uram: UltraRAM blocks; None where the part has none.
    """

    lut: int
    lut_logic: int
    lut_memory: int
    ff: int
    carry4: int | None
    carry8: int | None
    dsp: int
    bram_18k: int
    ramb36: int
    ramb18: int
    uram: int | None


@dataclass(frozen=True)
class SlrUse:
    """What a design takes of one die ("super logic region").

    Attributes:
        name: such as ``SLR0``.
        lut: look-up tables.
        ff: flip-flops and latches.
        carry8: eight-bit carry blocks; None where the report does not print them.
        dsp: DSP slices.
        bram_18k: 18-kbit block RAMs; a 36-kbit one counts two.
        uram: UltraRAM blocks; None where the part has none.
    """

    name: str
    lut: int
    ff: int
    carry8: int | None
    dsp: int
    bram_18k: int
    uram: int | None


@dataclass(frozen=True)
class UtilizationReport:
    """Resources as Vivado counts them.

    Attributes:
        tool_version: such as ``2024.1``.
        design: name of the top.
        device: the part as this report writes it; older versions leave out a hyphen and the prefix ``xc``.
        design_state: Vivado's word, for example ``Synthesized``, ``Fully Placed``, ``Routed``.
        used: what the design takes.
        available: what the part holds; what a platform has prohibited is not in it.
        primitives: number of cells of each type.
        slrs: use of each die; empty on a part of one die, and before placement.
    """

    tool_version: str
    design: str
    device: str
    design_state: str
    used: FabricResources
    available: FabricResources
    primitives: dict[str, int]
    slrs: tuple[SlrUse, ...]


def parse_utilization(text: str) -> UtilizationReport:
    """Read a flat report.

    Raises:
        ReportError: cut, foreign, of another fabric (Versal), or a table that is missing or contradicts another one.
    """
    lines = lines_of(text, KIND, "Utilization Design Information")
    sections = _sections(lines)
    fabric = next((name for name in _FABRICS if name in sections), None)
    if fabric is None:
        found = ", ".join(sections)
        raise ReportError(f"{KIND}: expected a section {' or '.join(map(repr, _FABRICS))}, found {found}")
    logic = _section_table(lines, fabric)
    memory = _section_table(lines, "BLOCKRAM" if "BLOCKRAM" in sections else "Memory")
    arithmetic = _section_table(lines, "ARITHMETIC" if "ARITHMETIC" in sections else "DSP")
    primitives = _primitives(_section_table(lines, "Primitives"))
    tables = (logic, memory, arithmetic)
    used = _fabric(tables, fabric, "Used", primitives)
    return UtilizationReport(
        tool_version=_head(lines, "Tool Version", KIND).split("v.")[-1].split()[0],
        design=_head(lines, "Design", KIND),
        device=_head(lines, "Device", KIND),
        design_state=_head(lines, "Design State", KIND),
        used=used,
        available=_fabric(tables, fabric, "Available", None),
        primitives=primitives,
        slrs=_slrs(_section_table(lines, _SLR_SECTION), fabric, used) if _SLR_SECTION in sections else (),
    )


def _head(lines: Sequence[str], name: str, kind: str) -> str:
    """A line of the head such as ``| Design State : Routed``."""
    line = lines[find_line(lines, rf"\| {name} +: +\S.*", kind)]
    return line.split(":", 1)[1].strip()


def _sections(lines: Sequence[str]) -> list[str]:
    """Titles of the table of contents; it tells which tables a whole report has."""
    start = find_line(lines, "Table of Contents", KIND)
    titles = []
    for line in lines[start + 2 :]:
        match = re.fullmatch(r"\d+(?:\.\d+)?\.? (.+)", line.strip())
        if match is None:
            break
        titles.append(match[1])
    if not titles:
        raise ReportError(f"{KIND}: expected a table of contents, found {place(lines, start + 2)}")
    return titles


def _section_table(lines: Sequence[str], title: str) -> Table:
    """The table under a numbered heading that is underlined; the table of contents has no such lines."""
    pattern = re.compile(rf"\d+(?:\.\d+)?\.? {re.escape(title)}")
    for index, line in enumerate(lines[:-1]):
        # In the table of contents, too, a title can stand above dashes, but not above as many as it has letters.
        if pattern.fullmatch(line.strip()) and lines[index + 1].strip() == "-" * len(line.strip()):
            return read_table(lines, index + 2, f"{KIND}, {title}")
    raise ReportError(f"{KIND}: expected the section {title!r}, found {place(lines, len(lines))}")


def _plain(table: Table, name: str) -> tuple[str, ...]:
    """A row by its name, with or without the asterisk of a footnote."""
    starred = any(cells[0] == f"{name}*" for cells in table.rows)
    return row(table, f"{name}*" if starred else name, KIND)


def _has(table: Table, name: str) -> bool:
    return any(cells[0] in (name, f"{name}*") for cells in table.rows)


def _fabric(
    tables: tuple[Table, Table, Table], fabric: str, what: str, primitives: dict[str, int] | None
) -> FabricResources:
    """The numbers of the column ``what``; carry blocks of the 7 series stand among the primitives only."""
    logic, memory, arithmetic = tables
    luts, registers = _FABRICS[fabric]
    is_clb = fabric == "CLB Logic"
    ramb36, ramb18 = _count(memory, "RAMB36/FIFO", what), _count(memory, "RAMB18", what)
    if what == "Used":
        bram = 2 * ramb36 + ramb18
        require_agreement(KIND, "block RAM", {"Block RAM Tile": 2 * _tiles(memory), "RAMB36 and RAMB18": float(bram)})
    else:
        bram = ramb18
    return FabricResources(
        lut=_count(logic, luts, what),
        lut_logic=_count(logic, "LUT as Logic", what),
        lut_memory=_count(logic, "LUT as Memory", what),
        ff=_count(logic, registers, what),
        carry4=None if is_clb or primitives is None else primitives.get("CARRY4", 0),
        carry8=_count(logic, "CARRY8", what) if is_clb else None,
        dsp=_count(arithmetic, "DSPs", what),
        bram_18k=bram,
        ramb36=ramb36,
        ramb18=ramb18,
        uram=_count(memory, "URAM", what) if _has(memory, "URAM") else None,
    )


def _tiles(memory: Table) -> float:
    cell = _plain(memory, "Block RAM Tile")[column(memory, "Used", KIND)]
    return need(number(cell, f"{KIND}: Block RAM Tile"), f"{KIND}: Block RAM Tile")


def _count(table: Table, name: str, what: str) -> int:
    """A number of the row, after a look at whether used, available and per cent belong together."""
    cells = _plain(table, name)
    where = f"{KIND}: {name}"
    used, available = (
        need_count(count(cells[column(table, key, KIND)], where), where) for key in ("Used", "Available")
    )
    percent = cells[column(table, "Util%", KIND)]
    share = None if percent.startswith(("<", ">")) else number(percent, where)
    if share is not None and available > 0:
        values = {"Used over Available": 100 * used / available, "Util%": share}
        require_agreement(KIND, f"the share of {name} in per cent", values, tolerance=0.005)
    return used if what == "Used" else available


def _primitives(table: Table) -> dict[str, int]:
    name, used = column(table, "Ref Name", KIND), column(table, "Used", KIND)
    where = f"{KIND}: primitives"
    return {cells[name]: need_count(count(cells[used], where), where) for cells in table.rows}


def _slrs(table: Table, fabric: str, used: FabricResources) -> tuple[SlrUse, ...]:
    """The dies; together they hold the whole design."""
    names = [name for name in table.header if re.fullmatch(r"SLR\d+", name)]
    slrs = tuple(_slr(table, fabric, name) for name in names)
    for quantity in ("lut", "ff", "dsp", "bram_18k"):
        values = {
            "the dies together": float(sum(getattr(slr, quantity) for slr in slrs)),
            "the whole design": float(getattr(used, quantity)),
        }
        require_agreement(KIND, quantity, values)
    return slrs


def _slr(table: Table, fabric: str, name: str) -> SlrUse:
    luts, registers = _FABRICS[fabric]

    def read(resource: str) -> int:
        where = f"{KIND}: {resource} of {name}"
        return need_count(count(_plain(table, resource)[column(table, name, KIND)], where), where)

    return SlrUse(
        name=name,
        lut=read(luts),
        ff=read(registers),
        carry8=read("CARRY8") if _has(table, "CARRY8") else None,
        dsp=read("DSPs"),
        bram_18k=2 * read("RAMB36/FIFO") + read("RAMB18"),
        uram=read("URAM") if _has(table, "URAM") else None,
    )


@dataclass(frozen=True)
class HierarchyRow:
    """Resources of one instance with all that is inside it.

    Attributes:
        instance: its name; in parentheses where the row counts what the instance holds itself, without its children.
        module: name of its module, ``(top)`` for the design.
        depth: 0 for the design, 1 for what it contains, and so on.
        lut: look-up tables; children may sum to more, where two of them share a site.
        lut_logic: the part of ``lut`` used as logic.
        lut_ram: the part of ``lut`` used as distributed RAM.
        srl: the part of ``lut`` used as shift registers.
        ff: flip-flops and latches.
        dsp: DSP slices.
        bram_18k: 18-kbit block RAMs; a 36-kbit one counts two.
        uram: UltraRAM blocks; None where the part has none.
    """

    instance: str
    module: str
    depth: int
    lut: int
    lut_logic: int
    lut_ram: int
    srl: int
    ff: int
    dsp: int
    bram_18k: int
    uram: int | None


def parse_utilization_hierarchy(text: str) -> tuple[HierarchyRow, ...]:
    """Read a report made with ``-hierarchical``: the design first, each instance before what it contains.

    Raises:
        ReportError: cut, foreign, or a row that is not whole.
    """
    lines = lines_of(text, HIERARCHY, "Utilization by Hierarchy")
    find_line(lines, "Utilization Design Information", HIERARCHY)
    underlined = [
        index for index, line in enumerate(lines) if "Utilization by Hierarchy" in line and _is_underlined(lines, index)
    ]
    if not underlined:
        found = place(lines, len(lines))
        raise ReportError(f"{HIERARCHY}: expected the section 'Utilization by Hierarchy', found {found}")
    table = read_table(lines, underlined[0] + 2, HIERARCHY)
    if not table.rows:
        raise ReportError(f"{HIERARCHY}: expected the row of the design, found an empty table")
    top = table.indents[0]
    rows = zip(table.rows, table.indents, strict=True)
    return tuple(_hierarchy_row(table, cells, (indent - top) // 2) for cells, indent in rows)


def _is_underlined(lines: Sequence[str], index: int) -> bool:
    return index + 1 < len(lines) and re.fullmatch(r"-{5,}", lines[index + 1].strip()) is not None


def _hierarchy_row(table: Table, cells: tuple[str, ...], depth: int) -> HierarchyRow:
    def read(name: str) -> int:
        where = f"{HIERARCHY}: {name} of {cells[0]}"
        return need_count(count(cells[column(table, name, HIERARCHY)], where), where)

    return HierarchyRow(
        instance=cells[0],
        module=cells[column(table, "Module", HIERARCHY)],
        depth=depth,
        lut=read("Total LUTs"),
        lut_logic=read("Logic LUTs"),
        lut_ram=read("LUTRAMs"),
        srl=read("SRLs"),
        ff=read("FFs"),
        dsp=read("DSP48 Blocks" if "DSP48 Blocks" in table.header else "DSP Blocks"),
        bram_18k=2 * read("RAMB36") + read("RAMB18"),
        uram=read("URAM") if "URAM" in table.header else None,
    )
