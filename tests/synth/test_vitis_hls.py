import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from vendor_fakes import FAKE_TOOLS, PART, FakeVendor, needs_tclsh

from codesign.errors import ConfigError, ReportError
from codesign.synth.build_host import BuildHost
from codesign.synth.vendor_log import VendorError
from codesign.synth.vitis_hls import VitisHlsOptions, run_vitis_hls

pytestmark = needs_tclsh

ALL = VitisHlsOptions(csim=True, cosim=True, export=True, flow="impl")
SETTINGS = """\
variable project_name
set project_name "network"
variable backend
set backend "vitis"
variable part
set part "xcvu9p-flga2104-2-e"
variable clock_period
set clock_period 3.125
variable clock_uncertainty
set clock_uncertainty 27%
variable version
set version "1.0.0"
variable maximum_size
set maximum_size 4096
"""


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    return FakeVendor(tmp_path, monkeypatch)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An HLS project with what earlier runs and the C-simulation leave in it."""
    project = tmp_path / "firmware" / "hls"
    for name, text in (
        ("project.tcl", SETTINGS),
        ("network_test.cpp", "int main() { return 0; }\n"),
        ("firmware/network.cpp", "void network() {}\n"),
        ("firmware/weights/w2.txt", "1, 2\n"),
        ("firmware/network-abc.so", "compiled"),
        ("csim.digest", "0"),
        ("network_prj/solution1/syn/report/network_csynth.rpt", "of an earlier run"),
        ("network_prj/solution1/script.tcl", "of an earlier run"),
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "synth" / "vitis_hls" / "board"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_synthesis_gives_the_estimates_of_its_report(vendor: FakeVendor, project: Path, folder: Path) -> None:
    found = run_vitis_hls(project, folder)
    assert (found.tool, found.tool_version, found.host) == ("vitis-run", "2024.2", None)
    assert (found.csynth.top, found.csynth.part) == ("network", PART)
    assert (found.csynth.latency_max_cycles, found.csynth.interval_max_cycles) == (8, 1)
    used = found.csynth.used
    assert (used.lut, used.ff, used.dsp, used.bram_18k, used.uram) == (21500, 3100, 12, 4, 0)
    assert (found.cosim, found.export) == (None, None)


def test_everything_that_is_asked_for_is_read(vendor: FakeVendor, project: Path, folder: Path) -> None:
    found = run_vitis_hls(project, folder, ALL)
    assert found.cosim is not None
    assert [(row.language, row.status, row.latency_max_cycles) for row in found.cosim.languages] == [
        ("VHDL", None, None), ("Verilog", "Pass", 8),
    ]  # fmt: skip
    assert found.export is not None
    assert (found.export.stage, found.export.lut, found.export.clock_achieved_ns) == ("implemented", 7600, 2.89)
    synthesised = run_vitis_hls(project, folder, replace(ALL, flow="syn")).export
    assert synthesised is not None
    assert (synthesised.stage, synthesised.lut) == ("synthesised", 8100)


def test_the_project_itself_is_not_touched_and_old_results_do_not_come_along(
    vendor: FakeVendor, project: Path, folder: Path
) -> None:
    before = contents(project)
    run_vitis_hls(project, folder, ALL)
    assert contents(project) == before
    copied = contents(folder / "hls" / "project")
    assert {"project.tcl", "firmware/network.cpp", "firmware/weights/w2.txt"} <= copied.keys()
    assert not {"firmware/network-abc.so", "csim.digest", "network_prj/solution1/script.tcl"} & copied.keys()


def test_an_unchanged_run_is_not_repeated_and_a_changed_one_is(vendor: FakeVendor, project: Path, folder: Path) -> None:
    first = run_vitis_hls(project, folder)
    assert run_vitis_hls(project, folder) == first
    assert vendor.runs("vitis_hls.tcl") == 1
    (project / "firmware" / "weights" / "w2.txt").write_text("1, 3\n")
    run_vitis_hls(project, folder)
    run_vitis_hls(project, folder, VitisHlsOptions(clock_period_ns=2.5))
    assert vendor.runs("vitis_hls.tcl") == 3
    assert "create_clock -period 2.5000 -name default" in vendor.calls


def test_the_older_program_is_used_where_the_newer_one_is_not(
    vendor: FakeVendor, project: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "fake" / "bin"
    shutil.copytree(FAKE_TOOLS, old.parent)
    (old / "vitis-run").unlink()
    tclsh = shutil.which("tclsh")
    assert tclsh is not None
    monkeypatch.setenv("PATH", f"{old}:{Path(tclsh).parent}:/bin")
    assert run_vitis_hls(project, folder).tool == "vitis_hls"
    assert any(line.startswith("hls -f scripts/vitis_hls.tcl") for line in vendor.calls)


def test_a_build_host_gives_the_same_numbers(vendor: FakeVendor, project: Path, folder: Path) -> None:
    host = BuildHost("builder", "runs", poll_s=0.02)
    here, there = run_vitis_hls(project, folder, ALL), run_vitis_hls(project, folder.parent / "o", ALL, host=host)
    assert there == replace(here, host="builder", reports=there.reports, wall_time_s=there.wall_time_s)


@pytest.mark.parametrize(
    ("fault", "state", "message"),
    [
        ("part", "part", r"does not know this part \(ERROR: \[HLS 200-1023\]"),
        ("licence", "licence", r"no licence .*\[Common 17-345\]"),
        ("synth", "design", r"\[HLS 200-70\] Pre-synthesis failed"),
        ("cosim_differs", "design", "C simulation and co-simulation differ"),
    ],
)
def test_a_failure_is_a_clear_state_without_a_result(
    vendor: FakeVendor, project: Path, folder: Path, fault: str, state: str, message: str
) -> None:
    vendor.fault(fault)
    with pytest.raises(VendorError, match=message) as caught:
        run_vitis_hls(project, folder, ALL)
    assert caught.value.state == state
    assert {path.name for path in folder.iterdir()} == {"hls.failed"}


def test_a_report_that_is_cut_is_refused(vendor: FakeVendor, project: Path, folder: Path) -> None:
    vendor.fault("cut")
    with pytest.raises(ReportError, match=r"network_csynth\.xml: "):
        run_vitis_hls(project, folder)
    assert not (folder / "hls").exists()


def test_a_report_of_another_part_is_refused(vendor: FakeVendor, project: Path, folder: Path) -> None:
    with pytest.raises(ReportError, match=r"expected network on xcu250-figd2104-2L-e, found network on xcvu9p"):
        run_vitis_hls(project, folder, VitisHlsOptions(part="xcu250-figd2104-2L-e"))


def test_the_tool_is_missing(vendor: FakeVendor, project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(VendorError, match=r"'vitis-run' is needed for HLS.*CODESIGN_VITIS_RUN") as caught:
        run_vitis_hls(project, folder)
    assert caught.value.state == "missing"


def test_a_report_of_another_function_is_refused(vendor: FakeVendor, project: Path, folder: Path) -> None:
    (project / "project.tcl").write_text(SETTINGS.replace('"network"', '"other"'))
    with pytest.raises(ReportError, match=r"other_csynth\.xml: expected other, found network on"):
        run_vitis_hls(project, folder)


class TestBadRequests:
    def test_a_folder_without_a_project(self, vendor: FakeVendor, tmp_path: Path, folder: Path) -> None:
        with pytest.raises(ConfigError, match=r"expected an HLS project with project\.tcl or hls_parameters\.tcl"):
            run_vitis_hls(tmp_path / "none", folder)

    def test_a_project_without_a_name(self, vendor: FakeVendor, project: Path, folder: Path) -> None:
        (project / "project.tcl").write_text("set part x\n")
        with pytest.raises(ConfigError, match=r"project\.tcl: expected a line .*generate the firmware again"):
            run_vitis_hls(project, folder)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (VitisHlsOptions(flow="syn"), "needs the export"),
            (VitisHlsOptions(part="x; exec rm"), "expected a part number"),
        ],
    )
    def test_options_that_make_no_sense(
        self, vendor: FakeVendor, project: Path, folder: Path, options: VitisHlsOptions, message: str
    ) -> None:
        with pytest.raises(ConfigError, match=message):
            run_vitis_hls(project, folder, options)
