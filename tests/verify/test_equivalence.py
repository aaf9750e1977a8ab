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


def design_of(folder, network, stages, ports, tables=""):
    """The network, its tables and its stages, written as files and read for faults."""
    folder.mkdir()
    files = {"network.v": network, "network_tables.v": tables}
    for number, (body, (inputs, outputs)) in enumerate(zip(stages, ports, strict=True)):
        head = f"module logic{number} (input [{inputs - 1}:0] model_inp, output [{outputs - 1}:0] model_out);"
        files[f"logic{number}.v"] = f"{head}\n    {body}\nendmodule\n"
    for name, text in files.items():
        (folder / name).write_text(text)
    return MutableDesign.read([folder / name for name in files])


@pytest.fixture
def verdict(tmp_path):
    """Verdict and scope on the fault in one line of a file."""
    design = design_of(tmp_path / "rtl", NETWORK, STAGES, PORTS, TABLES)

    def prove(file, text, what):
        (mutant,) = [m for m in design.mutants if (m.file, m.text, m.what) == (file, text, what)]
        proof = prove_equivalent(design, (), mutant, tmp_path / "proofs")
        return mutant.module, proof.verdict, proof.scope

    return prove


CASES = {
    "a table behind another in its file is the one that is compared": (
        "2'h1: out = 4'h9;", "bit 3 of a table entry", ("both", "different", "network"),
    ),
    # logic2 sees it, but drops it; logic1 never selects it.
    "an entry whose bit is dropped behind it changes nothing": (
        "2'h2: out = 4'h2;", "bit 0 of a table entry", ("both", "equivalent", "network"),
    ),
    # logic1, the first user, never selects it.
    "what one of two users sees is seen": (
        "2'h2: out = 4'h2;", "bit 3 of a table entry", ("both", "different", "network"),
    ),
    "stages in a row are enough where a bit dies out": (
        "2'h1: out = 4'h7;", "bit 3 of a table entry", ("first", "equivalent", "logic0_to_1"),
    ),
}  # fmt: skip


@pytest.mark.yosys
@needs_yosys
@pytest.mark.parametrize("case", CASES)
def test_verdicts(verdict, case):
    text, what, expected = CASES[case]
    assert verdict("network_tables.v", text, what) == expected


DELAYED = NETWORK.replace("[3:0]", "[1:0]").replace("[7:0]", "[1:0]")
DELAYED_STAGES = (
    # The first bit of its output is of no use: logic1 takes it and drops it.
    "wire [1:0] v0; assign v0[1:0] = model_inp[1:0];\n    assign model_out = {^v0, v0[0]};",
    "wire [0:0] v0; assign v0[0:0] = model_inp[0:0];\n    wire [0:0] v1; assign v1[0:0] = model_inp[1:1];\n"
    "    wire [0:0] v2; assign v2[0:0] = v1 & ~v1;\n    assign model_out = {v2, v0};",
    "assign model_out = model_inp;",
    "assign model_out = model_inp;",
)


@pytest.mark.yosys
@needs_yosys
def test_a_lone_bit_of_another_event_is_invisible_where_both_its_values_are(tmp_path):
    design = design_of(tmp_path / "rtl", DELAYED, DELAYED_STAGES, [(2, 2)] * 4)
    found = {}
    for mutant in design.mutants:
        if mutant.what in ("stage1_inp[0:0] doubled", "stage1_inp[1:1] doubled", "stage1_inp doubled"):
            found[mutant.what] = prove_equivalent(design, (), mutant, tmp_path / "proofs").verdict
    assert found == {
        "stage1_inp doubled": "unproven",
        "stage1_inp[0:0] doubled": "unproven",
        "stage1_inp[1:1] doubled": "equivalent",
    }


def test_windows_grow_from_the_stage_and_never_hold_all():
    assert [window.name for window in windows(NETWORK, "logic1")] == ["logic1_to_2", "logic1_to_3"]
    assert [window.name for window in windows(NETWORK, "logic2")] == ["logic2_to_3", "logic1_to_3"]
    assert not list(windows(NETWORK, "first"))
    assert not list(windows("module other (input a); endmodule", "logic1"))
