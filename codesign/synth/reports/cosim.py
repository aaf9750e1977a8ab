"""Report of C/RTL co-simulation by Vivado HLS and Vitis HLS: ``<top>_cosim.rpt``."""

from dataclasses import dataclass
from typing import Literal, cast

from codesign.errors import ReportError
from codesign.synth.reports.tables import count, find_line, lines_of, next_filled, read_table

KIND = "co-simulation report"

Status = Literal["Pass", "Fail"]

_COLUMNS = ("", "", "min", "avg", "max", "min", "avg", "max")
_TOTAL = "Total Execution Time"


@dataclass(frozen=True)
class CosimLanguage:
    """Result for one language of the RTL.

    Attributes:
        language: ``VHDL`` or ``Verilog``.
        status: None where this language was not simulated ("NA").
        latency_min_cycles: clocks from start to end of one call; None where it was not measured.
        latency_avg_cycles: as ``latency_min_cycles``; the tool rounds the mean to a whole number.
        latency_max_cycles: as ``latency_min_cycles``.
        interval_min_cycles: clocks between two calls; None also where the test bench makes one call only.
        interval_avg_cycles: as ``interval_min_cycles``.
        interval_max_cycles: as ``interval_min_cycles``.
        total_cycles: clocks of all calls together; None before Vitis HLS 2021, which does not print it.
    """

    language: str
    status: Status | None
    latency_min_cycles: int | None
    latency_avg_cycles: int | None
    latency_max_cycles: int | None
    interval_min_cycles: int | None
    interval_avg_cycles: int | None
    interval_max_cycles: int | None
    total_cycles: int | None


@dataclass(frozen=True)
class CosimReport:
    """What co-simulation found.

    Attributes:
        simulator: program that ran the RTL, for example ``xsim``.
        languages: one entry for each language, in the order of the report.
    """

    simulator: str
    languages: tuple[CosimLanguage, ...]


def parse_cosim(text: str) -> CosimReport:
    """Read ``<top>_cosim.rpt``.

    Raises:
        ReportError: cut, foreign, or a field that is missing or no number.
    """
    lines = lines_of(text, KIND, "Simulation tool")
    tool_at = find_line(lines, r"Simulation tool +: +\S+", KIND)
    table = read_table(lines, next_filled(lines, tool_at + 1), KIND)
    has_total = _TOTAL in table.groups
    expected = (*_COLUMNS, "") if has_total else _COLUMNS
    if table.header != expected or not any(group.startswith("Latency") for group in table.groups):
        found = ", ".join(filter(None, (*table.groups, *table.header)))
        raise ReportError(f"{KIND}: expected latency and interval as min, avg, max; found the columns {found}")
    languages = tuple(_language(cells, has_total) for cells in table.rows)
    if not languages:
        raise ReportError(f"{KIND}: expected a row for Verilog or VHDL, found an empty table")
    return CosimReport(lines[tool_at].split(":")[1].strip().removesuffix("."), languages)


def _language(cells: tuple[str, ...], has_total: bool) -> CosimLanguage:
    language, status = cells[:2]
    if language not in ("VHDL", "Verilog") or status not in ("Pass", "Fail", "NA"):
        raise ReportError(f"{KIND}: expected Pass, Fail or NA for VHDL or Verilog, found {status!r} for {language!r}")
    where = f"{KIND}: {language}"
    latency_min, latency_avg, latency_max, interval_min, interval_avg, interval_max = (
        count(cell, where) for cell in cells[2:8]
    )
    if status == "Pass" and latency_max is None:
        raise ReportError(f"{where}: expected the latency of a simulation that passed, found {cells[4]!r}")
    return CosimLanguage(
        language=language,
        status=None if status == "NA" else cast(Status, status),
        latency_min_cycles=latency_min,
        latency_avg_cycles=latency_avg,
        latency_max_cycles=latency_max,
        interval_min_cycles=interval_min,
        interval_avg_cycles=interval_avg,
        interval_max_cycles=interval_max,
        total_cycles=count(cells[8], where) if has_total else None,
    )
