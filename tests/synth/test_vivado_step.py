"""Vivado as the tool of the synthesis step, against the stand-ins."""

import json
from dataclasses import asdict

import pytest
from vendor_fakes import PART, FakeVendor, needs_tclsh

from codesign.config_synthesis import BuildHostSection, SynthesisSection, VivadoSection
from codesign.errors import ConfigError
from codesign.synth.boards import get_board
from codesign.synth.design import Design
from codesign.synth.vivado_step import vivado_boards

pytestmark = needs_tclsh

BOARD = get_board("apx-vu9p")
CLOCK_MHZ = 320.0  # of the stand-in's timing report


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    return FakeVendor(tmp_path, monkeypatch)


@pytest.fixture
def design(tmp_path):
    source = tmp_path / "trigger_algorithm.v"
    source.write_text("module trigger_algorithm(input clk); endmodule\n")
    return Design((source,), (), "trigger_algorithm")


def test_the_numbers_of_vivado_stand_where_those_of_yosys_do(vendor, design, tmp_path):
    assert BOARD.part == PART
    section = SynthesisSection(tool="vivado", vivado=VivadoSection(stage="implemented"))
    (use,) = vivado_boards(design, [BOARD], CLOCK_MHZ, section, tmp_path / "synth").boards
    assert (use.board, use.tool, use.lut, use.lut_low) == ("apx-vu9p", "vivado", use.lut, use.lut)
    assert use.lut_share == use.lut / BOARD.lut
    assert use.lut > 0
    assert use.fmax_mhz is not None
    assert use.timing_met is not None
    assert use.estimate_class == "Vivado, placed and routed out of context"
    assert json.loads(json.dumps(asdict(use)))["power_w"] == use.power_w


def test_the_clock_of_the_firmware_is_asked_for_on_the_first_board(vendor, design, tmp_path):
    vivado_boards(design, [BOARD], CLOCK_MHZ, SynthesisSection(tool="vivado"), tmp_path / "synth")
    asked = [line for line in vendor.calls if line.startswith("vivado -mode")]
    assert len(asked) == 1
    assert "3.125" in asked[0]


def test_a_failure_of_the_tool_is_a_state_and_no_number_of_an_earlier_run(vendor, design, tmp_path):
    section = SynthesisSection(tool="vivado")
    (before,) = vivado_boards(design, [BOARD], CLOCK_MHZ, section, tmp_path / "synth").boards
    assert before.lut > 0
    design.sources[0].write_text("module trigger_algorithm(input clk, input more); endmodule\n")
    vendor.fault("licence")
    result = vivado_boards(design, [BOARD], CLOCK_MHZ, section, tmp_path / "synth")
    (use,) = result.boards
    assert use.failed.startswith("licence: vivado: no licence")
    assert (use.lut, use.ff, use.fmax_mhz, use.timing_met) == (None, None, None, None)
    assert result.failed == (f"apx-vu9p with vivado: {use.failed}",)


def test_a_host_that_is_not_there_is_a_state(vendor, design, tmp_path):
    vendor.down.touch()
    section = SynthesisSection(tool="vivado", host=BuildHostSection(host="me@builder"))
    (use,) = vivado_boards(design, [BOARD], CLOCK_MHZ, section, tmp_path / "synth").boards
    assert use.failed.startswith("host: ")


def test_a_strategy_that_vivado_does_not_have_is_refused(vendor, design, tmp_path):
    section = SynthesisSection(tool="vivado", vivado=VivadoSection(strategy="Performance_Explor"))
    with pytest.raises(ConfigError, match="Performance_Explore"):
        vivado_boards(design, [BOARD], CLOCK_MHZ, section, tmp_path / "synth")
    assert not (tmp_path / "synth").exists()


def test_a_build_host_runs_it(vendor, design, tmp_path):
    section = SynthesisSection(tool="vivado", host=BuildHostSection(host="me@builder"))
    (use,) = vivado_boards(design, [BOARD], CLOCK_MHZ, section, tmp_path / "synth").boards
    assert use.lut > 0
    assert vendor.sent == 1
