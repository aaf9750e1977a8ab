"""What nextpnr found: its ``--report`` in JSON, or its log."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codesign.errors import ReportError
from codesign.synth.reports.tables import find_line, lines_of, place

KIND = "nextpnr report"
LOG = "nextpnr log"

_FMAX = re.compile(
    r"(?:Info|Warning|ERROR): Max frequency for clock\s+'([^']+)': ([\d.]+) MHz \((?:PASS|FAIL) at ([\d.]+) MHz\)"
)
_USE = re.compile(r"Info:\s+(\S+):\s*(\d+)/\s*(\d+)\s+\S+%")


@dataclass(frozen=True)
class RoutedClock:
    """One clock of a routed design.

    Attributes:
        name: net of the clock.
        fmax_mhz: frequency that the slowest path from this clock to itself allows.
        constraint_mhz: frequency that was asked for.
    """

    name: str
    fmax_mhz: float
    constraint_mhz: float


@dataclass(frozen=True)
class CellUse:
    """Cells of one type.

    Attributes:
        used: cells of the design.
        available: cells of the part.
    """

    used: int
    available: int


@dataclass(frozen=True)
class NextpnrReport:
    """Timing and cells of a routed design.

    Attributes:
        clocks: in the order of the report; empty for a design without registers.
        utilization: use by type of cell, under nextpnr's own names; not comparable between families.
    """

    clocks: tuple[RoutedClock, ...]
    utilization: dict[str, CellUse]


def parse_nextpnr_json(text: str) -> NextpnrReport:
    """Read the file of ``--report``, which is written after routing.

    Raises:
        ReportError: cut, foreign, or a field that is missing or no number.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ReportError(
            f"{KIND}: expected a whole JSON document, found a text of {len(text)} bytes: {error}"
        ) from None
    if not isinstance(content, dict):
        raise ReportError(f"{KIND}: expected a JSON object, found {type(content).__name__}")
    fmax, use = (_table(content, key) for key in ("fmax", "utilization"))
    return NextpnrReport(
        tuple(
            RoutedClock(name, _number(entry, "achieved", name), _number(entry, "constraint", name))
            for name, entry in fmax.items()
        ),
        {name: CellUse(_whole(entry, "used", name), _whole(entry, "available", name)) for name, entry in use.items()},
    )


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    table = content.get(key)
    if not isinstance(table, dict):
        raise ReportError(f"{KIND}: expected the table {key!r}, found {', '.join(content) or 'nothing'}")
    return table


def _number(entry: Any, key: str, name: str) -> float:
    value = entry.get(key) if isinstance(entry, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReportError(f"{KIND}: {name}: expected a number {key!r}, found {value!r}")
    return float(value)


def _whole(entry: Any, key: str, name: str) -> int:
    value = _number(entry, key, name)
    if not value.is_integer():
        raise ReportError(f"{KIND}: {name}: expected a whole number {key!r}, found {value:g}")
    return int(value)


def parse_nextpnr_log(text: str) -> NextpnrReport:
    """Read the log of a run that ended normally.

    The frequencies stand in it twice, estimated after placement and measured after routing; the latter are taken.

    Raises:
        ReportError: cut, foreign, or a run that failed.
    """
    lines = lines_of(text, LOG, "Device utilisation:")
    failed = next((index for index, line in enumerate(lines) if line.startswith("ERROR:")), None)
    if failed is not None:
        raise ReportError(f"{LOG}: expected a run without error, found {place(lines, failed)}")
    end = find_line(lines, r"Info: Program finished normally\.", LOG)
    routed = find_line(lines[:end], r"Info: Routing complete\.|Info: Router[12] time .*", LOG)
    placed = {match[1] for line in lines[:routed] if (match := _FMAX.fullmatch(line.strip()))}
    found = [match for line in lines[routed:end] if (match := _FMAX.fullmatch(line.strip()))]
    clocks = {match[1]: RoutedClock(match[1], float(match[2]), float(match[3])) for match in found}
    if len(clocks) != len(found) or placed - clocks.keys():
        names = ", ".join(sorted(placed | clocks.keys()))
        raise ReportError(f"{LOG}: expected each clock ({names}) once after routing, found {len(found)} frequencies")
    return NextpnrReport(tuple(clocks.values()), _cells(lines[:end]))


def _cells(lines: Sequence[str]) -> dict[str, CellUse]:
    """The block of cells, which ends with a line of another kind."""
    index = find_line(lines, r"Info: Device utilisation:", LOG) + 1
    use = {}
    while index < len(lines) and re.match(r"Info:\s{2}|Info:\s*\t", lines[index]):
        match = _USE.fullmatch(lines[index].strip())
        if match is None:
            raise ReportError(f"{LOG}: expected a cell with used, available and per cent, found {place(lines, index)}")
        use[match[1]] = CellUse(int(match[2]), int(match[3]))
        index += 1
    if not use:
        raise ReportError(f"{LOG}: expected the cells of the device, found {place(lines, index)}")
    return use
