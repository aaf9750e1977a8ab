"""The full verification on a generated design of a few adders, and the faults that its parts must report."""

import dataclasses
import json

import numpy as np
import pytest
import tiny

from codesign.errors import FirmwareError, ToolError
from codesign.steps.proof import simulable_netlist
from codesign.synth.design import Design
from codesign.synth.yosys import synthesise
from codesign.verify.coverage import Field, coverage
from codesign.verify.full import FullOptions, verify_fully
from codesign.verify.netlist import netlist_design
from codesign.verify.step import FirmwareUnderTest, verify_firmware
from codesign.verify.trace import Clock, Recording

REFERENCE = "trained network"
PROOF_S = 61


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """(what is given, the full result, folder of the netlist)."""
    folder = tmp_path_factory.mktemp("full")
    given = tiny.given(folder)
    under_test = given.under_test
    quick = verify_firmware(
        under_test.directory, under_test.record, given.vectors, {REFERENCE: given.reference}, given.work_dir,
        simulator="icarus", x_vectors=20, seed=1,
    )  # fmt: skip
    assert quick.passed, str(quick)

    def netlist():
        design = under_test.design
        synthesise(
            design.sources, include_dirs=design.include_directories, top=design.top,
            family="7series", work_dir=folder / "synth",
        )  # fmt: skip
        return folder / "synth", "7series"

    return given, verify_fully(given, quick, FullOptions(netlist, "icarus", 10_000, PROOF_S)), folder / "synth"


@pytest.mark.slow
@pytest.mark.rtl
@pytest.mark.yosys
class TestFull:
    def test_every_form_of_the_design_gives_the_same_integers(self, verified):
        _, result, _ = verified
        assert result.passed, str(result)
        found = {part.implementation: part.vectors for part in result.comparisons}
        assert found == {"RTL (icarus)": 300, "RTL (ghdl, VHDL)": 300, "netlist for 7series (verilator)": 300}
        tests = {bench.test for bench in result.benches if bench.simulator == "RTL (ghdl, VHDL)"}
        assert tests == {"no_x", "back_to_back", "latency", "gaps", "reset_in_flight"}

    def test_every_planted_fault_is_found_or_proven_to_change_nothing(self, verified):
        _, result, _ = verified
        mutation = result.mutation
        assert mutation.planted == mutation.faults > 150
        assert mutation.score == 1.0, [str(entry) for entry in mutation.survivors if entry.verdict != "equivalent"]
        assert {entry.verdict for entry in mutation.survivors} == {"equivalent"}
        assert mutation.kinds["missing reset"].killed == mutation.kinds["missing reset"].planted == 1
        assert mutation.killed + mutation.equivalent == mutation.planted

    def test_vhdl_and_netlist_are_proven_equal_to_the_verilog(self, verified):
        _, result, _ = verified
        assert {check.verdict for check in result.formal} == {"proven"}
        modules = {check.module for check in result.formal if check.forms == "VHDL = Verilog"}
        assert modules == {"logic0", "logic1", "network", "network_ports", "trigger_algorithm"}
        assert sum(check.forms == "netlist = Verilog" for check in result.formal) == 1

    def test_every_proof_has_the_time_that_was_asked_for(self, verified):
        given, _, _ = verified
        for folder in ("formal", "mutation/proofs"):
            scripts = [path.read_text() for path in (given.work_dir / folder).glob("*.ys")]
            assert scripts
            limits = (f"sat -timeout {PROOF_S} ", f".aag {PROOF_S}\n")
            assert all(any(limit in script for limit in limits) for script in scripts), folder

    def test_what_was_exercised_is_counted(self, verified):
        _, result, _ = verified
        assert [field.name for field in result.coverage.inputs] == ["a", "b", "c"]
        assert all(field.codes == field.possible for field in result.coverage.inputs)
        assert set(result.coverage.reset_phases) == {"1", "2", "3"}


@pytest.mark.yosys
@pytest.mark.rtl
def test_a_planted_difference_between_vhdl_and_verilog_is_found(tmp_path):
    from codesign.verify.formal import formal_checks

    under_test = tiny.write_firmware(tmp_path / "firmware")
    path = next(path for path in under_test.vhdl.sources if path.name == "network_ports.vhd")
    path.write_text(path.read_text().replace("inputs(9 downto 5)", "inputs(8 downto 4)"))
    verdicts = {c.module: c.verdict for c in formal_checks(under_test, tmp_path / "formal") if "VHDL" in c.forms}
    assert verdicts.pop("network_ports") == "different"
    assert set(verdicts.values()) == {"proven"}


