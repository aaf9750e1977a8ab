"""Reports of the tools, read: one parser per kind of report, each a pure function from text to a frozen record.

A report that is cut, foreign, or gives the same quantity twice with different numbers raises ``ReportError``. A number
that the tool did not print ("NA", "?", "undef") is None, never zero; the records say when.
"""

from codesign.synth.reports.cosim import CosimLanguage, CosimReport, parse_cosim
from codesign.synth.reports.csynth import (
    CsynthReport,
    HlsInstance,
    HlsResources,
    parse_csynth_rpt,
    parse_csynth_xml,
)
from codesign.synth.reports.export import ExportReport, parse_export, parse_export_rpt, parse_export_xml
from codesign.synth.reports.nextpnr import NextpnrReport, RoutedClock, parse_nextpnr_json, parse_nextpnr_log
from codesign.synth.reports.oneapi import IntelResources, OneApiReport, parse_oneapi
from codesign.synth.reports.power import PowerReport, parse_power
from codesign.synth.reports.timing import ClockTiming, Slacks, TimingReport, parse_timing_summary
from codesign.synth.reports.utilization import (
    FabricResources,
    HierarchyRow,
    SlrUse,
    UtilizationReport,
    parse_utilization,
    parse_utilization_hierarchy,
)

__all__ = [
    "ClockTiming",
    "CosimLanguage",
    "CosimReport",
    "CsynthReport",
    "ExportReport",
    "FabricResources",
    "HierarchyRow",
    "HlsInstance",
    "HlsResources",
    "IntelResources",
    "NextpnrReport",
    "OneApiReport",
    "PowerReport",
    "RoutedClock",
    "Slacks",
    "SlrUse",
    "TimingReport",
    "UtilizationReport",
    "parse_cosim",
    "parse_csynth_rpt",
    "parse_csynth_xml",
    "parse_export",
    "parse_export_rpt",
    "parse_export_xml",
    "parse_nextpnr_json",
    "parse_nextpnr_log",
    "parse_oneapi",
    "parse_power",
    "parse_timing_summary",
    "parse_utilization",
    "parse_utilization_hierarchy",
]
