"""The wrapper's port adapter, simulated in Icarus against the meaning of its fields."""

import subprocess
from types import SimpleNamespace

import pytest

from codesign.firmware.ports import pack
from codesign.firmware.rtl import InputBits, ScoreBits
from codesign.firmware.wrapper import Timing, write_wrapper
from codesign.fixed_point import FixedPoint
from codesign.tools import require_tool

# A stand-in network that passes its raw input through: what leaves is what went in, extended and padded.
NETWORK = (
    "module network(input clk, input [8:0] model_inp, output [8:0] model_out); assign model_out = model_inp; endmodule"
)
BENCH = """
module bench;
    reg [13:0] inputs; wire [17:0] scores;
    network_ports dut(.clk(1'b0), .inputs(inputs), .scores(scores));
    initial begin
        inputs = {8'b1011_0100, 6'b101101}; #1 $display("%b", scores);
        inputs = {8'b0111_1111, 6'b010010}; #1 $display("%b", scores);
    end
endmodule
"""


@pytest.fixture
def wrapper(tmp_path):
    return written(tmp_path, "xcvu13p-flga2577-2-e")


def written(tmp_path, part):
    # g: 4 raw bits, signed, kif (1, 2, 1); q: 5 raw bits, unsigned, kif (0, 2, 3).
    network = SimpleNamespace(
        score_format=FixedPoint(True, 9, 4),
        input_bits=[InputBits(1, 4), InputBits(3, 5)],
        score_bits=[ScoreBits(0, 4, True, 2, 1), ScoreBits(4, 5, False, 2, 3)],
    )
    inputs, outputs = pack([("a", 6, True), ("b", 8, True)]), pack([("g", 9, True), ("q", 9, True)])
    return write_wrapper(tmp_path, inputs, outputs, network, Timing(clock_mhz=200.0, latency_cycles=7, part=part))


@pytest.mark.rtl
def test_bits_are_selected_sign_extended_and_padded(wrapper, tmp_path):
    (tmp_path / "network.v").write_text(NETWORK)
    (tmp_path / "bench.v").write_text(BENCH)
    simulation = tmp_path / "bench.vvp"
    sources = [wrapper[0], tmp_path / "network.v", tmp_path / "bench.v"]
    subprocess.run([require_tool("iverilog"), "-g2012", "-Wall", "-o", simulation, "-s", "bench", *sources], check=True)
    printed = subprocess.run(["vvp", "-n", simulation], capture_output=True, text=True, check=True).stdout.split()
    # a[4:1] = 0110 -> g = 0 0 . 0110 with 4 zeros; b[7:3] = 10110 -> q = 00 10110 with 2 zeros.
    assert printed[0] == "00" + "10110" + "00" + "0" + "0110" + "0000"
    # a[4:1] = 1001 is negative: the sign is repeated; b[7:3] = 01111.
    assert printed[1] == "00" + "01111" + "00" + "1" + "1001" + "0000"


def test_parameters_and_constraints_carry_the_numbers(wrapper, tmp_path):
    header = (tmp_path / "trigger_parameters.vh").read_text()
    assert "INPUT_BITS = 14" in header
    assert "OUTPUT_BITS = 18" in header
    assert "LATENCY = 7" in header
    assert "-period 5.0000" in (tmp_path / "trigger_algorithm.xdc").read_text()
    assert [path.name for path in wrapper] == ["network_ports.v", "trigger_algorithm.v"]


def test_the_clock_buffer_of_the_constraints_is_one_that_the_part_has(tmp_path):
    for part, buffer in (("xcvu13p-flga2577-2-e", "BUFGCE_X0Y0"), ("xc7z020clg400-1", "BUFGCTRL_X0Y0")):
        written(tmp_path, part)
        assert f"HD.CLK_SRC {buffer} [get_ports clk]" in (tmp_path / "trigger_algorithm.xdc").read_text()
