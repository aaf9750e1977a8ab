"""The real scripts, run by tclsh against stand-ins of the vendor's commands that note every call."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from codesign.assets import asset
from codesign.synth.vivado_records import STRATEGIES

TESTS = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="needs tclsh: apt-get install tcl")

VIVADO = ("synth.tcl", "implement.tcl", "report.tcl", "bitstream.tcl")
ALL = (*VIVADO, "vitis_hls.tcl")


@dataclass
class Tcl:
    """Runs scripts in a folder."""

    folder: Path

    def run(self, script: str, arguments: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        """A script of ``vivado_scripts`` through the stand-in of its tool."""
        (self.folder / "calls").unlink(missing_ok=True)
        path = str(asset("vivado_scripts") / script)
        bin_folder = TESTS / "fake_tools" / "bin"
        if script == "vitis_hls.tcl":
            command = [str(bin_folder / "vitis-run"), "--mode", "hls", "--tcl", path]
            environment["CODESIGN_HLS_ARGS"] = arguments
        else:
            command = [str(bin_folder / "vivado"), "-mode", "batch", "-source", path, "-tclargs", *arguments.split("|")]
            command = command if arguments else command[:-2]
        environment = {**os.environ, "FAKE_CALLS": str(self.folder / "calls"), **environment}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=30)

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        lines = path.read_text().replace(f"{self.folder.resolve()}/", "").splitlines() if path.exists() else []
        return [line for line in lines if not line.startswith(("vivado ", "hls "))]


@pytest.fixture
def tcl(tmp_path: Path) -> Tcl:
    for name in ("a.v", "b c.sv", "d.vhd", "table.mem", "pins.xdc", "in.dcp", "old.dcp", "e.txt"):
        (tmp_path / name).write_text("\n")
    return Tcl(tmp_path)


SYNTH = "--part|xcvu9p-flga2104-2-e|--top|top|--sources|a.v|--out|out"
REPORTS = [
    "report_utilization -file out/utilization.rpt",
    "report_utilization -hierarchical -hierarchical_depth 10 -file out/utilization_hierarchical.rpt",
    "report_timing_summary -max_paths 10 -file out/timing_summary.rpt",
    "set_switching_activity -default_static_probability 0.5 -default_toggle_rate 12.5",
    "report_power -file out/power.rpt",
]


class TestManual:
    @pytest.mark.parametrize("script", ALL)
    def test_a_script_without_arguments_prints_its_manual_and_does_nothing(self, tcl: Tcl, script: str) -> None:
        done = tcl.run(script)
        assert done.returncode == 2
        assert f"vivado_scripts/{script}" in done.stdout
        assert "Needed:" in done.stdout
        assert tcl.calls == []

    @pytest.mark.parametrize("script", ALL)
    def test_the_manual_names_every_option_and_no_other(self, tcl: Tcl, script: str) -> None:
        known = tcl.run(script, "--no-such-option").stderr
        assert "unknown option '--no-such-option'; known: " in known
        options = set(known.split("known: ")[1].split())
        done = tcl.run(script, "--help")
        assert done.returncode == 0
        manual = done.stdout.split("Needed:")[1]
        rows = [line for line in manual.splitlines() if line.startswith("  --")]
        assert {word for line in rows for word in re.findall(r"--[a-z][a-z-]*", line)} == options

    @pytest.mark.parametrize(
        ("script", "missing"),
        [("synth.tcl", "part"), ("implement.tcl", "checkpoint"), ("report.tcl", "checkpoint"),
         ("bitstream.tcl", "checkpoint"), ("vitis_hls.tcl", "project")],
    )  # fmt: skip
    def test_a_missing_option_is_named_below_the_manual(self, tcl: Tcl, script: str, missing: str) -> None:
        done = tcl.run(script, "--out out" if script == "vitis_hls.tcl" else "--out|out")
        assert done.returncode == 2
        assert "Needed:" in done.stderr
        assert done.stderr.splitlines()[-1] == f"ERROR: [codesign] --{missing} is missing"
        assert not (tcl.folder / "out").exists()


class TestSynth:
    def test_synthesises_out_of_context_and_reports(self, tcl: Tcl) -> None:
        done = tcl.run("synth.tcl", SYNTH)
        assert done.returncode == 0, done.stdout
        assert tcl.calls == [
            "set_part xcvu9p-flga2104-2-e",
            "read_verilog a.v",
            "synth_design -top top -part xcvu9p-flga2104-2-e -flatten_hierarchy rebuilt -mode out_of_context",
            "write_checkpoint -force out/synthesised.dcp",
            *REPORTS,
            "version -short",
        ]
        assert (tcl.folder / "out" / "complete.txt").read_text() == "stage synthesised\nversion 2024.1\n"

    def test_every_option_reaches_its_command(self, tcl: Tcl) -> None:
        done = tcl.run(
            "synth.tcl",
            "--part|p-1|--top|top|--out|out|--sources|a.v|b c.sv|d.vhd|--include-dirs|inc|lib x|--data|table.mem"
            "|--define|N=3|M=4|--generic|WIDTH=8|--xdc|pins.xdc|--mode|default|--flatten|none"
            "|--directive|AreaOptimized_high|--toggle-rate|25|--threads|4",
        )
        assert done.returncode == 0, done.stdout
        assert tcl.calls[:8] == [
            "set_param general.maxThreads 4",
            "set_part p-1",
            "read_verilog a.v",
            "read_verilog -sv {b c.sv}",
            "read_vhdl -vhdl2008 d.vhd",
            "read_mem table.mem",
            "read_xdc pins.xdc",
            "synth_design -top top -part p-1 -flatten_hierarchy none -directive AreaOptimized_high"
            " -include_dirs {inc {lib x}} -verilog_define N=3 -verilog_define M=4 -generic WIDTH=8",
        ]
        assert "set_switching_activity -default_static_probability 0.5 -default_toggle_rate 25" in tcl.calls

    def test_the_clock_becomes_a_constraint_file(self, tcl: Tcl) -> None:
        done = tcl.run("synth.tcl", f"{SYNTH}|--clock|clk|--period|3.125|--io-delay|0.6")
        assert done.returncode == 0, done.stdout
        assert "read_xdc -mode out_of_context out/clock.xdc" in tcl.calls
        assert (tcl.folder / "out" / "clock.xdc").read_text().splitlines() == [
            "create_clock -name clk -period 3.125 [get_ports clk]",
            "set_input_delay -clock clk 0.6 [get_ports -filter {DIRECTION == IN && NAME != clk}]",
            "set_output_delay -clock clk 0.6 [get_ports -filter {DIRECTION == OUT && NAME != clk}]",
        ]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (f"{SYNTH}|--sources|none.v", "file 'none.v' does not exist"),
            (f"{SYNTH}|--sources|e.txt", "source 'e.txt' is neither .v, .sv, .vhd nor .vhdl"),
            (f"{SYNTH}|--xdc|none.xdc", "file 'none.xdc' does not exist"),
            (f"{SYNTH}|--clock|clk", "--clock and --period belong together"),
            (f"{SYNTH}|--clock|clk|--period|fast", "--period takes a number above 0, found 'fast'"),
            (f"{SYNTH}|--mode|board", "--mode is out_of_context or default, found 'board'"),
            (f"{SYNTH}|--top|a|b", "--top takes one value, found 2"),
            (f"{SYNTH}|--define", "--define takes at least one value, found none"),
            ("a.v", "unknown option 'a.v'"),
        ],
    )
    def test_wrong_input_is_one_clear_line(self, tcl: Tcl, arguments: str, message: str) -> None:
        done = tcl.run("synth.tcl", arguments)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1].startswith(f"ERROR: [codesign] {message}")
        assert not (tcl.folder / "out" / "complete.txt").exists()

    def test_an_error_of_vivado_ends_the_script_without_the_mark_of_a_complete_result(self, tcl: Tcl) -> None:
        tcl.run("synth.tcl", SYNTH)
        assert (tcl.folder / "out" / "complete.txt").exists()
        done = tcl.run("synth.tcl", SYNTH, FAKE_FAULT="synth")
        assert done.returncode == 1
        assert "ERROR: [Synth 8-439]" in done.stdout
        assert not (tcl.folder / "out" / "complete.txt").exists()

    def test_the_stand_ins_refuse_an_option_that_the_manual_does_not_name(self, tcl: Tcl) -> None:
        script = tcl.folder / "wrong.tcl"
        script.write_text("synth_design -top top -colour blue\n")
        command = [str(TESTS / "fake_tools" / "bin" / "vivado"), "-mode", "batch", "-source", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 1
        assert "Unknown option '-colour'" in done.stdout


class TestImplement:
    def test_runs_every_step_without_directives_by_default(self, tcl: Tcl) -> None:
        done = tcl.run("implement.tcl", "--checkpoint|in.dcp|--out|out")
        assert done.returncode == 0, done.stdout
        steps = [
            "open_checkpoint in.dcp",
            "get_clocks -quiet",
            "opt_design",
            "place_design",
            "phys_opt_design",
            "route_design",
        ]
        after = ["report_route_status -file out/route_status.rpt", "report_drc -file out/drc.rpt", "version -short"]
        assert tcl.calls == [*steps, "write_checkpoint -force out/implemented.dcp", *REPORTS, *after]

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_every_strategy_is_known_to_the_script(self, tcl: Tcl, strategy: str) -> None:
        done = tcl.run("implement.tcl", f"--checkpoint|in.dcp|--out|out|--strategy|{strategy}")
        assert done.returncode == 0, done.stdout
        assert any("-directive" in line for line in tcl.calls) == (strategy != "Default")

    def test_python_and_tcl_know_the_same_strategies(self, tcl: Tcl) -> None:
        done = tcl.run("implement.tcl", "--checkpoint|in.dcp|--out|out|--strategy|Fast")
        assert done.returncode == 2
        assert tuple(done.stderr.split("unknown strategy 'Fast'; known: ")[1].split()) == STRATEGIES

    def test_a_directive_of_its_own_replaces_one_of_the_strategy(self, tcl: Tcl) -> None:
        arguments = "--checkpoint|in.dcp|--out|out|--strategy|Performance_NetDelay_high|--route-directive|Default"
        done = tcl.run("implement.tcl", f"{arguments}|--opt-directive|ExploreWithRemap|--post-route-phys-opt")
        assert done.returncode == 0, done.stdout
        assert tcl.calls[2:7] == [
            "opt_design -directive ExploreWithRemap",
            "place_design -directive ExtraNetDelay_high",
            "phys_opt_design -directive AggressiveExplore",
            "route_design",
            "phys_opt_design -directive AggressiveExplore",
        ]

    def test_the_reference_checkpoint_is_read_between_optimisation_and_placement(self, tcl: Tcl) -> None:
        done = tcl.run("implement.tcl", "--checkpoint|in.dcp|--out|out|--incremental|old.dcp")
        assert done.returncode == 0, done.stdout
        assert tcl.calls[2:5] == ["opt_design", "read_checkpoint -incremental old.dcp", "place_design"]

    @pytest.mark.parametrize(("clocks", "read"), [("", ["read_xdc pins.xdc"]), ("clk", [])])
    def test_constraints_are_read_again_only_where_the_checkpoint_has_no_clock(
        self, tcl: Tcl, clocks: str, read: list[str]
    ) -> None:
        done = tcl.run("implement.tcl", "--checkpoint|in.dcp|--out|out|--xdc|pins.xdc", FAKE_CLOCKS=clocks)
        assert done.returncode == 0, done.stdout
        assert [line for line in tcl.calls if line.startswith("read_xdc")] == read
        assert tcl.calls.index("opt_design") == 2 + len(read)

    def test_a_missing_checkpoint_is_refused(self, tcl: Tcl) -> None:
        done = tcl.run("implement.tcl", "--checkpoint|none.dcp|--out|out")
        assert done.returncode == 2
        assert "file 'none.dcp' does not exist" in done.stderr


class TestReportAndBitstream:
    def test_reports_of_a_checkpoint_do_not_change_it(self, tcl: Tcl) -> None:
        done = tcl.run("report.tcl", "--checkpoint|in.dcp|--out|out")
        assert done.returncode == 0, done.stdout
        assert tcl.calls[:6] == ["open_checkpoint in.dcp", *REPORTS]
        assert not any("write_" in line for line in tcl.calls)

    def test_a_block_without_pins_gets_no_bitstream(self, tcl: Tcl) -> None:
        done = tcl.run("bitstream.tcl", "--checkpoint|in.dcp|--out|out")
        assert done.returncode == 2
        assert "3 ports have no pin (clk, in_data, out_data...)" in done.stderr
        assert not any(line.startswith("write_bitstream") for line in tcl.calls)
        assert not (tcl.folder / "out" / "complete.txt").exists()

    @pytest.mark.parametrize("more", ["", "|--bin"])
    def test_a_design_with_pins_gets_one(self, tcl: Tcl, more: str) -> None:
        done = tcl.run("bitstream.tcl", f"--checkpoint|in.dcp|--out|out|--name|board{more}", FAKE_PINS="1")
        assert done.returncode == 0, done.stdout
        assert f"write_bitstream -force{' -bin_file' if more else ''} out/board.bit" in tcl.calls
        assert (tcl.folder / "out" / "board.bit").exists()


def template(package: str, path: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"needs {package}")
    return Path(spec.origin).parent / path


HLS4ML_SETTINGS = """\
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
CONIFER_SETTINGS = """\
set top network
set prj_name network
set part xcvu9p-flga2104-2-e
set clock_period 3.125
set flow_target vivado
set export_format ip_catalog
set m_axi_addr64 false
set version 1.11
"""


