"""Proofs about planted faults in a pipeline of four stages with tables."""

import pytest

from codesign.tools import find_tool
from codesign.verify.mutation.design import MutableDesign
from codesign.verify.mutation.equivalence import prove_equivalent
from codesign.verify.mutation.windows import windows

NETWORK = """\
module network (input clk, input wire [3:0] model_inp, output reg [3:0] model_out);
    wire [3:0] INTERNAL_logic0_inp;
    wire [7:0] INTERNAL_logic0_outp;
    wire [7:0] INTERNAL_logic1_inp;
    wire [7:0] INTERNAL_logic1_outp;
    wire [7:0] INTERNAL_logic2_inp;
    wire [3:0] INTERNAL_logic2_outp;
    wire [3:0] INTERNAL_logic3_inp;
    wire [3:0] INTERNAL_logic3_outp;
    reg [3:0] model_inp_reg;
    reg [7:0] stage1_inp;
    reg [7:0] stage2_inp;
    reg [3:0] stage3_inp;
    logic0 _inst_logic0 (.model_inp(INTERNAL_logic0_inp), .model_out(INTERNAL_logic0_outp));
    logic1 _inst_logic1 (.model_inp(INTERNAL_logic1_inp), .model_out(INTERNAL_logic1_outp));
    logic2 _inst_logic2 (.model_inp(INTERNAL_logic2_inp), .model_out(INTERNAL_logic2_outp));
    logic3 _inst_logic3 (.model_inp(INTERNAL_logic3_inp), .model_out(INTERNAL_logic3_outp));
    assign INTERNAL_logic0_inp[3:0] = model_inp_reg[3:0];
    assign INTERNAL_logic1_inp[7:0] = stage1_inp[7:0];
    assign INTERNAL_logic2_inp[7:0] = stage2_inp[7:0];
    assign INTERNAL_logic3_inp[3:0] = stage3_inp[3:0];
    always @(posedge clk) begin
        model_inp_reg[3:0] <= model_inp[3:0];
        stage1_inp[7:0] <= INTERNAL_logic0_outp[7:0];
        stage2_inp[7:0] <= INTERNAL_logic1_outp[7:0];
        stage3_inp[3:0] <= INTERNAL_logic2_outp[3:0];
        model_out[3:0] <= INTERNAL_logic3_outp[3:0];
    end
endmodule
"""
# logic0 looks up in the first, logic1 and logic2 both in the second; logic2 drops the low bit of what it finds.
TABLES = """\
module first(input [1:0] in, output reg [3:0] out);
    always @* case (in)
        2'h0: out = 4'h1;
        2'h1: out = 4'h7;
        2'h2: out = 4'hA;
        default: out = 4'h3;
    endcase
endmodule

module both(input [1:0] in, output reg [3:0] out);
    always @* case (in)
        2'h0: out = 4'h4;
        2'h1: out = 4'h9;
        2'h2: out = 4'h2;
        default: out = 4'hF;
    endcase
endmodule
"""
STAGES = (
    "wire [3:0] v0; first op_0 (model_inp[1:0], v0); assign model_out = {model_inp, v0};",
    # Of what logic0 found only the low bit is used, so that this address is never 2.
    "wire [3:0] v0; both op_0 ({1'b0, model_inp[0]}, v0); assign model_out = {v0, model_inp[7:4]};",
    "wire [3:0] v0; both op_0 (model_inp[1:0], v0); assign model_out = {v0[3:1], ^model_inp[7:5]};",
    "assign model_out = {model_inp[3:1], model_inp[0]};",
)
PORTS = ((4, 8), (8, 8), (8, 4), (4, 4))

needs_yosys = pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")


@pytest.fixture
def verdict(tmp_path):
    """Verdict and scope on the fault in one line of a file."""
    folder = tmp_path / "rtl"
    folder.mkdir()
    files = {"network.v": NETWORK, "network_tables.v": TABLES}
    for number, (body, (inputs, outputs)) in enumerate(zip(STAGES, PORTS, strict=True)):
        head = f"module logic{number} (input [{inputs - 1}:0] model_inp, output [{outputs - 1}:0] model_out);"
        files[f"logic{number}.v"] = f"{head}\n    {body}\nendmodule\n"
    for name, text in files.items():
        (folder / name).write_text(text)
    design = MutableDesign.read([folder / name for name in files])

    def prove(file, text, what):
        (mutant,) = [m for m in design.mutants if (m.file, m.text, m.what) == (file, text, what)]
        sources = design.write(tmp_path / "planted", frozenset({mutant.number}))
        proof = prove_equivalent(sources, (), mutant, tmp_path / "proofs")
        return mutant.module, proof.verdict, proof.scope

    return prove


@pytest.mark.yosys
@needs_yosys
class TestVerdicts:
    """Each of these faults is alone in the design."""

    def test_a_table_behind_another_in_its_file_is_the_one_that_is_compared(self, verdict):
        found = verdict("network_tables.v", "2'h1: out = 4'h9;", "bit 3 of a table entry")
        assert found == ("both", "different", "network")

    def test_an_entry_whose_bit_is_dropped_behind_it_changes_nothing(self, verdict):
        # One of the two stages that use the table sees it, but drops it; the other never selects it.
        found = verdict("network_tables.v", "2'h2: out = 4'h2;", "bit 0 of a table entry")
        assert found == ("both", "equivalent", "network")

    def test_what_one_of_two_users_sees_is_seen(self, verdict):
        # logic1, the first user, never selects it.
        found = verdict("network_tables.v", "2'h2: out = 4'h2;", "bit 3 of a table entry")
        assert found == ("both", "different", "network")

    def test_stages_in_a_row_are_enough_where_a_bit_dies_out(self, verdict):
        found = verdict("network_tables.v", "2'h1: out = 4'h7;", "bit 3 of a table entry")
        assert found == ("first", "equivalent", "logic0_to_1")


def test_windows_grow_from_the_stage_and_never_hold_all():
    assert [window.name for window in windows(NETWORK, "logic1")] == ["logic1_to_2", "logic1_to_3"]
    assert [window.name for window in windows(NETWORK, "logic2")] == ["logic2_to_3", "logic1_to_3"]
    assert not list(windows(NETWORK, "first"))
    assert not list(windows("module other (input a); endmodule", "logic1"))
