"""Reports of C synthesis by Vivado HLS and Vitis HLS, 2019 to 2024: ``<top>_csynth.xml`` and ``<top>_csynth.rpt``."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from codesign.errors import ReportError
from codesign.synth.reports import markup
from codesign.synth.reports.tables import (
    Table,
    column,
    count,
    find_line,
    lines_of,
    need,
    need_count,
    next_filled,
    place,
    read_table,
    require_agreement,
    row,
    time_ns,
)

XML = "csynth report (xml)"
RPT = "csynth report (rpt)"


@dataclass(frozen=True)
class HlsResources:
    """Resources as C synthesis estimates them, or as the part holds them.

    Attributes:
        bram_18k: 18-kbit block RAMs.
        dsp: DSP slices.
        ff: flip-flops.
        lut: look-up tables.
        uram: UltraRAM blocks; None where the report has no column for them.
    """

    bram_18k: int
    dsp: int
    ff: int
    lut: int
    uram: int | None


@dataclass(frozen=True)
class HlsInstance:
    """One function or operator inside the design.

    Attributes:
        instance: name of the instance.
        module: name of its module.
        used: its resources.
        latency_min_cycles: None where the tool does not know it ("?") or gives none: an operator, a memory.
        latency_max_cycles: as ``latency_min_cycles``.
        latency_min_ns: as ``latency_min_cycles``, in ns.
        latency_max_ns: as ``latency_min_cycles``, in ns.
        interval_min_cycles: clocks from one input to the next; None as ``latency_min_cycles``.
        interval_max_cycles: as ``interval_min_cycles``.
    """

    instance: str
    module: str
    used: HlsResources
    latency_min_cycles: int | None
    latency_max_cycles: int | None
    latency_min_ns: float | None
    latency_max_ns: float | None
    interval_min_cycles: int | None
    interval_max_cycles: int | None


@dataclass(frozen=True)
class CsynthReport:
    """What C synthesis estimates; nothing in it has been synthesised to gates.

    Attributes:
        tool_version: such as ``2024.1``.
        top: name of the synthesised function.
        part: full part number, for example ``xcvu9p-flga2104-2-e``.
        pipeline_type: the tool's word, for example ``yes``, ``none``, ``dataflow``.
        clock_target_ns: period asked for.
        clock_estimated_ns: period that the tool expects, without the uncertainty.
        clock_uncertainty_ns: margin left for routing.
        latency_min_cycles: clocks; None where it depends on the data ("?", "undef").
        latency_max_cycles: as ``latency_min_cycles``.
        latency_min_ns: as ``latency_min_cycles``, in ns.
        latency_max_ns: as ``latency_min_cycles``, in ns.
        interval_min_cycles: clocks from one input to the next; None where it depends on the data.
        interval_max_cycles: as ``interval_min_cycles``.
        used: resources of the whole design.
        available: resources of the part.
        available_slr: resources of one die; None on a part of one die, and in XML, which does not give them.
        instances: what the design is made of, in the order of the report; None in XML, which does not give them.
    """

    tool_version: str
    top: str
    part: str
    pipeline_type: str
    clock_target_ns: float
    clock_estimated_ns: float
    clock_uncertainty_ns: float
    latency_min_cycles: int | None
    latency_max_cycles: int | None
    latency_min_ns: float | None
    latency_max_ns: float | None
    interval_min_cycles: int | None
    interval_max_cycles: int | None
    used: HlsResources
    available: HlsResources
    available_slr: HlsResources | None
    instances: tuple[HlsInstance, ...] | None


def parse_csynth_xml(text: str) -> CsynthReport:
    """Read ``<top>_csynth.xml``.

    Raises:
        ReportError: cut, foreign, or a field that is missing, is no number or contradicts another one.
    """
    root = markup.read_profile(text, XML, "UserAssignments", "PerformanceEstimates", "AreaEstimates")
    asked, latency = "UserAssignments", "PerformanceEstimates/SummaryOfOverallLatency"
    timing = "PerformanceEstimates/SummaryOfTimingAnalysis"
    for path, unit in ((asked, "ns"), (timing, "ns"), (latency, "clock cycles")):
        markup.require_unit(root, path, unit, XML)
    return CsynthReport(
        tool_version=markup.field(root, "ReportVersion/Version", XML),
        top=markup.field(root, f"{asked}/TopModelName", XML),
        part=markup.field(root, f"{asked}/Part", XML),
        pipeline_type=markup.field(root, "PerformanceEstimates/PipelineType", XML),
        clock_target_ns=_xml_period(root, f"{asked}/TargetClockPeriod"),
        clock_estimated_ns=_xml_period(root, f"{timing}/EstimatedClockPeriod"),
        clock_uncertainty_ns=_xml_period(root, f"{asked}/ClockUncertainty"),
        latency_min_cycles=_xml_count(root, f"{latency}/Best-caseLatency"),
        latency_max_cycles=_xml_count(root, f"{latency}/Worst-caseLatency"),
        latency_min_ns=_xml_time(root, f"{latency}/Best-caseRealTimeLatency"),
        latency_max_ns=_xml_time(root, f"{latency}/Worst-caseRealTimeLatency"),
        interval_min_cycles=_xml_count(root, f"{latency}/Interval-min"),
        interval_max_cycles=_xml_count(root, f"{latency}/Interval-max"),
        used=_xml_resources(root, "AreaEstimates/Resources"),
        available=_xml_resources(root, "AreaEstimates/AvailableResources"),
        available_slr=None,
        instances=None,
    )


def _xml_count(root: ElementTree.Element, path: str) -> int | None:
    return count(markup.field(root, path, XML), f"{XML}: {path}")


def _xml_time(root: ElementTree.Element, path: str) -> float | None:
    return time_ns(markup.field(root, path, XML), f"{XML}: {path}")


def _xml_period(root: ElementTree.Element, path: str) -> float:
    """A clock period, which stands without a unit; the report's own unit has been checked to be ns."""
    return need(time_ns(markup.field(root, path, XML) + " ns", f"{XML}: {path}"), f"{XML}: {path}")


