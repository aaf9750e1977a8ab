import errno
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from vendor_fakes import FAKE_TOOLS, PART, TOP, FakeVendor, is_running, needs_tclsh

from codesign.errors import ConfigError, ReportError
from codesign.synth import vendor_run, vivado
from codesign.synth.reports.timing import parse_timing_summary
from codesign.synth.vendor_log import VendorError, explain_failure
from codesign.synth.vivado import run_vivado
from codesign.synth.vivado_records import VivadoDesign, VivadoOptions

pytestmark = needs_tclsh

SYNTHESISED, IMPLEMENTED = VivadoOptions(), VivadoOptions("implemented")


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    return FakeVendor(tmp_path, monkeypatch)


@pytest.fixture
def design(tmp_path: Path) -> VivadoDesign:
    rtl, wrapper = tmp_path / "my rtl", tmp_path / "wrapper"
    for path, text in (
        (rtl / "network.v", "module network; endmodule\n"),
        (rtl / "table.mem", "0 1\n"),
        (wrapper / "trigger_algorithm.v", "module trigger_algorithm; endmodule\n"),
        (wrapper / "trigger_parameters.vh", "parameter LATENCY = 3\n"),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    sources = (rtl / "network.v", wrapper / "trigger_algorithm.v")
    return VivadoDesign(sources, (wrapper,), TOP, PART, clock="clk", clock_period_ns=3.125, io_delay_ns=0.625)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "synth" / "vivado" / "board"


class TestResult:
    def test_synthesis_gives_the_numbers_of_its_reports(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        found = run_vivado(design, folder)
        assert (found.lut, found.lut_memory, found.ff, found.carry8) == (8123, 120, 2410, 611)
        assert (found.dsp, found.bram_18k, found.uram) == (2, 7, 0)
        assert (found.clock_period_ns, found.wns_ns, found.whs_ns) == (3.125, 0.625, 0.041)
        assert (found.timing_met, found.fmax_mhz) == (True, 400.0)
        assert (found.power_w, found.power_dynamic_w, found.power_static_w) == (3.311, 0.809, 2.502)
        assert found.power_confidence == "Low"
        assert (found.stage, found.tool_version, found.host) == ("synthesised", "2024.1", None)
        assert "not placed or routed" in found.estimate_class
        assert (Path(found.reports) / "synthesised.dcp").is_file()

    def test_implementation_starts_from_the_checkpoint_of_synthesis(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        options = replace(IMPLEMENTED, strategy="Performance_Explore", threads=4, toggle_rate_percent=25.0)
        found = run_vivado(design, folder, options)
        assert found.stage == "implemented"
        assert "placed and routed" in found.estimate_class
        assert [vendor.runs(name) for name in ("synth.tcl", "implement.tcl")] == [1, 1]
        assert "open_checkpoint inputs/synthesised.dcp" in vendor.calls
        assert "route_design -directive Explore" in vendor.calls
        assert "read_xdc inputs/clock.xdc" in vendor.calls
        assert vendor.calls.count("set_param general.maxThreads 4") == 2
        assert (folder / "implemented" / "inputs" / "synthesised.dcp").read_text() == "checkpoint\n"

    def test_sources_headers_and_tables_come_along_and_the_folder_can_be_run_by_hand(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        run_vivado(design, folder)
        work = folder / "synthesised"
        inputs = {str(path.relative_to(work)) for path in (work / "inputs").rglob("*.*")}
        assert inputs == {
            "inputs/0/network.v", "inputs/0/table.mem", "inputs/1/trigger_algorithm.v",
            "inputs/1/trigger_parameters.vh",
        }  # fmt: skip
        assert "read_mem inputs/0/table.mem" in vendor.calls
        shutil.rmtree(work / "out")
        command = json.loads((work / "command.json").read_text())["command"]
        subprocess.run(command, cwd=work, check=True, capture_output=True, timeout=30)
        assert (work / "out" / "complete.txt").is_file()

    def test_timing_that_is_not_met_is_a_result(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        vendor.fault("timing")
        found = run_vivado(design, folder, IMPLEMENTED)
        assert (found.timing_met, found.wns_ns, found.fmax_mhz) == (False, -0.875, 250.0)

    def test_progress_tells_the_phases(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        told: list[str] = []
        run_vivado(design, folder, progress=lambda what, _done, _total: told.append(what))
        assert told == [f"Vivado {PART}: Starting synth_design"]

    def test_the_log_is_kept(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        run_vivado(design, folder)
        assert "synth_design completed successfully" in (folder / "synthesised" / "tool.log").read_text()


class TestStaleness:
    def test_an_unchanged_run_is_not_repeated(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        first = run_vivado(design, folder, IMPLEMENTED)
        vendor.forget()
        assert run_vivado(design, folder, IMPLEMENTED) == first
        assert vendor.calls == []

    @pytest.mark.parametrize("name", ["my rtl/network.v", "wrapper/trigger_parameters.vh", "my rtl/table.mem"])
    def test_a_changed_file_repeats_it(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, tmp_path: Path, name: str
    ) -> None:
        run_vivado(design, folder)
        (tmp_path / name).write_text("// changed\n")
        run_vivado(design, folder)
        assert vendor.runs("synth.tcl") == 2

    @pytest.mark.parametrize("change", [{"synth_directive": "AreaOptimized_high"}, {"threads": 2}])
    def test_a_changed_option_repeats_it(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, change: dict[str, object]
    ) -> None:
        run_vivado(design, folder)
        run_vivado(design, folder, replace(SYNTHESISED, **change))  # type: ignore[arg-type]
        assert vendor.runs("synth.tcl") == 2

    def test_another_strategy_repeats_implementation_alone(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        run_vivado(design, folder, IMPLEMENTED)
        run_vivado(design, folder, replace(IMPLEMENTED, strategy="Performance_Explore"))
        assert [vendor.runs(name) for name in ("synth.tcl", "implement.tcl")] == [1, 2]

    def test_another_version_of_vivado_repeats_it(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        run_vivado(design, folder)
        vendor.version("2024.2")
        assert run_vivado(design, folder).tool_version == "2024.2"
        assert vendor.runs("synth.tcl") == 2

    @pytest.mark.parametrize("spoil", ["edited", "cut", "removed", "record"])
    def test_a_result_that_somebody_changed_is_not_used(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, spoil: str
    ) -> None:
        first = run_vivado(design, folder)
        report = folder / "synthesised" / "out" / "utilization.rpt"
        text = report.read_text()
        if spoil == "edited":
            report.write_text(text.replace("8123", "1234"))
        elif spoil == "cut":
            report.write_text(text[: len(text) // 2])
        elif spoil == "removed":
            report.unlink()
        else:
            (folder / "synthesised" / "record.json").write_text("{")
        assert run_vivado(design, folder).lut == first.lut
        assert vendor.runs("synth.tcl") == 2

    def test_reports_left_by_an_interrupted_run_are_not_used(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        run_vivado(design, folder)
        (folder / "synthesised").rename(folder / "synthesised.part")
        vendor.fault("idle")
        with pytest.raises(VendorError, match="without a complete result"):
            run_vivado(design, folder)

    def test_a_failed_run_never_hands_out_the_numbers_of_the_last_one(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        original = design.sources[0].read_text()
        first = run_vivado(design, folder)
        design.sources[0].write_text("// changed\n")
        vendor.fault("licence")
        with pytest.raises(VendorError):
            run_vivado(design, folder)
        design.sources[0].write_text(original)
        vendor.fault("")
        assert run_vivado(design, folder) == first
        assert vendor.runs("synth.tcl") == 2


FAULTS = [
    ("licence", "licence", r"no licence for this device or feature \(.*\[Common 17-348\]"),
    ("part", "part", r"does not know this part \(.*xcvu9p-flga2104-2-e"),
    ("memory", "memory", "ran out of memory"),
    ("crash", "crash", r"the tool crashed \(Abnormal program termination \(11\)\)"),
    ("synth", "design", r"\[Synth 8-439\] module 'nowhere' not found"),
    ("disk", "disk", "the disk is full"),
    ("silent", "crash", "ended with status 0 and without a complete result"),
    ("unmarked", "crash", "ended with status 0 and without a complete result"),
    ("at_exit", "crash", "ended with status 1"),
]


class TestFailures:
    @pytest.mark.parametrize(("fault", "state", "message"), FAULTS)
    def test_a_failure_is_a_clear_state_with_a_log_and_without_a_result(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, fault: str, state: str, message: str
    ) -> None:
        vendor.fault(fault)
        with pytest.raises(VendorError, match=message) as caught:
            run_vivado(design, folder)
        assert caught.value.state == state
        log = folder / "synthesised.failed" / "tool.log"
        assert str(log) in str(caught.value)
        assert log.is_file()
        assert "\n" not in str(caught.value)
        assert {path.name for path in folder.iterdir()} == {"synthesised.failed"}

    def test_the_failed_folder_goes_when_the_run_succeeds(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        vendor.fault("licence")
        with pytest.raises(VendorError):
            run_vivado(design, folder)
        vendor.fault("")
        run_vivado(design, folder)
        assert {path.name for path in folder.iterdir()} == {"synthesised"}

    def test_a_report_that_is_cut_is_refused_and_does_not_become_a_result(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        vendor.fault("cut")
        for _ in range(2):
            with pytest.raises(ReportError, match=r"utilization\.rpt: .*whole output: .*tool\.log"):
                run_vivado(design, folder)
        assert vendor.runs("synth.tcl") == 2
        assert not (folder / "synthesised").exists()

    def test_nets_that_are_not_routed_are_no_result(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        vendor.fault("unrouted")
        with pytest.raises(ReportError, match="3 nets are not routed"):
            run_vivado(design, folder, IMPLEMENTED)
        assert not (folder / "implemented").exists()

    @pytest.mark.parametrize("change", [{"top": "other"}, {"part": "xcu250-figd2104-2L-e"}])
    def test_a_report_of_another_design_or_part_is_refused(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, change: dict[str, str]
    ) -> None:
        with pytest.raises(ReportError, match="found trigger_algorithm on xcvu9p-flga2104-2-e"):
            run_vivado(replace(design, **change), folder)  # type: ignore[arg-type]

    def test_a_clock_that_is_not_in_the_report_is_refused(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        with pytest.raises(ReportError, match="expected the clock 'fast_clk', found clk"):
            run_vivado(replace(design, clock="fast_clk"), folder)

    def test_the_clock_is_found_by_its_name_among_others(self, design: VivadoDesign) -> None:
        timing = parse_timing_summary((FAKE_TOOLS / "reports" / "timing_summary.rpt").read_text())
        clock = timing.clocks[0]
        both = replace(timing, clocks=(replace(clock, name="other", fmax_mhz=1.0), clock))
        assert vivado._main_clock(design, both) == clock
        assert vivado._main_clock(replace(design, clock=None, clock_period_ns=None), both) is None

    def test_vivado_is_missing(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(VendorError, match=r"'vivado' is needed.*settings64\.sh.*CODESIGN_VIVADO") as caught:
            run_vivado(design, folder)
        assert caught.value.state == "missing"
        assert not folder.exists()

    def test_the_path_of_vivado_can_be_given(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = shutil.which("vivado")
        assert path is not None
        monkeypatch.setenv("PATH", os.environ["PATH"].split(os.pathsep, 1)[1])
        monkeypatch.setenv("CODESIGN_VIVADO", path)
        assert run_vivado(design, folder).lut == 8123

    def test_the_wrong_version_is_refused_before_anything_runs(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        with pytest.raises(VendorError, match=r"expected version 2023\.2, found 2024\.1") as caught:
            run_vivado(design, folder, replace(SYNTHESISED, version="2023.2"))
        assert caught.value.state == "version"
        assert vendor.calls == []

    def test_a_full_disk_on_this_side(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_arguments: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(vendor_run.shutil, "copyfile", full)
        with pytest.raises(VendorError, match="the disk is full") as caught:
            run_vivado(design, folder)
        assert caught.value.state == "disk"
        assert not (folder / "synthesised").exists()

    @pytest.mark.parametrize(("fault", "state"), [("at_exit", "disk"), ("licence", "licence")])
    def test_a_disk_too_full_for_the_log(
        self,
        vendor: FakeVendor,
        design: VivadoDesign,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
        state: str,
    ) -> None:
        monkeypatch.setattr(vendor_run.shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
        vendor.fault(fault)
        with pytest.raises(VendorError) as caught:
            run_vivado(design, folder)
        assert caught.value.state == state

    def test_a_run_that_takes_too_long_is_stopped(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        vendor.fault("wait")
        with pytest.raises(VendorError, match=r"did not finish within 1 s") as caught:
            run_vivado(design, folder, replace(SYNTHESISED, timeout_s=1.0))
        assert caught.value.state == "time"
        assert not is_running(vendor.process())

    def test_an_interrupt_stops_vivado_and_leaves_no_result(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path
    ) -> None:
        def interrupt(_what: str, _done: int, _total: int) -> None:
            vendor.process()
            raise KeyboardInterrupt

        vendor.fault("wait")
        with pytest.raises(KeyboardInterrupt):
            run_vivado(design, folder, progress=interrupt)
        assert not (folder / "synthesised").exists()
        assert not is_running(vendor.process())
        vendor.fault("")
        assert run_vivado(design, folder).lut == 8123

    @pytest.mark.parametrize(
        ("design_change", "option_change", "message"),
        [
            ({"sources": ()}, {}, "at least one source"),
            ({"sources": (Path("none.v"),)}, {}, r"none\.v is not a file"),
            ({"constraints": (Path("none.xdc"),)}, {}, r"none\.xdc is not a file"),
            ({"clock_period_ns": None}, {}, "a clock and its period belong together"),
            ({}, {"strategy": "Performance_Explor"}, "did you mean 'Performance_Explore'"),
            ({}, {"incremental": Path("none.dcp")}, r"none\.dcp is not a file"),
        ],
    )
    def test_a_request_that_cannot_be_met(
        self,
        vendor: FakeVendor,
        design: VivadoDesign,
        folder: Path,
        design_change: dict[str, object],
        option_change: dict[str, object],
        message: str,
    ) -> None:
        options = replace(IMPLEMENTED, **option_change)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match=message):
            run_vivado(replace(design, **design_change), folder, options)  # type: ignore[arg-type]
        assert vendor.calls == []


class TestExplanations:
    @pytest.mark.parametrize(
        ("log", "status", "state", "text"),
        [
            ("ERROR: [Common 17-69] Command failed: Part 'xc7k410tfbg676-1' not found", 1, "part", "xc7k410tfbg676-1"),
            ("ERROR: [HLS 200-1023] Part 'xczu7ev-2ffvc1156' is not installed.", 1, "part", "is not installed"),
            ("ERROR: [Common 17-69] Command failed: This design contains one or more cells for which bitstream "
             "generation is not permitted:", 1, "licence", "licence"),
            ("ERROR: [VPL 17-179] Fork failed: Cannot allocate memory", 1, "memory", "ran out of memory"),
            ("# An unexpected error has occurred (6)\nAn unexpected error has occurred (11)", 1, "crash", "(11)"),
            ("ERROR: [Place 30-640] Place Check : too many LUTs\nERROR: [Common 17-69] Command failed: Placer failed",
             1, "design", "[Place 30-640]"),
            ("ERROR: [Common 17-69] Command failed: it did\nnothing else", 1, "design", "Command failed: it did"),
            ('error writing "file6": no space left on device', 1, "disk", "the disk is full"),
            ("working", -9, "memory", "killed by the system"),
            ("working", 137, "memory", "killed by the system"),
            ("# puts {No space left on device}\nlast words", 1, "crash", "its last line: last words"),
            ("", 3, "crash", "ended with status 3 and without a complete result; it printed nothing"),
        ],
    )  # fmt: skip
    def test_logs(self, log: str, status: int, state: str, text: str) -> None:
        error = explain_failure("vivado", log, status)
        assert error.state == state
        assert text in str(error)
