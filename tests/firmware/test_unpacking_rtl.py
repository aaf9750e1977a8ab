"""HDL that unpacks words, in the wrapper and through the whole bench, against the golden model; and its faults."""

import dataclasses
import json
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from codesign.assets import asset
from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.firmware import wrapper
from codesign.firmware.ports import input_port, score_port
from codesign.firmware.rtl import InputBits, ScoreBits
from codesign.firmware.unpacking import comparators, source_port
from codesign.fixed_point import FixedPoint
from codesign.run import to_json
from codesign.tools import find_tool, require_tool
from codesign.unpacking import RawField, SourceBlock
from codesign.unpacking_plan import make_unpacker
from codesign.verify import verify_firmware
from codesign.verify.formal import formal_checks
from codesign.verify.source_vectors import make_source_vectors
from codesign.verify.step import FirmwareUnderTest, Given, run_bench
from codesign.verify.words import pack_words

pytestmark = [
    pytest.mark.rtl,
    pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed"),
]

# Stands where the network is: its scores are its inputs, one clock later.
NETWORK = "module network(input clk, input [{0}:0] model_inp, output reg [{0}:0] model_out); "
NETWORK += "always @(posedge clk) model_out <= model_inp; endmodule"
VHDL_NETWORK = """
library ieee;
use ieee.std_logic_1164.all;
entity network is
    port (
        clk : in std_logic;
        model_inp : in std_logic_vector({0} downto 0);
        model_out : out std_logic_vector({0} downto 0)
    );
end entity network;
architecture rtl of network is
begin
    model_out <= model_inp when rising_edge(clk);
end architecture rtl;
"""
MET = (
    InputFormat("met.pt", "GeV", 1.0, 2.0, 5, False),  # shifted by two bits, rounded, saturated at both ends
    InputFormat("met.phi", "rad", 0.0, 0.25, 5, True, 24),
)
JET = (("pt", InputFormat("", "GeV", -0.5, 1.0, 4, False)), ("eta", InputFormat("", "", 0.0, 0.125, 4, True)))
JETS = tuple(dataclasses.replace(entry, name=f"jets[{slot}].{name}") for slot in range(3) for name, entry in JET)
CONTRACT = InputContract(MET + JETS, (ObjectSlots("jets", 2, 3, 2, 0),))
SOURCES = {
    "met": SourceBlock("met", 16, 1, (RawField("pt", 7, 8, False, 0.5, -3.0), RawField("phi", 0, 6, True, 0.25))),
    "jets": SourceBlock(
        "jets", 13, 5, (RawField("eta", 0, 5, True, 0.25), RawField("pt", 6, 6, False, 0.5)), unsorted=True
    ),
}


def written(path, layers, sources=SOURCES):
    """(unpacker, record of a firmware whose network passes its inputs through) written into a folder."""
    unpacker = make_unpacker(CONTRACT, sources, layers)
    entries, low = CONTRACT.inputs, np.cumsum([0, *CONTRACT.widths])
    network = SimpleNamespace(
        score_format=FixedPoint(True, 6, 6),
        input_bits=[InputBits(0, entry.width) for entry in entries],
        score_bits=[
            ScoreBits(int(at), entry.width, entry.signed, entry.width - entry.signed, 0)
            for at, entry in zip(low, entries, strict=False)
        ],
    )
    inputs, outputs = input_port(CONTRACT), score_port(CONTRACT.names, network.score_format)
    timing = wrapper.Timing(200.0, unpacker.latency_cycles + 1, "xc7z020clg400-1")
    port = source_port(unpacker)
    verilog = wrapper.write_wrapper(path, inputs, outputs, network, timing, (unpacker, port))
    (path / "network.v").write_text(NETWORK.format(CONTRACT.word_bits - 1))
    vhdl = wrapper.write_vhdl_wrapper(path, inputs, outputs, network, timing.latency_cycles, (unpacker, port))
    (path / "network.vhd").write_text(VHDL_NETWORK.format(CONTRACT.word_bits - 1))
    record = {
        "top": wrapper.TOP,
        "rtl_sources": ["network.v", *(source.name for source in verilog)],
        "vhdl_sources": ["network.vhd", *(source.name for source in vhdl)],
        "include_directories": ["."],
        "inputs": json.loads(to_json(port)),
        "outputs": json.loads(to_json(outputs)),
        "score_format": str(network.score_format),
        "latency_cycles": timing.latency_cycles,
        "initiation_interval": 1,
    }
    return unpacker, record


def words(unpacker, count):
    """Test vectors, and the golden model's integers for them."""
    physical = np.random.default_rng(4).uniform(0, 8, (200, len(CONTRACT.inputs)))
    return make_source_vectors(unpacker, CONTRACT, CONTRACT.to_hardware(physical), count, 5)