def _xml_resources(root: ElementTree.Element, path: str) -> HlsResources:
    uram = markup.optional_field(root, f"{path}/URAM", XML)
    dsp = [name for name in ("DSP", "DSP48E") if root.find(f"{path}/{name}") is not None]
    if not dsp:
        raise ReportError(f"{XML}: expected the element {path}/DSP or {path}/DSP48E, found none")
    numbers = {
        name: need_count(_xml_count(root, f"{path}/{name}"), f"{XML}: {path}/{name}")
        for name in ("BRAM_18K", "FF", "LUT", *dsp)
    }
    require_agreement(XML, f"{path}/DSP", {name: numbers[name] for name in dsp})
    return HlsResources(
        bram_18k=numbers["BRAM_18K"],
        dsp=numbers[dsp[0]],
        ff=numbers["FF"],
        lut=numbers["LUT"],
        uram=None if uram is None else need_count(count(uram, f"{XML}: {path}/URAM"), f"{XML}: {path}/URAM"),
    )


def parse_csynth_rpt(text: str) -> CsynthReport:
    """Read ``<top>_csynth.rpt``.

    Raises:
        ReportError: cut, foreign, or a table that is missing, is not whole or contradicts another one.
    """
    lines = lines_of(text, RPT, "HLS Report for '")
    clock = _clock(lines)
    latency_at = find_line(lines, r"\+ Latency: *", RPT)
    latency = _latency_table(lines, _after(lines, r" *\* Summary: *", latency_at))
    if len(latency.rows) != 1:
        raise ReportError(f"{RPT}: expected one row of latency, found {len(latency.rows)}")
    values = latency.rows[0]
    area_at = find_line(lines, "== Utilization Estimates", RPT)
    area = read_table(lines, _after(lines, r"\* Summary: *", area_at), RPT)
    _require_sum(area)
    return CsynthReport(
        tool_version=_head(lines, "Version").split()[0],
        top=_top(lines),
        part=_head(lines, "Target device"),
        pipeline_type=values[-1],
        clock_target_ns=clock[0],
        clock_estimated_ns=clock[1],
        clock_uncertainty_ns=clock[2],
        latency_min_cycles=count(values[0], f"{RPT}: latency"),
        latency_max_cycles=count(values[1], f"{RPT}: latency"),
        latency_min_ns=time_ns(values[2], f"{RPT}: latency"),
        latency_max_ns=time_ns(values[3], f"{RPT}: latency"),
        interval_min_cycles=count(values[4], f"{RPT}: interval"),
        interval_max_cycles=count(values[5], f"{RPT}: interval"),
        used=_resources(area, row(area, "Total", RPT)),
        available=_resources(area, row(area, "Available", RPT)),
        available_slr=_slr(area),
        instances=_instances(lines, latency_at, area_at, area),
    )


def _head(lines: list[str], name: str) -> str:
    """A line of the head such as ``* Version:  2024.1 (Build …)``."""
    line = lines[find_line(lines, rf"\* {name}: +\S.*", RPT)]
    return line.split(":", 1)[1].strip()


def _top(lines: list[str]) -> str:
    line = lines[find_line(lines, r"== (Vivado|Vitis) HLS Report for '.+'", RPT)]
    return line.split("'")[1]


def _after(lines: list[str], pattern: str, start: int) -> int:
    return find_line(lines, pattern, RPT, start) + 1


def _clock(lines: list[str]) -> tuple[float, float, float]:
    """Target, estimate and uncertainty in ns."""
    start = find_line(lines, r"\+ Timing: *", RPT)
    table = read_table(lines, _after(lines, r" *\* Summary: *", start), RPT)
    if len(table.rows) != 1:
        raise ReportError(f"{RPT}: expected one clock, found {', '.join(cells[0] for cells in table.rows)}")
    cells = [table.rows[0][column(table, name, RPT)] for name in ("Target", "Estimated", "Uncertainty")]
    target, estimated, uncertainty = (need(time_ns(cell, f"{RPT}: clock"), f"{RPT}: clock") for cell in cells)
    return target, estimated, uncertainty


