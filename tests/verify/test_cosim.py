import json
import os
from pathlib import Path

import pytest

from codesign import tools
from codesign.assets import asset
from codesign.errors import ToolError
from codesign.verify import benches, cosim
from codesign.verify.bench_results import read_found, read_measured, read_results
from codesign.verify.benches import BENCHES, Bench, find_bench
from codesign.verify.cosim import Design, Stimulus, simulate
from codesign.verify.simulators import find_simulator

STIMULUS = Stimulus([0, 1], [0x0005, 0x0308], input_bits=9, output_bits=16, latency_cycles=3, seed=1)
DESIGN = Design("trigger_algorithm", (asset("hw_tests") / "designs" / "linear_pair.v",))
needs_icarus = pytest.mark.skipif(tools.find_tool("iverilog") is None, reason="Icarus Verilog is not installed")

PASSED = """<testsuites><testsuite><testcase name="gaps"/><testcase name="latency"/></testsuite></testsuites>"""
FAILED = """<testsuites><testsuite><testcase name="gaps"/>
<testcase name="latency"><failure message="late&#10;assert 3 == 4"/></testcase></testsuite></testsuites>"""


def test_a_missing_simulator_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"'iverilog' is needed .*apt-get install iverilog"):
        simulate(DESIGN, STIMULUS, tmp_path, simulator="icarus")
    with pytest.raises(ToolError, match=r"'g\+\+' is needed .*apt-get install g\+\+"):
        simulate(DESIGN, STIMULUS, tmp_path, simulator="verilator")
    with pytest.raises(ToolError, match=r"unknown simulator 'vcs'; known are \['ghdl', 'icarus', 'verilator'\]"):
        simulate(DESIGN, STIMULUS, tmp_path, simulator="vcs")


@pytest.mark.parametrize(("found", "good"), [("5.6", False), ("5.35.9", False), ("5.36", True), ("6.0.1", True)])
def test_an_old_verilator_is_refused(monkeypatch, found, good):
    monkeypatch.setattr(tools, "verilator_version", lambda: found)
    monkeypatch.setattr(tools, "require_tool", lambda name: Path("/usr/bin") / name)
    if good:
        assert find_simulator("verilator")[1] == found
    else:
        with pytest.raises(ToolError, match=rf"verilator: expected version 5\.36 or newer, found {found}"):
            find_simulator("verilator")


@pytest.mark.parametrize("found", ["10.3", "unknown"])
def test_an_old_icarus_is_refused(monkeypatch, found):
    monkeypatch.setattr(tools, "tool_version", lambda _name: found)
    monkeypatch.setattr(tools, "require_tool", lambda name: Path("/usr/bin") / name)
    with pytest.raises(ToolError, match=rf"icarus: expected version 11\.0 or newer, found {found}"):
        find_simulator("icarus")


def test_tests_are_chosen_by_what_simulator_and_design_can_show():
    bench = BENCHES["l1_algo"]
    assert set(bench.chosen(four_state=True, tmr=True)) == set(bench.tests)
    assert set(bench.tests) - set(bench.chosen(four_state=True, tmr=False)) == {"upset"}
    assert set(bench.tests) - set(bench.chosen(four_state=False, tmr=True)) == {"no_x", "upset"}
    with pytest.raises(ToolError, match="unknown top module 'l1_alg'"):
        find_bench("l1_alg")


def test_results_must_hold_every_test(tmp_path):
    path, measured = tmp_path / "results.xml", {"gaps": {"vectors": 5}, "latency": {"vectors": 7}}
    with pytest.raises(ToolError, match="left no readable results"):
        read_results(path, ["gaps"], measured)
    path.write_text(PASSED[:40])
    with pytest.raises(ToolError, match="left no readable results"):
        read_results(path, ["gaps"], measured)
    path.write_text(PASSED)
    with pytest.raises(ToolError, match=r"did not run \['no_x'\]"):
        read_results(path, ["gaps", "no_x"], measured)
    assert all(test.passed for test in read_results(path, ["gaps", "latency"], measured))
    path.write_text(FAILED)
    gaps, latency = read_results(path, ["gaps", "latency"], measured)
    assert (gaps.passed, gaps.vectors) == (True, 5)
    assert (latency.passed, latency.message, latency.vectors) == (False, "late", 7)


