"""The benches of the designs with a decision: they pass on the right one, and find every planted fault."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from decision_designs import CLASSIFIER, DETECTOR, stimulus, write_design, write_vhdl

from codesign.contract import InputContract, InputFormat
from codesign.tools import find_tool
from codesign.verify import benches, make_vectors, verify_firmware
from codesign.verify.cosim import BenchResult, simulate
from codesign.verify.formal import formal_checks
from codesign.verify.simulators import SIMULATORS
from codesign.verify.step import FirmwareUnderTest

pytestmark = [
    pytest.mark.rtl,
    pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed"),
]

# What is changed in which file → the interface, the test that must fail, and what it must say.
FAULTS = {
    "threshold > instead of >=": (
        ("working_point.v", "in_valid & discriminant >= threshold", "in_valid & discriminant > threshold"),
        ("l1_algo", "thresholds", "out_trigger is"),
    ),
    "of equal scores the last": (
        ("score_ranking.v", "a_best >= b_best", "a_best > b_best"),
        ("l1_algo", "registers", "out_class is"),
    ),
    "a prescale too large by one": (
        ("working_point.v", "prescale - 1'b1", "prescale"),
        ("l1_algo", "prescales", "out_trigger is"),
    ),
    "a counter that wraps": (
        ("saturating_counter.v", "count & (clear | ~&value)", "count"),
        ("l1_algo", "counters", "reg_read_data is"),
    ),
    "an orbit that is one crossing short": (
        ("orbit_counter.v", "LAST_CROSSING = ORBIT - 1", "LAST_CROSSING = ORBIT - 2"),
        ("l1_algo", "orbit", "out_bx is"),
    ),
    "a missing BX0 goes unseen": (
        ("orbit_counter.v", "is_locked & advance & !bx0 & start", "1'b0"),
        ("l1_algo", "misplaced_bx0", "reg_read_data is"),
    ),
    "a write goes to the neighbour": (
        ("trigger_registers.v", "is_prescale[p] = reg_address == BASE + 12'd4", "is_prescale[p] = reg_address == BASE"),
        ("l1_algo", "registers", "out_trigger is"),
    ),
    "prescales and thresholds do not change together": (
        ("trigger_registers.v", "restart ? new_prescales", "commit ? new_prescales"),
        ("l1_algo", "prescales", "out_trigger is"),
    ),
    "the prescale survives a reset": (
        (
            "working_point.v",
            "prescaler (\n        .clk(clk),\n        .reset(reset)",
            "prescaler (\n        .clk(clk),\n        .reset(1'b0)",
        ),
        ("l1_algo", "reset_at_every_phase", "out_trigger is"),
    ),
    "a transfer dropped on a stall": (
        ("axi_stream_algo.v", "read_place + (given", "read_place + (m_axis_tvalid"),
        ("axi_stream", "stalls", "what was offered and not taken changed"),
    ),
    "tvalid waits for tready": (
        ("axi_stream_algo.v", "m_axis_tvalid = write_place", "m_axis_tvalid = m_axis_tready & write_place"),
        ("axi_stream", "stalls", "tvalid waits for tready"),
    ),
    "part of a word is written": (
        ("axi_lite_slave.v", "whole = &write_strobes", "whole = |write_strobes"),
        ("axi_stream", "registers", "response 00, expected 10"),
    ),
    "copies without a vote": (
        ("voted_register.v", "(copy0 & copy1) | (copy0 & copy2) | (copy1 & copy2)", "copy0"),
        ("l1_algo", "upset", "is"),
    ),
    "an upset that is not counted": (
        ("trigger_registers.v", ".count(upset)", ".count(1'b0)"),
        ("l1_algo", "upset", "reg_read_data is"),
    ),
}


TOPS = {"l1_algo": "l1_algo", "axi_stream": "axi_stream_algo"}


def run(path: Path, interface: str, points=CLASSIFIER, fault=None, *, tmr: bool = False) -> BenchResult:
    (path / "source").mkdir()
    design, record = write_design(path / "source", interface, points, tmr=tmr)
    if fault is not None:
        file, right, wrong = path / "source" / fault[0], *fault[1:]
        assert file.read_text().count(right) == 1, "the fault does not fit the source any more"
        file.write_text(file.read_text().replace(right, wrong))
    return simulate(design, stimulus(record), path / "work", simulator="icarus")


def test_a_stream_of_one_score_passes(tmp_path):
    result = run(tmp_path, "axi_stream", DETECTOR)
    assert all(test.passed and test.vectors > 0 for test in result.tests), result.tests
    assert {test.name for test in result.tests} == set(benches.BENCHES["axi_stream_algo"].tests)
    assert (result.latency_cycles, result.valid_latency_cycles, result.initiation_interval) == (7, 7, 1)
    assert len(result.found) == 60


def test_wrong_scores_of_a_stream_are_kept(tmp_path, monkeypatch):
    design, record = write_design(tmp_path, "axi_stream")
    top = benches.BENCHES["axi_stream_algo"]
    monkeypatch.setitem(benches.BENCHES, "axi_stream_algo", dataclasses.replace(top, tests=("back_to_back",)))
    right = stimulus(record)
    wanted = [word ^ (place == 5) for place, word in enumerate(right.responses)]
    result = simulate(design, dataclasses.replace(right, responses=wanted), tmp_path / "work", simulator="icarus")
    assert "1 of 60 transfers differ, the first is number 5" in result.tests[0].message
    assert list(result.found) == list(right.responses)


def test_a_firmware_is_verified_with_and_without_what_stands_around_the_network(tmp_path):
    _, record = write_design(tmp_path, "l1_algo", tmr=True)
    contract = InputContract(tuple(InputFormat(name, "", 0.0, 1.0, 6) for name in "abc"))
    vectors = make_vectors(contract, np.zeros((0, 3), dtype=np.int64), 60, seed=1)
    result = verify_firmware(
        tmp_path,
        record,
        vectors,
        {"network": vectors.inputs},
        tmp_path / "verify",
        simulator="icarus",
        x_vectors=10,
        seed=5,
    )
    assert result.passed, str(result)
    assert [part.implementation for part in result.comparisons] == ["RTL (icarus)", "l1_algo (icarus)"]
    assert (result.latency_cycles_promised, result.latency_cycles_measured) == (8, 8)
    found = {top: {bench.test for bench in result.benches if bench.top == top} for top in benches.BENCHES}
    assert found["l1_algo"] == set(benches.BENCHES["l1_algo"].tests)
    assert found["trigger_algorithm"] == set(benches.BENCHES["trigger_algorithm"].tests)


@pytest.mark.skipif("ghdl" not in SIMULATORS or find_tool("ghdl") is None, reason="GHDL is not installed")
@pytest.mark.parametrize(("interface", "points"), [("l1_algo", CLASSIFIER), ("axi_stream", DETECTOR)])
def test_the_vhdl_passes_as_well(tmp_path, interface, points):
    design, record = write_vhdl(tmp_path, interface, points, tmr=interface == "l1_algo")
    result = simulate(design, stimulus(record, upsets=False), tmp_path / "work", simulator="ghdl")
    assert all(test.passed and test.vectors > 0 for test in result.tests), result.tests
    assert {*benches.BENCHES[TOPS[interface]].tests} - {test.name for test in result.tests} <= {"upset"}


# What is changed in which file of the VHDL.
VHDL_FAULTS = {
    ("l1_algo", "l1_algo"): {
        "": ("working_point.vhd", "", ""),
        "threshold > instead of >=": ("working_point.vhd", ">= signed(threshold)", "> signed(threshold)"),
        "of equal scores the last": ("score_ranking.vhd", "best_of(a) >= best_of(b)", "best_of(a) > best_of(b)"),
    },
    ("axi_stream", "axi_stream_algo"): {
        "": ("axi_stream_algo.vhd", "", ""),
        "tvalid for an empty memory": ("axi_stream_algo.vhd", "write_place /= read_place", "write_place = read_place"),
    },
}


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("ghdl") is None or find_tool("yosys") is None, reason="GHDL or Yosys is not installed")
@pytest.mark.parametrize(
    ("interface", "top", "fault"), [(*tops, fault) for tops, faults in VHDL_FAULTS.items() for fault in faults]
)
def test_the_vhdl_of_a_decision_is_proven_equal_to_the_verilog(tmp_path, interface, top, fault):
    _, record = write_design(tmp_path, interface)
    design, _ = write_vhdl(tmp_path, interface)
    file, right, wrong = VHDL_FAULTS[interface, top][fault]
    text = (tmp_path / file).read_text()
    assert text.count(right) == 1 or not right, "the fault does not fit the source any more"
    (tmp_path / file).write_text(text.replace(right, wrong))
    record |= {"vhdl_sources": [str(source) for source in design.sources]}
    verdicts = {check.module: check.verdict for check in formal_checks(FirmwareUnderTest(tmp_path, record), tmp_path)}
    assert verdicts.pop(top) == ("different" if fault else "proven")
    assert set(verdicts.values()) == {"proven"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(tmp_path, monkeypatch, fault):
    change, (interface, name, message) = FAULTS[fault]
    top = TOPS[interface]
    # Only the test that must find it: the others would cost their time.
    monkeypatch.setitem(benches.BENCHES, top, dataclasses.replace(benches.BENCHES[top], tests=(name,)))
    (test,) = run(tmp_path, interface, fault=change, tmr=name == "upset").tests
    assert not test.passed, f"{name} did not find it"
    assert message in test.message, test.message
