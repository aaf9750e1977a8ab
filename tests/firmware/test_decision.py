"""The decision's configuration, numbers and files; its Verilog is tested in ``hw_tests``."""

import re

import pytest

from codesign.assets import asset
from codesign.config import Config
from codesign.config_firmware import WorkingPointSection
from codesign.errors import ConfigError, FirmwareError
from codesign.firmware.decision import (
    DecisionRequest,
    NetworkIdentity,
    clocks_per_crossing,
    resolve_points,
    write_decision,
)
from codesign.firmware.ports import pack
from codesign.fixed_point import FixedPoint
from codesign.synth.yosys import synthesise
from codesign.tools import find_tool

SCORES = pack([("g", 9, True), ("q", 9, True), ("t", 9, True)])
FORMAT = FixedPoint(True, 9, 4)  # counts of 1/32


def point(**keys) -> WorkingPointSection:
    return WorkingPointSection.model_validate({"class": "t", **keys})


def request(interface="l1_algo", tmr=False, **points) -> DecisionRequest:
    return DecisionRequest(interface, points or {"top": point(threshold=5)}, {"derived": 0.71}, tmr)


def write(path, wanted=None, clocks=9, outputs=SCORES, score_format=FORMAT):
    path.mkdir(exist_ok=True)
    return write_decision(path, wanted or request(), outputs, score_format, NetworkIdentity(0xABCD0123, 10), clocks)


def test_a_threshold_in_units_of_the_score_becomes_the_first_count_that_reaches_it():
    wanted = request(given=point(threshold=-4, prescale=7), derived=point(fpr=0.01))
    given, derived = resolve_points(wanted, ("g", "q", "t"), FORMAT)
    assert (given.threshold, given.prescale, given.class_index) == (-4, 7, 2)
    assert derived.threshold == 23  # 22.72 / 32 is the score asked for
    exact = DecisionRequest("l1_algo", {"derived": point(fpr=0.01)}, {"derived": 22 / 32}, False)
    assert resolve_points(exact, ("g", "q", "t"), FORMAT)[0].threshold == 22


def test_a_threshold_that_no_register_holds_is_refused():
    assert resolve_points(request(top=point(threshold=511)), ("t",), FORMAT)[0].threshold == 511
    with pytest.raises(ConfigError, match=r"working_points\.top: expected a threshold from -512 to 511 .*found 512"):
        resolve_points(request(top=point(threshold=512)), ("t",), FORMAT)


def test_crossings_are_counted_at_multiples_of_the_bunch_clock_only():
    assert [clocks_per_crossing(clock, 40.0789) for clock in (40.0789, 40.0, 240.473, 360.71, 360.0)] == [1, 1, 6, 9, 9]
    for clock in (100.0, 190.0, 300.0):
        with pytest.raises(ConfigError, match=r"multiple of 40\.0789 MHz, found .*'axi_stream'"):
            clocks_per_crossing(clock, 40.0789)


def test_the_record_and_the_header_say_the_same(tmp_path):
    decision, sources = write(tmp_path, request(a=point(threshold=-1, prescale=3), b=point(threshold=2)))
    header = (tmp_path / "decision_parameters.vh").read_text()
    assert "INITIAL_THRESHOLD = {32'h00000002, 32'hffffffff}" in header
    assert "INITIAL_PRESCALE = {32'd1, 32'd3}" in header
    assert "CLOCKS_PER_BX = 9" in header
    assert (decision.top, decision.latency_cycles, decision.network_latency_cycles) == ("l1_algo", 15, 10)
    assert sources[-1].name == "l1_algo.v"
    registers = {register.name: register for register in decision.registers}
    assert registers["threshold_0"].reset == 0xFFFFFFFF
    assert registers["features"].reset == 2 | 3 << 8 | 9 << 16
    assert len({register.address for register in decision.registers}) == len(decision.registers)
    stream, sources = write(tmp_path / "stream", request("axi_stream"), clocks=None)
    assert (stream.top, stream.latency_cycles, sources[-1].name) == ("axi_stream_algo", 16, "axi_stream_algo.v")


def test_scores_that_no_register_holds_are_refused(tmp_path):
    wide = pack([("score", 31, True)])
    with pytest.raises(FirmwareError, match="at most 255 scores of 30 bits, found 1 of 31"):
        write(tmp_path, outputs=wide, score_format=FixedPoint(True, 31, 10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threshold = 3\nfpr = 0.1", "exactly one of threshold, fpr and rate_khz"),
        ("fpr = 2.0", "less than 1"),
        ("threshold = 3\nclas = 't'", r"did you mean 'class'"),
        ("threshold = 3\nprescale = 16777216", "less than or equal to 16777215"),
    ],
)
def test_a_wrong_working_point_is_one_line(small_text, text, message):
    broken = f"{small_text}\n[firmware.decision.working_points.top]\n{text}\n"
    with pytest.raises(ConfigError, match=message) as error:
        Config.parse(broken, "run.toml")
    assert "firmware.decision.working_points.top" in str(error.value)


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")
@pytest.mark.parametrize("merge", [False, True])
def test_synthesis_keeps_all_three_copies_of_a_register(tmp_path, merge):
    """Without the attributes Yosys merges them, which is what this test would see."""
    source = tmp_path / "voted_register.v"
    text = (asset("firmware_templates") / source.name).read_text()
    source.write_text(re.sub(r"\(\* keep.*?\*\) ", "", text) if merge else text)
    top = tmp_path / "top.v"
    top.write_text(
        "module top(input clk, input [7:0] d, output [7:0] q, output upset);\n"
        "voted_register #(.WIDTH(8), .TMR(1)) r (.clk(clk), .reset(1'b0), .next_value(d), .value(q), .upset(upset));\n"
        "endmodule\n"
    )
    found = synthesise([source, top], include_dirs=[], top="top", family="ultrascale_plus", work_dir=tmp_path / "synth")
    assert found.ff == (8 if merge else 3 * 8 + 1)  # and whether they disagree
