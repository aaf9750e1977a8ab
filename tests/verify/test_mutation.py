"""Planted faults: which there are, that the text with none selected is the original, and which are found."""

import numpy as np
import pytest

from codesign.errors import ToolError
from codesign.verify.mutation.adder_graph import adder_graph_sites
from codesign.verify.mutation.pipeline import pipeline_sites
from codesign.verify.mutation.sites import plant
from codesign.verify.mutation.statements import statement_sites
from codesign.verify.mutation.tables import table_sites
from codesign.verify.trace import Ports, read_tests, write_trace

ADDER = "    wire [5:0] v3; shift_adder #(5,4,1,1,6,0,1,1) op_3 (v1[4:0],v2[3:0],v3[5:0]); // 1.2\n"
RECTIFIER = "    wire [9:0] v74; assign v74[9:0] = v73[9:0] & {10{~v73[11]}}; // 1.3\n"
STAGES = """
    assign INTERNAL_logic1_inp[20:0] = stage1_inp[20:0];
    always @(posedge clk) begin
        stage1_inp[20:0] <= INTERNAL_logic0_outp[20:0];
    end
"""
OPERANDS = "wire [5:0] v0; assign v0[5:0] = model_inp[5:0]; wire [14:0] v1; assign v1[14:0] = model_inp[20:6];"
WRAPPER = """
    always @(posedge clk) begin
        if (reset) // not if (this)
            chain <= 4'b0;
        else
            chain <= (chain << 1) | {3'b000, in_valid};
    end
    assign both = {in[9:5], // a
                   in[4:0]};
    assign trigger = score >= threshold;
"""
TABLE = "4'h0: out = 3'h5;\n4'h1: out = 3'h0;\n"

KINDS = {
    "adder": (adder_graph_sites, ADDER, {"sign": 3, "weight or shift": 2, "width": 1, "stuck bit": 6,
                                         "swapped ports": 1}),
    "rectifier": (
        adder_graph_sites, RECTIFIER, {"inverted comparison": 2, "weight or shift": 1, "width": 1, "stuck bit": 6},
    ),
    "pipeline": (lambda text: pipeline_sites(text, {"logic1": OPERANDS}), STAGES,
                 {"pipeline register": 6, "register": 1}),
    "statements": (
        statement_sites, WRAPPER,
        {"inverted comparison": 3, "missing reset": 1, "swapped ports": 1, "register": 2, "operator": 2,
         "weight or shift": 2, "stuck bit": 4},
    ),
    "table": (table_sites, TABLE, {"weight or shift": 4}),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_fault_has_its_sites(name):
    find, text, expected = KINDS[name]
    sites = find(text)
    faults = [fault for site in sites for fault in site.faults]
    assert {kind: sum(fault.kind == kind for fault in faults) for kind in expected} == expected
    assert len(faults) == sum(expected.values())
    assert plant(text, sites, 1, frozenset()) == text
    planted = plant(text, sites, 1, frozenset(range(1, len(faults) + 1)))
    assert all(f"(`MUTANT == 32'd{number})" in planted for number in range(1, len(faults) + 1))


def test_what_is_decided_when_the_design_is_put_together_is_left_alone():
    """A fault there would be no number of a running simulation, and the design would not compile."""
    text = """
    genvar l, i;
    generate
        if (DEPTH == 0) begin : none
            assign given = layer[l-1].result;
        end else if ((i + D < OBJECTS) && (i & P) == R) begin : compare
            always @(posedge clk) if (ready) held <= given[3];
        end
    endgenerate
"""
    places = {text[site.start : site.end] for site in statement_sites(text)}
    assert places == {"layer[l-1].result", "ready", "given[3]"}
    (result,) = (site for site in statement_sites(text) if text[site.start : site.end] == "layer[l-1].result")
    assert [fault.kind for fault in result.faults] == ["stuck bit"]


def test_only_the_chosen_faults_are_planted():
    sites = statement_sites(WRAPPER)
    planted = plant(WRAPPER, sites, 101, frozenset({102}))
    assert "if (((`MUTANT == 32'd102) ? (1'b0) : (reset)))" in planted
    assert planted.count("MUTANT") == 1


def test_the_recorded_bench_is_written_clock_by_clock(tmp_path):
    (tmp_path / "clocks_gaps.txt").write_text("0 1 a3 -\n1 0 x 5\n")
    clocks = write_trace(tmp_path / "clocks.bin", read_tests(tmp_path), Ports(8, 4), latency_cycles=1)
    content = (tmp_path / "clocks.bin").read_bytes()
    assert clocks == 2 + 3 + 2  # reset, empty pipeline, recorded
    assert np.frombuffer(content[:12], dtype="<u4").tolist() == [7, 2, 1]
    # in_data, in_valid, reset; out_data, out_valid; what of it is judged: nothing before the test, valid always.
    assert content[12:].hex(" ", 4).split() == ["00020000"] * 2 + ["00000000"] * 3 + ["a3010010", "0002151f"]
    (tmp_path / "clocks_gaps.txt").write_text("0 1 a3\n")
    with pytest.raises(ToolError, match=r"clocks_gaps\.txt:1: expected reset, valid, word and response"):
        read_tests(tmp_path)
    with pytest.raises(ToolError, match="the bench recorded no clocks"):
        read_tests(tmp_path / "empty")