def _latency_table(lines: list[str], start: int) -> Table:
    """A table whose last seven columns are latency in clocks and in time, interval, and kind of pipeline."""
    table = read_table(lines, start, RPT)
    groups = ("Latency (cycles)", "Latency (absolute)", "Interval", "Pipeline")
    names = ("min", "max", "min", "max", "min", "max", "Type")
    if table.groups[-4:] != groups or table.header[-7:] != names:
        found = ", ".join((*table.groups, *table.header))
        raise ReportError(f"{RPT}: expected the columns {', '.join(groups)}, found {found}")
    return table


def _resources(table: Table, cells: tuple[str, ...]) -> HlsResources:
    """The resources in a row; DSP48E is what Vivado HLS calls DSP."""
    names = ("BRAM_18K", "DSP48E" if "DSP48E" in table.header else "DSP", "FF", "LUT")
    bram, dsp, ff, lut = (
        need_count(count(cells[column(table, name, RPT)], f"{RPT}: {cells[0]}"), f"{RPT}: {name} of {cells[0]}")
        for name in names
    )
    uram = count(cells[column(table, "URAM", RPT)], f"{RPT}: {cells[0]}") if "URAM" in table.header else None
    return HlsResources(bram, dsp, ff, lut, uram)


def _slr(table: Table) -> HlsResources | None:
    has = any(cells[0] == "Available SLR" for cells in table.rows)
    return _resources(table, row(table, "Available SLR", RPT)) if has else None


def _instances(lines: list[str], latency_at: int, area_at: int, area: Table) -> tuple[HlsInstance, ...]:
    """The instances with their resources, and the latency of those that are functions."""
    latencies = _latencies(lines, latency_at, area_at)
    table = _detail(lines, area_at, len(lines))
    if table is None:
        return ()
    total = row(table, "Total", RPT)
    _require_total(area, table, total)
    names = [cells[0] for cells in table.rows if cells is not total]
    unknown = sorted(latencies.keys() - set(names))
    if unknown:
        raise ReportError(f"{RPT}: expected the resources of the instance {unknown[0]}, found none")
    empty = ("?",) * 7
    return tuple(_instance(table, cells, latencies.get(cells[0], empty)) for cells in table.rows if cells is not total)


def _require_total(area: Table, table: Table, total: tuple[str, ...]) -> None:
    """The instances stand as one row in the summary, one by one in their own table, and there once more as its sum."""
    summary = row(area, "Instance", RPT)
    rows = [cells for cells in table.rows if cells is not total]
    for name in area.header[1:]:
        at = column(table, name, RPT)
        values = {
            "the summary": count(summary[column(area, name, RPT)], f"{RPT}: Instance"),
            "the table of instances": count(total[at], f"{RPT}: Total"),
            "its rows together": sum(count(cells[at], f"{RPT}: {cells[0]}") or 0 for cells in rows),
        }
        require_agreement(RPT, f"{name} of all instances", values)


def _require_sum(area: Table) -> None:
    """The total of the summary is the sum of the rows above it."""
    total = row(area, "Total", RPT)
    parts = area.rows[: area.rows.index(total)]
    for at, name in enumerate(area.header[1:], start=1):
        values = {
            "the total": count(total[at], f"{RPT}: Total"),
            "the rows above it": sum(count(cells[at], f"{RPT}: {cells[0]}") or 0 for cells in parts),
        }
        require_agreement(RPT, f"{name} of the design", values)


def _latencies(lines: list[str], start: int, end: int) -> dict[str, tuple[str, ...]]:
    table = _detail(lines, start, end, latency=True)
    return {} if table is None else {cells[0]: cells[-7:] for cells in table.rows}


def _detail(lines: list[str], start: int, end: int, *, latency: bool = False) -> Table | None:
    """The first table of a detail section, None where the report says ``N/A``."""
    detail = _after(lines[:end], r" *\+ Detail: *", start)
    at = _after(lines[:end], r" *\* Instance: *", detail)
    first = next_filled(lines, at)
    if first < len(lines) and re.fullmatch(r"\s*N/A\s*", lines[first]):
        return None
    if first == len(lines):
        raise ReportError(f"{RPT}: expected a table of instances or N/A, found {place(lines, first)}")
    return _latency_table(lines, at) if latency else read_table(lines, at, RPT)


def _instance(table: Table, cells: tuple[str, ...], latency: tuple[str, ...]) -> HlsInstance:
    where = f"{RPT}: latency of {cells[0]}"
    return HlsInstance(
        instance=cells[0],
        module=cells[column(table, "Module", RPT)],
        used=_resources(table, cells),
        latency_min_cycles=count(latency[0], where),
        latency_max_cycles=count(latency[1], where),
        latency_min_ns=time_ns(latency[2], where),
        latency_max_ns=time_ns(latency[3], where),
        interval_min_cycles=count(latency[4], where),
        interval_max_cycles=count(latency[5], where),
    )