@pytest.mark.yosys
def test_multipliers_are_simulated_with_the_model_that_yosys_has(tmp_path):
    source = tmp_path / "product.v"
    source.write_text(
        "module product(input signed [15:0] a, b, output signed [31:0] y); assign y = (a * b) ^ a; endmodule\n"
    )
    design = Design((source,), (), "product")
    folder, fabric = simulable_netlist(design, "ultrascale_plus", tmp_path / "synth")
    assert (fabric, folder) == ("7series", tmp_path / "synth" / "7series")
    assert "DSP48E1" in (folder / "netlist.v").read_text()
    source.write_text(source.read_text().replace("a * b", "a + b"))
    assert simulable_netlist(design, "ultrascale_plus", tmp_path / "synth")[1] == "ultrascale_plus"


def test_a_netlist_that_lost_a_port_is_refused(tmp_path):
    ports = {"clk": {"bits": [2]}, "in_data": {"bits": [3, 4]}}
    (tmp_path / "netlist.json").write_text(json.dumps({"modules": {"top": {"ports": ports}}}))
    (tmp_path / "netlist.v").write_text("module top; endmodule")
    with pytest.raises(FirmwareError, match=r"port in_data has 2 bits, expected 3: the synthesis lost it"):
        netlist_design("top", tmp_path, {"clk": 1, "in_data": 3})
    with pytest.raises(FirmwareError, match=r"port out_data is missing, expected 5"):
        netlist_design("top", tmp_path, {"out_data": 5})
    with pytest.raises(FirmwareError, match="synthesise again"):
        netlist_design("other", tmp_path, {})


def test_holes_of_the_coverage_are_named():
    inputs = np.array([[0, -8], [1, 7], [0, -8], [1, 0]])
    scores = np.array([[3, 3], [4, 0], [3, 3], [4, 1]])
    words = [Clock(False, True, 1, None), Clock(False, False, 1, None), Clock(False, True, 1, None)]
    resets = [Clock(False, True, 1, None), Clock(True, False, 1, None), Clock(False, False, 1, None)]
    found = coverage(
        inputs, scores, [Field("a", 2, False), Field("b", 4, True)], [Field("g", 4, True), Field("q", 4, True)],
        [Recording("gaps", words), Recording("reset", resets)], latency_cycles=2,
    )  # fmt: skip
    assert (found.inputs[1].codes, found.inputs[1].at_minimum, found.inputs[1].at_maximum) == (3, 2, 1)
    assert (found.ties, dict(found.largest)) == (2, {"g": 4, "q": 0})
    assert (dict(found.gaps), dict(found.reset_phases), dict(found.reset_lengths)) == ({"1": 1}, {"1": 1}, {"1": 1})
    holes = "\n".join(found.holes)
    assert "input a: bits 1 never changed" in holes
    assert "input a: an end of its range never occurred" in holes
    assert "class q never has the largest score" in holes
    assert "no reset came 2 clocks after an event" in holes
    assert "no gap of 2 clocks" in holes


def test_what_is_known_of_the_inside_holds_for_unchanged_verilog_only(tmp_path):
    generated = tiny.write_firmware(tmp_path)
    assert generated.is_as_generated
    (stage,) = (source for source in generated.design.sources if source.name == "logic0.v")
    stage.write_text(stage.read_text() + "// changed by hand\n")
    assert not FirmwareUnderTest(tmp_path, generated.record).is_as_generated


@pytest.mark.slow
@pytest.mark.rtl
def test_a_recording_of_another_design_is_refused(verified, tmp_path):
    """Otherwise every planted fault would seem to be found."""
    from codesign.verify.mutation.score import mutation_score
    from codesign.verify.trace import Ports, read_tests, write_trace

    given, _, _ = verified
    record = given.under_test.record
    ports = Ports(record["inputs"]["bits"], record["outputs"]["bits"])
    tests = [
        dataclasses.replace(test, clocks=[dataclasses.replace(clock, due=None) for clock in test.clocks])
        for test in read_tests(given.work_dir / "icarus")
    ]
    clocks = write_trace(tmp_path / "clocks.bin", tests, ports, record["latency_cycles"])
    with pytest.raises(ToolError, match="differs from the design without a fault at clock"):
        mutation_score(
            given.under_test.design, ports, tmp_path / "clocks.bin", clocks, given.work_dir / "mutation",
            count=10_000, seed=1,
        )  # fmt: skip


def test_the_full_verification_is_remembered_until_it_is_not_wanted(tmp_path):
    from types import SimpleNamespace

    from codesign import steps

    run = SimpleNamespace(path=tmp_path, config=SimpleNamespace(verification=SimpleNamespace(full=False)))
    for asked, wanted in [(None, False), (True, True), (None, True), (False, False), (False, False)]:
        steps.remember_full(run, asked)
        assert steps.wants_full(run) is wanted