class TestVitisHls:
    @pytest.fixture
    def hls4ml(self, tcl: Tcl) -> Path:
        project = tcl.folder / "hls"
        (project / "firmware" / "weights").mkdir(parents=True)
        (project / "tb_data").mkdir()
        (project / "project.tcl").write_text(HLS4ML_SETTINGS)
        return project

    def test_runs_what_is_asked_for_and_collects_the_reports(self, tcl: Tcl, hls4ml: Path) -> None:
        done = tcl.run("vitis_hls.tcl", "--project hls --out out --csim --csynth --cosim --export --flow impl")
        assert done.returncode == 0, done.stderr
        calls = [line.split()[0] for line in tcl.calls]
        assert [name for name in calls if name.endswith("_design")] == [
            "csim_design", "csynth_design", "cosim_design", "export_design",
        ]  # fmt: skip
        assert tcl.calls[-1] == "export_design -format ip_catalog -version 1.0.0 -rtl verilog -flow impl"
        assert sorted(path.name for path in (tcl.folder / "out").iterdir()) == [
            "complete.txt", "export_impl.xml", "export_syn.xml", "network_cosim.rpt", "network_csynth.rpt",
            "network_csynth.xml",
        ]  # fmt: skip

    def test_part_and_period_replace_those_of_the_project(self, tcl: Tcl, hls4ml: Path) -> None:
        tcl.run("vitis_hls.tcl", "--project hls --out out --csynth --part xcu250-figd2104-2L-e --period 4")
        assert "set_part xcu250-figd2104-2L-e" in tcl.calls
        assert "create_clock -period 4 -name default" in tcl.calls

    def test_issues_the_commands_of_the_script_that_hls4ml_writes(self, tcl: Tcl, hls4ml: Path) -> None:
        shutil.copy(template("hls4ml", "templates/vitis/build_prj.tcl"), hls4ml)
        flags = "reset 1 csim 1 synth 1 cosim 0 validation 0 export 1 vsynth 0 fifo_opt 0"
        (hls4ml / "build_opt.tcl").write_text(f"array set opt {{{flags}}}\n")
        theirs = self.calls_of(tcl, hls4ml, "build_prj.tcl")
        done = tcl.run("vitis_hls.tcl", "--project hls --out out --csim --csynth --export")
        assert done.returncode == 0, done.stderr
        assert "config_compile -name_max_length 80" in theirs
        assert [line.replace("{solution1}", "solution1") for line in tcl.calls] == theirs

    def test_issues_the_commands_of_the_script_that_conifer_writes(self, tcl: Tcl) -> None:
        project = tcl.folder / "hls"
        (project / "tb_data").mkdir(parents=True)
        (project / "hls_parameters.tcl").write_text(CONIFER_SETTINGS)
        shutil.copy(template("conifer", "backends/xilinxhls/hls-template/build_hls.tcl"), project)
        (project / "build_opt.tcl").write_text("array set opt {reset 1 csim 1 synth 1 cosim 0 export 0 vsynth 0}\n")
        theirs = self.calls_of(tcl, project, "build_hls.tcl")
        done = tcl.run("vitis_hls.tcl", "--project hls --out out --csim --csynth")
        assert done.returncode == 0, done.stderr
        # Conifer opens its solution twice; the second time counts.
        assert tcl.calls == [line for line in theirs if line != "open_solution -reset solution1"]

    @staticmethod
    def calls_of(tcl: Tcl, project: Path, script: str) -> list[str]:
        (tcl.folder / "calls").unlink(missing_ok=True)
        command = [str(TESTS / "fake_tools" / "bin" / "vitis-run"), "--mode", "hls", "--tcl", script]
        environment = {**os.environ, "FAKE_CALLS": str(tcl.folder / "calls")}
        subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True, timeout=30)
        return tcl.calls

    def test_simulations_that_differ_are_an_error(self, tcl: Tcl, hls4ml: Path) -> None:
        arguments = "--project hls --out out --csim --csynth --cosim"
        assert tcl.run("vitis_hls.tcl", arguments).returncode == 0
        done = tcl.run("vitis_hls.tcl", arguments, FAKE_FAULT="cosim_differs")
        assert done.returncode == 1
        assert "ERROR: C simulation and co-simulation differ" in done.stderr
        assert not (tcl.folder / "out" / "complete.txt").exists()

    def test_results_of_an_earlier_simulation_prove_nothing(self, tcl: Tcl, hls4ml: Path) -> None:
        arguments = "--project hls --out out --csim --csynth --cosim"
        assert tcl.run("vitis_hls.tcl", arguments).returncode == 0
        done = tcl.run("vitis_hls.tcl", arguments, FAKE_FAULT="mute_bench")
        assert done.returncode == 1
        assert "ERROR: the test bench did not write tb_data/csim_results.log" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("--project none --out out --csynth", "project 'none' is not a folder"),
            ("--project hls --out out", "nothing to do: expected --csim or --csynth"),
            ("--project hls --out out --csim --cosim", "--cosim needs --csynth"),
            ("--project hls --out out --csynth --flow impl", "--flow needs --export"),
            ("--project hls --out out --csynth --export --flow pnr", "--flow is syn or impl"),
            ("--project hls --out out --csynth yes", "--csynth takes no value, found 'yes'"),
        ],
    )
    def test_options_that_make_no_sense_are_refused(self, tcl: Tcl, hls4ml: Path, arguments: str, message: str) -> None:
        done = tcl.run("vitis_hls.tcl", arguments)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1] == f"ERROR: [codesign] {message}"

    def test_a_folder_without_a_project_is_refused(self, tcl: Tcl) -> None:
        (tcl.folder / "hls").mkdir()
        done = tcl.run("vitis_hls.tcl", "--project hls --out out --csynth")
        assert done.returncode == 1
        assert "holds neither project.tcl (hls4ml) nor hls_parameters.tcl (conifer)" in done.stderr