def test_words_go_through_the_whole_bench(tmp_path):
    unpacker, record = written(tmp_path, layers=2)
    vectors, integers = words(unpacker, 220)
    assert all(vectors.counts.values())
    result = verify_firmware(
        tmp_path, record, vectors, {"golden": integers}, tmp_path / "verify", simulator="icarus", x_vectors=10, seed=6
    )
    assert result.passed, str(result)
    assert result.latency_cycles_measured == unpacker.latency_cycles + 1 == 5
    assert result.initiation_interval_measured == 1


BENCH = """
module bench;
    reg [{word}:0] stimulus [0:{last}];
    reg [{word}:0] words; wire [{input}:0] inputs; reg clk = 0;
    integer i;
    unpack_inputs dut (.clk(clk), .words(words), .inputs(inputs));
    initial begin
        $readmemh("stimulus.hex", stimulus);
        for (i = 0; i < {last} + {latency}; i = i + 1) begin
            words = stimulus[i > {last} ? {last} : i]; #1 clk = 1; #1 clk = 0;
            if (i + 1 >= {latency}) $display("%h", inputs);
        end
    end
endmodule
"""


def differing(path, layers, damage=None):
    """How many of the vectors give other integers in Icarus than in the golden model."""
    unpacker, record = written(path, layers)
    if damage is not None:
        file, old, new = damage
        text = (path / file).read_text()
        assert text.count(old) == 1
        (path / file).write_text(text.replace(old, new))
    vectors, integers = words(unpacker, 1500)
    stimulus = pack_words(vectors.inputs, [field["width"] for field in record["inputs"]["fields"]])
    (path / "stimulus.hex").write_text("".join(f"{word:x}\n" for word in stimulus))
    numbers = {"word": unpacker.word_bits - 1, "input": CONTRACT.word_bits - 1, "last": len(stimulus) - 1}
    (path / "bench.v").write_text(BENCH.format(**numbers, latency=unpacker.latency_cycles))
    sources = [*record["rtl_sources"][1:-2], "bench.v"]
    subprocess.run(
        [require_tool("iverilog"), "-g2012", "-o", "bench.vvp", "-s", "bench", *sources], cwd=path, check=True
    )
    printed = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=path, capture_output=True, text=True, check=True).stdout
    expected = pack_words(integers, CONTRACT.widths)
    found = [None if "x" in line else int(line, 16) for line in printed.split()]
    assert len(found) == len(expected)
    return sum(one != other for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("layers", [1, 2])
def test_words_become_the_integers_of_the_golden_model(tmp_path, layers):
    assert differing(tmp_path, layers) == 0


FAULTS = {
    "no saturation at the top": ("scale_saturate.v", "LAST > HIGH && rounded > HIGH", "1'b0"),
    "no saturation at the bottom": ("scale_saturate.v", "FIRST < LOW && rounded < LOW", "1'b0"),
    "truncation instead of rounding": ("scale_saturate.v", "DOWN ? 1 << (DOWN - 1) : 0", "0"),
    "an angle that does not wrap": ("scale_saturate.v", "angle - TAKEN :", "angle :"),
    "an unstable sort": ("sort_objects.v", "{~PLACE, ", "{PLACE, "),
    "a comparator in the wrong direction": ("sort_objects.v", "swap ? first : second", "swap ? second : first"),
    "an ascending sort": ("sort_objects.v", "> {first", "< {first"),
    "no zero suppression": ("zero_suppress.v", "extended <= EMPTY_AT_MOST", "1'b0"),
    "a threshold of one too many": ("zero_suppress.v", "extended <= EMPTY_AT_MOST", "extended < EMPTY_AT_MOST"),
    "a block that does not wait": ("delay_line.v", "(DEPTH == 0)", "(DEPTH == 0 || WIDTH == 10)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(tmp_path, fault):
    assert differing(tmp_path, 2, FAULTS[fault]) > 0


VHDL_FAULTS = {
    None: ("sort_objects.vhd", "", ""),
    "no saturation at the top": ("scale_saturate.vhd", "LAST > HIGHEST and", "false and"),
    "truncation instead of rounding": ("scale_saturate.vhd", "choose(DOWN > 0, 2 ** DOWN / 2, 0)", "0"),
    "an angle that does not wrap": ("scale_saturate.vhd", "return angle - by", "return angle"),
    "an unstable sort": ("sort_objects.vhd", "not std_logic_vector(to", "std_logic_vector(to"),
    "no zero suppression": ("zero_suppress.vhd", "extended <= EMPTY_AT_MOST", "false"),
    "a block that does not wait": ("unpack_inputs.vhd", "WIDTH => 10, DEPTH => 3", "WIDTH => 10, DEPTH => 2"),
}


@pytest.mark.slow
@pytest.mark.skipif(find_tool("ghdl") is None, reason="GHDL is not installed")
@pytest.mark.parametrize("fault", [None, "no zero suppression", "a block that does not wait"])
def test_the_vhdl_gives_the_same_integers(tmp_path, fault):
    unpacker, record = written(tmp_path, layers=2)
    file, old, new = VHDL_FAULTS[fault]
    text = (tmp_path / file).read_text()
    assert text.count(old) == 1 or not old
    (tmp_path / file).write_text(text.replace(old, new))
    vectors, integers = words(unpacker, 300)
    under_test = FirmwareUnderTest(tmp_path, record)
    given = Given(under_test, vectors, integers, tmp_path / "verify", seed=6)
    _, comparison = run_bench(given, under_test.vhdl, np.arange(len(integers)), simulator="ghdl", label="VHDL")
    assert comparison.passed == (fault is None), str(comparison)


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("ghdl") is None or find_tool("yosys") is None, reason="GHDL or Yosys is not installed")
@pytest.mark.parametrize("fault", [fault for fault in VHDL_FAULTS if fault != "a block that does not wait"])
def test_the_vhdl_is_proven_equal_to_the_verilog(tmp_path, fault):
    _, record = written(tmp_path, layers=3)
    file, old, new = VHDL_FAULTS[fault]
    (tmp_path / file).write_text((tmp_path / file).read_text().replace(old, new))
    checks = formal_checks(FirmwareUnderTest(tmp_path, record), tmp_path / "formal")
    verdicts = {check.module: check.verdict for check in checks}
    assert verdicts.pop("unpack_inputs") == ("different" if fault else "proven")
    assert verdicts == {"network": "proven", "network_ports": "proven", "trigger_algorithm": "proven"}


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("ghdl") is None or find_tool("yosys") is None, reason="GHDL or Yosys is not installed")
def test_a_module_that_a_design_has_no_use_for_is_not_proven(tmp_path):
    """Words that come in their order need no sorter, though its file is there; GHDL leaves it out."""
    in_order = {name: dataclasses.replace(source, unsorted=False) for name, source in SOURCES.items()}
    _, record = written(tmp_path, layers=3, sources=in_order)
    assert "sort_objects.v" in record["rtl_sources"]
    checks = formal_checks(FirmwareUnderTest(tmp_path, record), tmp_path / "formal")
    assert {check.module: check.verdict for check in checks} == dict.fromkeys(
        ("network", "unpack_inputs", "network_ports", "trigger_algorithm"), "proven"
    )


def test_every_bit_of_the_words_has_a_place_in_the_port():
    port = source_port(make_unpacker(CONTRACT, SOURCES, 1))
    assert port.bits == 16 + 5 * 13
    assert [field.name for field in port.fields[:7]] == [
        "met.phi", "met.unused_6", "met.pt", "met.unused_15", "jets[0].eta", "jets[0].unused_5", "jets[0].pt",
    ]  # fmt: skip


REFERENCE = """
module reference (input clk, input [19:0] objects, output reg [11:0] sorted);
    // The place of each object is the number of those before it: larger, or equal and earlier.
    integer i, j, place;
    always @(posedge clk)
        for (i = 0; i < 5; i = i + 1) begin
            place = 0;
            for (j = 0; j < 5; j = j + 1)
                if (objects[4*j+1 +: 3] > objects[4*i+1 +: 3] || (objects[4*j+1 +: 3] == objects[4*i+1 +: 3] && j < i))
                    place = place + 1;
            for (j = 0; j < 3; j = j + 1)
                if (place == j) sorted[4*j +: 4] <= objects[4*i +: 4];
        end
endmodule
"""
PROOF = """
read_verilog -sv sort_objects.v reference.v
chparam -set OBJECTS 5 -set KEPT 3 -set ITEM 4 -set KEY_LOW 1 -set KEY_WIDTH 3 -set LAYERS_PER_REGISTER 6 sort_objects
proc; opt; memory; opt
miter -equiv -flatten -make_outputs sort_objects reference miter
hierarchy -top miter
sat -verify -seq 2 -prove-skip 1 -prove trigger 0 miter
"""


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")
@pytest.mark.parametrize("fault", [None, "an unstable sort"])
def test_the_sorting_network_is_proven_for_all_inputs(tmp_path, fault):
    """Five objects with keys of three bits, by SAT: equal to counting, for every input and tie."""
    text = (asset("firmware_templates") / "sort_objects.v").read_text()
    if fault:
        text = text.replace(*FAULTS[fault][1:])
    (tmp_path / "sort_objects.v").write_text(text)
    (tmp_path / "reference.v").write_text(REFERENCE)
    (tmp_path / "proof.ys").write_text(PROOF)
    done = subprocess.run(
        [require_tool("yosys"), "-q", "proof.ys"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (fault is None), done.stdout + done.stderr
    assert "proof did fail" in done.stdout + done.stderr or fault is None


def test_a_network_has_the_known_number_of_comparators():
    assert [comparators(objects) for objects in (2, 4, 8, 16)] == [1, 5, 19, 63]
