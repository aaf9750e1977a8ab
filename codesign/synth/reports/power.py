"""Vivado's ``report_power``: an estimate whose worth is the activity that was given to it."""

import re
from dataclasses import dataclass
from typing import Literal, cast

from codesign.errors import ReportError
from codesign.synth.reports.tables import (
    Table,
    column,
    find_line,
    lines_of,
    need,
    number,
    read_table,
    require_agreement,
    row,
)

KIND = "power report"

Confidence = Literal["Low", "Medium", "High"]

_LAST_DIGIT_W = 0.001


@dataclass(frozen=True)
class PowerReport:
    """Power as Vivado estimates it.

    Attributes:
        tool_version: such as ``2024.1``.
        design: name of the top.
        device: full part number.
        design_state: Vivado's word, for example ``routed``.
        total_on_chip_w: dynamic and static power in W.
        dynamic_w: power of switching in W; None where it is printed as a bound ("<0.001").
        static_w: power of the part at rest in W; None as ``dynamic_w``.
        junction_temperature_c: in °C.
        junction_exceeded: whether the tool says that the part would get too hot; then no number is to be believed.
        confidence: the tool's own judgement of the estimate. It is about how much activity was given, not about
            whether that activity is true.
        activity_file: file of simulated activity; None where the activity was assumed.
    """

    tool_version: str
    design: str
    device: str
    design_state: str
    total_on_chip_w: float
    dynamic_w: float | None
    static_w: float | None
    junction_temperature_c: float
    junction_exceeded: bool
    confidence: Confidence
    activity_file: str | None


def parse_power(text: str) -> PowerReport:
    """Read a report.

    Raises:
        ReportError: cut, foreign, or a number that is missing or contradicts another one.
    """
    lines = lines_of(text, KIND, "Power Report")
    summary_at = _section(lines, r"1\. Summary")
    summary = read_table(lines, summary_at, KIND, header=False)
    total_text = row(summary, "Total On-Chip Power (W)", KIND)[1]
    total = need(number(total_text.split("(")[0], f"{KIND}: total"), f"{KIND}: total")
    dynamic, static = _watts(summary, "Dynamic (W)"), _watts(summary, "Device Static (W)")
    if dynamic is not None and static is not None:
        values = {"Total On-Chip Power": total, "Dynamic and Device Static": dynamic + static}
        require_agreement(KIND, "the power in W", values, tolerance=1.5 * _LAST_DIGIT_W)
    if not any(cells[0] == "HBM Power (W)" for cells in summary.rows):
        _require_components(lines, total)
    confidence = row(summary, "Confidence Level", KIND)[1]
    if confidence not in ("Low", "Medium", "High"):
        raise ReportError(f"{KIND}: expected the confidence Low, Medium or High, found {confidence!r}")
    temperature = number(row(summary, "Junction Temperature (C)", KIND)[1], f"{KIND}: Junction Temperature")
    activity = row(summary, "Simulation Activity File", KIND)[1]
    return PowerReport(
        tool_version=_head(lines, "Tool Version").split("v.")[-1].split()[0],
        design=_head(lines, "Design"),
        device=_head(lines, "Device"),
        design_state=_head(lines, "Design State"),
        total_on_chip_w=total,
        dynamic_w=dynamic,
        static_w=static,
        junction_temperature_c=need(temperature, f"{KIND}: Junction Temperature"),
        junction_exceeded="Junction temp exceeded" in total_text,
        confidence=cast(Confidence, confidence),
        activity_file=None if activity == "---" else activity,
    )


def _head(lines: list[str], name: str) -> str:
    """A line of the head such as ``| Design State : routed``."""
    return lines[find_line(lines, rf"\| {name} +: +\S.*", KIND)].split(":", 1)[1].strip()


def _section(lines: list[str], pattern: str) -> int:
    """Index of the line after an underlined heading; the first occurrence stands in the table of contents."""
    contents = find_line(lines, pattern, KIND)
    heading = find_line(lines, pattern, KIND, contents + 1)
    return find_line(lines, r"-+", KIND, heading) + 1


def _watts(summary: Table, name: str) -> float | None:
    text = row(summary, name, KIND)[1]
    return None if re.fullmatch(r"<\s*0\.001", text) else need(number(text, f"{KIND}: {name}"), f"{KIND}: {name}")


def _require_components(lines: list[str], total: float) -> None:
    """The table of components ends with the total once more (of a part without stacked memory)."""
    table = read_table(lines, _section(lines, r"1\.1 On-Chip Components"), KIND)
    cell = row(table, "Total", KIND)[column(table, "Power (W)", KIND)]
    values = {"the summary": total, "the components": number(cell, f"{KIND}: components")}
    require_agreement(KIND, "the total power in W", values, tolerance=_LAST_DIGIT_W)