def test_a_test_without_events_does_not_pass(tmp_path):
    (tmp_path / "results.xml").write_text(PASSED)
    (test,) = read_results(tmp_path / "results.xml", ["gaps"], {})
    assert (test.passed, test.message) == (False, "no event went through the design")


def test_malformed_bench_files_are_named(tmp_path):
    (tmp_path / "measured.json").write_text("{")
    with pytest.raises(ToolError, match=r"measured\.json: expected the JSON"):
        read_measured(tmp_path / "measured.json")
    (tmp_path / "found.hex").write_text("1f\nx\nzz\n")
    with pytest.raises(ToolError, match=r"found\.hex: expected one hexadecimal word per line"):
        read_found(tmp_path / "found.hex")
    (tmp_path / "found.hex").write_text("1f\nx\n")
    assert read_found(tmp_path / "found.hex") == (31, None)


@pytest.mark.rtl
@needs_icarus
def test_results_of_an_earlier_run_never_count(tmp_path, monkeypatch):
    before = dict(os.environ)
    assert simulate(DESIGN, STIMULUS, tmp_path, simulator="icarus").passed
    assert dict(os.environ) == before, "the caller's environment was changed"
    assert (tmp_path / "results.xml").is_file()
    monkeypatch.setitem(benches.BENCHES, "trigger_algorithm", Bench("bench_that_does_not_exist", ("gaps",)))
    with pytest.raises(ToolError, match=r"left no readable results|failed with exit status"):
        simulate(DESIGN, STIMULUS, tmp_path, simulator="icarus")
    assert not (tmp_path / "measured.json").exists()


@pytest.mark.rtl
@needs_icarus
def test_verilog_that_does_not_compile_is_an_error_with_the_compilers_words(tmp_path):
    source = tmp_path / "broken.v"
    source.write_text("module trigger_algorithm (input wire clk);\n  assign nothing = ;\nendmodule\n")
    with pytest.raises(ToolError, match=r"(?s)build\.log.*broken\.v:2: (syntax )?error"):
        simulate(Design("trigger_algorithm", (source,)), STIMULUS, tmp_path / "work", simulator="icarus")
    with pytest.raises(ToolError, match=r"missing\.v cannot be read"):
        simulate(Design("trigger_algorithm", (tmp_path / "missing.v",)), STIMULUS, tmp_path, simulator="icarus")


def test_a_build_is_repeated_when_anything_changes(tmp_path, monkeypatch):
    parts = []
    monkeypatch.setattr(cosim, "_worker", lambda _dir, part, _timeout: parts.append(part))
    (tmp_path / "include").mkdir()
    (tmp_path / "build").mkdir()
    source, header = tmp_path / "a.v", tmp_path / "include" / "a.vh"
    source.write_text("1")
    header.write_text("1")

    def build(version="11.0", **defines):
        job = {"simulator": "icarus", "top": "a", "defines": defines, "parameters": {}, "build_args": []}
        return cosim._build(job, Design("a", (source,), (tmp_path / "include",)), tmp_path, version, 1.0)

    assert [build(), build()] == [True, False]
    source.write_text("2")
    assert [build(), build()] == [True, False]
    header.write_text("2")
    assert [build(), build()] == [True, False]
    assert [build(FAULT="1"), build("12.0"), build("12.0")] == [True, True, False]
    assert parts == ["build"] * 5


def test_a_failed_build_is_not_taken_for_good(tmp_path, monkeypatch):
    def fail(*_arguments):
        raise ToolError("no")

    source = tmp_path / "a.v"
    source.write_text("1")
    (tmp_path / "build").mkdir()
    job = json.loads('{"simulator": "icarus", "top": "a", "defines": {}, "parameters": {}, "build_args": []}')
    with monkeypatch.context() as patch:
        patch.setattr(cosim, "_worker", fail)
        with pytest.raises(ToolError, match="no"):
            cosim._build(job, Design("a", (source,)), tmp_path, "11.0", 1.0)
    monkeypatch.setattr(cosim, "_worker", lambda *_arguments: None)
    assert cosim._build(job, Design("a", (source,)), tmp_path, "11.0", 1.0)
