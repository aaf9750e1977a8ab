"""Vivado's ``report_timing_summary``: slacks of the design and of each clock, and the clock that was reached."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesign.errors import ReportError
from codesign.synth.reports.tables import (
    count,
    find_line,
    lines_of,
    need,
    next_filled,
    number,
    place,
    require_agreement,
)

KIND = "timing summary"

_CLOCK = re.compile(r"\s*(\S+)\s+\{[^}]*\}\s+(\S+)\s+(\S+)\s*")
_TABLES = ("Intra Clock Table", "Inter Clock Table", "Other Path Groups Table")
_VERDICTS = {
    "All user specified timing constraints are met.": True,
    "Timing constraints are not met.": False,
    "There are no user specified timing constraints.": None,
}


@dataclass(frozen=True)
class Slacks:
    """Slacks of a design, or of the paths within one clock; the worst of all paths, and the sum of all that fail.

    Attributes:
        wns_ns: worst setup slack, negative where a path fails; None where there is no such path ("NA", "inf").
        tns_ns: sum of the failing setup slacks; None as ``wns_ns``.
        setup_failing: endpoints that fail; None as ``wns_ns``.
        setup_endpoints: endpoints in all; None as ``wns_ns``.
        whs_ns: worst hold slack; None as ``wns_ns``.
        ths_ns: sum of the failing hold slacks; None as ``wns_ns``.
        hold_failing: endpoints that fail; None as ``wns_ns``.
        wpws_ns: worst slack of a pulse width; None as ``wns_ns``.
        tpws_ns: sum of the failing pulse-width slacks; None as ``wns_ns``.
        pulse_failing: endpoints that fail; None as ``wns_ns``.
    """

    wns_ns: float | None
    tns_ns: float | None
    setup_failing: int | None
    setup_endpoints: int | None
    whs_ns: float | None
    ths_ns: float | None
    hold_failing: int | None
    wpws_ns: float | None
    tpws_ns: float | None
    pulse_failing: int | None


@dataclass(frozen=True)
class ClockTiming:
    """One clock.

    Attributes:
        name: name of the clock.
        period_ns: period that was asked for.
        frequency_mhz: frequency that was asked for.
        slacks: of the paths from this clock to itself; None where there are none.
        fmax_mhz: 1000 / (period - WNS), the frequency that these paths allow; None without a setup path.
    """

    name: str
    period_ns: float
    frequency_mhz: float
    slacks: Slacks | None
    fmax_mhz: float | None


@dataclass(frozen=True)
class TimingReport:
    """Timing as Vivado sees it.

    Attributes:
        tool_version: such as ``2024.1``.
        design: name of the top.
        device: part without speed grade, as this report writes it.
        speed_grade: such as ``-2``.
        design_state: Vivado's word, for example ``Routed``; None before 2020, which does not print it.
        slacks: worst of the whole design.
        constraints_met: None where there are no constraints; then no slack says anything.
        clocks: in the order of the report; empty for a design without registers.
    """

    tool_version: str
    design: str
    device: str
    speed_grade: str
    design_state: str | None
    slacks: Slacks
    constraints_met: bool | None
    clocks: tuple[ClockTiming, ...]


def parse_timing_summary(text: str) -> TimingReport:
    """Read a report.

    Raises:
        ReportError: cut, foreign, or a number that is missing or contradicts another one.
    """
    lines = lines_of(text, KIND, "Timing Summary Report")
    summary_at = _section(lines, "Design Timing Summary")
    clocks_at = _section(lines, "Clock Summary")
    rows = _rows(lines, summary_at, r"\s*WNS\(ns\) .*", clocks_at)
    if len(rows) != 1:
        raise ReportError(f"{KIND}: expected one row of slacks, found {place(lines, summary_at + 3)}")
    design, met = _slacks(rows[0][1]), _verdict(lines[summary_at:clocks_at])
    starts = {title: _section(lines, title) for title in _TABLES}
    end = _section(lines, "Timing Details")
    _check(design, met, _worst(lines, starts, end))
    intra = dict(_rows(lines, starts[_TABLES[0]], r"Clock +WNS\(ns\).*", starts[_TABLES[1]]))
    clocks = tuple(_clock(line, intra) for line in _clock_lines(lines, clocks_at, starts[_TABLES[0]]))
    unknown = sorted(intra.keys() - {clock.name for clock in clocks})
    if unknown:
        raise ReportError(f"{KIND}: expected the clock {unknown[0]} in the clock summary, found none")
    return TimingReport(
        tool_version=_head(lines, "Tool Version").split("v.")[-1].split()[0],
        design=_head(lines, "Design"),
        device=_head(lines, "Device"),
        speed_grade=_head(lines, "Speed File").split()[0],
        design_state=_head(lines, "Design State") if any(line.startswith("| Design State") for line in lines) else None,
        slacks=design,
        constraints_met=met,
        clocks=clocks,
    )


def _head(lines: Sequence[str], name: str) -> str:
    """A line of the head such as ``| Speed File : -2  PRODUCTION``."""
    return lines[find_line(lines, rf"\| {name} +: +\S.*", KIND)].split(":", 1)[1].strip()


def _section(lines: Sequence[str], title: str) -> int:
    return find_line(lines, rf"\| {re.escape(title)}", KIND)


def _verdict(lines: Sequence[str]) -> bool | None:
    found = [_VERDICTS[line.strip()] for line in lines if line.strip() in _VERDICTS]
    if len(found) != 1:
        raise ReportError(f"{KIND}: expected one line such as {next(iter(_VERDICTS))!r}, found {len(found)}")
    return found[0]


def _rows(lines: Sequence[str], start: int, header: str, end: int) -> list[tuple[str, dict[str, str]]]:
    """Rows of a table without borders: the first word, and the values by the name of their column.

    The numbers of a column end where the dashes under its name end; an empty field leaves no trace but its place.
    """
    title_at = find_line(lines[:end], header, KIND, start)
    title, dashes = lines[title_at], lines[title_at + 1] if title_at + 1 < len(lines) else ""
    columns = {match.end(): title[match.start() : match.end()].strip() for match in re.finditer(r"-+", dashes)}
    first_number = next((match.start() for match in re.finditer(r"\S+\(ns\)", title)), 0)
    numbers = {at: name for at, name in columns.items() if at > first_number}
    rows = []
    index = title_at + 2
    while index < end and lines[index].strip():
        words = list(re.finditer(r"\S+", lines[index]))
        values = [word for word in words if word.end() > first_number]
        if not values or any(word.end() not in numbers for word in values):
            raise ReportError(
                f"{KIND}: expected numbers under {title.split()[-1]!r} and before, found {place(lines, index)}"
            )
        rows.append((words[0].group(), {numbers[word.end()]: word.group() for word in values}))
        index += 1
    return rows


def _slacks(cells: Mapping[str, str]) -> Slacks:
    def decimal(name: str) -> float | None:
        return number(cells.get(name, ""), f"{KIND}: {name}")

    def whole(name: str) -> int | None:
        return count(cells.get(name, ""), f"{KIND}: {name}")

    return Slacks(
        wns_ns=decimal("WNS(ns)"),
        tns_ns=decimal("TNS(ns)"),
        setup_failing=whole("TNS Failing Endpoints"),
        setup_endpoints=whole("TNS Total Endpoints"),
        whs_ns=decimal("WHS(ns)"),
        ths_ns=decimal("THS(ns)"),
        hold_failing=whole("THS Failing Endpoints"),
        wpws_ns=decimal("WPWS(ns)"),
        tpws_ns=decimal("TPWS(ns)"),
        pulse_failing=whole("TPWS Failing Endpoints"),
    )


def _worst(lines: Sequence[str], starts: Mapping[str, int], end: int) -> float | None:
    """Worst setup slack of the tables of clocks, pairs of clocks and other groups."""
    limits = [*list(starts.values())[1:], end]
    headers = (r"Clock +WNS\(ns\).*", r"From Clock +To Clock +WNS\(ns\).*", r"Path Group +From Clock .*WNS\(ns\).*")
    found = []
    for start, limit, header in zip(starts.values(), limits, headers, strict=True):
        cells = (values.get("WNS(ns)", "") for _, values in _rows(lines, start, header, limit))
        found += [value for cell in cells if (value := number(cell, f"{KIND}: WNS")) is not None]
    return min(found, default=None)


def _check(design: Slacks, met: bool | None, worst: float | None) -> None:
    """The design is as bad as its worst path, and its constraints are met only if no slack is negative."""
    require_agreement(KIND, "the worst setup slack in ns", {"the design": design.wns_ns, "its worst path group": worst})
    negative = [value for value in (design.wns_ns, design.whs_ns, design.wpws_ns) if value is not None and value < 0]
    if met and negative:
        raise ReportError(
            f"{KIND}: expected no negative slack, since all constraints are met; found {negative[0]:g} ns"
        )


def _clock_lines(lines: Sequence[str], start: int, end: int) -> list[str]:
    """The rows of the clock summary, which a design without clocks leaves empty."""
    first = next_filled(lines, start + 3)
    if set(lines[first].strip()) == {"-"}:
        return []
    if not re.match(r"Clock\s+Waveform\(ns\)", lines[first]):
        raise ReportError(f"{KIND}: expected the table of clocks, found {place(lines, first)}")
    stop = next(index for index in range(first, end) if not lines[index].strip())
    return list(lines[first + 2 : stop])


def _clock(line: str, intra: Mapping[str, Mapping[str, str]]) -> ClockTiming:
    match = _CLOCK.fullmatch(line)
    if match is None:
        raise ReportError(f"{KIND}: expected a clock with waveform, period and frequency, found {line.strip()!r}")
    name = match[1]
    where = f"{KIND}: clock {name}"
    period, frequency = (need(number(cell, where), where) for cell in match.groups()[1:])
    if period <= 0:
        raise ReportError(f"{where}: expected a period above zero, found {period:g} ns")
    values = {"1000 / period": 1000 / period, "Frequency(MHz)": frequency}
    # Both are rounded to three digits.
    require_agreement(KIND, f"the frequency of {name} in MHz", values, tolerance=0.0005 * (1 + 1000 / period**2))
    slacks = _slacks(intra[name]) if name in intra else None
    wns = None if slacks is None else slacks.wns_ns
    return ClockTiming(name, period, frequency, slacks, None if wns is None else 1000 / _path(period, wns, where))


def _path(period: float, wns: float, where: str) -> float:
    """Duration of the slowest path in ns."""
    if wns >= period:
        raise ReportError(f"{where}: expected a slack below the period of {period:g} ns, found {wns:g} ns")
    return period - wns
