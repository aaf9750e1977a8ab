"""The golden reports: which parser reads them, and what a person reads in them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesign.synth import reports

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    """One report; the keys of ``expected`` are paths such as ``clocks.0.period_ns``."""

    file: str
    parse: Callable[[str], object]
    expected: dict[str, object] = field(default_factory=dict)

    def text(self) -> str:
        return (GOLDEN / self.file).read_text(encoding="utf-8")


def read(record: Any, path: str) -> object:
    """Follow a path of attributes, indices and keys."""
    for name in path.split("."):
        if isinstance(record, dict):
            record = record[name]
        else:
            record = record[int(name)] if name.lstrip("-").isdigit() else getattr(record, name)
    return record


CASES = (
    Case(
        "csynth_2024.xml",
        reports.parse_csynth_xml,
        {
            "tool_version": "2024.1",
            "top": "tagger",
            "part": "xcvu13p-flga2577-2-e",
            "pipeline_type": "yes",
            "clock_target_ns": 2.77,
            "clock_estimated_ns": 1.995,
            "clock_uncertainty_ns": 0.75,
            "latency_min_cycles": 14,
            "latency_max_cycles": 14,
            "latency_min_ns": 38.78,
            "latency_max_ns": 38.78,
            "interval_min_cycles": 1,
            "interval_max_cycles": 1,
            "used": reports.HlsResources(bram_18k=0, dsp=13, ff=3989, lut=9090, uram=0),
            "available": reports.HlsResources(bram_18k=5376, dsp=12288, ff=3456000, lut=1728000, uram=1280),
            "available_slr": None,
            "instances": None,
        },
    ),
    Case(
        "csynth_slow_2020.xml",
        reports.parse_csynth_xml,
        {
            "latency_min_cycles": 1040,
            "latency_max_cycles": 104000,
            "latency_min_ns": 10400.0,
            "latency_max_ns": 1040000.0,
            "interval_max_cycles": 104001,
            "used": reports.HlsResources(bram_18k=0, dsp=2, ff=77, lut=318, uram=None),
        },
    ),
    Case(
        "csynth_data_dependent_2019.xml",
        reports.parse_csynth_xml,
        {
            "latency_min_cycles": None,
            "latency_max_cycles": None,
            "latency_min_ns": None,
            "latency_max_ns": None,
            "interval_min_cycles": None,
            "clock_estimated_ns": 2.615,
        },
    ),
    Case(
        "csynth_2024.rpt",
        reports.parse_csynth_rpt,
        {
            "tool_version": "2024.1",
            "top": "tagger",
            "part": "xcvu13p-flga2577-2-e",
            "pipeline_type": "yes",
            "clock_target_ns": 2.77,
            "clock_estimated_ns": 1.995,
            "clock_uncertainty_ns": 0.75,
            "latency_min_cycles": 14,
            "latency_max_cycles": 14,
            "latency_min_ns": 38.78,
            "latency_max_ns": 38.78,
            "interval_min_cycles": 1,
            "interval_max_cycles": 1,
            "used": reports.HlsResources(bram_18k=0, dsp=13, ff=3989, lut=9090, uram=0),
            "available": reports.HlsResources(bram_18k=5376, dsp=12288, ff=3456000, lut=1728000, uram=1280),
            "available_slr": reports.HlsResources(bram_18k=1344, dsp=3072, ff=864000, lut=432000, uram=320),
            "instances.0": reports.HlsInstance(
                instance="dense_1_U0",
                module="dense_latency_config2_s",
                used=reports.HlsResources(bram_18k=0, dsp=12, ff=3000, lut=8800, uram=0),
                latency_min_cycles=6,
                latency_max_cycles=6,
                latency_min_ns=16.62,
                latency_max_ns=16.62,
                interval_min_cycles=1,
                interval_max_cycles=1,
            ),
            "instances.1.latency_min_ns": 0.0,
            "instances.1.latency_max_cycles": 1,
            "instances.2.instance": "mul_8s_8s_U1",
            "instances.2.used.dsp": 1,
            "instances.2.latency_max_cycles": None,
        },
    ),
    Case(
        "csynth_slow_2020.rpt",
        reports.parse_csynth_rpt,
        {
            "tool_version": "2020.1",
            "latency_min_ns": 10400.0,
            "latency_max_ns": 1040000.0,
            "latency_max_cycles": 104000,
            "used": reports.HlsResources(bram_18k=0, dsp=2, ff=77, lut=318, uram=0),
            "available_slr": None,
            "instances": (),
        },
    ),
    Case(
        "csynth_data_dependent_2019.rpt",
        reports.parse_csynth_rpt,
        {"latency_min_cycles": None, "latency_max_ns": None, "interval_max_cycles": None, "instances.0.used.ff": 318},
    ),
    Case(
        "cosim_2020.rpt",
        reports.parse_cosim,
        {
            "simulator": "xsim",
            "languages.0": reports.CosimLanguage("VHDL", None, None, None, None, None, None, None, None),
            "languages.1": reports.CosimLanguage("Verilog", "Pass", 12, 13, 14, 1, 1, 2, None),
        },
    ),
    Case(
        "cosim_2024.rpt",
        reports.parse_cosim,
        {"languages.1": reports.CosimLanguage("Verilog", "Pass", 3519, 3519, 3519, None, None, None, 3519)},
    ),
    Case(
        "cosim_failed_2024.rpt",
        reports.parse_cosim,
        {"languages.0.status": "Fail", "languages.1.status": "Fail", "languages.1.latency_max_cycles": None},
    ),
    Case(
        "export_impl_2024.xml",
        reports.parse_export,
        {
            "": reports.ExportReport(
                stage="implemented",
                tool_version="2024.1",
                clock_target_ns=2.5,
                clock_synthesised_ns=2.755,
                clock_achieved_ns=2.42,
                timing_met=True,
                wns_ns=0.08,
                lut=5455,
                ff=9809,
                dsp=30,
                bram_18k=10,
                uram=0,
                srl=476,
            )
        },
    ),
    Case(
        "export_impl_combinational_2024.xml",
        reports.parse_export,
        {"clock_achieved_ns": None, "timing_met": None, "wns_ns": 6.028, "clock_target_ns": 25.0},
    ),
    Case(
        "export_2019.xml",
        reports.parse_export,
        {"stage": None, "tool_version": None, "clock_achieved_ns": 4.372, "timing_met": True, "lut": 940, "uram": None},
    ),
    Case(
        "export_impl_2024.rpt",
        reports.parse_export,
        {
            "": reports.ExportReport(
                stage="implemented",
                tool_version="2024.1",
                clock_target_ns=2.5,
                clock_synthesised_ns=2.755,
                clock_achieved_ns=2.42,
                timing_met=True,
                wns_ns=None,
                lut=5455,
                ff=9809,
                dsp=30,
                bram_18k=10,
                uram=0,
                srl=476,
            )
        },
    ),
    Case(
        "export_2023.rpt",
        reports.parse_export,
        {
            "stage": "implemented",
            "tool_version": "2023.1",
            "clock_target_ns": 2.5,
            "clock_synthesised_ns": 2.755,
            "clock_achieved_ns": 2.42,
            "timing_met": True,
            "lut": 5455,
            "ff": 9809,
            "dsp": 30,
            "bram_18k": 10,
            "srl": 476,
        },
    ),
    Case(
        "export_failed_2022.rpt",
        reports.parse_export,
        {"clock_achieved_ns": 3.703, "timing_met": False},
    ),
    Case(
        "export_synthesis_2019.rpt",
        reports.parse_export,
        {"stage": "synthesised", "clock_achieved_ns": 3.281, "timing_met": True, "lut": 124, "uram": None},
    ),
    Case(
        "utilization_7series_2020.rpt",
        reports.parse_utilization,
        {
            "tool_version": "2020.1",
            "design": "tagger",
            "device": "7z020clg400-1",
            "design_state": "Synthesized",
            "used": reports.FabricResources(3505, 3473, 32, 2709, 612, None, 11, 5, 2, 1, None),
            "available": reports.FabricResources(53200, 53200, 17400, 106400, None, None, 220, 280, 140, 280, None),
            "primitives.LUT2": 1410,
            "slrs": (),
        },
    ),
    Case(
        "utilization_ultrascale_2019.rpt",
        reports.parse_utilization,
        {
            "design_state": "Fully Placed",
            "used": reports.FabricResources(12004, 12004, 0, 9120, None, 1411, 0, 0, 0, 0, None),
            "available.uram": None,
            "available.dsp": 5520,
        },
    ),
    Case(
        "utilization_ultrascale_plus_2024.rpt",
        reports.parse_utilization,
        {
            "tool_version": "2024.1",
            "device": "xcvu13p-flga2577-2-e",
            "used": reports.FabricResources(8004, 7992, 12, 5912, None, 820, 3, 5, 2, 1, 1),
            "available": reports.FabricResources(
                1728000, 1728000, 791040, 3456000, None, 216000, 12288, 5376, 2688, 5376, 1280
            ),
            "slrs.0": reports.SlrUse("SLR0", 6600, 5000, 700, 3, 5, 1),
            "slrs.1.lut": 1402,
            "slrs.3": reports.SlrUse("SLR3", 2, 12, 0, 0, 0, 0),
        },
    ),
    Case(
        "utilization_hierarchical.rpt",
        reports.parse_utilization_hierarchy,
        {
            "0": reports.HierarchyRow("trigger_algorithm", "(top)", 0, 8004, 7992, 0, 12, 5912, 3, 5, 1),
            "1.instance": "(trigger_algorithm)",
            "1.depth": 1,
            "2.instance": "network",
            "4": reports.HierarchyRow("layer_1", "dense_16_32", 2, 5100, 5090, 0, 10, 3600, 3, 4, 0),
            "-1.lut": 2911,
        },
    ),
    Case(
        "timing_met_2024.rpt",
        reports.parse_timing_summary,
        {
            "tool_version": "2024.1",
            "design": "trigger_algorithm",
            "device": "xcvu13p-flga2577",
            "speed_grade": "-2",
            "design_state": "Routed",
            "constraints_met": True,
            "slacks": reports.Slacks(0.412, 0.0, 0, 5300, 0.031, 0.0, 0, 1.111, 0.0, 0),
            "clocks.0.name": "clk",
            "clocks.0.period_ns": 2.772,
            "clocks.0.frequency_mhz": 360.75,
            "clocks.0.fmax_mhz": 1000 / 2.36,
        },
    ),
    Case(
        "timing_failed_2019.rpt",
        reports.parse_timing_summary,
        {
            "constraints_met": False,
            "design_state": None,
            "slacks": reports.Slacks(-1.25, -1412.001, 431, 7400, 0.011, 0.0, 0, -0.02, -0.04, 2),
            "clocks.0.name": "refclk",
            "clocks.0.slacks.wns_ns": None,
            "clocks.0.slacks.wpws_ns": 10.475,
            "clocks.0.fmax_mhz": None,
            "clocks.1.name": "clk_360_mmcm_out",
            "clocks.1.slacks.wns_ns": -0.134,
            "clocks.1.fmax_mhz": 1000 / (2.772 + 0.134),
            "clocks.2.slacks.hold_failing": 0,
            "clocks.3.slacks": None,
            "clocks.3.fmax_mhz": None,
        },
    ),
    Case(
        "timing_combinational_2024.rpt",
        reports.parse_timing_summary,
        {"slacks.wns_ns": 6.028, "slacks.whs_ns": None, "slacks.setup_endpoints": 59, "clocks": ()},
    ),
    Case(
        "timing_unconstrained_2023.rpt",
        reports.parse_timing_summary,
        {"slacks.wns_ns": None, "constraints_met": None, "clocks": ()},
    ),
    Case(
        "power_2023.rpt",
        reports.parse_power,
        {
            "total_on_chip_w": 3.512,
            "dynamic_w": 0.61,
            "static_w": 2.902,
            "junction_temperature_c": 26.8,
            "junction_exceeded": False,
            "confidence": "Low",
            "activity_file": None,
            "design_state": "routed",
            "device": "xcvu13p-flga2577-2-e",
        },
    ),
    Case(
        "power_exceeded_2023.rpt",
        reports.parse_power,
        {"total_on_chip_w": 557.858, "junction_exceeded": True, "confidence": "Medium", "activity_file": "run.saif"},
    ),
    Case("power_idle_2023.rpt", reports.parse_power, {"dynamic_w": None, "static_w": 2.902, "confidence": "High"}),
    Case(
        "nextpnr.json",
        reports.parse_nextpnr_json,
        {
            "clocks.0": reports.RoutedClock("$glbnet$clk", 146.69, 250.0),
            "utilization.TRELLIS_COMB.used": 7564,
            "utilization.DP16KD.available": 208,
        },
    ),
    Case(
        "nextpnr.log",
        reports.parse_nextpnr_log,
        {
            "clocks": (reports.RoutedClock("$glbnet$clk", 146.69, 250.0),),
            "utilization.TRELLIS_IO.used": 4,
            "utilization.TRELLIS_COMB.available": 83640,
        },
    ),
)
