"""Reports of ``export_design`` with Vivado synthesis or implementation: ``export_*.xml``, ``*_export.rpt``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from codesign.errors import ReportError
from codesign.synth.reports import markup
from codesign.synth.reports.tables import (
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

XML = "export report (xml)"
RPT = "export report (rpt)"

Stage = Literal["synthesised", "implemented"]

_RESOURCE = re.compile(r"(SLICE|LUT|FF|DSP|BRAM|URAM|LATCH|SRL|CLB): +(\d+)", re.ASCII)
_PERIOD_DIGITS = 0.0005
_VERDICTS = {"Timing met": True, "Timing not met": False, "No Sequential Path": None}
_TITLES = {"Place & Route": "implemented", "RTL Synthesis": "synthesised"}


@dataclass(frozen=True)
class ExportReport:
    """What Vivado found for an HLS design on its own, without the logic around it.

    Attributes:
        stage: how far Vivado went; None where the report does not say it (XML before 2021).
        tool_version: such as ``2024.1``; None where the report does not say it (XML before 2021).
        clock_target_ns: period asked for.
        clock_synthesised_ns: period reached after synthesis; None for a design without registers, or not printed.
        clock_achieved_ns: period reached after the last step; None for a design without registers ("NA").
        timing_met: None for a design without registers.
        wns_ns: worst setup slack after the last step, as far as it is printed; else None.
        lut: look-up tables.
        ff: flip-flops.
        dsp: DSP slices.
        bram_18k: 18-kbit block RAMs; a 36-kbit one counts two.
        uram: UltraRAM blocks; None where the report does not print them.
        srl: look-up tables used as shift registers; None as ``uram``.
    """

    stage: Stage | None
    tool_version: str | None
    clock_target_ns: float
    clock_synthesised_ns: float | None
    clock_achieved_ns: float | None
    timing_met: bool | None
    wns_ns: float | None
    lut: int
    ff: int
    dsp: int
    bram_18k: int
    uram: int | None
    srl: int | None


def parse_export(text: str) -> ExportReport:
    """Read any report of ``export_design``, in XML or text.

    Raises:
        ReportError: as ``parse_export_xml`` and ``parse_export_rpt``.
    """
    return parse_export_xml(text) if text.lstrip().startswith("<") else parse_export_rpt(text)


def parse_export_xml(text: str) -> ExportReport:
    """Read ``export_impl.xml`` or ``export_syn.xml``.

    Raises:
        ReportError: cut, foreign, or a field that is missing, is no number or contradicts another one.
    """
    root = markup.read_profile(text, XML, "TimingReport", "AreaReport")

    def read(name: str) -> float | None:
        text = markup.optional_field(root, f"TimingReport/{name}", XML)
        return None if text is None else number(text, f"{XML}: {name}")

    target = need(number(markup.field(root, "TimingReport/TargetClockPeriod", XML), XML), f"{XML}: TargetClockPeriod")
    achieved = number(markup.field(root, "TimingReport/AchievedClockPeriod", XML), f"{XML}: AchievedClockPeriod")
    require_agreement(XML, "the target period", {"TargetClockPeriod": target, "CP_TARGET": read("CP_TARGET")})
    require_agreement(XML, "the achieved period", {"AchievedClockPeriod": achieved, "CP_FINAL": read("CP_FINAL")})
    met = markup.optional_field(root, "TimingReport/TIMING_MET", XML)
    resources = {
        element.tag: need_count(count(element.text or "", f"{XML}: {element.tag}"), f"{XML}: {element.tag}")
        for element in root.findall("AreaReport/Resources/*")
    }
    version = markup.optional_field(root, "RunData/VIVADO_VERSION", XML)
    run = markup.optional_field(root, "RunData/RUN_TYPE", XML)
    return _report(
        XML,
        resources,
        stage=_stage(run),
        tool_version=None if version is None else version.removeprefix("v."),
        clock_target_ns=target,
        clock_synthesised_ns=read("CP_SYNTH"),
        clock_achieved_ns=achieved,
        timing_met=_met(met, target, achieved),
        wns_ns=read("WNS_FINAL"),
    )


def _stage(run: str | None) -> Stage | None:
    stages: dict[str, Stage] = {"impl": "implemented", "syn": "synthesised", "synth": "synthesised"}
    if run is None:
        return None
    if run not in stages:
        raise ReportError(f"{XML}: expected RUN_TYPE impl or syn, found {run!r}")
    return stages[run]


def _met(text: str | None, target: float, achieved: float | None) -> bool | None:
    if text in (None, "NA"):
        return None if achieved is None else achieved <= target
    if text not in ("TRUE", "FALSE"):
        raise ReportError(f"{XML}: expected TIMING_MET as TRUE, FALSE or NA, found {text!r}")
    return text == "TRUE"


def _report(
    kind: str,
    resources: Mapping[str, int],
    *,
    stage: Stage | None,
    tool_version: str | None,
    clock_target_ns: float,
    clock_synthesised_ns: float | None,
    clock_achieved_ns: float | None,
    timing_met: bool | None,
    wns_ns: float | None,
) -> ExportReport:
    missing = [name for name in ("LUT", "FF", "DSP", "BRAM") if name not in resources]
    if missing:
        raise ReportError(f"{kind}: expected the resource {missing[0]}, found {', '.join(resources) or 'none'}")
    if timing_met and clock_achieved_ns is not None and clock_achieved_ns > clock_target_ns:
        found = f"{clock_achieved_ns:g} ns for a target of {clock_target_ns:g} ns"
        raise ReportError(f"{kind}: expected a period within the target, since timing is met; found {found}")
    return ExportReport(
        stage=stage,
        tool_version=tool_version,
        clock_target_ns=clock_target_ns,
        clock_synthesised_ns=clock_synthesised_ns,
        clock_achieved_ns=clock_achieved_ns,
        timing_met=timing_met,
        wns_ns=wns_ns,
        lut=resources["LUT"],
        ff=resources["FF"],
        dsp=resources["DSP"],
        bram_18k=resources["BRAM"],
        uram=resources.get("URAM"),
        srl=resources.get("SRL"),
    )


def parse_export_rpt(text: str) -> ExportReport:
    """Read ``<top>_export.rpt`` (2019 to 2024), or ``export_impl.rpt`` and ``export_syn.rpt`` (from 2023).

    Raises:
        ReportError: cut, foreign, or a field that is missing, is no number or contradicts another one.
    """
    if any(f"== {title} Resource Summary" in text for title in _TITLES):
        return _parse_sections(text)
    return _parse_list(text)


def _parse_list(text: str) -> ExportReport:
    """The older form: one ``NAME: value`` a line, and the verdict on timing last."""
    lines = lines_of(text, RPT, "Resource usage ===")
    start = find_line(lines, r"#=== Post-(Synthesis|Implementation) Resource usage ===", RPT)
    end = find_line(lines, r"#=== Final timing ===", RPT, start)
    implemented = "Implementation" in lines[start]
    verdict = find_line(lines, "|".join(_VERDICTS), RPT, end)
    target = need(_period(lines[: verdict + 1], "required", end), f"{RPT}: CP required")
    synthesised = _period(lines[: verdict + 1], "achieved post-synthesis", end)
    achieved = _period(lines[: verdict + 1], "achieved post-implemen?tation", end) if implemented else synthesised
    version = next((line for line in lines[:start] if line.startswith("Implementation tool:")), None)
    return _report(
        RPT,
        _resource_list(lines, start + 1, end),
        stage="implemented" if implemented else "synthesised",
        tool_version=None if version is None else version.split()[-1].removeprefix("v."),
        clock_target_ns=target,
        clock_synthesised_ns=synthesised,
        clock_achieved_ns=achieved,
        timing_met=_VERDICTS[lines[verdict].strip()],
        wns_ns=None,
    )


def _period(lines: list[str], name: str, start: int) -> float | None:
    line = lines[find_line(lines, rf"CP {name}: +\S+", RPT, start)]
    return number(line.split(":")[1], f"{RPT}: CP {name}")


def _resource_list(lines: list[str], start: int, end: int) -> dict[str, int]:
    resources = {}
    for index in range(start, end):
        match = _RESOURCE.fullmatch(lines[index].strip())
        if match is None and lines[index].strip():
            raise ReportError(f"{RPT}: expected a resource such as 'LUT: 1526', found {place(lines, index)}")
        if match is not None:
            resources[match[1]] = int(match[2])
    return resources


def _parse_sections(text: str) -> ExportReport:
    """The newer form: sections with a list of resources, a table of periods, and a table of modules."""
    lines = text.splitlines()
    title = next(title for title in _TITLES if f"== {title} Resource Summary" in text)
    at = find_line(lines, f"== {title} Resource Summary", RPT)
    timing_at = find_line(lines, f"== {title} Timing Summary", RPT, at)
    resources = _resource_list(lines, at + 2, timing_at - 1)
    table_at = next((index for index in range(timing_at, len(lines)) if lines[index].startswith("+-")), len(lines))
    table = read_table(lines, table_at, RPT)
    value = column(table, "Period (ns)", RPT)
    periods = {name: number(row(table, name, RPT)[value], f"{RPT}: {name}") for name in ("Target", "Post-Synthesis")}
    implemented = title == "Place & Route"
    if implemented:
        periods["Post-Route"] = number(row(table, "Post-Route", RPT)[value], f"{RPT}: Post-Route")
    target, achieved = need(periods["Target"], f"{RPT}: Target"), list(periods.values())[-1]
    _require_top(lines, f"== {title} Resources", resources)
    version = lines[find_line(lines, r" *\* Version: +\S.*", RPT)]
    return _report(
        RPT,
        resources,
        stage="implemented" if implemented else "synthesised",
        tool_version=version.split(":", 1)[1].split()[0],
        clock_target_ns=target,
        clock_synthesised_ns=periods["Post-Synthesis"],
        clock_achieved_ns=achieved,
        timing_met=None if achieved is None else achieved <= target + _PERIOD_DIGITS,
        wns_ns=None,
    )


def _require_top(lines: list[str], heading: str, resources: Mapping[str, int]) -> None:
    """The first row of the table of modules is the design, and its numbers are those of the summary."""
    table = read_table(lines, find_line(lines, heading, RPT) + 2, RPT)
    if not table.rows:
        raise ReportError(f"{RPT}: expected the resources of the modules, found an empty table")
    for name in ("LUT", "FF", "DSP", "BRAM"):
        value = count(table.rows[0][column(table, name, RPT)], f"{RPT}: {name}")
        require_agreement(RPT, name, {"the summary": resources.get(name), "the table of modules": value})
